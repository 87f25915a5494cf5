/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/node/node.h"

#include "svc/ssm/errors.h"

struct str node_arn(struct op *op, struct str id)
{
    return op_arn(op, "ssm", "managed-instance/%.*s", STR(id));
}

struct str node_ping_status(const struct node *n, msec now)
{
    if (n->pinged_at == 0)
        return S("Inactive");
    return now - n->pinged_at < NODE_LOST_AFTER ? S("Online") : S("ConnectionLost");
}

int node_get(struct op *op, struct str id, struct node *ret)
{
    int found = node_load(op->db, op->arena, id, ret);
    if (found == DB_NO_ROW ||
        (found == 0 && (!str_eq(ret->account, op->account) || !str_eq(ret->region, op->region))))
        return op_fail(op, SSM_INVALID_INSTANCE_ID,
                       "The instance ID %.*s is not valid for account %.*s in this Region.",
                       STR(id), STR(op->account));
    TRY(found);
    return 0;
}

/* Anyone who may assume the role could take a node's id as session name. Whom the
 * role trusts is the account's own choice; another role's session is no node. */
int node_itself(struct op *op, struct str id)
{
    const struct principal *p = op->principal;
    struct node n;

    if (p->kind == PRINCIPAL_ROLE && str_eq(p->session, id)) {
        int found = node_load(op->db, op->arena, id, &n);
        if (found != DB_NO_ROW)
            TRY(found);
        ptrdiff_t slash = found == 0 ? str_rfind(n.role, '/') : 0;
        if (found == 0 && str_eq(n.account, op->account) && str_eq(n.region, op->region) &&
            str_eq(str_from(n.role, (size_t)(slash + 1)), p->name))
            return 0;
    }
    return op_fail(op, OP_DENIED, "%.*s is not the managed node %.*s.", STR(p->arn), STR(id));
}
