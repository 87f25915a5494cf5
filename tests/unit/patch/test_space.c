/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/space.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys/file.h"

#include "../test.h"

#define TOO_MUCH ((int64_t)1 << 60)

static void what_does_not_fit_is_said_with_place_and_sizes(void **state)
{
    (void)state;
    const struct host host = { .root = S("/") };
    struct arena a = { 0 };
    struct str why;
    struct provider_space need = { .archive_dir = "/tmp", .archives = 1, .growth = -TOO_MUCH };

    assert_int_equal(space_check(&a, &host, &need, &why), 0);
    need.archives = TOO_MUCH;
    assert_int_equal(space_check(&a, &host, &need, &why), SPACE_LACKING);
    assert_true(str_starts(why, S("not enough space on the disk of /tmp: ")));
    assert_true(str_ends(why, S(" MiB are free, 1099511627777 MiB are needed")));
    need = (struct provider_space){ .archive_dir = "/tmp", .growth = TOO_MUCH };
    assert_int_equal(space_check(&a, &host, &need, &why), SPACE_LACKING);
    assert_true(str_starts(why, S("not enough space on the disk of /usr: ")));
    need = (struct provider_space){ .archive_dir = "/nonexistent", .archives = TOO_MUCH };
    assert_int_equal(space_check(&a, &host, &need, &why), 0);
    arena_done(&a);
}

static void places_on_one_disk_share_its_space(void **state)
{
    (void)state;
    char dir[] = "/tmp/patch-space-XXXXXX";
    struct arena a = { 0 };
    struct str why;

    assert_non_null(mkdtemp(dir));
    const struct host host = { .root = str_of(dir) };
    assert_int_equal(file_make_dirs(host_path(&a, &host, "/usr"), 0755), 0);
    assert_int_equal(file_make_dirs(host_path(&a, &host, "/boot"), 0755), 0);
    assert_int_equal(file_make_dirs(host_path(&a, &host, "/cache"), 0755), 0);
    assert_int_equal(file_write(host_path(&a, &host, "/boot/vmlinuz-6.1"), S("x"), 0644), 0);
    assert_int_equal(truncate(host_path(&a, &host, "/boot/vmlinuz-6.1"), TOO_MUCH >> 20), 0);

    struct provider_space need = { .archive_dir = "/cache", .largest = 1, .n_kernels = 1u << 20 };
    assert_int_equal(space_check(&a, &host, &need, &why), SPACE_LACKING); /* for /boot's sake */
    need.n_kernels = 0;
    assert_int_equal(space_check(&a, &host, &need, &why), 0);
    assert_int_equal(file_remove_tree(dir), 0);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_said_with_place_and_sizes),
        cmocka_unit_test(places_on_one_disk_share_its_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
