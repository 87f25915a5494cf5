/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/command/runcommand.h"

/* clang-format off */
static const struct column command_columns[] = {
    COL_STR(struct runcommand, id),            COL_STR(struct runcommand, account),
    COL_STR(struct runcommand, region),        COL_STR(struct runcommand, document_name),
    COL_STR(struct runcommand, status),        COL_STR(struct runcommand, detail),
    COL_STR(struct runcommand, state),         COL_I64(struct runcommand, requested_at),
    COL_I64(struct runcommand, expires_at),    COL_BOOL(struct runcommand, is_over),
};
static const struct mapping command_mapping = MAPPING(struct runcommand, command_columns);

#define T struct runcommand_text
static const struct column text_columns[] = {
    COL_STR(T, id),            COL_STR(T, document_version), COL_STR(T, document_arn),
    COL_STR(T, platforms),     COL_STR(T, content),          COL_STR(T, parameters),
    COL_STR(T, payload_parameters), COL_STR(T, steps),       COL_STR(T, comment),
    COL_STR(T, instance_ids),  COL_STR(T, targets),          COL_STR(T, max_concurrency),
    COL_STR(T, max_errors),    COL_STR(T, principal),        COL_I64(T, timeout_seconds),
    COL_I64(T, execution_timeout),
};
#undef T
static const struct mapping text_mapping = MAPPING(struct runcommand_text, text_columns);

#define I struct runcommand_invocation
static const struct column invocation_columns[] = {
    COL_STR(I, command_id),    COL_STR(I, instance_id),   COL_STR(I, instance_name),
    COL_STR(I, account),       COL_STR(I, region),        COL_STR(I, document_name),
    COL_STR(I, status),        COL_STR(I, detail),        COL_STR(I, state),
    COL_STR(I, trace),         COL_I64(I, position),      COL_I64(I, requested_at),
    COL_BOOL(I, is_open),      COL_BOOL(I, is_released),
};
#undef I
const struct mapping runcommand_invocation_mapping =
    MAPPING(struct runcommand_invocation, invocation_columns);

#define P struct runcommand_plugin
static const struct column plugin_columns[] = {
    COL_STR(P, command_id),      COL_STR(P, name),           COL_STR(P, status),
    COL_STR(P, output),          COL_STR(P, standard_output), COL_STR(P, standard_error),
    COL_I64(P, position),        COL_I64(P, code),           COL_I64(P, started_at),
    COL_I64(P, ended_at),
};
#undef P
static const struct mapping plugin_mapping = MAPPING(struct runcommand_plugin, plugin_columns);
/* clang-format on */

#define COMMAND_COLUMNS                                                                            \
    "id, account, region, document_name, status, detail, state, requested_at, expires_at, is_over"
#define TEXT_COLUMNS                                                                               \
    "id, document_version, document_arn, platforms, content, parameters, payload_parameters,"      \
    " steps, comment, instance_ids, targets, max_concurrency, max_errors, principal,"              \
    " timeout_seconds, execution_timeout"
#define PLUGIN_COLUMNS                                                                             \
    "command_id, name, status, output, standard_output, standard_error, position, code,"           \
    " started_at, ended_at"

/* --- commands ------------------------------------------------------------- */

int runcommand_insert(struct op *op, const struct runcommand *c, const struct runcommand_text *t)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_command (" COMMAND_COLUMNS
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                ARGS(V(c->id), V(c->account), V(c->region), V(c->document_name), V(c->status),
                     V(c->detail), V(c->state), V(c->requested_at), V(c->expires_at),
                     V(c->is_over))));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_command_text (" TEXT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6,"
                " $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                ARGS(V(c->id), V(t->document_version), V(t->document_arn), V(t->platforms),
                     V(t->content), V(t->parameters), V(t->payload_parameters), V(t->steps),
                     V(t->comment), V(t->instance_ids), V(t->targets), V(t->max_concurrency),
                     V(t->max_errors), V(t->principal), V(t->timeout_seconds),
                     V(t->execution_timeout))));
    return 0;
}

int runcommand_load(struct op *op, struct str id, struct runcommand *ret)
{
    return db_one(op->db, op->arena, &command_mapping, ret,
                  "SELECT " COMMAND_COLUMNS
                  " FROM ssm_command WHERE id = $1 AND account = $2 AND region = $3",
                  ARGS(V(id), V(op->account), V(op->region)));
}

int runcommand_load_text(struct db *db, struct arena *a, struct str id, struct runcommand_text *ret)
{
    return db_one(db, a, &text_mapping, ret,
                  "SELECT " TEXT_COLUMNS " FROM ssm_command_text WHERE id = $1", ARGS(V(id)));
}

/* Without the rest, which is large. */
int runcommand_load_steps(struct op *op, struct str id, struct str *ret)
{
    TRY(db_str(op->db, op->arena, ret, "SELECT steps FROM ssm_command_text WHERE id = $1",
               ARGS(V(id))));
    return 0;
}

