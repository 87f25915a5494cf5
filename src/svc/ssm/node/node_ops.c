/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/node/node.h"

#include "svc/ssm/node/activation.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/inventory/inventory.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_facts.h"
#include "svc/ssm/command/runcommand.h"

/* UpdateInstanceInformation is the agent's heartbeat; AWS publishes no model of it. */
struct ping_in {
    struct str id, agent_name, agent_version, agent_status, platform_type, platform_name;
    struct str platform_version, computer_name, ip_address, zone, zone_id, channel;
};

struct node_in {
    struct str id, role;
};

/* clang-format off */
static const struct field ping_in_fields[] = {
    STRING(struct ping_in, id,               "InstanceId",           REQUIRED, CHECK_INSTANCE_ID),
    STRING(struct ping_in, agent_name,       "AgentName",            OPTIONAL, LENGTH(0, 256)),
    STRING(struct ping_in, agent_version,    "AgentVersion",         OPTIONAL, LENGTH(0, 64)),
    STRING(struct ping_in, agent_status,     "AgentStatus",          OPTIONAL, LENGTH(0, 64)),
    STRING(struct ping_in, platform_type,    "PlatformType",         OPTIONAL, LENGTH(0, 64)),
    STRING(struct ping_in, platform_name,    "PlatformName",         OPTIONAL, LENGTH(0, 256)),
    STRING(struct ping_in, platform_version, "PlatformVersion",      OPTIONAL, LENGTH(0, 256)),
    STRING(struct ping_in, computer_name,    "ComputerName",         OPTIONAL, LENGTH(0, 255)),
    STRING(struct ping_in, ip_address,       "IPAddress",            OPTIONAL, LENGTH(0, 46)),
    STRING(struct ping_in, zone,             "AvailabilityZone",     OPTIONAL, LENGTH(0, 64)),
    STRING(struct ping_in, zone_id,          "AvailabilityZoneId",   OPTIONAL, LENGTH(0, 64)),
    STRING(struct ping_in, channel,          "SSMConnectionChannel", OPTIONAL, LENGTH(0, 64)),
};
static const struct shape ping_in_shape =
    SHAPE_OPEN("UpdateInstanceInformationRequest", struct ping_in, ping_in_fields);

static const struct field deregister_in_fields[] = {
    STRING(struct node_in, id, "InstanceId", REQUIRED, CHECK_MANAGED_INSTANCE_ID),
};
static const struct shape deregister_in_shape =
    SHAPE("DeregisterManagedInstanceRequest", struct node_in, deregister_in_fields);

static const struct field role_in_fields[] = {
    STRING(struct node_in, id,   "InstanceId", REQUIRED, CHECK_MANAGED_INSTANCE_ID),
    STRING(struct node_in, role, "IamRole",    REQUIRED, .max = 64),
};
static const struct shape role_in_shape =
    SHAPE("UpdateManagedInstanceRoleRequest", struct node_in, role_in_fields);
/* clang-format on */

static struct str node_resource(struct op *op, const void *in)
{
    return node_arn(op, ((const struct node_in *)in)->id);
}

/* An empty string says nothing, so it must not replace what is known. */
static struct str said(struct str s)
{
    return str_is_empty(s) ? (struct str){ 0 } : s;
}

static int update_instance_information(struct op *op, const struct ping_in *in, struct nothing *out)
{
    (void)out;

    PASS(node_itself(op, in->id));
    struct node n = {
        .id = in->id,
        .pinged_at = op->now,
        .agent_name = said(in->agent_name),
        .agent_version = said(in->agent_version),
        .platform_type = said(in->platform_type),
        .platform_name = said(in->platform_name),
        .platform_version = said(in->platform_version),
        .computer_name = said(in->computer_name),
        .ip_address = said(in->ip_address),
    };
    TRY(node_ping(op, &n));
    return 0;
}
OP_HANDLER(update_instance_information)

static int deregister_managed_instance(struct op *op, const struct node_in *in, struct nothing *out)
{
    struct node n;
    (void)out;

    PASS(node_get(op, in->id, &n));
    TRY(runcommand_node_gone(op, n.id));
    TRY(tags_remove_all(op, node_arn(op, n.id)));
    TRY(inventory_forget(op, n.id));
    TRY(patch_facts_forget(op, n.id));
    TRY(node_delete(op, n.id));
    op_wake(op, arena_fmt(op->arena, "node:%.*s", STR(n.id))); /* its poll ends refused */
    return 0;
}
OP_HANDLER(deregister_managed_instance)

static int update_managed_instance_role(struct op *op, const struct node_in *in,
                                        struct nothing *out)
{
    struct node n;
    struct str arn;
    (void)out;

    PASS(node_get(op, in->id, &n));
    PASS(activation_role(op, in->role, &arn));
    TRY(node_set_role(op, n.id, in->role));
    return 0;
}
OP_HANDLER(update_managed_instance_role)

/* clang-format off */
const struct operation node_operations[] = {
    OP("UpdateInstanceInformation", update_instance_information, ping_in_shape, shape_nothing,
       OP_WRITES | OP_OURS, RAISES_NOTHING),
    OP("DeregisterManagedInstance", deregister_managed_instance, deregister_in_shape,
       shape_nothing, OP_WRITES, RAISES(SSM_INVALID_INSTANCE_ID), .resource = node_resource),
    OP("UpdateManagedInstanceRole", update_managed_instance_role, role_in_shape, shape_nothing,
       OP_WRITES, RAISES(SSM_INVALID_INSTANCE_ID), .resource = node_resource),
    OP_END,
};
/* clang-format on */
