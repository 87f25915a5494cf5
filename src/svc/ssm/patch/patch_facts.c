/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/patch/patch_facts.h"

#include "base/json.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/patch/patch_baseline.h"

int patch_facts_get(struct db *db, struct arena *a, struct str node, struct host_facts *ret)
{
    struct op op = { .db = db, .arena = a };

    int found = patch_facts_load(&op, node, ret);
    if (found == DB_NO_ROW)
        return PORT_NONE;
    TRY(found);
    return 0;
}

/* Whoever's role may report what was decided may report what it was decided on: a role
 * made for AWS needs no new permission. */
int patch_facts_may_report(struct op *op, struct str node)
{
    PASS(op_may(op, S("ssm:PutInventory"), node_arn(op, node)));
    PASS(node_itself(op, node));
    return 0;
}

/* --- offers move by what is different -------------------------------------- */

static int offers_held(struct op *op, const struct host_facts *held, struct patch_offer **ret,
                       size_t *ret_count)
{
    const struct blob_port *blobs = &op->plane->blobs;
    struct facts_doc facts;
    struct value *doc;
    struct str text;

    TRY(blobs->get(blobs->context, held->blob, FACTS_DOC_MAX_BYTES, op->arena, &text));
    TRY(json_parse(op->arena, text, &doc, NULL));
    TRY(facts_parse(op->arena, doc, &facts, NULL));
    *ret = patch_offers_of(op, &facts, ret_count);
    return 0;
}

static int add_offer(struct op *op, const struct patch_offer *offer)
{
    struct patch_facts f;

    TRY(patch_offer_facts(op, offer, &f));
    TRY(patch_offer_add(op, offer, &f.candidate));
    return 0;
}

/* Both are sorted by id. */
static int move_offers(struct op *op, const struct patch_offer *before, size_t n_before,
                       const struct patch_offer *after, size_t n_after)
{
    size_t b = 0, n = 0;

    while (b < n_before || n < n_after) {
        int order = b == n_before ? 1 : n == n_after ? -1 : str_cmp(before[b].id, after[n].id);
        if (order < 0) {
            TRY(patch_offer_drop(op, before[b++].id));
        } else if (order > 0) {
            TRY(add_offer(op, &after[n++]));
        } else {
            b++;
            n++;
        }
    }
    return 0;
}

/* --- what a node tells ------------------------------------------------------ */

int patch_facts_put(struct op *op, const struct host_facts *facts, const struct facts_doc *parsed)
{
    struct patch_offer *before = NULL, *after;
    size_t n_before = 0, n_after;
    struct host_facts held;

    int found = patch_facts_load(op, facts->node, &held);
    if (found != 0 && found != DB_NO_ROW)
        TRY(found);
    bool is_held = found == 0 && str_eq(held.blob, facts->blob);
    if (!is_held && !parsed)
        return PORT_NONE;
    TRY(patch_run_rebooted(op, facts));
    if (is_held) {
        TRY(patch_facts_touch(op, facts));
        return 0;
    }
    if (found == 0)
        TRY(offers_held(op, &held, &before, &n_before));
    after = patch_offers_of(op, parsed, &n_after);
    TRY(move_offers(op, before, n_before, after, n_after));
    TRY(patch_facts_save(op, facts));
    return 0;
}

int patch_facts_forget(struct op *op, struct str node)
{
    struct patch_offer *before;
    struct host_facts held;
    size_t n_before;

    int found = patch_facts_load(op, node, &held);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    TRY(offers_held(op, &held, &before, &n_before));
    TRY(move_offers(op, before, n_before, NULL, 0));
    TRY(patch_facts_delete(op, node));
    return 0;
}

int patch_facts_basis(struct op *op, struct str node, struct patch_basis *ret)
{
    struct patch_choice choice;
    struct node n;

    TRY(node_load(op->db, op->arena, node, &n));
    int chosen = patch_choose(op, &n, &choice);
    if (chosen == SSM_UNSUPPORTED_OPERATING_SYSTEM)
        return PORT_NONE;
    TRY(chosen);
    *ret = (struct patch_basis){ choice.group, choice.product, choice.baseline };
    return 0;
}
