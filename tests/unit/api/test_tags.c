/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tags.h"

#include "world.h"

static const struct tagged node = {
    S_INIT("arn:aws:ssm:us-east-1:111122223333:managed-instance/mi-1"),
    S_INIT("111122223333"),
    S_INIT("us-east-1"),
    S_INIT("AWS::SSM::ManagedInstance"),
};

/* A transaction that is undone where tags_put() refuses, as the writer does. */
struct put {
    const struct tagged *resource;
    const struct tag *tags;
    size_t count;
    bool is_client;
};

static int run_put(struct op *op, void *context)
{
    const struct put *p = context;
    op->is_internal = !p->is_client;
    return tags_put(op, p->resource, p->tags, p->count);
}

static int put(struct world *w, const struct tag *tags, size_t count)
{
    return plane_write(&w->plane, run_put, &(struct put){ &node, tags, count, true });
}

static size_t count_tags(struct world *w)
{
    struct tag *tags;
    size_t n;
    assert_int_equal(tags_of(w->reader, &w->arena, node.arn, &tags, &n), 0);
    return n;
}

static void tags_are_added_and_overwritten(void **state)
{
    (void)state;
    struct world w;
    struct tag *tags;
    size_t n;

    world_init(&w, NULL);
    assert_int_equal(put(&w, (struct tag[]){ { S("b"), S("1") }, { S("a"), S("") } }, 2), 0);
    assert_int_equal(put(&w, (struct tag[]){ { S("b"), S("2") }, { S("B"), S("3") } }, 2), 0);
    assert_int_equal(tags_of(w.reader, &w.arena, node.arn, &tags, &n), 0);
    assert_int_equal(n, 3);
    assert_str(tags[0].key, "B");
    assert_str(tags[1].key, "a");
    assert_str(tags[2].key, "b");
    assert_str(tags[2].value, "2");
    world_done(&w);
}

static void a_resource_has_at_most_fifty(void **state)
{
    (void)state;
    struct world w;
    struct tag tags[TAGS_MAX + 1];

    world_init(&w, NULL);
    for (int i = 0; i <= TAGS_MAX; i++)
        tags[i] = (struct tag){ arena_fmt(&w.arena, "k%d", i), S("v") };
    assert_int_equal(put(&w, tags, TAGS_MAX + 1), OP_INVALID);
    assert_int_equal(count_tags(&w), 0); /* none of them */
    assert_int_equal(put(&w, tags, TAGS_MAX), 0);
    assert_int_equal(put(&w, tags, TAGS_MAX), 0); /* the same again are no more */
    assert_int_equal(put(&w, &tags[TAGS_MAX], 1), OP_INVALID);
    assert_int_equal(count_tags(&w), TAGS_MAX);
    world_done(&w);
}

static void bounds_count_characters(void **state)
{
    (void)state;
    struct world w;
    char long_key[129 * 2 + 1], long_value[257];

    world_init(&w, NULL);
    for (size_t i = 0; i < 129; i++)
        memcpy(&long_key[2 * i], "\xc3\xa9", 2);
    memset(long_value, 'v', sizeof(long_value));
    struct str key = { long_key, 128 * 2 }, value = { long_value, 256 };
    assert_int_equal(put(&w, &(struct tag){ key, value }, 1), 0);
    key.len = 129 * 2;
    assert_int_equal(put(&w, &(struct tag){ key, S("") }, 1), OP_INVALID);
    value.len = 257;
    assert_int_equal(put(&w, &(struct tag){ S("k"), value }, 1), OP_INVALID);
    assert_int_equal(put(&w, &(struct tag){ S(""), S("v") }, 1), OP_INVALID);
    assert_int_equal(put(&w, &(struct tag){ S("aws:x"), S("v") }, 1), OP_INVALID);
    assert_int_equal(put(&w, &(struct tag){ S("aws:cloudformation:x"), S("v") }, 1), OP_INVALID);
    assert_int_equal(count_tags(&w), 1);
    world_done(&w);
}

static void groups_find_by_every_filter(void **state)
{
    (void)state;
    struct world w;
    struct tagged other = node, *found;
    size_t n;

    world_init(&w, NULL);
    other.arn = S("arn:aws:ssm:us-east-1:111122223333:managed-instance/mi-2");
    const struct tag red[] = { { S("color"), S("red") }, { S("fleet"), S("yes") } };
    assert_int_equal(put(&w, red, 2), 0);
    assert_int_equal(plane_write(&w.plane, run_put, &(struct put){ &other, &red[1], 1, true }), 0);

    const struct tag_filter both[] = {
        { S("fleet"), { (struct str[]){ S("no"), S("yes") }, 2 } },
        { S("color"), { NULL, 0 } },
    };
    struct strs any = { 0 };
    assert_int_equal(tags_find(w.reader, &w.arena, node.account, node.region, any, both, 2, S(""),
                               10, &found, &n),
                     0);
    assert_int_equal(n, 1);
    assert_true(str_eq(found[0].arn, node.arn));
    assert_int_equal(tags_find(w.reader, &w.arena, node.account, node.region, any, both, 1,
                               node.arn, 10, &found, &n),
                     0);
    assert_int_equal(n, 1); /* after the first */
    assert_true(str_eq(found[0].arn, other.arn));
    assert_int_equal(tags_find(w.reader, &w.arena, node.account, S("eu-west-1"), any, both, 1,
                               S(""), 10, &found, &n),
                     0);
    assert_int_equal(n, 0);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_added_and_overwritten),
        cmocka_unit_test(a_resource_has_at_most_fifty),
        cmocka_unit_test(bounds_count_characters),
        cmocka_unit_test(groups_find_by_every_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
