/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/association.h"

#define DOCUMENT  S("AWS-RunPatchBaselineAssociation")
#define MAX_PAGES 20 /* of 100 baselines: an account has at most 50 of its own */

/* ---- the tags ---- */

/* "Tag keys and values can't contain the following characters: backtick, single quote, double
 * quote, and dollar sign"; control characters cannot be in one either. */
static bool is_tag_text(struct str s, size_t max)
{
    if (s.len > max || !str_is_utf8(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] < ' ' || strchr("`'\"$", s.p[i]))
            return false;
    return true;
}

bool association_tags_parse(struct arena *a, struct str text, struct association_tags *ret)
{
    struct association_tags tags = { 0 };
    struct str rest, value;

    *ret = tags;
    if (str_is_empty(text))
        return true;
    if (!str_starts(text, S("Key=")) || !str_cut(str_from(text, 4), ',', &tags.key, &rest) ||
        !str_starts(rest, S("Values=")) || str_is_empty(tags.key) || !is_tag_text(tags.key, 128))
        return false;
    tags.values.items = arena_array(a, struct str, ASSOCIATION_MAX_TAG_VALUES);
    rest = str_from(rest, 7);
    for (bool more = true; more;) {
        more = str_cut(rest, ',', &value, &rest);
        if (tags.values.count == ASSOCIATION_MAX_TAG_VALUES || str_is_empty(value) ||
            !is_tag_text(value, 256))
            return false;
        tags.values.items[tags.values.count++] = value;
    }
    *ret = tags;
    return true;
}

/* ---- the baseline ---- */

static struct value *resources_request(struct arena *a, const struct association_tags *tags,
                                       struct str token)
{
    struct value *in = value_map(a), *filters = value_list(a), *filter = value_map(a);
    struct str type = S("ssm:patchbaseline");

    value_set_str(a, filter, S("Key"), tags->key);
    value_set(a, filter, S("Values"), value_strings(a, tags->values));
    value_append(a, filters, filter);
    value_set(a, in, S("TagFilters"), filters);
    value_set(a, in, S("ResourceTypeFilters"), value_strings(a, (struct strs){ &type, 1 }));
    value_set_int(a, in, S("ResourcesPerPage"), 100);
    if (!str_is_empty(token))
        value_set_str(a, in, S("PaginationToken"), token);
    return in;
}

static int refused(struct arena *a, int result, struct str *ret_why)
{
    if (result < 0)
        return result;
    *ret_why = arena_fmt(a, "the baseline of the tags could not be found: %.*s", STR(*ret_why));
    return ASSOCIATION_FAILED;
}

/* Takes the baseline into *ret_found, if it is for this system. */
static int look_at(struct arena *a, struct plane *plane, struct str arn, enum patch_os os,
                   struct value **ret_found, struct str *ret_why)
{
    struct str os_name = str_of(patch_os_info(os)->name);
    struct plane_error error = { 0 };
    struct value *in = value_map(a), *answer;
    ptrdiff_t slash = str_rfind(arn, '/');

    value_set_str(a, in, S("BaselineId"), slash < 0 ? arn : str_from(arn, (size_t)slash + 1));
    int got = plane_call(a, plane, "GetPatchBaseline", in, &answer, &error, ret_why);
    if (got == PLANE_REFUSED && str_eq(error.code, S("DoesNotExistException")))
        return 0; /* deleted in between */
    if (got != 0)
        return refused(a, got, ret_why);
    if (!str_eq(value_get_str(answer, S("OperatingSystem")), os_name))
        return 0;
    if (*ret_found) {
        *ret_why = arena_fmt(a,
                             "more than one patch baseline for %.*s has the tags: %.*s and %.*s. "
                             "Only one may have them",
                             STR(os_name), STR(value_get_str(*ret_found, S("BaselineId"))),
                             STR(value_get_str(answer, S("BaselineId"))));
        return ASSOCIATION_FAILED;
    }
    *ret_found = answer;
    return 0;
}

static int find_tagged(struct arena *a, struct plane *plane, const struct association_tags *tags,
                       enum patch_os os, struct value **ret_found, struct str *ret_why)
{
    struct str token = S("");

