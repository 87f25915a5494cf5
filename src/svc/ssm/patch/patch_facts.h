/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes know of their packages: the facts behind a node's last report, whole,
 * and the offers, which are the versions that the repositories of all nodes of an
 * account and Region offer. An offer counts the nodes that told of it, and a report
 * moves the counts by what is different from the one before.
 */
#pragma once

#include "svc/ssm/node/node.h"

/* --- for other services, as api/ports.h has it ---------------------------- */

MUST_CHECK int patch_facts_get(struct db *db, struct arena *a, struct str node,
                               struct host_facts *ret);
MUST_CHECK int patch_facts_may_report(struct op *op, struct str node);
MUST_CHECK int patch_facts_put(struct op *op, const struct host_facts *facts,
                               const struct facts_doc *parsed);
MUST_CHECK int patch_facts_basis(struct op *op, struct str node, struct patch_basis *ret);

/* With the node's registration; its offers lose a node each. */
MUST_CHECK int patch_facts_forget(struct op *op, struct str node);

/* --- offers: patch_offer.c ------------------------------------------------ */

struct patch_offer {
    struct str id, os, product, name, arch;
    struct str version; /* JSON */
};

/* What a document's repositories offer, by id, each once. */
struct patch_offer *patch_offers_of(struct op *op, const struct facts_doc *facts,
                                    size_t *ret_count);

/* The package that an offer is of: not installed, the version its candidate. */
MUST_CHECK int patch_offer_facts(struct op *op, const struct patch_offer *offer,
                                 struct patch_facts *ret);

/* The members of a patch as the API shows it (struct of the shape below). */
struct offer_view {
    struct str id, title, product_family, product, classification, name, version, release, arch;
    struct str severity, repository;
    struct strs advisories, bugs, cves;
    int64_t epoch;
    msec released_at;
};
extern const struct shape offer_view_shape;
void patch_offer_view(struct op *op, const struct patch_offer *offer, const struct patch_facts *f,
                      struct offer_view *ret);

/* --- store: patch_facts_db.c; outcomes DB_NO_ROW -------------------------- */

MUST_CHECK int patch_facts_load(struct op *op, struct str node, struct host_facts *ret);
MUST_CHECK int patch_facts_save(struct op *op, const struct host_facts *facts); /* replaces */
MUST_CHECK int patch_facts_touch(struct op *op, const struct host_facts *facts);
MUST_CHECK int patch_facts_delete(struct op *op, struct str node);
/* Whether the node restarted in the run that ended when these facts were captured. */
MUST_CHECK int patch_run_rebooted(struct op *op, const struct host_facts *facts);

MUST_CHECK int patch_offer_add(struct op *op, const struct patch_offer *o,
                               const struct patch_version *v);
MUST_CHECK int patch_offer_drop(struct op *op, struct str id);

/* Where a page of offers begins: behind this one; all empty is the beginning. */
struct patch_offer_place {
    struct str os, product, name, arch, id;
};

/* Of one system (absent: all) and one product (absent: all); at most `limit`. */
MUST_CHECK int patch_offer_list(struct op *op, struct str os, struct str product,
                                const struct patch_offer_place *after, int64_t limit,
                                struct patch_offer **ret, size_t *ret_count);

/* The different values of a property of a system's offers, sorted, behind `after`. */
MUST_CHECK int patch_offer_values(struct op *op, struct str os, enum patch_key property,
                                  struct str after, int64_t limit, struct strs *ret);
