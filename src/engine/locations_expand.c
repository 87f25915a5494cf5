/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "engine/locations.h"

#define MAX_ACCOUNTS 50 /* named in one location, and as many Regions */
#define MAX_EXCLUDE  5000

/* ---- ids ---- */

static bool is_account(struct str id)
{
    return id.len == 12 && str_is_digits(id);
}

bool location_is_unit(struct str id)
{
    bool is_root = str_starts(id, S("r-"));

    return (is_root || str_starts(id, S("ou-"))) && id.len >= 6 && id.len <= 68 &&
           str_is_word(id, "-");
}

static bool is_region(struct str id)
{
    return id.len >= 3 && id.len <= 50 && str_is_word(id, "-");
}

static int refuse(struct arena *a, struct str *ret_why, const char *why, struct str id)
{
    *ret_why = arena_fmt(a, "TargetLocations: \"%.*s\" %s.", STR(str_slice(id, 0, 80)), why);
    return LOCATIONS_INVALID;
}

static int check_accounts(struct arena *a, struct strs ids, struct str *ret_why)
{
    for (size_t i = 0; i < ids.count; i++)
        if (!is_account(ids.items[i]) && !location_is_unit(ids.items[i]))
            return refuse(a, ret_why, "is neither an account id nor the id of a unit",
                          ids.items[i]);
    return 0;
}

static int check_location(struct arena *a, const struct location *l, struct str *ret_why)
{
    if (l->accounts.count < 1 || l->accounts.count > MAX_ACCOUNTS || l->regions.count < 1 ||
        l->regions.count > MAX_ACCOUNTS || l->exclude.count > MAX_EXCLUDE) {
        *ret_why = S("A target location must have 1 to 50 accounts and 1 to 50 Regions.");
        return LOCATIONS_INVALID;
    }
    PASS(check_accounts(a, l->accounts, ret_why));
    PASS(check_accounts(a, l->exclude, ret_why));
    for (size_t i = 0; i < l->regions.count; i++)
        if (!is_region(l->regions.items[i]))
            return refuse(a, ret_why, "is not a Region", l->regions.items[i]);
    return 0;
}

int locations_check(struct arena *a, const struct location *list, size_t count, struct str *ret_why)
{
    if (count < 1 || count > LOCATIONS_MAX) {
        *ret_why = S("There must be 1 to 100 target locations.");
        return LOCATIONS_INVALID;
    }
    for (size_t i = 0; i < count; i++)
        PASS(check_location(a, &list[i], ret_why));
    return 0;
}

/* ---- accounts of a location ---- */

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void sort(struct strs list)
{
    if (list.count > 1)
        qsort(list.items, list.count, sizeof(*list.items), by_text);
}

static bool sorted_have(struct strs list, struct str s)
{
    return list.count > 0 &&
           bsearch(&s, list.items, list.count, sizeof(*list.items), by_text) != NULL;
}

static struct strs members_of(struct arena *a, const struct location *l, struct str unit)
{
    for (size_t i = 0; i < l->n_units; i++)
        if (str_eq(l->units[i].id, unit)) {
            struct strs from = l->units[i].accounts, list = { 0 };
            list.items = arena_array(a, struct str, from.count);
            for (size_t n = 0; n < from.count; n++)
                list.items[list.count++] = from.items[n];
            sort(list);
            return list;
        }
    return (struct strs){ 0 };
}

/* Ids with units replaced by their members; accounts may come again. */
static struct strs accounts_of(struct arena *a, const struct location *l, struct strs ids)
{
    struct strs all = { 0 };
    size_t capacity = 0;

    for (size_t i = 0; i < ids.count; i++) {
        struct strs one = { &ids.items[i], 1 };
        struct strs list = location_is_unit(ids.items[i]) ? members_of(a, l, ids.items[i]) : one;
        for (size_t n = 0; n < list.count; n++) {
            all.items = ARENA_GROW(a, all.items, all.count, &capacity);
            all.items[all.count++] = list.items[n];
        }
    }
    return all;
}

/* ---- pairs ---- */

struct candidate {
    struct pair pair;
    uint32_t order;
    bool is_again;
};

struct candidates {
    struct candidate *items;
    size_t count, capacity;
};

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int by_pair(const void *one, const void *other)
{
    const struct candidate *a = one, *b = other;
    int result = str_cmp(a->pair.account, b->pair.account);

    if (result == 0)
        result = str_cmp(a->pair.region, b->pair.region);
    return result ? result : compare_u32(a->order, b->order);
}

static int by_order(const void *one, const void *other)
{
    return compare_u32(((const struct candidate *)one)->order,
                       ((const struct candidate *)other)->order);
}

static bool is_same(const struct candidate *a, const struct candidate *b)
{
    return str_eq(a->pair.account, b->pair.account) && str_eq(a->pair.region, b->pair.region);
}

static void mark_repeated(struct candidates *all)
{
    if (all->count < 2)
        return;
    qsort(all->items, all->count, sizeof(*all->items), by_pair);
    for (size_t i = 1; i < all->count; i++)
        all->items[i].is_again = is_same(&all->items[i - 1], &all->items[i]);
    qsort(all->items, all->count, sizeof(*all->items), by_order);
}

static int add_location(struct arena *a, const struct location *l, uint32_t location,
                        struct candidates *all, struct str *ret_why)
{
    struct strs accounts = accounts_of(a, l, l->accounts), exclude = accounts_of(a, l, l->exclude);

    sort(exclude);
    if (all->count + accounts.count * l->regions.count > LOCATIONS_MAX_PAIRS) {
        *ret_why = arena_fmt(a,
                             "The target locations have more than %d pairs of account and "
                             "Region.",
                             LOCATIONS_MAX_PAIRS);
        return LOCATIONS_INVALID;
    }
    for (size_t i = 0; i < accounts.count; i++) {
        if (sorted_have(exclude, accounts.items[i]))
            continue;
        for (size_t r = 0; r < l->regions.count; r++) {
            all->items = ARENA_GROW(a, all->items, all->count, &all->capacity);
            all->items[all->count] = (struct candidate){
                .pair = { accounts.items[i], l->regions.items[r], location },
                .order = (uint32_t)all->count,
            };
            all->count++;
        }
    }
    return 0;
}

int locations_expand(struct arena *a, const struct location *list, size_t count, struct pairs *ret,
                     struct str *ret_why)
{
    struct candidates all = { 0 };
    struct pairs pairs = { 0 };

    for (size_t i = 0; i < count; i++)
        PASS(add_location(a, &list[i], (uint32_t)i, &all, ret_why));
    mark_repeated(&all);
    pairs.items = arena_array(a, struct pair, all.count);
    for (size_t i = 0; i < all.count; i++)
        if (!all.items[i].is_again)
            pairs.items[pairs.count++] = all.items[i].pair;
    *ret = pairs;
    return 0;
}

struct str pair_step_name(struct arena *a, const struct pair *p)
{
    struct str name = arena_fmt(a, "%.*s_%.*s", STR(p->account), STR(p->region));
    char *text = arena_copy(a, name.p, name.len + 1);

    for (size_t i = 0; i < name.len; i++)
        if (text[i] == '-')
            text[i] = '_';
    return (struct str){ text, name.len };
}
