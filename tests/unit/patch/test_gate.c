/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/gate.h"

#include <signal.h>
#include <unistd.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_and_signals_stop_a_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
