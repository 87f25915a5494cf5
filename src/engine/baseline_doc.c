/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/baseline_doc.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"
#include "engine/patch_source.h"

struct reader {
    struct arena *arena;
    enum patch_os os; /* decides which filter keys there are */
    struct str why;
};

PRINTF(2, 3) static void explain(struct reader *r, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    r->why = arena_dup(r->arena, str_of(text));
}

#define malformed(r, ...) (explain((r), __VA_ARGS__), BASELINE_MALFORMED)

/* A member that is null is a member that is not there. */
static const struct value *member(const struct value *map, const char *key)
{
    const struct value *v = value_get(map, str_of(key));

    return value_is(v, VALUE_NULL) ? NULL : v;
}

static int read_string(struct reader *r, const struct value *map, const char *key, size_t max,
                       struct str *ret)
{
    const struct value *v = member(map, key);

    if (!v) {
        *ret = S("");
        return 0;
    }
    if (!value_is(v, VALUE_STRING) || value_str(v).len > max)
        return malformed(r, "%s is not a string of at most %zu bytes", key, max);
    *ret = value_str(v);
    return 0;
}

static int read_bool(struct reader *r, const struct value *map, const char *key, bool *ret)
{
    const struct value *v = member(map, key);

    if (v && !value_is(v, VALUE_BOOL))
        return malformed(r, "%s is not true or false", key);
    *ret = v && v->boolean;
    return 0;
}

static int read_list(struct reader *r, const struct value *map, const char *key, size_t max,
                     const struct value **ret)
{
    const struct value *v = member(map, key);

    if (v && (!value_is(v, VALUE_LIST) || value_count(v) > max))
        return malformed(r, "%s is not a list of at most %zu", key, max);
    *ret = v;
    return 0;
}

static int read_strings(struct reader *r, const struct value *map, const char *key, size_t max,
                        size_t max_len, struct strs *ret)
{
    const struct value *list;

    PASS(read_list(r, map, key, max, &list));
    *ret = (struct strs){ arena_array(r->arena, struct str, value_count(list) + 1), 0 };
    for (size_t i = 0; i < value_count(list); i++) {
        struct str s = value_str(value_at(list, i));

        if (str_is_empty(s) || s.len > max_len)
            return malformed(r, "%s[%zu] is not a string of 1 to %zu bytes", key, i, max_len);
        ret->items[ret->count++] = s;
    }
    return 0;
}

static int read_level(struct reader *r, const struct value *map, const char *key,
                      enum compliance_level *ret)
{
    struct str name;

    PASS(read_string(r, map, key, 32, &name));
    *ret = COMPLIANCE_UNSPECIFIED;
    if (!str_is_empty(name) && !compliance_level_parse(name, ret))
        return malformed(r, "%s is no compliance level", key);
    return 0;
}

static int read_time(struct reader *r, const struct value *map, const char *key, msec *ret)
{
    const struct value *v = member(map, key);

    *ret = 0;
    if (value_is(v, VALUE_STRING) && time_parse_iso(value_str(v), ret))
        return 0;
    if (value_is(v, VALUE_INT) && v->integer >= 0 && v->integer < INT64_MAX / MSEC_SECOND)
        *ret = v->integer * MSEC_SECOND;
    else if (value_is(v, VALUE_DOUBLE) && v->number >= 0 && v->number < 1e15)
        *ret = (msec)(v->number * MSEC_SECOND);
    else if (v)
        return malformed(r, "%s is no time", key);
    return 0;
}

static int read_filter(struct reader *r, const struct value *v, struct baseline_filter *ret)
{
    struct str key;

    if (!value_is(v, VALUE_MAP))
        return malformed(r, "a filter is not an object");
    PASS(read_string(r, v, "key", 32, &key));
    if (!patch_key_parse(r->os, key, &ret->key))
        return malformed(r, "%.*s cannot have the filter key \"%.*s\"",
                         STR(str_of(patch_os_info(r->os)->name)), STR(key));
    PASS(read_strings(r, v, "values", BASELINE_MAX_VALUES, 64, &ret->values));
    if (ret->values.count == 0)
        return malformed(r, "the filter %s has no values", patch_key_name(ret->key));
    return 0;
}

