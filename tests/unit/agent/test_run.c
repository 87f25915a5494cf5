/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "agent/run.h"
#include "base/buf.h"
#include "base/json.h"

/* A step: exit code of each attempt, or one of these. */
enum { TIMES_OUT = -1, IS_CANCELLED = -2, BREAKS = -3 };

#define FIRST ((struct run_place){ &run, 0 })

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
    struct run_place at;

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
        enum run_action action = run_next(a, &run, 1000, &at);
        if (action == RUN_FINISH)
            break;
        if (action == RUN_START) {
            int64_t attempt = run_state(at)->attempts;
            struct step_result r = result_of(scripts[at.step].codes[attempt]);
            run_started(at, arena_fmt(a, "boot-%lld", (long long)boot), 1000);
            run_ended(a, at, &r, 2000);
            if (r.killed)
                run_cancel(&run);
        } else if (action == RUN_REBOOT) {
            assert_int_equal(run_status(&run), STEP_SUCCESS_AND_REBOOT);
            boot++;
            run_rebooted(a, at, 3000);
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
    { { { .verdict = STEP_FAIL, .on_failure = ON_FAILURE_EXIT }, { { 0 } } },
      2,
      "Failed/1 Skipped/0 -> Failed" },
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
    run_started(FIRST, S("b1"), 10);
    run_ended(&a, FIRST, &first, 20);
    assert_str(run.steps[0].message, "first run\n");
    assert_int_equal(run.steps[0].code, 194);
    run_rebooted(&a, FIRST, 30);
    run_started(FIRST, S("b2"), 40);
    run_ended(&a, FIRST, &second, 50);
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
    run_started(FIRST, S("b1"), 10);
    run_ended(&a, FIRST, &r, 20);
    run_rebooted(&a, FIRST, 49 * MSEC_HOUR);
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
    run_started(FIRST, S("b1"), 10);
    run_ended(&a, FIRST, &r, 20);
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

/* --- documents within documents --- */

#define SCRIPT(name)                                                                               \
    "{\"action\":\"aws:runShellScript\",\"name\":\"" name "\","                                    \
    "\"inputs\":{\"runCommand\":[\"x\"]}}"
#define RUNS(name)                                                                                 \
    "{\"action\":\"aws:runDocument\",\"name\":\"" name "\","                                       \
    "\"inputs\":{\"documentType\":\"SSMDocument\",\"documentPath\":\"d\"}}"
#define STEPS(steps) "{\"DocumentContent\":{\"schemaVersion\":\"2.2\",\"mainSteps\":[" steps "]}}"

static struct value *payload(struct arena *a, const char *text)
{
    struct value *v;

    assert_int_equal(json_parse(a, str_of(text), &v, NULL), 0);
    return v;
}

/* All scripts print and end alike; every document fetched is `inner`. Returns the attempts. */
static int play_nested(struct arena *a, struct run *run, struct document *d, const char *outer,
                       const char *inner, struct step_result result)
{
    struct run_place at;
    struct str why;
    int n_scripts = 0;

    assert_int_equal(document_plan(a, payload(a, outer), d, &why), 0);
    run_init(a, run, d);
    for (;;) {
        switch (run_next(a, run, 1000, &at)) {
        case RUN_START:
            run_started(at, S("b"), 1000);
            break;
        case RUN_WAIT:
            n_scripts++;
            run_ended(a, at, &result, 2000);
            break;
        case RUN_FETCH:
            if (run_nest(a, at, payload(a, inner), &why) != 0)
                run_fail(a, at, why, 2000);
            break;
        case RUN_REPORT:
            assert_true(run_is_top(at));
            break;
        case RUN_REBOOT:
            fail();
            return 0;
        case RUN_FINISH:
            return n_scripts;
        }
    }
}

static void what_a_document_prints_is_its_step_s_output(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct run run;
    struct document d;
    struct step_result bad = { .code = 3, .out = S("out\n"), .err = S("err\n") };

    assert_int_equal(play_nested(&a, &run, &d, STEPS(RUNS("r")),
                                 STEPS(SCRIPT("x") ",{\"action\":\"aws:nope\",\"name\":\"y\","
                                                   "\"inputs\":{}}"),
                                 bad),
                     1);
    assert_int_equal(run.steps[0].status, STEP_FAILED);
    assert_int_equal(run.steps[0].code, 1);
    assert_str(run.steps[0].out, "out\n");
    assert_str(run.steps[0].err,
               "err\nfailed to run commands: exit status 3\n"
               "Plugin with name aws:nope is not supported by this version of ssm agent, "
               "please update to latest version. Step name: y");
    arena_done(&a);
}

static void documents_run_documents_three_deep(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct run run;
    struct document d;
    struct step_result good = { .code = 0, .out = S("o\n"), .err = S("") };

    assert_int_equal(
        play_nested(&a, &run, &d, STEPS(RUNS("r")), STEPS(RUNS("s") "," SCRIPT("t")), good), 3);
    assert_int_equal(run_status(&run), STEP_FAILED);
    assert_str(run.steps[0].err, "Maximum depth for document execution exceeded. Maximum depth "
                                 "permitted - 3 and current depth - 4");
    assert_str(run.steps[0].out, "o\no\no\n");
    arena_done(&a);
}

/* 9 steps a document, 8 of them documents: without a bound this were 8 * 8 * 8 * 9 scripts. */
static void the_steps_of_all_documents_are_bounded(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct run run;
    struct document d;
    struct step_result good = { .code = 0, .out = S("o\n"), .err = S("") };
#define EIGHT                                                                                      \
    RUNS("1")                                                                                      \
    "," RUNS("2") "," RUNS("3") "," RUNS("4") "," RUNS("5") "," RUNS("6") "," RUNS("7") "," RUNS(  \
        "8")
    int n =
        play_nested(&a, &run, &d, STEPS(EIGHT "," SCRIPT("9")), STEPS(EIGHT "," SCRIPT("9")), good);
    assert_in_range(n, 10, RUN_MAX_STEPS / 9);
    assert_in_range(run.n_planned, RUN_MAX_STEPS - 9, RUN_MAX_STEPS);
    assert_true(str_contains(run.steps[7].err, S("more than 500 steps in all")));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_to_what_their_exit_codes_say),
        cmocka_unit_test(output_accumulates_over_a_restart),
        cmocka_unit_test(an_old_command_is_not_run_again),
        cmocka_unit_test(a_failure_that_ends_the_document_says_so),
        cmocka_unit_test(what_a_document_prints_is_its_step_s_output),
        cmocka_unit_test(documents_run_documents_three_deep),
        cmocka_unit_test(the_steps_of_all_documents_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
