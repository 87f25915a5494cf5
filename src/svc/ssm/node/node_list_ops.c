/* SPDX-License-Identifier: Apache-2.0 */
/* DescribeInstanceInformation: the managed nodes of an account and Region. */
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/operations.h"

struct list_in {
    struct list old_filters, filters;
    int64_t max_results;
    struct str next_token;
};

struct node_view {
    struct str id, ping_status, agent_version, platform_type, platform_name, platform_version;
    struct str activation_id, role, resource_type, name, ip_address, computer_name;
    struct str source_id, source_type;
    msec pinged_at, registered_at;
};

struct list_out {
    struct list nodes;
    struct str next_token;
};

static const char *const old_keys[] = { "InstanceIds",   "AgentVersion",      "PingStatus",
                                        "PlatformTypes", "ActivationIds",     "IamRole",
                                        "ResourceType",  "AssociationStatus", NULL };

/* clang-format off */
static const struct field old_filter_fields[] = {
    STRING(struct name_values,  key,    "key",      REQUIRED, .values = old_keys),
    STRINGS(struct name_values, values, "valueSet", REQUIRED, .min = 1, .max = 100, .item_min = 1),
};
static const struct shape old_filter_shape =
    SHAPE("InstanceInformationFilter", struct name_values, old_filter_fields);

static const struct field filter_fields[] = {
    STRING(struct name_values,  key,    "Key",    REQUIRED, .min = 1),
    STRINGS(struct name_values, values, "Values", REQUIRED, .min = 1, .max = 100, .item_min = 1),
};
static const struct shape filter_shape =
    SHAPE("InstanceInformationStringFilter", struct name_values, filter_fields);

static const struct field list_in_fields[] = {
    LIST(struct list_in,    old_filters, "InstanceInformationFilterList", OPTIONAL,
         old_filter_shape),
    LIST(struct list_in,    filters,     "Filters",                       OPTIONAL, filter_shape),
    INTEGER(struct list_in, max_results, "MaxResults",                    OPTIONAL, RANGE(5, 50),
            DEFAULT(50)),
    STRING(struct list_in,  next_token,  "NextToken",                     OPTIONAL),
};
static const struct shape list_in_shape =
    SHAPE("DescribeInstanceInformationRequest", struct list_in, list_in_fields);

