/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "agent/run.h"
#include "base/buf.h"

/* A step: exit code of each attempt, or one of these. */
enum { TIMES_OUT = -1, IS_CANCELLED = -2, BREAKS = -3 };

struct script {
    int codes[17];
    enum step_on_failure on_failure;
    bool exit_on_success, is_finally;
    enum step_verdict verdict;
};

static struct step_result result_of(int code)
{
    struct step_result r = { .code = code, .out = S("o\n"), .err = S("") };

    if (code == TIMES_OUT)
        r = (struct step_result){ .code = 137, .timed_out = true, .out = S("o\n"), .err = S("") };
    if (code == IS_CANCELLED)
        r = (struct step_result){ .code = 137, .killed = true, .out = S("o\n"), .err = S("") };
    if (code == BREAKS)
        r = (struct step_result){ .problem = S("it broke"), .out = S(""), .err = S("") };
    return r;
}

/* Plays the steps to the end: "Success/0 Skipped/0 -> Success". */
static struct str play(struct arena *a, const struct script *scripts, size_t count)
{
    struct document d = { .steps = arena_array(a, struct document_step, count), .count = count };
    struct run run;
    int64_t boot = 1;
    size_t step;

    for (size_t i = 0; i < count; i++)
        d.steps[i] = (struct document_step){ .id = arena_fmt(a, "s%zu", i),
                                             .name = S("n"),
                                             .action = S("aws:runShellScript"),
                                             .verdict = scripts[i].verdict,
                                             .reason = S("because"),
                                             .on_failure = scripts[i].on_failure,
                                             .exit_on_success = scripts[i].exit_on_success,
                                             .is_finally = scripts[i].is_finally };
    run_init(a, &run, &d);

    for (;;) {
        enum run_action action = run_next(a, &run, 1000, &step);
        if (action == RUN_FINISH)
            break;
        if (action == RUN_START) {
            int64_t attempt = run.steps[step].attempts;
            struct step_result r = result_of(scripts[step].codes[attempt]);
            run_started(&run, step, arena_fmt(a, "boot-%lld", (long long)boot), 1000);
            run_ended(a, &run, step, &r, 2000);
            if (r.killed)
                run_cancel(&run);
        } else if (action == RUN_REBOOT) {
            assert_int_equal(run_status(&run), STEP_SUCCESS_AND_REBOOT);
            boot++;
            run_rebooted(a, &run, step, 3000);
        } else {
            assert_int_equal(action, RUN_REPORT);
        }
    }

    struct buf b = buf_in(a);
    for (size_t i = 0; i < count; i++)
        buf_fmt(&b, "%s/%lld ", run_status_name(run.steps[i].status), (long long)run.steps[i].code);
    buf_fmt(&b, "-> %s", run_status_name(run_status(&run)));
    return buf_str(&b);
}

static const struct {
    struct script scripts[4];
    size_t count;
    const char *outcome;
} cases[] = {
    { { { { 0 } } }, 1, "Success/0 -> Success" },
    { { { { 7 } } }, 1, "Failed/7 -> Failed" },
    { { { { BREAKS } } }, 1, "Failed/1 -> Failed" },
    { { { { TIMES_OUT } } }, 1, "TimedOut/137 -> TimedOut" },
    { { { { IS_CANCELLED } }, { { 0 } } }, 2, "Cancelled/137 Cancelled/1 -> Cancelled" },
    /* A failing step does not stop later ones. */
    { { { { 1 } }, { { 0 } } }, 2, "Failed/1 Success/0 -> Failed" },
    { { { { TIMES_OUT } }, { { 3 } } }, 2, "TimedOut/137 Failed/3 -> Failed" },
    { { { .verdict = STEP_SKIP }, { { 0 } } }, 2, "Skipped/0 Success/0 -> Success" },
    { { { .verdict = STEP_FAIL }, { { 0 } } }, 2, "Failed/1 Success/0 -> Failed" },
    /* onFailure, onSuccess, finallyStep. */
    { { { { 7 }, .on_failure = ON_FAILURE_EXIT }, { { 0 } } }, 2, "Failed/7 Skipped/0 -> Failed" },
    { { { { 0 }, .on_failure = ON_FAILURE_EXIT }, { { 0 } } },
      2,
      "Success/0 Success/0 -> Success" },
    { { { { 7 }, .on_failure = ON_FAILURE_SUCCESS_AND_EXIT }, { { 0 } } },
      2,
      "Success/168 Skipped/0 -> Success" },
    { { { { 0 }, .exit_on_success = true }, { { 1 } } }, 2, "Success/0 Skipped/0 -> Success" },
    { { { { 7 }, .on_failure = ON_FAILURE_EXIT }, { { 0 } }, { { 0 }, .is_finally = true } },
      3,
      "Failed/7 Skipped/0 Success/0 -> Failed" },
    /* Exit codes that speak. */
    { { { { 168 } }, { { 1 } } }, 2, "Success/168 Skipped/0 -> Success" },
    { { { { 169 } }, { { 0 } } }, 2, "Failed/169 Skipped/0 -> Failed" },
    { { { { 168 } }, { { 1 } }, { { 0 }, .is_finally = true } },
      3,
      "Success/168 Skipped/0 Success/0 -> Success" },
    { { { { 194, 0 } }, { { 0 } } }, 2, "Success/0 Success/0 -> Success" },
    { { { { 194, 194, 5 } } }, 1, "Failed/5 -> Failed" },
    { { { { 194, 194, 194, 194, 194, 194, 194, 194, 194, 194, 194, 194, 194, 194, 194, 194 } } },
      1,
      "Failed/1 -> Failed" },
};

