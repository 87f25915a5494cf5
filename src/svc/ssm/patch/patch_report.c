/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/patch/patch_report.h"

#include "base/time.h"
#include "store/db.h"
#include "svc/ssm/compliance/compliance.h"
#include "svc/ssm/errors.h"

static int bad_content(struct op *op, const char *type, struct str member)
{
    return op_fail(op, SSM_INVALID_ITEM_CONTENT,
                   "One or more content items of %s are not valid: "
                   "%.*s",
                   type, STR(str_slice(member, 0, 64)));
}

/* --- AWS:PatchSummary ----------------------------------------------------- */

enum need { NEEDED, MAY_BE };

static int read_count(struct op *op, const struct value *map, struct str key, enum need need,
                      int64_t otherwise, int64_t *ret)
{
    struct str text = value_get_str(map, key);

    *ret = otherwise;
    if (str_is_empty(text) && need == MAY_BE)
        return 0;
    if (!str_to_int(text, ret) || *ret < -1)
        return bad_content(op, INVENTORY_PATCH_SUMMARY, key);
    return 0;
}

static int read_time(struct op *op, const struct value *map, struct str key, enum need need,
                     msec *ret)
{
    struct str text = value_get_str(map, key);

    *ret = 0;
    if (str_is_empty(text) && need == MAY_BE)
        return 0;
    if (!time_parse_iso(text, ret))
        return bad_content(op, INVENTORY_PATCH_SUMMARY, key);
    return 0;
}

static int read_text(struct op *op, const struct value *map, struct str key, enum need need,
                     struct str *ret)
{
    struct str text = value_get_str(map, key);

    if (str_is_empty(text) && need == NEEDED)
        return bad_content(op, INVENTORY_PATCH_SUMMARY, key);
    *ret = str_is_empty(text) ? (struct str){ 0 } : text;
    return 0;
}

static int read_counts(struct op *op, const struct value *v, struct patch_state_row *r)
{
    PASS(read_count(op, v, S("InstalledCount"), NEEDED, 0, &r->installed));
    PASS(read_count(op, v, S("InstalledOtherCount"), NEEDED, 0, &r->installed_other));
    PASS(read_count(op, v, S("InstalledPendingRebootCount"), MAY_BE, 0, &r->installed_pending));
    PASS(read_count(op, v, S("InstalledRejectedCount"), MAY_BE, 0, &r->installed_rejected));
    PASS(read_count(op, v, S("MissingCount"), NEEDED, 0, &r->missing));
    PASS(read_count(op, v, S("FailedCount"), NEEDED, 0, &r->failed));
    PASS(read_count(op, v, S("NotApplicableCount"), MAY_BE, 0, &r->not_applicable));
    /* -1 is AWS's own sign for a count that the node does not keep apart. */
    PASS(read_count(op, v, S("UnreportedNotApplicableCount"), MAY_BE, -1, &r->unreported));
    PASS(read_count(op, v, S("CriticalNonCompliantCount"), MAY_BE, 0, &r->critical));
    PASS(read_count(op, v, S("SecurityNonCompliantCount"), MAY_BE, 0, &r->security));
    PASS(read_count(op, v, S("OtherNonCompliantCount"), MAY_BE, 0, &r->other));
    return 0;
}

static int read_summary(struct op *op, const struct value *v, struct patch_state_row *r)
{
    PASS(read_text(op, v, S("BaselineId"), NEEDED, &r->baseline));
    PASS(read_text(op, v, S("PatchGroup"), MAY_BE, &r->patch_group));
    PASS(read_text(op, v, S("SnapshotId"), MAY_BE, &r->snapshot));
    PASS(read_text(op, v, S("ExecutionId"), MAY_BE, &r->execution));
    PASS(read_text(op, v, S("InstallOverrideList"), MAY_BE, &r->install_override_list));
    PASS(read_text(op, v, S("OwnerInformation"), MAY_BE, &r->owner_information));
    PASS(read_text(op, v, S("OperationType"), NEEDED, &r->operation));
    PASS(read_text(op, v, S("RebootOption"), MAY_BE, &r->reboot_option));
    PASS(read_time(op, v, S("OperationStartTime"), NEEDED, &r->started_at));
    PASS(read_time(op, v, S("OperationEndTime"), NEEDED, &r->ended_at));
    PASS(read_time(op, v, S("LastNoRebootInstallOperationTime"), MAY_BE, &r->no_reboot_at));
    if (!str_is_set(r->patch_group))
        r->patch_group = S("");
    if (!str_eq(r->operation, S("Scan")) && !str_eq(r->operation, S("Install")))
        return bad_content(op, INVENTORY_PATCH_SUMMARY, S("OperationType"));
    if (str_is_set(r->reboot_option) && !str_eq(r->reboot_option, S("NoReboot")) &&
        !str_eq(r->reboot_option, S("RebootIfNeeded")))
        return bad_content(op, INVENTORY_PATCH_SUMMARY, S("RebootOption"));
    return 0;
}

/* A report that was long under way does not undo what is known since. One from the future was
 * told by a clock that was wrong, and stands in nobody's way. */
static bool is_overtaken(struct op *op, msec at, msec held_at)
{
    return at < held_at && held_at <= op->now;
}

