/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands in simulated fleets: agents that answer late, twice, in the wrong
 * order or never, messages that are handed out twice or reach an agent too
 * late, and a shell that dies before it commits.
 */
#include "base/value.h"
#include "engine/command.h"

#include "../unit/test.h"
#include "sim.h"

#define MAX_NODES 48

enum {
    TIMER,
    FETCH,  /* the agent's poll gets the message */
    ARRIVE, /* ... and the agent sees it */
    ACK,    /* AcknowledgeMessage reaches the plane */
    REPLY,  /* a reply does; argument: enum agent_status */
    FINISH, /* the agent is through with the document */
    REBOOT, /* ... or asks for a reboot */
    CANCEL_ARRIVES,
    CANCEL_ONE,
    CANCEL_ALL,
    REFUSE,
    DELAY,
};

struct node {
    bool is_offline, is_mute, reboots, repeats, is_late; /* mute: takes it, and says no more */
    enum agent_status result;
    msec fetch_after, run_time, reply_delay;
    bool has_begun, is_through;
    unsigned n_sent;
};

struct world {
    struct sim sim;
    struct command command;
    struct invocation rows[MAX_NODES];
    struct node nodes[MAX_NODES];
    struct arena scratch;
    struct command_effect pending[4 * MAX_NODES + 8]; /* the outbox, before the commit */
    size_t n_pending;
    unsigned n_finished, n_sent_too_late, n_loads;
    unsigned crash_percent;
    bool was_cancelled_first;
};

/* ---- the shell ---- */

static int load(void *context, uint32_t index, struct invocation *ret)
{
    struct world *w = context;

    w->n_loads++;
    assert_true(invocation_load(invocation_save(&w->scratch, &w->rows[index]), ret));
    return 0;
}

static int save(void *context, uint32_t index, const struct invocation *row)
{
    struct world *w = context;

    if (invocation_is_over(&w->rows[index]))
        assert_int_equal(row->detail, w->rows[index].detail); /* never taken back */
    w->rows[index] = *row;
    return 0;
}

static int next_open(void *context, uint32_t from, bool released, uint32_t *ret)
{
    struct world *w = context;
    uint32_t i = from;

    while (i < w->command.rate.n_targets &&
           (invocation_is_over(&w->rows[i]) || (released && !w->rows[i].is_released)))
        i++;
    *ret = i;
    return 0;
}

static int effect(void *context, const struct command_effect *e)
{
    struct world *w = context;

    assert_in_range(w->n_pending, 0, ARRAY_LEN(w->pending) - 1);
    w->pending[w->n_pending++] = *e;
    return 0;
}

static void carry_out(struct world *w, const struct command_effect *e)
{
    struct node *node = &w->nodes[e->index];

    switch (e->type) {
    case COMMAND_EFFECT_SEND:
        sim_say(&w->sim, "  send to %u", e->index);
        node->n_sent++;
        w->n_sent_too_late += rate_is_exceeded(&w->command.rate) || w->command.is_cancelled;
        if (!node->is_offline)
            sim_at(&w->sim, w->sim.now + node->fetch_after, FETCH, e->index, 0);
        break;
    case COMMAND_EFFECT_CANCEL:
        sim_say(&w->sim, "  cancel %u", e->index);
        sim_at(&w->sim, w->sim.now + 5, CANCEL_ARRIVES, e->index, 0);
        break;
    case COMMAND_EFFECT_ARM_TIMER:
        sim_at(&w->sim, e->at, TIMER, 0, e->at);
        break;
    case COMMAND_EFFECT_FINISHED:
        sim_say(&w->sim, "  %.*s", STR(command_detail_name(w->command.detail)));
        w->n_finished++;
        break;
    case COMMAND_EFFECT_VISIT:
    case COMMAND_EFFECT_VISIT_RUNNING:
    case COMMAND_EFFECT_VISIT_OPEN:
        fail_msg("command_tell() hands on a visit");
    }
}

static void tell(struct world *w, struct command_event event)
{
    struct command_shell shell = { w, load, save, next_open, effect };
    bool crashes = sim_chance(&w->sim, w->crash_percent);
    struct world before;

    event.at = w->sim.now;
    arena_reset(&w->scratch);
    if (crashes)
        before = *w;
    assert_true(command_load(command_save(&w->scratch, &w->command), &w->command));
    assert_int_equal(command_tell(&w->command, &event, &shell), 0);
    if (crashes) { /* killed before the commit: all of it is told again */
        memcpy(w->rows, before.rows, sizeof(w->rows));
        w->command = before.command;
        w->n_pending = 0;
        assert_int_equal(command_tell(&w->command, &event, &shell), 0);
    }
    for (size_t i = 0; i < w->n_pending; i++)
        carry_out(w, &w->pending[i]);
    w->n_pending = 0;
}

