/* SPDX-License-Identifier: Apache-2.0 */
/* ListInventoryEntries, and GetInventory without aggregators. */
#include "base/json.h"
#include "base/time.h"
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/inventory/inventory.h"
#include "svc/ssm/operations.h"

#define PAGE_MAX 50
#define CHUNK    50
#define LOOKED   100 /* nodes whose inventory is read for one page: a filter may pass few */

#define INSTANCE_INFORMATION "AWS:InstanceInformation"

struct filter {
    struct str key, type; /* type absent: Equal */
    struct strs values;
};

static const char *const filter_types[] = { "Equal",    "NotEqual",    "BeginWith",
                                            "LessThan", "GreaterThan", NULL };

static bool check_type_name(struct str s)
{
    return str_starts(s, S("AWS:")) || str_starts(s, S("Custom:"));
}

/* clang-format off */
#define CHECK_TYPE_NAME LENGTH(1, 100), .matches = check_type_name, .pattern = "^(AWS|Custom):.*$"

static const struct field filter_fields[] = {
    STRING(struct filter,  key,    "Key",    REQUIRED, LENGTH(1, 200)),
    STRINGS(struct filter, values, "Values", REQUIRED, .min = 1, .max = 40),
    STRING(struct filter,  type,   "Type",   OPTIONAL, .values = filter_types),
};
/* clang-format on */
static const struct shape filter_shape = SHAPE("InventoryFilter", struct filter, filter_fields);

static int compare(struct str a, struct str b)
{
    int64_t x, y;

    if (str_to_int(a, &x) && str_to_int(b, &y))
        return (x > y) - (x < y);
    return str_cmp(a, b);
}

static bool matches(const struct filter *f, struct str is)
{
    bool negated = str_eq(f->type, S("NotEqual"));

    for (size_t i = 0; str_is_set(is) && i < f->values.count; i++) {
        struct str v = f->values.items[i];
        bool hit = str_eq(f->type, S("BeginWith"))     ? str_starts(is, v)
                   : str_eq(f->type, S("LessThan"))    ? compare(is, v) < 0
                   : str_eq(f->type, S("GreaterThan")) ? compare(is, v) > 0
                                                       : str_eq(is, v);
        if (hit)
            return !negated;
    }
    return negated;
}

/* "AWS:Application.Name" names an attribute of its type; a bare name one of `type`. False if
 * it is another type's. */
static bool attribute_of(struct str key, struct str type, struct str *ret)
{
    *ret = key;
    if (!check_type_name(key))
        return true;
    ptrdiff_t dot = str_rfind(key, '.');
    if (dot < 0 || !str_eq(str_slice(key, 0, (size_t)dot), type))
        return false;
    *ret = str_from(key, (size_t)dot + 1);
    return true;
}

/* --- an item as a tree -------------------------------------------------------------------------
 */

/* What the plane itself knows of a node stands where other types' reports do. */
static struct value *information(struct op *op, const struct node *n)
{
    struct value *map = value_map(op->arena), *list = value_list(op->arena);
    const struct {
        struct str name, value;
    } members[] = {
        { S("AgentType"), n->agent_name },
        { S("AgentVersion"), n->agent_version },
        { S("ComputerName"), n->computer_name },
        { S("InstanceId"), n->id },
        { S("InstanceStatus"), S("Active") },
        { S("IpAddress"), n->ip_address },
        { S("PlatformName"), n->platform_name },
        { S("PlatformType"), n->platform_type },
        { S("PlatformVersion"), n->platform_version },
        { S("ResourceType"), S("ManagedInstance") },
    };

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (!str_is_empty(members[i].value))
            value_set_str(op->arena, map, members[i].name, members[i].value);
    value_append(op->arena, list, map);
    return list;
}

/* Attributes of the context are in each entry, as in what a data sync writes. */
static int merge_context(struct op *op, const struct inventory_item *item, struct value *content)
{
    struct value *context;

    if (!str_is_set(item->context))
        return 0;
    TRY(json_parse(op->arena, item->context, &context, NULL));
    for (size_t i = 0; i < value_count(content); i++)
        for (size_t j = 0; j < value_count(context); j++)
            value_set(op->arena, value_at(content, i), context->map.members[j].key,
                      context->map.members[j].value);
    return 0;
}