static int read_filters(struct reader *r, const struct value *map, const char *key,
                        struct baseline_filters *ret)
{
    const struct value *group = member(map, key);
    const struct value *list;

    if (group && !value_is(group, VALUE_MAP))
        return malformed(r, "%s is not an object", key);
    PASS(read_list(r, group, "filters", BASELINE_MAX_FILTERS, &list));
    ret->items = arena_array(r->arena, struct baseline_filter, value_count(list) + 1);
    for (size_t i = 0; i < value_count(list); i++)
        PASS(read_filter(r, value_at(list, i), &ret->items[ret->count++]));
    return 0;
}

/* "YYYY-MM-DD" includes everything up to 23:59:59 of that day. */
static int read_until(struct reader *r, const struct value *v, struct baseline_rule *ret)
{
    struct str text;
    msec day;

    PASS(read_string(r, v, "approveUntilDate", 10, &text));
    ret->has_until = !str_is_empty(text);
    if (!ret->has_until)
        return 0;
    if (text.len != 10 || !time_parse_iso(text, &day))
        return malformed(r, "approveUntilDate is not YYYY-MM-DD");
    ret->approve_until = day + MSEC_DAY - 1;
    return 0;
}

static int read_dates(struct reader *r, const struct value *v, struct baseline_rule *ret)
{
    const struct value *days = member(v, "approveAfterDays");

    PASS(read_until(r, v, ret));
    if (days && (!value_is(days, VALUE_INT) || days->integer < 0 || days->integer > 360))
        return malformed(r, "approveAfterDays is not a number from 0 to 360");
    ret->has_after_days = days != NULL;
    ret->approve_after_days = days ? (int)days->integer : 0;
    if (ret->has_after_days && ret->has_until)
        return malformed(r, "a rule has both approveAfterDays and approveUntilDate");
    if (!ret->has_after_days && !ret->has_until && patch_os_info(r->os)->family != PATCH_FAMILY_APT)
        return malformed(r, "a rule has neither approveAfterDays nor approveUntilDate");
    return 0;
}

static int read_rule(struct reader *r, const struct value *v, struct baseline_rule *ret)
{
    if (!value_is(v, VALUE_MAP) || !member(v, "filterGroup"))
        return malformed(r, "a rule has no filterGroup");
    PASS(read_filters(r, v, "filterGroup", &ret->filters));
    PASS(read_level(r, v, "complianceLevel", &ret->level));
    PASS(read_bool(r, v, "enableNonSecurity", &ret->enable_non_security));
    return read_dates(r, v, ret);
}

static int read_rules(struct reader *r, const struct value *v, struct baseline *ret)
{
    const struct value *group = member(v, "approvalRules");
    const struct value *list;

    if (group && !value_is(group, VALUE_MAP))
        return malformed(r, "approvalRules is not an object");
    PASS(read_list(r, group, "rules", BASELINE_MAX_RULES, &list));
    ret->rules = arena_array(r->arena, struct baseline_rule, value_count(list) + 1);
    for (size_t i = 0; i < value_count(list); i++)
        PASS(read_rule(r, value_at(list, i), &ret->rules[ret->n_rules++]));
    return 0;
}

