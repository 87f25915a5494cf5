/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/facts_doc.h"

#define NAME_MAX_BYTES 256
#define WORD_MAX_BYTES 64
#define ITEM_MAX_BYTES 256
#define TEXT_MAX_BYTES 1024
#define LIST_MAX_ITEMS 4096 /* one notice of a kernel can name hundreds of CVEs */

struct reader {
    struct arena *arena;
    struct str why;
};

#define malformed(r, ...) ((r)->why = arena_fmt((r)->arena, __VA_ARGS__), FACTS_MALFORMED)

/* ---- the members of a version ---- */

static const struct {
    const char *key;
    size_t offset, max;
} version_texts[] = {
    { "version", offsetof(struct patch_version, version), NAME_MAX_BYTES },
    { "origin", offsetof(struct patch_version, origin), NAME_MAX_BYTES },
    { "priority", offsetof(struct patch_version, priority), WORD_MAX_BYTES },
    { "section", offsetof(struct patch_version, section), WORD_MAX_BYTES },
    { "classification", offsetof(struct patch_version, classification), WORD_MAX_BYTES },
    { "severity", offsetof(struct patch_version, severity), WORD_MAX_BYTES },
};

static const struct {
    const char *key;
    size_t offset;
} version_lists[] = {
    { "cves", offsetof(struct patch_version, cves) },
    { "bugs", offsetof(struct patch_version, bugs) },
};

static const struct {
    const char *key;
    size_t offset;
} flags[] = {
    { "update", offsetof(struct patch_facts, has_update) },
    { "held", offsetof(struct patch_facts, held) },
    { "phased", offsetof(struct patch_facts, phased) },
    { "broken", offsetof(struct patch_facts, broken) },
    { "failed", offsetof(struct patch_facts, failed) },
    { "pendingReboot", offsetof(struct patch_facts, pending_reboot) },
};

#define AT(T, base, offset)       ((T *)(void *)((char *)(base) + (offset)))
#define AT_CONST(T, base, offset) ((const T *)(const void *)((const char *)(base) + (offset)))

/* ---- reading ---- */

static int read_text(struct reader *r, const struct value *map, const char *key, size_t max,
                     struct str *ret)
{
    const struct value *v = value_get(map, str_of(key));

    if (!v)
        return 0;
    if (!value_is(v, VALUE_STRING) || value_str(v).len > max)
        return malformed(r, "%s is not a string of at most %zu bytes", key, max);
    *ret = value_str(v);
    return 0;
}

static int read_flag(struct reader *r, const struct value *map, const char *key, bool *ret)
{
    const struct value *v = value_get(map, str_of(key));

    if (v && !value_is(v, VALUE_BOOL))
        return malformed(r, "%s is not true or false", key);
    *ret = v && v->boolean;
    return 0;
}

static int read_number(struct reader *r, const struct value *map, const char *key, int64_t max,
                       int64_t *ret)
{
    const struct value *v = value_get(map, str_of(key));

    *ret = 0;
    if (!v)
        return 0;
    if (!value_is(v, VALUE_INT) || v->integer < 0 || v->integer > max)
        return malformed(r, "%s is not a number from 0 to %lld", key, (long long)max);
    *ret = v->integer;
    return 0;
}

static int read_list(struct reader *r, const struct value *map, const char *key, struct strs *ret)
{
    const struct value *list = value_get(map, str_of(key));

    if (!list)
        return 0;
    if (!value_is(list, VALUE_LIST) || value_count(list) > LIST_MAX_ITEMS)
        return malformed(r, "%s is not a list of at most %d", key, LIST_MAX_ITEMS);
    ret->items = arena_array(r->arena, struct str, value_count(list) + 1);
    for (size_t i = 0; i < value_count(list); i++) {
        struct str s = value_str(value_at(list, i));

        if (str_is_empty(s) || s.len > ITEM_MAX_BYTES)
            return malformed(r, "%s[%zu] is not a string of 1 to %d bytes", key, i, ITEM_MAX_BYTES);
        ret->items[ret->count++] = s;
    }
    return 0;
}

static int read_notice(struct reader *r, const struct value *map, struct patch_notice *ret)
{
    if (!value_is(map, VALUE_MAP))
        return malformed(r, "a notice is not an object");
    PASS(read_text(r, map, "id", ITEM_MAX_BYTES, &ret->id));
    PASS(read_text(r, map, "classification", WORD_MAX_BYTES, &ret->classification));
    PASS(read_text(r, map, "severity", WORD_MAX_BYTES, &ret->severity));
    PASS(read_number(r, map, "updatedAt", INT64_MAX / 4, &ret->updated_at));
    return str_is_empty(ret->id) ? malformed(r, "a notice has no id") : 0;
}

static int read_notices(struct reader *r, const struct value *map, struct patch_notices *ret)
{
    const struct value *list = value_get(map, S("notices"));

    if (!list)
        return 0;
    if (!value_is(list, VALUE_LIST) || value_count(list) > PATCH_NOTICES_MAX)
        return malformed(r, "notices is not a list of at most %d", PATCH_NOTICES_MAX);
    ret->items = arena_array(r->arena, struct patch_notice, value_count(list) + 1);
    for (size_t i = 0; i < value_count(list); i++)
        PASS(read_notice(r, value_at(list, i), &ret->items[ret->count++]));
    return 0;
}

