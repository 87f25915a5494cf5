/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/set_view.h"

const char *const call_as[] = { "SELF", "DELEGATED_ADMIN", NULL };
const char *const permission_models[] = { "SERVICE_MANAGED", "SELF_MANAGED", NULL };

bool account_is_valid(struct str s)
{
    return s.len == 12 && str_is_digits(s);
}

bool region_is_valid(struct str s)
{
    return s.len > 0 && s.len <= 128 && str_is_word(s, "-");
}

int call_as_self(struct op *op, struct str as)
{
    if (!str_eq(as, S("DELEGATED_ADMIN")))
        return 0;
    return op_fail(op, OP_UNSUPPORTED,
                   "Delegated administrators of stack sets are not supported yet.");
}

struct str set_resource(struct op *op, struct str name_or_id)
{
    struct stack_set set;

    if (str_find(name_or_id, ':') >= 0)
        return op_arn(op, "cloudformation", "stackset/%.*s", STR(name_or_id));
    if (set_get_live(op, name_or_id, &set) == 0)
        return op_arn(op, "cloudformation", "stackset/%.*s", STR(set.id));
    return op_arn(op, "cloudformation", "stackset/%.*s:*", STR(name_or_id));
}
