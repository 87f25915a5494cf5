/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parents over many accounts and Regions with whole children under them, in
 * worlds where steps fail, hang and answer late or twice, messages between
 * parent and child are slow and repeated, somebody stops things, and the shell
 * dies before it commits.
 */
#include "base/json.h"
#include "engine/execution.h"
#include "engine/locations.h"

#include "../unit/test.h"
#include "sim.h"

#define MAX_PAIRS 24

enum {
    PARENT_TIMER,
    PARENT_STOP, /* argument: enum automation_stop */
    CHILD_START,
    CHILD_TIMER,
    CHILD_STOP,
    CHILD_DONE, /* the parent hears of it; argument: enum automation_status */
    STEP_DONE,  /* argument: serial * 16 + status */
};

struct child {
    struct execution e;
    const struct runbook *book;
    bool exists, is_stopped;
    unsigned n_finished, n_started;
    uint32_t running_serial; /* 0: no attempt is out */
    msec started_at;
};

struct world {
    struct sim sim;
    struct locations parent;
    struct pair_run rows[MAX_PAIRS];
    struct child children[MAX_PAIRS];
    struct locations_effect pending[2 * MAX_PAIRS + 8];
    size_t n_pending;
    unsigned n_finished, crash_percent, trouble_percent;
    bool is_calm; /* every step succeeds after 100 ms */
};

/* ---- runbooks ---- */

static struct arena books_arena;
static struct runbook books[4];

#define INPUTS    "\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":[\"i\"]}"
#define RUN(name) "{\"name\":\"" name "\",\"action\":\"aws:runCommand\"," INPUTS

static const char *const book_texts[] = {
    RUN("patch") ",\"timeoutSeconds\":2}",
    RUN("scan") ",\"maxAttempts\":3,\"timeoutSeconds\":1}," RUN("install") "}",
    RUN("a") ",\"onFailure\":\"step:c\",\"onCancel\":\"step:c\"}," RUN(
        "b") ",\"onFailure\":\"Continue\",\"timeoutSeconds\":1,\"isEnd\":true}," RUN("c") "}",
    RUN("a") ",\"onFailure\":\"step:a\",\"timeoutSeconds\":1},"
             "{\"name\":\"b\",\"action\":\"aws:runCommand\",\"inputs\":{\"DocumentName\":\"D\","
             "\"InstanceIds\":\"{{ a.Output }}\"}}",
};

static int read_books(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(books); i++) {
        struct value *document;
        struct str why = { 0 }, text = arena_fmt(&books_arena,
                                                 "{\"schemaVersion\":\"0.3\","
                                                 "\"mainSteps\":[%s]}",
                                                 book_texts[i]);
        if (json_parse(&books_arena, text, &document, &why) != 0 ||
            runbook_parse(&books_arena, document, &books[i], &why) != 0)
            fail_msg("%.*s", STR(why));
    }
    return 0;
}

static int forget_books(void **state)
{
    (void)state;
    arena_done(&books_arena);
    return 0;
}

/* ---- children ---- */

static void start_step(struct world *w, uint32_t index, uint32_t serial)
{
    static const enum automation_status results[] = { AUTOMATION_SUCCESS, AUTOMATION_FAILED,
                                                      AUTOMATION_TIMED_OUT, AUTOMATION_CANCELLED };
    struct child *child = &w->children[index];
    struct sim *s = &w->sim;

    assert_int_equal(child->running_serial, 0); /* never two at once */
    child->running_serial = serial;
    sim_say(s, "  %u: start %.*s", index, STR(child->book->steps[child->e.current].name));
    if (w->is_calm) {
        sim_at(s, s->now + 100, STEP_DONE, index, serial * 16 + AUTOMATION_SUCCESS);
        return;
    }
    if (sim_chance(s, w->trouble_percent / 4))
        return; /* it hangs */
    msec at = s->now + 1 + sim_below(s, sim_chance(s, 10) ? 3000 : 300);
    bool is_well = !sim_chance(s, w->trouble_percent);
    enum automation_status result = is_well ? AUTOMATION_SUCCESS : results[sim_below(s, 4)];
    sim_at(s, at, STEP_DONE, index, serial * 16 + result);
    if (sim_chance(s, w->trouble_percent)) /* and once more, with other words */
        sim_at(s, at + sim_below(s, 500), STEP_DONE, index, serial * 16 + results[sim_below(s, 4)]);
}