/* ---- the agents ---- */

static void reply(struct world *w, uint32_t index, enum agent_status status, msec after)
{
    const struct node *node = &w->nodes[index];

    if (node->is_mute && status != AGENT_IN_PROGRESS)
        return;
    sim_at(&w->sim, w->sim.now + after, REPLY, index, status);
    if (node->repeats)
        sim_at(&w->sim, w->sim.now + after + 1 + sim_below(&w->sim, 400), REPLY, index, status);
}

static void arrive(struct world *w, uint32_t index)
{
    struct node *node = &w->nodes[index];

    /* A message that comes again is not run again, but reported again. */
    reply(w, index, AGENT_IN_PROGRESS, node->is_late ? node->run_time + 50 : 1);
    sim_at(&w->sim, w->sim.now + 2, ACK, index, 0);
    if (node->has_begun)
        return;
    node->has_begun = true;
    if (node->repeats)
        sim_at(&w->sim, w->sim.now + sim_below(&w->sim, 300), ARRIVE, index, 0);
    sim_at(&w->sim, w->sim.now + node->run_time, node->reboots ? REBOOT : FINISH, index, 0);
}

static void finish(struct world *w, uint32_t index, enum agent_status status)
{
    struct node *node = &w->nodes[index];

    if (node->is_through)
        return;
    node->is_through = true;
    reply(w, index, status, node->reply_delay);
}

static void agent_event(struct world *w, const struct sim_event *e)
{
    struct node *node = &w->nodes[e->index];

    switch (e->type) {
    case FETCH:
        if (!invocation_is_over(&w->rows[e->index]))
            sim_at(&w->sim, w->sim.now + 1 + sim_below(&w->sim, 20), ARRIVE, e->index, 0);
        break;
    case ARRIVE:
        arrive(w, e->index);
        break;
    case REBOOT:
        if (node->is_through)
            break;
        reply(w, e->index, AGENT_SUCCESS_AND_REBOOT, 1);
        sim_at(&w->sim, w->sim.now + 60, FINISH, e->index, 0);
        break;
    case FINISH:
        finish(w, e->index, node->result);
        break;
    case CANCEL_ARRIVES:
        if (node->has_begun)
            finish(w, e->index, AGENT_CANCELLED);
        break;
    }
}

static void plane_event(struct world *w, const struct sim_event *e)
{
    struct command_event event = { .index = e->index };

    switch (e->type) {
    case TIMER:
        if (e->argument == w->command.timer_at || sim_chance(&w->sim, 50))
            event.type = COMMAND_EVENT_TIMER; /* also one that was disarmed, now and then */
        else
            return;
        break;
    case ACK:
        event.type = COMMAND_EVENT_DELIVERED;
        break;
    case REPLY:
        sim_say(&w->sim, "%u reports %.*s", e->index,
                STR(agent_status_name((enum agent_status)e->argument)));
        event.type = COMMAND_EVENT_REPLY;
        event.document = (enum agent_status)e->argument;
        break;
    case CANCEL_ONE:
        event.type = COMMAND_EVENT_CANCEL;
        break;
    case CANCEL_ALL:
        sim_say(&w->sim, "cancel all");
        event.type = COMMAND_EVENT_CANCEL_ALL;
        w->was_cancelled_first |=
            w->command.stop == COMMAND_STOP_NONE && !command_is_over(&w->command);
        break;
    case REFUSE:
        event.type = COMMAND_EVENT_REFUSE;
        event.refusal = (enum invocation_detail)e->argument;
        break;
    case DELAY:
        event.type = COMMAND_EVENT_DELAYED;
        break;
    }
    tell(w, event);
}

static void run(struct world *w)
{
    struct sim_event e;

    while (sim_next(&w->sim, &e)) {
        bool is_of_agent = e.type == FETCH || e.type == ARRIVE || e.type == FINISH ||
                           e.type == REBOOT || e.type == CANCEL_ARRIVES;
        if (is_of_agent)
            agent_event(w, &e);
        else
            plane_event(w, &e);
    }
}

