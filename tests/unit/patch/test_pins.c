/* SPDX-License-Identifier: Apache-2.0 */
/* A plan held to the versions that the plane answers with. */
#include "patch/pins.h"

#include "base/json.h"

#include "../test.h"

static struct change change(const char *name, const char *from, const char *to)
{
    return (struct change){
        .name = str_of(name), .arch = S("amd64"), .from = str_of(from), .to = str_of(to)
    };
}

static bool take(struct arena *a, const char *answer, struct pins *pins, struct change *changes,
                 size_t n)
{
    struct value *doc = NULL;

    pins->differences = arena_array(a, struct pin_difference, n);
    assert_int_equal(json_parse(a, str_of(answer), &doc, NULL), 0);
    return pins_take(a, pins, doc, changes, n);
}

static void what_is_pinned_counts(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct pins pins = { 0 };
    struct change changes[] = { change("one", "1", "2"), change("two", "1", "1:3~rc1-2") };

    assert_true(take(&a,
                     "{\"Packages\":[{\"Name\":\"one\",\"Architecture\":\"amd64\","
                     "\"Version\":\"2\",\"InstanceId\":\"mi-1\"},{\"Name\":\"two\","
                     "\"Architecture\":\"amd64\",\"Version\":\"1:2\",\"InstanceId\":\"mi-1\"}]}",
                     &pins, changes, 2));
    assert_str(changes[0].to, "2");
    assert_str(changes[1].to, "1:2");
    assert_int_equal(pins.n_differences, 1);
    assert_str(pins.differences[0].offered, "1:3~rc1-2");

    changes[1].failure = S("Version '1:2' for 'two' was not found");
    changes[0].failure = S("other");
    pins_explain(&a, &pins, changes, 2);
    assert_str(changes[0].failure, "other");
    assert_str(changes[1].failure, "drift: pinned 1:2 by mi-1, the mirror has 1:3~rc1-2: "
                                   "Version '1:2' for 'two' was not found");
    arena_done(&a);
}

static void an_answer_to_something_else_is_not_taken(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "{}",
        "{\"Packages\":[]}",
        "{\"Packages\":[7]}",
        "{\"Packages\":[{\"Name\":\"two\",\"Architecture\":\"amd64\",\"Version\":\"2\"}]}",
        "{\"Packages\":[{\"Name\":\"one\",\"Architecture\":\"i386\",\"Version\":\"2\"}]}",
        "{\"Packages\":[{\"Name\":\"one\",\"Architecture\":\"amd64\"}]}",
        "{\"Packages\":[{\"Name\":\"one\",\"Architecture\":\"amd64\",\"Version\":\"-2\"}]}",
        "{\"Packages\":[{\"Name\":\"one\",\"Architecture\":\"amd64\",\"Version\":\"2 x-\"}]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct arena a = { 0 };
        struct pins pins = { 0 };
        struct change one = change("one", "1", "2");

        assert_false(take(&a, answers[i], &pins, &one, 1));
        assert_str(one.to, "2");
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_pinned_counts),
        cmocka_unit_test(an_answer_to_something_else_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
