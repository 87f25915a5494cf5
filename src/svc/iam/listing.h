/* SPDX-License-Identifier: Apache-2.0 */
/* How all of IAM's lists are paged: Marker and MaxItems in, IsTruncated and Marker out. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

struct paging {
    struct str marker;
    int64_t max_items;
};

struct listing {
    struct list items;
    bool is_truncated;
    struct str marker;
};

struct name_listing {
    struct strs names;
    bool is_truncated;
    struct str marker;
};

/* clang-format off */
#define PAGING_FIELDS(T, m)                                                                        \
    STRING(T, m.marker, "Marker", OPTIONAL, LENGTH(1, 320)),                                       \
    INTEGER(T, m.max_items, "MaxItems", OPTIONAL, RANGE(1, 1000), DEFAULT(100))
#define LISTING_FIELDS(T)                                                                          \
    BOOLEAN(T, is_truncated, "IsTruncated", OPTIONAL),                                             \
    STRING(T, marker, "Marker", OPTIONAL)
/* clang-format on */

/* The position to go on after; absent for the first page. Outcome: OP_INVALID. */
MUST_CHECK int paging_start(struct op *op, const struct paging *in, struct str *ret_after);

/* For lists so short that they are read whole: the index to go on from. */
MUST_CHECK int paging_start_index(struct op *op, const struct paging *in, size_t *ret_index);

/* Of rows read with LIMIT max_items + 1: how many belong to this page. */
size_t paging_cut(const struct paging *in, size_t count);

/* Of a list read whole: this page's share of items from `index` on, and what follows. */
void listing_slice(struct op *op, const struct paging *in, size_t index, size_t item_size,
                   struct listing *out);