int runcommand_save(struct op *op, const struct runcommand *c)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_command SET status = $2, detail = $3, state = $4, is_over = $5"
                " WHERE id = $1",
                ARGS(V(c->id), V(c->status), V(c->detail), V(c->state), V(c->is_over))));
    return 0;
}

int runcommand_delete(struct op *op, struct str id)
{
    static const char *const statements[] = {
        "DELETE FROM ssm_plugin WHERE command_id = $1",
        "DELETE FROM ssm_invocation WHERE command_id = $1",
        "DELETE FROM ssm_message WHERE command_id = $1",
        "DELETE FROM ssm_command_text WHERE id = $1",
        "DELETE FROM ssm_command WHERE id = $1",
    };

    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        TRY(db_exec(op->db, NULL, statements[i], ARGS(V(id))));
    return 0;
}

/* --- invocations ---------------------------------------------------------- */

int runcommand_invocation_insert(struct op *op, const struct runcommand_invocation *i)
{
    TRY(db_exec(
        op->db, NULL,
        "INSERT INTO ssm_invocation (" RUNCOMMAND_INVOCATION_COLUMNS ") VALUES ($1, $2, $3, $4, $5,"
        " $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        ARGS(V(i->command_id), V(i->instance_id), V(i->instance_name), V(i->account), V(i->region),
             V(i->document_name), V(i->status), V(i->detail), V(i->state), V(i->trace),
             V(i->position), V(i->requested_at), V(i->is_open), V(i->is_released))));
    return 0;
}

int runcommand_invocation_get(struct op *op, struct str id, int64_t position,
                              struct runcommand_invocation *ret)
{
    return db_one(op->db, op->arena, &runcommand_invocation_mapping, ret,
                  "SELECT " RUNCOMMAND_INVOCATION_COLUMNS
                  " FROM ssm_invocation WHERE command_id = $1 AND position = $2",
                  ARGS(V(id), V(position)));
}

int runcommand_invocation_of_node(struct op *op, struct str id, struct str node,
                                  struct runcommand_invocation *ret)
{
    return db_one(op->db, op->arena, &runcommand_invocation_mapping, ret,
                  "SELECT " RUNCOMMAND_INVOCATION_COLUMNS
                  " FROM ssm_invocation WHERE command_id = $1 AND instance_id = $2"
                  " AND account = $3 AND region = $4",
                  ARGS(V(id), V(node), V(op->account), V(op->region)));
}

int runcommand_invocation_update(struct op *op, const struct runcommand_invocation *i)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_invocation SET status = $3, detail = $4, state = $5, is_open = $6,"
                " is_released = $7 WHERE command_id = $1 AND position = $2",
                ARGS(V(i->command_id), V(i->position), V(i->status), V(i->detail), V(i->state),
                     V(i->is_open), V(i->is_released))));
    return 0;
}

int runcommand_invocation_set_trace(struct op *op, struct str id, int64_t position,
                                    struct str trace)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_invocation SET trace = $3 WHERE command_id = $1 AND position = $2",
                ARGS(V(id), V(position), V(trace))));
    return 0;
}

int runcommand_invocation_next_open(struct op *op, struct str id, int64_t from, bool released,
                                    int64_t otherwise, int64_t *ret)
{
    int found = db_int(op->db, ret,
                       "SELECT position FROM ssm_invocation WHERE command_id = $1"
                       " AND is_open = 1 AND position >= $2 AND is_released >= $3"
                       " ORDER BY position LIMIT 1",
                       ARGS(V(id), V(from), V(released)));
    if (found == DB_NO_ROW) {
        *ret = otherwise;
        return 0;
    }
    TRY(found);
    return 0;
}

int runcommand_invocation_open_commands(struct op *op, struct str node, struct strs *ret)
{
    TRY(db_strs(op->db, op->arena, ret,
                "SELECT command_id FROM ssm_invocation WHERE instance_id = $1 AND is_open = 1"
                " ORDER BY command_id",
                ARGS(V(node))));
    return 0;
}

/* --- steps ---------------------------------------------------------------- */

int runcommand_plugin_put(struct op *op, const struct runcommand_plugin *p)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_plugin (" PLUGIN_COLUMNS
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " ON CONFLICT (command_id, position, name) DO UPDATE SET status = $3, output = $4,"
                " standard_output = $5, standard_error = $6, code = $8, started_at = $9,"
                " ended_at = $10",
                ARGS(V(p->command_id), V(p->name), V(p->status), V(p->output),
                     V(p->standard_output), V(p->standard_error), V(p->position), V(p->code),
                     V(p->started_at), V(p->ended_at))));
    return 0;
}

int runcommand_plugin_list(struct op *op, struct str id, int64_t position,
                           struct runcommand_plugin **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &plugin_mapping, &items, ret_count,
               "SELECT " PLUGIN_COLUMNS " FROM ssm_plugin WHERE command_id = $1 AND position = $2",
               ARGS(V(id), V(position))));
    *ret = items;
    return 0;
}
