/* SPDX-License-Identifier: Apache-2.0 */
/* GetAutomationExecution, DescribeAutomationExecutions, DescribeAutomationStepExecutions. */
#include "base/time.h"
#include "svc/ssm/automation/automation_view.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

#define STEPS_SHOWN                                                                                \
    100                /* in GetAutomationExecution; the others are for DescribeAutomationStep... */
#define CHUNK     100  /* rows or steps read at a time */
#define LOOKS_MAX 5000 /* rows read for one page, however few fit its filters */

struct get_in {
    struct str id;
};

struct get_out {
    struct execution_view *execution;
};

struct filter {
    struct str key;
    struct strs values;
};

struct list_in {
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

struct list_out {
    struct list executions;
    struct str next_token;
};

struct steps_in {
    struct str id, next_token;
    struct list filters;
    int64_t max_results;
    bool reverse;
};

struct steps_out {
    struct list steps;
    struct str next_token;
};

static const char *const list_keys[] = { "DocumentNamePrefix",
                                         "ExecutionStatus",
                                         "ExecutionId",
                                         "ParentExecutionId",
                                         "CurrentAction",
                                         "StartTimeBefore",
                                         "StartTimeAfter",
                                         "AutomationType",
                                         "TagKey",
                                         "TargetResourceGroup",
                                         "AutomationSubtype",
                                         "OpsItemId",
                                         NULL };
static const char *const step_keys[] = { "StartTimeBefore",
                                         "StartTimeAfter",
                                         "StepExecutionStatus",
                                         "StepExecutionId",
                                         "StepName",
                                         "Action",
                                         NULL };

/* clang-format off */
static const struct field get_in_fields[] = {
    STRING(struct get_in, id, "AutomationExecutionId", REQUIRED, LENGTH(36, 36)),
};
static const struct shape get_in_shape =
    SHAPE("GetAutomationExecutionRequest", struct get_in, get_in_fields);

static const struct field get_out_fields[] = {
    STRUCT(struct get_out, execution, "AutomationExecution", OPTIONAL, execution_view_shape),
};
static const struct shape get_out_shape =
    SHAPE("GetAutomationExecutionResult", struct get_out, get_out_fields);

static const struct field list_filter_fields[] = {
    STRING(struct filter,  key,    "Key",    REQUIRED, .values = list_keys),
    STRINGS(struct filter, values, "Values", REQUIRED, .min = 1, .max = 10, .item_min = 1, .item_max = 150),
};
static const struct shape list_filter_shape =
    SHAPE("AutomationExecutionFilter", struct filter, list_filter_fields);

static const struct field list_in_fields[] = {
    LIST(struct list_in,    filters,     "Filters",    OPTIONAL, list_filter_shape, .min = 1, .max = 10),
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    STRING(struct list_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape list_in_shape =
    SHAPE("DescribeAutomationExecutionsRequest", struct list_in, list_in_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   executions, "AutomationExecutionMetadataList", OPTIONAL, execution_item_shape),
    STRING(struct list_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("DescribeAutomationExecutionsResult", struct list_out, list_out_fields);

static const struct field step_filter_fields[] = {
    STRING(struct filter,  key,    "Key",    REQUIRED, .values = step_keys),
    STRINGS(struct filter, values, "Values", REQUIRED, .min = 1, .max = 10, .item_min = 1, .item_max = 150),
};
static const struct shape step_filter_shape =
    SHAPE("StepExecutionFilter", struct filter, step_filter_fields);

static const struct field steps_in_fields[] = {
    STRING(struct steps_in,  id,          "AutomationExecutionId", REQUIRED, LENGTH(36, 36)),
    LIST(struct steps_in,    filters,     "Filters",      OPTIONAL, step_filter_shape, .min = 1, .max = 6),
    STRING(struct steps_in,  next_token,  "NextToken",    OPTIONAL),
    INTEGER(struct steps_in, max_results, "MaxResults",   OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    BOOLEAN(struct steps_in, reverse,     "ReverseOrder", OPTIONAL),
};
static const struct shape steps_in_shape =
    SHAPE("DescribeAutomationStepExecutionsRequest", struct steps_in, steps_in_fields);

static const struct field steps_out_fields[] = {
    LIST(struct steps_out,   steps,      "StepExecutions", OPTIONAL, step_view_shape),
    STRING(struct steps_out, next_token, "NextToken",      OPTIONAL),
};
static const struct shape steps_out_shape =
    SHAPE("DescribeAutomationStepExecutionsResult", struct steps_out, steps_out_fields);
/* clang-format on */

static struct str get_resource(struct op *op, const void *in)
{
    return automation_arn(op, ((const struct get_in *)in)->id);
}

static struct str steps_resource(struct op *op, const void *in)
{
    return automation_arn(op, ((const struct steps_in *)in)->id);
}

static int load(struct op *op, struct str id, struct automation *ret, struct automation_text *text)
{
    int found = automation_load(op, id, ret);

    if (found == DB_NO_ROW)
        return op_fail(op, SSM_AUTOMATION_EXECUTION_NOT_FOUND,
                       "There is no automation execution with the ID %.*s.", STR(id));
    TRY(found);
    TRY(automation_load_text(op->db, op->arena, id, text));
    return 0;
}

/* --- GetAutomationExecution ----------------------------------------------- */

static int get_automation_execution(struct op *op, const struct get_in *in, struct get_out *out)
{
    struct automation row;
    struct automation_text text;

    PASS(load(op, in->id, &row, &text));
    out->execution = arena_new(op->arena, struct execution_view);
    TRY(execution_view(op, &row, &text, out->execution));
    TRY(execution_steps(op, &row, &text, 0, STEPS_SHOWN, &out->execution->steps,
                        &out->execution->steps_truncated));
    return 0;
}
OP_HANDLER(get_automation_execution)

/* --- filters -------------------------------------------------------------- */

static bool is_time(struct str key)
{
    return str_eq(key, S("StartTimeBefore")) || str_eq(key, S("StartTimeAfter"));
}

/* An instant in ISO 8601, or as seconds since 1970. */
static bool parse_time(struct str text, msec *ret)
{
    if (!str_to_int(text, ret))
        return time_parse_iso(text, ret);
    *ret *= MSEC_SECOND;
    return *ret >= 0 && *ret < (msec)1 << 52;
}

static int check_filters(struct op *op, const struct list *filters)
{
    static const char *const refused[] = { "TagKey", "TargetResourceGroup", "AutomationSubtype",
                                           "OpsItemId" };
    msec at;

    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        for (size_t k = 0; k < ARRAY_LEN(refused); k++)
            if (str_eq(f->key, str_of(refused[k])))
                return op_fail(op, SSM_INVALID_FILTER_KEY, "The filter %.*s is not supported.",
                               STR(f->key));
        for (size_t k = 0; is_time(f->key) && k < f->values.count; k++)
            if (!parse_time(f->values.items[k], &at))
                return op_fail(op, SSM_INVALID_FILTER_VALUE,
                               "The filter value %.*s is not a time such as "
                               "2026-11-23T16:00:00Z.",
                               STR(f->values.items[k]));
    }
    return 0;
}

static bool time_fits(struct str key, struct str value, msec started_at)
{
    msec at;

    if (!parse_time(value, &at) || started_at == UNSET)
        return false;
    return str_eq(key, S("StartTimeBefore")) ? started_at < at : started_at > at;
}

/* Whether one of the filter's values fits. */
static bool fits(const struct filter *f, struct str text, msec started_at)
{
    for (size_t i = 0; i < f->values.count; i++) {
        struct str value = f->values.items[i];
        if (is_time(f->key)                           ? time_fits(f->key, value, started_at)
            : str_eq(f->key, S("DocumentNamePrefix")) ? str_starts(text, value)
                                                      : str_eq(text, value))
            return true;
    }
    return false;
}

static bool execution_fits(const struct list *filters, const struct automation *row)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        struct str text = row->document_name;
        if (str_eq(f->key, S("ExecutionStatus")))
            text = row->status;
        else if (str_eq(f->key, S("ExecutionId")))
            text = row->id;
        else if (str_eq(f->key, S("ParentExecutionId")))
            text = row->parent_id;
        else if (str_eq(f->key, S("CurrentAction")))
            text = row->current_action;
        else if (str_eq(f->key, S("AutomationType")))
            text = row->is_cross_account ? S("CrossAccount") : S("Local");
        if (!fits(f, text, row->started_at))
            return false;
    }
    return true;
}

static bool step_fits(const struct list *filters, const struct step_view *step)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        struct str text = step->name;
        if (str_eq(f->key, S("StepExecutionStatus")))
            text = step->status;
        else if (str_eq(f->key, S("StepExecutionId")))
            text = step->id;
        else if (str_eq(f->key, S("Action")))
            text = step->action;
        if (!fits(f, text, step->started_at))
            return false;
    }
    return true;
}

