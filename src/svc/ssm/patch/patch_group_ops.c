/* SPDX-License-Identifier: Apache-2.0 */
/* Patch groups: names of groups of nodes, each with at most one baseline a system. */
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_view.h"

#define PAGE_MAX 100

struct pair {
    struct str id, group;
};

/* clang-format off */
static const struct field pair_in_fields[] = {
    STRING(struct pair, id,    "BaselineId", REQUIRED, CHECK_BASELINE_ID),
    STRING(struct pair, group, "PatchGroup", REQUIRED, CHECK_PATCH_GROUP),
};
static const struct shape pair_in_shape =
    SHAPE("RegisterPatchBaselineForPatchGroupRequest", struct pair, pair_in_fields);

static const struct field pair_out_fields[] = {
    STRING(struct pair, id,    "BaselineId", OPTIONAL),
    STRING(struct pair, group, "PatchGroup", OPTIONAL),
};
static const struct shape pair_out_shape =
    SHAPE("RegisterPatchBaselineForPatchGroupResult", struct pair, pair_out_fields);
/* clang-format on */

static struct str baseline_resource(struct op *op, const void *in)
{
    return patch_baseline_resource(op, ((const struct pair *)in)->id);
}

static int register_group(struct op *op, const struct pair *in, struct pair *out)
{
    struct baseline b;
    struct patch_group_row *groups;
    struct str other;
    size_t count;

    PASS(patch_baseline_find(op, in->id, &b));
    int found = patch_group_get(op, in->group, b.os, &other);
    if (found == 0)
        return op_fail(op, SSM_ALREADY_EXISTS,
                       "Patch Group %.*s already has a baseline registered for %s: %.*s",
                       STR(in->group), patch_os_info(b.os)->name, STR(other));
    if (found != DB_NO_ROW)
        TRY(found);
    TRY(patch_group_list(op, b.id, S(""), S(""), PATCH_GROUPS_MAX, &groups, &count));
    if (count >= PATCH_GROUPS_MAX)
        return op_fail(op, SSM_RESOURCE_LIMIT_EXCEEDED,
                       "The baseline is registered for %d patch groups already.", PATCH_GROUPS_MAX);
    TRY(patch_group_put(op, in->group, b.os, b.id));
    *out = (struct pair){ patch_baseline_shown_id(op, &b), in->group };
    return 0;
}
OP_HANDLER(register_group)

static int deregister_group(struct op *op, const struct pair *in, struct pair *out)
{
    struct baseline b;
    struct str is = { 0 };

    int found = patch_baseline_find(op, in->id, &b);
    if (found == 0) {
        found = patch_group_get(op, in->group, b.os, &is);
        if (found != DB_NO_ROW)
            TRY(found);
    } else if (found != SSM_DOES_NOT_EXIST) {
        TRY(found);
    }
    if (!str_is_set(is) || !str_eq(is, b.id))
        return op_fail(op, SSM_INVALID_RESOURCE_ID,
                       "The patch baseline %.*s is not registered for the patch group %.*s.",
                       STR(in->id), STR(in->group));
    TRY(patch_group_delete(op, in->group, b.os));
    *out = (struct pair){ patch_baseline_shown_id(op, &b), in->group };
    return 0;
}
OP_HANDLER(deregister_group)

/* --- GetPatchBaselineForPatchGroup ---------------------------------------------------------------
 */

struct of_group {
    struct str id, group, os;
};

/* clang-format off */
static const struct field of_group_in_fields[] = {
    STRING(struct of_group, group, "PatchGroup",      REQUIRED, CHECK_PATCH_GROUP),
    STRING(struct of_group, os,    "OperatingSystem", OPTIONAL),
};
static const struct shape of_group_in_shape =
    SHAPE("GetPatchBaselineForPatchGroupRequest", struct of_group, of_group_in_fields);

static const struct field of_group_out_fields[] = {
    STRING(struct of_group, id,    "BaselineId",      OPTIONAL),
    STRING(struct of_group, group, "PatchGroup",      OPTIONAL),
    STRING(struct of_group, os,    "OperatingSystem", OPTIONAL),
};
static const struct shape of_group_out_shape =
    SHAPE("GetPatchBaselineForPatchGroupResult", struct of_group, of_group_out_fields);
/* clang-format on */

/* A group without a registration is patched with the default, so that is its answer. */
static int get_of_group(struct op *op, const struct of_group *in, struct of_group *out)
{
    enum patch_os os;
    struct baseline b;

    PASS(patch_os_of_request(op, in->os, &os));
    int found = patch_baseline_for_group(op, in->group, os, &b);
    if (found == OP_UNSUPPORTED)
        return found;
    TRY(found);
    *out = (struct of_group){ patch_baseline_shown_id(op, &b), in->group,
                              str_of(patch_os_info(os)->name) };
    return 0;
}
OP_HANDLER(get_of_group)

