/* SPDX-License-Identifier: Apache-2.0 */
/* GetCommandInvocation: one node's part of a command, one step of it. */
#include "base/time.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/command/plugin_view.h"
#include "svc/ssm/command/runcommand_view.h"

struct get_in {
    struct str command_id, instance_id, plugin;
};

struct get_out {
    struct str command_id, instance_id, comment, document_name, document_version, plugin;
    struct str started_at, elapsed, ended_at, status, detail;
    struct str output, output_url, error, error_url;
    int64_t code;
};

/* clang-format off */
static const struct field get_in_fields[] = {
    STRING(struct get_in, command_id,  "CommandId",  REQUIRED, LENGTH(36, 36)),
    STRING(struct get_in, instance_id, "InstanceId", REQUIRED, CHECK_INSTANCE_ID),
    STRING(struct get_in, plugin,      "PluginName", OPTIONAL, .min = 4),
};
static const struct shape get_in_shape =
    SHAPE("GetCommandInvocationRequest", struct get_in, get_in_fields);

#define O struct get_out
static const struct field get_out_fields[] = {
    STRING(O,  command_id,       "CommandId",              OPTIONAL),
    STRING(O,  instance_id,      "InstanceId",             OPTIONAL),
    STRING(O,  comment,          "Comment",                OPTIONAL),
    STRING(O,  document_name,    "DocumentName",           OPTIONAL),
    STRING(O,  document_version, "DocumentVersion",        OPTIONAL),
    STRING(O,  plugin,           "PluginName",             OPTIONAL),
    INTEGER(O, code,             "ResponseCode",           OPTIONAL),
    STRING(O,  started_at,       "ExecutionStartDateTime", OPTIONAL),
    STRING(O,  elapsed,          "ExecutionElapsedTime",   OPTIONAL),
    STRING(O,  ended_at,         "ExecutionEndDateTime",   OPTIONAL),
    STRING(O,  status,           "Status",                 OPTIONAL),
    STRING(O,  detail,           "StatusDetails",          OPTIONAL),
    STRING(O,  output,           "StandardOutputContent",  OPTIONAL),
    STRING(O,  output_url,       "StandardOutputUrl",      OPTIONAL),
    STRING(O,  error,            "StandardErrorContent",   OPTIONAL),
    STRING(O,  error_url,        "StandardErrorUrl",       OPTIONAL),
};
#undef O
static const struct shape get_out_shape =
    SHAPE("GetCommandInvocationResult", struct get_out, get_out_fields);
/* clang-format on */

/* AWS: a step's name is needed where a document has several. Clients leave it out
 * nevertheless and get the status of the whole: with it comes the last step that ran. */
static const struct plugin_facts *pick(const struct plugin_facts *facts, size_t count,
                                       struct str name)
{
    const struct plugin_facts *picked = count > 0 ? &facts[0] : NULL;

    for (size_t i = 0; i < count; i++) {
        if (str_is_set(name) && str_eq(facts[i].name, name))
            return &facts[i];
        if (facts[i].is_reported && facts[i].state.status != AGENT_SKIPPED)
            picked = &facts[i];
    }
    return str_is_set(name) ? NULL : picked;
}

static void show_times(struct op *op, const struct plugin *p, struct get_out *out)
{
    struct arena *a = op->arena;

    out->started_at = p->started_at ? time_iso_ms(a, p->started_at) : S("");
    out->ended_at = p->ended_at ? time_iso_ms(a, p->ended_at) : S("");
    out->elapsed = p->started_at && p->ended_at >= p->started_at
                       ? time_duration(a, p->ended_at - p->started_at)
                       : S("");
}

static void show_step(struct op *op, const struct runcommand_invocation *row,
                      const struct plugin_facts *f, bool alone, struct get_out *out)
{
    struct str none = { 0 };

    out->plugin = f->name;
    out->code = plugin_response_code(&f->state);
    out->output = f->standard_output;
    out->error = f->standard_error;
    if (alone) {
        out->status = plugin_status_name(&f->state, row->is_open ? none : row->status);
        out->detail = plugin_detail_name(&f->state, row->is_open ? none : row->detail);
    }
    show_times(op, &f->state, out);
}

static int find(struct op *op, const struct get_in *in, struct runcommand_invocation *ret)
{
    struct runcommand c;

    int found = runcommand_load(op, in->command_id, &c);
    if (found == 0)
        found = runcommand_invocation_of_node(op, in->command_id, in->instance_id, ret);
    if (found == DB_NO_ROW)
        return op_fail(op, SSM_INVOCATION_DOES_NOT_EXIST,
                       "The command was not sent to that instance, or it is not there yet.");
    TRY(found);
    return 0;
}

static int get_command_invocation(struct op *op, const struct get_in *in, struct get_out *out)
{
    struct runcommand_invocation row;
    struct runcommand_view c;
    struct plugin_facts *facts;
    size_t count;

    PASS(find(op, in, &row));
    TRY(runcommand_view_get(op, row.command_id, &c));
    TRY(plugin_facts(op, &row, &facts, &count));
    const struct plugin_facts *f = pick(facts, count, in->plugin);
    if (!f)
        return op_fail(op, SSM_INVALID_PLUGIN_NAME, "The document has no step %.*s.",
                       STR(in->plugin));
    *out = (struct get_out){
        .command_id = row.command_id,
        .instance_id = row.instance_id,
        .comment = c.comment,
        .document_name = row.document_name,
        .document_version = c.document_version,
        .status = row.status,
        .detail = row.detail,
        .output_url = S(""),
        .error_url = S(""),
    };
    show_step(op, &row, f, str_is_set(in->plugin), out);
    return 0;
}
OP_HANDLER(get_command_invocation)

/* clang-format off */
const struct operation runcommand_get_operations[] = {
    OP("GetCommandInvocation", get_command_invocation, get_in_shape, get_out_shape, OP_READS,
       RAISES(SSM_INVALID_PLUGIN_NAME, SSM_INVOCATION_DOES_NOT_EXIST)),
    OP_END,
};
/* clang-format on */
