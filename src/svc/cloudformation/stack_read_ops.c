/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as they are described and listed. */
#include "base/json.h"

#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/view.h"

struct describe_in {
    struct str name, next_token;
};

struct list_in {
    struct str next_token;
    struct strs statuses;
};

struct output {
    struct str key, value, description;
};

struct stack_view {
    struct str id, name, description, status, reason, role_arn;
    struct list parameters, outputs, tags;
    struct strs capabilities;
    msec created_at, deleted_at;
    int64_t timeout;
    bool rollback_disabled, is_protected;
};

struct listing {
    struct list items;
    struct str next_token;
};

/* clang-format off */
static const char *const statuses[] = {
    "CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED",
    "DELETE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS", "IMPORT_IN_PROGRESS", "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE", NULL,
};

static const struct field describe_in_fields[] = {
    STACK_NAME_FIELD(struct describe_in, OPTIONAL),
    NEXT_TOKEN_FIELD(struct describe_in),
};
static const struct shape describe_in_shape =
    SHAPE("DescribeStacksInput", struct describe_in, describe_in_fields);

static const struct field list_in_fields[] = {
    STRINGS(struct list_in, statuses, "StackStatusFilter", OPTIONAL, .values = statuses),
    NEXT_TOKEN_FIELD(struct list_in),
};
static const struct shape list_in_shape = SHAPE("ListStacksInput", struct list_in, list_in_fields);

static const struct field output_fields[] = {
    STRING(struct output, key,         "OutputKey",   OPTIONAL),
    STRING(struct output, value,       "OutputValue", OPTIONAL),
    STRING(struct output, description, "Description", OPTIONAL),
};
static const struct shape output_shape = SHAPE("Output", struct output, output_fields);

static const struct field stack_fields[] = {
    STRING(struct stack_view,    id,           "StackId",           OPTIONAL),
    STRING(struct stack_view,    name,         "StackName",         REQUIRED),
    STRING(struct stack_view,    description,  "Description",       OPTIONAL),
    LIST(struct stack_view,      parameters,   "Parameters",        OPTIONAL, parameter_shape),
    TIMESTAMP(struct stack_view, created_at,   "CreationTime",      REQUIRED),
    TIMESTAMP(struct stack_view, deleted_at,   "DeletionTime",      OPTIONAL),
    STRING(struct stack_view,    status,       "StackStatus",       REQUIRED),
    STRING(struct stack_view,    reason,       "StackStatusReason", OPTIONAL),
    BOOLEAN(struct stack_view,   rollback_disabled, "DisableRollback", OPTIONAL),
    INTEGER(struct stack_view,   timeout,      "TimeoutInMinutes",  OPTIONAL),
    STRINGS(struct stack_view,   capabilities, "Capabilities",      OPTIONAL),
    LIST(struct stack_view,      outputs,      "Outputs",           OPTIONAL, output_shape),
    STRING(struct stack_view,    role_arn,     "RoleARN",           OPTIONAL),
    LIST(struct stack_view,      tags,         "Tags",              OPTIONAL, cfn_tag_shape),
    BOOLEAN(struct stack_view,   is_protected, "EnableTerminationProtection", OPTIONAL),
};
static const struct shape stack_shape = SHAPE("Stack", struct stack_view, stack_fields);

static const struct field summary_fields[] = {
    STRING(struct stack_view,    id,          "StackId",             OPTIONAL),
    STRING(struct stack_view,    name,        "StackName",           REQUIRED),
    STRING(struct stack_view,    description, "TemplateDescription", OPTIONAL),
    TIMESTAMP(struct stack_view, created_at,  "CreationTime",        REQUIRED),
    TIMESTAMP(struct stack_view, deleted_at,  "DeletionTime",        OPTIONAL),
    STRING(struct stack_view,    status,      "StackStatus",         REQUIRED),
    STRING(struct stack_view,    reason,      "StackStatusReason",   OPTIONAL),
};
static const struct shape summary_shape =
    SHAPE("StackSummary", struct stack_view, summary_fields);

