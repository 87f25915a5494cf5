/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/patchbay/node.h"

#include "svc/patchbay/errors.h"

int patchbay_node(struct op *op, struct str id, struct node_facts *ret)
{
    struct node_facts node;

    int found = op->plane->nodes->node(op->db, op->arena, id, &node);
    if (found == PORT_NONE ||
        (found == 0 && (!str_eq(node.account, op->account) || !str_eq(node.region, op->region))))
        return op_fail(op, PATCHBAY_NO_NODE, "%.*s is no managed node of this account and Region.",
                       STR(id));
    TRY(found);
    *ret = node;
    return 0;
}
