/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/report.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/time.h"
#include "patch/inventory.h"

static void set_count(struct arena *a, struct value *v, struct str key, size_t count)
{
    value_set_str(a, v, key, arena_fmt(a, "%zu", count));
}

static void set_summary_counts(struct arena *a, struct value *v, const struct scan *scan)
{
    set_count(a, v, S("InstalledCount"), scan->n_state[PATCH_INSTALLED]);
    set_count(a, v, S("InstalledOtherCount"), scan->n_state[PATCH_INSTALLED_OTHER]);
    set_count(a, v, S("InstalledRejectedCount"), scan->n_state[PATCH_INSTALLED_REJECTED]);
    set_count(a, v, S("InstalledPendingRebootCount"),
              scan->n_state[PATCH_INSTALLED_PENDING_REBOOT]);
    set_count(a, v, S("NotApplicableCount"), scan->n_state[PATCH_NOT_APPLICABLE]);
    set_count(a, v, S("MissingCount"), scan->n_state[PATCH_MISSING]);
    set_count(a, v, S("FailedCount"), scan->n_state[PATCH_FAILED]);
    set_count(a, v, S("CriticalNonCompliantCount"), scan->n_critical);
    set_count(a, v, S("SecurityNonCompliantCount"), scan->n_security);
    set_count(a, v, S("OtherNonCompliantCount"), scan->n_other);
}

struct value *report_summary(struct arena *a, const struct report *report)
{
    const struct scan *scan = report->scan;
    struct value *v = value_map(a);

    value_set_str(a, v, S("BaselineId"), scan->baseline->id);
    value_set_str(a, v, S("PatchGroup"), report->patch_group);
    value_set_str(a, v, S("SnapshotId"), report->snapshot_id);
    value_set_str(a, v, S("ExecutionId"), report->execution_id);
    set_summary_counts(a, v, scan);
    value_set_str(a, v, S("OperationType"), report->operation);
    value_set_str(a, v, S("OperationStartTime"), time_iso(a, report->started_at));
    value_set_str(a, v, S("OperationEndTime"), time_iso(a, report->ended_at));
    if (!str_is_empty(report->reboot_option))
        value_set_str(a, v, S("RebootOption"), report->reboot_option);
    if (!str_is_empty(report->install_override_list))
        value_set_str(a, v, S("InstallOverrideList"), report->install_override_list);
    if (report->last_no_reboot_install_at)
        value_set_str(a, v, S("LastNoRebootInstallOperationTime"),
                      time_iso(a, report->last_no_reboot_install_at));
    if (!scan->is_compliant)
        value_set_str(a, v, S("NonCompliantSeverity"), str_of(compliance_level_name(scan->worst)));
    return v;
}

/* Title names the version that counts: what is missing, or what is there. */
static struct str title_of(struct arena *a, const struct package *p)
{
    bool awaits = p->decision.state == PATCH_MISSING || p->decision.state == PATCH_FAILED;
    const struct patch_version *v = awaits ? &p->facts.candidate : &p->facts.installed;

    return arena_fmt(a, "%.*s.%.*s:%.*s", STR(p->facts.name), STR(p->facts.arch), STR(v->version));
}

static bool is_installed_state(enum patch_state state)
{
    return state != PATCH_MISSING && state != PATCH_FAILED && state != PATCH_NOT_APPLICABLE;
}

/* One value of the plane's holds some hundred; a report with more would be refused as a whole. */
static struct str cves_of(struct arena *a, const struct patch_version *v)
{
    struct str all = arena_join(a, v->cves, S(","));
    ptrdiff_t end;

    if (all.len <= INVENTORY_VALUE_MAX)
        return all;
    end = str_rfind(str_slice(all, 0, INVENTORY_VALUE_MAX), ',');
    return str_slice(all, 0, end < 0 ? 0 : (size_t)end);
}

/* "Classification and Severity are blank for INSTALLED_OTHER." */
static struct value *item_of(struct arena *a, const struct report *report, const struct package *p)
{
    enum patch_state state = p->decision.state;
    bool is_dated = is_installed_state(state) && p->installed_at;
    bool is_other = state == PATCH_INSTALLED_OTHER;
    struct value *v = value_map(a);

