/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Targets to nodes. AWS: entries are ANDed, the values of one are ORed.
 */
#include <stdlib.h>

#include "svc/ssm/checks.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/command/runcommand.h"

#define CHUNK 1000

static bool is_instance_ids(struct str key)
{
    return str_ieq(key, S("InstanceIds"));
}

static bool is_all(const struct target *t)
{
    return t->values.count == 1 && str_eq(t->values.items[0], S("*"));
}

static int check_target(struct op *op, const struct target *t)
{
    if (t->values.count == 0)
        return op_invalid(op, "The target %.*s needs values.", STR(t->key));
    if (str_eq(t->key, S("resource-groups:Name")) && t->values.count != 1)
        return op_invalid(op, "resource-groups:Name takes one name.");
    if (str_eq(t->key, S("resource-groups:ResourceTypeFilters")) && t->values.count > 5)
        return op_invalid(op, "resource-groups:ResourceTypeFilters takes up to five types.");
    if (is_instance_ids(t->key)) {
        for (size_t i = 0; !is_all(t) && i < t->values.count; i++)
            if (!check_instance_id(t->values.items[i]))
                return op_invalid(op, "%.*s is not the id of an instance.",
                                  STR(t->values.items[i]));
        return 0;
    }
    if (str_eq(t->key, S("tag-key")) || (str_starts(t->key, S("tag:")) && t->key.len > 4) ||
        str_starts(t->key, S("resource-groups:")))
        return 0;
    return op_invalid(op, "The target key %.*s is not supported.", STR(t->key));
}

int runcommand_check_targets(struct op *op, const struct list *targets)
{
    bool has_group = str_is_set(runcommand_group(targets));

    for (size_t i = 0; i < targets->count; i++) {
        const struct target *t = LIST_ITEM(struct target, *targets, i);
        PASS(check_target(op, t));
        bool is_filter = str_eq(t->key, S("resource-groups:ResourceTypeFilters"));
        if (is_filter && !has_group)
            return op_invalid(op, "resource-groups:ResourceTypeFilters needs "
                                  "resource-groups:Name.");
        if (str_starts(t->key, S("resource-groups:")) && !is_filter &&
            !str_eq(t->key, S("resource-groups:Name")))
            return op_invalid(op, "The target key %.*s is not supported.", STR(t->key));
    }
    return 0;
}

struct str runcommand_group(const struct list *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        const struct target *t = LIST_ITEM(struct target, *targets, i);
        if (str_eq(t->key, S("resource-groups:Name")) && t->values.count == 1)
            return t->values.items[0];
    }
    return (struct str){ 0 };
}

struct strs runcommand_group_types(const struct list *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        const struct target *t = LIST_ITEM(struct target, *targets, i);
        if (str_eq(t->key, S("resource-groups:ResourceTypeFilters")))
            return t->values;
    }
    return (struct strs){ 0 };
}

/* --- sets of ids, sorted -------------------------------------------------- */

struct set {
    struct strs ids;
    size_t capacity;
};

static void add(struct op *op, struct set *s, struct str id)
{
    s->ids.items = ARENA_GROW(op->arena, s->ids.items, s->ids.count, &s->capacity);
    s->ids.items[s->ids.count++] = id;
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void sort(struct set *s)
{
    size_t n = 0;

    if (s->ids.count > 0)
        qsort(s->ids.items, s->ids.count, sizeof(struct str), compare);
    for (size_t i = 0; i < s->ids.count; i++)
        if (n == 0 || !str_eq(s->ids.items[i], s->ids.items[n - 1]))
            s->ids.items[n++] = s->ids.items[i];
    s->ids.count = n;
}

static struct strs intersect(struct strs a, struct strs b)
{
    size_t n = 0;

    for (size_t i = 0, k = 0; i < a.count && k < b.count;) {
        int order = str_cmp(a.items[i], b.items[k]);
        if (order == 0)
            a.items[n++] = a.items[i];
        i += order <= 0;
        k += order >= 0;
    }
    a.count = n;
    return a;
}

/* --- one entry ------------------------------------------------------------ */

static int add_tagged(struct op *op, struct str key, struct strs values, struct set *s)
{
    struct str type = S(NODE_TYPE), after = { 0 };
    struct tag_filter filter = { key, values };
    struct tagged *found;
    size_t count = CHUNK;

    while (count == CHUNK) {
        TRY(tags_find(op->db, op->arena, op->account, op->region, (struct strs){ &type, 1 },
                      &filter, 1, after, CHUNK, &found, &count));
        for (size_t i = 0; i < count; i++)
            add(op, s, str_from(found[i].arn, (size_t)str_rfind(found[i].arn, '/') + 1));
        if (count > 0)
            after = found[count - 1].arn;
    }
    return 0;
}

static int add_all(struct op *op, struct set *s)
{
    struct str after = { 0 };
    struct node *nodes;
    size_t count = CHUNK;

    while (count == CHUNK) {
        TRY(node_list(op, after, CHUNK, &nodes, &count));
        for (size_t i = 0; i < count; i++)
            add(op, s, nodes[i].id);
        if (count > 0)
            after = nodes[count - 1].id;
    }
    return 0;
}

static int add_named(struct op *op, struct strs ids, struct set *s)
{
    struct node n;

    for (size_t i = 0; i < ids.count; i++) {
        PASS(node_get(op, ids.items[i], &n));
        add(op, s, ids.items[i]);
    }
    return 0;
}

static int find(struct op *op, const struct target *t, struct strs group, struct set *s)
{
    if (str_starts(t->key, S("tag:")))
        return add_tagged(op, str_from(t->key, strlen("tag:")), t->values, s);
    if (is_instance_ids(t->key))
        return is_all(t) ? add_all(op, s) : add_named(op, t->values, s);
    if (str_eq(t->key, S("tag-key"))) {
        for (size_t i = 0; i < t->values.count; i++)
            TRY(add_tagged(op, t->values.items[i], (struct strs){ 0 }, s));
        return 0;
    }
    for (size_t i = 0; i < group.count; i++)
        add(op, s, group.items[i]);
    return 0;
}

int runcommand_find_nodes(struct op *op, const struct list *targets, struct strs group,
                          struct strs *ret)
{
    for (size_t i = 0; i < targets->count; i++) {
        struct set s = { 0 };
        PASS(find(op, LIST_ITEM(struct target, *targets, i), group, &s));
        sort(&s);
        *ret = i == 0 ? s.ids : intersect(*ret, s.ids);
    }
    return 0;
}
