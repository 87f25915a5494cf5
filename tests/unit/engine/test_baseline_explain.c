/* SPDX-License-Identifier: Apache-2.0 */
/* Why a package is in its state: every link is there, and the end is the decision's. */
#include "engine/baseline_default.h"
#include "engine/baseline_explain.h"

#include "../test.h"

#define NOW ((msec)1700000000000)

static struct patch_facts update(void)
{
    return (struct patch_facts){
        .name = S("zlib1g"),
        .arch = S("amd64"),
        .product = S("Debian12"),
        .installed = { .version = S("1.0"),
                       .origin = S("Debian bookworm"),
                       .priority = S("optional"),
                       .section = S("libs") },
        .candidate = { .version = S("1.1"),
                       .origin = S("Debian-Security bookworm-security"),
                       .security = true,
                       .priority = S("optional"),
                       .section = S("libs") },
        .has_update = true,
    };
}

static const struct baseline_link *link_of(const struct baseline_chain *c, enum baseline_step step)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->links[i].step == step)
            return &c->links[i];
    return NULL;
}

static void check_says(const struct baseline_chain *c, enum baseline_step step, const char *says)
{
    const struct baseline_link *link = link_of(c, step);

    if (!says) {
        assert_null(link);
        return;
    }
    assert_non_null(link);
    if (!str_eq(link->says, str_of(says)))
        fail_msg("%s says %.*s, not %s", baseline_step_name(step), STR(link->says), says);
}

static struct baseline_chain chain_of(struct arena *a, const struct baseline *b,
                                      struct patch_facts f)
{
    struct baseline_chain c = baseline_explain(a, b, &f, NOW);
    struct baseline_decision d = baseline_decide(a, b, &f, NOW);

    assert_int_equal(c.decision.state, d.state);
    assert_int_equal(c.decision.install, d.install);
    assert_true(str_eq(c.decision.reason, d.reason));
    assert_int_equal(c.links[c.count - 1].step, STEP_STATE);
    return c;
}

static void an_approved_update_is_told_from_source_to_state(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct baseline_chain c = chain_of(&a, baseline_default(PATCH_OS_DEBIAN), update());

    check_says(&c, STEP_VERSION, "Update");
    check_says(&c, STEP_SOURCE, "Security");
    check_says(&c, STEP_RULE, "Approves");
    check_says(&c, STEP_STATE, "Missing");
    check_says(&c, STEP_HOLD, NULL);
    assert_true(str_contains(baseline_chain_text(&a, &c), S("Debian-Security")));
    assert_true(str_contains(baseline_chain_text(&a, &c), S("an Install brings it in")));
    assert_int_equal(value_count(baseline_chain_json(&a, &c)), c.count);
    arena_done(&a);
}

/* An update that the baseline does not want leaves the installed version to be judged. */
static void both_versions_are_judged_where_the_update_does_not_count(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct patch_facts f = update();
    struct baseline_chain c;
    size_t n_versions = 0;

    f.candidate.security = false;
    c = chain_of(&a, baseline_default(PATCH_OS_DEBIAN), f);
    for (size_t i = 0; i < c.count; i++)
        n_versions += c.links[i].step == STEP_VERSION;
    assert_int_equal(n_versions, 2);
    check_says(&c, STEP_RULE, "NotSecurity");
    check_says(&c, STEP_STATE, "InstalledOther");
    arena_done(&a);
}

static void each_circumstance_is_a_link(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct patch_facts f = update();
    struct baseline_chain c;

    f.held = f.phased = f.broken = f.failed = f.pending_reboot = true;
    f.hidden = S("2.0");
    f.failure = S("its script failed");
    c = chain_of(&a, baseline_default(PATCH_OS_DEBIAN), f);
    check_says(&c, STEP_HOLD, "Held");
    check_says(&c, STEP_PIN, "Hidden");
    check_says(&c, STEP_PHASED, "Phased");
    check_says(&c, STEP_BROKEN, "Broken");
    check_says(&c, STEP_FAILURE, "Failed");
    check_says(&c, STEP_REBOOT, "Pending");
    assert_true(str_contains(link_of(&c, STEP_FAILURE)->text, S("its script failed")));
    assert_true(str_contains(link_of(&c, STEP_PIN)->text, S("2.0")));
    arena_done(&a);
}

