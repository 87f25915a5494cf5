/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/authorize.h"

#include "api/service.h"
#include "api/tags.h"

static void add(struct op_key *keys, size_t *count, struct str name, struct strs values)
{
    keys[(*count)++] = (struct op_key){ name, values };
}

static struct strs one(struct op *op, struct str s)
{
    struct str *item = arena_new(op->arena, struct str);

    *item = s;
    return (struct strs){ item, 1 };
}

static void add_tags(struct op *op, const struct list *tags, struct op_key *keys, size_t *count)
{
    struct strs names = { arena_array(op->arena, struct str, tags->count), tags->count };

    for (size_t i = 0; i < tags->count; i++) {
        const struct tag *tag = LIST_ITEM(struct tag, *tags, i);
        names.items[i] = tag->key;
        add(keys, count, arena_fmt(op->arena, "aws:RequestTag/%.*s", STR(tag->key)),
            one(op, tag->value));
    }
    if (tags->count > 0)
        add(keys, count, S("aws:TagKeys"), names);
}

int authorize_with(struct op *op, struct str arn, const struct iam_keys *with)
{
    size_t n_tags = with->request_tags ? with->request_tags->count : 0;
    struct op_key *keys = arena_array(op->arena, struct op_key, n_tags + 4);
    size_t count = 0;

    if (str_is_set(with->policy_arn))
        add(keys, &count, S("iam:PolicyARN"), one(op, with->policy_arn));
    if (str_is_set(with->boundary))
        add(keys, &count, S("iam:PermissionsBoundary"), one(op, with->boundary));
    if (n_tags > 0)
        add_tags(op, with->request_tags, keys, &count);
    if (with->tag_keys)
        add(keys, &count, S("aws:TagKeys"), *with->tag_keys);

    struct auth auth = {
        .action = arena_fmt(op->arena, "iam:%s", op->operation->name),
        .resource = arn,
        .tags_of = arn,
        .keys = keys,
        .n_keys = count,
    };
    PASS(op_authorize(op, &auth));
    return 0;
}
