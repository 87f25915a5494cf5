/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a host becomes a managed node and gets credentials: three operations that
 * only agents call, the first unsigned, the others signed with the node's own
 * key. AWS publishes no model of them; this is what its agent sends and wants.
 */
#include "base/hex.h"
#include "base/json.h"
#include "svc/ssm/node/activation.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/operations.h"

struct register_in {
    struct str activation_id, code, fingerprint, public_key, key_type, region;
};

struct register_out {
    struct str id;
};

struct token_in {
    struct str fingerprint;
};

struct token_out {
    struct str access_key, secret, token;
    msec expires_at;
    bool update_key_pair;
};

struct key_in {
    struct str public_key, key_type;
};

static const char *const key_types[] = { "Rsa", NULL };

/* clang-format off */
static const struct field register_in_fields[] = {
    STRING(struct register_in, activation_id, "ActivationId",   REQUIRED, LENGTH(36, 36)),
    STRING(struct register_in, code,          "ActivationCode", REQUIRED | SENSITIVE, LENGTH(20,
           250)),
    STRING(struct register_in, fingerprint,   "Fingerprint",    REQUIRED, LENGTH(1, 256)),
    STRING(struct register_in, public_key,    "PublicKey",      REQUIRED, LENGTH(200, 2048)),
    STRING(struct register_in, key_type,      "PublicKeyType",  REQUIRED, .values = key_types),
    STRING(struct register_in, region,        "Region",         OPTIONAL, LENGTH(1, 64)),
};
static const struct shape register_in_shape =
    SHAPE("RegisterManagedInstanceRequest", struct register_in, register_in_fields);

static const struct field register_out_fields[] = {
    STRING(struct register_out, id, "InstanceId", OPTIONAL),
};
static const struct shape register_out_shape =
    SHAPE("RegisterManagedInstanceResult", struct register_out, register_out_fields);

static const struct field token_in_fields[] = {
    STRING(struct token_in, fingerprint, "Fingerprint", REQUIRED, LENGTH(1, 256)),
};
static const struct shape token_in_shape =
    SHAPE_OPEN("RequestManagedInstanceRoleTokenRequest", struct token_in, token_in_fields);

static const struct field token_out_fields[] = {
    STRING(struct token_out,    access_key,      "AccessKeyId",         OPTIONAL),
    STRING(struct token_out,    secret,          "SecretAccessKey",     SENSITIVE),
    STRING(struct token_out,    token,           "SessionToken",        SENSITIVE),
    TIMESTAMP(struct token_out, expires_at,      "TokenExpirationDate", OPTIONAL),
    BOOLEAN(struct token_out,   update_key_pair, "UpdateKeyPair",       OPTIONAL),
};
static const struct shape token_out_shape =
    SHAPE("RequestManagedInstanceRoleTokenResult", struct token_out, token_out_fields);

static const struct field key_in_fields[] = {
    STRING(struct key_in, public_key, "NewPublicKey",     REQUIRED, LENGTH(200, 2048)),
    STRING(struct key_in, key_type,   "NewPublicKeyType", REQUIRED, .values = key_types),
};
static const struct shape key_in_shape =
    SHAPE_OPEN("UpdateManagedInstancePublicKeyRequest", struct key_in, key_in_fields);
/* clang-format on */

/* A SubjectPublicKeyInfo of an RSA key of 2048 bits or more, as far as bytes tell:
 * 30 82 LL LL, the algorithm rsaEncryption, and long enough for the modulus. A key
 * that is damaged further on harms its owner only: it verifies nothing. */
