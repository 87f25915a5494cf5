/* SPDX-License-Identifier: Apache-2.0 */
/* ListCommands, ListCommandInvocations. */
#include "base/json.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/command/plugin_view.h"
#include "svc/ssm/command/runcommand_view.h"

struct list_in {
    struct str command_id, instance_id, next_token;
    int64_t max_results;
    struct list filters;
    bool details;
};

struct commands_out {
    struct list commands;
    struct str next_token;
};

struct invocation_view {
    struct str command_id, instance_id, instance_name, comment, document_name, document_version;
    struct str status, detail, trace, output_url, error_url, service_role;
    msec requested_at;
    struct list plugins;
};

struct invocations_out {
    struct list invocations;
    struct str next_token;
};

/* clang-format off */
#define L struct list_in
static const struct field commands_in_fields[] = {
    STRING(L,  command_id,  "CommandId",  OPTIONAL, LENGTH(36, 36)),
    STRING(L,  instance_id, "InstanceId", OPTIONAL, CHECK_INSTANCE_ID),
    INTEGER(L, max_results, "MaxResults", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    STRING(L,  next_token,  "NextToken",  OPTIONAL),
    LIST(L,    filters,     "Filters",    OPTIONAL, command_filter_shape, .min = 1, .max = 5),
};
static const struct shape commands_in_shape =
    SHAPE("ListCommandsRequest", struct list_in, commands_in_fields);

static const struct field invocations_in_fields[] = {
    STRING(L,  command_id,  "CommandId",  OPTIONAL, LENGTH(36, 36)),
    STRING(L,  instance_id, "InstanceId", OPTIONAL, CHECK_INSTANCE_ID),
    INTEGER(L, max_results, "MaxResults", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    STRING(L,  next_token,  "NextToken",  OPTIONAL),
    LIST(L,    filters,     "Filters",    OPTIONAL, command_filter_shape, .min = 1, .max = 5),
    BOOLEAN(L, details,     "Details",    OPTIONAL),
};
static const struct shape invocations_in_shape =
    SHAPE("ListCommandInvocationsRequest", struct list_in, invocations_in_fields);
#undef L

static const struct field commands_out_fields[] = {
    LIST(struct commands_out,   commands,   "Commands",  OPTIONAL, command_view_shape),
    STRING(struct commands_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape commands_out_shape =
    SHAPE("ListCommandsResult", struct commands_out, commands_out_fields);

#define I struct invocation_view
static const struct field invocation_fields[] = {
    STRING(I,    command_id,       "CommandId",         OPTIONAL),
    STRING(I,    instance_id,      "InstanceId",        OPTIONAL),
    STRING(I,    instance_name,    "InstanceName",      OPTIONAL),
    STRING(I,    comment,          "Comment",           OPTIONAL),
    STRING(I,    document_name,    "DocumentName",      OPTIONAL),
    STRING(I,    document_version, "DocumentVersion",   OPTIONAL),
    TIMESTAMP(I, requested_at,     "RequestedDateTime", OPTIONAL),
    STRING(I,    status,           "Status",            OPTIONAL),
    STRING(I,    detail,           "StatusDetails",     OPTIONAL),
    STRING(I,    trace,            "TraceOutput",       OPTIONAL),
    STRING(I,    output_url,       "StandardOutputUrl", OPTIONAL),
    STRING(I,    error_url,        "StandardErrorUrl",  OPTIONAL),
    LIST(I,      plugins,          "CommandPlugins",    OPTIONAL, plugin_view_shape),
    STRING(I,    service_role,     "ServiceRole",       OPTIONAL),
};
#undef I
static const struct shape invocation_shape =
    SHAPE("CommandInvocation", struct invocation_view, invocation_fields);

static const struct field invocations_out_fields[] = {
    LIST(struct invocations_out,   invocations, "CommandInvocations", OPTIONAL, invocation_shape),
    STRING(struct invocations_out, next_token,  "NextToken",          OPTIONAL),
};
static const struct shape invocations_out_shape =
    SHAPE("ListCommandInvocationsResult", struct invocations_out, invocations_out_fields);
/* clang-format on */

/* A position is "time id" or "time id number". */
static int read_position(struct op *op, struct str token, struct runcommand_query *q)
{
    struct str rest, piece;

    q->at = INT64_MAX;
    q->id = S("");
    q->position = -1;
    int opened = page_open(op, token, &rest);
    if (opened == 0 && !str_is_set(rest))
        return 0;
    if (opened != 0 || !str_next(&rest, ' ', &piece) || !str_to_int(piece, &q->at) ||
        !str_next(&rest, ' ', &q->id) || (str_is_set(rest) && !str_to_int(rest, &q->position)))
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    return 0;
}

static int read_query(struct op *op, const struct list_in *in, bool stage,
                      struct runcommand_query *ret)
{
    struct command_filters filters;

    PASS(command_filters_read(op, &in->filters, stage, &filters));
    *ret = (struct runcommand_query){
        .command_id = in->command_id,
        .instance_id = in->instance_id,
        .status = filters.status,
        .document_name = filters.document_name,
        .after = filters.after,
        .before = filters.before,
        .is_over = filters.is_over,
        .limit = in->max_results + 1,
    };
    return read_position(op, in->next_token, ret);
}

static int check_command(struct op *op, struct str id)
{
    struct runcommand c;

    if (!str_is_set(id))
        return 0;
    int found = runcommand_load(op, id, &c);
    if (found == DB_NO_ROW)
        return op_fail(op, SSM_INVALID_COMMAND_ID, "The command ID %.*s is not valid.", STR(id));
    TRY(found);
    return 0;
}

/* --- ListCommands --------------------------------------------------------- */

static int list_commands(struct op *op, const struct list_in *in, struct commands_out *out)
{
    struct runcommand_query q;
    struct runcommand_view *rows;
    size_t count;

    PASS(read_query(op, in, true, &q));
    PASS(check_command(op, in->command_id));
    TRY(runcommand_view_list(op, &q, &rows, &count));
    if (count > (size_t)in->max_results) {
        const struct runcommand_view *last = &rows[--count - 1];
        out->next_token = page_token(
            op, arena_fmt(op->arena, "%lld %.*s", (long long)last->requested_at, STR(last->id)));
    }
    struct command_view *views = arena_array(op->arena, struct command_view, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(command_view(op, &rows[i], &views[i]));
    out->commands = (struct list){ views, count };
    return 0;
}
OP_HANDLER(list_commands)

/* --- ListCommandInvocations ----------------------------------------------- */

static int view_invocation(struct op *op, const struct runcommand_invocation *row, bool details,
                           struct invocation_view *ret)
{
    struct runcommand_view c;

    TRY(runcommand_view_get(op, row->command_id, &c));
    *ret = (struct invocation_view){
        .command_id = row->command_id,
        .instance_id = row->instance_id,
        .instance_name = str_or_empty(row->instance_name),
        .comment = c.comment,
        .document_name = row->document_name,
        .document_version = c.document_version,
        .requested_at = row->requested_at,
        .status = row->status,
        .detail = row->detail,
        .trace = str_or_empty(row->trace),
        .output_url = S(""),
        .error_url = S(""),
        .service_role = S(""),
        .plugins = { arena_new(op->arena, struct plugin_view), 0 },
    };
    if (details)
        TRY(plugin_views(op, row, &ret->plugins));
    return 0;
}

static int list_command_invocations(struct op *op, const struct list_in *in,
                                    struct invocations_out *out)
{
    struct runcommand_query q;
    struct runcommand_invocation *rows;
    size_t count;

    PASS(read_query(op, in, false, &q));
    PASS(check_command(op, in->command_id));
    TRY(runcommand_invocation_list(op, &q, &rows, &count));
    if (count > (size_t)in->max_results) {
        const struct runcommand_invocation *last = &rows[--count - 1];
        out->next_token =
            page_token(op, arena_fmt(op->arena, "%lld %.*s %lld", (long long)last->requested_at,
                                     STR(last->command_id), (long long)last->position));
    }
    struct invocation_view *views = arena_array(op->arena, struct invocation_view, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(view_invocation(op, &rows[i], in->details, &views[i]));
    out->invocations = (struct list){ views, count };
    return 0;
}
OP_HANDLER(list_command_invocations)

/* clang-format off */
const struct operation runcommand_list_operations[] = {
    OP("ListCommands", list_commands, commands_in_shape, commands_out_shape, OP_READS,
       RAISES(SSM_INVALID_COMMAND_ID, SSM_INVALID_FILTER_KEY, SSM_INVALID_NEXT_TOKEN)),
    OP("ListCommandInvocations", list_command_invocations, invocations_in_shape,
       invocations_out_shape, OP_READS,
       RAISES(SSM_INVALID_COMMAND_ID, SSM_INVALID_FILTER_KEY, SSM_INVALID_NEXT_TOKEN)),
    OP_END,
};
/* clang-format on */
