/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/checks.h"
#include "svc/ssm/node/message.h"

static const struct column message_columns[] = {
    COL_STR(struct message, id),         COL_STR(struct message, node),
    COL_STR(struct message, command_id), COL_BOOL(struct message, is_cancel),
    COL_I64(struct message, created_at), COL_I64(struct message, visible_at),
    COL_I64(struct message, expires_at),
};
static const struct mapping message_mapping = MAPPING(struct message, message_columns);

#define COLUMNS "id, node, command_id, is_cancel, created_at, visible_at, expires_at"

struct str message_send_id(struct arena *a, struct str command_id, struct str node)
{
    return arena_fmt(a, "aws.ssm.%.*s.%.*s", STR(command_id), STR(node));
}

bool message_id_parse(struct str id, struct str *ret_command_id, struct str *ret_node)
{
    struct str rest = str_from(id, strlen("aws.ssm."));

    return str_starts(id, S("aws.ssm.")) && str_cut(rest, '.', ret_command_id, ret_node) &&
           check_uuid(*ret_command_id) && check_instance_id(*ret_node);
}

struct str message_wait_key(struct arena *a, struct str node)
{
    return arena_fmt(a, "node:%.*s", STR(node));
}

int message_insert(struct op *op, const struct message *m)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_message (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7)",
                ARGS(V(m->id), V(m->node), V(m->command_id), V(m->is_cancel), V(m->created_at),
                     V(m->visible_at), V(m->expires_at))));
    op_wake(op, message_wait_key(op->arena, m->node));
    return 0;
}

int message_delete(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_message WHERE id = $1", ARGS(V(id))));
    return 0;
}

int message_delete_of_node(struct op *op, struct str node)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_message WHERE node = $1", ARGS(V(node))));
    return 0;
}

int message_hide(struct op *op, struct str id, msec until)
{
    TRY(db_exec(op->db, NULL, "UPDATE ssm_message SET visible_at = $2 WHERE id = $1",
                ARGS(V(id), V(until))));
    return 0;
}

int message_drop_expired(struct op *op, struct str node)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_message WHERE node = $1 AND expires_at <= $2",
                ARGS(V(node), V(op->now))));
    return 0;
}

int message_next_visible(struct op *op, struct str node, msec *ret)
{
    TRY(db_int(op->db, ret,
               "SELECT MIN(visible_at) FROM ssm_message WHERE node = $1 AND expires_at > $2",
               ARGS(V(node), V(op->now))));
    return 0;
}

int message_list_visible(struct op *op, struct str node, int64_t limit, struct message **ret,
                         size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &message_mapping, &items, ret_count,
               "SELECT " COLUMNS " FROM ssm_message"
               " WHERE node = $1 AND visible_at <= $2 AND expires_at > $2"
               " ORDER BY created_at, id LIMIT $3",
               ARGS(V(node), V(op->now), V(limit))));
    *ret = items;
    return 0;
}
