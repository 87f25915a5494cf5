/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/sts/operations.h"

struct identity_out {
    struct str user_id, account, arn;
};

/* clang-format off */
static const struct field identity_fields[] = {
    STRING(struct identity_out, user_id, "UserId",  OPTIONAL),
    STRING(struct identity_out, account, "Account", OPTIONAL),
    STRING(struct identity_out, arn,     "Arn",     OPTIONAL),
};
static const struct shape identity_shape =
    SHAPE("GetCallerIdentityResponse", struct identity_out, identity_fields);
/* clang-format on */

/* "No permissions are required": whoever can sign may know who it is. */
static int get_caller_identity(struct op *op, const struct nothing *in, struct identity_out *out)
{
    const struct principal *p = op->principal;
    (void)in;

    *out = (struct identity_out){ .user_id = p->id, .account = p->account, .arn = p->arn };
    return 0;
}
OP_HANDLER(get_caller_identity)

/* clang-format off */
const struct operation caller_operations[] = {
    OP("GetCallerIdentity", get_caller_identity, shape_nothing, identity_shape,
       OP_READS | OP_OWN_AUTH, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
