/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/automation/automation.h"

/* clang-format off */
#define R struct automation
static const struct column columns[] = {
    COL_STR(R, id),              COL_STR(R, account),        COL_STR(R, region),
    COL_STR(R, document_name),   COL_STR(R, document_version), COL_STR(R, status),
    COL_STR(R, state),           COL_STR(R, current_step),   COL_STR(R, current_action),
    COL_STR(R, failure_message), COL_STR(R, executed_by),    COL_STR(R, client_token),
    COL_STR(R, parent_id),       COL_STR(R, parent_account), COL_STR(R, parent_region),
    COL_I64(R, parent_position), COL_I64(R, started_at),     COL_I64(R, ended_at),
    COL_BOOL(R, is_over),        COL_BOOL(R, is_parent),     COL_BOOL(R, is_cross_account),
};
#undef R
static const struct mapping mapping = MAPPING(struct automation, columns);

#define T struct automation_text
static const struct column text_columns[] = {
    COL_STR(T, id), COL_STR(T, content), COL_STR(T, request), COL_STR(T, caller), COL_STR(T, role),
    COL_STR(T, target_type),
};
#undef T
static const struct mapping text_mapping = MAPPING(struct automation_text, text_columns);

#define P struct automation_pair
static const struct column pair_columns[] = {
    COL_STR(P, execution_id),    COL_STR(P, account),       COL_STR(P, region),
    COL_STR(P, status),          COL_STR(P, child_id),      COL_STR(P, failure_message),
    COL_STR(P, failure_stage),   COL_STR(P, failure_type),  COL_STR(P, response),
    COL_I64(P, position),        COL_I64(P, location),      COL_I64(P, started_at),
    COL_I64(P, ended_at),        COL_BOOL(P, is_running),   COL_STR(P, target),
};
#undef P
static const struct mapping pair_mapping = MAPPING(struct automation_pair, pair_columns);
/* clang-format on */

#define COLUMNS                                                                                    \
    "id, account, region, document_name, document_version, status, state, current_step,"           \
    " current_action, failure_message, executed_by, client_token, parent_id, parent_account,"      \
    " parent_region, parent_position, started_at, ended_at, is_over, is_parent,"                   \
    " is_cross_account"
#define PAIR_COLUMNS                                                                               \
    "execution_id, account, region, status, child_id, failure_message, failure_stage,"             \
    " failure_type, response, position, location, started_at, ended_at, is_running, target"

/* --- executions ----------------------------------------------------------- */

int automation_insert(struct op *op, const struct automation *r, const struct automation_text *t)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_automation (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8,"
                " $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
                ARGS(V(r->id), V(r->account), V(r->region), V(r->document_name),
                     V(r->document_version), V(r->status), V(r->state), V(r->current_step),
                     V(r->current_action), V(r->failure_message), V(r->executed_by),
                     V(r->client_token), V(r->parent_id), V(r->parent_account), V(r->parent_region),
                     V(r->parent_position), V(r->started_at), V(r->ended_at), V(r->is_over),
                     V(r->is_parent), V(r->is_cross_account))));
    TRY(db_exec(
        op->db, NULL,
        "INSERT INTO ssm_automation_text (id, content, request, caller, role, target_type)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        ARGS(V(r->id), V(t->content), V(t->request), V(t->caller), V(t->role), V(t->target_type))));
    return 0;
}

int automation_load(struct op *op, struct str id, struct automation *ret)
{
    return db_one(op->db, op->arena, &mapping, ret,
                  "SELECT " COLUMNS
                  " FROM ssm_automation WHERE id = $1 AND account = $2 AND region = $3",
                  ARGS(V(id), V(op->account), V(op->region)));
}

int automation_load_any(struct op *op, struct str id, struct automation *ret)
{
    return db_one(op->db, op->arena, &mapping, ret,
                  "SELECT " COLUMNS " FROM ssm_automation WHERE id = $1", ARGS(V(id)));
}

int automation_load_text(struct db *db, struct arena *a, struct str id, struct automation_text *ret)
{
    return db_one(db, a, &text_mapping, ret,
                  "SELECT id, content, request, caller, role, target_type FROM ssm_automation_text"
                  " WHERE id = $1",
                  ARGS(V(id)));
}

int automation_save(struct op *op, const struct automation *r)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_automation SET status = $2, state = $3, current_step = $4,"
                " current_action = $5, failure_message = $6, ended_at = $7, is_over = $8"
                " WHERE id = $1",
                ARGS(V(r->id), V(r->status), V(r->state), V(r->current_step), V(r->current_action),
                     V(r->failure_message), V(r->ended_at), V(r->is_over))));
    return 0;
}