static void begin(struct world *w, uint64_t seed, const struct command_plan *plan)
{
    memset(w, 0, sizeof(*w));
    sim_init(&w->sim, seed);
    w->command = command_plan(plan);
    for (uint32_t i = 0; i < MAX_NODES; i++)
        w->nodes[i] = (struct node){ .result = AGENT_SUCCESS, .run_time = 100, .reply_delay = 1 };
}

static void done(struct world *w)
{
    arena_done(&w->scratch);
    sim_done(&w->sim);
}

/* ---- properties ---- */

static uint32_t count(const struct world *w, enum invocation_detail detail)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < w->command.rate.n_targets; i++)
        n += w->rows[i].detail == detail;
    return n;
}

/* The rules of the header, from the rows alone. */
static const char *expected_detail(const struct world *w)
{
    uint32_t n = w->command.rate.n_targets, good = count(w, INVOCATION_SUCCESS);
    uint32_t failed = count(w, INVOCATION_FAILED);
    uint32_t errors = failed + count(w, INVOCATION_EXECUTION_TIMED_OUT);
    uint32_t cancelled = count(w, INVOCATION_CANCELLED);
    uint32_t refused = count(w, INVOCATION_UNDELIVERABLE) + count(w, INVOCATION_ACCESS_DENIED) +
                       count(w, INVOCATION_INVALID_PLATFORM);

    if (n == 0)
        return "NoInstancesInTag";
    if (w->was_cancelled_first && cancelled > 0)
        return "Cancelled";
    if (errors > w->command.rate.max_errors)
        return failed ? "Failed" : "ExecutionTimedOut";
    if (good == n)
        return "Success";
    if (cancelled == n)
        return "Cancelled";
    if (refused == n)
        return "Failed";
    if (count(w, INVOCATION_DELIVERY_TIMED_OUT) == n)
        return "DeliveryTimedOut";
    return good > 0 && good + refused == n ? "Success" : "Incomplete";
}

static void make_node(struct sim *s, struct node *node)
{
    static const enum agent_status results[] = { AGENT_SUCCESS, AGENT_SUCCESS, AGENT_FAILED,
                                                 AGENT_TIMED_OUT, AGENT_SKIPPED };

    node->is_offline = sim_chance(s, 10);
    node->is_mute = sim_chance(s, 5);
    node->reboots = sim_chance(s, 20);
    node->repeats = sim_chance(s, 30);
    node->is_late = sim_chance(s, 10);
    node->result = results[sim_below(s, sim_chance(s, 50) ? 2 : ARRAY_LEN(results))];
    node->fetch_after = sim_below(s, sim_chance(s, 10) ? 4000 : 30);
    node->run_time = 1 + sim_below(s, sim_chance(s, 10) ? 9000 : 300);
    node->reply_delay = sim_below(s, sim_chance(s, 10) ? 9000 : 20);
}

static void make_trouble(struct world *w)
{
    struct sim *s = &w->sim;
    uint32_t n = w->command.rate.n_targets;

    if (sim_chance(s, 15))
        sim_at(s, SIM_EPOCH + sim_below(s, 2000), CANCEL_ALL, 0, 0);
    for (uint32_t i = 0; i < n; i++) {
        if (sim_chance(s, 5))
            sim_at(s, SIM_EPOCH + sim_below(s, 2000), CANCEL_ONE, i, 0);
        if (sim_chance(s, 5))
            sim_at(s, SIM_EPOCH + sim_below(s, 500), REFUSE, i,
                   INVOCATION_UNDELIVERABLE + (int)sim_below(s, 3));
        if (sim_chance(s, 5))
            sim_at(s, SIM_EPOCH + sim_below(s, 500), DELAY, i, 0);
        if (sim_chance(s, 3))
            sim_at(s, SIM_EPOCH + sim_below(s, 500), REPLY, i, AGENT_FAILED); /* of nothing sent */
    }
}

