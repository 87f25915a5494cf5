/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#define INVENTORY_TYPE "Custom:PatchbayHost"

int command_add_facts(struct command_run *r, struct value *nodes)
{
    for (size_t i = 0; i < value_count(nodes); i++) {
        struct value *node = value_at(nodes, i), *entries;
        struct client_call call = {
            .account = value_get_str(node, S("Account")),
            .region = value_get_str(node, S("Region")),
            .service = "ssm",
            .target = "AmazonSSM.ListInventoryEntries",
            .in = value_map(&r->a),
        };

        value_set(&r->a, call.in, S("InstanceId"), value_get(node, S("InstanceId")));
        value_set_str(&r->a, call.in, S("TypeName"), S(INVENTORY_TYPE));
        PASS(client_list(&r->client, &call, S("Entries"), &entries, &r->why));
        if (value_count(entries) > 0)
            value_set(&r->a, node, S("Facts"), value_at(entries, 0));
    }
    return 0;
}
