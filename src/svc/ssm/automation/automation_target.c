/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate control: the targets of an execution, for each of which a child runs
 * with that target as the value of one parameter. They are given as values, or
 * found by tag or resource group as whoever the execution acts for.
 */
#include "engine/locations.h"
#include "engine/runbook.h"
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/errors.h"

#define PAGE_SIZE 50

static bool is_values(const struct target *t)
{
    return str_eq(t->key, S("ParameterValues"));
}

static bool is_node_type(struct str type)
{
    return str_eq(type, S("/AWS::EC2::Instance")) || str_eq(type, S("/AWS::SSM::ManagedInstance"));
}

static bool is_any_type(struct str type)
{
    return str_is_empty(type) || str_eq(type, S("/"));
}

/* --- what the request says ------------------------------------------------ */

static int check_target(struct op *op, const struct target *t, struct str type)
{
    bool is_tag = str_starts(t->key, S("tag:")) && t->key.len > 4;
    bool is_group = str_eq(t->key, S("ResourceGroup"));

    if (!is_values(t) && !is_tag && !is_group)
        return op_fail(op, SSM_INVALID_TARGET,
                       "The target key %.*s is not supported: use ParameterValues, ResourceGroup "
                       "or tag:KEY.",
                       STR(t->key));
    if (t->values.count == 0 || (is_group && t->values.count != 1))
        return op_fail(op, SSM_INVALID_TARGET, "The target %.*s needs %s.", STR(t->key),
                       is_group ? "the name of one group" : "values");
    if (!is_values(t) && !is_node_type(type) && !is_any_type(type))
        return op_fail(op, SSM_INVALID_TARGET,
                       "Targets by tag or resource group are not supported for runbooks of the "
                       "target type %.*s.",
                       STR(type));
    return 0;
}

int automation_check_targets(struct op *op, const struct automation_request *in,
                             const struct runbook *book, struct str target_type)
{
    bool has_rest = str_is_set(in->target_parameter) || str_is_set(in->max_concurrency) ||
                    str_is_set(in->max_errors);

    if (in->targets.count == 0 && has_rest)
        return op_fail(op, SSM_INVALID_AUTOMATION_PARAMETERS,
                       "TargetParameterName, MaxConcurrency and MaxErrors need Targets.");
    if (in->targets.count == 0)
        return 0;
    if (in->targets.count > 1)
        return op_fail(op, SSM_INVALID_TARGET, "Give one target.");
    if (!str_is_set(in->target_parameter) || !runbook_find_parameter(book, in->target_parameter))
        return op_fail(op, SSM_INVALID_AUTOMATION_PARAMETERS,
                       "TargetParameterName must name a parameter of the runbook.");
    PASS(check_target(op, LIST_ITEM(struct target, in->targets, 0), target_type));
    return check_rates(op, in->max_concurrency, in->max_errors);
}

const struct target *automation_target_values(const struct automation_request *request)
{
    const struct target *t = LIST_ITEM(struct target, request->targets, 0);

    return is_values(t) ? t : NULL;
}

/* --- finding them --------------------------------------------------------- */

/* A resource as a parameter's value: what is after its ARN's type. */
static struct str resource_id(struct str arn_text)
{
    struct arn arn;

    if (!arn_parse(arn_text, &arn))
        return arn_text;
    ptrdiff_t end = str_rfind(arn.resource, '/');
    if (end < 0)
        end = str_rfind(arn.resource, ':');
    return end < 0 ? arn.resource : str_from(arn.resource, (size_t)end + 1);
}

static void add(struct arena *a, struct value *ids, struct str arn, struct str type)
{
    bool is_node = str_contains(arn, S(":managed-instance/")) || str_contains(arn, S(":instance/"));

    if (str_is_set(arn) && (is_any_type(type) || is_node))
        value_append(a, ids, value_string(a, resource_id(arn)));
}

static struct value *group_request(struct arena *a, const struct target *t, struct str token)
{
    struct value *in = value_map(a);

    value_set_str(a, in, S("Group"), t->values.items[0]);
    value_set_int(a, in, S("MaxResults"), PAGE_SIZE);
    if (!str_is_empty(token))
        value_set_str(a, in, S("NextToken"), token);
    return in;
}

static struct value *tag_request(struct arena *a, const struct target *t, struct str token)
{
    struct value *in = value_map(a), *filters = value_list(a), *filter = value_map(a);

    value_set_str(a, filter, S("Key"), str_from(t->key, strlen("tag:")));
    value_set(a, filter, S("Values"), value_strings(a, t->values));
    value_append(a, filters, filter);
    value_set(a, in, S("TagFilters"), filters);
    value_set_int(a, in, S("ResourcesPerPage"), PAGE_SIZE);
    if (!str_is_empty(token))
        value_set_str(a, in, S("PaginationToken"), token);
    return in;
}

/* The ids of one page's resources; returns the token of the next. */
static struct str take_page(struct arena *a, bool is_group, const struct value *out,
                            struct str type, struct value *ids)
{
    const struct value *items =
        value_get(out, is_group ? S("ResourceIdentifiers") : S("ResourceTagMappingList"));

    for (size_t i = 0; i < value_count(items); i++)
        add(a, ids,
            value_get_str(value_at(items, i), is_group ? S("ResourceArn") : S("ResourceARN")),
            type);
    return value_get_str(out, is_group ? S("NextToken") : S("PaginationToken"));
}

int automation_find_targets(struct task_run *run, struct str region,
                            const struct automation_text *text,
                            const struct automation_request *request, const struct principal *as,
                            struct value **ret_answer)
{
    struct arena *a = run->arena;
    const struct target *t = LIST_ITEM(struct target, request->targets, 0);
    bool is_group = str_eq(t->key, S("ResourceGroup"));
    struct value *ids = value_list(a);
    struct str token = { 0 };

    do {
        struct aws_result result;
        struct aws_request call = {
            .as = as,
            .region = region,
            .service = is_group ? "resource-groups" : "tagging",
            .operation = is_group ? "ListGroupResources" : "GetResources",
            .in = is_group ? group_request(a, t, token) : tag_request(a, t, token),
        };
        TRY(aws_call(run->aws, &call, a, &result));
        if (aws_is_transient(&result))
            return err_fault(EAGAIN, "%s: %.*s", call.operation, STR(result.code));
        if (!aws_succeeded(&result)) {
            *ret_answer = automation_refusal(a, &result, call.operation);
            return 0;
        }
        token = take_page(a, is_group, result.out, text->target_type, ids);
    } while (!str_is_empty(token) && value_count(ids) <= LOCATIONS_MAX_PAIRS);
    *ret_answer = value_map(a);
    value_set(a, *ret_answer, S("targets"), ids);
    return 0;
}
