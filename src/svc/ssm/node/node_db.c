/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/node/node.h"
#include "svc/ssm/patch/patch_facts.h"
#include "svc/ssm/patch/patch_report.h"

#include "svc/ssm/ssm.h"

static const struct column node_columns[] = {
    COL_STR(struct node, id),
    COL_STR(struct node, account),
    COL_STR(struct node, region),
    COL_STR(struct node, activation_id),
    COL_STR(struct node, role),
    COL_STR(struct node, name),
    COL_STR(struct node, public_key),
    COL_STR(struct node, fingerprint),
    COL_I64(struct node, registered_at),
    COL_I64(struct node, pinged_at),
    COL_I64(struct node, key_made_at),
    COL_STR(struct node, agent_name),
    COL_STR(struct node, agent_version),
    COL_STR(struct node, platform_type),
    COL_STR(struct node, platform_name),
    COL_STR(struct node, platform_version),
    COL_STR(struct node, computer_name),
    COL_STR(struct node, ip_address),
};
static const struct mapping node_mapping = MAPPING(struct node, node_columns);

static const struct column facts_columns[] = {
    COL_STR(struct node_facts, id),
    COL_STR(struct node_facts, account),
    COL_STR(struct node_facts, region),
    COL_STR(struct node_facts, public_key),
};
static const struct mapping facts_mapping = MAPPING(struct node_facts, facts_columns);

#define COLUMNS                                                                                    \
    "id, account, region, activation_id, role, name, public_key, fingerprint, registered_at,"      \
    " pinged_at, key_made_at, agent_name, agent_version, platform_type, platform_name, "           \
    "platform_version,"                                                                            \
    " computer_name, ip_address"

int node_insert(struct op *op, const struct node *n)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_node (id, account, region, activation_id, role, name,"
                " public_key, fingerprint, registered_at, pinged_at, key_made_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $9)",
                ARGS(V(n->id), V(n->account), V(n->region), V(n->activation_id), V(n->role),
                     V(n->name), B(n->public_key), V(n->fingerprint), V(n->registered_at))));
    return 0;
}

int node_load(struct db *db, struct arena *a, struct str id, struct node *ret)
{
    return db_one(db, a, &node_mapping, ret, "SELECT " COLUMNS " FROM ssm_node WHERE id = $1",
                  ARGS(V(id)));
}

/* An agent's first ping says little; what it does not say stays. */
int node_ping(struct op *op, const struct node *n)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_node SET pinged_at = $2,"
                " agent_name = COALESCE($3, agent_name),"
                " agent_version = COALESCE($4, agent_version),"
                " platform_type = COALESCE($5, platform_type),"
                " platform_name = COALESCE($6, platform_name),"
                " platform_version = COALESCE($7, platform_version),"
                " computer_name = COALESCE($8, computer_name),"
                " ip_address = COALESCE($9, ip_address) WHERE id = $1",
                ARGS(V(n->id), V(n->pinged_at), V(n->agent_name), V(n->agent_version),
                     V(n->platform_type), V(n->platform_name), V(n->platform_version),
                     V(n->computer_name), V(n->ip_address))));
    return 0;
}

int node_set_key(struct op *op, struct str id, struct str public_key)
{
    TRY(db_exec(op->db, NULL, "UPDATE ssm_node SET public_key = $2, key_made_at = $3 WHERE id = $1",
                ARGS(V(id), B(public_key), V(op->now))));
    return 0;
}

int node_set_role(struct op *op, struct str id, struct str role)
{
    TRY(db_exec(op->db, NULL, "UPDATE ssm_node SET role = $2 WHERE id = $1", ARGS(V(id), V(role))));
    return 0;
}

int node_delete(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_node WHERE id = $1", ARGS(V(id))));
    return 0;
}

int node_list(struct op *op, struct str after, int64_t limit, struct node **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &node_mapping, &items, ret_count,
               "SELECT " COLUMNS " FROM ssm_node"
               " WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4",
               ARGS(V(op->account), V(op->region), V(str_or_empty(after)), V(limit))));
    *ret = items;
    return 0;
}

static int port_node(struct db *db, struct arena *a, struct str id, struct node_facts *ret)
{
    int found =
        db_one(db, a, &facts_mapping, ret,
               "SELECT id, account, region, public_key FROM ssm_node WHERE id = $1", ARGS(V(id)));
    if (found == DB_NO_ROW)
        return PORT_NONE;
    TRY(found);
    return 0;
}

static const struct column location_columns[] = {
    COL_STR(struct node_location, account),
    COL_STR(struct node_location, region),
    COL_I64(struct node_location, nodes),
};
static const struct mapping location_mapping = MAPPING(struct node_location, location_columns);

static int port_locations(struct db *db, struct arena *a, struct node_location **ret,
                          size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &location_mapping, &items, ret_count,
               "SELECT account, region, COUNT(*) AS nodes FROM ssm_node"
               " GROUP BY account, region ORDER BY account, region",
               NO_ARGS));
    *ret = items;
    return 0;
}

const struct node_port ssm_nodes = {
    .node = port_node,
    .locations = port_locations,
    .patch_runs = patch_run_list,
    .facts = patch_facts_get,
    .may_report = patch_facts_may_report,
    .put_facts = patch_facts_put,
    .patch_basis = patch_facts_basis,
};
