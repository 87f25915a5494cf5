/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/decide.h"

#include "../test.h"

/* Missing, failed, waiting for a reboot, as the last run has left them. */
static const struct {
    enum decide_question question;
    bool is_install, no_reboot;
    size_t n_missing, n_failed, n_pending;
    int outcome;
    const char *why;
} cases[] = {
    { DECIDE_INSTALL, false, false, 3, 0, 0, DECIDE_SKIP, "it was a Scan: done" },
    { DECIDE_INSTALL, true, false, 0, 0, 0, DECIDE_SKIP,
      "nothing is missing and nothing waits for a reboot" },
    { DECIDE_INSTALL, true, true, 0, 0, 0, DECIDE_SKIP,
      "nothing is missing and nothing waits for a reboot" },
    { DECIDE_INSTALL, true, true, 0, 0, 2, DECIDE_SKIP,
      "nothing is missing; 2 waiting for a reboot, by NoReboot" },
    { DECIDE_INSTALL, true, false, 0, 0, 2, 0, "0 to install, 2 waiting for a reboot" },
    { DECIDE_INSTALL, true, false, 1, 0, 0, 0, "1 to install, 0 waiting for a reboot" },
    { DECIDE_INSTALL, true, true, 1, 0, 0, 0, "1 to install, 0 waiting for a reboot" },
    { DECIDE_INSTALL, true, true, 0, 1, 0, 0, "1 to install, 0 waiting for a reboot" },
    { DECIDE_REBOOT, true, true, 0, 0, 2, DECIDE_SKIP,
      "no reboot, by NoReboot; 2 waiting for one" },
    { DECIDE_REBOOT, true, false, 1, 1, 0, DECIDE_SKIP, "nothing waits for a reboot" },
    { DECIDE_REBOOT, true, false, 0, 0, 2, 0, "2 waiting for a reboot" },
};

static void what_is_next_is_what_the_last_run_has_found(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = { 0 };
        struct str why = { 0 };
        const struct decide_input in = { cases[i].question, cases[i].is_install, cases[i].no_reboot,
                                         S("c-1") };
        const struct state_last last = {
            S("c-1"), cases[i].question == DECIDE_INSTALL ? S("Scan") : S("Install"),
            cases[i].n_missing, cases[i].n_failed, cases[i].n_pending
        };
        assert_int_equal(decide(&a, &in, &last, &why), cases[i].outcome);
        assert_str(why, cases[i].why);
        arena_done(&a);
    }
}

static void another_command_s_run_decides_nothing(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str why;
    const struct decide_input in = { DECIDE_REBOOT, true, false, S("c-1") };
    const struct state_last others[] = {
        { .n_pending = 1 },
        { S("c-2"), S("Install"), 0, 0, 1 },
        { S("c-1"), S("Scan"), 0, 0, 1 },
        { S(""), S("Install"), 0, 0, 1 },
    };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(decide(&a, &in, &others[i], &why), DECIDE_UNKNOWN);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_next_is_what_the_last_run_has_found),
        cmocka_unit_test(another_command_s_run_decides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