static void steps_come_to_what_their_exit_codes_say(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = { 0 };
        assert_str(play(&a, cases[i].scripts, cases[i].count), cases[i].outcome);
        arena_done(&a);
    }
}

static void output_accumulates_over_a_restart(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct document_step step = { .id = S("s"), .action = S("aws:runShellScript") };
    struct document d = { .steps = &step, .count = 1 };
    struct step_result first = { .code = 194, .out = S("first run\n"), .err = S("") };
    struct step_result second = { .code = 3, .out = S("second run\n"), .err = S("bad\n") };
    struct run run;

    run_init(&a, &run, &d);
    run_started(&run, 0, S("b1"), 10);
    run_ended(&a, &run, 0, &first, 20);
    assert_str(run.steps[0].message, "first run\n");
    assert_int_equal(run.steps[0].code, 194);
    run_rebooted(&a, &run, 0, 30);
    run_started(&run, 0, S("b2"), 40);
    run_ended(&a, &run, 0, &second, 50);
    assert_str(run.steps[0].out, "first run\nsecond run\n");
    assert_str(run.steps[0].err, "bad\nfailed to run commands: exit status 3");
    assert_int_equal(run.steps[0].started_at, 10);
    assert_int_equal(run.steps[0].ended_at, 50);
    assert_int_equal(run.steps[0].attempts, 2);
    arena_done(&a);
}

static void an_old_command_is_not_run_again(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct document_step step = { .id = S("s"), .action = S("aws:runShellScript") };
    struct document d = { .steps = &step, .count = 1 };
    struct step_result r = { .code = 194, .out = S(""), .err = S("") };
    struct run run;

    run_init(&a, &run, &d);
    run.created_at = 1;
    run_started(&run, 0, S("b1"), 10);
    run_ended(&a, &run, 0, &r, 20);
    run_rebooted(&a, &run, 0, 49 * MSEC_HOUR);
    assert_int_equal(run.steps[0].status, STEP_FAILED);
    assert_true(str_contains(run.steps[0].err, S("48 hours")));
    arena_done(&a);
}

static void a_failure_that_ends_the_document_says_so(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct document_step step = { .id = S("s"),
                                  .action = S("aws:runShellScript"),
                                  .on_failure = ON_FAILURE_EXIT };
    struct document d = { .steps = &step, .count = 1 };
    struct step_result r = { .code = 7, .out = S(""), .err = S("bad\n") };
    struct run run;

    run_init(&a, &run, &d);
    run_started(&run, 0, S("b1"), 10);
    run_ended(&a, &run, 0, &r, 20);
    /* Letter for letter what the AWS agent sends. */
    assert_str(run.steps[0].message,
               "\n----------ERROR-------\nbad\nfailed to run commands: exit status 7");
    assert_str(run.steps[0].out, "\nStep was found to have onFailure property. "
                                 "Further document steps will be skipped.");
    assert_str(run.steps[0].err, "bad\nfailed to run commands: exit status 7\n"
                                 "Step was found to have onFailure property. "
                                 "Further document steps will be skipped.");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_to_what_their_exit_codes_say),
        cmocka_unit_test(output_accumulates_over_a_restart),
        cmocka_unit_test(an_old_command_is_not_run_again),
        cmocka_unit_test(a_failure_that_ends_the_document_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
