/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/listing.h"

int listing_start(struct op *op, const struct paging *in, struct str *ret_after)
{
    struct str after;

    PASS(page_open(op, in->next_token, &after));
    *ret_after = str_or_empty(after);
    return 0;
}

void listing_end(struct op *op, const struct paging *in, size_t item_size, size_t id_offset,
                 struct listing *out)
{
    if (out->items.count <= (size_t)in->max_results)
        return;
    out->items.count = (size_t)in->max_results;
    const char *last = (const char *)out->items.items + (out->items.count - 1) * item_size;
    out->next_token = page_token(op, *(const struct str *)(const void *)(last + id_offset));
}