static int read_version(struct reader *r, const struct value *map, struct patch_version *ret)
{
    *ret = (struct patch_version){ 0 };
    if (!value_is(map, VALUE_MAP))
        return malformed(r, "a version is not an object");
    for (size_t i = 0; i < ARRAY_LEN(version_texts); i++)
        PASS(read_text(r, map, version_texts[i].key, version_texts[i].max,
                       AT(struct str, ret, version_texts[i].offset)));
    for (size_t i = 0; i < ARRAY_LEN(version_lists); i++)
        PASS(
            read_list(r, map, version_lists[i].key, AT(struct strs, ret, version_lists[i].offset)));
    PASS(read_notices(r, map, &ret->notices));
    PASS(read_flag(r, map, "security", &ret->security));
    PASS(read_number(r, map, "releasedAt", INT64_MAX / 4, &ret->released_at));
    return str_is_empty(ret->version) ? malformed(r, "a version has no version") : 0;
}

/* Up to date means that what there is would be installed again. */
static int read_versions(struct reader *r, const struct value *map, struct patch_facts *ret)
{
    const struct value *installed = value_get(map, S("installed"));
    const struct value *candidate = value_get(map, S("candidate"));

    if (!installed && !candidate)
        return malformed(r, "%.*s is neither installed nor a candidate", STR(ret->name));
    if (ret->has_update && (!installed || !candidate))
        return malformed(r, "%.*s has an update and no two versions", STR(ret->name));
    if (installed)
        PASS(read_version(r, installed, &ret->installed));
    if (!candidate)
        ret->candidate = ret->installed;
    else
        PASS(read_version(r, candidate, &ret->candidate));
    return 0;
}

static int read_package(struct reader *r, const struct value *map, struct patch_facts *ret)
{
    if (!value_is(map, VALUE_MAP))
        return malformed(r, "a package is not an object");
    PASS(read_text(r, map, "name", NAME_MAX_BYTES, &ret->name));
    PASS(read_text(r, map, "arch", WORD_MAX_BYTES, &ret->arch));
    if (str_is_empty(ret->name) || str_is_empty(ret->arch))
        return malformed(r, "a package has no name or no arch");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        PASS(read_flag(r, map, flags[i].key, AT(bool, ret, flags[i].offset)));
    PASS(read_text(r, map, "hidden", NAME_MAX_BYTES, &ret->hidden));
    PASS(read_text(r, map, "failure", TEXT_MAX_BYTES, &ret->failure));
    return read_versions(r, map, ret);
}

static int read_facts(struct reader *r, const struct value *doc, struct facts_doc *ret)
{
    const struct value *list = value_get(doc, S("packages"));
    struct str os = S("");
    int64_t sources;

    if (!value_is(doc, VALUE_MAP))
        return malformed(r, "the document is not an object");
    PASS(read_text(r, doc, "operatingSystem", WORD_MAX_BYTES, &os));
    ret->os = patch_os_parse(os);
    if (ret->os == PATCH_OS_NONE || patch_os_info(ret->os)->family == PATCH_FAMILY_NONE)
        return malformed(r, "operatingSystem \"%.*s\" is unknown", STR(os));
    PASS(read_text(r, doc, "product", WORD_MAX_BYTES, &ret->product));
    if (str_is_empty(ret->product))
        return malformed(r, "there is no product");
    PASS(read_number(r, doc, "securitySources", 1000000, &sources));
    ret->n_security_sources = (size_t)sources;
    if (!value_is(list, VALUE_LIST) || value_count(list) > FACTS_MAX_PACKAGES)
        return malformed(r, "packages is not a list of at most %d", FACTS_MAX_PACKAGES);
    ret->packages = arena_array(r->arena, struct patch_facts, value_count(list) + 1);
    for (size_t i = 0; i < value_count(list); i++) {
        struct patch_facts *f = &ret->packages[ret->count++];

        f->product = ret->product;
        PASS(read_package(r, value_at(list, i), f));
    }
    return 0;
}

int facts_parse(struct arena *a, const struct value *doc, struct facts_doc *ret,
                struct str *ret_why)
{
    struct reader r = { .arena = a };
    struct facts_doc facts = { .count = 0 };
    int result = read_facts(&r, doc, &facts);

    if (result == 0)
        *ret = facts;
    else if (ret_why)
        *ret_why = r.why;
    return result;
}

int facts_parse_version(struct arena *a, const struct value *map, struct patch_version *ret,
                        struct str *ret_why)
{
    struct reader r = { .arena = a };
    struct patch_version version;
    int result = read_version(&r, map, &version);

    if (result == 0)
        *ret = version;
    else if (ret_why)
        *ret_why = r.why;
    return result;
}

/* ---- writing ---- */

/* JSON is UTF-8; what a package manager printed may be anything. */
static struct str clean(struct arena *a, struct str s)
{
    char *text;

