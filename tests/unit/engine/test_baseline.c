/* SPDX-License-Identifier: Apache-2.0 */
/* The patch decision: a table of situations, and properties over random ones. */
#include "base/time.h"
#include "engine/baseline.h"
#include "engine/baseline_default.h"

#include "../test.h"

#define DAY(n) ((msec)1700000000000 + (n)*MSEC_DAY)

/* ---- what the table rows are made of ---- */

static struct patch_version version(const char *number, bool security)
{
    return (struct patch_version){
        .version = str_of(number),
        .origin = security ? S("Debian-Security bookworm-security") : S("Debian bookworm"),
        .security = security,
        .priority = S("optional"),
        .section = S("libs"),
    };
}

static struct patch_facts package(const char *name, const char *installed, bool installed_security,
                                  const char *candidate, bool candidate_security)
{
    struct patch_facts f = {
        .name = str_of(name),
        .arch = S("amd64"),
        .product = S("Debian12"),
    };

    if (installed)
        f.installed = version(installed, installed_security);
    if (candidate)
        f.candidate = version(candidate, candidate_security);
    f.has_update = installed && candidate && strcmp(installed, candidate) != 0;
    return f;
}

#define UP_TO_DATE      package("zlib1g", "1.0", false, "1.0", false)
#define UP_TO_DATE_SEC  package("zlib1g", "1.1", true, "1.1", true)
#define SECURITY_UPDATE package("zlib1g", "1.0", false, "1.1", true)
#define OTHER_UPDATE    package("zlib1g", "1.0", false, "1.1", false)
#define NOT_THERE       package("zlib1g", NULL, false, "1.1", true)

static struct strs list_of(struct str *one)
{
    return (struct strs){ one, 1 };
}

static struct baseline_decision decide(struct arena *a, const struct baseline *b,
                                       struct patch_facts f)
{
    return baseline_decide(a, b, &f, DAY(0));
}

static void check_state(const struct baseline *b, struct patch_facts f, enum patch_state expected)
{
    struct arena a = { 0 };
    struct baseline_decision d = decide(&a, b, f);

    assert_string_equal(patch_state_name(d.state), patch_state_name(expected));
    assert_true(d.reason.len > 0);
    arena_done(&a);
}

/* ---- the default Debian baseline ---- */

static void the_default_baseline_wants_security_updates_only(void **state)
{
    (void)state;
    const struct baseline *b = baseline_default(PATCH_OS_DEBIAN);

    check_state(b, UP_TO_DATE, PATCH_INSTALLED_OTHER);
    check_state(b, UP_TO_DATE_SEC, PATCH_INSTALLED);
    check_state(b, SECURITY_UPDATE, PATCH_MISSING);
    check_state(b, OTHER_UPDATE, PATCH_INSTALLED_OTHER);
    check_state(b, NOT_THERE, PATCH_NOT_APPLICABLE);
}

static void a_newer_version_of_another_source_hides_the_security_one(void **state)
{
    (void)state;
    struct patch_facts f = package("zlib1g", "1.1", true, "1.2", false);

    check_state(baseline_default(PATCH_OS_DEBIAN), f, PATCH_INSTALLED);
}

static void circumstances_of_an_update(void **state)
{
    (void)state;
    const struct baseline *b = baseline_default(PATCH_OS_DEBIAN);
    struct arena a = { 0 };
    struct patch_facts f = SECURITY_UPDATE;
    struct baseline_decision d;

    f.held = true;
    d = decide(&a, b, f);
    assert_int_equal(d.state, PATCH_MISSING);
    assert_false(d.install);
    assert_true(str_contains(d.reason, S("on hold")));

    f = SECURITY_UPDATE;
    f.phased = true;
    d = decide(&a, b, f);
    assert_int_equal(d.state, PATCH_INSTALLED_OTHER);
    assert_false(d.install);

    f = SECURITY_UPDATE;
    f.failed = true;
    f.failure = S("postinst");
    d = decide(&a, b, f);
    assert_int_equal(d.state, PATCH_FAILED);
    assert_true(str_contains(d.reason, S("postinst")));

    f = UP_TO_DATE_SEC;
    f.broken = true;
    d = decide(&a, b, f);
    assert_int_equal(d.state, PATCH_FAILED);
    assert_true(d.install);

    f = UP_TO_DATE_SEC;
    f.pending_reboot = true;
    check_state(b, f, PATCH_INSTALLED_PENDING_REBOOT);
    f = UP_TO_DATE;
    f.pending_reboot = true;
    check_state(b, f, PATCH_INSTALLED_PENDING_REBOOT);
    f = SECURITY_UPDATE;
    f.pending_reboot = true;
    check_state(b, f, PATCH_MISSING);
    arena_done(&a);
}