static const struct field describe_out_fields[] = {
    LIST(struct listing,   items,      "Stacks",    OPTIONAL, stack_shape),
    STRING(struct listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape describe_out_shape =
    SHAPE("DescribeStacksOutput", struct listing, describe_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing,   items,      "StackSummaries", OPTIONAL, summary_shape),
    STRING(struct listing, next_token, "NextToken",      OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListStacksOutput", struct listing, list_out_fields);
/* clang-format on */

static struct stack_view summary_of(const struct stack *s)
{
    return (struct stack_view){
        .id = s->id,
        .name = s->name,
        .description = s->description,
        .status = s->status,
        .reason = s->reason,
        .created_at = s->created_at,
        .deleted_at = s->deleted_at ? s->deleted_at : UNSET,
    };
}

static struct list outputs_of(struct op *op, const struct stack *s)
{
    struct value *v;

    if (!str_is_set(s->outputs) || json_parse(op->arena, s->outputs, &v, NULL) != 0)
        return (struct list){ 0 };
    struct output *items = arena_array(op->arena, struct output, value_count(v) + 1);
    for (size_t i = 0; i < value_count(v); i++)
        items[i] = (struct output){ value_get_str(value_at(v, i), S("key")),
                                    value_get_str(value_at(v, i), S("value")),
                                    value_get_str(value_at(v, i), S("description")) };
    return (struct list){ items, value_count(v) };
}

static int view_of(struct op *op, const struct stack *s, struct stack_view *ret)
{
    const struct template_stack *bound;
    struct value *parameters;

    *ret = summary_of(s);
    TRY(plan_of(op->plane, op->arena, s, &bound));
    TRY(parameters_open(op->plane, op->arena, s->id, s->parameters, &parameters));
    ret->parameters = parameters_view(op->arena, bound->t, parameters, true);
    ret->outputs = outputs_of(op, s);
    ret->tags = tags_from(op->arena, s->tags);
    ret->capabilities = strings_of(op->arena, s->capabilities);
    ret->timeout = s->timeout_minutes ? s->timeout_minutes : UNSET;
    ret->rollback_disabled = str_eq(s->on_failure, S("DO_NOTHING"));
    ret->is_protected = s->is_protected;
    ret->role_arn = s->role_arn;
    return 0;
}

/* Where a page of stacks starts: "created_at id". */
static int open_page(struct op *op, struct str token, struct stack_page *page)
{
    struct str position, at;

    PASS(page_open(op, token, &position));
    page->limit = PAGE_SIZE + 1;
    if (!str_is_set(position))
        return 0;
    if (!str_cut(position, ' ', &at, &page->before_id) || !str_to_int(at, &page->before))
        return op_invalid(op, "Invalid NextToken.");
    return 0;
}

static struct str close_page(struct op *op, const struct stack *stacks, size_t *count)
{
    if (*count <= PAGE_SIZE)
        return (struct str){ 0 };
    *count = PAGE_SIZE;
    const struct stack *last = &stacks[PAGE_SIZE - 1];
    return page_token(
        op, arena_fmt(op->arena, "%lld %.*s", (long long)last->created_at, STR(last->id)));
}

static int describe_stacks(struct op *op, const struct describe_in *in, struct listing *out)
{
    struct stack_page page = { 0 };
    struct stack one, *stacks = &one;
    size_t count = 1;

    if (str_is_set(in->name)) {
        PASS(stack_must(op, in->name, &one));
    } else {
        PASS(open_page(op, in->next_token, &page));
        TRY(stack_list(op, &page, &stacks, &count));
        out->next_token = close_page(op, stacks, &count);
    }
    struct stack_view *views = arena_array(op->arena, struct stack_view, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(view_of(op, &stacks[i], &views[i]));
    out->items = (struct list){ views, count };
    return 0;
}
OP_HANDLER(describe_stacks)

static struct str describe_resource(struct op *op, const void *in)
{
    const struct describe_in *of = in;
    return stack_resource(op, of->name);
}

static int list_stacks(struct op *op, const struct list_in *in, struct listing *out)
{
    struct stack_page page = { .with_deleted = true };
    struct stack *stacks;
    size_t count;

    PASS(open_page(op, in->next_token, &page));
    TRY(stack_list(op, &page, &stacks, &count));
    out->next_token = close_page(op, stacks, &count);
    struct stack_view *views = arena_array(op->arena, struct stack_view, count + 1);
    out->items.items = views;
    for (size_t i = 0; i < count; i++)
        if (in->statuses.count == 0 || strs_have(in->statuses, stacks[i].status))
            views[out->items.count++] = summary_of(&stacks[i]);
    return 0;
}
OP_HANDLER(list_stacks)

/* clang-format off */
const struct operation stack_read_operations[] = {
    OP("DescribeStacks", describe_stacks, describe_in_shape, describe_out_shape, OP_READS,
       RAISES_NOTHING, .resource = describe_resource),
    OP("ListStacks", list_stacks, list_in_shape, list_out_shape, OP_READS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
