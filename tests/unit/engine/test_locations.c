/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/locations.h"

#include "base/buf.h"
#include "base/json.h"

#include "../test.h"

#define START ((msec)1000000)

#define LIST(...)                                                                                  \
    (struct strs)                                                                                  \
    {                                                                                              \
        (struct str[]){ __VA_ARGS__ }, sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str)  \
    }

static struct arena arena;

static const char *expanded(const struct location *list, size_t count)
{
    struct pairs pairs;
    struct str why;
    struct buf b = buf_in(&arena);

    assert_int_equal(locations_expand(&arena, list, count, &pairs, &why), 0);
    buf_lit(&b, "");
    for (uint32_t i = 0; i < pairs.count; i++)
        buf_fmt(&b, "%s%.*s:%.*s@%u", i ? " " : "", STR(pairs.items[i].account),
                STR(pairs.items[i].region), pairs.items[i].location);
    return buf_str(&b).p;
}

static void accounts_are_crossed_with_regions_in_the_order_given(void **state)
{
    (void)state;
    struct location l = { .accounts = LIST(S("222222222222"), S("111111111111")),
                          .regions = LIST(S("us-east-1"), S("eu-west-1")) };

    assert_string_equal(expanded(&l, 1), "222222222222:us-east-1@0 222222222222:eu-west-1@0 "
                                         "111111111111:us-east-1@0 111111111111:eu-west-1@0");
}

static void a_unit_is_replaced_by_its_members_sorted(void **state)
{
    (void)state;
    struct location_unit units[] = {
        { S("ou-ab12-11111111"), LIST(S("555555555555"), S("333333333333"), S("444444444444")) },
        { S("ou-ab12-22222222"), LIST(S("444444444444")) },
    };
    struct location l = { .accounts = LIST(S("999999999999"), S("ou-ab12-11111111"),
                                           S("333333333333"), S("111111111111")),
                          .regions = LIST(S("us-east-1")),
                          .exclude = LIST(S("ou-ab12-22222222"), S("111111111111")),
                          .units = units,
                          .n_units = 2 };

    assert_string_equal(expanded(&l, 1), "999999999999:us-east-1@0 333333333333:us-east-1@0 "
                                         "555555555555:us-east-1@0");
}

static void a_pair_comes_once(void **state)
{
    (void)state;
    struct location l[] = {
        { .accounts = LIST(S("111111111111"), S("111111111111")),
          .regions = LIST(S("us-east-1"), S("us-east-1")) },
        { .accounts = LIST(S("111111111111"), S("222222222222")), .regions = LIST(S("us-east-1")) },
        { .accounts = LIST(S("222222222222")), .regions = LIST(S("us-east-1")) },
    };

    assert_string_equal(expanded(l, 3), "111111111111:us-east-1@0 222222222222:us-east-1@1");
}

static void an_empty_unit_has_no_pairs(void **state)
{
    (void)state;
    struct location l = { .accounts = LIST(S("ou-ab12-11111111")),
                          .regions = LIST(S("us-east-1")) };

    assert_string_equal(expanded(&l, 1), "");
}

static void expect_refusal(struct strs accounts, struct strs regions, const char *sentence)
{
    struct location l = { .accounts = accounts, .regions = regions };
    struct str why = { 0 };

    assert_int_equal(locations_check(&arena, &l, 1, &why), LOCATIONS_INVALID);
    assert_str(why, sentence);
}

static void what_is_no_account_is_refused(void **state)
{
    (void)state;
    struct location good = { .accounts = LIST(S("111111111111"), S("ou-ab12-11111111")),
                             .regions = LIST(S("us-east-1")),
                             .exclude = LIST(S("r-ab12")) };
    struct str why;

    assert_int_equal(locations_check(&arena, &good, 1, &why), 0);
    assert_int_equal(locations_check(&arena, &good, 0, &why), LOCATIONS_INVALID);
    expect_refusal(LIST(S("111111111111"), S(" 222222222222")), LIST(S("us-east-1")),
                   "TargetLocations: \" 222222222222\" is neither an account id nor the id of a "
                   "unit.");
    expect_refusal(LIST(S("ou-")), LIST(S("us-east-1")),
                   "TargetLocations: \"ou-\" is neither an account id nor the id of a unit.");
    expect_refusal(LIST(S("111111111111")), LIST(S("us east")),
                   "TargetLocations: \"us east\" is not a Region.");
    expect_refusal((struct strs){ 0 }, LIST(S("us-east-1")),
                   "A target location must have 1 to 50 accounts and 1 to 50 Regions.");
}

