/* SPDX-License-Identifier: Apache-2.0 */
/* PutComplianceItems: what others than patch runs find of a node. */
#include "base/json.h"
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/compliance/compliance_view.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/inventory/inventory.h"
#include "svc/ssm/operations.h"

struct item_in {
    struct str id, title, severity, status;
    struct text_map details;
};

struct put_in {
    struct str resource, resource_type, type, hash, upload;
    struct compliance_execution *execution;
    struct list items;
};

static const char *const statuses[] = { "COMPLIANT", "NON_COMPLIANT", NULL };
static const char *const levels[] = { "CRITICAL",      "HIGH",        "MEDIUM", "LOW",
                                      "INFORMATIONAL", "UNSPECIFIED", NULL };
static const char *const uploads[] = { "COMPLETE", "PARTIAL", NULL };

/* A name of letters, digits, '_' and '-', or Custom: and such a name. */
static bool check_type(struct str s)
{
    if (str_starts(s, S("Custom:")))
        s = str_from(s, strlen("Custom:"));
    return s.len >= 2 && str_is_word(s, "_-");
}

/* clang-format off */
#define I struct item_in
static const struct field item_fields[] = {
    STRING(I,   id,       "Id",       OPTIONAL),
    STRING(I,   title,    "Title",    OPTIONAL, .max = 500),
    STRING(I,   severity, "Severity", REQUIRED, .values = levels),
    STRING(I,   status,   "Status",   REQUIRED, .values = statuses),
    TEXT_MAP(I, details,  "Details",  OPTIONAL, .item_min = 1, .item_max = 64, .max = 50),
};
#undef I
static const struct shape item_shape = SHAPE("ComplianceItemEntry", struct item_in, item_fields);

static const struct field put_in_fields[] = {
    STRING(struct put_in, resource,      "ResourceId",       REQUIRED, LENGTH(1, 100)),
    STRING(struct put_in, resource_type, "ResourceType",     REQUIRED, LENGTH(1, 50)),
    STRING(struct put_in, type,          "ComplianceType",   REQUIRED, LENGTH(1, 100), .matches = check_type,
           .pattern = "[A-Za-z0-9_\\-]\\w+|Custom:[a-zA-Z0-9_\\-]\\w+"),
    STRUCT(struct put_in, execution,     "ExecutionSummary", REQUIRED, compliance_execution_shape),
    LIST(struct put_in,   items,         "Items",            REQUIRED, item_shape, .min = 0, .max = 10000),
    STRING(struct put_in, hash,          "ItemContentHash",  OPTIONAL, .max = 256),
    STRING(struct put_in, upload,        "UploadType",       OPTIONAL, .values = uploads),
};
/* clang-format on */
static const struct shape put_in_shape =
    SHAPE("PutComplianceItemsRequest", struct put_in, put_in_fields);

static struct str node_resource(struct op *op, const void *in)
{
    return node_arn(op, ((const struct put_in *)in)->resource);
}

/* A node speaks for itself; anyone else who may, for any node of the account. */
static int check_resource(struct op *op, const struct put_in *in)
{
    struct node n;

    if (!str_eq(in->resource_type, S(COMPLIANCE_RESOURCE)))
        return op_fail(op, SSM_INVALID_RESOURCE_TYPE, "The resource type %.*s is not valid.",
                       STR(in->resource_type));
    int found = node_get(op, in->resource, &n);
    if (found == SSM_INVALID_INSTANCE_ID)
        return SSM_INVALID_RESOURCE_ID;
    TRY(found);
    if (check_managed_instance_id(op->principal->session))
        PASS(node_itself(op, in->resource));
    return 0;
}

static bool is_partial(const struct put_in *in)
{
    return str_eq(in->upload, S("PARTIAL"));
}

static int check_what(struct op *op, const struct put_in *in)
{
    int64_t n;

    if (is_partial(in) && !str_eq(in->type, S("Association")))
        return op_invalid(op, "The upload type PARTIAL is for associations only.");
    if (is_partial(in) && in->items.count == 0)
        return op_invalid(op, "An upload of the type PARTIAL needs an item.");
    if (str_eq(in->type, S(COMPLIANCE_PATCH)))
        return op_invalid(op,
                          "Items of the type " COMPLIANCE_PATCH " are reported by PutInventory.");
    if (!str_eq(in->type, S("Association")) && !str_starts(in->type, S("Custom:")))
        return op_invalid(op, "The compliance type %.*s is not supported.", STR(in->type));
    if (!str_starts(in->type, S("Custom:")))
        return 0;
    TRY(compliance_count_custom(op, in->resource, in->type, &n));
    if (n >= COMPLIANCE_MAX_CUSTOM)
        return op_fail(op, SSM_COMPLIANCE_TYPE_LIMIT_EXCEEDED,
                       "The resource has %d custom compliance types already.",
                       COMPLIANCE_MAX_CUSTOM);
    return 0;
}