/* DB_NO_ROW where the node has nothing of the type. */
static int load(struct op *op, const struct node *n, struct str type, struct inventory_item *ret,
                struct value **ret_content)
{
    if (str_eq(type, S(INSTANCE_INFORMATION))) {
        msec at = n->pinged_at ? n->pinged_at : n->registered_at;
        *ret = (struct inventory_item){ .node = n->id,
                                        .type = type,
                                        .schema_version = S("1.0"),
                                        .captured_at = time_iso(op->arena, at) };
        *ret_content = information(op, n);
        return 0;
    }
    PASS(inventory_get(op, n->id, type, ret));
    TRY(json_parse(op->arena, ret->content, ret_content, NULL));
    TRY(merge_context(op, ret, *ret_content));
    return 0;
}

/* --- ListInventoryEntries ------------------------------------------------- */

struct entries_in {
    struct str node, type, next_token;
    struct list filters;
    int64_t max_results;
};

struct entries_out {
    struct str type, node, schema_version, captured_at, next_token;
    struct value *entries;
};

/* clang-format off */
static const struct field entries_in_fields[] = {
    STRING(struct entries_in,  node,        "InstanceId", REQUIRED, CHECK_INSTANCE_ID),
    STRING(struct entries_in,  type,        "TypeName",   REQUIRED, CHECK_TYPE_NAME),
    LIST(struct entries_in,    filters,     "Filters",    OPTIONAL, filter_shape, .min = 1, .max = 5),
    INTEGER(struct entries_in, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct entries_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape entries_in_shape =
    SHAPE("ListInventoryEntriesRequest", struct entries_in, entries_in_fields);

static const struct field entries_out_fields[] = {
    STRING(struct entries_out,   type,           "TypeName",      OPTIONAL),
    STRING(struct entries_out,   node,           "InstanceId",    OPTIONAL),
    STRING(struct entries_out,   schema_version, "SchemaVersion", OPTIONAL),
    STRING(struct entries_out,   captured_at,    "CaptureTime",   OPTIONAL),
    DOCUMENT(struct entries_out, entries,        "Entries",       OPTIONAL),
    STRING(struct entries_out,   next_token,     "NextToken",     OPTIONAL),
};
static const struct shape entries_out_shape =
    SHAPE("ListInventoryEntriesResult", struct entries_out, entries_out_fields);
/* clang-format on */

static bool entry_passes(const struct list *filters, struct str type, const struct value *entry)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        struct str name;
        if (!attribute_of(f->key, type, &name) || !matches(f, value_get_str(entry, name)))
            return false;
    }
    return true;
}

static int list_entries(struct op *op, const struct entries_in *in, struct entries_out *out)
{
    struct node n;
    struct inventory_item item;
    struct value *content;
    struct str position;
    int64_t from = 0;

    if (page_open(op, in->next_token, &position) != 0 ||
        (str_is_set(position) && !str_to_int(position, &from)))
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    PASS(node_get(op, in->node, &n));
    out->type = in->type;
    out->node = in->node;
    out->entries = value_list(op->arena);
    int found = load(op, &n, in->type, &item, &content);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    out->schema_version = item.schema_version;
    out->captured_at = item.captured_at;
    for (size_t i = (size_t)from; i < value_count(content); i++) {
        if (!entry_passes(&in->filters, in->type, value_at(content, i)))
            continue;
        if (value_count(out->entries) == (size_t)in->max_results) {
            out->next_token = page_token(op, arena_fmt(op->arena, "%zu", i));
            return 0;
        }
        value_append(op->arena, out->entries, value_at(content, i));
    }
    return 0;
}
OP_HANDLER(list_entries)

/* --- GetInventory --------------------------------------------------------- */

struct attribute_in {
    struct str type;
};

struct get_in {
    struct list filters, attributes;
    int64_t max_results;
    struct str next_token;
};

struct item_view {
    struct str type, schema_version, captured_at, hash;
    struct value *content;
};

struct entity {
    struct str id;
    struct shape_map data;
};

struct get_out {
    struct list entities;
    struct str next_token;
};

/* clang-format off */
static const struct field attribute_fields[] = {
    STRING(struct attribute_in, type, "TypeName", REQUIRED, CHECK_TYPE_NAME),
};
static const struct shape attribute_shape =
    SHAPE("ResultAttribute", struct attribute_in, attribute_fields);

static const struct field get_in_fields[] = {
    LIST(struct get_in,    filters,     "Filters",          OPTIONAL, filter_shape, .min = 1, .max = 5),
    LIST(struct get_in,    attributes,  "ResultAttributes", OPTIONAL, attribute_shape, .min = 1, .max = 1),
    INTEGER(struct get_in, max_results, "MaxResults",       OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct get_in,  next_token,  "NextToken",        OPTIONAL),
};
static const struct shape get_in_shape = SHAPE("GetInventoryRequest", struct get_in, get_in_fields);