static void the_reason_names_every_link_of_the_chain(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct baseline_decision d = decide(&a, baseline_default(PATCH_OS_DEBIAN), SECURITY_UPDATE);

    assert_string_equal(arena_cstr(&a, d.reason),
                        "update to 1.1 from Debian-Security bookworm-security, a security source; "
                        "approved by rule 1");
    assert_string_equal(arena_cstr(&a, d.classification), "Security");
    d = decide(&a, baseline_default(PATCH_OS_DEBIAN), OTHER_UPDATE);
    assert_string_equal(
        arena_cstr(&a, d.reason),
        "update to 1.1 from Debian bookworm, no security source; rule 1 matches but "
        "is for security sources only; installed 1.0 from Debian bookworm, no "
        "security source; rule 1 matches but is for security sources only");
    assert_string_equal(arena_cstr(&a, d.classification), "");
    arena_done(&a);
}

/* ---- lists ---- */

static void the_approved_list_takes_names_and_wildcards(void **state)
{
    (void)state;
    struct str exact = S("zlib1g"), wild = S("zlib*");
    struct str other = S("openssl"), full = S("zlib1g:amd64");
    struct baseline b = { .os = PATCH_OS_DEBIAN, .approved_level = COMPLIANCE_HIGH };

    b.approved = list_of(&exact);
    check_state(&b, SECURITY_UPDATE, PATCH_MISSING);
    check_state(&b, OTHER_UPDATE, PATCH_INSTALLED_OTHER);
    b.approved_non_security = true;
    check_state(&b, OTHER_UPDATE, PATCH_MISSING);
    b.approved = list_of(&wild);
    check_state(&b, OTHER_UPDATE, PATCH_MISSING);
    b.approved = list_of(&other);
    check_state(&b, OTHER_UPDATE, PATCH_INSTALLED_OTHER);
    b.approved = list_of(&full);
    check_state(&b, OTHER_UPDATE, PATCH_INSTALLED_OTHER);
}

static void rejected_packages(void **state)
{
    (void)state;
    struct str name = S("zlib1g");
    struct baseline b = *baseline_default(PATCH_OS_DEBIAN);

    b.rejected = list_of(&name);
    check_state(&b, SECURITY_UPDATE, PATCH_INSTALLED_OTHER);
    check_state(&b, UP_TO_DATE_SEC, PATCH_INSTALLED_OTHER);
    b.rejected_action = REJECTED_BLOCK;
    check_state(&b, SECURITY_UPDATE, PATCH_INSTALLED_REJECTED);
    check_state(&b, UP_TO_DATE, PATCH_INSTALLED_REJECTED);
    check_state(&b, NOT_THERE, PATCH_NOT_APPLICABLE);
}

/* ---- filters, levels, dates ---- */

static struct baseline one_rule(struct baseline_rule *rule)
{
    return (struct baseline){ .os = PATCH_OS_DEBIAN, .rules = rule, .n_rules = 1 };
}

static void filters_are_anded_and_values_ored(void **state)
{
    (void)state;
    struct str sections[] = { S("net"), S("libs") }, priorities[] = { S("Optional") };
    struct str wrong[] = { S("Required") }, product[] = { S("Debian12") };
    struct baseline_filter items[] = {
        { PATCH_KEY_SECTION, { sections, 2 } },
        { PATCH_KEY_PRIORITY, { priorities, 1 } },
        { PATCH_KEY_PRODUCT, { product, 1 } },
    };
    struct baseline_rule rule = { .filters = { items, 3 } };
    struct baseline b = one_rule(&rule);
    struct patch_facts area = SECURITY_UPDATE;

    check_state(&b, SECURITY_UPDATE, PATCH_MISSING);
    area.candidate.section = S("non-free/libs");
    check_state(&b, area, PATCH_MISSING);
    items[1].values.items = wrong;
    check_state(&b, SECURITY_UPDATE, PATCH_INSTALLED_OTHER);
    items[1].values.items = priorities;
    b.global =
        (struct baseline_filters){ &(struct baseline_filter){ PATCH_KEY_PRIORITY, { wrong, 1 } },
                                   1 };
    check_state(&b, SECURITY_UPDATE, PATCH_INSTALLED_OTHER);
    b.approved = (struct strs){ &(struct str)S_INIT("zlib1g"), 1 };
    check_state(&b, SECURITY_UPDATE, PATCH_MISSING);
}

