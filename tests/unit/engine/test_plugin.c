/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plugin.h"

#include "base/buf.h"

#include "../test.h"

static struct plugin report(enum agent_status status, int code, msec ended_at)
{
    return (struct plugin){ .status = status, .code = code, .ended_at = ended_at };
}

static void the_first_final_report_of_a_step_counts(void **state)
{
    (void)state;
    struct plugin p = { 0 }, r = report(AGENT_SUCCESS, 0, 10);

    assert_int_equal(plugin_response_code(&p), -1);
    assert_true(plugin_report(&p, &r));
    r = report(AGENT_FAILED, 1, 20);
    assert_false(plugin_report(&p, &r));
    r = report(AGENT_IN_PROGRESS, 0, 0);
    assert_false(plugin_report(&p, &r));
    assert_int_equal(p.status, AGENT_SUCCESS);
    assert_int_equal(plugin_response_code(&p), 0);
}

static void a_step_that_reboots_reports_again(void **state)
{
    (void)state;
    struct plugin p = { 0 }, first = report(AGENT_SUCCESS_AND_REBOOT, 194, 10);
    struct plugin second = report(AGENT_SUCCESS_AND_REBOOT, 194, 90);
    struct plugin last = report(AGENT_SUCCESS, 0, 200), begun = report(AGENT_IN_PROGRESS, 0, 0);

    assert_true(plugin_report(&p, &begun));
    assert_int_equal(plugin_response_code(&p), -1);
    assert_true(plugin_report(&p, &first));
    assert_int_equal(plugin_response_code(&p), 194);
    assert_str(plugin_status_name(&p, (struct str){ 0 }), "InProgress");
    assert_false(plugin_report(&p, &first)); /* the same again */
    assert_false(plugin_report(&p, &begun));
    assert_true(plugin_report(&p, &second));
    assert_false(plugin_report(&p, &first)); /* the first, late */
    assert_true(plugin_report(&p, &last));
    assert_false(plugin_report(&p, &second));
    assert_str(plugin_status_name(&p, S("TimedOut")), "Success");
}

static void a_step_never_reported_ended_as_its_invocation(void **state)
{
    (void)state;
    struct plugin pending = { 0 }, skipped = report(AGENT_SKIPPED, 0, 1);
    struct plugin late = report(AGENT_TIMED_OUT, 137, 1);

    assert_str(plugin_status_name(&pending, (struct str){ 0 }), "Pending");
    assert_str(plugin_status_name(&pending, S("TimedOut")), "TimedOut");
    assert_str(plugin_detail_name(&pending, S("DeliveryTimedOut")), "DeliveryTimedOut");
    assert_str(plugin_status_name(&skipped, S("Failed")), "Success");
    assert_str(plugin_detail_name(&skipped, S("Failed")), "Skipped");
    assert_str(plugin_detail_name(&late, S("Failed")), "ExecutionTimedOut");
}

static void statuses_of_agents_are_read_by_name(void **state)
{
    (void)state;
    enum agent_status status = AGENT_FAILED;

    for (unsigned i = 0; i < AGENT_STATUSES; i++) {
        assert_true(agent_status_parse(agent_status_name((enum agent_status)i), &status));
        assert_int_equal(status, i);
    }
    assert_false(agent_status_parse(S("success"), &status));
    assert_false(agent_status_parse((struct str){ 0 }, &status));
    assert_false(agent_status_is_final(AGENT_SUCCESS_AND_REBOOT));
}

static struct str many(struct arena *a, char c, size_t n)
{
    char *p = arena_alloc(a, n + 1);

    memset(p, c, n);
    return (struct str){ p, n };
}

static void long_output_is_cut_within_its_limit(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_int_equal(output_cut(&a, many(&a, 'x', 24000), OUTPUT_MAX_STDOUT).len, 24000);
    struct str cut = output_cut(&a, many(&a, 'x', 24001), OUTPUT_MAX_STDOUT);
    assert_int_equal(cut.len, 24000);
    assert_true(str_ends(cut, S("xx--output truncated--")));
    assert_str(output_cut(&a, S(""), OUTPUT_MAX_STDERR), "");
    arena_done(&a);
}

static void a_cut_leaves_whole_characters(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct buf b = buf_in(&a);

    for (int i = 0; i < 40; i++)
        buf_lit(&b, "\xe2\x82\xac"); /* the euro sign, three bytes */
    for (size_t limit = 25; limit < 100; limit++) {
        struct str cut = output_cut(&a, buf_str(&b), limit);
        assert_in_range(cut.len, limit - 2, limit);
        assert_true(str_is_utf8(cut));
    }
    /* What is no UTF-8 at all is cut as well. */
    assert_in_range(output_cut(&a, many(&a, '\x80', 100), 50).len, 46, 50);
    arena_done(&a);
}

static void both_streams_share_2500_characters(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str out = many(&a, 'o', 3000), err = many(&a, 'e', 3000), few = many(&a, 'f', 100);

    assert_str(output_combined(&a, S("out"), (struct str){ 0 }), "out");
    assert_str(output_combined(&a, S("out"), S("err")), "out\n----------ERROR-------\nerr");
    assert_str(output_combined(&a, S(""), S("err")), "\n----------ERROR-------\nerr");

    struct str both = output_combined(&a, out, err);
    assert_int_equal(both.len, 2500);
    assert_true(str_contains(both, S("oo\n---Output truncated---\n----------ERROR-------\nee")));
    assert_true(str_ends(both, S("ee\n---Error truncated----")));

    both = output_combined(&a, out, few);
    assert_int_equal(both.len, 2500);
    assert_true(str_ends(both, few));
    assert_false(str_contains(both, S("Error truncated")));

    both = output_combined(&a, few, err);
    assert_int_equal(both.len, 2500);
    assert_true(str_starts(both, few));
    assert_false(str_contains(both, S("Output truncated")));

    both = output_combined(&a, out, S(""));
    assert_int_equal(both.len, 2500);
    assert_true(str_ends(both, S("\n---Output truncated---")));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_final_report_of_a_step_counts),
        cmocka_unit_test(a_step_that_reboots_reports_again),
        cmocka_unit_test(a_step_never_reported_ended_as_its_invocation),
        cmocka_unit_test(statuses_of_agents_are_read_by_name),
        cmocka_unit_test(long_output_is_cut_within_its_limit),
        cmocka_unit_test(a_cut_leaves_whole_characters),
        cmocka_unit_test(both_streams_share_2500_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
