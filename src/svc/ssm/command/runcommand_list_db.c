/* SPDX-License-Identifier: Apache-2.0 */
/* What the lists of commands and invocations read. */
#include "svc/ssm/command/runcommand.h"

/* clang-format off */
#define V_ struct runcommand_view
static const struct column view_columns[] = {
    COL_STR(V_, id),              COL_STR(V_, document_name), COL_STR(V_, document_version),
    COL_STR(V_, comment),         COL_STR(V_, parameters),    COL_STR(V_, instance_ids),
    COL_STR(V_, targets),         COL_STR(V_, status),        COL_STR(V_, detail),
    COL_STR(V_, max_concurrency), COL_STR(V_, max_errors),    COL_STR(V_, state),
    COL_I64(V_, requested_at),    COL_I64(V_, expires_at),    COL_I64(V_, timeout_seconds),
};
#undef V_
static const struct mapping view_mapping = MAPPING(struct runcommand_view, view_columns);

/* clang-format on */

#define SELECT_VIEW                                                                                \
    "SELECT c.id, c.document_name, t.document_version, t.comment, t.parameters, t.instance_ids,"   \
    " t.targets, c.status, c.detail, t.max_concurrency, t.max_errors, c.state, c.requested_at,"    \
    " c.expires_at, t.timeout_seconds FROM ssm_command c JOIN ssm_command_text t ON t.id = c.id "

int runcommand_view_get(struct op *op, struct str id, struct runcommand_view *ret)
{
    return db_one(op->db, op->arena, &view_mapping, ret, SELECT_VIEW " WHERE c.id = $1",
                  ARGS(V(id)));
}

/* Every condition is optional, so the one that narrows most is said first and plainly, and
 * the account is hidden behind an expression from a planner that would rather read all its rows. */
#define OF_ACCOUNT     " account = $1 AND region = $2 AND"
#define AND_BY_THE_WAY " AND account || '' = $1 AND region = $2 AND"
#define VIEW_REST                                                                                  \
    " ($3 IS NULL OR c.id = $3)"                                                                   \
    " AND ($4 IS NULL OR EXISTS (SELECT 1 FROM ssm_invocation i"                                   \
    "      WHERE i.command_id = c.id AND i.instance_id = $4))"                                     \
    " AND ($5 IS NULL OR c.status = $5 OR c.detail = $5)"                                          \
    " AND ($6 IS NULL OR c.document_name = $6)"                                                    \
    " AND c.requested_at > $7 AND c.requested_at < $8"                                             \
    " AND ($9 = -1 OR c.is_over = $9)"                                                             \
    " AND (c.requested_at < $10 OR (c.requested_at = $10 AND c.id < $11))"                         \
    " ORDER BY c.requested_at DESC, c.id DESC LIMIT $12"

int runcommand_view_list(struct op *op, const struct runcommand_query *q,
                         struct runcommand_view **ret, size_t *ret_count)
{
    static const char by_id[] = SELECT_VIEW " WHERE c.id = $3" AND_BY_THE_WAY VIEW_REST;
    static const char by_node[] =
        SELECT_VIEW " WHERE c.id IN (SELECT command_id FROM ssm_invocation"
                    "  WHERE instance_id = $4)" AND_BY_THE_WAY VIEW_REST;
    static const char by_time[] = SELECT_VIEW " WHERE" OF_ACCOUNT VIEW_REST;
    void *items;

    TRY(db_all(op->db, op->arena, &view_mapping, &items, ret_count,
               str_is_set(q->command_id)    ? by_id
               : str_is_set(q->instance_id) ? by_node
                                            : by_time,
               ARGS(V(op->account), V(op->region), V(q->command_id), V(q->instance_id),
                    V(q->status), V(q->document_name), V(q->after), V(q->before), V(q->is_over),
                    V(q->at), V(q->id), V(q->limit))));
    *ret = items;
    return 0;
}

#define SELECT_INVOCATION "SELECT " RUNCOMMAND_INVOCATION_COLUMNS " FROM ssm_invocation"
#define INVOCATION_REST                                                                            \
    " ($3 IS NULL OR command_id = $3)"                                                             \
    " AND ($4 IS NULL OR instance_id = $4)"                                                        \
    " AND ($5 IS NULL OR status = $5 OR detail = $5)"                                              \
    " AND ($6 IS NULL OR document_name = $6)"                                                      \
    " AND requested_at > $7 AND requested_at < $8"                                                 \
    " AND (requested_at < $9 OR (requested_at = $9 AND command_id < $10)"                          \
    "      OR (command_id = $10 AND position > $11))"                                              \
    " ORDER BY requested_at DESC, command_id DESC, position LIMIT $12"

int runcommand_invocation_list(struct op *op, const struct runcommand_query *q,
                               struct runcommand_invocation **ret, size_t *ret_count)
{
    static const char by_command[] =
        SELECT_INVOCATION " WHERE command_id = $3" AND_BY_THE_WAY INVOCATION_REST;
    static const char by_node[] =
        SELECT_INVOCATION " WHERE instance_id = $4" AND_BY_THE_WAY INVOCATION_REST;
    static const char by_time[] = SELECT_INVOCATION " WHERE" OF_ACCOUNT INVOCATION_REST;
    void *items;

    TRY(db_all(op->db, op->arena, &runcommand_invocation_mapping, &items, ret_count,
               str_is_set(q->command_id)    ? by_command
               : str_is_set(q->instance_id) ? by_node
                                            : by_time,
               ARGS(V(op->account), V(op->region), V(q->command_id), V(q->instance_id),
                    V(q->status), V(q->document_name), V(q->after), V(q->before), V(q->at),
                    V(q->id), V(q->position), V(q->limit))));
    *ret = items;
    return 0;
}