static void amazon_linux_2_has_two_names(void **state)
{
    (void)state;
    struct str names[] = { S("AmazonLinux2.0") };
    struct baseline_filter filter = { PATCH_KEY_PRODUCT, { names, 1 } };
    struct baseline_rule rule = { .filters = { &filter, 1 } };
    struct baseline b = one_rule(&rule);
    struct patch_facts f = SECURITY_UPDATE;

    b.os = PATCH_OS_AMAZON_LINUX_2;
    f.product = S("AmazonLinux2");
    check_state(&b, f, PATCH_MISSING);
    f.product = S("AmazonLinux2023");
    check_state(&b, f, PATCH_INSTALLED_OTHER);
}

static void the_highest_level_of_all_approvals_counts(void **state)
{
    (void)state;
    struct baseline_rule rules[] = { { .level = COMPLIANCE_LOW },
                                     { .level = COMPLIANCE_CRITICAL },
                                     { .level = COMPLIANCE_HIGH } };
    struct baseline b = { .os = PATCH_OS_DEBIAN, .rules = rules, .n_rules = 3 };
    struct arena a = { 0 };

    assert_int_equal(decide(&a, &b, SECURITY_UPDATE).level, COMPLIANCE_CRITICAL);
    assert_int_equal(decide(&a, &b, OTHER_UPDATE).level, COMPLIANCE_UNSPECIFIED);
    arena_done(&a);
}

static void dates_count_where_the_family_has_them(void **state)
{
    (void)state;
    struct baseline_rule rule = { .has_after_days = true, .approve_after_days = 7 };
    struct baseline b = one_rule(&rule);
    struct patch_facts f = SECURITY_UPDATE;

    f.candidate.released_at = DAY(-7);
    check_state(&b, f, PATCH_MISSING); /* Debian: immediate whatever is stored */
    b.os = PATCH_OS_ROCKY_LINUX;
    check_state(&b, f, PATCH_INSTALLED_OTHER); /* approved only after that instant */
    f.candidate.released_at -= 1;
    check_state(&b, f, PATCH_MISSING);
    f.candidate.released_at = 0;
    check_state(&b, f, PATCH_MISSING);
    rule = (struct baseline_rule){ .has_until = true, .approve_until = DAY(-1) };
    f.candidate.released_at = DAY(-1);
    check_state(&b, f, PATCH_MISSING);
    f.candidate.released_at = DAY(0);
    check_state(&b, f, PATCH_INSTALLED_OTHER);
}

static struct patch_facts noticed(struct patch_notice *notices, size_t count)
{
    return (struct patch_facts){
        .name = S("bash"),
        .arch = S("x86_64"),
        .has_update = true,
        .installed = { .version = S("0:5.1-1.el9") },
        .candidate = { .version = S("0:5.1-2.el9"),
                       .security = true,
                       .classification = S("Security"),
                       .severity = S("Moderate"),
                       .notices = { notices, count },
                       .released_at = DAY(-1) },
    };
}

static void one_of_several_notices_has_to_match_all_filters(void **state)
{
    (void)state;
    struct str bugfix = S("Bugfix"), moderate = S("Moderate");
    struct patch_notice notices[] = {
        { .id = S("RLBA-1"), .classification = S("Bugfix") },
        { .id = S("RLSA-2"), .classification = S("Security"), .severity = S("Moderate") },
    };
    struct baseline_filter items[] = { { PATCH_KEY_CLASSIFICATION, list_of(&bugfix) },
                                       { PATCH_KEY_SEVERITY, list_of(&moderate) } };
    struct baseline_rule rule = { .filters = { items, 1 } };
    struct baseline b = { .os = PATCH_OS_ROCKY_LINUX, .rules = &rule, .n_rules = 1 };
    struct patch_facts f = noticed(notices, 2);

    check_state(&b, f, PATCH_MISSING);
    rule.filters.count = 2; /* Moderate is what the other notice says */
    check_state(&b, f, PATCH_INSTALLED_OTHER);
}

