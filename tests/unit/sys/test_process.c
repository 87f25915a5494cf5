/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"
#include "sys/clock.h"
#include "sys/file.h"

static int shell(struct arena *a, const char *script, msec timeout, size_t limit,
                 struct process_output *ret)
{
    const char *const argv[] = { "sh", "-c", script, NULL };
    const struct process_config config = { .argv = argv };
    return process_run(&config, timeout, limit, a, ret, NULL);
}

/* Or a zombie that this machine's init has not come round to. For up to two seconds. */
static bool is_gone(pid_t pid)
{
    struct arena a = { 0 };
    struct str stat;
    bool gone = false;

    for (int i = 0; i < 2000 && !gone; i++) {
        gone = kill(pid, 0) != 0 ||
               file_read(&a, arena_fmt(&a, "/proc/%d/stat", pid).p, 4096, &stat) != 0 ||
               str_contains(stat, S(") Z "));
        usleep(1000);
    }
    arena_done(&a);
    return gone;
}

static void what_it_says_is_caught(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct process_output o;

    assert_int_equal(shell(&a, "echo out; echo err >&2; exit 3", 5000, 100, &o), 0);
    assert_true(o.status.is_exited);
    assert_int_equal(o.status.code, 3);
    assert_str(o.out, "out\n");
    assert_str(o.err, "err\n");
    assert_false(o.is_out_cut || o.is_err_cut || o.is_timed_out);

    assert_int_equal(shell(&a, "head -c 1000000 /dev/zero; echo ok >&2", 5000, 1000, &o), 0);
    assert_int_equal(o.out.len, 1000);
    assert_true(o.is_out_cut);
    assert_str(o.err, "ok\n");

    assert_int_equal(shell(&a, "kill -9 $$", 5000, 100, &o), 0);
    assert_false(o.status.is_exited);
    assert_int_equal(o.status.signal, SIGKILL);
    arena_done(&a);
}

static void time_ends_the_whole_group(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct process_output o;
    int64_t pid;
    msec before = clock_monotonic();

    assert_int_equal(shell(&a, "trap '' TERM; sleep 30 & echo $!; wait", 200, 100, &o), 0);
    assert_true(o.is_timed_out);
    assert_in_range(clock_monotonic() - before, 200, 8000);
    assert_true(str_to_int(str_trim(o.out), &pid));
    assert_true(is_gone((pid_t)pid));
    arena_done(&a);
}

static void a_daemon_left_behind_keeps_nobody_waiting(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct process_output o;
    int64_t pid;
    msec before = clock_monotonic();

    assert_int_equal(shell(&a, "sleep 20 & echo $!", 10000, 100, &o), 0);
    assert_in_range(clock_monotonic() - before, 0, 5000);
    assert_false(o.is_timed_out);
    assert_true(str_to_int(str_trim(o.out), &pid));
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
    arena_done(&a);
}

static void what_cannot_start_is_told(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct process p;
    struct str why;
    const char *none[] = { "no-such-program", NULL }, *sh[] = { "/bin/sh", NULL };
    struct process_config config = { .argv = none };

    assert_int_equal(process_start(&config, &a, &p, &why), PROCESS_NOT_STARTED);
    assert_str(why, "cannot run no-such-program: No such file or directory");
    config.argv = sh;
    config.cwd = "/no/such/folder";
    assert_int_equal(process_start(&config, &a, &p, &why), PROCESS_NOT_STARTED);
    arena_done(&a);
}

static void it_gets_what_is_given_and_no_more(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct process_output o;
    int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, on purpose */
    int kept[2];
    const char *argv[] = { "/bin/sh", "-c",
                           "echo $A-$HOME; pwd; ulimit -n; cat <&3; ls /proc/self/fd | wc -l",
                           NULL };
    const char *env[] = { "A=1", "PATH=/usr/bin:/bin", NULL };
    const struct process_limit limit = { RLIMIT_NOFILE, 64 };

    assert_int_equal(pipe(kept), 0);
    assert_int_equal(write(kept[1], "kept\n", 5), 5);
    close(kept[1]);
    struct process_config config = { .argv = argv,
                                     .env = env,
                                     .cwd = "/usr",
                                     .keep = &kept[0],
                                     .n_keep = 1,
                                     .limits = &limit,
                                     .n_limits = 1 };
    assert_int_equal(process_run(&config, 5000, 1000, &a, &o, NULL), 0);
    assert_str(o.err, "");
    assert_str(o.out, "1-\n/usr\n64\nkept\n5\n"); /* 0 to 3, and the folder ls reads */
    close(leak);
    close(kept[0]);
    arena_done(&a);
}

static void waiting_has_a_deadline(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct process p;
    struct process_status status;
    const char *argv[] = { "sleep", "30", NULL };
    const struct process_config config = { .argv = argv };

    assert_int_equal(process_start(&config, &a, &p, NULL), 0);
    assert_int_equal(process_wait(&p, 0, &status), PROCESS_RUNNING);
    assert_int_equal(process_wait(&p, clock_monotonic() + 50, &status), PROCESS_RUNNING);
    assert_int_equal(process_end(&p, 2000, &status), 0);
    assert_int_equal(status.signal, SIGTERM);
    assert_int_equal(p.pid, 0);
    arena_done(&a);
}

/* A program in the middle that starts one, tells its pid and waits to be killed. */
static void it_does_not_outlive_us(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const char *argv[] = { "sleep", "30", NULL };
    const struct process_config config = { .argv = argv };
    struct process p = { 0 };
    pid_t grandchild = 0;
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        if (process_start(&config, &a, &p, NULL) != 0 ||
            write(ends[1], &p.pid, sizeof(p.pid)) != sizeof(p.pid))
            _exit(1);
        pause();
    }
    assert_int_equal(read(ends[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(is_gone(grandchild));
    close(ends[0]);
    close(ends[1]);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_is_caught),
        cmocka_unit_test(time_ends_the_whole_group),
        cmocka_unit_test(a_daemon_left_behind_keeps_nobody_waiting),
        cmocka_unit_test(what_cannot_start_is_told),
        cmocka_unit_test(it_gets_what_is_given_and_no_more),
        cmocka_unit_test(waiting_has_a_deadline),
        cmocka_unit_test(it_does_not_outlive_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
