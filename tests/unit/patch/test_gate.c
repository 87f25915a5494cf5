/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/gate.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "patch/child.h"

#include "../test.h"

static void time_and_signals_stop_a_run(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct gate gate;

    assert_false(gate_is_stopping(NULL));
    gate_open(&gate, MSEC_HOUR, 0);
    assert_false(gate_is_stopping(&gate));
    gate_open(&gate, 0, 0);
    assert_true(gate_is_stopping(&gate));
    assert_true(str_starts(gate_reason(&a, &gate), S("the time limit of 0 minutes")));
    gate_open(&gate, MSEC_HOUR, 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_true(gate_is_stopping(&gate)); /* and it did not end us */
    assert_true(str_starts(gate_reason(&a, &gate), S("the run was told to stop")));
    arena_done(&a);
}

/* Runs a line that tells us to stop once it has said `says`, and then has more to do. */
static struct child_result told_to_stop(struct arena *a, const char *says, const char *more)
{
    char lock[] = "/tmp/test-gate-XXXXXX";
    int fd = mkstemp(lock), number;
    struct gate gate;
    struct child child = { .gate = &gate, .lock = lock, .begins = S("begun\n"), .log = -1 };
    struct child_result result;
    sigset_t term;

    assert_true(fd >= 0);
    gate_open(&gate, MSEC_HOUR, 0);
    child_arg(a, &child, "/bin/sh");
    child_arg(a, &child, "-c");
    child_arg(a, &child, arena_fmt(a, "echo %s; kill -TERM %d; %s", says, (int)getpid(), more).p);
    child_arg(a, &child, NULL);
    assert_int_equal(child_run(a, &child, &result), 0);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(sigwait(&term, &number), 0); /* which is not for the next one */
    close(fd);
    unlink(lock);
    return result;
}

static void what_has_a_lock_to_take_first_is_kept_from_it(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct child_result result = told_to_stop(&a, "fetching", "exec sleep 600");

    assert_true(str_starts(result.stopped, S("the run was told to stop")));
    assert_int_equal(result.status, 128 + SIGINT);
    arena_done(&a);
}

/* It holds the lock only while it changes the host: free again is not "not yet". */
static void what_has_begun_is_waited_for_whoever_has_the_lock(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct child_result result = told_to_stop(&a, "begun", "sleep 1; exit 3");

    assert_false(str_is_set(result.stopped));
    assert_int_equal(result.status, 3);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_a_lock_to_take_first_is_kept_from_it),
        cmocka_unit_test(what_has_begun_is_waited_for_whoever_has_the_lock),
        cmocka_unit_test(time_and_signals_stop_a_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