/* An old bug fix and a security update of yesterday: each has its own date. */
static void a_notice_has_to_meet_filters_and_date_by_itself(void **state)
{
    (void)state;
    struct str bugfix = S("Bugfix"), security = S("Security"), both[] = { bugfix, security };
    static const struct {
        int old_days, new_days; /* of the bug fix, of the security update */
        int n_values;           /* 1: the rule is for bug fixes, 2: for both, -1: for security */
        bool is_until;          /* by a day, not by seven days */
        const char *notice;     /* that approves; NULL: none does */
    } rows[] = {
        { -30, -1, 1, false, "RLBA-1" },  { -30, -1, 2, false, "RLBA-1" },
        { -30, -1, -1, false, NULL },     { -30, -1, -1, true, NULL },
        { -30, -1, 1, true, "RLBA-1" },   { -30, -1, 2, true, "RLBA-1" },
        { -1, -30, 2, false, "RLSA-2" },  { -1, -30, 1, false, NULL },
        { -1, -30, -1, true, "RLSA-2" },  { -1, -1, 2, false, NULL },
        { -30, -20, 2, false, "RLBA-1" }, { -20, -30, 2, false, "RLSA-2" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = { 0 };
        struct patch_notice notices[] = {
            { .id = S("RLBA-1"), .classification = bugfix, .updated_at = DAY(rows[i].old_days) },
            { .id = S("RLSA-2"), .classification = security, .updated_at = DAY(rows[i].new_days) },
        };
        struct baseline_filter filter = {
            PATCH_KEY_CLASSIFICATION,
            rows[i].n_values < 0 ? list_of(&security)
                                 : (struct strs){ both, (size_t)rows[i].n_values },
        };
        struct baseline_rule rule = { .filters = { &filter, 1 },
                                      .has_after_days = !rows[i].is_until,
                                      .approve_after_days = 7,
                                      .has_until = rows[i].is_until,
                                      .approve_until = DAY(-10) };
        struct baseline b = { .os = PATCH_OS_ROCKY_LINUX, .rules = &rule, .n_rules = 1 };
        struct baseline_decision d = decide(&a, &b, noticed(notices, 2));

        assert_int_equal(d.state, rows[i].notice ? PATCH_MISSING : PATCH_INSTALLED_OTHER);
        assert_true(str_contains(d.reason, S("notice RL")));
        if (rows[i].notice)
            assert_true(str_contains(
                d.reason, arena_fmt(&a, "approved by rule 1 by notice %s", rows[i].notice)));
        arena_done(&a);
    }
}

static void the_approved_list_sees_every_notice(void **state)
{
    (void)state;
    struct patch_notice notices[] = { { .id = S("RLBA-1") }, { .id = S("RLSA-2") } };
    struct baseline b = { .os = PATCH_OS_ROCKY_LINUX };

    for (size_t i = 0; i < 2; i++) {
        b.approved = list_of(&notices[i].id);
        check_state(&b, noticed(notices, 2), PATCH_MISSING);
        b.rejected = b.approved; /* which knows no such ids */
        check_state(&b, noticed(notices, 2), PATCH_MISSING);
        b.rejected = (struct strs){ 0 };
    }
    check_state(&b, noticed(notices, 1), PATCH_INSTALLED_OTHER);
}

static void rpm_lists_take_advisories_cves_and_full_names(void **state)
{
    (void)state;
    struct str cve = S("CVE-2026-1"), full = S("bash-5.1-2.el9.x86_64"), epoch = S("bash-0:5.1-2*");
    struct patch_facts f = { .name = S("bash"), .arch = S("x86_64"), .has_update = true };
    struct baseline b = { .os = PATCH_OS_ROCKY_LINUX };

    f.installed.version = S("0:5.1-1.el9");
    f.candidate = (struct patch_version){ .version = S("0:5.1-2.el9"),
                                          .security = true,
                                          .cves = list_of(&cve) };
    b.approved = list_of(&cve);
    check_state(&b, f, PATCH_MISSING);
    b.approved = list_of(&full);
    check_state(&b, f, PATCH_MISSING);
    b.approved = list_of(&epoch);
    check_state(&b, f, PATCH_MISSING);
    b.rejected = list_of(&cve); /* no such ids in the rejected list */
    check_state(&b, f, PATCH_MISSING);
    b.rejected = list_of(&full);
    check_state(&b, f, PATCH_INSTALLED_OTHER);
}

static void rejecting_a_version_says_nothing_of_others(void **state)
{
    (void)state;
    struct str names[] = { S("bash"), S("bash-5.1-1.el9.x86_64"), S("bash-5.1-2.el9.x86_64") };
    struct baseline b = { .os = PATCH_OS_ROCKY_LINUX, .approved = list_of(&names[0]) };
    struct patch_facts f = { .name = S("bash"), .arch = S("x86_64"), .has_update = true };

    f.installed = (struct patch_version){ .version = S("0:5.1-1.el9"), .security = true };
    f.candidate = (struct patch_version){ .version = S("0:5.1-2.el9"), .security = true };
    for (int i = 0; i < 2; i++) {
        b.rejected_action = i == 0 ? REJECTED_ALLOW_AS_DEPENDENCY : REJECTED_BLOCK;
        b.rejected = list_of(&names[1]); /* what is there: its fix is wanted all the more */
        check_state(&b, f, PATCH_MISSING);
        b.rejected = list_of(&names[2]); /* what is offered */
        check_state(&b, f, PATCH_INSTALLED);
    }
}

static void suse_lists_take_patches_and_files(void **state)
{
    (void)state;
    struct patch_notice notice = { .id = S("SUSE-SLE-15-SP5-2026-7") };
    struct str cve = S("CVE-2026-1");
    static const struct {
        const char *entry;
        bool is_meant;
    } rows[] = {
        { "SUSE-SLE-15-SP5-2026-7", true },
        { "SUSE-SLE-15-SP5-2026-*", true },
        { "SUSE-SLE-15-SP5-2026", false },
        { "bash-5.1-2.1.x86_64.rpm", true },
        { "bash-5.1-2.*.rpm", true },
        { "bash-5.1-2.1.x86_64", true },
        { "bash-5.1-1.1.x86_64.rpm", false },
        { "bash*", true },
        { "CVE-2026-1", false }, /* not a form of zypper's */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str entry = str_of(rows[i].entry);
        struct baseline b = { .os = PATCH_OS_SUSE, .approved = list_of(&entry) };
        struct patch_facts f = { .name = S("bash"), .arch = S("x86_64"), .has_update = true };

        f.installed.version = S("0:5.0-1.1");
        f.candidate = (struct patch_version){ .version = S("0:5.1-2.1"),
                                              .security = true,
                                              .notices = { &notice, 1 },
                                              .cves = list_of(&cve) };
        check_state(&b, f, rows[i].is_meant ? PATCH_MISSING : PATCH_INSTALLED_OTHER);
        b.rejected = b.approved; /* the same forms */
        check_state(&b, f, PATCH_INSTALLED_OTHER);
        assert_int_equal(baseline_rejects(&b, &f, &f.candidate), rows[i].is_meant);
    }
}

static void every_predefined_baseline_is_found_by_os_and_id(void **state)
{
    (void)state;
    size_t count;
    const struct baseline *all = baseline_defaults(&count);

    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(baseline_default(all[i].os), &all[i]);
        assert_ptr_equal(baseline_default_by_id(all[i].id), &all[i]);
        assert_int_equal(all[i].id.len, 20);
    }
    assert_ptr_equal(baseline_default_by_id(S("arn:aws:ssm:us-east-1:075727635805:patchbaseline/"
                                              "pb-09a5f8eb62bde80b1")),
                     baseline_default(PATCH_OS_DEBIAN));
    assert_null(baseline_default(PATCH_OS_WINDOWS));
}

