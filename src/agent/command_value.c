/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's record of a command. */
#include "agent/command.h"

/* The output of a settled step is in its reply; only a step that will run again
 * still needs it here, and a lone one until the final reply is written. */
static bool needs_output(const struct command *c, const struct step_state *s)
{
    return !run_is_settled(s->status) || (c->document.count == 1 && c->finished_at == 0);
}

static struct value *steps_to_value(struct arena *a, const struct command *c,
                                    const struct run *run);

static struct value *step_to_value(struct arena *a, const struct command *c,
                                   const struct step_state *s)
{
    struct value *v = value_map(a), *nested;

    value_set_str(a, v, S("status"), str_of(run_status_name(s->status)));
    value_set_int(a, v, S("code"), s->code);
    value_set_int(a, v, S("attempts"), s->attempts);
    value_set_int(a, v, S("started_at"), s->started_at);
    value_set_int(a, v, S("ended_at"), s->ended_at);
    if (str_is_set(s->boot_id))
        value_set_str(a, v, S("boot_id"), s->boot_id);
    if (needs_output(c, s) && !str_is_empty(s->out))
        value_set_str(a, v, S("out"), s->out);
    if (needs_output(c, s) && !str_is_empty(s->err))
        value_set_str(a, v, S("err"), s->err);
    if (needs_output(c, s) && !str_is_empty(s->message))
        value_set_str(a, v, S("message"), s->message);
    if (s->nested) {
        nested = value_map(a);
        value_set(a, nested, S("payload"), s->payload);
        value_set(a, nested, S("steps"), steps_to_value(a, c, s->nested));
        value_set(a, v, S("nested"), nested);
    }
    return v;
}

static struct value *steps_to_value(struct arena *a, const struct command *c, const struct run *run)
{
    struct value *steps = value_list(a);

    for (size_t i = 0; i < run->document->count; i++)
        value_append(a, steps, step_to_value(a, c, &run->steps[i]));
    return steps;
}

static struct value *entry_to_value(struct arena *a, const struct entry *e)
{
    struct value *v = value_map(a);

    value_set_bool(a, v, S("is_ack"), e->kind == ENTRY_ACK);
    value_set_str(a, v, S("id"), e->id);
    if (str_is_set(e->payload))
        value_set_str(a, v, S("payload"), e->payload);
    value_set_int(a, v, S("created_at"), e->created_at);
    return v;
}

struct value *command_to_value(struct arena *a, const struct command *c)
{
    struct value *v = value_map(a), *entries = value_list(a);

    value_set_int(a, v, S("version"), COMMAND_VERSION);
    value_set_str(a, v, S("id"), c->id);
    value_set_str(a, v, S("message_id"), c->message_id);
    value_set_int(a, v, S("created_at"), c->created_at);
    value_set_int(a, v, S("received_at"), c->received_at);
    value_set_int(a, v, S("finished_at"), c->finished_at);
    value_set_bool(a, v, S("is_over"), c->is_over);
    if (c->is_over)
        return v;

    value_set_bool(a, v, S("is_cancelled"), c->run.is_cancelled);
    value_set_int(a, v, S("reboot_asked_at"), c->reboot_asked_at);
    value_set(a, v, S("payload"), c->payload);
    value_set_int(a, v, S("n_planned"), c->run.n_planned);
    value_set(a, v, S("steps"), steps_to_value(a, c, &c->run));
    for (const struct entry *e = c->entries; e; e = e->next)
        value_append(a, entries, entry_to_value(a, e));
    value_set(a, v, S("entries"), entries);
    return v;
}

static bool steps_from_value(struct arena *a, const struct value *list, struct run *run);

/* The plan of a document is made again, as that of the command is. */
static bool nested_from_value(struct arena *a, const struct value *v, struct run_place at)
{
    struct str why;

    return at.run->depth < RUN_MAX_DEPTH && run_plan(at)->kind == STEP_DOCUMENT &&
           run_state(at)->status == STEP_IN_PROGRESS &&
           run_nest(a, at, value_get(v, S("payload")), &why) == 0 &&
           steps_from_value(a, value_get(v, S("steps")), run_state(at)->nested);
}

static bool step_from_value(struct arena *a, const struct value *v, struct run_place at)
{
    struct step_state *s = run_state(at);
    const struct value *nested = value_get(v, S("nested"));

    *s = (struct step_state){
        .code = value_get_int(v, S("code"), 0),
        .attempts = value_get_int(v, S("attempts"), 0),
        .boot_id = value_get_str(v, S("boot_id")),
        .started_at = value_get_int(v, S("started_at"), 0),
        .ended_at = value_get_int(v, S("ended_at"), 0),
        .out = value_get_str(v, S("out")),
        .err = value_get_str(v, S("err")),
        .message = value_get_str(v, S("message")),
    };
    return run_status_parse(value_get_str(v, S("status")), &s->status) &&
           (!nested || nested_from_value(a, nested, at));
}

static bool steps_from_value(struct arena *a, const struct value *list, struct run *run)
{
    if (value_count(list) != run->document->count)
        return false;
    for (size_t i = 0; i < run->document->count; i++)
        if (!step_from_value(a, value_at(list, i), (struct run_place){ run, i }))
            return false;
    return true;
}

static void entries_from_value(struct arena *a, const struct value *v, struct command *c)
{
    struct entry **end = &c->entries;

    for (size_t i = 0; i < value_count(v); i++) {
        const struct value *item = value_at(v, i);
        struct entry *e = arena_new(a, struct entry);
        e->kind = value_get_bool(item, S("is_ack"), false) ? ENTRY_ACK : ENTRY_REPLY;
        e->id = value_get_str(item, S("id"));
        e->payload = value_get_str(item, S("payload"));
        e->created_at = value_get_int(item, S("created_at"), 0);
        *end = e;
        end = &e->next;
    }
}

bool command_from_value(struct arena *a, const struct value *v, struct command *ret)
{
    struct str why;

    if (value_get_int(v, S("version"), 0) != COMMAND_VERSION)
        return false;
    *ret = (struct command){
        .id = value_get_str(v, S("id")),
        .message_id = value_get_str(v, S("message_id")),
        .created_at = value_get_int(v, S("created_at"), 0),
        .received_at = value_get_int(v, S("received_at"), 0),
        .payload = value_get(v, S("payload")),
        .reboot_asked_at = value_get_int(v, S("reboot_asked_at"), 0),
        .finished_at = value_get_int(v, S("finished_at"), 0),
        .is_over = value_get_bool(v, S("is_over"), false),
    };
    if (str_is_empty(ret->id) || str_is_empty(ret->message_id))
        return false;
    if (ret->is_over)
        return true;

    /* The plan is made again from the same payload; it must have the same steps. */
    if (document_plan(a, ret->payload, &ret->document, &why) != 0)
        return false;
    run_init(a, &ret->run, &ret->document);
    ret->run.created_at = ret->created_at;
    ret->run.is_cancelled = value_get_bool(v, S("is_cancelled"), false);
    if (!steps_from_value(a, value_get(v, S("steps")), &ret->run))
        return false;
    ret->run.n_planned = value_get_int(v, S("n_planned"), ret->run.n_planned);
    entries_from_value(a, value_get(v, S("entries")), ret);
    return true;
}
