/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zip.h"

#include "../test.h"

static const struct zip_limits limits = { 10, 1000 };

static void what_is_packed_is_unpacked(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct zip_file files[] = {
        { S_INIT("index.py"), S_INIT("print('hello')\n"), false },
        { S_INIT("lib/run"), S_INIT("#!/bin/sh\n"), true },
    };
    struct zip_file *back;
    size_t count;
    struct str archive, again, why;

    assert_int_equal(zip_pack(&a, files, 2, &archive), 0);
    assert_int_equal(zip_pack(&a, files, 2, &again), 0);
    assert_true(str_eq(archive, again));
    assert_int_equal(zip_unpack(&a, archive, &limits, &back, &count, &why), 0);
    assert_int_equal(count, 2);
    assert_str(back[0].name, "index.py");
    assert_str(back[0].bytes, "print('hello')\n");
    assert_false(back[0].is_executable);
    assert_true(back[1].is_executable);
    arena_done(&a);
}

static void what_would_leave_the_folder_or_burst_is_refused(void **state)
{
    (void)state;
    struct arena a = { 0 };
    static const char *const names[] = { "/etc/x", "../x", "a/../../x", "a//b", "a\\b" };
    struct zip_file *back;
    size_t count;
    struct str archive, why;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct zip_file file = { str_of(names[i]), S("x"), false };
        assert_int_equal(zip_pack(&a, &file, 1, &archive), 0);
        assert_int_equal(zip_unpack(&a, archive, &limits, &back, &count, &why), ZIP_MALFORMED);
    }
    struct zip_file large = { S("x"), { arena_alloc(&a, 2000), 2000 }, false };
    assert_int_equal(zip_pack(&a, &large, 1, &archive), 0);
    assert_int_equal(zip_unpack(&a, archive, &limits, &back, &count, &why), ZIP_MALFORMED);
    assert_str(why, "too large when unpacked");
    assert_int_equal(zip_unpack(&a, S("PK junk"), &limits, &back, &count, &why), ZIP_MALFORMED);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_is_unpacked),
        cmocka_unit_test(what_would_leave_the_folder_or_burst_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
