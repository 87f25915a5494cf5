/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/time.h"
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/inventory/inventory.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_report.h"

/* --- PutInventory --------------------------------------------------------- */

struct item_in {
    struct str type, schema_version, captured_at, hash;
    struct value *content;
    struct text_map context;
};

struct put_in {
    struct str node;
    struct list items;
};

struct put_out {
    struct str message;
};

static bool check_type_name(struct str s)
{
    return str_starts(s, S("AWS:")) || str_starts(s, S("Custom:"));
}

static bool is_number(struct str s)
{
    return s.len >= 1 && s.len <= 6 && str_is_digits(s);
}

static bool check_schema_version(struct str s)
{
    struct str major, minor;
    return str_cut(s, '.', &major, &minor) && is_number(major) && is_number(minor);
}

static bool check_capture_time(struct str s)
{
    msec t;
    return s.len == 20 && str_starts(s, S("20")) && s.p[19] == 'Z' && time_parse_iso(s, &t);
}

/* clang-format off */
#define CHECK_TYPE_NAME LENGTH(1, 100), .matches = check_type_name, .pattern = "^(AWS|Custom):.*$"

static const struct field item_fields[] = {
    STRING(struct item_in,   type,           "TypeName",      REQUIRED, CHECK_TYPE_NAME),
    STRING(struct item_in,   schema_version, "SchemaVersion", REQUIRED, .matches = check_schema_version,
           .pattern = "^([0-9]{1,6})(\\.[0-9]{1,6})$"),
    STRING(struct item_in,   captured_at,    "CaptureTime",   REQUIRED, .matches = check_capture_time,
           .pattern = "^(20)[0-9][0-9]-(0[1-9]|1[012])-([12][0-9]|3[01]|0[1-9])(T)(2[0-3]|[0-1][0-9])(:[0-5][0-9])(:[0-5][0-9])(Z)$"),
    STRING(struct item_in,   hash,           "ContentHash",   OPTIONAL, .max = 256),
    DOCUMENT(struct item_in, content,        "Content",       OPTIONAL),
    TEXT_MAP(struct item_in, context,        "Context",       OPTIONAL, .min = 0, .max = 50,
             .item_min = 1, .item_max = 64),
};
static const struct shape item_shape = SHAPE("InventoryItem", struct item_in, item_fields);

static const struct field put_in_fields[] = {
    STRING(struct put_in, node,  "InstanceId", REQUIRED, CHECK_INSTANCE_ID),
    LIST(struct put_in,   items, "Items",      REQUIRED, item_shape, .min = 1, .max = 30),
};
static const struct shape put_in_shape = SHAPE("PutInventoryRequest", struct put_in, put_in_fields);

static const struct field put_out_fields[] = {
    STRING(struct put_out, message, "Message", OPTIONAL),
};
static const struct shape put_out_shape = SHAPE("PutInventoryResult", struct put_out, put_out_fields);
/* clang-format on */

static struct str node_resource(struct op *op, const void *in)
{
    return node_arn(op, ((const struct put_in *)in)->node);
}

static struct value *context_value(struct op *op, const struct item_in *in)
{
    struct value *map;

    if (in->context.count == 0)
        return NULL;
    map = value_map(op->arena);
    for (size_t i = 0; i < in->context.count; i++)
        value_set_str(op->arena, map, in->context.items[i].key, in->context.items[i].value);
    return map;
}

static int check_context(struct op *op, const struct item_in *in, const struct value *context)
{
    if (str_eq(in->type, S(INVENTORY_COMPLIANCE)))
        return patch_check_context(op, context);
    if (context)
        return op_fail(op, SSM_UNSUPPORTED_INVENTORY_ITEM_CONTEXT,
                       "Items of the type %.*s have no context.", STR(in->type));
    return 0;
}

/* What an item is besides its place in the store. */
static int take_meaning(struct op *op, struct str node, const struct item_in *in,
                        const struct value *context)
{
    if (str_eq(in->type, S(INVENTORY_PATCH_SUMMARY)))
        return patch_take_summary(op, node, in->content);
    if (str_eq(in->type, S(INVENTORY_COMPLIANCE)))
        return patch_take_items(op, node, in->hash, context, in->content);
    return 0;
}

/* The sender says that nothing has changed: true only if what we hold has that hash. */
static int take_unchanged(struct op *op, struct inventory_item *item, const struct value *context)
{
    struct inventory_item held;

    if (!str_is_set(item->hash))
        return op_fail(op, SSM_INVALID_ITEM_CONTENT,
                       "The item %.*s has neither content nor a hash.", STR(item->type));
    int found = inventory_get(op, item->node, item->type, &held);
    if (found == DB_NO_ROW || (found == 0 && !str_eq(held.hash, item->hash)))
        return op_fail(op, SSM_ITEM_CONTENT_MISMATCH,
                       "The inventory item %.*s does not match what is held here; send its "
                       "content.",
                       STR(item->type));
    TRY(found);
    TRY(inventory_touch(op, item));
    if (str_eq(item->type, S(INVENTORY_COMPLIANCE)))
        PASS(patch_keep_items(op, item->node, context));
    return 0;
}

static int take_item(struct op *op, struct str node, const struct item_in *in, size_t *total)
{
    struct value *context = context_value(op, in);
    struct inventory_item item = {
        .node = node,
        .type = in->type,
        .schema_version = in->schema_version,
        .captured_at = in->captured_at,
        .hash = in->hash,
    };

    PASS(inventory_check_type(op, in->type, in->schema_version));
    PASS(check_context(op, in, context));
    if (context)
        item.context = json_format(op->arena, context);
    if (!in->content || value_is(in->content, VALUE_NULL))
        return take_unchanged(op, &item, context);

    PASS(inventory_check_content(op, in->type, in->content));
    item.content = json_format(op->arena, in->content);
    *total += item.content.len;
    if (item.content.len > INVENTORY_MAX_ITEM)
        return op_fail(op, SSM_ITEM_SIZE_LIMIT_EXCEEDED,
                       "The inventory item %.*s has exceeded the size limit.", STR(in->type));
    if (*total > INVENTORY_MAX_TOTAL)
        return op_fail(op, SSM_TOTAL_SIZE_LIMIT_EXCEEDED,
                       "The size of inventory data has exceeded the total size limit.");
    PASS(take_meaning(op, node, in, context));
    TRY(inventory_put(op, &item));
    return 0;
}

static int put_inventory(struct op *op, const struct put_in *in, struct put_out *out)
{
    size_t total = 0;

    PASS(node_itself(op, in->node));
    for (size_t i = 0; i < in->items.count; i++)
        PASS(take_item(op, in->node, LIST_ITEM(struct item_in, in->items, i), &total));
    out->message = S("");
    return 0;
}
OP_HANDLER(put_inventory)

/* clang-format off */
const struct operation inventory_operations[] = {
    OP("PutInventory", put_inventory, put_in_shape, put_out_shape, OP_WRITES,
       RAISES(SSM_INVALID_TYPE_NAME, SSM_INVALID_ITEM_CONTENT, SSM_TOTAL_SIZE_LIMIT_EXCEEDED,
              SSM_ITEM_SIZE_LIMIT_EXCEEDED, SSM_ITEM_CONTENT_MISMATCH,
              SSM_CUSTOM_SCHEMA_LIMIT_EXCEEDED, SSM_UNSUPPORTED_INVENTORY_SCHEMA_VERSION,
              SSM_UNSUPPORTED_INVENTORY_ITEM_CONTEXT, SSM_INVALID_INVENTORY_ITEM_CONTEXT),
       .resource = node_resource),
    OP_END,
};
/* clang-format on */
