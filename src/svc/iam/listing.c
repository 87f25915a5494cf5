/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/listing.h"

int paging_start(struct op *op, const struct paging *in, struct str *ret_after)
{
    PASS(page_open(op, in->marker, ret_after));
    return 0;
}

int paging_start_index(struct op *op, const struct paging *in, size_t *ret_index)
{
    struct str after;
    int64_t index = 0;

    PASS(page_open(op, in->marker, &after));
    if (str_is_set(after) && (!str_to_int(after, &index) || index < 0))
        return op_invalid(op, "Invalid Marker.");
    *ret_index = (size_t)index;
    return 0;
}

size_t paging_cut(const struct paging *in, size_t count)
{
    return count > (size_t)in->max_items ? (size_t)in->max_items : count;
}

void listing_slice(struct op *op, const struct paging *in, size_t index, size_t item_size,
                   struct listing *out)
{
    size_t left = index < out->items.count ? out->items.count - index : 0;
    size_t count = paging_cut(in, left);

    if (left == 0)
        index = 0;
    out->items.items = (char *)out->items.items + index * item_size;
    out->items.count = count;
    out->is_truncated = left > count;
    if (out->is_truncated)
        out->marker = page_token(op, arena_fmt(op->arena, "%zu", index + count));
}
