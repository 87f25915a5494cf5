/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for a node's next poll: the order to run a command or to cancel
 * one. A message stays until it is acknowledged or expires; one that was handed
 * out is invisible for a while and then handed out again. It has no payload: that
 * is made of the command when it is fetched.
 */
#pragma once

#include "api/op.h"

struct message {
    struct str id, node, command_id;
    bool is_cancel;
    msec created_at, visible_at, expires_at;
};

/* aws.ssm.<CommandId>.<node>: agents take the command's id from it. */
struct str message_send_id(struct arena *a, struct str command_id, struct str node);
/* The parts of such an id; false if it is none. */
bool message_id_parse(struct str id, struct str *ret_command_id, struct str *ret_node);
/* The key that polls of the node wait for. */
struct str message_wait_key(struct arena *a, struct str node);

/* --- store: message_db.c -------------------------------------------------- */

MUST_CHECK int message_insert(struct op *op, const struct message *m); /* and wakes the node */
MUST_CHECK int message_delete(struct op *op, struct str id);
MUST_CHECK int message_delete_of_node(struct op *op, struct str node);
MUST_CHECK int message_hide(struct op *op, struct str id, msec until);
MUST_CHECK int message_drop_expired(struct op *op, struct str node);
/* When the node's next message becomes visible; 0: there is none. */
MUST_CHECK int message_next_visible(struct op *op, struct str node, msec *ret);
MUST_CHECK int message_list_visible(struct op *op, struct str node, int64_t limit,
                                    struct message **ret, size_t *ret_count);
