/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at baselines, and choosing the default of a system. */
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_view.h"

#define LIST_PAGE 100

struct id_in {
    struct str id;
};

struct default_out {
    struct str id, os;
};

/* clang-format off */
static const struct field id_in_fields[] = {
    STRING(struct id_in, id, "BaselineId", REQUIRED, CHECK_BASELINE_ID),
};
static const struct shape id_in_shape = SHAPE("BaselineIdRequest", struct id_in, id_in_fields);

static const struct field id_out_fields[] = {
    STRING(struct id_in, id, "BaselineId", OPTIONAL),
};
static const struct shape id_out_shape = SHAPE("BaselineIdResult", struct id_in, id_out_fields);
/* clang-format on */

static struct str baseline_resource(struct op *op, const void *in)
{
    return patch_baseline_resource(op, ((const struct id_in *)in)->id);
}

/* --- GetPatchBaseline ----------------------------------------------------- */

struct get_out {
    struct baseline_view v;
};

/* clang-format off */
static const struct field get_out_fields[] = {
    STRING(struct get_out,    v.id,          "BaselineId",      OPTIONAL),
    STRING(struct get_out,    v.name,        "Name",            OPTIONAL),
    STRING(struct get_out,    v.os,          "OperatingSystem", OPTIONAL),
    BASELINE_MEMBERS(struct get_out, v),
    STRINGS(struct get_out,   v.groups,      "PatchGroups",     OPTIONAL),
    TIMESTAMP(struct get_out, v.created_at,  "CreatedDate",     OPTIONAL),
    TIMESTAMP(struct get_out, v.modified_at, "ModifiedDate",    OPTIONAL),
};
/* clang-format on */
static const struct shape get_out_shape =
    SHAPE("GetPatchBaselineResult", struct get_out, get_out_fields);

