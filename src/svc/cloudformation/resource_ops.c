/* SPDX-License-Identifier: Apache-2.0 */
/* A stack's resources and events. */
#include "base/json.h"

#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/view.h"

struct of_stack {
    struct str name, next_token;
};

struct of_resource {
    struct str name, logical, physical;
};

struct resource_view {
    struct str stack_name, stack_id, logical, physical, type, status, reason, metadata;
    msec updated_at;
};

struct event_view {
    struct str stack_id, id, stack_name, logical, physical, type, status, reason, properties;
    struct str token;
    msec happened_at;
};

struct listing {
    struct list items;
    struct str next_token;
};

struct detail_out {
    struct resource_view *detail;
};

/* clang-format off */
static const struct field events_in_fields[] = {
    STACK_NAME_FIELD(struct of_stack, OPTIONAL),
    NEXT_TOKEN_FIELD(struct of_stack),
};
static const struct shape events_in_shape =
    SHAPE("DescribeStackEventsInput", struct of_stack, events_in_fields);

static const struct field list_in_fields[] = {
    STACK_NAME_FIELD(struct of_stack, REQUIRED),
    NEXT_TOKEN_FIELD(struct of_stack),
};
static const struct shape list_in_shape =
    SHAPE("ListStackResourcesInput", struct of_stack, list_in_fields);

static const struct field detail_in_fields[] = {
    STACK_NAME_FIELD(struct of_resource, REQUIRED),
    STRING(struct of_resource, logical, "LogicalResourceId", REQUIRED),
};
static const struct shape detail_in_shape =
    SHAPE("DescribeStackResourceInput", struct of_resource, detail_in_fields);

static const struct field describe_in_fields[] = {
    STACK_NAME_FIELD(struct of_resource, OPTIONAL),
    STRING(struct of_resource, logical,  "LogicalResourceId",  OPTIONAL),
    STRING(struct of_resource, physical, "PhysicalResourceId", OPTIONAL),
};
static const struct shape describe_in_shape =
    SHAPE("DescribeStackResourcesInput", struct of_resource, describe_in_fields);

static const struct field event_fields[] = {
    STRING(struct event_view,    stack_id,    "StackId",              REQUIRED),
    STRING(struct event_view,    id,          "EventId",              REQUIRED),
    STRING(struct event_view,    stack_name,  "StackName",            REQUIRED),
    STRING(struct event_view,    logical,     "LogicalResourceId",    OPTIONAL),
    STRING(struct event_view,    physical,    "PhysicalResourceId",   OPTIONAL),
    STRING(struct event_view,    type,        "ResourceType",         OPTIONAL),
    TIMESTAMP(struct event_view, happened_at, "Timestamp",            REQUIRED),
    STRING(struct event_view,    status,      "ResourceStatus",       OPTIONAL),
    STRING(struct event_view,    reason,      "ResourceStatusReason", OPTIONAL),
    STRING(struct event_view,    properties,  "ResourceProperties",   OPTIONAL),
    STRING(struct event_view,    token,       "ClientRequestToken",   OPTIONAL),
};
static const struct shape event_shape = SHAPE("StackEvent", struct event_view, event_fields);

#define COMMON_FIELDS                                                                              \
    STRING(struct resource_view, logical,  "LogicalResourceId",    REQUIRED),                      \
    STRING(struct resource_view, physical, "PhysicalResourceId",   OPTIONAL),                      \
    STRING(struct resource_view, type,     "ResourceType",         REQUIRED),                      \
    STRING(struct resource_view, status,   "ResourceStatus",       REQUIRED),                      \
    STRING(struct resource_view, reason,   "ResourceStatusReason", OPTIONAL)
#define STACK_FIELDS                                                                               \
    STRING(struct resource_view, stack_name, "StackName", OPTIONAL),                               \
    STRING(struct resource_view, stack_id,   "StackId",   OPTIONAL)

static const struct field summary_fields[] = {
    COMMON_FIELDS,
    TIMESTAMP(struct resource_view, updated_at, "LastUpdatedTimestamp", REQUIRED),
};
static const struct shape summary_shape =
    SHAPE("StackResourceSummary", struct resource_view, summary_fields);

static const struct field detail_fields[] = {
    STACK_FIELDS,
    COMMON_FIELDS,
    TIMESTAMP(struct resource_view, updated_at, "LastUpdatedTimestamp", REQUIRED),
    STRING(struct resource_view,    metadata,   "Metadata",             OPTIONAL),
};
static const struct shape detail_shape =
    SHAPE("StackResourceDetail", struct resource_view, detail_fields);

static const struct field resource_fields[] = {
    STACK_FIELDS,
    COMMON_FIELDS,
    TIMESTAMP(struct resource_view, updated_at, "Timestamp", REQUIRED),
};
static const struct shape resource_shape =
    SHAPE("StackResource", struct resource_view, resource_fields);