/* --- DescribeAutomationExecutions ----------------------------------------- */

static int bad_token(struct op *op)
{
    return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
}

/* "time id" of the last row that was looked at. */
static int read_position(struct op *op, struct str token, msec *ret_at, struct str *ret_id)
{
    struct str text, at;

    *ret_at = INT64_MAX;
    *ret_id = S("");
    int opened = page_open(op, token, &text);
    if (opened == 0 && !str_is_set(text))
        return 0;
    if (opened != 0 || !str_cut(text, ' ', &at, ret_id) || !str_to_int(at, ret_at))
        return bad_token(op);
    return 0;
}

static int add_item(struct op *op, const struct automation *row, struct execution_view *ret)
{
    struct automation_text text;

    TRY(automation_load_text(op->db, op->arena, row->id, &text));
    TRY(execution_view(op, row, &text, ret));
    return 0;
}

static int describe_automation_executions(struct op *op, const struct list_in *in,
                                          struct list_out *out)
{
    struct execution_view *views = arena_array(op->arena, struct execution_view, in->max_results);
    size_t n_views = 0, n_looks = 0, count;
    struct automation *rows;
    struct str id;
    msec at;

    PASS(check_filters(op, &in->filters));
    PASS(read_position(op, in->next_token, &at, &id));
    do {
        TRY(automation_list(op, at, id, CHUNK, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            if (n_views == (size_t)in->max_results || n_looks == LOOKS_MAX) {
                out->next_token =
                    page_token(op, arena_fmt(op->arena, "%lld %.*s", (long long)at, STR(id)));
                count = 0;
                break;
            }
            n_looks++;
            at = rows[i].started_at;
            id = rows[i].id;
            if (execution_fits(&in->filters, &rows[i]))
                TRY(add_item(op, &rows[i], &views[n_views++]));
        }
    } while (count == CHUNK);
    out->executions = (struct list){ views, n_views };
    return 0;
}
OP_HANDLER(describe_automation_executions)

/* --- DescribeAutomationStepExecutions ------------------------------------- */

/* The steps that are looked at from number `from` on, counted from the end where it is asked
 * for; *ret_more: there are further ones. */
static int read_steps(struct op *op, const struct steps_in *in, const struct automation *row,
                      const struct automation_text *text, int64_t from, struct list *ret,
                      bool *ret_more)
{
    int64_t total, first = from, count = CHUNK;

    if (!in->reverse) {
        TRY(execution_steps(op, row, text, first, count, ret, ret_more));
        return 0;
    }
    TRY(execution_count_steps(op, row, text, &total));
    first = total - from - CHUNK;
    if (first < 0) {
        count = CHUNK + first > 0 ? CHUNK + first : 0;
        first = 0;
    }
    TRY(execution_steps(op, row, text, first, count, ret, ret_more));
    *ret_more = first > 0;
    return 0;
}

static int read_offset(struct op *op, struct str token, int64_t *ret)
{
    struct str text;

    *ret = 0;
    int opened = page_open(op, token, &text);
    if (opened == 0 && !str_is_set(text))
        return 0;
    return opened != 0 || !str_to_int(text, ret) || *ret < 0 ? bad_token(op) : 0;
}

static int describe_automation_step_executions(struct op *op, const struct steps_in *in,
                                               struct steps_out *out)
{
    struct step_view *views = arena_array(op->arena, struct step_view, in->max_results);
    struct automation row;
    struct automation_text text;
    size_t n_views = 0;
    int64_t at;
    bool more;

