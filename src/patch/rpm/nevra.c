/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/nevra.h"

#include <fnmatch.h>
#include <stdio.h>

#define TEXT_MAX 512

struct nevra nevra_of(struct str name, struct str evr, struct str arch)
{
    struct nevra n = { .name = name, .epoch = S("0"), .arch = arch, .release = S("") };
    struct str epoch, rest;
    ptrdiff_t dash;

    if (str_cut(evr, ':', &epoch, &rest)) {
        n.epoch = epoch;
        evr = rest;
    }
    dash = str_rfind(evr, '-');
    n.version = dash < 0 ? evr : str_slice(evr, 0, (size_t)dash);
    if (dash >= 0)
        n.release = str_from(evr, (size_t)dash + 1);
    return n;
}

/* ---- patterns ---- */

/* What comes after the last `mark` is cut off `s`. */
static bool cut_last(struct str *s, char mark, struct str *ret)
{
    ptrdiff_t at = str_rfind(*s, mark);

    if (at <= 0 || (size_t)at + 1 == s->len)
        return false;
    *ret = str_from(*s, (size_t)at + 1);
    *s = str_slice(*s, 0, (size_t)at);
    return true;
}

/* Of the characters that no part of a name has. */
static bool is_part(struct str s, const char *forbidden)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '\0' || strchr(":(/=<> ", s.p[i]) || strchr(forbidden, s.p[i]))
            return false;
    return s.len > 0;
}

bool nevra_parse(struct str pattern, enum nevra_form form, struct nevra *ret)
{
    bool has_arch = form == NEVRA_FULL || form == NEVRA_NAME_ARCH;
    bool has_release = form == NEVRA_FULL || form == NEVRA_NO_ARCH;
    bool has_version = has_release || form == NEVRA_NO_RELEASE;
    struct nevra n = { .name = pattern };
    struct str rest;

    if (has_arch && (!cut_last(&n.name, '.', &n.arch) || !is_part(n.arch, "-.")))
        return false;
    if (has_release && (!cut_last(&n.name, '-', &n.release) || !is_part(n.release, "-")))
        return false;
    if (has_version && !cut_last(&n.name, '-', &n.version))
        return false;
    if (has_version && str_cut(n.version, ':', &n.epoch, &rest)) {
        if (!str_is_digits(n.epoch))
            return false;
        n.version = rest;
    } else {
        n.epoch = (struct str){ 0 };
    }
    if ((has_version && !is_part(n.version, "-")) || !is_part(n.name, ""))
        return false;
    *ret = n;
    return true;
}

bool nevra_glob(struct str pattern, struct str text)
{
    char glob[TEXT_MAX], plain[TEXT_MAX];

    if (pattern.len >= sizeof(glob) || text.len >= sizeof(plain) ||
        memchr(pattern.p, '\0', pattern.len))
        return false;
    if (str_eq(pattern, text))
        return true;
    snprintf(glob, sizeof(glob), "%.*s", STR(pattern));
    snprintf(plain, sizeof(plain), "%.*s", STR(text));
    return fnmatch(glob, plain, 0) == 0;
}

static bool part_fits(struct str pattern, struct str text)
{
    return !str_is_set(pattern) || nevra_glob(pattern, text);
}

bool nevra_fits(const struct nevra *pattern, const struct nevra *package)
{
    return part_fits(pattern->name, package->name) && part_fits(pattern->epoch, package->epoch) &&
           part_fits(pattern->version, package->version) &&
           part_fits(pattern->release, package->release) && part_fits(pattern->arch, package->arch);
}

bool nevra_is_spelled(struct str pattern, const struct nevra *p)
{
    char text[TEXT_MAX];

    for (int with_epoch = 0; with_epoch < 2; with_epoch++) {
        struct str epoch = with_epoch ? p->epoch : S("");
        int len =
            snprintf(text, sizeof(text), "%.*s-%.*s%s%.*s-%.*s.%.*s", STR(p->name), STR(epoch),
                     with_epoch ? ":" : "", STR(p->version), STR(p->release), STR(p->arch));

        if (len > 0 && (size_t)len < sizeof(text) &&
            nevra_glob(pattern, (struct str){ text, (size_t)len }))
            return true;
    }
    return false;
}

struct str nevra_name(struct str spelling)
{
    struct str name = spelling;

    for (int dashes = 0; dashes < 2; dashes++) {
        ptrdiff_t dash = str_rfind(name, '-');

        if (dash <= 0)
            return spelling;
        name = str_slice(name, 0, (size_t)dash);
    }
    return name;
}
