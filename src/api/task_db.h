/* SPDX-License-Identifier: Apache-2.0 */
/* The task table as the scheduler works it; services use api/task.h. */
#pragma once

#include "api/task.h"

MUST_CHECK int task_list_due(struct db *db, struct arena *a, msec now, int64_t limit,
                             struct task **ret, size_t *ret_count);
MUST_CHECK int task_next_due(struct db *db, msec now, msec *ret); /* 0: none */
MUST_CHECK int task_is_pending(struct db *db, int64_t id, bool *ret);
MUST_CHECK int task_end(struct db *db, int64_t id);
MUST_CHECK int task_postpone(struct db *db, int64_t id, msec due_at);
