/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/file.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"

static struct arena arena;
static char dir[64];

static const char *at(const char *name)
{
    return arena_fmt(&arena, "%s/%s", dir, name).p;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/patchbay-file-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    int result = file_remove_tree(dir);
    arena_done(&arena);
    return result;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct str got;
    struct stat st;

    assert_int_equal(file_write(at("a"), S("one"), 0600), 0);
    assert_int_equal(file_write(at("a"), S("two\0three"), 0640), 0);
    assert_int_equal(file_read(&arena, at("a"), 100, &got), 0);
    assert_int_equal(got.len, 9);
    assert_int_equal(stat(at("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(file_read(&arena, at("a"), 9, &got), 0);
    assert_int_equal(file_read(&arena, at("a"), 8, &got), FILE_TOO_LARGE);
    assert_int_equal(file_read(&arena, at("none"), 8, &got), FILE_ABSENT);
    assert_int_equal(file_read(&arena, "/proc/self/status", 100000, &got), 0);
    assert_true(got.len > 100);
    assert_int_equal(file_read(&arena, "/proc/self/status", 10, &got), FILE_TOO_LARGE);
    assert_true(file_write(at("none/a"), S("x"), 0600) < 0);
    assert_int_equal(file_remove(at("a")), 0);
    assert_int_equal(file_remove(at("a")), 0);
    assert_false(file_exists(at("a")));
}

static void a_tree_goes_and_what_it_points_to_stays(void **state)
{
    (void)state;

    assert_int_equal(file_make_dirs(at("t/a//b/c/"), 0755), 0);
    assert_int_equal(file_make_dirs(at("t/a/b/c"), 0755), 0);
    assert_int_equal(file_make_dirs(at("kept"), 0755), 0);
    assert_int_equal(file_write(at("kept/file"), S("x"), 0600), 0);
    assert_int_equal(file_write(at("t/a/b/c/file"), S("x"), 0600), 0);
    assert_int_equal(symlink(at("kept"), at("t/a/link")), 0);
    assert_true(file_make_dirs(at("kept/file/x"), 0755) < 0);
    assert_int_equal(file_remove_tree(at("t")), 0);
    assert_false(file_exists(at("t")));
    assert_true(file_exists(at("kept/file")));
    assert_int_equal(file_remove_tree(at("t")), 0);
}

static void a_mount_left_behind_is_not_emptied(void **state)
{
    (void)state;
    int status;

    assert_int_equal(file_make_dirs(at("m/point"), 0755), 0);
    assert_int_equal(file_make_dirs(at("source"), 0755), 0);
    assert_int_equal(file_write(at("source/file"), S("x"), 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            _exit(77);
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
        if (mount(at("source"), at("m/point"), NULL, MS_BIND, NULL) != 0)
            _exit(78);
        _exit(file_remove_tree(at("m")) < 0 && file_exists(at("source/file")) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_lock_is_held_by_one(void **state)
{
    (void)state;
    int fd = -1, other = -1;

    assert_int_equal(file_lock(at("lock"), &fd), 0);
    assert_int_equal(file_lock(at("lock"), &other), FILE_LOCKED);
    file_unlock(fd);
    assert_int_equal(file_lock(at("lock"), &other), 0);
    file_unlock(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_tree_goes_and_what_it_points_to_stays),
        cmocka_unit_test(a_mount_left_behind_is_not_emptied),
        cmocka_unit_test(a_lock_is_held_by_one),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