static void too_many_pairs_are_refused_before_they_are_made(void **state)
{
    (void)state;
    struct strs members = { arena_array(&arena, struct str, 10001), 10001 }, regions;
    struct location_unit unit = { S("ou-ab12-11111111"), members };
    struct pairs pairs;
    struct str why;

    for (size_t i = 0; i < members.count; i++)
        members.items[i] = arena_fmt(&arena, "%012zu", i);
    regions = LIST(S("us-east-1"), S("us-east-2"));
    struct location l = {
        .accounts = LIST(S("ou-ab12-11111111")), .regions = regions, .units = &unit, .n_units = 1
    };
    assert_int_equal(locations_expand(&arena, &l, 1, &pairs, &why), LOCATIONS_INVALID);
    unit.accounts.count = 10000;
    assert_int_equal(locations_expand(&arena, &l, 1, &pairs, &why), 0);
    assert_int_equal(pairs.count, 20000);
}

static void a_step_is_named_after_its_pair(void **state)
{
    (void)state;
    struct pair p = { S("111122223333"), S("eu-west-1"), 0 };

    assert_str(pair_step_name(&arena, &p), "111122223333_eu_west_1");
}

/* ---- the parent ---- */

#define MAX_PAIRS 16

struct play {
    struct locations l;
    struct pair_run rows[MAX_PAIRS];
    struct buf transcript;
    msec now;
};

static int load(void *context, uint32_t index, struct pair_run *ret)
{
    *ret = ((struct play *)context)->rows[index];
    return 0;
}

static int save(void *context, uint32_t index, const struct pair_run *row)
{
    ((struct play *)context)->rows[index] = *row;
    return 0;
}

static int next_running(void *context, uint32_t from, uint32_t *ret)
{
    struct play *p = context;

    while (from < p->l.n_pairs && p->rows[from].status != AUTOMATION_IN_PROGRESS &&
           p->rows[from].status != AUTOMATION_CANCELLING)
        from++;
    *ret = from;
    return 0;
}

static int effect(void *context, const struct locations_effect *e)
{
    struct play *p = context;

    if (e->type == LOCATIONS_EFFECT_START)
        buf_fmt(&p->transcript, "start %u; ", e->index);
    if (e->type == LOCATIONS_EFFECT_CANCEL)
        buf_fmt(&p->transcript, "cancel %u; ", e->index);
    if (e->type == LOCATIONS_EFFECT_ARM_TIMER)
        buf_fmt(&p->transcript, "timer %lld; ", (long long)(e->at - START) / 1000);
    if (e->type == LOCATIONS_EFFECT_FINISHED)
        buf_fmt(&p->transcript, "%.*s; ", STR(automation_status_name(p->l.status)));
    return 0;
}

static void tell(struct play *p, struct locations_event event)
{
    struct locations_shell shell = { p, load, save, next_running, effect };

    event.at = START + p->now;
    assert_int_equal(locations_tell(&p->l, &event, &shell), 0);
}

/* `of_location`: the location of each pair, as digits. */
static void begin(struct play *p, const char *of_location, const struct location_limits *limits,
                  size_t n_locations)
{
    struct pairs pairs = { arena_array(&arena, struct pair, MAX_PAIRS), 0 };

    memset(p, 0, sizeof(*p));
    p->transcript = buf_in(&arena);
    for (; of_location[pairs.count]; pairs.count++)
        pairs.items[pairs.count].location = (uint32_t)(of_location[pairs.count] - '0');
    p->l = locations_new(&arena, &pairs, limits, n_locations);
    tell(p, (struct locations_event){ .type = LOCATIONS_EVENT_TIMER });
}

static void ends(struct play *p, uint32_t index, enum automation_status status)
{
    tell(p, (struct locations_event){
                .type = LOCATIONS_EVENT_ENDED, .index = index, .status = status });
}

static void stop(struct play *p, enum automation_stop how)
{
    tell(p, (struct locations_event){ .type = LOCATIONS_EVENT_STOP, .stop = how });
}

static void expect(struct play *p, const char *transcript)
{
    assert_str(buf_str(&p->transcript), transcript);
}

static const struct location_limits one_by_one = { { 1, false }, { 0, false }, false };

static void the_default_is_one_pair_after_the_other(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "000", &one_by_one, 1);
    ends(&p, 0, AUTOMATION_SUCCESS);
    ends(&p, 0, AUTOMATION_FAILED); /* heard of twice */
    ends(&p, 2, AUTOMATION_FAILED); /* never started */
    ends(&p, 1, AUTOMATION_SUCCESS);
    ends(&p, 2, AUTOMATION_SUCCESS);
    ends(&p, 2, AUTOMATION_FAILED);
    expect(&p, "start 0; start 1; start 2; Success; ");
}