/* ---- properties ---- */

struct dice {
    uint64_t state;
};

static unsigned roll(struct dice *d, unsigned sides)
{
    d->state = d->state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(d->state >> 33) % sides;
}

static const struct str some_names[] = { S_INIT("zlib1g"), S_INIT("openssl"), S_INIT("z*"),
                                         S_INIT("bash"), S_INIT("*") };
static const struct str some_values[] = { S_INIT("optional"), S_INIT("libs"), S_INIT("Debian12"),
                                          S_INIT("*"),        S_INIT("net"),  S_INIT("Security"),
                                          S_INIT("Important") };
static const enum patch_key apt_keys[] = { PATCH_KEY_PRODUCT, PATCH_KEY_PRIORITY,
                                           PATCH_KEY_SECTION };
static const enum patch_key rpm_keys[] = { PATCH_KEY_PRODUCT, PATCH_KEY_CLASSIFICATION,
                                           PATCH_KEY_SEVERITY };

static const struct str some_ids[] = { S_INIT("RLSA-1"), S_INIT("RLBA-2"), S_INIT("RLSA-3") };

struct world {
    struct str approved[3], rejected[3], values[4][2];
    struct baseline_filter filters[4];
    struct baseline_rule rules[4];
    struct patch_notice notices[5];
    struct baseline b;
    struct patch_facts f;
};

static void random_rule(struct world *w, struct dice *d, size_t i)
{
    w->values[i][0] = some_values[roll(d, ARRAY_LEN(some_values))];
    w->values[i][1] = some_values[roll(d, ARRAY_LEN(some_values))];
    w->filters[i] = (struct baseline_filter){
        w->b.os == PATCH_OS_DEBIAN ? apt_keys[roll(d, 3)] : rpm_keys[roll(d, 3)],
        { w->values[i], 2 },
    };
    w->rules[i] = (struct baseline_rule){
        .filters = { &w->filters[i], roll(d, 2) },
        .level = (enum compliance_level)roll(d, 6),
        .enable_non_security = roll(d, 2),
        .has_after_days = true,
        .approve_after_days = (int)roll(d, 20),
    };
}