/* --- DescribePatchGroups -------------------------------------------------- */

struct list_in {
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

struct mapping_view {
    struct str group;
    struct baseline_identity *baseline;
};

struct list_out {
    struct list mappings;
    struct str next_token;
};

/* clang-format off */
static const struct field list_in_fields[] = {
    PATCH_FILTERS(struct list_in, filters),
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct list_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape list_in_shape =
    SHAPE("DescribePatchGroupsRequest", struct list_in, list_in_fields);

static const struct field mapping_fields[] = {
    STRING(struct mapping_view, group,    "PatchGroup",       OPTIONAL),
    STRUCT(struct mapping_view, baseline, "BaselineIdentity", OPTIONAL, baseline_identity_shape),
};
static const struct shape mapping_shape =
    SHAPE("PatchGroupPatchBaselineMapping", struct mapping_view, mapping_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   mappings,   "Mappings",  OPTIONAL, mapping_shape),
    STRING(struct list_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("DescribePatchGroupsResult", struct list_out, list_out_fields);
/* clang-format on */

static int passes(struct op *op, const struct list *filters, const struct patch_group_row *row,
                  bool *ret)
{
    *ret = true;
    for (size_t i = 0; i < filters->count; i++) {
        const struct name_values *f = LIST_ITEM(struct name_values, *filters, i);
        bool hit = false;
        if (!str_eq(f->key, S("NAME_PREFIX")) && !str_eq(f->key, S("OPERATING_SYSTEM")))
            return op_invalid(op, "The filter key %.*s is not supported.", STR(f->key));
        for (size_t j = 0; j < f->values.count; j++)
            hit = hit || (str_eq(f->key, S("NAME_PREFIX"))
                              ? str_starts(row->patch_group, f->values.items[j])
                              : str_eq(row->os, f->values.items[j]));
        *ret = *ret && hit;
    }
    return 0;
}

static int show(struct op *op, const struct patch_group_row *row, struct mapping_view *ret)
{
    struct baseline b;

    TRY(patch_baseline_find(op, row->baseline, &b));
    ret->group = row->patch_group;
    ret->baseline = arena_new(op->arena, struct baseline_identity);
    TRY(patch_identity_of(op, &b, ret->baseline));
    return 0;
}

/* The system's name has no blank, a group's may. */
static int list_groups(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct mapping_view *items = arena_array(op->arena, struct mapping_view, in->max_results);
    struct str position, os = S(""), group = S("");
    struct patch_group_row *rows;
    size_t count = PAGE_MAX;

    PASS(page_open(op, in->next_token, &position));
    if (str_is_set(position) && !str_cut(position, ' ', &os, &group))
        return op_invalid(op, "The specified token is not valid.");
    out->mappings.items = items;
    while (count == PAGE_MAX) {
        TRY(patch_group_list(op, (struct str){ 0 }, group, os, PAGE_MAX, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            bool is_in;
            PASS(passes(op, &in->filters, &rows[i], &is_in));
            if (is_in && out->mappings.count == (size_t)in->max_results) {
                out->next_token =
                    page_token(op, arena_fmt(op->arena, "%.*s %.*s", STR(os), STR(group)));
                return 0;
            }
            if (is_in)
                TRY(show(op, &rows[i], &items[out->mappings.count++]));
            group = rows[i].patch_group;
            os = rows[i].os;
        }
    }
    return 0;
}
OP_HANDLER(list_groups)

/* clang-format off */
const struct operation patch_group_operations[] = {
    OP("RegisterPatchBaselineForPatchGroup", register_group, pair_in_shape, pair_out_shape,
       OP_WRITES, RAISES(SSM_ALREADY_EXISTS, SSM_DOES_NOT_EXIST, SSM_RESOURCE_LIMIT_EXCEEDED),
       .resource = baseline_resource),
    OP("DeregisterPatchBaselineForPatchGroup", deregister_group, pair_in_shape, pair_out_shape,
       OP_WRITES, RAISES(SSM_INVALID_RESOURCE_ID), .resource = baseline_resource),
    OP("GetPatchBaselineForPatchGroup", get_of_group, of_group_in_shape, of_group_out_shape,
       OP_READS, RAISES_NOTHING),
    OP("DescribePatchGroups", list_groups, list_in_shape, list_out_shape, OP_READS,
       RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
