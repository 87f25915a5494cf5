/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: durable work, done at least once. A handler or a state machine writes
 * one down in its own transaction (the outbox); the plane carries it out
 * after the commit, or after its time has come, also after a crash.
 *
 * A kind has two halves. perform() runs on a worker thread outside any write
 * transaction, may call other services (aws_call) and returns an answer;
 * settle() runs in a write transaction, takes the answer as an event and, by
 * returning 0, ends the task: its row goes in the same commit. A kind without
 * perform() is a timer: settle() alone. A fault in either half means: again,
 * later, with growing pauses. Both may be repeated, so what perform() does to
 * others carries an idempotency key made from the task's key.
 */
#pragma once

#include "api/op.h"

struct aws_client;

struct task {
    int64_t id;      /* 0 when being added */
    struct str kind; /* "ssm.command.expand" */
    struct str key;  /* with the kind: unique among pending tasks */
    struct str account, region;
    msec due_at;        /* 0: now */
    int64_t attempts;   /* failed so far */
    struct str payload; /* JSON; absent: none */
};

/* What perform() works with. The snapshot is a read of its own, taken when the
 * task starts; nothing may be written. */
struct task_run {
    struct arena *arena;
    struct db *db;
    const struct plane *plane;
    struct aws_client *aws;
    msec now;
};

struct task_kind {
    const char *name;
    int (*perform)(struct task_run *run, const struct task *task, struct value **ret_answer);
    int (*settle)(struct op *op, const struct task *task, const struct value *answer);
    int max_attempts; /* after that many faults settle() gets a NULL answer and must end it; 0: for
                         ever */
    bool is_slow;     /* perform() may take minutes (functions): on workers of its own */
};

/* Add a task to this transaction. If one of the same kind and key is pending it
 * is replaced: payload and due_at are the new ones' (a re-armed timer). */
MUST_CHECK int task_add(struct op *op, const struct task *task);

/* Take back a pending one; no harm if there is none. */
MUST_CHECK int task_cancel(struct op *op, struct str kind, struct str key);