static int read_sources(struct reader *r, const struct value *v, struct baseline *ret)
{
    const struct value *list;

    PASS(read_list(r, v, "sources", BASELINE_MAX_SOURCES, &list));
    ret->sources = arena_array(r->arena, struct baseline_source, value_count(list) + 1);
    for (size_t i = 0; i < value_count(list); i++) {
        struct baseline_source *source = &ret->sources[ret->n_sources++];
        const struct value *item = value_at(list, i);
        const char *fault;

        PASS(read_string(r, item, "name", 50, &source->name));
        PASS(read_strings(r, item, "products", BASELINE_MAX_VALUES, 128, &source->products));
        PASS(read_string(r, item, "configuration", 1024, &source->configuration));
        fault = patch_source_fault(patch_os_info(r->os)->family, source->configuration);
        if (fault)
            return malformed(r, "the configuration of sources[%zu] is wrong: %s", i, fault);
    }
    return 0;
}

static int read_lists(struct reader *r, const struct value *v, struct baseline *ret)
{
    struct str action;

    PASS(read_strings(r, v, "approvedPatches", BASELINE_MAX_NAMES, 100, &ret->approved));
    PASS(read_level(r, v, "approvedPatchesComplianceLevel", &ret->approved_level));
    PASS(read_bool(r, v, "approvedPatchesEnableNonSecurity", &ret->approved_non_security));
    PASS(read_strings(r, v, "rejectedPatches", BASELINE_MAX_NAMES, 100, &ret->rejected));
    PASS(read_string(r, v, "rejectedPatchesAction", 32, &action));
    if (str_eq(action, S("BLOCK")))
        ret->rejected_action = REJECTED_BLOCK;
    else if (!str_is_empty(action) && !str_eq(action, S("ALLOW_AS_DEPENDENCY")))
        return malformed(r, "rejectedPatchesAction is neither ALLOW_AS_DEPENDENCY nor BLOCK");
    return 0;
}

static int read_baseline(struct reader *r, const struct value *v, struct baseline *ret)
{
    struct str os;

    if (!value_is(v, VALUE_MAP))
        return malformed(r, "there is no patchBaseline object");
    PASS(read_string(r, v, "operatingSystem", 32, &os));
    r->os = ret->os = patch_os_parse(os);
    if (ret->os == PATCH_OS_NONE)
        return malformed(r, "operatingSystem \"%.*s\" is unknown", STR(os));
    PASS(read_string(r, v, "baselineId", 128, &ret->id));
    PASS(read_string(r, v, "name", 128, &ret->name));
    PASS(read_string(r, v, "description", 1024, &ret->description));
    PASS(read_string(r, v, "accountId", 12, &ret->account));
    PASS(read_time(r, v, "createdTime", &ret->created_at));
    PASS(read_time(r, v, "modifiedTime", &ret->modified_at));
    PASS(read_filters(r, v, "globalFilters", &ret->global));
    PASS(read_rules(r, v, ret));
    PASS(read_lists(r, v, ret));
    return read_sources(r, v, ret);
}

static int read_snapshot(struct reader *r, const struct value *doc, struct baseline_snapshot *ret)
{
    const struct value *features = member(doc, "requiredFeatures");

    if (!value_is(doc, VALUE_MAP))
        return malformed(r, "the document is not an object");
    if (value_count(features) > 0)
        return malformed(r, "the snapshot requires features that are not known here");
    PASS(read_string(r, doc, "patchGroup", 256, &ret->patch_group));
    return read_baseline(r, member(doc, "patchBaseline"), &ret->baseline);
}

int baseline_parse(struct arena *a, const struct value *doc, struct baseline_snapshot *ret,
                   struct str *ret_why)
{
    struct reader r = { .arena = a };
    struct baseline_snapshot snapshot = { .patch_group = S("") };
    bool bare = !member(doc, "patchBaseline") && member(doc, "operatingSystem");
    int result =
        bare ? read_baseline(&r, doc, &snapshot.baseline) : read_snapshot(&r, doc, &snapshot);

    if (result == 0)
        *ret = snapshot;
    else if (ret_why)
        *ret_why = r.why;
    return result;
}

/* ---- writing ---- */

