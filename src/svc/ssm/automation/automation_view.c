/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/automation/automation_view.h"

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "engine/execution.h"
#include "engine/locations.h"

/* clang-format off */
static const struct field failure_fields[] = {
    STRING(struct failure_details,   stage,   "FailureStage", OPTIONAL),
    STRING(struct failure_details,   type,    "FailureType",  OPTIONAL),
    STRS_MAP(struct failure_details, details, "Details",      OPTIONAL),
};
static const struct shape failure_shape =
    SHAPE("FailureDetails", struct failure_details, failure_fields);

#define S_ struct step_view
static const struct field step_fields[] = {
    STRING(S_,    name,             "StepName",           OPTIONAL),
    STRING(S_,    action,           "Action",             OPTIONAL),
    INTEGER(S_,   timeout_seconds,  "TimeoutSeconds",     OPTIONAL),
    STRING(S_,    on_failure,       "OnFailure",          OPTIONAL),
    INTEGER(S_,   max_attempts,     "MaxAttempts",        OPTIONAL),
    TIMESTAMP(S_, started_at,       "ExecutionStartTime", OPTIONAL),
    TIMESTAMP(S_, ended_at,         "ExecutionEndTime",   OPTIONAL),
    STRING(S_,    status,           "StepStatus",         OPTIONAL),
    STRING(S_,    response_code,    "ResponseCode",       OPTIONAL),
    TEXT_MAP(S_,  inputs,           "Inputs",             OPTIONAL),
    STRS_MAP(S_,  outputs,          "Outputs",            OPTIONAL),
    STRING(S_,    response,         "Response",           OPTIONAL),
    STRING(S_,    failure_message,  "FailureMessage",     OPTIONAL),
    STRUCT(S_,    failure,          "FailureDetails",     OPTIONAL, failure_shape),
    STRING(S_,    id,               "StepExecutionId",    OPTIONAL),
    TRISTATE(S_,  is_end,           "IsEnd",              OPTIONAL),
    STRING(S_,    next_step,        "NextStep",           OPTIONAL),
    TRISTATE(S_,  is_critical,      "IsCritical",         OPTIONAL),
    STRINGS(S_,   valid_next_steps, "ValidNextSteps",     OPTIONAL),
    STRUCT(S_,    location,         "TargetLocation",     OPTIONAL, automation_location_shape),
};
#undef S_
const struct shape step_view_shape = SHAPE("StepExecution", struct step_view, step_fields);

static const struct field progress_fields[] = {
    INTEGER(struct progress_view, total,     "TotalSteps",     OPTIONAL),
    INTEGER(struct progress_view, success,   "SuccessSteps",   OPTIONAL),
    INTEGER(struct progress_view, failed,    "FailedSteps",    OPTIONAL),
    INTEGER(struct progress_view, cancelled, "CancelledSteps", OPTIONAL),
    INTEGER(struct progress_view, timed_out, "TimedOutSteps",  OPTIONAL),
};
static const struct shape progress_shape =
    SHAPE("ProgressCounters", struct progress_view, progress_fields);

static const struct field resolved_fields[] = {
    STRINGS(struct resolved_targets, values,    "ParameterValues", OPTIONAL),
    BOOLEAN(struct resolved_targets, truncated, "Truncated",       OPTIONAL),
};
static const struct shape resolved_shape =
    SHAPE("ResolvedTargets", struct resolved_targets, resolved_fields);

#define E struct execution_view
static const struct field execution_fields[] = {
    STRING(E,    id,               "AutomationExecutionId",       OPTIONAL),
    STRING(E,    document_name,    "DocumentName",                OPTIONAL),
    STRING(E,    document_version, "DocumentVersion",             OPTIONAL),
    TIMESTAMP(E, started_at,       "ExecutionStartTime",          OPTIONAL),
    TIMESTAMP(E, ended_at,         "ExecutionEndTime",            OPTIONAL),
    STRING(E,    status,           "AutomationExecutionStatus",   OPTIONAL),
    LIST(E,      steps,            "StepExecutions",              OPTIONAL, step_view_shape),
    BOOLEAN(E,   steps_truncated,  "StepExecutionsTruncated",     OPTIONAL),
    STRS_MAP(E,  parameters,       "Parameters",                  OPTIONAL),
    STRS_MAP(E,  outputs,          "Outputs",                     OPTIONAL),
    STRING(E,    failure_message,  "FailureMessage",              OPTIONAL),
    STRING(E,    mode,             "Mode",                        OPTIONAL),
    STRING(E,    parent_id,        "ParentAutomationExecutionId", OPTIONAL),
    STRING(E,    executed_by,      "ExecutedBy",                  OPTIONAL),
    STRING(E,    current_step,     "CurrentStepName",             OPTIONAL),
    STRING(E,    current_action,   "CurrentAction",               OPTIONAL),
    STRING(E,    target_parameter, "TargetParameterName",         OPTIONAL),
    LIST(E,      targets,          "Targets",                     OPTIONAL, target_shape),
    STRUCT(E,    resolved,         "ResolvedTargets",             OPTIONAL, resolved_shape),
    STRING(E,    max_concurrency,  "MaxConcurrency",              OPTIONAL),
    STRING(E,    max_errors,       "MaxErrors",                   OPTIONAL),
    LIST(E,      locations,        "TargetLocations",             OPTIONAL, automation_location_shape),
    STRUCT(E,    progress,         "ProgressCounters",            OPTIONAL, progress_shape),
};
const struct shape execution_view_shape =
    SHAPE("AutomationExecution", struct execution_view, execution_fields);

