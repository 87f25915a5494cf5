/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running one invocation. The function runs as its role: the plane assumes it
 * as lambda.amazonaws.com under its trust policy, and what the function prints
 * is written to its log as that role, too.
 */
#include "svc/lambda/invocation.h"

#include "api/aws_client.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "store/db.h"
#include "svc/lambda/function.h"

#define EVENT_RETRIES   2 /* after the first (developer guide, asynchronous) */
#define EVENT_MAX_AGE   (6 * MSEC_HOUR)
#define RESULT_KEPT     (2 * MSEC_MINUTE) /* for a caller whose wake-up was lost */
#define LOG_MESSAGE_MAX 200000

struct work {
    struct task_run *run;
    const struct task *task;
    struct invocation invocation;
    struct function function;
    struct principal role;
    struct sandbox_result result;
};

struct str invocation_key(struct op *op, struct str id)
{
    return arena_fmt(op->arena, "lambda:%.*s", STR(id));
}

/* --- before: facts and credentials ---------------------------------------- */

static int assume_role(struct work *w, struct aws_result *ret)
{
    struct principal lambda = principal_service(S("lambda.amazonaws.com"), w->task->account);
    /* A session's name has two characters at least, a function's may have one. */
    struct str session = w->function.name.len > 1
                             ? w->function.name
                             : arena_fmt(w->run->arena, "lambda-%.*s", STR(w->function.name));
    return aws_assume(w->run->aws, &lambda, w->function.role, session, w->run->arena, &w->role,
                      ret);
}