static void carry_out_child(struct world *w, uint32_t index, const struct execution_effect *e)
{
    struct child *child = &w->children[index];

    switch (e->type) {
    case EXECUTION_EFFECT_START_STEP:
        start_step(w, index, e->serial);
        break;
    case EXECUTION_EFFECT_CANCEL_STEP:
        assert_int_equal(child->running_serial, e->serial);
        sim_say(&w->sim, "  %u: cancel", index);
        if (child->e.status == AUTOMATION_CANCELLING && sim_chance(&w->sim, 70))
            sim_at(&w->sim, w->sim.now + sim_below(&w->sim, 300), STEP_DONE, index,
                   e->serial * 16 + AUTOMATION_CANCELLED);
        if (child->e.steps[child->e.current].serial != e->serial ||
            automation_is_over(child->e.steps[child->e.current].status))
            child->running_serial = 0; /* given up */
        break;
    case EXECUTION_EFFECT_ARM_TIMER:
        sim_at(&w->sim, e->at, CHILD_TIMER, index, 0);
        break;
    case EXECUTION_EFFECT_FINISHED:
        sim_say(&w->sim, "  %u: %.*s", index, STR(automation_status_name(child->e.status)));
        child->n_finished++;
        sim_at(&w->sim, w->sim.now + 1 + (w->is_calm ? 0 : sim_below(&w->sim, 50)), CHILD_DONE,
               index, child->e.status);
        if (sim_chance(&w->sim, w->trouble_percent)) /* at least once */
            sim_at(&w->sim, w->sim.now + sim_below(&w->sim, 5000), CHILD_DONE, index,
                   child->e.status);
        break;
    }
}

/* The state goes through its stored form, as it does in a shell. */
static void step_child(struct world *w, struct child *child, const struct execution_event *event,
                       struct execution_effects *effects)
{
    struct value *saved = execution_save(&w->sim.arena, &child->e);

    assert_true(execution_load(&w->sim.arena, child->book, saved, &child->e));
    execution_step(&w->sim.arena, child->book, &child->e, event, effects);
}

static void tell_child(struct world *w, uint32_t index, struct execution_event event)
{
    struct child *child = &w->children[index];
    struct execution_effects effects;
    struct execution before = child->e;
    struct value *was = execution_save(&w->sim.arena, &child->e);

    event.at = w->sim.now;
    step_child(w, child, &event, &effects);
    if (sim_chance(&w->sim, w->crash_percent)) { /* dies before the commit */
        assert_true(execution_load(&w->sim.arena, child->book, was, &child->e));
        step_child(w, child, &event, &effects);
    }
    if (automation_is_over(before.status))
        assert_int_equal(child->e.status, before.status);
    for (uint32_t i = 0; i < effects.count; i++)
        carry_out_child(w, index, &effects.list[i]);
}

static void start_child(struct world *w, uint32_t index)
{
    struct child *child = &w->children[index];
    struct execution plan = { .id = S("e"),
                              .account = S("111122223333"),
                              .region = S("eu-west-1"),
                              .partition = S("aws"),
                              .parameters = value_map(&w->sim.arena) };

    if (child->exists)
        return; /* the same request again */
    child->exists = true;
    child->e = execution_new(&w->sim.arena, child->book, &plan);
    if (child->is_stopped)
        tell_child(w, index,
                   (struct execution_event){ .type = EXECUTION_EVENT_STOP,
                                             .stop = AUTOMATION_STOP_CANCEL });
    else
        tell_child(w, index, (struct execution_event){ .type = EXECUTION_EVENT_TIMER });
}

static void stop_child(struct world *w, uint32_t index)
{
    w->children[index].is_stopped = true;
    if (w->children[index].exists)
        tell_child(w, index,
                   (struct execution_event){ .type = EXECUTION_EVENT_STOP,
                                             .stop = AUTOMATION_STOP_CANCEL });
}

