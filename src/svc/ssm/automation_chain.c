/* SPDX-License-Identifier: Apache-2.0 */
/* As whom an execution acts, and what comes of it when it may not. */
#include "svc/ssm/automation.h"

#include "base/json.h"
#include "engine/execution.h"

int automation_principal(struct task_run *run, const struct automation_text *text,
                         struct str account, struct str then_role, struct principal *ret_principal,
                         struct aws_result *ret)
{
    struct arena *a = run->arena;
    struct str items[2];
    struct strs roles = { items, 0 };
    struct value *v;
    struct principal first;

    TRY(json_parse(a, text->caller, &v, NULL));
    if (!principal_from_value(v, a, &first))
        return FAULT(EINVAL);
    if (str_is_set(text->role)) {
        first = principal_service(S("ssm.amazonaws.com"), account);
        items[roles.count++] = text->role;
    }
    if (str_is_set(then_role))
        items[roles.count++] = then_role;
    TRY(aws_assume_chain(run->aws, &first, roles, arena_fmt(a, "Automation-%.*s", STR(text->id)), a,
                         ret_principal, ret));
    return 0;
}

struct value *automation_refusal(struct arena *a, const struct aws_result *result,
                                 const char *operation)
{
    struct value *answer = value_map(a);

    value_set_str(a, answer, S("code"), result->code);
    value_set_str(a, answer, S("operation"), str_of(operation));
    value_set_str(a, answer, S("message"), str_is_set(result->message) ? result->message : S(""));
    return answer;
}

static struct str type_of(struct str code)
{
    if (str_starts(code, S("AccessDenied")) || str_starts(code, S("Unauthorized")))
        return S("Permission");
    return str_starts(code, S("Throttling")) ? S("Throttling") : S("Action");
}

bool automation_refused(struct arena *a, const struct value *answer, struct step_failure *ret)
{
    struct str code = value_get_str(answer, S("code"));

    *ret = (struct step_failure){ S("Invocation"), S("Internal"),
                                  S("It was tried many times without success.") };
    if (!answer)
        return true;
    if (!str_is_set(code))
        return false;
    ret->type = type_of(code);
    ret->message = arena_fmt(a, "An error occurred (%.*s) when calling the %.*s operation: %.*s",
                             STR(code), STR(value_get_str(answer, S("operation"))),
                             STR(value_get_str(answer, S("message"))));
    return true;
}