static void run_any(struct world *w, uint64_t seed)
{
    struct sim dice;

    sim_init(&dice, seed);
    struct command_plan plan = {
        .requested_at = SIM_EPOCH,
        .delivery_timeout = 3000,
        .execution_timeout = 5000,
        .n_targets = sim_below(&dice, sim_chance(&dice, 50) ? 5 : MAX_NODES),
        .max_concurrency = { 1 + sim_below(&dice, 100), sim_chance(&dice, 50) },
        .max_errors = { sim_below(&dice, 12), sim_chance(&dice, 50) },
        .ramps = sim_chance(&dice, 50),
        .ramp_patience = sim_chance(&dice, 50) ? 200 : 0,
    };
    begin(w, seed, &plan);
    w->crash_percent = sim_chance(&dice, 50) ? 20 : 0;
    for (uint32_t i = 0; i < plan.n_targets; i++)
        make_node(&dice, &w->nodes[i]);
    make_trouble(w);
    sim_at(&w->sim, SIM_EPOCH, TIMER, 0, 0);
    run(w);
    sim_done(&dice);
}

static void holds_in_any_world(void **state)
{
    (void)state;
    static struct world w;

    for (uint64_t seed = 0; seed < 5000; seed++) {
        run_any(&w, seed);
        const struct command *c = &w.command;

        if (!command_is_over(c))
            fail_msg("seed %llu does not end", (unsigned long long)seed);
        assert_int_equal(w.n_finished, 1);
        assert_int_equal(w.n_sent_too_late, 0);
        assert_in_range(c->ended_at, SIM_EPOCH, c->expires_at);
        assert_string_equal(arena_cstr(&w.scratch, command_detail_name(c->detail)),
                            expected_detail(&w));
        assert_int_equal(command_completed_count(c), c->rate.n_targets);
        assert_int_equal(command_error_count(c),
                         count(&w, INVOCATION_FAILED) + count(&w, INVOCATION_EXECUTION_TIMED_OUT));
        for (uint32_t i = 0; i < c->rate.n_targets; i++) {
            const struct invocation *row = &w.rows[i];
            assert_in_range(w.nodes[i].n_sent, 0, 1);
            assert_int_equal(w.nodes[i].n_sent, row->released_at != 0);
            /* A node that began what was given up before it had it is stopped. */
            if (w.nodes[i].has_begun && !row->is_delivered)
                assert_true(row->is_cancel_sent);
        }
        done(&w);
    }
}

static void the_same_seed_is_the_same_world(void **state)
{
    (void)state;
    static struct world a, b;

    run_any(&a, 4711);
    run_any(&b, 4711);
    assert_true(
        value_equal(command_save(&a.scratch, &a.command), command_save(&b.scratch, &b.command)));
    for (uint32_t i = 0; i < a.command.rate.n_targets; i++)
        assert_true(value_equal(invocation_save(&a.scratch, &a.rows[i]),
                                invocation_save(&b.scratch, &b.rows[i])));
    done(&a);
    done(&b);
}

/* ---- transcripts ---- */

static struct command_plan steady_plan(uint32_t n_targets, uint32_t concurrency, uint32_t errors)
{
    return (struct command_plan){
        .requested_at = SIM_EPOCH,
        .delivery_timeout = 3000,
        .execution_timeout = 5000,
        .n_targets = n_targets,
        .max_concurrency = { concurrency, false },
        .max_errors = { errors, false },
    };
}

static void play(struct world *w, const char *transcript)
{
    w->sim.keeps_transcript = true;
    sim_at(&w->sim, SIM_EPOCH, TIMER, 0, 0);
    run(w);
    sim_expect(&w->sim, transcript);
    done(w);
}

static void refills_as_nodes_report(void **state)
{
    (void)state;
    static struct world w;
    struct command_plan plan = steady_plan(3, 2, 0);

    begin(&w, 1, &plan);
    w.nodes[1].run_time = 300;
    play(&w, "       0   send to 0\n"
             "       0   send to 1\n"
             "      10 1 reports InProgress\n"
             "      14 0 reports InProgress\n"
             "     114 0 reports Success\n"
             "     114   send to 2\n"
             "     118 2 reports InProgress\n"
             "     218 2 reports Success\n"
             "     310 1 reports Success\n"
             "     310   Success\n");
}

static void the_second_error_stops_where_one_is_allowed(void **state)
{
    (void)state;
    static struct world w;
    struct command_plan plan = steady_plan(6, 2, 1);

    begin(&w, 1, &plan);
    w.nodes[0].result = AGENT_FAILED;
    w.nodes[1].result = AGENT_TIMED_OUT;
    w.nodes[2].run_time = 500;
    play(&w, "       0   send to 0\n"
             "       0   send to 1\n"
             "      10 1 reports InProgress\n"
             "      14 0 reports InProgress\n"
             "     110 1 reports TimedOut\n"
             "     110   send to 2\n"
             "     114 0 reports Failed\n"
             "     114 2 reports InProgress\n"
             "     614 2 reports Success\n"
             "     614   Failed\n");
}