static int environment(struct work *w, const struct session *session, struct value **ret)
{
    struct arena *a = w->run->arena;
    struct str memory = arena_fmt(a, "%lld", (long long)w->function.memory);

    *ret = value_map(a);
    if (str_is_set(w->function.environment))
        TRY(json_parse(a, w->function.environment, ret, NULL));
    value_set_str(a, *ret, S("AWS_REGION"), w->task->region);
    value_set_str(a, *ret, S("AWS_DEFAULT_REGION"), w->task->region);
    value_set_str(a, *ret, S("AWS_ACCESS_KEY_ID"), session->access_key);
    value_set_str(a, *ret, S("AWS_SECRET_ACCESS_KEY"), session->secret);
    value_set_str(a, *ret, S("AWS_SESSION_TOKEN"), session->token);
    value_set_str(a, *ret, S("AWS_LAMBDA_FUNCTION_NAME"), w->function.name);
    value_set_str(a, *ret, S("AWS_LAMBDA_FUNCTION_VERSION"), S("$LATEST"));
    value_set_str(a, *ret, S("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), memory);
    value_set_str(a, *ret, S("AWS_EXECUTION_ENV"),
                  arena_fmt(a, "AWS_Lambda_%.*s", STR(w->function.runtime)));
    value_set_str(a, *ret, S("_HANDLER"), w->function.handler);
    return 0;
}

/* --- after: the log ------------------------------------------------------- */

static int call_logs(struct work *w, const char *operation, struct value *in)
{
    struct aws_request request = {
        .as = &w->role,
        .region = w->task->region,
        .service = "logs",
        .operation = operation,
        .in = in,
    };
    struct aws_result result;

    TRY(aws_call(w->run->aws, &request, w->run->arena, &result));
    bool is_there = str_eq(result.code, S("ResourceAlreadyExistsException"));
    return aws_succeeded(&result) || is_there ? 0 : 1;
}

static struct value *log_lines(struct work *w)
{
    struct arena *a = w->run->arena;
    struct value *events = value_list(a);
    struct str rest = w->result.log, line;

    while (str_next(&rest, '\n', &line) && events->list.count < 10000) {
        if (line.len == 0)
            continue;
        struct value *event = value_map(a);
        value_set_int(a, event, S("timestamp"), w->run->now);
        value_set_str(a, event, S("message"), str_slice(line, 0, LOG_MESSAGE_MAX));
        value_append(a, events, event);
    }
    return events;
}

/* A role that may not write logs has none, as on AWS. */
static int write_log(struct work *w)
{
    struct arena *a = w->run->arena;
    struct civil day = time_civil(w->run->now);
    struct value *group = value_map(a), *stream, *put, *events = log_lines(w);

    if (value_count(events) == 0)
        return 0;
    value_set_str(a, group, S("logGroupName"),
                  arena_fmt(a, "/aws/lambda/%.*s", STR(w->function.name)));
    stream = value_copy(a, group);
    value_set_str(a, stream, S("logStreamName"),
                  arena_fmt(a, "%04d/%02d/%02d/[$LATEST]%.*s", day.year, day.month, day.day,
                            STR(w->invocation.id)));
    put = value_copy(a, stream);
    value_set(a, put, S("logEvents"), events);

    int result = call_logs(w, "CreateLogGroup", group);
    if (result == 0)
        result = call_logs(w, "CreateLogStream", stream);
    if (result == 0)
        result = call_logs(w, "PutLogEvents", put);
    return result < 0 ? result : 0;
}

/* --- the task ------------------------------------------------------------- */

static struct str error_payload(struct arena *a, struct str type, struct str message)
{
    struct value *v = value_map(a);
    value_set_str(a, v, S("errorMessage"), message);
    value_set_str(a, v, S("errorType"), type);
    return json_format(a, v);
}

/* Where the sandbox itself fails an event is tried again; a caller who waits is told why. */
static int run_in_sandbox(struct work *w, const struct sandbox_invocation *in)
{
    const struct sandbox_port *sandbox = &w->run->plane->sandbox;
    struct arena *a = w->run->arena;

    int result = sandbox->invoke(sandbox->context, in, a, &w->result);
    if (result == 0 || w->invocation.is_event) {
        TRY(result);
        return 0;
    }
    log_warning("function %.*s: %s", STR(w->function.name), err_trace());
    struct str why = arena_dup(a, str_of(err_trace())), frames;
    (void)str_cut(why, '\n', &why, &frames);
    w->result = (struct sandbox_result){
        .payload = error_payload(a, S("Service.Error"), why),
        .function_error = S("Unhandled"),
    };
    return 0;
}

static int run_function(struct work *w)
{
    struct arena *a = w->run->arena;
    struct aws_result assumed;
    struct value *variables;

    TRY(assume_role(w, &assumed));
    if (!aws_succeeded(&assumed)) {
        w->result = (struct sandbox_result){
            .payload = error_payload(a, S("AccessDeniedException"), assumed.message),
            .function_error = S("Unhandled"),
        };
        return 0;
    }
    struct session session =
        session_issue(w->run->plane, a, &w->role, w->run->now, w->run->now + MSEC_HOUR);
    TRY(environment(w, &session, &variables));
    struct sandbox_invocation in = {
        .function_arn = arena_fmt(a, "arn:aws:lambda:%.*s:%.*s:function:%.*s", STR(w->task->region),
                                  STR(w->task->account), STR(w->function.name)),
        .version_id = w->function.revision,
        .runtime = w->function.runtime,
        .handler = w->function.handler,
        .code = w->function.code,
        .request_id = w->invocation.id,
        .payload = w->invocation.payload,
        .memory_mb = w->function.memory,
        .timeout = w->function.timeout * MSEC_SECOND,
        .environment = variables,
    };
    TRY(run_in_sandbox(w, &in));
    TRY(write_log(w));
    return 0;
}

int invocation_perform(struct task_run *run, const struct task *task, struct value **ret_answer)
{
    struct work w = { .run = run, .task = task };
    struct arena *a = run->arena;

    *ret_answer = value_map(a);
    int found = invocation_get(run->db, a, task->key, &w.invocation);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    found =
        function_get(run->db, a, task->account, task->region, w.invocation.function, &w.function);
    if (found == DB_NO_ROW)
        w.result = (struct sandbox_result){
            .payload =
                error_payload(a, S("ResourceNotFoundException"), S("The function was deleted.")),
            .function_error = S("Unhandled"),
        };
    else if (found == 0)
        TRY(run_function(&w));
    else
        TRY(found);
    value_set_str(a, *ret_answer, S("payload"), w.result.payload);
    if (str_is_set(w.result.function_error))
        value_set_str(a, *ret_answer, S("error"), w.result.function_error);
    value_set_str(a, *ret_answer, S("log"), w.result.log);
    return 0;
}

/* A failed event is tried again after about one minute, then two (developer guide). */
static int retry_event(struct op *op, const struct task *task, const struct invocation *i)
{
    msec pause = i->tries == 0 ? MSEC_MINUTE : 2 * MSEC_MINUTE;

    TRY(invocation_retry(op, i->id));
    struct task again = { .kind = S("lambda.run"), .key = task->key, .due_at = op->now + pause };
    return task_add(op, &again);
}

static int settle_event(struct op *op, const struct task *task, const struct invocation *i,
                        bool failed)
{
    if (failed && i->tries < EVENT_RETRIES && op->now - i->created_at < EVENT_MAX_AGE)
        return retry_event(op, task, i);
    if (failed)
        log_warning("function %.*s failed for event %.*s, for the last time", STR(i->function),
                    STR(i->id));
    return invocation_delete(op, i->id);
}

int invocation_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct invocation i;

    int found = invocation_get(op->db, op->arena, task->key, &i);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    struct str error = value_get_str(answer, S("error"));
    if (i.is_event)
        return settle_event(op, task, &i, !answer || str_is_set(error));

    struct str payload = value_get_str(answer, S("payload"));
    if (!answer) {
        payload = error_payload(op->arena, S("Service.Error"), S("The sandbox failed."));
        error = S("Unhandled");
    }
    TRY(invocation_end(op, i.id, payload, error, value_get_str(answer, S("log"))));
    op_wake(op, invocation_key(op, i.id));
    struct task forget = { .kind = S("lambda.forget"),
                           .key = i.id,
                           .due_at = op->now + RESULT_KEPT };
    return task_add(op, &forget);
}

int invocation_forget(struct op *op, const struct task *task, const struct value *answer)
{
    (void)answer;
    return invocation_delete(op, task->key);
}
