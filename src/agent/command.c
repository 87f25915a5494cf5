/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/command.h"

#include "agent/queue.h"
#include "agent/reply.h"
#include "base/crypto.h"

static void add_entry(struct arena *a, struct command *c, enum entry_kind kind, struct str payload,
                      msec now)
{
    const struct entry e = {
        .kind = kind, .id = random_uuid(a), .payload = payload, .created_at = now
    };

    queue_add(a, &c->entries, &e);
    c->is_dirty = true;
}

int command_new(struct arena *a, struct str message_id, struct str command_id, msec created_at,
                struct value *payload, msec now, struct command *ret, struct str *ret_why)
{
    struct command c = { .id = command_id,
                         .message_id = message_id,
                         .created_at = created_at,
                         .received_at = now,
                         .payload = payload };

    PASS(document_plan(a, payload, &c.document, ret_why));
    *ret = c;
    run_init(a, &ret->run, &ret->document);
    ret->run.created_at = created_at;
    add_entry(a, ret, ENTRY_REPLY, reply_in_progress(a, now), now);
    add_entry(a, ret, ENTRY_ACK, (struct str){ 0 }, now);
    return 0;
}

void command_cancel(struct command *c)
{
    if (c->run.is_cancelled || c->finished_at != 0)
        return;
    run_cancel(&c->run);
    c->is_dirty = true;
}

static void report_step(struct arena *a, struct command *c, size_t step, msec now)
{
    add_entry(a, c, ENTRY_REPLY, reply_step(a, &c->run, step, now), now);
}

/* The plane hears of the top level only. */
static void report_settled(struct arena *a, struct command *c, struct run_place at, msec now)
{
    c->is_dirty = true;
    if (run_is_top(at) && run_is_settled(run_state(at)->status))
        report_step(a, c, at.step, now);
}

static void finish(struct arena *a, struct command *c, msec now)
{
    add_entry(a, c, ENTRY_REPLY, reply_final(a, &c->run, now), now);
    c->finished_at = now;
}

/* A step that asked for a restart: has it come, or will it never? */
static bool settle_reboot(struct arena *a, struct command *c, const struct command_ports *ports,
                          struct run_place at, msec now)
{
    if (!str_eq(run_state(at)->boot_id, ports->boot_id)) {
        c->reboot_asked_at = 0;
        run_rebooted(a, at, now);
    } else if (c->reboot_asked_at != 0 && now - c->reboot_asked_at > ports->reboot_timeout) {
        c->reboot_asked_at = 0;
        run_not_rebooted(a, at, "The node did not restart when it was asked to", now);
    } else {
        return false;
    }
    report_settled(a, c, at, now);
    return true;
}

/* All that needs no act: returns what is left to be done, at *ret. */
static enum run_action decide(struct arena *a, struct command *c, const struct command_ports *ports,
                              msec now, struct run_place *ret)
{
    for (;;) {
        enum run_action action = run_next(a, &c->run, now, ret);
        switch (action) {
        case RUN_START:
            if (!ports->may_start(ports->context))
                return RUN_START;
            run_started(*ret, ports->boot_id, now);
            c->is_dirty = true;
            break;
        case RUN_FETCH:
        case RUN_WAIT:
            return action;
        case RUN_REPORT:
            report_step(a, c, ret->step, now);
            break;
        case RUN_REBOOT:
            if (!settle_reboot(a, c, ports, *ret, now))
                return action;
            break;
        case RUN_FINISH:
            if (c->finished_at != 0)
                return action;
            finish(a, c, now);
            break;
        }
    }
}

/* Send in order; what cannot go now stays, what never will is dropped. Outcome PORT_NOT_YET. */
static int send_entries(struct command *c, const struct command_ports *ports, msec now)
{
    while (c->entries) {
        struct entry *e = c->entries;
        bool is_stale = now - e->created_at > COMMAND_REPLY_AGE;
        int sent = is_stale ? PORT_REFUSED : ports->send(ports->context, c, e);
        if (sent == PORT_NOT_YET)
            return sent;
        if (sent != PORT_REFUSED)
            TRY(sent);
        c->entries = e->next;
        c->is_dirty = true;
    }
    return 0;
}

static int save(struct command *c, const struct command_ports *ports)
{
    if (!c->is_dirty)
        return 0;
    PASS(ports->save(ports->context, c));
    c->is_dirty = false;
    return 0;
}