static int get_baseline(struct op *op, const struct id_in *in, struct get_out *out)
{
    struct baseline b;
    struct patch_group_row *groups;
    size_t count;

    PASS(patch_baseline_find(op, in->id, &b));
    patch_view_of(op, &b, &out->v);
    TRY(patch_group_list(op, b.id, S(""), S(""), PATCH_GROUPS_MAX, &groups, &count));
    out->v.groups.items = arena_array(op->arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        out->v.groups.items[out->v.groups.count++] = groups[i].patch_group;
    return 0;
}
OP_HANDLER(get_baseline)

/* --- GetDefaultPatchBaseline, RegisterDefaultPatchBaseline ---------------------------------------
 */

struct os_in {
    struct str os;
};

static const struct field os_in_fields[] = {
    STRING(struct os_in, os, "OperatingSystem", OPTIONAL),
};
static const struct shape os_in_shape =
    SHAPE("GetDefaultPatchBaselineRequest", struct os_in, os_in_fields);

static const struct field default_out_fields[] = {
    STRING(struct default_out, id, "BaselineId", OPTIONAL),
    STRING(struct default_out, os, "OperatingSystem", OPTIONAL),
};
static const struct shape default_out_shape =
    SHAPE("GetDefaultPatchBaselineResult", struct default_out, default_out_fields);

static int get_default(struct op *op, const struct os_in *in, struct default_out *out)
{
    enum patch_os os;
    struct baseline b;

    PASS(patch_os_of_request(op, in->os, &os));
    PASS(patch_baseline_default(op, os, &b));
    out->id = patch_baseline_shown_id(op, &b);
    out->os = str_of(patch_os_info(os)->name);
    return 0;
}
OP_HANDLER(get_default)

static int register_default(struct op *op, const struct id_in *in, struct id_in *out)
{
    struct baseline b;

    PASS(patch_baseline_find(op, in->id, &b));
    if (patch_baseline_is_predefined(&b))
        TRY(patch_default_delete(op, b.os));
    else
        TRY(patch_default_put(op, b.os, b.id));
    out->id = patch_baseline_shown_id(op, &b);
    return 0;
}
OP_HANDLER(register_default)

/* --- DescribePatchBaselines ----------------------------------------------- */

struct list_in {
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

struct list_out {
    struct list items;
    struct str next_token;
};

/* clang-format off */
static const struct field list_in_fields[] = {
    PATCH_FILTERS(struct list_in, filters),
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(1, LIST_PAGE), DEFAULT(LIST_PAGE)),
    STRING(struct list_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape list_in_shape =
    SHAPE("DescribePatchBaselinesRequest", struct list_in, list_in_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   items,      "BaselineIdentities", OPTIONAL, baseline_identity_shape),
    STRING(struct list_out, next_token, "NextToken",          OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("DescribePatchBaselinesResult", struct list_out, list_out_fields);
/* clang-format on */

static bool has_prefix_of(struct strs prefixes, struct str s)
{
    for (size_t i = 0; i < prefixes.count; i++)
        if (str_starts(s, prefixes.items[i]))
            return true;
    return false;
}

static int passes(struct op *op, const struct list_in *in, const struct baseline *b, bool *ret)
{
    struct str owner = patch_baseline_is_predefined(b) ? S("AWS") : S("Self");

    *ret = true;
    for (size_t i = 0; i < in->filters.count; i++) {
        const struct name_values *f = LIST_ITEM(struct name_values, in->filters, i);
        if (str_eq(f->key, S("NAME_PREFIX")))
            *ret = *ret && has_prefix_of(f->values, b->name);
        else if (str_eq(f->key, S("OWNER")))
            *ret = *ret && (strs_have(f->values, owner) || strs_have(f->values, S("All")));
        else if (str_eq(f->key, S("OPERATING_SYSTEM")))
            *ret = *ret && strs_have(f->values, str_of(patch_os_info(b->os)->name));
        else
            return op_invalid(op, "The filter key %.*s is not supported.", STR(f->key));
    }
    return 0;
}

static int add(struct op *op, const struct list_in *in, const struct baseline *b,
               struct baseline_identity *items, size_t *count)
{
    bool is_in;

    PASS(passes(op, in, b, &is_in));
    if (!is_in)
        return 0;
    PASS(patch_identity_of(op, b, &items[(*count)++]));
    return 0;
}

/* They are few: all are gathered, and a page is cut out. */
static int gather(struct op *op, const struct list_in *in, struct baseline_identity **ret,
                  size_t *ret_count)
{
    size_t n_defaults, n_own, count = 0;
    const struct baseline *defaults = baseline_defaults(&n_defaults);
    struct baseline_row *own;
    struct baseline_identity *items;

    TRY(patch_baseline_list(op, &own, &n_own));
    items = arena_array(op->arena, struct baseline_identity, n_defaults + n_own);
    for (size_t i = 0; i < n_defaults; i++)
        PASS(add(op, in, &defaults[i], items, &count));
    for (size_t i = 0; i < n_own; i++) {
        struct baseline b;
        TRY(patch_baseline_find(op, own[i].id, &b));
        PASS(add(op, in, &b, items, &count));
    }
    *ret = items;
    *ret_count = count;
    return 0;
}

static int list_baselines(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct baseline_identity *items = NULL;
    size_t count = 0, first, max = (size_t)in->max_results;
    struct str position;
    int64_t from = 0;

    PASS(page_open(op, in->next_token, &position));
    if (str_is_set(position) && !str_to_int(position, &from))
        return op_invalid(op, "The specified token is not valid.");
    PASS(gather(op, in, &items, &count));
    first = (size_t)from < count ? (size_t)from : count;
    if (count - first > max)
        out->next_token = page_token(op, arena_fmt(op->arena, "%zu", first + max));
    out->items = (struct list){ items + first, count - first > max ? max : count - first };
    return 0;
}
OP_HANDLER(list_baselines)

/* clang-format off */
const struct operation patch_baseline_operations[] = {
    OP("GetPatchBaseline", get_baseline, id_in_shape, get_out_shape, OP_READS,
       RAISES(SSM_DOES_NOT_EXIST), .resource = baseline_resource),
    OP("GetDefaultPatchBaseline", get_default, os_in_shape, default_out_shape, OP_READS,
       RAISES_NOTHING),
    OP("RegisterDefaultPatchBaseline", register_default, id_in_shape, id_out_shape, OP_WRITES,
       RAISES(SSM_DOES_NOT_EXIST), .resource = baseline_resource),
    OP("DescribePatchBaselines", list_baselines, list_in_shape, list_out_shape, OP_READS,
       RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
