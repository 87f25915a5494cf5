/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/patchbay/pin.h"

#include "store/db.h"

/* --- sets ----------------------------------------------------------------- */

static int forget_old(struct op *op)
{
    static const char *const statements[] = {
        "DELETE FROM patchbay_pin WHERE pin_set IN"
        " (SELECT id FROM patchbay_pin_set WHERE created_at <= $1)",
        "DELETE FROM patchbay_drift WHERE pin_set IN"
        " (SELECT id FROM patchbay_pin_set WHERE created_at <= $1)",
        "DELETE FROM patchbay_pin_set WHERE created_at <= $1",
    };

    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        TRY(db_exec(op->db, NULL, statements[i], ARGS(V(op->now - PINS_KEPT))));
    return 0;
}

static int find_set(struct op *op, const struct pin_scope *scope, int64_t *ret)
{
    PASS(db_int(op->db, ret,
                "SELECT id FROM patchbay_pin_set WHERE account = $1 AND region = $2"
                " AND snapshot = $3 AND patch_group = $4 AND os = $5 AND created_at > $6",
                ARGS(V(op->account), V(op->region), V(scope->snapshot), V(scope->group),
                     V(scope->os), V(op->now - PINS_KEPT))));
    return 0;
}

static int count_set(struct op *op, struct pin_set *set)
{
    TRY(db_int(op->db, &set->n_pins, "SELECT COUNT(*) FROM patchbay_pin WHERE pin_set = $1",
               ARGS(V(set->id))));
    TRY(db_int(op->db, &set->n_drift, "SELECT COUNT(*) FROM patchbay_drift WHERE pin_set = $1",
               ARGS(V(set->id))));
    return 0;
}

int pin_set_open(struct op *op, const struct pin_scope *scope, struct pin_set *ret)
{
    struct pin_set set = { 0 };
    int found = find_set(op, scope, &set.id);

    if (found == DB_NO_ROW) {
        TRY(forget_old(op));
        TRY(db_exec(op->db, NULL,
                    "INSERT INTO patchbay_pin_set (account, region, snapshot, patch_group, os,"
                    " created_at) VALUES ($1, $2, $3, $4, $5, $6)",
                    ARGS(V(op->account), V(op->region), V(scope->snapshot), V(scope->group),
                         V(scope->os), V(op->now))));
        TRY(find_set(op, scope, &set.id));
    } else {
        TRY(found);
    }
    TRY(count_set(op, &set));
    *ret = set;
    return 0;
}

/* --- pins ----------------------------------------------------------------- */

static const struct column pin_columns[] = {
    COL_STR(struct pin, name),
    COL_STR(struct pin, arch),
    COL_STR(struct pin, version),
    COL_STR(struct pin, node),
};
static const struct mapping pin_mapping = MAPPING(struct pin, pin_columns);

static int insert(struct op *op, struct pin_set *set, const struct pin *wanted)
{
    if (set->n_pins >= PINS_MAX)
        return PIN_TOO_MANY;
    TRY(db_exec(op->db, NULL,
                "INSERT INTO patchbay_pin (pin_set, name, arch, version, node, pinned_at)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                ARGS(V(set->id), V(wanted->name), V(wanted->arch), V(wanted->version),
                     V(wanted->node), V(op->now))));
    set->n_pins++;
    return 0;
}

/* What a node offers now replaces what it offered before. */
static int note_drift(struct op *op, struct pin_set *set, const struct pin *wanted,
                      struct str pinned)
{
    int64_t n_before;

    TRY(db_exec(op->db, &n_before,
                "DELETE FROM patchbay_drift"
                " WHERE pin_set = $1 AND node = $2 AND name = $3 AND arch = $4",
                ARGS(V(set->id), V(wanted->node), V(wanted->name), V(wanted->arch))));
    set->n_drift -= n_before;
    if (str_eq(wanted->version, pinned) || set->n_drift >= DRIFT_MAX)
        return 0;
    TRY(db_exec(op->db, NULL,
                "INSERT INTO patchbay_drift (pin_set, node, name, arch, pinned, offered, found_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                ARGS(V(set->id), V(wanted->node), V(wanted->name), V(wanted->arch), V(pinned),
                     V(wanted->version), V(op->now))));
    set->n_drift++;
    return 0;
}

int pin_put(struct op *op, struct pin_set *set, const struct pin *wanted, struct pin *ret)
{
    int found = db_one(op->db, op->arena, &pin_mapping, ret,
                       "SELECT name, arch, version, node FROM patchbay_pin"
                       " WHERE pin_set = $1 AND name = $2 AND arch = $3",
                       ARGS(V(set->id), V(wanted->name), V(wanted->arch)));

    if (found == DB_NO_ROW) {
        PASS(insert(op, set, wanted));
        *ret = *wanted;
        return 0;
    }
    TRY(found);
    TRY(note_drift(op, set, wanted, ret->version));
    return 0;
}

/* --- lists ---------------------------------------------------------------- */

#define SETS_OF                                                                                    \
    " JOIN patchbay_pin_set s ON s.id = pin_set"                                                   \
    " WHERE s.account = $1 AND s.region = $2 AND s.snapshot = $3 AND s.created_at > $4"

static const struct column row_columns[] = {
    COL_I64(struct pin_row, pin_set),     COL_I64(struct pin_row, pinned_at),
    COL_STR(struct pin_row, patch_group), COL_STR(struct pin_row, os),
    COL_STR(struct pin_row, name),        COL_STR(struct pin_row, arch),
    COL_STR(struct pin_row, version),     COL_STR(struct pin_row, node),
};
static const struct mapping row_mapping = MAPPING(struct pin_row, row_columns);

int pin_list(struct op *op, struct str snapshot, const struct pin_position *after, int64_t limit,
             struct pin_row **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &row_mapping, &items, ret_count,
               "SELECT pin_set, pinned_at, patch_group, os, name, arch, version, node"
               " FROM patchbay_pin" SETS_OF
               " AND (pin_set > $5 OR (pin_set = $5 AND (name > $6 OR (name = $6 AND arch > $7))))"
               " ORDER BY pin_set, name, arch LIMIT $8",
               ARGS(V(op->account), V(op->region), V(snapshot), V(op->now - PINS_KEPT),
                    V(after->set), V(after->name), V(after->arch), V(limit))));
    *ret = items;
    return 0;
}

static const struct column drift_columns[] = {
    COL_I64(struct drift_row, pin_set),     COL_I64(struct drift_row, found_at),
    COL_STR(struct drift_row, patch_group), COL_STR(struct drift_row, os),
    COL_STR(struct drift_row, name),        COL_STR(struct drift_row, arch),
    COL_STR(struct drift_row, pinned),      COL_STR(struct drift_row, offered),
    COL_STR(struct drift_row, node),
};
static const struct mapping drift_mapping = MAPPING(struct drift_row, drift_columns);

int drift_list(struct op *op, struct str snapshot, const struct pin_position *after, int64_t limit,
               struct drift_row **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &drift_mapping, &items, ret_count,
               "SELECT pin_set, found_at, patch_group, os, name, arch, pinned, offered, node"
               " FROM patchbay_drift" SETS_OF
               " AND (pin_set > $5 OR (pin_set = $5 AND (node > $6 OR (node = $6"
               "  AND (name > $7 OR (name = $7 AND arch > $8))))))"
               " ORDER BY pin_set, node, name, arch LIMIT $9",
               ARGS(V(op->account), V(op->region), V(snapshot), V(op->now - PINS_KEPT),
                    V(after->set), V(after->node), V(after->name), V(after->arch), V(limit))));
    *ret = items;
    return 0;
}