static int wait_for_step(struct arena *a, struct command *c, const struct command_ports *ports,
                         struct run_place at, msec now)
{
    struct step_result result = { 0 };
    int looked = ports->look(ports->context, c, at, a, &result);

    if (looked == PORT_NOT_YET)
        return COMMAND_WAITS_STEP;
    if (looked == PORT_ABSENT) {
        TRY(ports->launch(ports->context, c, at));
        return COMMAND_WAITS_STEP;
    }
    TRY(looked);
    run_ended(a, at, &result, now);
    report_settled(a, c, at, now);
    if (run_state(at)->status == STEP_SUCCESS_AND_REBOOT) {
        report_step(a, c, run_top_step(at), now);
        add_entry(a, c, ENTRY_REPLY, reply_final(a, &c->run, now), now);
    }
    return COMMAND_AGAIN;
}

/* What document_plan() reads, as a message would have brought it. */
static struct value *nested_payload(struct arena *a, const struct document_step *step,
                                    struct value *content)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("DocumentName"), step->path);
    value_set(a, v, S("DocumentContent"), content);
    value_set(a, v, S("Parameters"), value_copy(a, step->parameters));
    return v;
}

static int fetch_document(struct arena *a, struct command *c, const struct command_ports *ports,
                          struct run_place at, msec now)
{
    const struct document_step *step = run_plan(at);
    struct value *content;
    struct str why = S("");
    int fetched = ports->fetch(ports->context, step, a, &content, &why);

    if (fetched == PORT_NOT_YET && now - run_state(at)->started_at < COMMAND_FETCH_AGE)
        return COMMAND_WAITS_FETCH;
    if (fetched < 0)
        return fetched;
    if (fetched == 0) {
        int nested = run_nest(a, at, nested_payload(a, step, content), &why);
        TRY(nested < 0 ? nested : 0);
        c->is_dirty = true;
        if (nested == 0)
            return COMMAND_AGAIN;
        why = arena_fmt(a, "There was an error while preparing documents - %.*s", STR(why));
    }
    run_fail(a, at, why, now);
    report_settled(a, c, at, now);
    return COMMAND_AGAIN;
}

static int ask_reboot(struct arena *a, struct command *c, const struct command_ports *ports,
                      struct run_place at, msec now)
{
    const struct step_state *s = run_state(at);
    struct str why;

    if (c->reboot_asked_at == 0) {
        if (c->entries && now - s->ended_at < COMMAND_REBOOT_GRACE)
            return COMMAND_WAITS_SENDING;
        if (!ports->may_reboot(ports->context))
            return COMMAND_WAITS_REBOOT;
        c->reboot_asked_at = now;
        c->is_dirty = true;
        return COMMAND_AGAIN;
    }
    int asked = ports->reboot(ports->context, c, a, &why);
    if (asked == PORT_REFUSED) {
        c->reboot_asked_at = 0;
        run_not_rebooted(a, at, arena_cstr(a, why), now);
        report_settled(a, c, at, now);
        return COMMAND_AGAIN;
    }
    TRY(asked);
    return COMMAND_WAITS_REBOOT;
}

int command_advance(struct arena *a, struct command *c, const struct command_ports *ports, msec now)
{
    struct run_place at;
    enum run_action action = decide(a, c, ports, now, &at);

    int saved = save(c, ports);
    if (saved == PORT_NOT_YET)
        return COMMAND_WAITS_DISK;
    TRY(saved);

    /* A step does not wait for the plane to answer: launch it first. */
    int waits = action == RUN_WAIT ? wait_for_step(a, c, ports, at, now) : COMMAND_WAITS_STEP;
    if (waits < 0 || waits == COMMAND_AGAIN)
        return waits;

    int sent = send_entries(c, ports, now);
    if (sent < 0)
        return sent;
    switch (action) {
    case RUN_START:
    case RUN_WAIT:
    case RUN_REPORT:
        return waits;
    case RUN_FETCH:
        return fetch_document(a, c, ports, at, now);
    case RUN_REBOOT:
        return ask_reboot(a, c, ports, at, now);
    case RUN_FINISH:
        if (c->entries)
            return COMMAND_WAITS_SENDING;
        c->is_over = true;
        c->is_dirty = true;
        return save(c, ports) == 0 ? 0 : COMMAND_WAITS_DISK;
    }
    return waits;
}