    PASS(load(op, in->id, &row, &text));
    PASS(check_filters(op, &in->filters));
    PASS(read_offset(op, in->next_token, &at));
    do {
        struct list found;
        TRY(read_steps(op, in, &row, &text, at, &found, &more));
        for (size_t i = 0; i < found.count; i++, at++) {
            size_t index = in->reverse ? found.count - 1 - i : i;
            const struct step_view *step = LIST_ITEM(struct step_view, found, index);
            if (!step_fits(&in->filters, step))
                continue;
            if (n_views == (size_t)in->max_results) {
                out->next_token = page_token(op, arena_fmt(op->arena, "%lld", (long long)at));
                more = false;
                break;
            }
            views[n_views++] = *step;
        }
    } while (more);
    out->steps = (struct list){ views, n_views };
    return 0;
}
OP_HANDLER(describe_automation_step_executions)

/* clang-format off */
const struct operation automation_get_operations[] = {
    OP("GetAutomationExecution", get_automation_execution, get_in_shape, get_out_shape, OP_READS,
       RAISES(SSM_AUTOMATION_EXECUTION_NOT_FOUND), .resource = get_resource),
    OP("DescribeAutomationExecutions", describe_automation_executions, list_in_shape,
       list_out_shape, OP_READS,
       RAISES(SSM_INVALID_FILTER_KEY, SSM_INVALID_FILTER_VALUE, SSM_INVALID_NEXT_TOKEN)),
    OP("DescribeAutomationStepExecutions", describe_automation_step_executions, steps_in_shape,
       steps_out_shape, OP_READS,
       RAISES(SSM_AUTOMATION_EXECUTION_NOT_FOUND, SSM_INVALID_FILTER_KEY,
              SSM_INVALID_FILTER_VALUE, SSM_INVALID_NEXT_TOKEN), .resource = steps_resource),
    OP_END,
};
/* clang-format on */