static int check_newer(struct op *op, const struct patch_state_row *row)
{
    struct patch_state_row held;

    int found = patch_state_get(op, row->node, &held);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    if (!is_overtaken(op, row->ended_at, held.ended_at))
        return 0;
    return op_fail(op, SSM_INVALID_ITEM_CONTENT,
                   "The patch run ended at %s, before the one that was last reported, at %s.",
                   time_iso(op->arena, row->ended_at).p, time_iso(op->arena, held.ended_at).p);
}

int patch_take_summary(struct op *op, struct str node, const struct value *content)
{
    struct patch_state_row row = { .node = node };

    if (value_count(content) != 1)
        return bad_content(op, INVENTORY_PATCH_SUMMARY, S("there must be one"));
    PASS(read_summary(op, value_at(content, 0), &row));
    PASS(read_counts(op, value_at(content, 0), &row));
    PASS(check_newer(op, &row));
    TRY(patch_state_put(op, &row));
    TRY(patch_run_add(op, &row));
    return 0;
}

/* --- AWS:ComplianceItem --------------------------------------------------- */

int patch_check_context(struct op *op, const struct value *context)
{
    msec t;

    if (!str_eq(value_get_str(context, S("ComplianceType")), S(COMPLIANCE_PATCH)))
        return op_fail(op, SSM_INVALID_INVENTORY_ITEM_CONTEXT,
                       "The ComplianceType of the context must be " COMPLIANCE_PATCH ".");
    if (!time_parse_iso(value_get_str(context, S("ExecutionTime")), &t))
        return op_fail(op, SSM_INVALID_INVENTORY_ITEM_CONTEXT,
                       "The context has no valid ExecutionTime.");
    for (size_t i = 0; i < value_count(context); i++) {
        struct str key = context->map.members[i].key;
        if (!str_eq(key, S("ComplianceType")) && !str_eq(key, S("ExecutionTime")) &&
            !str_eq(key, S("ExecutionId")) && !str_eq(key, S("ExecutionType")))
            return op_fail(op, SSM_INVALID_INVENTORY_ITEM_CONTEXT,
                           "%.*s is no attribute of the context.", STR(key));
    }
    return 0;
}

static int check_item(struct op *op, const struct value *item)
{
    enum patch_state state;
    enum compliance_level level;
    struct str status = value_get_str(item, S("Status")), time;
    msec t;

    if (str_is_empty(value_get_str(item, S("Id"))))
        return bad_content(op, INVENTORY_COMPLIANCE, S("Id"));
    if (!str_eq(status, S("COMPLIANT")) && !str_eq(status, S("NON_COMPLIANT")))
        return bad_content(op, INVENTORY_COMPLIANCE, S("Status"));
    if (!compliance_level_parse(value_get_str(item, S("Severity")), &level))
        return bad_content(op, INVENTORY_COMPLIANCE, S("Severity"));
    if (!patch_state_parse(value_get_str(item, S("PatchState")), &state))
        return bad_content(op, INVENTORY_COMPLIANCE, S("PatchState"));
    if (patch_state_is_compliant(state) != str_eq(status, S("COMPLIANT"))) /* "Missing" is not */
        return bad_content(op, INVENTORY_COMPLIANCE, S("Status"));
    time = value_get_str(item, S("InstalledTime"));
    if (!str_is_empty(time) && !time_parse_iso(time, &t))
        return bad_content(op, INVENTORY_COMPLIANCE, S("InstalledTime"));
    return 0;
}

/* `held`: of the compliance that is there. */
static int take_context(struct op *op, const struct value *context, msec held, struct compliance *c)
{
    c->execution_id = value_get_str(context, S("ExecutionId"));
    c->execution_type = value_get_str(context, S("ExecutionType"));
    if (!time_parse_iso(value_get_str(context, S("ExecutionTime")), &c->executed_at))
        c->executed_at = 0;
    if (!is_overtaken(op, c->executed_at, held))
        return 0;
    return op_fail(op, SSM_INVALID_INVENTORY_ITEM_CONTEXT,
                   "The ExecutionTime %s is before the one that was last reported, %s.",
                   time_iso(op->arena, c->executed_at).p, time_iso(op->arena, held).p);
}

int patch_take_items(struct op *op, struct str node, struct str hash, const struct value *context,
                     const struct value *content)
{
    struct compliance c = { .resource = node, .type = S(COMPLIANCE_PATCH), .hash = hash };
    struct compliance held = { 0 };

    int found = compliance_get(op, node, S(COMPLIANCE_PATCH), &held);
    TRY(found == DB_NO_ROW ? 0 : found);
    for (size_t i = 0; i < value_count(content); i++)
        PASS(check_item(op, value_at(content, i)));
    PASS(take_context(op, context, found == 0 ? held.executed_at : 0, &c));
    compliance_sum_up(op, content, &c);
    TRY(compliance_put(op, &c));
    return 0;
}

int patch_keep_items(struct op *op, struct str node, const struct value *context)
{
    struct compliance c;

    int found = compliance_get(op, node, S(COMPLIANCE_PATCH), &c);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    PASS(take_context(op, context, c.executed_at, &c));
    TRY(compliance_put(op, &c));
    return 0;
}
