/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The versions that the nodes of one run agree on. A set of pins belongs to a frozen
 * baseline (account, Region, snapshot id, patch group, system): the first node that plans
 * to install a package pins its version, and later ones are held to it. A set is kept for
 * three days from its first pin, as the snapshot is; the same id then makes a new one.
 */
#pragma once

#include "api/op.h"

#define PINS_KEPT (3 * MSEC_DAY)

#define PINS_MAX  20000 /* of a set: more packages than a system has */
#define DRIFT_MAX 50000 /* of a set; what is beyond is in the nodes' own reports only */

struct pin_scope {
    struct str snapshot, group, os;
};

struct pin {
    struct str name, arch, version;
    struct str node; /* that pinned it */
};

struct pin_set {
    int64_t id, n_pins, n_drift;
};

/* Made if there is none; those that are too old go. */
MUST_CHECK int pin_set_open(struct op *op, const struct pin_scope *scope, struct pin_set *ret);

enum pin_outcome {
    PIN_TOO_MANY = 1,
};

/* The version of the package that counts: the first that was pinned, which may be this one.
 * Where it is another, that is noted as the node's drift. Outcome PIN_TOO_MANY. */
MUST_CHECK int pin_put(struct op *op, struct pin_set *set, const struct pin *wanted,
                       struct pin *ret);

/* --- looking at them; a page begins behind `after` -------------------------- */

struct pin_position {
    int64_t set;
    struct str name, arch, node; /* the node for drift only */
};

struct pin_row {
    int64_t pin_set, pinned_at;
    struct str patch_group, os, name, arch, version, node;
};

struct drift_row {
    int64_t pin_set, found_at;
    struct str patch_group, os, name, arch, pinned, offered, node;
};

MUST_CHECK int pin_list(struct op *op, struct str snapshot, const struct pin_position *after,
                        int64_t limit, struct pin_row **ret, size_t *ret_count);
MUST_CHECK int drift_list(struct op *op, struct str snapshot, const struct pin_position *after,
                          int64_t limit, struct drift_row **ret, size_t *ret_count);