static void random_world(struct world *w, struct dice *d)
{
    *w = (struct world){ 0 };
    w->b.os = roll(d, 2) ? PATCH_OS_DEBIAN : PATCH_OS_ROCKY_LINUX;
    w->b.n_rules = roll(d, 4);
    for (size_t i = 0; i < 4; i++)
        random_rule(w, d, i);
    for (size_t i = 0; i < 3; i++) {
        w->approved[i] = some_names[roll(d, ARRAY_LEN(some_names))];
        w->rejected[i] = some_names[roll(d, ARRAY_LEN(some_names))];
    }
    w->b.rules = w->rules;
    w->b.approved = (struct strs){ w->approved, roll(d, 3) };
    w->b.rejected = (struct strs){ w->rejected, roll(d, 8) == 0 ? 1 : 0 };
    w->b.approved_non_security = roll(d, 2);
    w->b.rejected_action = (enum rejected_action)roll(d, 2);
    w->f = package("zlib1g", roll(d, 8) ? "1.0" : NULL, roll(d, 2), roll(d, 2) ? "1.1" : "1.0",
                   roll(d, 2));
    w->f.candidate.released_at = DAY(-(int)roll(d, 20));
    if (w->b.os != PATCH_OS_DEBIAN) {
        w->f.candidate.classification = roll(d, 2) ? S("Security") : S("Bugfix");
        w->f.candidate.severity = roll(d, 2) ? S("Important") : S("Low");
    }
    for (size_t i = 0; i < ARRAY_LEN(w->notices); i++)
        w->notices[i] = (struct patch_notice){
            .id = some_ids[roll(d, ARRAY_LEN(some_ids))],
            .classification = roll(d, 2) ? S("Security") : S("Bugfix"),
            .severity = roll(d, 2) ? S("Important") : S("Low"),
            .updated_at = roll(d, 8) ? DAY(-(int)roll(d, 20)) : 0,
        };
    if (w->b.os != PATCH_OS_DEBIAN && roll(d, 2)) {
        w->f.candidate.notices = (struct patch_notices){ w->notices, 1 + roll(d, 4) };
        w->f.candidate.security = true;
    }
    w->f.held = roll(d, 4) == 0;
    w->f.broken = roll(d, 8) == 0;
    w->f.failed = roll(d, 8) == 0;
    w->f.phased = roll(d, 8) == 0;
    w->f.pending_reboot = roll(d, 4) == 0;
}

static enum baseline_verdict verdict(const struct world *w)
{
    return baseline_approves(&w->b, &w->f, &w->f.candidate, DAY(0)).verdict;
}

static void rejected_always_wins(void **state)
{
    (void)state;
    struct dice d = { 1 };
    struct world w;

    for (int i = 0; i < 5000; i++) {
        struct arena a = { 0 };
        struct baseline_decision got;

        random_world(&w, &d);
        w.rejected[0] = S("zlib1g");
        w.b.rejected.count = 1;
        got = decide(&a, &w.b, w.f);
        assert_int_equal(verdict(&w), BASELINE_REJECTED);
        assert_int_not_equal(got.state, PATCH_MISSING);
        assert_int_not_equal(got.state, PATCH_INSTALLED);
        if (w.b.rejected_action == REJECTED_BLOCK && str_is_set(w.f.installed.version))
            assert_int_equal(got.state, PATCH_INSTALLED_REJECTED);
        if (w.b.rejected_action == REJECTED_ALLOW_AS_DEPENDENCY)
            assert_int_not_equal(got.state, PATCH_INSTALLED_REJECTED);
        arena_done(&a);
    }
}

static void the_order_of_rules_is_irrelevant(void **state)
{
    (void)state;
    struct dice d = { 2 };
    struct world w;

    for (int i = 0; i < 5000; i++) {
        struct arena a = { 0 };
        struct baseline_decision before, after;

        random_world(&w, &d);
        before = decide(&a, &w.b, w.f);
        for (size_t n = 0; n + 1 < w.b.n_rules; n++) {
            struct baseline_rule kept = w.rules[n];
            size_t other = n + roll(&d, (unsigned)(w.b.n_rules - n));

            w.rules[n] = w.rules[other];
            w.rules[other] = kept;
        }
        after = decide(&a, &w.b, w.f);
        assert_int_equal(before.state, after.state);
        assert_int_equal(before.level, after.level);
        assert_int_equal(before.install, after.install);
        arena_done(&a);
    }
}

static bool same_approval(const struct baseline_approval *x, const struct baseline_approval *y)
{
    return x->verdict == y->verdict && x->level == y->level && x->rule == y->rule &&
           str_eq(x->notice, y->notice);
}

