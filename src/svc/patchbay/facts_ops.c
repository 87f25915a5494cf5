/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PutPatchFacts: a node tells the facts behind its last report. The bytes are named by
 * their hash, and come only where the plane does not hold them from that node already.
 */
#include "base/json.h"
#include "svc/patchbay/errors.h"
#include "svc/patchbay/node.h"
#include "svc/patchbay/operations.h"

struct put_in {
    struct str node, hash, operation, baseline, override_list;
    struct value *facts;
    msec captured_at;
    enum tristate rebooted;
};

static const char *const operation_names[] = { "Scan", "Install", NULL };

static bool check_hash(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    return true;
}

/* clang-format off */
static const struct field put_in_fields[] = {
    STRING(struct put_in,    node,          "InstanceId",          REQUIRED, LENGTH(1, 100)),
    TIMESTAMP(struct put_in, captured_at,   "CaptureTime",         REQUIRED),
    STRING(struct put_in,    hash,          "Hash",                REQUIRED, LENGTH(64, 64),
           .matches = check_hash, .pattern = "^[0-9a-f]{64}$"),
    DOCUMENT(struct put_in,  facts,         "Facts",               OPTIONAL),
    STRING(struct put_in,    operation,     "Operation",           REQUIRED, .values = operation_names),
    STRING(struct put_in,    baseline,      "BaselineId",          REQUIRED, LENGTH(1, 128)),
    STRING(struct put_in,    override_list, "InstallOverrideList", OPTIONAL, LENGTH(1, 256)),
    TRISTATE(struct put_in,  rebooted,      "Rebooted",            OPTIONAL),
};
/* Of agents of any version. */
static const struct shape put_in = SHAPE_OPEN("PutPatchFactsRequest", struct put_in, put_in_fields);
/* clang-format on */

/* The hash is that of the compact form, so it is the blob's name too. */
static int read_facts(struct op *op, const struct put_in *in, struct facts_doc *ret)
{
    const struct blob_port *blobs = &op->plane->blobs;
    struct str text = json_format(op->arena, in->facts), why = S(""), name;

    if (text.len > FACTS_DOC_MAX_BYTES)
        return op_fail(op, PATCHBAY_INVALID_FACTS, "The facts have more than %zu bytes.",
                       FACTS_DOC_MAX_BYTES);
    if (!str_eq(sha256_hex(op->arena, text), in->hash))
        return op_fail(op, PATCHBAY_INVALID_FACTS, "The hash is not that of the facts.");
    int parsed = facts_parse(op->arena, in->facts, ret, &why);
    if (parsed == FACTS_MALFORMED)
        return op_fail(op, PATCHBAY_INVALID_FACTS, "The facts are not valid: %.*s.", STR(why));
    TRY(parsed);
    TRY(blobs->put(blobs->context, text, op->arena, &name));
    return 0;
}

static int put_facts(struct op *op, const struct put_in *in, struct nothing *out)
{
    struct node_facts node;
    struct host_facts facts = {
        .node = in->node,
        .blob = in->hash,
        .operation = in->operation,
        .baseline = in->baseline,
        .install_override_list = in->override_list,
        .captured_at = in->captured_at,
        .received_at = op->now,
        .rebooted = in->rebooted,
    };
    struct facts_doc parsed;
    (void)out;

    PASS(patchbay_node(op, in->node, &node));
    PASS(op->plane->nodes->may_report(op, in->node));
    if (in->facts)
        PASS(read_facts(op, in, &parsed));
    int put = op->plane->nodes->put_facts(op, &facts, in->facts ? &parsed : NULL);
    if (put == PORT_NONE)
        return op_fail(op, PATCHBAY_UNKNOWN_HASH, "These are not the facts that are held of %.*s.",
                       STR(in->node));
    TRY(put);
    return 0;
}
OP_HANDLER(put_facts)

/* clang-format off */
const struct operation facts_operations[] = {
    OP("PutPatchFacts", put_facts, put_in, shape_nothing, OP_WRITES | OP_OURS | OP_OWN_AUTH,
       RAISES(PATCHBAY_INVALID_FACTS, PATCHBAY_NO_NODE, PATCHBAY_UNKNOWN_HASH)),
    OP_END,
};
/* clang-format on */