static bool decode_key(struct op *op, struct str text, struct str *ret)
{
    static const char algorithm[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    struct str head = { algorithm, sizeof(algorithm) - 1 };

    return base64_decode(op->arena, text, ret) && ret->len >= 290 && ret->len <= 1100 &&
           (uint8_t)ret->p[0] == 0x30 && (uint8_t)ret->p[1] == 0x82 &&
           str_starts(str_from(*ret, 4), head);
}

static int refuse_key(struct op *op)
{
    return op_invalid(op, "The public key must be a base64-encoded RSA key of at least 2048 bits.");
}

/* --- RegisterManagedInstance ---------------------------------------------- */

/* One answer for all that can be wrong, so that nothing is learnt by guessing. */
static int open_activation(struct op *op, const struct register_in *in, struct activation *ret)
{
    int found = activation_get(op, in->activation_id, ret);
    if (found != DB_NO_ROW)
        TRY(found);
    if (found == DB_NO_ROW || !crypto_equal(ret->code_hash, sha256_hex(op->arena, in->code)) ||
        ret->expires_at <= op->now || ret->registrations >= ret->registration_limit)
        return op_fail(op, SSM_INVALID_ACTIVATION,
                       "The activation is not valid, has expired, or is used up.");
    return 0;
}

static int put_tags(struct op *op, const struct node *n, struct str text)
{
    struct tagged resource = {
        .arn = node_arn(op, n->id), .account = n->account, .region = n->region, .type = S(NODE_TYPE)
    };
    struct value *map;

    TRY(json_parse(op->arena, text, &map, NULL));
    size_t count = value_count(map);
    struct tag *tags = arena_array(op->arena, struct tag, count);
    for (size_t i = 0; i < count; i++)
        tags[i] = (struct tag){ map->map.members[i].key, value_str(map->map.members[i].value) };
    PASS(tags_put(op, &resource, tags, count));
    return 0;
}

static int register_managed_instance(struct op *op, const struct register_in *in,
                                     struct register_out *out)
{
    struct activation r;
    struct str key;

    if (!decode_key(op, in->public_key, &key))
        return refuse_key(op);
    PASS(open_activation(op, in, &r));
    /* Our agent says where it is going to speak: elsewhere no call of it would be taken. */
    if (str_is_set(in->region) && !str_eq(in->region, r.region))
        return op_fail(op, SSM_INVALID_ACTIVATION, "The activation is one of the Region %.*s.",
                       STR(r.region));
    op->account = r.account; /* nobody signed: the activation says where */
    op->region = r.region;

    struct node n = {
        .id = arena_fmt(op->arena, "mi-0%.*s", STR(random_hex(op->arena, 16))),
        .account = r.account,
        .region = r.region,
        .activation_id = r.id,
        .role = r.role,
        .name = r.default_name,
        .public_key = key,
        .fingerprint = in->fingerprint,
        .registered_at = op->now,
    };
    TRY(node_insert(op, &n));
    TRY(activation_count_registration(op, r.id));
    PASS(put_tags(op, &n, r.tags));
    out->id = n.id;
    return 0;
}
OP_HANDLER(register_managed_instance)

/* --- RequestManagedInstanceRoleToken, UpdateManagedInstancePublicKey ------ */

static struct principal session_of(struct op *op, const struct node *n,
                                   const struct role_facts *role)
{
    return (struct principal){
        .kind = PRINCIPAL_ROLE,
        .account = n->account,
        .arn = arena_fmt(op->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", STR(n->account),
                         STR(role->name), STR(n->id)),
        .id = arena_fmt(op->arena, "%.*s:%.*s", STR(role->id), STR(n->id)),
        .name = role->name,
        .session = n->id,
    };
}

static bool is_key_old(const struct op *op, const struct node *n)
{
    return op->plane->node_key_life > 0 && op->now - n->key_made_at > op->plane->node_key_life;
}

static int request_managed_instance_role_token(struct op *op, const struct token_in *in,
                                               struct token_out *out)
{
    struct node n;
    struct str role_arn;
    struct role_facts role;

    TRY(node_load(op->db, op->arena, op->principal->name, &n));
    if (!crypto_equal(n.fingerprint, in->fingerprint))
        return op_fail(op, SSM_MACHINE_FINGERPRINT_DOES_NOT_MATCH,
                       "The fingerprint is not the one that %.*s was registered with.", STR(n.id));
    int usable = activation_role(op, n.role, &role_arn);
    if (usable == OP_INVALID) /* what the agent knows to wait on */
        return OP_DENIED;
    PASS(usable);
    ptrdiff_t slash = str_rfind(role_arn, '/');
    TRY(op->plane->identity->role(op->db, op->arena, n.account,
                                  str_from(role_arn, (size_t)slash + 1), &role));

    struct principal as = session_of(op, &n, &role);
    struct session s =
        session_issue(op->plane, op->arena, &as, op->now, op->now + NODE_TOKEN_LIFETIME);
    *out = (struct token_out){
        .access_key = s.access_key,
        .secret = s.secret,
        .token = s.token,
        .expires_at = s.expires_at,
        .update_key_pair = is_key_old(op, &n),
    };
    return 0;
}
OP_HANDLER(request_managed_instance_role_token)

static int update_managed_instance_public_key(struct op *op, const struct key_in *in,
                                              struct nothing *out)
{
    struct str key;
    (void)out;

    if (!decode_key(op, in->public_key, &key))
        return refuse_key(op);
    TRY(node_set_key(op, op->principal->name, key));
    return 0;
}
OP_HANDLER(update_managed_instance_public_key)

/* clang-format off */
const struct operation registration_operations[] = {
    OP("RegisterManagedInstance", register_managed_instance, register_in_shape,
       register_out_shape, OP_WRITES | OP_UNSIGNED | OP_OURS, RAISES(SSM_INVALID_ACTIVATION)),
    OP("RequestManagedInstanceRoleToken", request_managed_instance_role_token, token_in_shape,
       token_out_shape, OP_READS | OP_NODE_KEY | OP_OURS,
       RAISES(SSM_MACHINE_FINGERPRINT_DOES_NOT_MATCH)),
    OP("UpdateManagedInstancePublicKey", update_managed_instance_public_key, key_in_shape,
       shape_nothing, OP_WRITES | OP_NODE_KEY | OP_OURS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