static void set(struct op *op, struct value *map, const char *key, struct str s)
{
    if (str_is_set(s))
        value_set_str(op->arena, map, str_of(key), s);
}

/* Flat, as the items of patch runs are. */
static int flatten(struct op *op, const struct item_in *in, struct value **ret)
{
    struct value *map = value_map(op->arena);

    for (size_t i = 0; i < in->details.count; i++) {
        const struct text_pair *p = &in->details.items[i];
        if (str_utf8_len(p->value) > INVENTORY_MAX_VALUE)
            return op_fail(op, SSM_INVALID_ITEM_CONTENT, "The detail %.*s is too long.",
                           STR(p->key));
        value_set_str(op->arena, map, p->key, p->value);
    }
    set(op, map, "Id", in->id);
    set(op, map, "Title", in->title);
    set(op, map, "Severity", in->severity);
    set(op, map, "Status", in->status);
    *ret = map;
    return 0;
}

/* No items but a hash: what is held with that hash still holds. */
static int keep(struct op *op, const struct put_in *in)
{
    struct compliance c;

    int found = compliance_get(op, in->resource, in->type, &c);
    if (found == DB_NO_ROW || (found == 0 && !str_eq(c.hash, in->hash)))
        return op_fail(op, SSM_INVALID_ITEM_CONTENT,
                       "The items do not match what is held here; send them.");
    TRY(found);
    c.execution_id = in->execution->id;
    c.execution_type = in->execution->type;
    c.executed_at = in->execution->executed_at;
    TRY(compliance_put(op, &c));
    return 0;
}

static bool is_given(const struct put_in *in, struct str id)
{
    for (size_t i = 0; i < in->items.count; i++)
        if (str_eq(LIST_ITEM(struct item_in, in->items, i)->id, id))
            return true;
    return false;
}

/* An upload of one association leaves what is held of the others. */
static int keep_others(struct op *op, const struct put_in *in, struct value *list)
{
    struct compliance held;
    struct value *items;

    int found = compliance_get(op, in->resource, in->type, &held);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    TRY(compliance_items(op, &held, &items));
    for (size_t i = 0; i < value_count(items); i++)
        if (!is_given(in, value_get_str(value_at(items, i), S("Id"))))
            value_append(op->arena, list, value_copy(op->arena, value_at(items, i)));
    return 0;
}

static int put_items(struct op *op, const struct put_in *in, struct nothing *out)
{
    struct value *list = value_list(op->arena);
    struct compliance c = {
        .resource = in->resource,
        .type = in->type,
        .hash = in->hash,
        .execution_id = in->execution->id,
        .execution_type = in->execution->type,
        .executed_at = in->execution->executed_at,
    };
    (void)out;

    PASS(check_resource(op, in));
    PASS(check_what(op, in));
    if (in->items.count == 0 && str_is_set(in->hash))
        return keep(op, in);
    if (is_partial(in)) {
        TRY(keep_others(op, in, list));
        c.hash = (struct str){ 0 }; /* it would be that of a part */
    }
    for (size_t i = 0; i < in->items.count; i++) {
        struct value *item = NULL;
        PASS(flatten(op, LIST_ITEM(struct item_in, in->items, i), &item));
        value_append(op->arena, list, item);
    }
    c.content = json_format(op->arena, list);
    if (c.content.len > INVENTORY_MAX_ITEM)
        return op_fail(op, SSM_TOTAL_SIZE_LIMIT_EXCEEDED, "The items are too large.");
    compliance_sum_up(op, list, &c);
    TRY(compliance_put(op, &c));
    return 0;
}
OP_HANDLER(put_items)

/* clang-format off */
const struct operation compliance_put_operations[] = {
    OP("PutComplianceItems", put_items, put_in_shape, shape_nothing, OP_WRITES,
       RAISES(SSM_INVALID_RESOURCE_TYPE, SSM_INVALID_RESOURCE_ID, SSM_INVALID_ITEM_CONTENT,
              SSM_COMPLIANCE_TYPE_LIMIT_EXCEEDED, SSM_TOTAL_SIZE_LIMIT_EXCEEDED),
       .resource = node_resource),
    OP_END,
};
/* clang-format on */