static void a_reboot_is_not_the_end(void **state)
{
    (void)state;
    static struct world w;
    struct command_plan plan = steady_plan(1, 1, 0);

    begin(&w, 1, &plan);
    w.nodes[0].reboots = true;
    play(&w, "       0   send to 0\n"
             "      14 0 reports InProgress\n"
             "     114 0 reports SuccessAndReboot\n"
             "     174 0 reports Success\n"
             "     174   Success\n");
}

static void a_cancelled_command_takes_its_agents_along(void **state)
{
    (void)state;
    static struct world w;
    struct command_plan plan = steady_plan(4, 3, 0);

    begin(&w, 1, &plan);
    w.nodes[1].is_offline = true;
    w.nodes[2].run_time = 10;
    sim_at(&w.sim, SIM_EPOCH + 50, CANCEL_ALL, 0, 0);
    play(&w, "       0   send to 0\n"
             "       0   send to 1\n"
             "       0   send to 2\n"
             "      10 2 reports InProgress\n"
             "      14 0 reports InProgress\n"
             "      20 2 reports Success\n"
             "      20   send to 3\n"
             "      24 3 reports InProgress\n"
             "      50 cancel all\n"
             "      50   cancel 0\n"
             "      50   cancel 3\n"
             "      56 0 reports Cancelled\n"
             "      56 3 reports Cancelled\n"
             "      56   Cancelled\n");
}

static void an_offline_node_frees_its_place_in_time(void **state)
{
    (void)state;
    static struct world w;
    struct command_plan plan = steady_plan(2, 1, 0);

    begin(&w, 1, &plan);
    w.nodes[0].is_offline = true;
    play(&w, "       0   send to 0\n"
             "    3000   send to 1\n"
             "    3010 1 reports InProgress\n"
             "    3110 1 reports Success\n"
             "    3110   Incomplete\n");
}

static void a_silent_agent_is_given_up_when_the_total_has_passed(void **state)
{
    (void)state;
    static struct world w;
    struct command_plan plan = steady_plan(1, 1, 0);

    begin(&w, 1, &plan);
    w.nodes[0].is_mute = true;
    play(&w, "       0   send to 0\n"
             "      14 0 reports InProgress\n"
             "    8000   DeliveryTimedOut\n");
}

static void a_ramp_waits_for_first_words(void **state)
{
    (void)state;
    static struct world w;
    struct command_plan plan = steady_plan(8, 8, 0);

    begin(&w, 1, &plan);
    plan.ramps = true;
    plan.ramp_patience = 200;
    w.command = command_plan(&plan);
    w.nodes[0].is_offline = true;
    play(&w, "       0   send to 0\n"
             "     200   send to 1\n"
             "     200   send to 2\n"
             "     210 1 reports InProgress\n"
             "     212 2 reports InProgress\n"
             "     310 1 reports Success\n"
             "     312 2 reports Success\n"
             "     400   send to 3\n"
             "     400   send to 4\n"
             "     400   send to 5\n"
             "     400   send to 6\n"
             "     403 3 reports InProgress\n"
             "     403 4 reports InProgress\n"
             "     407 5 reports InProgress\n"
             "     408 6 reports InProgress\n"
             "     503 3 reports Success\n"
             "     503 4 reports Success\n"
             "     507 5 reports Success\n"
             "     508 6 reports Success\n"
             "     600   send to 7\n"
             "     615 7 reports InProgress\n"
             "     715 7 reports Success\n"
             "    3000   Incomplete\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_in_any_world),
        cmocka_unit_test(the_same_seed_is_the_same_world),
        cmocka_unit_test(refills_as_nodes_report),
        cmocka_unit_test(the_second_error_stops_where_one_is_allowed),
        cmocka_unit_test(a_reboot_is_not_the_end),
        cmocka_unit_test(a_cancelled_command_takes_its_agents_along),
        cmocka_unit_test(an_offline_node_frees_its_place_in_time),
        cmocka_unit_test(a_silent_agent_is_given_up_when_the_total_has_passed),
        cmocka_unit_test(a_ramp_waits_for_first_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