static const struct field item_fields[] = {
    STRING(E,    id,               "AutomationExecutionId",       OPTIONAL),
    STRING(E,    document_name,    "DocumentName",                OPTIONAL),
    STRING(E,    document_version, "DocumentVersion",             OPTIONAL),
    STRING(E,    status,           "AutomationExecutionStatus",   OPTIONAL),
    TIMESTAMP(E, started_at,       "ExecutionStartTime",          OPTIONAL),
    TIMESTAMP(E, ended_at,         "ExecutionEndTime",            OPTIONAL),
    STRING(E,    executed_by,      "ExecutedBy",                  OPTIONAL),
    STRS_MAP(E,  outputs,          "Outputs",                     OPTIONAL),
    STRING(E,    mode,             "Mode",                        OPTIONAL),
    STRING(E,    parent_id,        "ParentAutomationExecutionId", OPTIONAL),
    STRING(E,    current_step,     "CurrentStepName",             OPTIONAL),
    STRING(E,    current_action,   "CurrentAction",               OPTIONAL),
    STRING(E,    failure_message,  "FailureMessage",              OPTIONAL),
    STRING(E,    target_parameter, "TargetParameterName",         OPTIONAL),
    LIST(E,      targets,          "Targets",                     OPTIONAL, target_shape),
    STRUCT(E,    resolved,         "ResolvedTargets",             OPTIONAL, resolved_shape),
    STRING(E,    max_concurrency,  "MaxConcurrency",              OPTIONAL),
    STRING(E,    max_errors,       "MaxErrors",                   OPTIONAL),
    STRING(E,    type,             "AutomationType",              OPTIONAL),
};
#undef E
const struct shape execution_item_shape =
    SHAPE("AutomationExecutionMetadata", struct execution_view, item_fields);
/* clang-format on */

#define RESOLVED_SHOWN 50 /* values of targets */

static msec instant(msec at)
{
    return at ? at : UNSET;
}

/* --- executions ----------------------------------------------------------- */

static int view_parent(struct op *op, const struct automation *row, struct execution_view *ret)
{
    struct locations l = { 0 };

    ret->progress = arena_new(op->arena, struct progress_view);
    if (!str_is_set(row->state))
        return 0;
    TRY(automation_parent_read(op, row, &l));
    struct progress p = locations_progress(&l);
    *ret->progress =
        (struct progress_view){ p.total, p.success, p.failed, p.cancelled, p.timed_out };
    return 0;
}

static int view_outputs(struct op *op, const struct automation *row,
                        const struct automation_text *text, struct execution_view *ret)
{
    struct runbook book;
    struct execution e;

    TRY(automation_read(op, row, text, &book, &e));
    ret->outputs = execution_outputs(op->arena, &book, &e);
    ret->parameters = execution_wire_outputs(op->arena, e.parameters);
    return 0;
}

static int view_resolved(struct op *op, const struct automation *row, struct resolved_targets *ret)
{
    struct automation_pair *pairs;
    size_t count = 0;

    ret->values.items = arena_array(op->arena, struct str, RESOLVED_SHOWN + 1);
    if (!row->is_parent || row->is_cross_account)
        return 0;
    TRY(automation_pair_list(op, row->id, 0, RESOLVED_SHOWN + 1, &pairs, &count));
    ret->truncated = count > RESOLVED_SHOWN;
    for (size_t i = 0; i < count && i < RESOLVED_SHOWN; i++)
        ret->values.items[ret->values.count++] = pairs[i].target;
    return 0;
}

int execution_view(struct op *op, const struct automation *row, const struct automation_text *text,
                   struct execution_view *ret)
{
    struct automation_request request;