#define N struct node_view
static const struct field view_fields[] = {
    STRING(N,    id,               "InstanceId",       OPTIONAL),
    STRING(N,    ping_status,      "PingStatus",       OPTIONAL),
    TIMESTAMP(N, pinged_at,        "LastPingDateTime", OPTIONAL),
    STRING(N,    agent_version,    "AgentVersion",     OPTIONAL),
    STRING(N,    platform_type,    "PlatformType",     OPTIONAL),
    STRING(N,    platform_name,    "PlatformName",     OPTIONAL),
    STRING(N,    platform_version, "PlatformVersion",  OPTIONAL),
    STRING(N,    activation_id,    "ActivationId",     OPTIONAL),
    STRING(N,    role,             "IamRole",          OPTIONAL),
    TIMESTAMP(N, registered_at,    "RegistrationDate", OPTIONAL),
    STRING(N,    resource_type,    "ResourceType",     OPTIONAL),
    STRING(N,    name,             "Name",             OPTIONAL),
    STRING(N,    ip_address,       "IPAddress",        OPTIONAL),
    STRING(N,    computer_name,    "ComputerName",     OPTIONAL),
    STRING(N,    source_id,        "SourceId",         OPTIONAL),
    STRING(N,    source_type,      "SourceType",       OPTIONAL),
};
#undef N
static const struct shape view_shape =
    SHAPE("InstanceInformation", struct node_view, view_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   nodes,      "InstanceInformationList", OPTIONAL, view_shape),
    STRING(struct list_out, next_token, "NextToken",               OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("DescribeInstanceInformationResult", struct list_out, list_out_fields);
/* clang-format on */

/* --- filters -------------------------------------------------------------- */

enum key {
    KEY_INSTANCE_IDS,
    KEY_AGENT_VERSION,
    KEY_PING_STATUS,
    KEY_PLATFORM_TYPES,
    KEY_ACTIVATION_IDS,
    KEY_ROLE,
    KEY_RESOURCE_TYPE,
    KEY_SOURCE_IDS,
    KEY_SOURCE_TYPES,
    KEY_TAG_KEY,
    KEY_TAG,
    KEYS,
};

static const char *const key_names[KEYS] = {
    [KEY_INSTANCE_IDS] = "InstanceIds",
    [KEY_AGENT_VERSION] = "AgentVersion",
    [KEY_PING_STATUS] = "PingStatus",
    [KEY_PLATFORM_TYPES] = "PlatformTypes",
    [KEY_ACTIVATION_IDS] = "ActivationIds",
    [KEY_ROLE] = "IamRole",
    [KEY_RESOURCE_TYPE] = "ResourceType",
    [KEY_SOURCE_IDS] = "SourceIds",
    [KEY_SOURCE_TYPES] = "SourceTypes",
    [KEY_TAG_KEY] = "tag-key",
    [KEY_TAG] = "tag:",
};

struct filter {
    enum key key;
    struct str tag; /* of KEY_TAG: its name */
    struct strs values;
};

static int read_filter(struct op *op, const struct name_values *in, struct filter *ret)
{
    *ret = (struct filter){ .values = in->values };
    if (str_starts(in->key, S("tag:"))) {
        ret->key = KEY_TAG;
        ret->tag = str_from(in->key, strlen("tag:"));
        return 0;
    }
    for (unsigned k = 0; k < KEY_TAG; k++) {
        if (str_eq(in->key, str_of(key_names[k]))) {
            ret->key = (enum key)k;
            return 0;
        }
    }
    return op_fail(op, SSM_INVALID_FILTER_KEY, "The filter key %.*s is not supported.",
                   STR(in->key));
}

static int read_filters(struct op *op, const struct list_in *in, struct filter **ret,
                        size_t *ret_count)
{
    size_t count = in->old_filters.count + in->filters.count;
    struct filter *filters = arena_array(op->arena, struct filter, count), *f = filters;

    if (in->old_filters.count > 0 && in->filters.count > 0)
        return op_invalid(op, "Filters and InstanceInformationFilterList exclude each other.");
    for (size_t i = 0; i < in->old_filters.count; i++)
        PASS(read_filter(op, LIST_ITEM(struct name_values, in->old_filters, i), f++));
    for (size_t i = 0; i < in->filters.count; i++)
        PASS(read_filter(op, LIST_ITEM(struct name_values, in->filters, i), f++));
    *ret = filters;
    *ret_count = count;
    return 0;
}

static int has_tag(struct op *op, const struct node *n, const struct filter *f, bool *ret)
{
    struct tag *tags;
    size_t count;

    *ret = false;
    TRY(tags_of(op->db, op->arena, node_arn(op, n->id), &tags, &count));
    for (size_t i = 0; i < count; i++)
        *ret = *ret || (f->key == KEY_TAG
                            ? str_eq(tags[i].key, f->tag) && strs_have(f->values, tags[i].value)
                            : strs_have(f->values, tags[i].key));
    return 0;
}

static struct str fact(struct op *op, const struct node *n, enum key key)
{
    switch (key) {
    case KEY_INSTANCE_IDS:
        return n->id;
    case KEY_AGENT_VERSION:
        return n->agent_version;
    case KEY_PING_STATUS:
        return node_ping_status(n, op->now);
    case KEY_PLATFORM_TYPES:
        return n->platform_type;
    case KEY_ACTIVATION_IDS:
        return n->activation_id;
    case KEY_ROLE:
        return n->role;
    case KEY_RESOURCE_TYPE:
        return S("ManagedInstance");
    case KEY_SOURCE_IDS:
        return n->id;
    case KEY_SOURCE_TYPES:
        return S(NODE_TYPE);
    case KEY_TAG_KEY:
    case KEY_TAG:
    case KEYS:
        break;
    }
    return (struct str){ 0 };
}

static int passes(struct op *op, const struct node *n, const struct filter *filters, size_t count,
                  bool *ret)
{
    *ret = true;
    for (size_t i = 0; *ret && i < count; i++) {
        const struct filter *f = &filters[i];
        if (f->key == KEY_TAG || f->key == KEY_TAG_KEY)
            TRY(has_tag(op, n, f, ret));
        else
            *ret = strs_have(f->values, fact(op, n, f->key));
    }
    return 0;
}

/* --- the list ------------------------------------------------------------- */

static struct node_view view(struct op *op, const struct node *n)
{
    return (struct node_view){
        .id = n->id,
        .ping_status = node_ping_status(n, op->now),
        .pinged_at = n->pinged_at ? n->pinged_at : UNSET,
        .agent_version = n->agent_version,
        .platform_type = n->platform_type,
        .platform_name = n->platform_name,
        .platform_version = n->platform_version,
        .activation_id = n->activation_id,
        .role = n->role,
        .registered_at = n->registered_at,
        .resource_type = S("ManagedInstance"),
        .name = n->name,
        .ip_address = n->ip_address,
        .computer_name = n->computer_name,
        .source_id = n->id,
        .source_type = S(NODE_TYPE),
    };
}

#define CHUNK 200

/* Reads on until the page is full: a filter may pass few. */
static int fill(struct op *op, const struct filter *filters, size_t n_filters, struct str after,
                size_t max, struct list_out *out)
{
    struct node_view *items = out->nodes.items;
    struct node *rows;
    size_t count = CHUNK;

    while (count == CHUNK) {
        TRY(node_list(op, after, CHUNK, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            bool is_in;
            TRY(passes(op, &rows[i], filters, n_filters, &is_in));
            if (is_in && out->nodes.count == max) {
                out->next_token = page_token(op, items[max - 1].id);
                return 0;
            }
            if (is_in)
                items[out->nodes.count++] = view(op, &rows[i]);
        }
        if (count > 0)
            after = rows[count - 1].id;
    }
    return 0;
}

static int describe_instance_information(struct op *op, const struct list_in *in,
                                         struct list_out *out)
{
    struct filter *filters = NULL;
    size_t n_filters = 0;
    struct str after;

    if (page_open(op, in->next_token, &after) != 0)
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    PASS(read_filters(op, in, &filters, &n_filters));
    out->nodes.items = arena_array(op->arena, struct node_view, in->max_results);
    return fill(op, filters, n_filters, after, (size_t)in->max_results, out);
}
OP_HANDLER(describe_instance_information)

/* clang-format off */
const struct operation node_list_operations[] = {
    OP("DescribeInstanceInformation", describe_instance_information, list_in_shape,
       list_out_shape, OP_READS, RAISES(SSM_INVALID_NEXT_TOKEN, SSM_INVALID_FILTER_KEY)),
    OP_END,
};
/* clang-format on */
