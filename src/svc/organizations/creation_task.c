/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/creation.h"

#include "api/aws_client.h"
#include "api/ports.h"
#include "api/tags.h"

#include "svc/organizations/account.h"
#include "svc/organizations/organization.h"

/* A call as Organizations in the new account. False: refused for good. */
static int call(struct task_run *run, const struct creation *creation, const char *operation,
                struct value *in, bool *ret_done)
{
    struct principal as = principal_service(S("organizations.amazonaws.com"), creation->account);
    struct aws_request request = {
        .as = &as,
        .service = "iam",
        .operation = operation,
        .in = in,
    };
    struct aws_result result;

    TRY(aws_call(run->aws, &request, run->arena, &result));
    if (aws_is_transient(&result))
        return err_fault(EAGAIN, "iam:%s: %.*s", operation, STR(result.message));
    /* Made by an attempt that a crash cut short: that is what was wanted. */
    *ret_done = aws_succeeded(&result) || str_eq(result.code, S("EntityAlreadyExists"));
    return 0;
}

static int make_role(struct task_run *run, const struct creation *creation,
                     const struct organization *organization, bool *ret_done)
{
    struct value *role = value_map(run->arena);
    struct value *attachment = value_map(run->arena);

    value_set_str(run->arena, role, S("RoleName"), creation->role_name);
    value_set_str(run->arena, role, S("AssumeRolePolicyDocument"),
                  arena_fmt(run->arena,
                            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                            "\"Principal\":{\"AWS\":\"arn:aws:iam::%.*s:root\"},"
                            "\"Action\":\"sts:AssumeRole\"}]}",
                            STR(organization->management_account)));
    TRY(call(run, creation, "CreateRole", role, ret_done));
    if (!*ret_done)
        return 0;
    value_set_str(run->arena, attachment, S("RoleName"), creation->role_name);
    value_set_str(run->arena, attachment, S("PolicyArn"),
                  S("arn:aws:iam::aws:policy/AdministratorAccess"));
    TRY(call(run, creation, "AttachRolePolicy", attachment, ret_done));
    return 0;
}

int creation_perform(struct task_run *run, const struct task *task, struct value **ret_answer)
{
    struct creation creation;
    struct organization organization;
    bool done;

    TRY(creation_get(run->db, run->arena, task->key, &creation));
    TRY(organization_get(run->db, run->arena, creation.organization, &organization));
    TRY(make_role(run, &creation, &organization, &done));
    *ret_answer = value_bool(run->arena, done);
    return 0;
}

int creation_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct creation creation;
    struct organization organization;
    struct str none = { 0 };

    TRY(creation_get(op->db, op->arena, task->key, &creation));
    if (value_is(answer, VALUE_BOOL) && answer->boolean) {
        TRY(account_set_status(op->db, creation.account, S("ACTIVE")));
        TRY(creation_complete(op->db, creation.id, S("SUCCEEDED"), none, op->now));
        return 0;
    }
    TRY(organization_get(op->db, op->arena, creation.organization, &organization));
    TRY(tags_remove_all(op,
                        organization_arn(op->arena, &organization, "account", creation.account)));
    TRY(account_delete(op->db, creation.account));
    TRY(creation_complete(op->db, creation.id, S("FAILED"), S("INTERNAL_FAILURE"), op->now));
    return 0;
}