    TRY(automation_request_parse(op->arena, text->request, &request));
    *ret = (struct execution_view){
        .id = row->id,
        .document_name = row->document_name,
        .document_version = row->document_version,
        .status = row->status,
        .failure_message = row->failure_message,
        .mode = str_is_set(request.mode) ? request.mode : S("Auto"),
        .parent_id = row->parent_id,
        .executed_by = row->executed_by,
        .current_step = row->current_step,
        .current_action = row->current_action,
        .type = row->is_cross_account ? S("CrossAccount") : S("Local"),
        .target_parameter = request.target_parameter,
        .max_concurrency = request.max_concurrency,
        .max_errors = request.max_errors,
        .targets = request.targets,
        .started_at = row->started_at,
        .ended_at = instant(row->ended_at),
        .parameters = request.parameters,
        .locations = request.locations,
        .resolved = arena_new(op->arena, struct resolved_targets),
        .outputs = value_map(op->arena),
    };
    TRY(view_resolved(op, row, ret->resolved));
    if (row->is_parent)
        return view_parent(op, row, ret);
    return view_outputs(op, row, text, ret);
}

/* --- steps ---------------------------------------------------------------- */

/* The same at every look, and made of nothing but what it stands for. */
static struct str step_id(struct arena *a, struct str execution, int64_t number)
{
    struct str key = arena_fmt(a, "%.*s %lld", STR(execution), (long long)number);
    struct digest digest = sha256(key);
    struct str hex = hex_encode(a, digest_str(&digest));

    return arena_fmt(a, "%.*s-%.*s-4%.*s-a%.*s-%.*s", STR(str_slice(hex, 0, 8)),
                     STR(str_slice(hex, 8, 4)), STR(str_slice(hex, 12, 3)),
                     STR(str_slice(hex, 15, 3)), STR(str_slice(hex, 18, 12)));
}

static struct text_map texts_of(struct arena *a, const struct value *map)
{
    struct text_map ret = { arena_array(a, struct text_pair, value_count(map) + 1),
                            value_count(map) };

    for (size_t i = 0; i < ret.count; i++)
        ret.items[i] =
            (struct text_pair){ map->map.members[i].key, value_str(map->map.members[i].value) };
    return ret;
}

static struct failure_details *details_of(struct arena *a, struct str stage, struct str type,
                                          struct str message)
{
    struct failure_details *ret = arena_new(a, struct failure_details);
    struct value *details = value_map(a), *list = value_list(a);

    value_append(a, list, value_string(a, str_slice(message, 0, 512)));
    value_set(a, details, S("Message"), list);
    *ret = (struct failure_details){ stage, type, details };
    return ret;
}

static void view_plan(struct arena *a, const struct runbook *book, uint32_t index,
                      struct step_view *ret)
{
    const struct runbook_step *plan = &book->steps[index];

    ret->name = plan->name;
    ret->action = plan->action;
    ret->on_failure = str_is_set(plan->on_failure_text) ? plan->on_failure_text : S("Abort");
    ret->max_attempts = plan->max_attempts;
    ret->timeout_seconds = plan->timeout ? plan->timeout / MSEC_SECOND : UNSET;
    ret->is_end = plan->is_end ? TRISTATE_TRUE : TRISTATE_FALSE;
    ret->is_critical = plan->is_critical ? TRISTATE_TRUE : TRISTATE_FALSE;
    ret->valid_next_steps = (struct strs){ arena_new(a, struct str), 0 };
    if (!plan->is_end && plan->next < book->n_steps) {
        ret->next_step = book->steps[plan->next].name;
        ret->valid_next_steps.items[ret->valid_next_steps.count++] = ret->next_step;
    }
}

static void view_step(struct arena *a, const struct runbook *book, const struct execution *e,
                      uint32_t index, struct step_view *ret)
{
    const struct step_execution *step = &e->steps[index];
    bool is_failure = automation_is_over(step->status) && step->status != AUTOMATION_SUCCESS;

    *ret = (struct step_view){
        .status = automation_status_name(step->status),
        .response_code = step->response_code,
        .id = step_id(a, e->id, index),
        .started_at = instant(step->started_at),
        .ended_at = instant(step->ended_at),
        .inputs = texts_of(a, execution_wire_inputs(a, step->inputs)),
        .outputs = execution_wire_outputs(a, step->outputs),
    };
    view_plan(a, book, index, ret);
    if (!is_failure) {
        ret->response = step->failure.message; /* a warning */
    } else if (str_is_set(step->failure.message)) {
        ret->failure_message = step->failure.message;
        ret->failure =
            details_of(a, step->failure.stage, step->failure.type, step->failure.message);
    }
}

static int local_steps(struct op *op, const struct automation *row,
                       const struct automation_text *text, int64_t from, int64_t limit,
                       struct list *ret, bool *ret_more)
{
    struct runbook book;
    struct execution e;

    TRY(automation_read(op, row, text, &book, &e));
    int64_t end = from + limit < e.n_steps ? from + limit : e.n_steps;
    size_t count = end > from ? (size_t)(end - from) : 0;
    struct step_view *views = arena_array(op->arena, struct step_view, count + 1);
    for (size_t i = 0; i < count; i++)
        view_step(op->arena, &book, &e, (uint32_t)from + (uint32_t)i, &views[i]);
    *ret = (struct list){ views, count };
    *ret_more = end < e.n_steps;
    return 0;
}

