/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/node/activation.h"

#include "api/ports.h"
#include "base/json.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

struct metadata_item {
    struct str key, value;
};

struct create_in {
    struct str description, default_name, role;
    int64_t registration_limit;
    msec expires_at;
    struct list tags, metadata;
};

struct create_out {
    struct str id, code;
};

struct filter {
    struct str key;
    struct strs values;
};

struct describe_in {
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

struct activation_view {
    struct str id, description, default_name, role;
    int64_t registration_limit, registrations;
    msec expires_at, created_at;
    bool is_expired;
    struct list tags;
};

struct describe_out {
    struct list activations;
    struct str next_token;
};

struct id_in {
    struct str id;
};

static const char *const filter_keys[] = { "ActivationIds", "DefaultInstanceName", "IamRole",
                                           NULL };

/* clang-format off */
static const struct field metadata_fields[] = {
    STRING(struct metadata_item, key,   "Key",   REQUIRED, LENGTH(1, 128)),
    STRING(struct metadata_item, value, "Value", REQUIRED, LENGTH(1, 2048)),
};
static const struct shape metadata_shape =
    SHAPE("RegistrationMetadataItem", struct metadata_item, metadata_fields);

static const struct field create_in_fields[] = {
    STRING(struct create_in,    description,        "Description",         OPTIONAL, LENGTH(0,
           256)),
    STRING(struct create_in,    default_name,       "DefaultInstanceName", OPTIONAL, LENGTH(0,
           256)),
    STRING(struct create_in,    role,               "IamRole",             REQUIRED, .max = 64),
    INTEGER(struct create_in,   registration_limit, "RegistrationLimit",   OPTIONAL, RANGE(1,
            1000), DEFAULT(1)),
    TIMESTAMP(struct create_in, expires_at,         "ExpirationDate",      OPTIONAL),
    LIST(struct create_in,      tags,               "Tags",                OPTIONAL, ssm_tag_shape,
         .max = 1000),
    LIST(struct create_in,      metadata,           "RegistrationMetadata", OPTIONAL,
         metadata_shape),
};
static const struct shape create_in_shape =
    SHAPE("CreateActivationRequest", struct create_in, create_in_fields);

static const struct field create_out_fields[] = {
    STRING(struct create_out, id,   "ActivationId",   OPTIONAL),
    STRING(struct create_out, code, "ActivationCode", SENSITIVE),
};
static const struct shape create_out_shape =
    SHAPE("CreateActivationResult", struct create_out, create_out_fields);

static const struct field filter_fields[] = {
    STRING(struct filter,  key,    "FilterKey",    OPTIONAL, .values = filter_keys),
    STRINGS(struct filter, values, "FilterValues", OPTIONAL),
};
static const struct shape filter_shape =
    SHAPE("DescribeActivationsFilter", struct filter, filter_fields);

static const struct field describe_in_fields[] = {
    LIST(struct describe_in,    filters,     "Filters",    OPTIONAL, filter_shape),
    INTEGER(struct describe_in, max_results, "MaxResults", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    STRING(struct describe_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape describe_in_shape =
    SHAPE("DescribeActivationsRequest", struct describe_in, describe_in_fields);

#define A struct activation_view
static const struct field view_fields[] = {
    STRING(A,    id,                 "ActivationId",        OPTIONAL),
    STRING(A,    description,        "Description",         OPTIONAL),
    STRING(A,    default_name,       "DefaultInstanceName", OPTIONAL),
    STRING(A,    role,               "IamRole",             OPTIONAL),
    INTEGER(A,   registration_limit, "RegistrationLimit",   OPTIONAL),
    INTEGER(A,   registrations,      "RegistrationsCount",  OPTIONAL),
    TIMESTAMP(A, expires_at,         "ExpirationDate",      OPTIONAL),
    BOOLEAN(A,   is_expired,         "Expired",             OPTIONAL),
    TIMESTAMP(A, created_at,         "CreatedDate",         OPTIONAL),
    LIST(A,      tags,               "Tags",                OPTIONAL, tag_shape),
};
#undef A
static const struct shape view_shape = SHAPE("Activation", struct activation_view, view_fields);

static const struct field describe_out_fields[] = {
    LIST(struct describe_out,   activations, "ActivationList", OPTIONAL, view_shape),
    STRING(struct describe_out, next_token,  "NextToken",      OPTIONAL),
};
static const struct shape describe_out_shape =
    SHAPE("DescribeActivationsResult", struct describe_out, describe_out_fields);

static const struct field id_in_fields[] = {
    STRING(struct id_in, id, "ActivationId", REQUIRED, CHECK_ACTIVATION_ID),
};
static const struct shape delete_in_shape =
    SHAPE("DeleteActivationRequest", struct id_in, id_in_fields);
/* clang-format on */

/* --- CreateActivation ----------------------------------------------------- */

int activation_role(struct op *op, struct str name, struct str *ret_arn)
{
    ptrdiff_t slash = str_rfind(name, '/');
    struct str base = slash < 0 ? name : str_from(name, (size_t)slash + 1);
    struct role_facts role;

    int found = op->plane->identity->role(op->db, op->arena, op->account, base, &role);
    bool is_it =
        found == 0 &&
        (slash < 0 || str_eq(role.path, arena_fmt(op->arena, "/%.*s/", (int)slash, name.p)));
    if (found != PORT_NONE)
        TRY(found);
    *ret_arn = is_it ? role.arn : op_global_arn(op, "iam", "role/%.*s", STR(name));
    int passed = op_pass_role(op, *ret_arn, S("ssm.amazonaws.com"));
    if (passed == OP_INVALID || (passed == 0 && !is_it))
        return op_invalid(op,
                          "Nonexistent role or missing ssm service principal in trust policy: "
                          "%.*s",
                          STR(*ret_arn));
    return passed;
}

static struct str tags_text(struct op *op, const struct list *tags)
{
    struct value *map = value_map(op->arena);

    for (size_t i = 0; i < tags->count; i++) {
        struct tag *tag = LIST_ITEM(struct tag, *tags, i);
        value_set_str(op->arena, map, tag->key, tag->value);
    }
    return json_format(op->arena, map);
}

static int check_create(struct op *op, const struct create_in *in)
{
    if (in->metadata.count > 0)
        return op_fail(op, OP_UNSUPPORTED, "RegistrationMetadata is not supported.");
    if (in->tags.count > TAGS_MAX)
        return op_fail(op, SSM_INVALID_PARAMETERS, "A node can have at most %d tags.", TAGS_MAX);
    for (size_t i = 0; i < in->tags.count; i++)
        if (str_starts(LIST_ITEM(struct tag, in->tags, i)->key, S("aws:")))
            return op_fail(op, SSM_INVALID_PARAMETERS,
                           "Tag keys starting with aws: are reserved for system use.");
    if (in->expires_at != UNSET &&
        (in->expires_at <= op->now || in->expires_at > op->now + ACTIVATION_MAX_LIFETIME))
        return op_fail(op, SSM_INVALID_PARAMETERS,
                       "The expiration date must be in the future, and within 30 days.");
    return 0;
}

static int create_activation(struct op *op, const struct create_in *in, struct create_out *out)
{
    struct str role_arn;

    PASS(check_create(op, in));
    PASS(activation_role(op, in->role, &role_arn));
    struct str code = random_text(op->arena, ACTIVATION_CODE_LENGTH,
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    struct activation r = {
        .id = random_uuid(op->arena),
        .account = op->account,
        .region = op->region,
        .code_hash = sha256_hex(op->arena, code),
        .description = in->description,
        .default_name = in->default_name,
        .role = in->role,
        .registration_limit = in->registration_limit,
        .expires_at = in->expires_at != UNSET ? in->expires_at : op->now + ACTIVATION_LIFETIME,
        .created_at = op->now,
        .tags = tags_text(op, &in->tags),
    };
    TRY(activation_insert(op, &r));
    *out = (struct create_out){ .id = r.id, .code = code };
    return 0;
}
OP_HANDLER(create_activation)

/* --- DescribeActivations, DeleteActivation -------------------------------- */

static int view(struct op *op, const struct activation *r, struct activation_view *ret)
{
    struct value *map;

    TRY(json_parse(op->arena, r->tags, &map, NULL));
    size_t n_tags = value_count(map);
    struct tag *tags = arena_array(op->arena, struct tag, n_tags);
    for (size_t i = 0; i < n_tags; i++)
        tags[i] = (struct tag){ map->map.members[i].key, value_str(map->map.members[i].value) };
    *ret = (struct activation_view){
        .id = r->id,
        .description = r->description,
        .default_name = r->default_name,
        .role = r->role,
        .registration_limit = r->registration_limit,
        .registrations = r->registrations,
        .expires_at = r->expires_at,
        .created_at = r->created_at,
        .is_expired = r->expires_at <= op->now,
        .tags = { n_tags ? tags : NULL, n_tags },
    };
    return 0;
}

static bool passes(const struct activation *r, const struct list *filters)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        struct str have = str_eq(f->key, S("ActivationIds")) ? r->id
                          : str_eq(f->key, S("IamRole"))     ? r->role
                                                             : r->default_name;
        if (!strs_have(f->values, have))
            return false;
    }
    return true;
}

#define CHUNK 200

/* Reads on until the page is full: a filter may pass few. */
static int describe_activations(struct op *op, const struct describe_in *in,
                                struct describe_out *out)
{
    struct str after;
    struct activation *rows;
    size_t count = CHUNK;
    struct activation_view *items = arena_array(op->arena, struct activation_view, in->max_results);

    if (page_open(op, in->next_token, &after) != 0)
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    for (size_t i = 0; i < in->filters.count; i++)
        if (!str_is_set(LIST_ITEM(struct filter, in->filters, i)->key))
            return op_fail(op, SSM_INVALID_FILTER, "A filter needs a FilterKey.");
    out->activations.items = items;
    while (count == CHUNK) {
        TRY(activation_list(op, after, CHUNK, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            if (!passes(&rows[i], &in->filters))
                continue;
            if (out->activations.count == (size_t)in->max_results) {
                out->next_token = page_token(op, items[out->activations.count - 1].id);
                return 0;
            }
            TRY(view(op, &rows[i], &items[out->activations.count++]));
        }
        if (count > 0)
            after = rows[count - 1].id;
    }
    return 0;
}
OP_HANDLER(describe_activations)

static int delete_activation(struct op *op, const struct id_in *in, struct nothing *out)
{
    struct activation r;
    (void)out;

    int found = activation_get(op, in->id, &r);
    if (found == DB_NO_ROW ||
        (found == 0 && (!str_eq(r.account, op->account) || !str_eq(r.region, op->region))))
        return op_fail(op, SSM_INVALID_ACTIVATION_ID, "The activation ID is not valid.");
    TRY(found);
    TRY(activation_delete(op, in->id));
    return 0;
}
OP_HANDLER(delete_activation)

/* clang-format off */
const struct operation activation_operations[] = {
    OP("CreateActivation", create_activation, create_in_shape, create_out_shape, OP_WRITES,
       RAISES(SSM_INVALID_PARAMETERS)),
    OP("DescribeActivations", describe_activations, describe_in_shape, describe_out_shape,
       OP_READS, RAISES(SSM_INVALID_FILTER, SSM_INVALID_NEXT_TOKEN)),
    OP("DeleteActivation", delete_activation, delete_in_shape, shape_nothing, OP_WRITES,
       RAISES(SSM_INVALID_ACTIVATION_ID)),
    OP_END,
};
/* clang-format on */