static void end_step(struct world *w, const struct sim_event *event)
{
    struct child *child = &w->children[event->index];
    struct value *outputs = value_map(&w->sim.arena);
    uint32_t serial = (uint32_t)(event->argument / 16);

    if (sim_chance(&w->sim, 80))
        value_set(&w->sim.arena, outputs, S("Output"), value_list(&w->sim.arena));
    if (child->running_serial == serial)
        child->running_serial = 0;
    tell_child(w, event->index,
               (struct execution_event){ .type = EXECUTION_EVENT_ENDED,
                                         .serial = serial,
                                         .status = (enum automation_status)(event->argument % 16),
                                         .outputs = outputs });
}

/* ---- the parent's shell ---- */

static int load(void *context, uint32_t index, struct pair_run *ret)
{
    struct world *w = context;

    *ret = w->rows[index];
    return 0;
}

static int save(void *context, uint32_t index, const struct pair_run *row)
{
    struct world *w = context;

    if (automation_is_over(w->rows[index].status))
        assert_int_equal(row->status, w->rows[index].status);
    w->rows[index] = *row;
    return 0;
}

static int next_running(void *context, uint32_t from, uint32_t *ret)
{
    struct world *w = context;

    while (from < w->parent.n_pairs && w->rows[from].status != AUTOMATION_IN_PROGRESS &&
           w->rows[from].status != AUTOMATION_CANCELLING)
        from++;
    *ret = from;
    return 0;
}

static int effect(void *context, const struct locations_effect *e)
{
    struct world *w = context;

    assert_in_range(w->n_pending, 0, ARRAY_LEN(w->pending) - 1);
    w->pending[w->n_pending++] = *e;
    return 0;
}

static const struct rate *rate_of(const struct world *w, uint32_t index)
{
    uint32_t i = w->parent.n_locations - 1;

    while (w->parent.runs[i].first > index)
        i--;
    return &w->parent.runs[i].rate;
}

static void start_pair(struct world *w, uint32_t index)
{
    struct sim *s = &w->sim;

    sim_say(s, "start pair %u", index);
    assert_int_equal(w->children[index].n_started++, 0);
    assert_false(rate_is_exceeded(rate_of(w, index)));
    assert_int_equal(w->parent.stop, AUTOMATION_STOP_NONE);
    if (sim_chance(s, w->trouble_percent / 2)) { /* no role to assume there */
        sim_at(s, s->now + 1, CHILD_DONE, index, AUTOMATION_FAILED);
        return;
    }
    sim_at(s, s->now + (w->is_calm ? 1 : sim_below(s, 100)), CHILD_START, index, 0);
    if (sim_chance(s, w->trouble_percent))
        sim_at(s, s->now + sim_below(s, 1000), CHILD_START, index, 0);
}

static void carry_out(struct world *w, const struct locations_effect *e)
{
    switch (e->type) {
    case LOCATIONS_EFFECT_START:
        start_pair(w, e->index);
        break;
    case LOCATIONS_EFFECT_CANCEL:
        sim_say(&w->sim, "cancel pair %u", e->index);
        sim_at(&w->sim, w->sim.now + 1 + (w->is_calm ? 0 : sim_below(&w->sim, 100)), CHILD_STOP,
               e->index, 0);
        break;
    case LOCATIONS_EFFECT_ARM_TIMER:
        sim_at(&w->sim, e->at, PARENT_TIMER, 0, 0);
        break;
    case LOCATIONS_EFFECT_FINISHED:
        sim_say(&w->sim, "%.*s", STR(automation_status_name(w->parent.status)));
        w->n_finished++;
        break;
    case LOCATIONS_EFFECT_VISIT:
    case LOCATIONS_EFFECT_VISIT_RUNNING:
        fail_msg("locations_tell() hands on a visit");
    }
}

static void tell(struct world *w, struct locations_event event)
{
    struct locations_shell shell = { w, load, save, next_running, effect };
    struct value *was = locations_save(&w->sim.arena, &w->parent);
    struct pair_run before[MAX_PAIRS];

    event.at = w->sim.now;
    memcpy(before, w->rows, sizeof(before));
    assert_true(locations_load(&w->sim.arena, was, &w->parent));
    assert_int_equal(locations_tell(&w->parent, &event, &shell), 0);
    if (sim_chance(&w->sim, w->crash_percent)) {
        memcpy(w->rows, before, sizeof(before));
        assert_true(locations_load(&w->sim.arena, was, &w->parent));
        w->n_pending = 0;
        assert_int_equal(locations_tell(&w->parent, &event, &shell), 0);
    }
    for (size_t i = 0; i < w->n_pending; i++)
        carry_out(w, &w->pending[i]);
    w->n_pending = 0;
}

