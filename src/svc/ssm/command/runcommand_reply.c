/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent is sent, and what it replies. Replies come at least once, in
 * any order and from agents of many versions, so what is unknown in them is
 * passed over.
 */
#include "base/json.h"
#include "base/time.h"
#include "svc/ssm/command/runcommand.h"

int runcommand_payload(struct op *op, struct str id, struct str *ret)
{
    struct arena *a = op->arena;
    struct runcommand c;
    struct runcommand_text t;
    struct value *content, *parameters, *v = value_map(a);

    TRY(runcommand_load(op, id, &c));
    TRY(runcommand_load_text(op->db, a, id, &t));
    TRY(json_parse(a, t.content, &content, NULL));
    TRY(json_parse(a, t.payload_parameters, &parameters, NULL));
    value_set_str(a, v, S("CommandId"), id);
    value_set_str(a, v, S("DocumentName"), c.document_name);
    value_set(a, v, S("DocumentContent"), content);
    value_set(a, v, S("Parameters"), parameters);
    value_set_str(a, v, S("OutputS3BucketName"), S(""));
    value_set_str(a, v, S("OutputS3KeyPrefix"), S(""));
    value_set_str(a, v, S("CloudWatchLogGroupName"), S(""));
    value_set_str(a, v, S("CloudWatchOutputEnabled"), S("false"));
    *ret = json_format(a, v);
    return 0;
}

static msec instant(const struct value *v, struct str key)
{
    msec at = 0;
    return time_parse_iso(value_get_str(v, key), &at) ? at : 0;
}

static bool is_step(const struct value *steps, struct str name)
{
    for (size_t i = 0; i < value_count(steps); i++)
        if (str_eq(value_str(value_at(steps, i)), name))
            return true;
    return false;
}

static struct plugin known_state(const struct runcommand_plugin *known, size_t n_known,
                                 struct str name)
{
    struct plugin p = { 0 };

    for (size_t i = 0; i < n_known; i++) {
        if (!str_eq(known[i].name, name))
            continue;
        if (agent_status_parse(known[i].status, &p.status)) {
            p.code = (int32_t)known[i].code;
            p.started_at = known[i].started_at;
            p.ended_at = known[i].ended_at;
        }
    }
    return p;
}

static struct str text_of(const struct value *v, struct str key)
{
    struct str s = value_get_str(v, key);
    return str_or_empty(s);
}

static int take_plugin(struct op *op, const struct runcommand_invocation *row,
                       const struct value_member *m, struct plugin have)
{
    struct str out = text_of(m->value, S("standardOutput"));
    struct str err = text_of(m->value, S("standardError"));
    int64_t code = value_get_int(m->value, S("code"), 0);
    struct plugin report = { .code = code < INT32_MIN || code > INT32_MAX ? 1 : (int32_t)code,
                             .started_at = instant(m->value, S("startDateTime")),
                             .ended_at = instant(m->value, S("endDateTime")) };

    if (!agent_status_parse(value_get_str(m->value, S("status")), &report.status) ||
        !plugin_report(&have, &report))
        return 0;
    struct runcommand_plugin p = {
        .command_id = row->command_id,
        .position = row->position,
        .name = m->key,
        .status = agent_status_name(have.status),
        .code = have.code,
        .started_at = have.started_at,
        .ended_at = have.ended_at,
        .output = output_combined(op->arena, out, err),
        .standard_output = output_cut(op->arena, out, OUTPUT_MAX_STDOUT),
        .standard_error = output_cut(op->arena, err, OUTPUT_MAX_STDERR),
    };
    TRY(runcommand_plugin_put(op, &p));
    return 0;
}

static int take_plugins(struct op *op, const struct runcommand_invocation *row,
                        const struct value *status)
{
    struct runcommand_plugin *known;
    size_t n_known;
    struct str text;
    struct value *steps;

    if (value_count(status) == 0)
        return 0;
    TRY(runcommand_load_steps(op, row->command_id, &text));
    TRY(json_parse(op->arena, text, &steps, NULL));
    TRY(runcommand_plugin_list(op, row->command_id, row->position, &known, &n_known));
    for (size_t i = 0; value_is(status, VALUE_MAP) && i < status->map.count; i++) {
        const struct value_member *m = &status->map.members[i];
        if (is_step(steps, m->key))
            TRY(take_plugin(op, row, m, known_state(known, n_known, m->key)));
    }
    return 0;
}

int runcommand_reply(struct op *op, struct str id, struct str node, struct str payload)
{
    struct runcommand_invocation row;
    struct value *reply;
    struct command_event event = { .type = COMMAND_EVENT_REPLY };

    if (json_parse(op->arena, payload, &reply, NULL) != 0 ||
        !agent_status_parse(value_get_str(reply, S("documentStatus")), &event.document))
        return 0;
    int found = runcommand_invocation_of_node(op, id, node, &row);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    TRY(take_plugins(op, &row, value_get(reply, S("runtimeStatus"))));
    struct str trace = value_get_str(reply, S("documentTraceOutput"));
    if (!str_is_empty(trace))
        TRY(runcommand_invocation_set_trace(op, id, row.position,
                                            output_cut(op->arena, trace, OUTPUT_MAX_COMBINED)));
    event.index = (uint32_t)row.position;
    int told = runcommand_tell(op, id, &event);
    if (told != DB_NO_ROW)
        TRY(told);
    return 0;
}