/* What a rule says of several notices it says of one of them alone, and no more. */
static void check_said_of_one_notice(const struct world *w, const struct baseline_rule *rule)
{
    const struct patch_version *v = &w->f.candidate;
    struct baseline_opinion said = baseline_rule_says(&w->b, rule, &w->f, v, DAY(0));
    enum baseline_verdict most = BASELINE_NOT_FILTERED;

    for (size_t i = 0; i < v->notices.count; i++) {
        struct patch_version one = *v;
        struct baseline_opinion alone;

        one.notices = (struct patch_notices){ &v->notices.items[i], 1 };
        alone = baseline_rule_says(&w->b, rule, &w->f, &one, DAY(0));
        if (alone.verdict > most)
            most = alone.verdict;
    }
    if (v->notices.count > 0)
        assert_int_equal(said.verdict, most);
}

static void the_order_of_notices_is_irrelevant(void **state)
{
    (void)state;
    struct dice d = { 11 };
    struct world w;
    size_t n_reordered = 0;

    for (int i = 0; i < 5000; i++) {
        struct baseline_approval before, after;
        struct patch_notices *all = &w.f.candidate.notices;

        random_world(&w, &d);
        before = baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(0));
        for (size_t n = 0; n + 1 < all->count; n++) {
            struct patch_notice kept = all->items[n];
            size_t other = n + roll(&d, (unsigned)(all->count - n));

            all->items[n] = all->items[other];
            all->items[other] = kept;
            n_reordered += other != n;
        }
        after = baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(0));
        assert_true(same_approval(&before, &after));
        for (size_t n = 0; n < w.b.n_rules; n++)
            check_said_of_one_notice(&w, &w.rules[n]);
    }
    assert_true(n_reordered > 500);
}

static void adding_a_notice_never_unapproves(void **state)
{
    (void)state;
    struct dice d = { 12 };
    struct world w;
    size_t n_approved = 0, n_won = 0;

    for (int i = 0; i < 5000; i++) {
        struct baseline_approval before, after;

        random_world(&w, &d);
        if (w.f.candidate.notices.count == 0)
            continue;
        before = baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(0));
        w.f.candidate.notices.count++;
        after = baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(0));
        n_approved += before.verdict == BASELINE_APPROVED;
        n_won += after.verdict > before.verdict;
        assert_true(after.verdict >= before.verdict);
        if (before.verdict == BASELINE_APPROVED)
            assert_true(after.level >= before.level);
    }
    assert_true(n_approved > 100 && n_won > 20);
}

/* One notice is no more than what the version itself would say. */
static void one_notice_is_the_version_itself(void **state)
{
    (void)state;
    struct dice d = { 13 };
    struct world w;

    for (int i = 0; i < 5000; i++) {
        struct patch_version plain;
        const struct patch_notice *n = &w.notices[0];

        random_world(&w, &d);
        if (w.f.candidate.notices.count == 0)
            continue;
        w.f.candidate.notices.count = 1;
        plain = w.f.candidate;
        plain.notices = (struct patch_notices){ 0 };
        plain.classification = n->classification;
        plain.severity = n->severity;
        plain.released_at = n->updated_at;
        assert_int_equal(baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(0)).verdict,
                         baseline_approves(&w.b, &w.f, &plain, DAY(0)).verdict);
    }
}

static void adding_an_approval_never_removes_one(void **state)
{
    (void)state;
    struct dice d = { 3 };
    struct world w;

    for (int i = 0; i < 5000; i++) {
        struct baseline_approval before, after;

        random_world(&w, &d);
        before = baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(0));
        if (roll(&d, 2))
            w.b.approved.count++;
        else
            w.b.n_rules++;
        after = baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(0));
        if (before.verdict == BASELINE_APPROVED) {
            assert_int_equal(after.verdict, BASELINE_APPROVED);
            assert_true(after.level >= before.level);
        }
    }
}

static void adding_a_rejection_never_approves(void **state)
{
    (void)state;
    struct dice d = { 5 };
    struct world w;

    for (int i = 0; i < 5000; i++) {
        struct arena a = { 0 };
        struct baseline_decision before, after;
        enum baseline_verdict was;

        random_world(&w, &d);
        was = verdict(&w);
        before = decide(&a, &w.b, w.f);
        w.b.rejected.count++;
        after = decide(&a, &w.b, w.f);
        if (was != BASELINE_APPROVED)
            assert_int_not_equal(verdict(&w), BASELINE_APPROVED);
        if (!before.install && before.state != PATCH_INSTALLED_REJECTED)
            assert_true(!after.install || after.state == PATCH_FAILED);
        assert_true(after.level <= before.level);
        arena_done(&a);
    }
}

