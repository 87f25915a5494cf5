/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's groups, and calls that wait for what it commits. */
#include "world.h"

/* --- jobs ----------------------------------------------------------------- */

struct job {
    struct write_job job;
    struct str name;
    int outcome; /* of the handler, after its insert */
    int result;  /* as it was told */
    int place;   /* in the order of the answers */
    int pause;
    _Atomic(int) *answers;
};

static struct job *job_of(struct write_job *job)
{
    return (struct job *)(void *)job;
}

static int run_job(struct write_job *job, struct db *db)
{
    struct job *j = job_of(job);
    if (j->pause)
        world_pause(j->pause);
    TRY(world_add_item(db, j->name));
    return j->outcome;
}

static void job_done(struct write_job *job, int result)
{
    struct job *j = job_of(job);
    j->result = result;
    j->place = atomic_fetch_add(j->answers, 1);
}

static void submit(struct world *w, struct job *jobs, int count, _Atomic(int) *answers)
{
    for (int i = 0; i < count; i++) {
        jobs[i].job = (struct write_job){ .run = run_job, .done = job_done };
        jobs[i].answers = answers;
        writer_submit(&w->plane.runtime->writer, &jobs[i].job);
    }
    for (int i = 0; i < 1000 && *answers < count; i++)
        world_pause(10);
    assert_int_equal(*answers, count);
}

static void groups_keep_the_order_of_their_writes(void **state)
{
    (void)state;
    struct world w;
    struct job jobs[500] = { { .pause = 30 } }; /* the others gather behind it */
    _Atomic(int) answers = 0;
    struct strs names;

    world_init(&w, NULL);
    for (int i = 0; i < 500; i++)
        jobs[i].name = arena_fmt(&w.arena, "%03d", i);
    submit(&w, jobs, 500, &answers);
    assert_int_equal(
        db_strs(w.reader, &w.arena, &names, "SELECT name FROM item ORDER BY id", NO_ARGS), 0);
    assert_int_equal(names.count, 500);
    for (int i = 0; i < 500; i++) {
        assert_true(str_eq(names.items[i], jobs[i].name));
        assert_int_equal(jobs[i].place, i);
        assert_int_equal(jobs[i].result, 0);
    }
    world_done(&w);
}

static void who_fails_is_undone_alone(void **state)
{
    (void)state;
    struct world w;
    struct job jobs[] = {
        { .name = S("first"), .pause = 30 },
        { .name = S("refused"), .outcome = OP_INVALID },
        { .name = S("waits"), .outcome = OP_AGAIN },
        { .name = S("broken"), .outcome = -EIO },
        { .name = S("last") },
    };
    _Atomic(int) answers = 0;

    world_init(&w, NULL);
    submit(&w, jobs, ARRAY_LEN(jobs), &answers);
    assert_str(world_items(&w), "first waits last");
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        assert_int_equal(jobs[i].result, jobs[i].outcome);
    world_done(&w);
}

/* A group that cannot be committed: those who did well are told that it was for nothing, a
 * refusal stands. */
static void a_group_that_is_not_committed_has_not_happened(void **state)
{
    (void)state;
    struct world w;
    struct job jobs[] = { { .name = S("first"), .pause = 30 },
                          { .name = S("second") },
                          { .name = S("refused"), .outcome = OP_INVALID } };
    _Atomic(int) answers = 0;

    world_init(&w, NULL);
    assert_int_equal(db_exec(w.writer, NULL,
                             "CREATE TABLE child (item INTEGER REFERENCES item (id)"
                             " DEFERRABLE INITIALLY DEFERRED)",
                             NO_ARGS),
                     0);
    assert_int_equal(db_exec(w.writer, NULL,
                             "CREATE TRIGGER orphan AFTER INSERT ON item WHEN NEW.name = 'second'"
                             " BEGIN INSERT INTO child (item) VALUES (-1); END",
                             NO_ARGS),
                     0);
    submit(&w, jobs, ARRAY_LEN(jobs), &answers);
    assert_true(jobs[1].result < 0);
    assert_int_equal(jobs[2].result, OP_INVALID);
    assert_int_equal(world_count(&w, "SELECT COUNT(*) FROM item WHERE name = 'second'"), 0);
    assert_int_equal(world_count(&w, "SELECT COUNT(*) FROM item WHERE name = 'first'"),
                     jobs[0].result == 0 ? 1 : 0);

    struct job later = { .name = S("later") };
    answers = 0;
    submit(&w, &later, 1, &answers);
    assert_int_equal(later.result, 0);
    world_done(&w);
}

/* --- calls that wait ------------------------------------------------------ */

struct name_in {
    struct str name;
    msec patience;
    bool notes; /* that it waits, by a row */
};

/* Answers once there is an item of the name. */
static int await_item(struct op *op, const void *in_, void *out)
{
    const struct name_in *in = in_;
    int64_t n;

    (void)out;
    TRY(db_int(op->db, &n, "SELECT COUNT(*) FROM item WHERE name = $1", ARGS(V(in->name))));
    if (n > 0)
        return 0;
    if (op_expired(op))
        return op_fail(op, OP_FIRST, "nothing");
    if (in->notes && !op->wait_state) {
        if (!op->is_writing)
            return OP_WRITER;
        TRY(world_add_item(op->db, S("waiting")));
        op->wait_state = op;
    }
    return op_wait(op, in->name, in->patience);
}

