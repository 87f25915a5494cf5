/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Managed nodes: hosts that registered with an activation. A node proves itself
 * with its RSA key to get credentials of its role, session name its id; with
 * those it acts, and for itself only.
 */
#pragma once

#include "api/op.h"
#include "api/ports.h"

#define NODE_TYPE "AWS::SSM::ManagedInstance"

/* An agent pings every five minutes; after two that did not come it counts as lost. */
#define NODE_LOST_AFTER (11 * MSEC_MINUTE)

#define NODE_TOKEN_LIFETIME MSEC_HOUR

struct node {
    struct str id, account, region, activation_id, role, name;
    struct str public_key; /* SPKI DER */
    struct str fingerprint;
    msec registered_at, pinged_at; /* pinged_at 0: never */
    msec key_made_at;              /* when public_key became the key */
    struct str agent_name, agent_version, platform_type, platform_name, platform_version;
    struct str computer_name, ip_address;
};

struct str node_arn(struct op *op, struct str id);
struct str node_ping_status(const struct node *n, msec now); /* "Online" */

/* A node of this account and Region. Outcome: SSM_INVALID_INSTANCE_ID. */
MUST_CHECK int node_get(struct op *op, struct str id, struct node *ret);

/* The caller is the node `id` with its credentials, and is still registered.
 * Outcome: OP_DENIED. */
MUST_CHECK int node_itself(struct op *op, struct str id);

/* --- store: node_db.c ----------------------------------------------------- */

MUST_CHECK int node_insert(struct op *op, const struct node *n);
/* DB_NO_ROW */
MUST_CHECK int node_load(struct db *db, struct arena *a, struct str id, struct node *ret);
MUST_CHECK int node_ping(struct op *op, const struct node *n); /* what an agent tells */
MUST_CHECK int node_set_key(struct op *op, struct str id, struct str public_key);
MUST_CHECK int node_set_role(struct op *op, struct str id, struct str role);
MUST_CHECK int node_delete(struct op *op, struct str id);
/* Of this account and Region, by id, after `after`. */
MUST_CHECK int node_list(struct op *op, struct str after, int64_t limit, struct node **ret,
                         size_t *ret_count);
