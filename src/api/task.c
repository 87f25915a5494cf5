/* SPDX-License-Identifier: Apache-2.0 */
#include "api/task.h"

#include "api/task_db.h"

static const struct column task_columns[] = {
    COL_I64(struct task, id),       COL_STR(struct task, kind),    COL_STR(struct task, key),
    COL_STR(struct task, account),  COL_STR(struct task, region),  COL_I64(struct task, due_at),
    COL_I64(struct task, attempts), COL_STR(struct task, payload),
};
static const struct mapping task_mapping = MAPPING(struct task, task_columns);

/* A replacement gets a new id, so the settling of the one it replaces, should
 * that be under way, finds its row gone and does nothing. */
int task_add(struct op *op, const struct task *task)
{
    assert(str_is_set(task->kind) && str_is_set(task->key));

    struct str region = str_is_set(task->region) ? task->region : op->region;
    struct str account = str_is_set(task->account) ? task->account : op->account;

    TRY(task_cancel(op, task->kind, task->key));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO task (kind, key, account, region, due_at, payload) "
                "VALUES ($1, $2, $3, $4, $5, $6)",
                ARGS(V(task->kind), V(task->key), V(str_or_empty(account)), V(str_or_empty(region)),
                     V(task->due_at ? task->due_at : op->now), V(task->payload))));
    op->adds_tasks = true;
    return 0;
}

int task_cancel(struct op *op, struct str kind, struct str key)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM task WHERE kind = $1 AND key = $2",
                ARGS(V(kind), V(key))));
    return 0;
}

int task_list_due(struct db *db, struct arena *a, msec now, int64_t limit, struct task **ret,
                  size_t *ret_count)
{
    void *items;
    TRY(db_all(db, a, &task_mapping, &items, ret_count,
               "SELECT id, kind, key, account, region, due_at, attempts, payload FROM task "
               "WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2",
               ARGS(V(now), V(limit))));
    *ret = items;
    return 0;
}

int task_next_due(struct db *db, msec now, msec *ret)
{
    TRY(db_int(db, ret, "SELECT COALESCE(MIN(due_at), 0) FROM task WHERE due_at > $1",
               ARGS(V(now))));
    return 0;
}

int task_is_pending(struct db *db, int64_t id, bool *ret)
{
    int64_t count;
    TRY(db_int(db, &count, "SELECT COUNT(*) FROM task WHERE id = $1", ARGS(V(id))));
    *ret = count > 0;
    return 0;
}

int task_end(struct db *db, int64_t id)
{
    TRY(db_exec(db, NULL, "DELETE FROM task WHERE id = $1", ARGS(V(id))));
    return 0;
}

int task_postpone(struct db *db, int64_t id, msec due_at)
{
    TRY(db_exec(db, NULL, "UPDATE task SET attempts = attempts + 1, due_at = $2 WHERE id = $1",
                ARGS(V(id), V(due_at))));
    return 0;
}
