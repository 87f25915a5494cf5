/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold when the disk is full and when the process dies. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "scratch.h"

static int add_big(struct db *db, int i)
{
    static char bytes[20000];
    struct arena a = { 0 };
    struct str data = { bytes, sizeof(bytes) };
    int result = db_exec(db, NULL, "INSERT INTO item (name, size, data) VALUES ($1, $2, $3)",
                         ARGS(V(arena_fmt(&a, "%06d", i)), V(i), B(data)));
    arena_done(&a);
    return result;
}

static void set_page_limit(struct db *db, int64_t pages)
{
    int64_t got;
    struct arena a = { 0 };
    struct str sql = arena_fmt(&a, "PRAGMA max_page_count = %lld", (long long)pages);

    assert_int_equal(db_int(db, &got, sql.p, NO_ARGS), 0);
    arena_done(&a);
}

static void a_full_disk_changes_nothing_and_heals(void **state)
{
    (void)state;
    struct scratch s;
    int i = 0, result = 0;

    scratch_init(&s);
    assert_int_equal(add_item(s.db, S("before")), 0);
    set_page_limit(s.db, 100);

    assert_int_equal(db_begin(s.db, true), 0);
    while (result == 0 && i < 1000)
        result = add_big(s.db, i++);
    assert_int_equal(result, DB_FULL);
    (void)!db_commit(s.db);
    int64_t kept = count_items(s.db);
    assert_true(kept == 1 || kept == i); /* all of the group or none of it */

    set_page_limit(s.db, 100000);
    assert_int_equal(db_begin(s.db, true), 0);
    assert_int_equal(add_big(s.db, 5000), 0);
    assert_int_equal(db_commit(s.db), 0);
    assert_int_equal(count_items(s.db), kept + 1);
    scratch_done(&s);
}

static void one_handler_meets_the_full_disk_in_a_group(void **state)
{
    (void)state;
    struct scratch s;
    int result = 0;

    scratch_init(&s);
    set_page_limit(s.db, 60);
    assert_int_equal(db_begin(s.db, true), 0);
    assert_int_equal(db_savepoint(s.db), 0);
    assert_int_equal(add_item(s.db, S("first")), 0);
    assert_int_equal(db_release(s.db), 0);
    assert_int_equal(db_savepoint(s.db), 0);
    for (int i = 0; result == 0 && i < 1000; i++)
        result = add_big(s.db, i);
    assert_int_equal(result, DB_FULL);
    assert_int_equal(db_undo(s.db), 0);
    result = db_commit(s.db);
    assert_int_equal(count_items(s.db), result == 0 ? 1 : 0);
    assert_true(result == 0 || result == DB_FULL);
    scratch_done(&s);
}

/* The real thing, on a file system of one megabyte in a namespace of its own. */
static int on_a_small_disk(const char *dir)
{
    struct db *db;
    char path[96];
    int result = 0, committed = 0;
    int64_t n = 0;

    if (mount("patchbay-test", dir, "tmpfs", 0, "size=1m") != 0)
        return 77;
    snprintf(path, sizeof(path), "%s/db", dir);
    if (db_open_sqlite(path, true, &db) != 0 ||
        db_exec(db, NULL, "CREATE TABLE item (name TEXT PRIMARY KEY, size INT, data BLOB)",
                NO_ARGS) != 0)
        return 1;
    for (int i = 0; i < 1000 && result == 0; i++) {
        if (db_begin(db, true) != 0)
            return 2;
        result = add_big(db, i);
        if (result == 0)
            result = db_commit(db);
        db_rollback(db);
        committed += result == 0;
    }
    if (result != DB_FULL || db_int(db, &n, "SELECT COUNT(*) FROM item", NO_ARGS) != 0 ||
        n != committed || n == 0)
        return 3;
    if (mount("patchbay-test", dir, "tmpfs", MS_REMOUNT, "size=8m") != 0)
        return 4;
    if (db_begin(db, true) != 0 || add_big(db, 5000) != 0 || db_commit(db) != 0)
        return 5;
    if (db_int(db, &n, "SELECT COUNT(*) FROM item", NO_ARGS) != 0 || n != committed + 1)
        return 6;
    db_close(db);
    return 0;
}

/* Root's mount namespace, or else one under a user namespace of our own. */
static bool may_mount(void)
{
    char map[64];
    int len = snprintf(map, sizeof(map), "0 %u 1", (unsigned)getuid());

    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return false;
        int fd = open("/proc/self/uid_map", O_WRONLY);
        if (fd < 0 || write(fd, map, (size_t)len) != len)
            return false;
        close(fd);
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void a_really_full_disk_heals_too(void **state)
{
    (void)state;
    char dir[] = "/tmp/patchbay-small-XXXXXX";
    int status;

    assert_non_null(mkdtemp(dir));
    pid_t pid = fork();
    if (pid == 0)
        _exit(may_mount() ? on_a_small_disk(dir) : 77);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    rmdir(dir);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        fail_msg("this machine allows no mount in a namespace");
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Commits groups until it is killed, telling each number it has committed. */
static void commit_forever(const char *path, int told)
{
    struct db *db;

    if (db_open_sqlite(path, true, &db) != 0)
        _exit(1);
    for (int i = 0;; i += 2) {
        if (db_begin(db, true) != 0 || add_big(db, i) != 0 || add_big(db, i + 1) != 0 ||
            db_commit(db) != 0 || write(told, &i, sizeof(i)) != sizeof(i))
            _exit(2);
    }
}

static int kill_a_writer(const char *path, useconds_t after)
{
    int ends[2], last = -2, i;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        commit_forever(path, ends[1]);
    }
    close(ends[1]);
    usleep(after);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (read(ends[0], &i, sizeof(i)) == sizeof(i))
        last = i;
    close(ends[0]);
    return last;
}

static void death_at_any_moment_loses_nothing_committed(void **state)
{
    (void)state;

    for (useconds_t after = 3000; after < 60000; after += 9500) {
        struct scratch s;
        struct str check;

        scratch_init(&s);
        db_close(s.db);
        int last = kill_a_writer(s.path, after);
        assert_int_equal(db_open_sqlite(s.path, true, &s.db), 0);
        int64_t n = count_items(s.db);
        /* all that was told, whole groups, and at most one that was not told */
        assert_true(n == last + 2 || n == last + 4);
        assert_int_equal(db_str(s.db, &s.arena, &check, "PRAGMA integrity_check", NO_ARGS), 0);
        assert_str(check, "ok");
        scratch_done(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_changes_nothing_and_heals),
        cmocka_unit_test(one_handler_meets_the_full_disk_in_a_group),
        cmocka_unit_test(a_really_full_disk_heals_too),
        cmocka_unit_test(death_at_any_moment_loses_nothing_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