static struct value *pair_outputs(struct arena *a, const struct automation_pair *pair)
{
    struct value *map = value_map(a);

    if (str_is_set(pair->child_id)) {
        value_set_str(a, map, S("AutomationExecutionId"), pair->child_id);
        value_set_str(a, map, S("ExecutionId"), pair->child_id);
        value_set_str(a, map, S("Status"), pair->status);
    }
    if (str_is_set(pair->response))
        value_set_str(a, map, S("WarningMessage"), pair->response);
    return execution_wire_outputs(a, map);
}

static struct value *pair_inputs(struct arena *a, const struct automation *row,
                                 const struct automation_request *request)
{
    struct value *map = value_map(a);

    value_set_str(a, map, S("DocumentName"), row->document_name);
    if (request->parameters)
        value_set(a, map, S("RuntimeParameters"), request->parameters);
    return execution_wire_inputs(a, map);
}

static struct automation_location *pair_location(struct arena *a,
                                                 const struct automation_request *request,
                                                 const struct automation_pair *pair)
{
    struct automation_location *location = arena_new(a, struct automation_location);

    *location = *LIST_ITEM(struct automation_location, request->locations, pair->location);
    location->accounts = (struct strs){ arena_copy(a, &pair->account, sizeof(struct str)), 1 };
    location->regions = (struct strs){ arena_copy(a, &pair->region, sizeof(struct str)), 1 };
    location->exclude = (struct strs){ 0 };
    if (!str_is_set(location->role_name))
        location->role_name = S(AUTOMATION_ROLE_NAME);
    return location;
}

/* AWS shows a target as it is, not as JSON. */
static struct text_map target_inputs(struct arena *a, const struct automation_request *request,
                                     const struct automation_pair *pair)
{
    struct text_pair *item = arena_new(a, struct text_pair);

    *item = (struct text_pair){ request->target_parameter, pair->target };
    return (struct text_map){ item, 1 };
}

static void view_pair(struct arena *a, const struct automation_request *request,
                      struct text_map inputs, const struct automation_pair *pair,
                      struct step_view *ret)
{
    struct pair place = { pair->account, pair->region, 0 };
    bool is_target = str_is_set(pair->target);

    *ret = (struct step_view){
        .name = is_target ? pair->target : pair_step_name(a, &place),
        .action = S("aws:executeAutomation"),
        .status = pair->status,
        .response = pair->response,
        .failure_message = pair->failure_message,
        .id = step_id(a, pair->execution_id, pair->position),
        .timeout_seconds = UNSET,
        .max_attempts = UNSET,
        .started_at = instant(pair->started_at),
        .ended_at = instant(pair->ended_at),
        .inputs = is_target ? target_inputs(a, request, pair) : inputs,
        .outputs = pair_outputs(a, pair),
        .location = is_target ? NULL : pair_location(a, request, pair),
    };
    if (str_is_set(pair->failure_message))
        ret->failure =
            details_of(a, pair->failure_stage, pair->failure_type, pair->failure_message);
}

static int parent_steps(struct op *op, const struct automation *row,
                        const struct automation_text *text, int64_t from, int64_t limit,
                        struct list *ret, bool *ret_more)
{
    struct automation_request request;
    struct automation_pair *pairs;
    size_t count;

    TRY(automation_request_parse(op->arena, text->request, &request));
    TRY(automation_pair_list(op, row->id, from, limit + 1, &pairs, &count));
    *ret_more = count > (size_t)limit;
    if (*ret_more)
        count--;
    struct text_map inputs = texts_of(op->arena, pair_inputs(op->arena, row, &request));
    struct step_view *views = arena_array(op->arena, struct step_view, count + 1);
    for (size_t i = 0; i < count; i++)
        view_pair(op->arena, &request, inputs, &pairs[i], &views[i]);
    *ret = (struct list){ views, count };
    return 0;
}

int execution_count_steps(struct op *op, const struct automation *row,
                          const struct automation_text *text, int64_t *ret)
{
    struct runbook book;
    struct execution e;
    struct locations l = { 0 };

    if (row->is_parent) {
        if (str_is_set(row->state))
            TRY(automation_parent_read(op, row, &l));
        *ret = l.n_pairs;
        return 0;
    }
    TRY(automation_read(op, row, text, &book, &e));
    *ret = e.n_steps;
    return 0;
}

int execution_steps(struct op *op, const struct automation *row, const struct automation_text *text,
                    int64_t from, int64_t limit, struct list *ret, bool *ret_more)
{
    if (row->is_parent)
        return parent_steps(op, row, text, from, limit, ret, ret_more);
    return local_steps(op, row, text, from, limit, ret, ret_more);
}
