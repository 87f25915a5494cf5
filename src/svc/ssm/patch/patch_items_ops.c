/* SPDX-License-Identifier: Apache-2.0 */
/* DescribeInstancePatches: the patches of one node, as it last reported them. */
#include "base/json.h"
#include "base/time.h"
#include "engine/baseline.h"
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/inventory/inventory.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_view.h"

#define PAGE_MAX 100

struct list_in {
    struct str node, next_token;
    struct list filters;
    int64_t max_results;
};

struct patch_view {
    struct str title, id, classification, severity, state, cves;
    msec installed_at;
};

struct list_out {
    struct list patches;
    struct str next_token;
};

/* clang-format off */
static const struct field list_in_fields[] = {
    STRING(struct list_in,  node,        "InstanceId", REQUIRED, CHECK_INSTANCE_ID),
    PATCH_FILTERS(struct list_in, filters),
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(10, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct list_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape list_in_shape =
    SHAPE("DescribeInstancePatchesRequest", struct list_in, list_in_fields);

static const struct field patch_fields[] = {
    STRING(struct patch_view,    title,          "Title",          OPTIONAL),
    STRING(struct patch_view,    id,             "KBId",           OPTIONAL),
    STRING(struct patch_view,    classification, "Classification", OPTIONAL),
    STRING(struct patch_view,    severity,       "Severity",       OPTIONAL),
    STRING(struct patch_view,    state,          "State",          OPTIONAL),
    TIMESTAMP(struct patch_view, installed_at,   "InstalledTime",  OPTIONAL),
    STRING(struct patch_view,    cves,           "CVEIds",         OPTIONAL),
};
static const struct shape patch_shape =
    SHAPE("PatchComplianceData", struct patch_view, patch_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   patches,    "Patches",   OPTIONAL, patch_shape),
    STRING(struct list_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("DescribeInstancePatchesResult", struct list_out, list_out_fields);
/* clang-format on */

static struct str text(const struct value *item, struct str key)
{
    struct str s = value_get_str(item, key);
    return str_or_empty(s);
}

/* The time of what is not installed is the epoch: the member is required. */
static struct patch_view view(const struct value *item)
{
    enum patch_state state = PATCH_NOT_APPLICABLE;
    struct patch_view v = {
        .title = text(item, S("Title")),
        .id = text(item, S("Id")),
        .classification = text(item, S("Classification")),
        .severity = text(item, S("PatchSeverity")),
        .cves = text(item, S("CVEIds")),
    };

    (void)patch_state_parse(text(item, S("PatchState")), &state);
    v.state = str_of(patch_state_api(state));
    if (!time_parse_iso(text(item, S("InstalledTime")), &v.installed_at))
        v.installed_at = 0;
    if (v.cves.len == 0)
        v.cves = (struct str){ 0 };
    return v;
}

static bool member_of(const struct patch_view *v, struct str key, struct str *ret)
{
    if (str_eq(key, S("Classification")))
        *ret = v->classification;
    else if (str_eq(key, S("KBId")))
        *ret = v->id;
    else if (str_eq(key, S("Severity")))
        *ret = v->severity;
    else if (str_eq(key, S("State")))
        *ret = v->state;
    else if (str_eq(key, S("Title")))
        *ret = v->title;
    else
        return false;
    return true;
}

static bool has_any_case(struct strs list, struct str s)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_ieq(list.items[i], s))
            return true;
    return false;
}

/* "State" is filtered by its spelling in the items too (InstalledOther). */
static bool passes(const struct list *filters, const struct value *item, const struct patch_view *v)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct name_values *f = LIST_ITEM(struct name_values, *filters, i);
        struct str is = { 0 };
        if (!member_of(v, f->key, &is))
            return false;
        if (!has_any_case(f->values, is) &&
            !(str_eq(f->key, S("State")) && has_any_case(f->values, text(item, S("PatchState")))))
            return false;
    }
    return true;
}

static int check(struct op *op, const struct list_in *in, int64_t *ret_from)
{
    const struct patch_view none = { 0 };
    struct node n;
    struct str position, ignored;

    PASS(node_get(op, in->node, &n));
    for (size_t i = 0; i < in->filters.count; i++) {
        const struct name_values *f = LIST_ITEM(struct name_values, in->filters, i);
        if (!member_of(&none, f->key, &ignored))
            return op_fail(op, SSM_INVALID_FILTER, "The filter key %.*s is not supported.",
                           STR(f->key));
    }
    *ret_from = 0;
    if (page_open(op, in->next_token, &position) != 0 ||
        (str_is_set(position) && !str_to_int(position, ret_from)))
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    return 0;
}

static int list_patches(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct inventory_item held;
    struct patch_view *items;
    struct value *content;
    size_t max = (size_t)in->max_results;
    int64_t from;

    PASS(check(op, in, &from));
    items = arena_array(op->arena, struct patch_view, max);
    out->patches.items = items;
    int found = inventory_get(op, in->node, S(INVENTORY_COMPLIANCE), &held);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    TRY(json_parse(op->arena, held.content, &content, NULL));
    for (size_t i = (size_t)from; i < value_count(content); i++) {
        struct patch_view v = view(value_at(content, i));
        if (!passes(&in->filters, value_at(content, i), &v))
            continue;
        if (out->patches.count == max) {
            out->next_token = page_token(op, arena_fmt(op->arena, "%zu", i));
            return 0;
        }
        items[out->patches.count++] = v;
    }
    return 0;
}
OP_HANDLER(list_patches)

/* clang-format off */
const struct operation patch_items_operations[] = {
    OP("DescribeInstancePatches", list_patches, list_in_shape, list_out_shape, OP_READS,
       RAISES(SSM_INVALID_INSTANCE_ID, SSM_INVALID_FILTER, SSM_INVALID_NEXT_TOKEN)),
    OP_END,
};
/* clang-format on */