    value_set_str(a, v, S("Id"), scan_item_id(a, p));
    value_set_str(a, v, S("Title"), title_of(a, p));
    value_set_str(a, v, S("Severity"), str_of(compliance_level_name(p->decision.level)));
    value_set_str(a, v, S("Status"),
                  patch_state_is_compliant(state) ? S("COMPLIANT") : S("NON_COMPLIANT"));
    value_set_str(a, v, S("PatchBaselineId"), report->scan->baseline->id);
    value_set_str(a, v, S("PatchState"), str_of(patch_state_name(state)));
    value_set_str(a, v, S("PatchGroup"), report->patch_group);
    value_set_str(a, v, S("DocumentName"), S(""));
    value_set_str(a, v, S("DocumentVersion"), S(""));
    value_set_str(a, v, S("InstalledTime"), is_dated ? time_iso(a, p->installed_at) : S(""));
    value_set_str(a, v, S("Classification"), is_other ? S("") : p->decision.classification);
    value_set_str(a, v, S("PatchSeverity"),
                  str_is_set(p->facts.candidate.severity) && !is_other ? p->facts.candidate.severity
                                                                       : S(""));
    value_set_str(a, v, S("CVEIds"),
                  is_installed_state(state) || report->without_cves
                      ? S("")
                      : cves_of(a, &p->facts.candidate));
    return v;
}

struct value *report_items(struct arena *a, const struct report *report)
{
    const struct packages *all = &report->scan->packages;
    struct value *list = value_list(a);

    for (int state = PATCH_INSTALLED; state < PATCH_STATES; state++)
        for (size_t i = 0; i < all->count; i++)
            if (all->items[i].decision.state == (enum patch_state)state)
                value_append(a, list, item_of(a, report, &all->items[i]));
    return list;
}

struct str report_hash(struct arena *a, const struct value *content)
{
    return sha256_hex(a, json_format(a, content));
}

static struct value *inventory_item(struct arena *a, struct str type, const struct report *report,
                                    struct str hash)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("TypeName"), type);
    value_set_str(a, v, S("SchemaVersion"), S("1.0"));
    value_set_str(a, v, S("CaptureTime"), time_iso(a, report->ended_at));
    value_set_str(a, v, S("ContentHash"), hash);
    return v;
}

static struct value *compliance_context(struct arena *a, const struct report *report)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("ComplianceType"), S("Patch"));
    value_set_str(a, v, S("ExecutionId"), report->snapshot_id);
    value_set_str(a, v, S("ExecutionType"), report->execution_type);
    value_set_str(a, v, S("ExecutionTime"), time_iso(a, report->ended_at));
    return v;
}

struct value *report_request(struct arena *a, const struct report *report, struct str instance_id,
                             bool with_content)
{
    struct value *request = value_map(a), *items = value_list(a), *summaries = value_list(a);
    struct value *content = report_items(a, report);
    struct value *summary, *compliance;

    value_append(a, summaries, report_summary(a, report));
    summary = inventory_item(a, S("AWS:PatchSummary"), report, report_hash(a, summaries));
    value_set(a, summary, S("Content"), summaries);
    compliance = inventory_item(a, S("AWS:ComplianceItem"), report, report_hash(a, content));
    value_set(a, compliance, S("Context"), compliance_context(a, report));
    if (with_content)
        value_set(a, compliance, S("Content"), content);
    value_append(a, items, summary);
    value_append(a, items, compliance);
    value_set_str(a, request, S("InstanceId"), instance_id);
    value_set(a, request, S("Items"), items);
    return request;
}

static bool is_unknown_hash(const struct plane_error *error)
{
    return str_eq(error->code, S("ItemContentMismatchException")) ||
           str_eq(error->code, S("InvalidItemContentException"));
}

static int put(struct arena *a, struct plane *plane, const struct report *report, bool with_content,
               struct plane_error *ret_error, struct str *ret_why)
{
    struct value *answer;

    return plane_call(a, plane, "PutInventory",
                      report_request(a, report, plane->instance_id, with_content), &answer,
                      ret_error, ret_why);
}

/* What is too large for the plane is told without its longest texts, as AWS's own client does. */
int report_send(struct arena *a, struct plane *plane, const struct report *report,
                struct str sent_hash, struct str *ret_hash, struct str *ret_why)
{
    struct report lean = *report;
    struct str hash = report_hash(a, report_items(a, report));
    bool known = str_is_set(sent_hash) && str_eq(hash, sent_hash);
    struct plane_error error = { 0 };
    int result = put(a, plane, report, !known, &error, ret_why);

    if (result == PLANE_REFUSED && known && is_unknown_hash(&error))
        result = put(a, plane, report, true, &error, ret_why);
    if (result == PLANE_REFUSED && str_eq(error.code, S("ItemSizeLimitExceededException"))) {
        lean.without_cves = true;
        hash = report_hash(a, report_items(a, &lean));
        result = put(a, plane, &lean, true, &error, ret_why);
    }
    PASS(result);
    *ret_hash = hash;
    return 0;
}