/* What waits for its days is approved one day, and stays so. */
static void approval_after_days_is_monotone_in_time(void **state)
{
    (void)state;
    struct dice d = { 6 };
    struct world w;
    int n_flips = 0;

    for (int i = 0; i < 2000; i++) {
        struct baseline_approval before = { 0 };

        random_world(&w, &d);
        for (int day = 0; day < 30; day++) {
            struct baseline_approval now = baseline_approves(&w.b, &w.f, &w.f.candidate, DAY(day));

            if (day > 0 && before.verdict == BASELINE_APPROVED) {
                assert_int_equal(now.verdict, BASELINE_APPROVED);
                assert_true(now.level >= before.level);
            }
            n_flips +=
                day > 0 && before.verdict == BASELINE_WAITS && now.verdict == BASELINE_APPROVED;
            before = now;
        }
    }
    assert_true(n_flips > 20); /* the worlds do have what this is about */
}

/* A later end of approval takes in what an earlier one did. */
static void approval_until_a_date_is_monotone_in_the_date(void **state)
{
    (void)state;
    struct dice d = { 7 };
    struct world w;

    for (int i = 0; i < 2000; i++) {
        enum baseline_verdict before, after;

        random_world(&w, &d);
        for (size_t n = 0; n < w.b.n_rules; n++) {
            w.rules[n].has_after_days = false;
            w.rules[n].has_until = true;
            w.rules[n].approve_until = DAY(-(int)roll(&d, 20));
        }
        before = verdict(&w);
        for (size_t n = 0; n < w.b.n_rules; n++)
            w.rules[n].approve_until += roll(&d, 10) * MSEC_DAY;
        after = verdict(&w);
        if (before == BASELINE_APPROVED)
            assert_int_equal(after, BASELINE_APPROVED);
    }
}

static void what_is_to_be_installed_is_not_called_compliant(void **state)
{
    (void)state;
    struct dice d = { 4 };
    struct world w;

    for (int i = 0; i < 5000; i++) {
        struct arena a = { 0 };
        struct baseline_decision got;

        random_world(&w, &d);
        got = decide(&a, &w.b, w.f);
        if (got.install)
            assert_false(patch_state_is_compliant(got.state));
        if (got.install)
            assert_false(w.f.held);
        if (!str_is_set(w.f.installed.version))
            assert_int_equal(got.state, PATCH_NOT_APPLICABLE);
        if (w.f.has_update && !w.f.phased && verdict(&w) == BASELINE_APPROVED &&
            str_is_set(w.f.installed.version))
            assert_false(patch_state_is_compliant(got.state));
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_baseline_wants_security_updates_only),
        cmocka_unit_test(a_newer_version_of_another_source_hides_the_security_one),
        cmocka_unit_test(circumstances_of_an_update),
        cmocka_unit_test(the_reason_names_every_link_of_the_chain),
        cmocka_unit_test(the_approved_list_takes_names_and_wildcards),
        cmocka_unit_test(rejected_packages),
        cmocka_unit_test(rejecting_a_version_says_nothing_of_others),
        cmocka_unit_test(filters_are_anded_and_values_ored),
        cmocka_unit_test(amazon_linux_2_has_two_names),
        cmocka_unit_test(the_highest_level_of_all_approvals_counts),
        cmocka_unit_test(dates_count_where_the_family_has_them),
        cmocka_unit_test(one_of_several_notices_has_to_match_all_filters),
        cmocka_unit_test(a_notice_has_to_meet_filters_and_date_by_itself),
        cmocka_unit_test(the_approved_list_sees_every_notice),
        cmocka_unit_test(rpm_lists_take_advisories_cves_and_full_names),
        cmocka_unit_test(suse_lists_take_patches_and_files),
        cmocka_unit_test(every_predefined_baseline_is_found_by_os_and_id),
        cmocka_unit_test(rejected_always_wins),
        cmocka_unit_test(the_order_of_rules_is_irrelevant),
        cmocka_unit_test(the_order_of_notices_is_irrelevant),
        cmocka_unit_test(adding_a_notice_never_unapproves),
        cmocka_unit_test(one_notice_is_the_version_itself),
        cmocka_unit_test(adding_an_approval_never_removes_one),
        cmocka_unit_test(adding_a_rejection_never_approves),
        cmocka_unit_test(approval_after_days_is_monotone_in_time),
        cmocka_unit_test(approval_until_a_date_is_monotone_in_the_date),
        cmocka_unit_test(what_is_to_be_installed_is_not_called_compliant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
