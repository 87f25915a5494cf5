/* SPDX-License-Identifier: Apache-2.0 */
/* Invocations: asked for, run on a worker in the sandbox, ended, forgotten. */
#pragma once

#include "api/task.h"

struct invocation {
    struct str id, function, payload;
    bool is_event;
    int64_t tries;
    msec created_at, ended_at; /* ended_at 0: still to run */
    struct str result, error, log;
};

MUST_CHECK int invocation_get(struct db *db, struct arena *a, struct str id,
                              struct invocation *ret); /* DB_NO_ROW */
MUST_CHECK int invocation_insert(struct op *op, const struct invocation *i);
MUST_CHECK int invocation_end(struct op *op, struct str id, struct str result, struct str error,
                              struct str log);
MUST_CHECK int invocation_retry(struct op *op, struct str id);
MUST_CHECK int invocation_delete(struct op *op, struct str id);

/* What a waiting caller is woken by. */
struct str invocation_key(struct op *op, struct str id);

/* Task kinds "lambda.run" and "lambda.forget". */
int invocation_perform(struct task_run *run, const struct task *task, struct value **ret_answer);
int invocation_settle(struct op *op, const struct task *task, const struct value *answer);
int invocation_forget(struct op *op, const struct task *task, const struct value *answer);
