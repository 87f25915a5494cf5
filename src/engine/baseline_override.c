/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/baseline_override.h"

#include "engine/baseline_doc.h"

/* Each member by its name in the API, and by that in a snapshot. */
struct member {
    const char *name, *inner;
    const struct member *members; /* of the object, or of each of the list's objects */
    bool is_about;                /* says what the baseline is called, nothing of what it does */
};

static const struct member filter_members[] = {
    { .name = "Key", .inner = "key" },
    { .name = "Values", .inner = "values" },
    { 0 },
};
static const struct member group_members[] = {
    { .name = "PatchFilters", .inner = "filters", .members = filter_members },
    { 0 },
};
static const struct member rule_members[] = {
    { .name = "PatchFilterGroup", .inner = "filterGroup", .members = group_members },
    { .name = "ComplianceLevel", .inner = "complianceLevel" },
    { .name = "ApproveAfterDays", .inner = "approveAfterDays" },
    { .name = "ApproveUntilDate", .inner = "approveUntilDate" },
    { .name = "EnableNonSecurity", .inner = "enableNonSecurity" },
    { 0 },
};
static const struct member rules_members[] = {
    { .name = "PatchRules", .inner = "rules", .members = rule_members },
    { 0 },
};
static const struct member source_members[] = {
    { .name = "Name", .inner = "name" },
    { .name = "Products", .inner = "products" },
    { .name = "Configuration", .inner = "configuration" },
    { 0 },
};
static const struct member baseline_members[] = {
    { .name = "OperatingSystem", .inner = "operatingSystem" },
    { .name = "GlobalFilters", .inner = "globalFilters", .members = group_members },
    { .name = "ApprovalRules", .inner = "approvalRules", .members = rules_members },
    { .name = "ApprovedPatches", .inner = "approvedPatches" },
    { .name = "ApprovedPatchesComplianceLevel", .inner = "approvedPatchesComplianceLevel" },
    { .name = "ApprovedPatchesEnableNonSecurity", .inner = "approvedPatchesEnableNonSecurity" },
    { .name = "RejectedPatches", .inner = "rejectedPatches" },
    { .name = "RejectedPatchesAction", .inner = "rejectedPatchesAction" },
    { .name = "Sources", .inner = "sources", .members = source_members },
    { .name = "BaselineId", .inner = "baselineId", .is_about = true },
    { .name = "Name", .inner = "name", .is_about = true },
    { .name = "Description", .inner = "description", .is_about = true },
    { .name = "CreatedDate", .is_about = true },
    { .name = "ModifiedDate", .is_about = true },
    { .name = "PatchGroups", .is_about = true },
    { 0 },
};

static const struct member *find(const struct member *members, struct str name)
{
    for (; members->name; members++)
        if (str_eq(name, str_of(members->name)))
            return members;
    return NULL;
}

static bool says_nothing(const struct value *v)
{
    return value_is(v, VALUE_NULL) || (value_is(v, VALUE_BOOL) && !v->boolean) ||
           ((value_is(v, VALUE_LIST) || value_is(v, VALUE_MAP)) && value_count(v) == 0);
}

static struct value *translate_any(struct arena *a, struct value *v, const struct member *members,
                                   struct str *why);

/* The depth is that of the tables. */
static struct value *translate(struct arena *a, const struct value *map,
                               const struct member *members, struct str *why)
{
    struct value *out = value_map(a);

    for (size_t i = 0; i < value_count(map); i++) {
        const struct value_member *m = &map->map.members[i];
        const struct member *known = find(members, m->key);

        if (!known && !says_nothing(m->value))
            *why = arena_fmt(a, "the member %.*s is not supported", STR(str_slice(m->key, 0, 64)));
        else if (known && known->inner)
            value_set(a, out, str_of(known->inner),
                      translate_any(a, m->value, known->members, why));
    }
    return out;
}

static struct value *translate_any(struct arena *a, struct value *v, const struct member *members,
                                   struct str *why)
{
    struct value *out;

    if (members && value_is(v, VALUE_MAP))
        return translate(a, v, members, why);
    if (!members || !value_is(v, VALUE_LIST))
        return v;
    out = value_list(a);
    for (size_t i = 0; i < value_count(v); i++)
        value_append(a, out,
                     value_is(value_at(v, i), VALUE_MAP)
                         ? translate(a, value_at(v, i), members, why)
                         : value_at(v, i));
    return out;
}

static struct value *request_of(struct arena *a, const struct value *entry)
{
    struct value *out = value_map(a);

    for (size_t i = 0; i < value_count(entry); i++) {
        const struct value_member *m = &entry->map.members[i];
        const struct member *known = find(baseline_members, m->key);

        if (known && !known->is_about && !value_is(m->value, VALUE_NULL))
            value_set(a, out, m->key, m->value);
    }
    return out;
}

static int unusable(struct str why, struct str *ret_why)
{
    if (ret_why)
        *ret_why = why;
    return BASELINE_OVERRIDE_UNUSABLE;
}

static int find_entry(struct arena *a, const struct value *doc, enum patch_os os,
                      const struct value **ret, struct str *ret_why)
{
    struct str name = str_of(patch_os_info(os)->name);
    size_t found = 0;

    if (!value_is(doc, VALUE_LIST) || value_count(doc) > BASELINE_OVERRIDE_MAX_ENTRIES)
        return unusable(
            arena_fmt(a, "it is not a list of at most %d baselines", BASELINE_OVERRIDE_MAX_ENTRIES),
            ret_why);
    for (size_t i = 0; i < value_count(doc); i++) {
        struct str os_name = value_get_str(value_at(doc, i), S("OperatingSystem"));

        if (!str_is_set(os_name))
            return unusable(arena_fmt(a, "[%zu] is no baseline with an OperatingSystem", i),
                            ret_why);
        if (!str_eq(os_name, name))
            continue;
        *ret = value_at(doc, i);
        found++;
    }
    if (found == 1)
        return 0;
    return unusable(arena_fmt(a, "%s of its baselines is for %.*s",
                              found == 0 ? "none" : "more than one", STR(name)),
                    ret_why);
}

int baseline_override_parse(struct arena *a, const struct value *doc, enum patch_os os,
                            struct baseline_override *ret, struct str *ret_why)
{
    struct baseline_snapshot snapshot;
    struct str why = { 0 };
    const struct value *entry = NULL;
    struct value *inner;

    PASS(find_entry(a, doc, os, &entry, ret_why));
    inner = translate(a, entry, baseline_members, &why);
    if (str_is_set(why))
        return unusable(why, ret_why);
    int result = baseline_parse(a, inner, &snapshot, &why);
    if (result > 0)
        return unusable(why, ret_why);
    TRY(result);
    *ret = (struct baseline_override){ snapshot.baseline, request_of(a, entry) };
    return 0;
}

static struct value *rules_only(struct arena *a, const struct baseline *b)
{
    struct baseline_snapshot snapshot = { *b, S("") };

    snapshot.baseline.id = snapshot.baseline.name = snapshot.baseline.description =
        snapshot.baseline.account = S("");
    snapshot.baseline.created_at = snapshot.baseline.modified_at = 0;
    return baseline_format(a, &snapshot);
}

bool baseline_same_rules(struct arena *a, const struct baseline *left, const struct baseline *right)
{
    return value_equal(rules_only(a, left), rules_only(a, right));
}