static int put_item(struct op *op, const void *in_, void *out)
{
    const struct name_in *in = in_;

    (void)out;
    TRY(world_add_item(op->db, in->name));
    op_wake(op, in->name);
    return 0;
}

static const struct shape in_shape = SHAPE_EMPTY("In", struct name_in);

static const struct operation await_operation = {
    .name = "Await",
    .run = await_item,
    .in = &in_shape,
    .out = &shape_nothing,
    .flags = OP_POLLS | OP_OWN_AUTH,
};
static const struct operation put_operation = {
    .name = "Put",
    .run = put_item,
    .in = &in_shape,
    .out = &shape_nothing,
    .flags = OP_WRITES | OP_OWN_AUTH,
};

struct request {
    struct call_state st;
    struct arena arena;
    struct name_in in;
    char out[16];
    _Atomic(bool) is_done;
    int result;
};

static void finished(struct call_state *st, int result)
{
    struct request *r = st->context;
    r->result = result;
    r->is_done = true;
}

static void begin(struct world *w, struct request *r, const struct operation *operation,
                  struct name_in in)
{
    *r = (struct request){ .in = in };
    r->st = (struct call_state){
        .rt = w->plane.runtime,
        .operation = operation,
        .op = { .arena = &r->arena,
                .plane = &w->plane,
                .service = &w->service,
                .operation = operation,
                .principal = &r->st.principal,
                .now = world_now() },
        .in = &r->in,
        .out = r->out,
        .finished = finished,
        .context = r,
    };
    call_start(&r->st, runtime_reader(w->plane.runtime), false);
}

static int end(struct request *r)
{
    for (int i = 0; i < 30000 && !r->is_done; i++)
        world_pause(1);
    assert_true(r->is_done);
    arena_done(&r->arena);
    return r->result;
}

static void a_waiting_call_is_woken_by_a_commit(void **state)
{
    (void)state;
    struct world w;
    struct request wait, other, put;

    world_init(&w, NULL);
    begin(&w, &wait, &await_operation, (struct name_in){ S("a"), 20 * MSEC_SECOND, true });
    begin(&w, &other, &await_operation, (struct name_in){ S("b"), 300, false });
    world_wait_for(&w, "SELECT COUNT(*) FROM item", 1); /* what it did when it said: again */
    assert_false(wait.is_done);

    msec began = world_now();
    begin(&w, &put, &put_operation, (struct name_in){ .name = S("a") });
    assert_int_equal(end(&put), 0);
    assert_int_equal(end(&wait), 0);
    assert_true(world_now() - began < 5 * MSEC_SECOND);
    assert_int_equal(end(&other), OP_FIRST); /* nobody woke it: its patience ended */
    assert_str(world_items(&w), "waiting a");
    world_done(&w);
}

static void draining_answers_whoever_waits(void **state)
{
    (void)state;
    struct world w;
    struct request wait[3], late;

    world_init(&w, NULL);
    for (size_t i = 0; i < ARRAY_LEN(wait); i++)
        begin(&w, &wait[i], &await_operation, (struct name_in){ S("a"), MSEC_MINUTE, i == 1 });
    msec began = world_now();
    runtime_drain(&w.plane);
    begin(&w, &late, &await_operation, (struct name_in){ S("a"), MSEC_MINUTE, false });
    for (size_t i = 0; i < ARRAY_LEN(wait); i++)
        assert_int_equal(end(&wait[i]), OP_FIRST);
    assert_int_equal(end(&late), OP_FIRST);
    assert_true(world_now() - began < 5 * MSEC_SECOND);
    world_done(&w);
}

#define ROUNDS 150

struct player {
    struct world *w;
    int number;
    bool puts;
};

static void *play(void *context)
{
    struct player *p = context;
    struct arena a = { 0 };

    for (int i = 0; i < ROUNDS; i++) {
        struct request r;
        struct str name = arena_fmt(&a, "%d-%d", p->number, i);
        begin(p->w, &r, p->puts ? &put_operation : &await_operation,
              (struct name_in){ name, 30 * MSEC_SECOND, i % 3 == 0 });
        if (end(&r) != 0)
            break;
        arena_reset(&a);
    }
    arena_done(&a);
    return NULL;
}

/* One who waits and one who writes, on many threads, at all possible moments: were a wake-up
 * lost, somebody would wait for his whole patience. */
static void wake_ups_are_not_lost(void **state)
{
    (void)state;
    struct world w;
    struct player players[6];
    pthread_t threads[6];

    world_init(&w, NULL);
    msec began = world_now();
    for (int i = 0; i < 6; i++) {
        players[i] = (struct player){ &w, i / 2, i % 2 };
        assert_int_equal(pthread_create(&threads[i], NULL, play, &players[i]), 0);
    }
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    assert_true(world_now() - began < 25 * MSEC_SECOND);
    assert_int_equal(world_count(&w, "SELECT COUNT(*) FROM item WHERE name <> 'waiting'"),
                     3 * ROUNDS);
    assert_int_equal(w.plane.runtime->park.count, 0);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_keep_the_order_of_their_writes),
        cmocka_unit_test(who_fails_is_undone_alone),
        cmocka_unit_test(a_group_that_is_not_committed_has_not_happened),
        cmocka_unit_test(a_waiting_call_is_woken_by_a_commit),
        cmocka_unit_test(draining_answers_whoever_waits),
        cmocka_unit_test(wake_ups_are_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