static void run(struct world *w)
{
    struct sim_event e;

    while (sim_next(&w->sim, &e))
        switch (e.type) {
        case PARENT_TIMER:
            tell(w, (struct locations_event){ .type = LOCATIONS_EVENT_TIMER });
            break;
        case PARENT_STOP:
            sim_say(&w->sim, "stop");
            tell(w, (struct locations_event){ .type = LOCATIONS_EVENT_STOP,
                                              .stop = (enum automation_stop)e.argument });
            break;
        case CHILD_START:
            start_child(w, e.index);
            break;
        case CHILD_TIMER:
            tell_child(w, e.index, (struct execution_event){ .type = EXECUTION_EVENT_TIMER });
            break;
        case CHILD_STOP:
            stop_child(w, e.index);
            break;
        case CHILD_DONE:
            tell(w, (struct locations_event){ .type = LOCATIONS_EVENT_ENDED,
                                              .index = e.index,
                                              .status = (enum automation_status)e.argument });
            break;
        case STEP_DONE:
            end_step(w, &e);
            break;
        }
}

static void begin(struct world *w, uint64_t seed, uint32_t n_pairs, uint32_t n_locations,
                  const struct location_limits *limits)
{
    struct pair items[MAX_PAIRS] = { 0 };
    struct pairs pairs = { items, n_pairs };

    memset(w, 0, sizeof(*w));
    sim_init(&w->sim, seed);
    for (uint32_t i = 0; i < n_pairs; i++)
        items[i].location = i * n_locations / n_pairs;
    w->parent = locations_new(&w->sim.arena, &pairs, limits, n_locations);
    for (uint32_t i = 0; i < n_pairs; i++)
        w->children[i].book = &books[0];
    sim_at(&w->sim, SIM_EPOCH, PARENT_TIMER, 0, 0);
}

/* ---- properties ---- */

static void run_any(struct world *w, uint64_t seed)
{
    struct location_limits limits[3];
    struct sim dice;

    sim_init(&dice, seed);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        limits[i] = (struct location_limits){
            { 1 + sim_below(&dice, 100), sim_chance(&dice, 50) },
            { sim_below(&dice, 5), sim_chance(&dice, 30) },
            sim_chance(&dice, 30),
        };
    begin(w, seed, sim_below(&dice, sim_chance(&dice, 70) ? 6 : MAX_PAIRS), 1 + sim_below(&dice, 3),
          limits);
    w->crash_percent = sim_chance(&dice, 50) ? 20 : 0;
    w->trouble_percent = sim_below(&dice, 60);
    for (uint32_t i = 0; i < w->parent.n_pairs; i++)
        w->children[i].book = &books[sim_below(&dice, ARRAY_LEN(books))];
    if (sim_chance(&dice, 25))
        sim_at(&w->sim, SIM_EPOCH + sim_below(&dice, 3000), PARENT_STOP, 0,
               sim_chance(&dice, 70) ? AUTOMATION_STOP_CANCEL : AUTOMATION_STOP_COMPLETE);
    sim_done(&dice);
    run(w);
}

static uint32_t count(const struct world *w, enum automation_status status)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < w->parent.n_pairs; i++)
        n += w->rows[i].status == status;
    return n;
}

static void check_child(const struct world *w, uint32_t index)
{
    const struct child *child = &w->children[index];
    const struct pair_run *row = &w->rows[index];

    assert_int_equal(child->n_started, row->started_at != 0);
    if (!child->exists)
        return;
    bool hangs = !automation_is_over(child->e.status);
    if (hangs) /* only in a step without a timeout, which a command always has */
        assert_int_equal(child->e.timer_at, 0);
    assert_int_equal(child->n_finished, !hangs);
    if (!hangs && !child->is_stopped)
        assert_int_equal(row->status, child->e.status);
    for (uint32_t i = 0; i < child->e.n_steps; i++)
        assert_in_range(child->e.steps[i].attempt, 0, child->book->steps[i].max_attempts);
}

