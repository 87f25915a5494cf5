/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one call: authorized and run on a reader or on the writer, parked
 * if it waits, and finished once.
 */
#include "api/runtime.h"
#include "base/log.h"

static struct str resource_of(struct op *op, const void *in)
{
    const struct operation *o = op->operation;
    return o->resource ? o->resource(op, in) : S("*");
}

/* The default authorization of the operation, then its handler. */
static int run_op(struct op *op, const void *in, void *out)
{
    const struct operation *o = op->operation;

    op->message = (struct str){ 0 };
    op->wakes.count = 0;
    op->adds_tasks = false;
    if (!(o->flags & (OP_OWN_AUTH | OP_UNSIGNED))) {
        const char *prefix = op->service->iam_prefix ? op->service->iam_prefix : op->service->name;
        const char *action = o->action ? o->action : o->name;
        struct str resource = resource_of(op, in);
        struct auth auth = { .action = arena_fmt(op->arena, "%s:%s", prefix, action),
                             .resource = resource,
                             .tags_of = o->resource ? resource : (struct str){ 0 } };
        PASS(op_authorize(op, &auth));
    }
    shape_clear(o->out, out);
    return o->run(op, in, out);
}

static int run_here(struct call_state *st, struct db *db, bool writing)
{
    st->op.db = db;
    st->op.is_writing = writing;
    /* An expired wait is told by the time, so time is read before each run. */
    st->op.now = st->rt->config.now();
    return run_op(&st->op, st->in, st->out);
}

static int write_run(struct write_job *job, struct db *db)
{
    struct call_state *st =
        (struct call_state *)(void *)((char *)job - offsetof(struct call_state, job));

    st->seen_wakes = park_wakes(&st->rt->park);
    job->op = &st->op;
    return run_here(st, db, true);
}

static void write_done(struct write_job *job, int result)
{
    struct call_state *st =
        (struct call_state *)(void *)((char *)job - offsetof(struct call_state, job));
    call_finish_run(st, result);
}

static void submit_write(struct call_state *st)
{
    st->job = (struct write_job){ .run = write_run, .done = write_done };
    writer_submit(&st->rt->writer, &st->job);
}

void call_read(struct call_state *st, struct db *reader)
{
    db_rollback(reader); /* a snapshot that is older than the wakes seen */
    st->seen_wakes = park_wakes(&st->rt->park);

    int result = db_begin(reader, false);
    if (result == 0) {
        result = run_here(st, reader, false);
        db_rollback(reader);
    }
    call_finish_run(st, result);
}

void call_finish_run(struct call_state *st, int result)
{
    if (result == OP_WRITER && !st->op.is_writing && (st->operation->flags & OP_POLLS)) {
        submit_write(st);
        return;
    }
    if (result == OP_AGAIN && (st->operation->flags & OP_POLLS)) {
        if (park_add(&st->rt->park, st))
            return;
        /* Somebody was woken while we looked: look again. The writer must not
         * do it itself, it is needed for what comes next. */
        call_read(st, runtime_reader(st->rt));
        return;
    }
    if (result < 0)
        log_error("%s %s: %s", st->op.service->name, st->operation->name, err_trace());
    st->finished(st, result);
}

/* What cannot wait is read in the snapshot that is open, if one is. */
static void read_in(struct call_state *st, struct db *reader)
{
    int result = run_here(st, reader, false);

    db_rollback(reader);
    call_finish_run(st, result);
}

void call_start(struct call_state *st, struct db *reader, bool has_snapshot)
{
    if (has_snapshot && (st->operation->flags & (OP_READS | OP_POLLS)) == OP_READS) {
        read_in(st, reader);
    } else if (st->operation->flags & (OP_READS | OP_POLLS)) {
        call_read(st, reader);
    } else {
        db_rollback(reader);
        submit_write(st);
    }
}
