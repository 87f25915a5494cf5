/* SPDX-License-Identifier: Apache-2.0 */
/* How all of Organizations' lists are paged, and what rows of theirs have in common. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

struct paging {
    struct str next_token;
    int64_t max_results;
};

struct listing {
    struct list items;
    struct str next_token;
};

/* clang-format off */
#define PAGING_FIELDS(T, m)                                                                        \
    STRING(T, m.next_token, "NextToken", OPTIONAL, LENGTH(0, 100000)),                             \
    INTEGER(T, m.max_results, "MaxResults", OPTIONAL, RANGE(1, 20), DEFAULT(20))
/* clang-format on */

/* The id to go on after, "" at the start. Outcome: OP_INVALID. */
MUST_CHECK int listing_start(struct op *op, const struct paging *in, struct str *ret_after);

/* Of rows read with LIMIT max_results + 1: keeps this page's and says what follows. The
 * id of a row is the struct str at `id_offset` in it. */
void listing_end(struct op *op, const struct paging *in, size_t item_size, size_t id_offset,
                 struct listing *out);