    if (str_is_utf8(s))
        return s;
    text = arena_copy(a, s.p, s.len);
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)text[i] >= 0x80 || text[i] == '\0')
            text[i] = '?';
    return (struct str){ text, s.len };
}

/* A host's own words may be longer than anybody reads; what identifies is not cut. */
static struct str cut(struct arena *a, struct str s, size_t max)
{
    size_t len = s.len > max ? max : s.len;

    s = clean(a, s);
    while (len > 0 && len < s.len && ((uint8_t)s.p[len] & 0xc0) == 0x80)
        len--;
    return str_slice(s, 0, len);
}

static struct strs cut_list(struct arena *a, struct strs list)
{
    struct strs kept = { arena_array(a, struct str, list.count + 1), 0 };

    for (size_t i = 0; i < list.count && kept.count < LIST_MAX_ITEMS; i++)
        if (!str_is_empty(list.items[i]) && list.items[i].len <= ITEM_MAX_BYTES &&
            str_is_utf8(list.items[i]))
            kept.items[kept.count++] = list.items[i];
    return kept;
}

static bool fits(struct str s, size_t max)
{
    return !str_is_empty(s) && s.len <= max && str_is_utf8(s);
}

static void set_text(struct arena *a, struct value *map, const char *key, struct str s)
{
    if (!str_is_empty(s))
        value_set_str(a, map, str_of(key), s);
}

static void set_notices(struct arena *a, struct value *map, struct patch_notices notices)
{
    struct value *list = value_list(a);

    for (size_t i = 0; i < notices.count && value_count(list) < PATCH_NOTICES_MAX; i++) {
        const struct patch_notice *n = &notices.items[i];
        struct value *v = value_map(a);

        if (!fits(n->id, ITEM_MAX_BYTES))
            continue;
        value_set_str(a, v, S("id"), n->id);
        set_text(a, v, "classification", cut(a, n->classification, WORD_MAX_BYTES));
        set_text(a, v, "severity", cut(a, n->severity, WORD_MAX_BYTES));
        if (n->updated_at)
            value_set_int(a, v, S("updatedAt"), n->updated_at);
        value_append(a, list, v);
    }
    if (value_count(list) > 0)
        value_set(a, map, S("notices"), list);
}

struct value *facts_format_version(struct arena *a, const struct patch_version *v)
{
    struct value *map = value_map(a);

    for (size_t i = 0; i < ARRAY_LEN(version_texts); i++)
        set_text(a, map, version_texts[i].key,
                 cut(a, *AT_CONST(struct str, v, version_texts[i].offset), version_texts[i].max));
    if (v->security)
        value_set_bool(a, map, S("security"), true);
    for (size_t i = 0; i < ARRAY_LEN(version_lists); i++) {
        struct strs list = cut_list(a, *AT_CONST(struct strs, v, version_lists[i].offset));

        if (list.count > 0)
            value_set(a, map, str_of(version_lists[i].key), value_strings(a, list));
    }
    set_notices(a, map, v->notices);
    if (v->released_at)
        value_set_int(a, map, S("releasedAt"), v->released_at);
    return map;
}

struct value *facts_format_head(struct arena *a, const struct facts_doc *facts)
{
    struct value *doc = value_map(a);

    value_set_str(a, doc, S("operatingSystem"), str_of(patch_os_info(facts->os)->name));
    value_set_str(a, doc, S("product"), facts->product);
    value_set_int(a, doc, S("securitySources"), (int64_t)facts->n_security_sources);
    value_set(a, doc, S("packages"), value_list(a));
    return doc;
}

bool facts_format_add(struct arena *a, struct value *doc, const struct patch_facts *f)
{
    struct value *map = value_map(a);
    bool is_installed = !str_is_empty(f->installed.version);
    bool has_candidate = f->has_update || !is_installed;

    if (!fits(f->name, NAME_MAX_BYTES) || !fits(f->arch, WORD_MAX_BYTES) ||
        (is_installed && !fits(f->installed.version, NAME_MAX_BYTES)) ||
        (has_candidate && !fits(f->candidate.version, NAME_MAX_BYTES)))
        return false;

    value_set_str(a, map, S("name"), f->name);
    value_set_str(a, map, S("arch"), f->arch);
    if (is_installed)
        value_set(a, map, S("installed"), facts_format_version(a, &f->installed));
    if (has_candidate)
        value_set(a, map, S("candidate"), facts_format_version(a, &f->candidate));
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (*AT_CONST(bool, f, flags[i].offset))
            value_set_bool(a, map, str_of(flags[i].key), true);
    set_text(a, map, "hidden", cut(a, f->hidden, NAME_MAX_BYTES));
    set_text(a, map, "failure", cut(a, f->failure, TEXT_MAX_BYTES));
    value_append(a, value_get(doc, S("packages")), map);
    return true;
}

struct value *facts_format(struct arena *a, const struct facts_doc *facts)
{
    struct value *doc = facts_format_head(a, facts);

    for (size_t i = 0; i < facts->count; i++)
        (void)facts_format_add(a, doc, &facts->packages[i]);
    return doc;
}
