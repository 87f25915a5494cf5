/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "../test.h"

static void count_one(struct str key, void *value, void *context)
{
    (void)key;
    (void)value;
    (*(int *)context)++;
}

static void remembers_and_forgets(void **state)
{
    (void)state;
    struct map m = { 0 };
    struct arena a = { 0 };
    static int marks[1000];
    int seen = 0;

    for (int i = 0; i < 1000; i++)
        assert_null(map_put(&m, arena_fmt(&a, "key-%d", i), &marks[i]));
    assert_ptr_equal(map_put(&m, S("key-7"), &marks[8]), &marks[7]);
    assert_ptr_equal(map_get(&m, S("key-7")), &marks[8]);
    for (int i = 0; i < 1000; i += 2)
        assert_non_null(map_remove(&m, arena_fmt(&a, "key-%d", i)));
    assert_null(map_get(&m, S("key-0")));
    assert_ptr_equal(map_get(&m, S("key-999")), &marks[999]);
    map_each(&m, count_one, &seen);
    assert_int_equal(seen, 500);
    map_done(&m);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(remembers_and_forgets) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
