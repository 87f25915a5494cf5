/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The versions that the nodes of a run agree on, kept by the plane with the snapshot: an
 * Install that is held to them brings in what the first node of the run brought in, also
 * where the mirror has moved on since; where it cannot, that is drift, and told.
 */
#pragma once

#include "patch/plane.h"
#include "patch/provider.h"

struct pin_difference {
    struct str name, arch;
    struct str pinned, offered; /* what the run has, and what this host would take */
    struct str by;              /* the node that was first */
};

struct pins {
    struct plane *plane;
    struct str snapshot_id;
    struct pin_difference *differences; /* filled in by pins_hold() and pins_hold_along() */
    size_t n_differences, capacity;
};

/* Hold a plan to the pins: what nobody has pinned yet this plan pins; a change to another
 * version than the pinned one becomes one to that, and one that is there already is taken
 * out. Outcome PROVIDER_FAILED: the plane could not be asked. */
MUST_CHECK int pins_hold(struct arena *a, struct pins *pins, struct change *changes,
                         size_t *n_changes, struct str *ret_why);

/* Where the pinned versions that are not the offered ones are still to be had: in a
 * repository or in the cache; sets `failure` of those that are not. Outcome PROVIDER_FAILED. */
MUST_CHECK int pins_find(struct arena *a, const struct pins *pins, const struct provider *provider,
                         const struct change_request *plan, struct str *ret_why);

/* Hold what the plan would bring along to the pins likewise: sets `along` of the plan, and
 * `failure` of the changes that cannot do with that. Outcome PROVIDER_FAILED. */
MUST_CHECK int pins_hold_along(struct arena *a, struct pins *pins, const struct provider *provider,
                               struct change_request *plan, struct str *ret_why);

/* Once it was tried: what of the differences is not to be had here failed by drift. */
void pins_explain(struct arena *a, const struct pins *pins, struct change *changes,
                  size_t n_changes);

/* ---- for tests ---- */

/* Take over one answer, for the `n` changes that were asked for; false where it is not an
 * answer to that. */
bool pins_take(struct arena *a, struct pins *pins, const struct value *answer,
               struct change *changes, size_t n);