static void holds_in_any_world(void **state)
{
    (void)state;
    static struct world w;
    unsigned n_over = 0;

    for (uint64_t seed = 0; seed < 2500; seed++) {
        run_any(&w, seed);
        const struct locations *l = &w.parent;
        struct progress progress = locations_progress(l);

        n_over += automation_is_over(l->status);
        assert_int_equal(w.n_finished, automation_is_over(l->status));
        if (l->stop == AUTOMATION_STOP_CANCEL)
            assert_true(automation_is_over(l->status));
        if (!automation_is_over(l->status)) /* a child hangs */
            assert_true(count(&w, AUTOMATION_IN_PROGRESS) > 0);
        else
            assert_int_equal(progress.total, progress.success + progress.failed +
                                                 progress.cancelled + progress.timed_out);
        if (l->status == AUTOMATION_SUCCESS)
            assert_true(count(&w, AUTOMATION_PENDING) == 0);
        for (uint32_t i = 0; i < l->n_pairs; i++)
            check_child(&w, i);
        sim_done(&w.sim);
    }
    assert_in_range(n_over, 1500, 2500);
}

/* ---- transcripts ---- */

static void play(struct world *w, const char *transcript)
{
    w->sim.keeps_transcript = true;
    w->is_calm = true;
    run(w);
    sim_expect(&w->sim, transcript);
    sim_done(&w->sim);
}

static void pairs_are_worked_off_at_the_rate_of_their_location(void **state)
{
    (void)state;
    static struct world w;
    struct location_limits limits[] = { { { 1, false }, { 0, false }, false },
                                        { { 2, false }, { 0, false }, false } };

    begin(&w, 1, 4, 2, limits);
    play(&w, "       0 start pair 0\n"
             "       0 start pair 2\n"
             "       0 start pair 3\n"
             "       1   0: start patch\n"
             "       1   2: start patch\n"
             "       1   3: start patch\n"
             "     101   0: Success\n"
             "     101   2: Success\n"
             "     101   3: Success\n"
             "     102 start pair 1\n"
             "     103   1: start patch\n"
             "     203   1: Success\n"
             "     204 Success\n");
}

static void a_ramp_starts_with_one(void **state)
{
    (void)state;
    static struct world w;
    struct location_limits limits = { { 100, true }, { 0, false }, true };

    begin(&w, 1, 7, 1, &limits);
    play(&w, "       0 start pair 0\n"
             "       1   0: start patch\n"
             "     101   0: Success\n"
             "     102 start pair 1\n"
             "     102 start pair 2\n"
             "     103   1: start patch\n"
             "     103   2: start patch\n"
             "     203   1: Success\n"
             "     203   2: Success\n"
             "     204 start pair 3\n"
             "     204 start pair 4\n"
             "     204 start pair 5\n"
             "     204 start pair 6\n"
             "     205   3: start patch\n"
             "     205   4: start patch\n"
             "     205   5: start patch\n"
             "     205   6: start patch\n"
             "     305   3: Success\n"
             "     305   4: Success\n"
             "     305   5: Success\n"
             "     305   6: Success\n"
             "     306 Success\n");
}

static void a_stop_reaches_every_child(void **state)
{
    (void)state;
    static struct world w;
    struct location_limits limits = { { 2, false }, { 0, false }, false };

    begin(&w, 4, 3, 1, &limits);
    w.children[1].book = &books[2];
    sim_at(&w.sim, SIM_EPOCH + 50, PARENT_STOP, 0, AUTOMATION_STOP_CANCEL);
    play(&w, "       0 start pair 0\n"
             "       0 start pair 1\n"
             "       1   0: start patch\n"
             "       1   1: start a\n"
             "      50 stop\n"
             "      50 cancel pair 0\n"
             "      50 cancel pair 1\n"
             "      51   0: cancel\n"
             "      51   1: cancel\n"
             "      73   1: start c\n"
             "     101   0: Cancelled\n"
             "     173   1: Cancelled\n"
             "     174 Cancelled\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_in_any_world),
        cmocka_unit_test(pairs_are_worked_off_at_the_rate_of_their_location),
        cmocka_unit_test(a_ramp_starts_with_one),
        cmocka_unit_test(a_stop_reaches_every_child),
    };

    return cmocka_run_group_tests(tests, read_books, forget_books);
}
