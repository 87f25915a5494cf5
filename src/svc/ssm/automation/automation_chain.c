/* SPDX-License-Identifier: Apache-2.0 */
/* As whom an execution acts, and what comes of it when it may not. */
#include "svc/ssm/automation/automation.h"

#include "base/json.h"
#include "engine/execution.h"

/* Its own role, as the service and for itself: trust policies may ask for both. */
static int assume_own(struct task_run *run, const struct automation_text *text,
                      const struct task *task, struct principal *ret_principal,
                      struct aws_result *ret)
{
    struct arena *a = run->arena;
    struct principal service = principal_service(S("ssm.amazonaws.com"), task->account);
    struct aws_assumption what = {
        .as = &service,
        .role_arn = text->role,
        .session_name = arena_fmt(a, "Automation-%.*s", STR(text->id)),
        .source_arn = arena_fmt(a, "arn:aws:ssm:%.*s:%.*s:automation-execution/%.*s",
                                STR(task->region), STR(task->account), STR(text->id)),
    };

    TRY(aws_assume_with(run->aws, &what, a, ret_principal, ret));
    return 0;
}

int automation_principal(struct task_run *run, const struct task *task,
                         const struct automation_text *text, struct str then_role,
                         struct principal *ret_principal, struct aws_result *ret)
{
    struct arena *a = run->arena;
    struct value *v;

    *ret = (struct aws_result){ .status = 200 };
    TRY(json_parse(a, text->caller, &v, NULL));
    if (!principal_from_value(v, a, ret_principal))
        return FAULT(EINVAL);
    if (str_is_set(text->role))
        TRY(assume_own(run, text, task, ret_principal, ret));
    if (!aws_succeeded(ret) || !str_is_set(then_role))
        return 0;
    struct principal first = *ret_principal;
    TRY(aws_assume(run->aws, &first, then_role, arena_fmt(a, "Automation-%.*s", STR(text->id)), a,
                   ret_principal, ret));
    return 0;
}

struct value *automation_refusal(struct arena *a, const struct aws_result *result,
                                 const char *operation)
{
    struct value *answer = value_map(a);

    value_set_str(a, answer, S("code"), result->code);
    value_set_str(a, answer, S("operation"), str_of(operation));
    value_set_str(a, answer, S("message"), str_or_empty(result->message));
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
