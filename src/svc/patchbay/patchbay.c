/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/patchbay/patchbay.h"

#include "api/ports.h"
#include "svc/patchbay/errors.h"
#include "svc/patchbay/operations.h"
#include "svc/patchbay/schema.h"

/* --- ListLocations: where an organization's nodes are --------------------- */

#define PAGE 1000

struct list_in {
    struct str token;
};

static const struct field list_in_fields[] = {
    STRING(struct list_in, token, "NextToken", OPTIONAL, .min = 1, .max = 4096),
};
static const struct shape list_in = SHAPE("ListLocationsRequest", struct list_in, list_in_fields);

struct location {
    struct str account, account_name, region;
    int64_t nodes;
};

static const struct field location_fields[] = {
    STRING(struct location, account, "Account", REQUIRED),
    STRING(struct location, account_name, "AccountName", OPTIONAL),
    STRING(struct location, region, "Region", REQUIRED),
    INTEGER(struct location, nodes, "Nodes", REQUIRED),
};
static const struct shape location_shape = SHAPE("Location", struct location, location_fields);

struct list_out {
    struct list locations;
    struct str token;
};

static const struct field list_out_fields[] = {
    LIST(struct list_out, locations, "Locations", REQUIRED, location_shape),
    STRING(struct list_out, token, "NextToken", OPTIONAL),
};
static const struct shape list_out =
    SHAPE("ListLocationsResponse", struct list_out, list_out_fields);

/* A management account sees its organization, every other account itself. */
static int is_seen(struct op *op, struct str account, struct account_facts *facts, bool *ret)
{
    *ret = false;
    int found = op->plane->directory->account(op->db, op->arena, account, facts);
    if (found == PORT_NONE)
        return 0;
    TRY(found);
    *ret = str_eq(account, op->account) || str_eq(facts->management_account, op->account);
    return 0;
}

static struct str position_of(struct op *op, const struct node_location *l)
{
    return arena_fmt(op->arena, "%.*s %.*s", STR(l->account), STR(l->region));
}

static int list_locations(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct str after;
    struct node_location *all;
    size_t count;

    PASS(page_open(op, in->token, &after));
    TRY(op->plane->nodes->locations(op->db, op->arena, &all, &count));
    struct location *shown = arena_array(op->arena, struct location, PAGE + 1);
    out->locations.items = shown;
    for (size_t i = 0; i < count; i++) {
        struct account_facts facts;
        bool seen;
        if (str_is_set(after) && str_cmp(position_of(op, &all[i]), after) <= 0)
            continue;
        TRY(is_seen(op, all[i].account, &facts, &seen));
        if (!seen)
            continue;
        if (out->locations.count == PAGE) {
            out->token = page_token(op, position_of(op, &all[i - 1]));
            break;
        }
        shown[out->locations.count++] =
            (struct location){ all[i].account, facts.name, all[i].region, all[i].nodes };
    }
    return 0;
}
OP_HANDLER(list_locations)

/* -------------------------------------------------------------------------- */

/* clang-format off */
static const struct operation operations[] = {
    OP("ListLocations", list_locations, list_in, list_out, OP_READS | OP_OURS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */

static const struct operation *const nouns[] = {
    operations, explain_operations, facts_operations, patch_run_operations, pin_operations, NULL,
};

/* The largest request is the facts of a host. */
#define MAX_BODY (FACTS_DOC_MAX_BYTES + 64 * 1024)

const struct service patchbay_service = {
    .name = "patchbay",
    .target_prefix = "Patchbay",
    .protocol = PROTOCOL_JSON_1_1,
    .is_global = true,
    .nouns = nouns,
    .errors = patchbay_errors,
    .n_errors = PATCHBAY_N_ERRORS,
    .schema = &patchbay_schema,
    .max_body = MAX_BODY,
};