static const struct field events_out_fields[] = {
    LIST(struct listing,   items,      "StackEvents", OPTIONAL, event_shape),
    STRING(struct listing, next_token, "NextToken",   OPTIONAL),
};
static const struct shape events_out_shape =
    SHAPE("DescribeStackEventsOutput", struct listing, events_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing,   items,      "StackResourceSummaries", OPTIONAL, summary_shape),
    STRING(struct listing, next_token, "NextToken",              OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListStackResourcesOutput", struct listing, list_out_fields);

static const struct field detail_out_fields[] = {
    STRUCT(struct detail_out, detail, "StackResourceDetail", OPTIONAL, detail_shape),
};
static const struct shape detail_out_shape =
    SHAPE("DescribeStackResourceOutput", struct detail_out, detail_out_fields);

static const struct field describe_out_fields[] = {
    LIST(struct listing, items, "StackResources", OPTIONAL, resource_shape),
};
static const struct shape describe_out_shape =
    SHAPE("DescribeStackResourcesOutput", struct listing, describe_out_fields);
/* clang-format on */

static struct str resource_of(struct op *op, const void *in)
{
    return stack_resource(op, *(const struct str *)in); /* every request here begins with it */
}

/* --- events --------------------------------------------------------------- */

static int describe_events(struct op *op, const struct of_stack *in, struct listing *out)
{
    struct stack_event *events;
    struct stack stack;
    int64_t before;
    size_t count;

    if (!str_is_set(in->name))
        return op_invalid(op, "StackName is required.");
    PASS(stack_must(op, in->name, &stack));
    PASS(page_below(op, in->next_token, &before));
    TRY(event_list(op, stack.id, before, PAGE_SIZE + 1, &events, &count));
    if (count > PAGE_SIZE) {
        count = PAGE_SIZE;
        out->next_token =
            page_token(op, arena_fmt(op->arena, "%lld", (long long)events[count - 1].number));
    }
    struct event_view *views = arena_array(op->arena, struct event_view, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct stack_event *e = &events[i];
        views[i] = (struct event_view){ stack.id,      e->id,    stack.name,    e->logical,
                                        e->physical,   e->type,  e->status,     e->reason,
                                        e->properties, e->token, e->happened_at };
    }
    out->items = (struct list){ views, count };
    return 0;
}
OP_HANDLER(describe_events)

/* --- resources ------------------------------------------------------------ */

static struct resource_view view_of(const struct stack *stack, const struct resource *r)
{
    return (struct resource_view){
        .stack_name = stack->name,
        .stack_id = stack->id,
        .logical = r->id,
        .physical = r->physical,
        .type = r->type,
        .status = r->status,
        .reason = r->reason,
        .updated_at = r->updated_at,
    };
}

/* Those whose making has begun; `logical` absent: all. */
static int gather(struct op *op, const struct stack *stack, struct str logical, struct list *ret)
{
    struct resource *rows;
    size_t count;

    TRY(resource_list(op->db, op->arena, stack->id, &rows, &count));
    struct resource_view *views = arena_array(op->arena, struct resource_view, count + 1);
    *ret = (struct list){ views, 0 };
    for (size_t i = 0; i < count; i++) {
        bool wanted = !str_is_set(logical) || str_eq(logical, rows[i].id);
        if (wanted && rows[i].status.len > 0)
            views[ret->count++] = view_of(stack, &rows[i]);
    }
    return 0;
}

static int resource_must(struct op *op, const struct stack *stack, struct str logical,
                         struct list *ret)
{
    TRY(gather(op, stack, logical, ret));
    if (ret->count == 0)
        return op_invalid(op, "Resource %.*s does not exist for stack %.*s", STR(logical),
                          STR(stack->name));
    return 0;
}

/* At most 500 resources: one page. */
static int list_resources(struct op *op, const struct of_stack *in, struct listing *out)
{
    struct stack stack;

    if (str_is_set(in->next_token))
        return op_invalid(op, "Invalid NextToken.");
    PASS(stack_must(op, in->name, &stack));
    TRY(gather(op, &stack, (struct str){ 0 }, &out->items));
    return 0;
}
OP_HANDLER(list_resources)

static int metadata_of(struct op *op, const struct stack *stack, struct str logical,
                       struct str *ret)
{
    const struct template_stack *bound;

    TRY(plan_of(op->plane, op->arena, stack, &bound));
    ptrdiff_t index = template_find_resource(bound->t, logical);
    if (index >= 0 && bound->t->resources[index].metadata)
        *ret = json_format(op->arena, bound->t->resources[index].metadata);
    return 0;
}

static int describe_resource(struct op *op, const struct of_resource *in, struct detail_out *out)
{
    struct stack stack;
    struct list found;

    PASS(stack_must(op, in->name, &stack));
    PASS(resource_must(op, &stack, in->logical, &found));
    out->detail = found.items;
    return metadata_of(op, &stack, in->logical, &out->detail->metadata);
}
OP_HANDLER(describe_resource)

static int describe_resources(struct op *op, const struct of_resource *in, struct listing *out)
{
    struct str id = in->name;
    struct stack stack;

    if (str_is_set(in->name) == str_is_set(in->physical))
        return op_invalid(op, "Specify either StackName or PhysicalResourceId.");
    if (str_is_set(in->physical)) {
        int found = resource_stack_of(op, in->physical, &id);
        if (found == DB_NO_ROW)
            return op_invalid(op, "Stack for %.*s does not exist", STR(in->physical));
        TRY(found);
    }
    PASS(stack_must(op, id, &stack));
    if (str_is_set(in->logical))
        return resource_must(op, &stack, in->logical, &out->items);
    return gather(op, &stack, (struct str){ 0 }, &out->items);
}
OP_HANDLER(describe_resources)

/* clang-format off */
const struct operation resource_operations[] = {
    OP("DescribeStackEvents", describe_events, events_in_shape, events_out_shape, OP_READS,
       RAISES_NOTHING, .resource = resource_of),
    OP("ListStackResources", list_resources, list_in_shape, list_out_shape, OP_READS,
       RAISES_NOTHING, .resource = resource_of),
    OP("DescribeStackResource", describe_resource, detail_in_shape, detail_out_shape, OP_READS,
       RAISES_NOTHING, .resource = resource_of),
    OP("DescribeStackResources", describe_resources, describe_in_shape, describe_out_shape,
       OP_READS, RAISES_NOTHING, .resource = resource_of),
    OP_END,
};
/* clang-format on */
