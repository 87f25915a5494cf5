/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/lambda/function.h"

#include "store/db.h"
#include "svc/lambda/errors.h"

struct str function_arn(struct op *op, struct str name)
{
    return op_arn(op, "lambda", "function:%.*s", STR(name));
}

struct str function_arn_of(struct op *op, struct str given)
{
    ptrdiff_t at = str_rfind(given, ':');

    if (at >= 0 && str_eq(str_from(given, (size_t)at), S(":$LATEST"))) {
        given = str_slice(given, 0, (size_t)at);
        at = str_rfind(given, ':');
    }
    return function_arn(op, at >= 0 ? str_from(given, (size_t)at + 1) : given);
}

/* What is left of "function:NAME[:QUALIFIER]" or "NAME[:QUALIFIER]". */
static int name_in(struct op *op, struct str rest, struct str *ret)
{
    struct str qualifier;

    if (str_starts(rest, S("function:")))
        rest = str_from(rest, strlen("function:"));
    str_cut(rest, ':', ret, &qualifier);
    if (ret->len == 0 || ret->len > 64 || !str_is_word(*ret, "-_"))
        return op_fail(op, LAMBDA_INVALID_PARAMETER, "%.*s is not the name of a function.",
                       STR(rest));
    if (str_is_set(qualifier) && !str_eq(qualifier, S("$LATEST")))
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Versions and aliases of functions are not supported.");
    return 0;
}

int function_name(struct op *op, struct str given, struct str *ret)
{
    struct arn arn;
    struct str head, rest;

    if (arn_parse(given, &arn)) {
        if (!str_eq(arn.service, S("lambda")) || !str_eq(arn.account, op->account) ||
            !str_eq(arn.region, op->region))
            return op_fail(op, LAMBDA_NOT_FOUND, "Function not found: %.*s", STR(given));
        return name_in(op, arn.resource, ret);
    }
    if (str_cut(given, ':', &head, &rest) && str_eq(head, op->account))
        return name_in(op, rest, ret);
    return name_in(op, given, ret);
}

int function_find(struct op *op, struct str given, struct function *ret)
{
    struct str name;

    PASS(function_name(op, given, &name));
    int found = function_get(op->db, op->arena, op->account, op->region, name, ret);
    if (found == DB_NO_ROW)
        return op_fail(op, LAMBDA_NOT_FOUND, "Function not found: %.*s",
                       STR(function_arn(op, name)));
    TRY(found);
    return 0;
}

/* python3.7 has long been retired on AWS, and old templates still say it. All python3.x run
 * on the one Python 3 of this machine. */
bool function_runtime_is_known(struct str runtime)
{
    int64_t minor;

    if (str_starts(runtime, S("python3.")))
        return str_to_int(str_from(runtime, strlen("python3.")), &minor) && minor >= 6 &&
               minor < 100;
    return str_eq(runtime, S("provided")) || str_eq(runtime, S("provided.al2")) ||
           str_eq(runtime, S("provided.al2023"));
}