    *ret_found = NULL;
    for (int page = 0; page < MAX_PAGES; page++) {
        struct plane_error error = { 0 };
        struct value *answer;
        int got = plane_call_of(a, plane, PLANE_TAGGING, "GetResources",
                                resources_request(a, tags, token), &answer, &error, ret_why);
        if (got != 0)
            return refused(a, got, ret_why);
        const struct value *list = value_get(answer, S("ResourceTagMappingList"));
        for (size_t i = 0; i < value_count(list); i++)
            PASS(look_at(a, plane, value_get_str(value_at(list, i), S("ResourceARN")), os,
                         ret_found, ret_why));
        token = value_get_str(answer, S("PaginationToken"));
        if (str_is_empty(token))
            return 0;
    }
    *ret_why = S("the plane has no end of patch baselines with these tags");
    return ASSOCIATION_FAILED;
}

int association_baseline(struct arena *a, struct plane *plane, const struct association_tags *tags,
                         enum patch_os os, struct baseline_override *ret, struct str *ret_why)
{
    struct value *found, *list = value_list(a);

    PASS(find_tagged(a, plane, tags, os, &found, ret_why));
    if (!found)
        return ASSOCIATION_NONE;
    value_append(a, list, found);
    int parsed = baseline_override_parse(a, list, os, ret, ret_why);
    return parsed > 0 ? refused(a, parsed, ret_why) : parsed;
}

/* ---- the report ---- */

static void set_count(struct arena *a, struct value *v, struct str key, size_t count)
{
    value_set_str(a, v, key, arena_fmt(a, "%zu", count));
}

static struct value *details(struct arena *a, const struct association_report *report)
{
    const struct scan *scan = report->scan;
    struct value *v = value_map(a);

    value_set_str(a, v, S("DocumentName"), DOCUMENT);
    value_set_str(a, v, S("PatchBaselineId"), scan->baseline->id);
    value_set_str(a, v, S("OperationType"), report->operation);
    set_count(a, v, S("InstalledCount"), scan->n_state[PATCH_INSTALLED]);
    set_count(a, v, S("InstalledOtherCount"), scan->n_state[PATCH_INSTALLED_OTHER]);
    set_count(a, v, S("InstalledRejectedCount"), scan->n_state[PATCH_INSTALLED_REJECTED]);
    set_count(a, v, S("InstalledPendingRebootCount"),
              scan->n_state[PATCH_INSTALLED_PENDING_REBOOT]);
    set_count(a, v, S("MissingCount"), scan->n_state[PATCH_MISSING]);
    set_count(a, v, S("FailedCount"), scan->n_state[PATCH_FAILED]);
    set_count(a, v, S("CriticalNonCompliantCount"), scan->n_critical);
    set_count(a, v, S("SecurityNonCompliantCount"), scan->n_security);
    set_count(a, v, S("OtherNonCompliantCount"), scan->n_other);
    return v;
}

struct value *association_request(struct arena *a, const struct association_report *report,
                                  struct str instance_id)
{
    const struct scan *scan = report->scan;
    struct value *in = value_map(a), *execution = value_map(a), *items = value_list(a);
    struct value *item = value_map(a);

    value_set_str(a, item, S("Id"), report->association_id);
    value_set_str(a, item, S("Title"), DOCUMENT);
    value_set_str(a, item, S("Severity"),
                  scan->is_compliant ? S("UNSPECIFIED")
                                     : str_of(compliance_level_name(scan->worst)));
    value_set_str(a, item, S("Status"), scan->is_compliant ? S("COMPLIANT") : S("NON_COMPLIANT"));
    value_set(a, item, S("Details"), details(a, report));
    value_append(a, items, item);
    value_set_int(a, execution, S("ExecutionTime"), report->ended_at / MSEC_SECOND);
    if (!str_is_empty(report->execution_id))
        value_set_str(a, execution, S("ExecutionId"), report->execution_id);
    value_set_str(a, execution, S("ExecutionType"), S("Command"));
    value_set_str(a, in, S("ResourceId"), instance_id);
    value_set_str(a, in, S("ResourceType"), S("ManagedInstance"));
    value_set_str(a, in, S("ComplianceType"), S("Association"));
    value_set_str(a, in, S("UploadType"), S("PARTIAL")); /* other associations keep theirs */
    value_set(a, in, S("ExecutionSummary"), execution);
    value_set(a, in, S("Items"), items);
    return in;
}

int association_send(struct arena *a, struct plane *plane, const struct association_report *report,
                     struct str *ret_why)
{
    struct plane_error error = { 0 };
    struct value *answer;

    PASS(plane_call(a, plane, "PutComplianceItems",
                    association_request(a, report, plane->instance_id), &answer, &error, ret_why));
    return 0;
}
