/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "base/json.h"
#include "store/db.h"
#include "svc/lambda/errors.h"
#include "svc/lambda/function.h"
#include "svc/lambda/invocation.h"
#include "svc/lambda/operations.h"

#define PAYLOAD_MAX       (6 * 1024 * 1024)
#define EVENT_PAYLOAD_MAX (256 * 1024)
#define TAIL              4096

struct invoke_in {
    struct str name, type, log_type, qualifier, payload;
};

static const char *const types[] = { "RequestResponse", "Event", "DryRun", NULL };
static const char *const log_types[] = { "None", "Tail", NULL };

/* clang-format off */
static const struct field invoke_in_fields[] = {
    STRING(struct invoke_in, name, "FunctionName", REQUIRED, LENGTH(1, 170), .place = PLACE_PATH),
    STRING(struct invoke_in, type, "InvocationType", OPTIONAL, .values = types,
           .place = PLACE_HEADER, .wire_name = "X-Amz-Invocation-Type"),
    STRING(struct invoke_in, log_type, "LogType", OPTIONAL, .values = log_types,
           .place = PLACE_HEADER, .wire_name = "X-Amz-Log-Type"),
    STRING(struct invoke_in, qualifier, "Qualifier", OPTIONAL, LENGTH(1, 128),
           .place = PLACE_QUERY),
    BLOB(struct invoke_in, payload, "Payload", OPTIONAL, .place = PLACE_PAYLOAD),
};
/* clang-format on */
static const struct shape invoke_in =
    SHAPE("InvocationRequest", struct invoke_in, invoke_in_fields);

struct invoke_out {
    int64_t status;
    struct str error, log, version, payload;
};

/* clang-format off */
static const struct field invoke_out_fields[] = {
    INTEGER(struct invoke_out, status, "StatusCode", OPTIONAL, .place = PLACE_STATUS),
    STRING(struct invoke_out, error, "FunctionError", OPTIONAL,
           .place = PLACE_HEADER, .wire_name = "X-Amz-Function-Error"),
    STRING(struct invoke_out, log, "LogResult", OPTIONAL,
           .place = PLACE_HEADER, .wire_name = "X-Amz-Log-Result"),
    STRING(struct invoke_out, version, "ExecutedVersion", OPTIONAL,
           .place = PLACE_HEADER, .wire_name = "X-Amz-Executed-Version"),
    BLOB(struct invoke_out, payload, "Payload", OPTIONAL, .place = PLACE_PAYLOAD),
};
/* clang-format on */
static const struct shape invoke_out =
    SHAPE("InvocationResponse", struct invoke_out, invoke_out_fields);

static int authorize(struct op *op, const struct function *f)
{
    struct auth auth = {
        .action = S("lambda:InvokeFunction"),
        .resource = function_arn(op, f->name),
        .resource_policy = f->policy,
        .service_needs_policy = true,
    };
    return op_authorize(op, &auth);
}

static int check_payload(struct op *op, const struct invoke_in *in)
{
    struct value *parsed;
    size_t limit = str_eq(in->type, S("Event")) ? EVENT_PAYLOAD_MAX : PAYLOAD_MAX;

    if (in->payload.len > limit)
        return op_fail(op, LAMBDA_INVALID_REQUEST,
                       "Request must be smaller than %zu bytes for the InvokeFunction operation",
                       limit);
    if (in->payload.len == 0)
        return 0;
    int result = json_parse(op->arena, in->payload, &parsed, NULL);
    if (result == JSON_MALFORMED)
        return op_fail(op, LAMBDA_INVALID_REQUEST,
                       "Could not parse request body into json: Could not parse payload into json");
    TRY(result);
    return 0;
}

/* Written down before it is answered 202: an accepted event is not lost. */
static int begin(struct op *op, const struct invoke_in *in, const struct function *f,
                 struct str *ret_id)
{
    struct invocation invocation = {
        .id = random_uuid(op->arena),
        .function = f->name,
        .payload = in->payload.len ? in->payload : S("{}"),
        .is_event = str_eq(in->type, S("Event")),
    };

    TRY(invocation_insert(op, &invocation));
    struct task task = { .kind = S("lambda.run"), .key = invocation.id };
    TRY(task_add(op, &task));
    *ret_id = invocation.id;
    return 0;
}

static int answer(struct op *op, const struct invoke_in *in, struct str id, struct invoke_out *out)
{
    struct invocation i;

    int found = invocation_get(op->db, op->arena, id, &i);
    if (found == DB_NO_ROW)
        return FAULT(ENOENT);
    TRY(found);
    if (i.ended_at == 0 && op_expired(op))
        return FAULT(ETIMEDOUT);
    if (i.ended_at == 0)
        return op_wait(op, invocation_key(op, id), 0);
    out->status = 200;
    out->error = i.error;
    out->payload = i.result;
    out->version = S("$LATEST");
    if (str_eq(in->log_type, S("Tail")) && str_is_set(i.log))
        out->log =
            base64_encode(op->arena, str_from(i.log, i.log.len > TAIL ? i.log.len - TAIL : 0));
    return 0;
}

/* First on a reader: allowed and well-formed? Then on the writer: written down. A caller who
 * wants the result then waits, parked, until the task wakes it. */
static int invoke(struct op *op, const struct invoke_in *in, struct invoke_out *out)
{
    struct function f;
    struct str *id = op->wait_state;

    if (id)
        return answer(op, in, *id, out);
    if (str_is_set(in->qualifier) && !str_eq(in->qualifier, S("$LATEST")))
        return op_fail(op, LAMBDA_NOT_FOUND, "Function not found: %.*s:%.*s", STR(in->name),
                       STR(in->qualifier));
    PASS(function_find(op, in->name, &f));
    PASS(authorize(op, &f));
    PASS(check_payload(op, in));
    if (str_eq(in->type, S("DryRun"))) {
        out->status = 204;
        return 0;
    }
    if (!op->is_writing)
        return OP_WRITER;

    id = arena_new(op->arena, struct str);
    TRY(begin(op, in, &f, id));
    if (str_eq(in->type, S("Event"))) {
        out->status = 202;
        return 0;
    }
    op->wait_state = id;
    /* The function's time, and time for those before it in the queue. */
    return op_wait(op, invocation_key(op, *id), f.timeout * MSEC_SECOND + 15 * MSEC_MINUTE);
}
OP_HANDLER(invoke)

/* clang-format off */
const struct operation invoke_operations[] = {
    OP("Invoke", invoke, invoke_in, invoke_out, OP_POLLS | OP_OWN_AUTH,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER, LAMBDA_INVALID_REQUEST),
       .action = "InvokeFunction", .method = "POST",
       .path = "/2015-03-31/functions/{FunctionName}/invocations"),
    OP_END,
};
/* clang-format on */