static void locations_run_beside_each_other(void **state)
{
    (void)state;
    struct play p;
    struct location_limits limits[] = { one_by_one, { { 50, true }, { 1, false }, false } };

    begin(&p, "001111", limits, 2);
    ends(&p, 0, AUTOMATION_FAILED); /* the first location stops, the second goes on */
    ends(&p, 2, AUTOMATION_FAILED);
    ends(&p, 3, AUTOMATION_SUCCESS);
    ends(&p, 4, AUTOMATION_SUCCESS);
    ends(&p, 5, AUTOMATION_SUCCESS);
    expect(&p, "start 0; start 2; start 3; start 4; start 5; Failed; ");

    struct progress progress = locations_progress(&p.l);
    assert_int_equal(progress.total, 6);
    assert_int_equal(progress.success, 3);
    assert_int_equal(progress.failed, 2);
    assert_int_equal(progress.cancelled, 1); /* never started */
    assert_int_equal(p.rows[1].status, AUTOMATION_PENDING);
}

static void errors_within_the_threshold_are_a_success_if_anything_succeeded(void **state)
{
    (void)state;
    struct play p;
    struct location_limits limits = { { 4, false }, { 1, false }, false };

    begin(&p, "00", &limits, 1);
    ends(&p, 0, AUTOMATION_TIMED_OUT);
    ends(&p, 1, AUTOMATION_SUCCESS);
    expect(&p, "start 0; start 1; Success; ");

    begin(&p, "0", &limits, 1);
    ends(&p, 0, AUTOMATION_FAILED);
    expect(&p, "start 0; Failed; ");
}

static void no_pair_at_all_is_a_failure(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "", &one_by_one, 1);
    expect(&p, "Failed; ");
}

static void a_cancelled_parent_cancels_its_children(void **state)
{
    (void)state;
    struct play p;
    struct location_limits limits = { { 2, false }, { 0, false }, false };

    begin(&p, "000", &limits, 1);
    p.now = 1000;
    stop(&p, AUTOMATION_STOP_CANCEL);
    p.now = 2000;
    stop(&p, AUTOMATION_STOP_CANCEL);
    assert_int_equal(p.l.status, AUTOMATION_CANCELLING);
    ends(&p, 1, AUTOMATION_CANCELLED);
    p.now = 241000;
    tell(&p, (struct locations_event){ .type = LOCATIONS_EVENT_TIMER });
    assert_int_equal(p.rows[0].status, AUTOMATION_CANCELLED);
    assert_int_equal(p.rows[2].status, AUTOMATION_PENDING);
    assert_int_equal(locations_progress(&p.l).cancelled, 3);
    expect(&p, "start 0; start 1; timer 241; cancel 0; cancel 1; Cancelled; ");
}

static void a_stop_after_the_threshold_is_still_a_failure(void **state)
{
    (void)state;
    struct play p;
    struct location_limits limits = { { 2, false }, { 0, false }, false };

    begin(&p, "000", &limits, 1);
    ends(&p, 0, AUTOMATION_TIMED_OUT);
    stop(&p, AUTOMATION_STOP_CANCEL);
    ends(&p, 1, AUTOMATION_CANCELLED);
    expect(&p, "start 0; start 1; timer 240; cancel 1; Failed; ");
}

static void complete_waits_for_what_runs(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "00", &one_by_one, 1);
    stop(&p, AUTOMATION_STOP_COMPLETE);
    ends(&p, 0, AUTOMATION_SUCCESS);
    expect(&p, "start 0; Cancelled; ");
}

static void survives_its_own_storage(void **state)
{
    (void)state;
    struct play p;
    struct location_limits limits[] = { one_by_one, { { 50, true }, { 1, false }, true } };
    struct locations back;
    struct value *saved;

    begin(&p, "001111", limits, 2);
    saved = locations_save(&arena, &p.l);
    assert_true(locations_load(&arena, saved, &back));
    assert_str(json_format(&arena, locations_save(&arena, &back)), json_format(&arena, saved).p);
    value_set_int(&arena, saved, S("n_locations"), 3);
    assert_false(locations_load(&arena, saved, &back));
}

static int finish(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_are_crossed_with_regions_in_the_order_given),
        cmocka_unit_test(a_unit_is_replaced_by_its_members_sorted),
        cmocka_unit_test(a_pair_comes_once),
        cmocka_unit_test(an_empty_unit_has_no_pairs),
        cmocka_unit_test(what_is_no_account_is_refused),
        cmocka_unit_test(too_many_pairs_are_refused_before_they_are_made),
        cmocka_unit_test(a_step_is_named_after_its_pair),
        cmocka_unit_test(the_default_is_one_pair_after_the_other),
        cmocka_unit_test(locations_run_beside_each_other),
        cmocka_unit_test(errors_within_the_threshold_are_a_success_if_anything_succeeded),
        cmocka_unit_test(no_pair_at_all_is_a_failure),
        cmocka_unit_test(a_cancelled_parent_cancels_its_children),
        cmocka_unit_test(a_stop_after_the_threshold_is_still_a_failure),
        cmocka_unit_test(complete_waits_for_what_runs),
        cmocka_unit_test(survives_its_own_storage),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
