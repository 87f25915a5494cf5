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

bool nevra_matches(struct str pattern, const struct nevra *p)
{
    char glob[TEXT_MAX], spelled[TEXT_MAX];
    /* clang-format off */
    const struct str forms[][9] = {
        { p->name },
        { p->name, S("."), p->arch },
        { p->name, S("-"), p->version },
        { p->name, S("-"), p->epoch, S(":"), p->version },
        { p->name, S("-"), p->version, S("-"), p->release },
        { p->name, S("-"), p->epoch, S(":"), p->version, S("-"), p->release },
        { p->name, S("-"), p->version, S("-"), p->release, S("."), p->arch },
        { p->name, S("-"), p->epoch, S(":"), p->version, S("-"), p->release, S("."), p->arch },
        { p->epoch, S(":"), p->name, S("-"), p->version, S("-"), p->release, S("."), p->arch },
    };
    /* clang-format on */

    if (pattern.len >= sizeof(glob) || memchr(pattern.p, '\0', pattern.len))
        return false;
    snprintf(glob, sizeof(glob), "%.*s", STR(pattern));
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t len = 0;

        for (size_t n = 0; n < ARRAY_LEN(forms[i]) && len < sizeof(spelled); n++)
            len += (size_t)snprintf(spelled + len, sizeof(spelled) - len, "%.*s", STR(forms[i][n]));
        if (len < sizeof(spelled) && fnmatch(glob, spelled, 0) == 0)
            return true;
    }
    return false;
}

struct str nevra_name(struct str pattern)
{
    struct str name = pattern;

    for (int dashes = 0; dashes < 2; dashes++) {
        ptrdiff_t dash = str_rfind(name, '-');

        if (dash <= 0)
            return pattern;
        name = str_slice(name, 0, (size_t)dash);
    }
    return name;
}