int automation_delete(struct op *op, struct str id)
{
    static const char *const statements[] = {
        /* Owners are the id, a space and a number: "!" is what follows the space. */
        "DELETE FROM ssm_command_owner WHERE owner > $1 || ' ' AND owner < $1 || '!'",
        "DELETE FROM ssm_automation_pair WHERE execution_id = $1",
        "DELETE FROM ssm_automation_text WHERE id = $1",
        "DELETE FROM ssm_automation WHERE id = $1",
    };

    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        TRY(db_exec(op->db, NULL, statements[i], ARGS(V(id))));
    return 0;
}

int automation_by_token(struct op *op, struct str token, struct str *ret_id)
{
    return db_str(op->db, op->arena, ret_id,
                  "SELECT id FROM ssm_automation"
                  " WHERE account = $1 AND region = $2 AND client_token = $3",
                  ARGS(V(op->account), V(op->region), V(token)));
}

int automation_count_open(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret,
               "SELECT COUNT(*) FROM ssm_automation"
               " WHERE account = $1 AND region = $2 AND is_over = 0",
               ARGS(V(op->account), V(op->region))));
    return 0;
}

int automation_list(struct op *op, msec at, struct str id, int64_t limit, struct automation **ret,
                    size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " COLUMNS " FROM ssm_automation WHERE account = $1 AND region = $2"
               " AND (started_at < $3 OR (started_at = $3 AND id < $4))"
               " ORDER BY started_at DESC, id DESC LIMIT $5",
               ARGS(V(op->account), V(op->region), V(at), V(id), V(limit))));
    *ret = items;
    return 0;
}

/* --- pairs ---------------------------------------------------------------- */

int automation_pair_insert(struct op *op, const struct automation_pair *p)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_automation_pair (" PAIR_COLUMNS
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                ARGS(V(p->execution_id), V(p->account), V(p->region), V(p->status), V(p->child_id),
                     V(p->failure_message), V(p->failure_stage), V(p->failure_type), V(p->response),
                     V(p->position), V(p->location), V(p->started_at), V(p->ended_at),
                     V(p->is_running), V(p->target))));
    return 0;
}

int automation_pair_get(struct db *db, struct arena *a, struct str id, int64_t position,
                        struct automation_pair *ret)
{
    return db_one(db, a, &pair_mapping, ret,
                  "SELECT " PAIR_COLUMNS
                  " FROM ssm_automation_pair WHERE execution_id = $1 AND position = $2",
                  ARGS(V(id), V(position)));
}

int automation_pair_save(struct op *op, const struct automation_pair *p)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_automation_pair SET status = $3, child_id = $4, failure_message = $5,"
                " failure_stage = $6, failure_type = $7, response = $8, started_at = $9,"
                " ended_at = $10, is_running = $11 WHERE execution_id = $1 AND position = $2",
                ARGS(V(p->execution_id), V(p->position), V(p->status), V(p->child_id),
                     V(p->failure_message), V(p->failure_stage), V(p->failure_type), V(p->response),
                     V(p->started_at), V(p->ended_at), V(p->is_running))));
    return 0;
}

int automation_pair_next_running(struct op *op, struct str id, int64_t from, int64_t otherwise,
                                 int64_t *ret)
{
    int found = db_int(op->db, ret,
                       "SELECT position FROM ssm_automation_pair WHERE execution_id = $1"
                       " AND is_running = 1 AND position >= $2 ORDER BY position LIMIT 1",
                       ARGS(V(id), V(from)));
    if (found == DB_NO_ROW) {
        *ret = otherwise;
        return 0;
    }
    TRY(found);
    return 0;
}

int automation_pair_list(struct op *op, struct str id, int64_t from, int64_t limit,
                         struct automation_pair **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &pair_mapping, &items, ret_count,
               "SELECT " PAIR_COLUMNS " FROM ssm_automation_pair"
               " WHERE execution_id = $1 AND position >= $2 ORDER BY position LIMIT $3",
               ARGS(V(id), V(from), V(limit))));
    *ret = items;
    return 0;
}