static const struct field item_fields[] = {
    STRING(struct item_view,   type,           "TypeName",      OPTIONAL),
    STRING(struct item_view,   schema_version, "SchemaVersion", OPTIONAL),
    STRING(struct item_view,   captured_at,    "CaptureTime",   OPTIONAL),
    STRING(struct item_view,   hash,           "ContentHash",   OPTIONAL),
    DOCUMENT(struct item_view, content,        "Content",       OPTIONAL),
};
static const struct shape item_shape = SHAPE("InventoryResultItem", struct item_view, item_fields);

static const struct field entity_fields[] = {
    STRING(struct entity, id,   "Id",   OPTIONAL),
    MAP(struct entity,    data, "Data", OPTIONAL, item_shape),
};
static const struct shape entity_shape =
    SHAPE("InventoryResultEntity", struct entity, entity_fields);

static const struct field get_out_fields[] = {
    LIST(struct get_out,   entities,   "Entities",  OPTIONAL, entity_shape),
    STRING(struct get_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape get_out_shape = SHAPE("GetInventoryResult", struct get_out, get_out_fields);
/* clang-format on */

/* A node passes where some entry of the filter's type has the attribute so. */
static int node_passes(struct op *op, const struct list *filters, const struct node *n, bool *ret)
{
    *ret = true;
    for (size_t i = 0; *ret && i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        ptrdiff_t dot = str_rfind(f->key, '.');
        struct str type = str_slice(f->key, 0, (size_t)dot);
        struct str name = str_from(f->key, (size_t)dot + 1);
        struct inventory_item item;
        struct value *content;
        int found = load(op, n, type, &item, &content);
        *ret = false;
        if (found == DB_NO_ROW)
            continue;
        TRY(found);
        for (size_t j = 0; !*ret && j < value_count(content); j++)
            *ret = matches(f, value_get_str(value_at(content, j), name));
    }
    return 0;
}

static int check_filters(struct op *op, const struct list *filters)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        ptrdiff_t dot = str_rfind(f->key, '.');
        if (!check_type_name(f->key) || dot <= 0 || (size_t)dot + 1 == f->key.len)
            return op_fail(op, SSM_INVALID_FILTER,
                           "The filter key %.*s is not of the form Type.Attribute.", STR(f->key));
    }
    return 0;
}

/* A node that has nothing of the wanted type is there with nothing, as AWS has it. */
static int show(struct op *op, const struct node *n, struct str type, struct entity *ret)
{
    struct inventory_item item;
    struct item_view *v = arena_new(op->arena, struct item_view);

    ret->id = n->id;
    ret->data = (struct shape_map){ arena_array(op->arena, struct str, 1), v, 0 };
    int found = load(op, n, type, &item, &v->content);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    v->type = type;
    v->schema_version = item.schema_version;
    v->captured_at = item.captured_at;
    v->hash = item.hash;
    ret->data.keys[0] = type;
    ret->data.count = 1;
    return 0;
}

static int get_inventory(struct op *op, const struct get_in *in, struct get_out *out)
{
    struct str type = in->attributes.count ? LIST_ITEM(struct attribute_in, in->attributes, 0)->type
                                           : S(INSTANCE_INFORMATION);
    struct entity *items = arena_array(op->arena, struct entity, in->max_results);
    size_t count = CHUNK, looked = 0;
    struct node *rows;
    struct str after;

    if (page_open(op, in->next_token, &after) != 0)
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    PASS(check_filters(op, &in->filters));
    out->entities.items = items;
    while (count == CHUNK) {
        TRY(node_list(op, after, CHUNK, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            bool is_in;
            if (looked++ == LOOKED) {
                out->next_token = page_token(op, after);
                return 0;
            }
            TRY(node_passes(op, &in->filters, &rows[i], &is_in));
            if (is_in && out->entities.count == (size_t)in->max_results) {
                out->next_token = page_token(op, after);
                return 0;
            }
            if (is_in)
                TRY(show(op, &rows[i], type, &items[out->entities.count++]));
            after = rows[i].id;
        }
    }
    return 0;
}
OP_HANDLER(get_inventory)

/* clang-format off */
const struct operation inventory_list_operations[] = {
    OP("ListInventoryEntries", list_entries, entries_in_shape, entries_out_shape, OP_READS,
       RAISES(SSM_INVALID_INSTANCE_ID, SSM_INVALID_NEXT_TOKEN)),
    OP("GetInventory", get_inventory, get_in_shape, get_out_shape, OP_READS,
       RAISES(SSM_INVALID_FILTER, SSM_INVALID_NEXT_TOKEN)),
    OP_END,
};
/* clang-format on */