static struct value *format_filters(struct arena *a, const struct baseline_filters *filters)
{
    struct value *group = value_map(a);
    struct value *list = value_list(a);

    for (size_t i = 0; i < filters->count; i++) {
        struct value *v = value_map(a);

        value_set_str(a, v, S("key"), str_of(patch_key_name(filters->items[i].key)));
        value_set(a, v, S("values"), value_strings(a, filters->items[i].values));
        value_append(a, list, v);
    }
    value_set(a, group, S("filters"), list);
    return group;
}

static struct value *format_rule(struct arena *a, const struct baseline_rule *rule)
{
    struct value *v = value_map(a);

    value_set(a, v, S("filterGroup"), format_filters(a, &rule->filters));
    value_set_str(a, v, S("complianceLevel"), str_of(compliance_level_name(rule->level)));
    value_set_bool(a, v, S("enableNonSecurity"), rule->enable_non_security);
    if (rule->has_after_days)
        value_set_int(a, v, S("approveAfterDays"), rule->approve_after_days);
    if (rule->has_until)
        value_set_str(a, v, S("approveUntilDate"),
                      str_slice(time_iso(a, rule->approve_until), 0, 10));
    return v;
}

static struct value *format_rules(struct arena *a, const struct baseline *b)
{
    struct value *group = value_map(a);
    struct value *list = value_list(a);

    for (size_t i = 0; i < b->n_rules; i++)
        value_append(a, list, format_rule(a, &b->rules[i]));
    value_set(a, group, S("rules"), list);
    return group;
}

static struct value *format_sources(struct arena *a, const struct baseline *b)
{
    struct value *list = value_list(a);

    for (size_t i = 0; i < b->n_sources; i++) {
        struct value *v = value_map(a);

        value_set_str(a, v, S("name"), b->sources[i].name);
        value_set(a, v, S("products"), value_strings(a, b->sources[i].products));
        value_set_str(a, v, S("configuration"), b->sources[i].configuration);
        value_append(a, list, v);
    }
    return list;
}

static struct value *format_baseline(struct arena *a, const struct baseline *b)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("accountId"), b->account);
    value_set_str(a, v, S("baselineId"), b->id);
    value_set_str(a, v, S("name"), b->name);
    value_set(a, v, S("globalFilters"), format_filters(a, &b->global));
    value_set(a, v, S("approvalRules"), format_rules(a, b));
    value_set(a, v, S("approvedPatches"), value_strings(a, b->approved));
    value_set_str(a, v, S("approvedPatchesComplianceLevel"),
                  str_of(compliance_level_name(b->approved_level)));
    value_set_bool(a, v, S("approvedPatchesEnableNonSecurity"), b->approved_non_security);
    value_set(a, v, S("rejectedPatches"), value_strings(a, b->rejected));
    value_set_str(a, v, S("rejectedPatchesAction"),
                  b->rejected_action == REJECTED_BLOCK ? S("BLOCK") : S("ALLOW_AS_DEPENDENCY"));
    value_set_str(a, v, S("createdTime"), time_iso_ms(a, b->created_at));
    value_set_str(a, v, S("modifiedTime"), time_iso_ms(a, b->modified_at));
    value_set_str(a, v, S("description"), b->description);
    value_set_str(a, v, S("operatingSystem"), str_of(patch_os_info(b->os)->name));
    value_set(a, v, S("sources"), format_sources(a, b));
    return v;
}

struct value *baseline_format(struct arena *a, const struct baseline_snapshot *snapshot)
{
    struct value *doc = value_map(a);

    value_set(a, doc, S("patchBaseline"), format_baseline(a, &snapshot->baseline));
    value_set_str(a, doc, S("patchGroup"), snapshot->patch_group);
    value_set(a, doc, S("patches"), value_list(a));
    value_set_bool(a, doc, S("enableApplicationPatches"), false);
    value_set(a, doc, S("requiredFeatures"), value_list(a));
    return doc;
}