static void the_notice_that_a_rule_is_about_is_named(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct baseline_rule rule = { .has_after_days = true, .approve_after_days = 7 };
    struct baseline b = { .os = PATCH_OS_ROCKY_LINUX, .rules = &rule, .n_rules = 1 };
    struct patch_notice notices[] = {
        { .id = S("RLSA-2"), .classification = S("Security"), .updated_at = NOW - MSEC_DAY },
        { .id = S("RLBA-1"), .classification = S("Bugfix"), .updated_at = NOW - 30 * MSEC_DAY },
    };
    struct patch_facts f = update();
    struct baseline_chain c;

    f.candidate.notices = (struct patch_notices){ notices, 2 };
    c = chain_of(&a, &b, f);
    check_says(&c, STEP_RULE, "Approves");
    assert_true(str_eq(link_of(&c, STEP_RULE)->notice, S("RLBA-1")));
    assert_int_equal(link_of(&c, STEP_RULE)->approved_at, NOW - 23 * MSEC_DAY);
    assert_true(str_contains(baseline_chain_text(&a, &c), S("approves by notice RLBA-1")));
    assert_true(str_contains(baseline_chain_text(&a, &c), S("RLSA-2 (Security of ")));
    assert_true(str_contains(c.decision.reason, S("by notice RLBA-1")));

    f.candidate.notices.count = 1;
    c = chain_of(&a, &b, f);
    check_says(&c, STEP_RULE, "Waits");
    assert_true(str_eq(link_of(&c, STEP_RULE)->notice, S("RLSA-2")));
    arena_done(&a);
}

static void every_rule_has_its_own_word_and_date(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str important = S("Important");
    struct baseline_filter filter = { PATCH_KEY_SEVERITY, { &important, 1 } };
    struct baseline_rule rules[] = {
        { .filters = { &filter, 1 }, .has_after_days = true, .approve_after_days = 7 },
        { .has_after_days = true, .approve_after_days = 2 },
        { .has_after_days = true, .approve_after_days = 1, .level = COMPLIANCE_HIGH },
        { .has_until = true, .approve_until = NOW - 3 * MSEC_DAY },
    };
    struct str rejected = S("openssl");
    struct baseline b = { .os = PATCH_OS_ROCKY_LINUX, .rules = rules, .n_rules = 4 };
    struct patch_facts f = update();
    static const char *const words[] = { "NoMatch", "Waits", "Approves", "Waits" };
    struct baseline_chain c;
    size_t n = 0;

    f.candidate.released_at = NOW - MSEC_DAY - 1;
    c = chain_of(&a, &b, f);
    for (size_t i = 0; i < c.count; i++) {
        if (c.links[i].step != STEP_RULE)
            continue;
        assert_int_equal(c.links[i].rule, n + 1);
        assert_true(str_eq(c.links[i].says, str_of(words[n])));
        if (n == 1 || n == 2)
            assert_int_equal(c.links[i].approved_at,
                             f.candidate.released_at + (n == 1 ? 2 : 1) * MSEC_DAY);
        else
            assert_int_equal(c.links[i].approved_at, 0);
        n++;
    }
    assert_int_equal(n, 4);

    b.rejected = (struct strs){ &rejected, 1 };
    f.name = S("openssl");
    c = chain_of(&a, &b, f);
    check_says(&c, STEP_REJECTED_LIST, "Rejects");
    check_says(&c, STEP_STATE, "InstalledOther");
    arena_done(&a);
}

static void what_global_filters_drop_no_rule_is_asked_of(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str section = S("kernel"), listed = S("zlib1g");
    struct baseline_filter filter = { PATCH_KEY_SECTION, { &section, 1 } };
    struct baseline b = *baseline_default(PATCH_OS_DEBIAN);
    struct baseline_chain c;

    b.global = (struct baseline_filters){ &filter, 1 };
    c = chain_of(&a, &b, update());
    check_says(&c, STEP_GLOBAL_FILTERS, "Drops");
    check_says(&c, STEP_RULE, NULL);
    b.approved = (struct strs){ &listed, 1 };
    b.approved_level = COMPLIANCE_LOW;
    c = chain_of(&a, &b, update());
    check_says(&c, STEP_APPROVED_LIST, "Approves");
    check_says(&c, STEP_STATE, "Missing");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_approved_update_is_told_from_source_to_state),
        cmocka_unit_test(both_versions_are_judged_where_the_update_does_not_count),
        cmocka_unit_test(each_circumstance_is_a_link),
        cmocka_unit_test(the_notice_that_a_rule_is_about_is_named),
        cmocka_unit_test(every_rule_has_its_own_word_and_date),
        cmocka_unit_test(what_global_filters_drop_no_rule_is_asked_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
