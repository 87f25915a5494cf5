/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The making of a member account: CreateAccount writes the request and the account
 * down, a task makes the role through which the management account gets in, and
 * then the account is there.
 */
#pragma once

#include "api/task.h"
#include "base/value.h"

#define CREATION_TASK "organizations.create_account"

struct creation {
    struct str id, organization, account_name, account, role_name;
    struct str state, failure;       /* IN_PROGRESS, SUCCEEDED, FAILED */
    msec requested_at, completed_at; /* completed_at: 0 while it is not */
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int creation_get(struct db *db, struct arena *a, struct str id, struct creation *ret);

/* By id, after `after`; `states` says of each state, in that order, whether it is wanted. */
MUST_CHECK int creation_list(struct db *db, struct arena *a, struct str organization,
                             const bool states[3], struct str after, int64_t limit,
                             struct creation **ret, size_t *ret_count);
MUST_CHECK int creation_insert(struct db *db, const struct creation *creation);
MUST_CHECK int creation_complete(struct db *db, struct str id, struct str state, struct str failure,
                                 msec now);

int creation_perform(struct task_run *run, const struct task *task, struct value **ret_answer);
int creation_settle(struct op *op, const struct task *task, const struct value *answer);
