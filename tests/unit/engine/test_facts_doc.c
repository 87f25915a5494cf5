/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a host as a document: there and back, and what is not believed. */
#include "base/json.h"
#include "engine/facts_doc.h"

#include "../test.h"

static struct str cves[] = { S_INIT("CVE-2026-1"), S_INIT("CVE-2026-2") };

static struct patch_notice notices[] = {
    { S_INIT("RLSA-2024:0001"), S_INIT("Security"), S_INIT("Important"), 1700000000000 },
    { .id = S_INIT("RLBA-2024:0002"), .classification = S_INIT("Bugfix") },
};

static const struct patch_facts all_of_it = {
    .name = S_INIT("openssl-libs"),
    .arch = S_INIT("x86_64"),
    .product = S_INIT("RockyLinux9.3"),
    .installed = { .version = S_INIT("1:3.0.7-24.el9"), .origin = S_INIT("baseos") },
    .candidate = { .version = S_INIT("1:3.0.7-25.el9"),
                   .origin = S_INIT("updates"),
                   .security = true,
                   .priority = S_INIT("p"),
                   .section = S_INIT("s"),
                   .classification = S_INIT("Security"),
                   .severity = S_INIT("Important"),
                   .cves = { cves, 2 },
                   .bugs = { cves + 1, 1 },
                   .notices = { notices, 2 },
                   .released_at = 1700000000000 },
    .has_update = true,
    .hidden = S_INIT("1:3.0.8-1.el9"),
    .held = true,
    .phased = true,
    .broken = true,
    .failed = true,
    .failure = S_INIT("disk full"),
    .pending_reboot = true,
};

static struct facts_doc doc_of(struct patch_facts *packages, size_t count)
{
    return (struct facts_doc){
        .os = PATCH_OS_ROCKY_LINUX,
        .product = S("RockyLinux9.3"),
        .n_security_sources = 3,
        .packages = packages,
        .count = count,
    };
}

static void every_fact_comes_back(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct patch_facts given[] = { all_of_it };
    const struct facts_doc facts = doc_of(given, 1);
    struct value *doc;
    struct facts_doc got;
    const struct patch_facts *f;

    assert_int_equal(json_parse(&a, json_format(&a, facts_format(&a, &facts)), &doc, NULL), 0);
    assert_int_equal(facts_parse(&a, doc, &got, NULL), 0);
    assert_int_equal(got.os, PATCH_OS_ROCKY_LINUX);
    assert_int_equal(got.n_security_sources, 3);
    assert_int_equal(got.count, 1);
    f = &got.packages[0];
    assert_true(str_eq(f->name, all_of_it.name) && str_eq(f->arch, all_of_it.arch));
    assert_true(str_eq(f->product, all_of_it.product));
    assert_true(str_eq(f->installed.version, all_of_it.installed.version));
    assert_true(str_eq(f->hidden, all_of_it.hidden) && str_eq(f->failure, all_of_it.failure));
    assert_true(f->has_update && f->held && f->phased && f->broken && f->failed);
    assert_true(f->pending_reboot && f->candidate.security && !f->installed.security);
    assert_true(str_eq(f->candidate.severity, S("Important")));
    assert_true(str_eq(f->candidate.classification, S("Security")));
    assert_int_equal(f->candidate.cves.count, 2);
    assert_true(strs_have(f->candidate.bugs, S("CVE-2026-2")));
    assert_int_equal(f->candidate.notices.count, 2);
    assert_true(str_eq(f->candidate.notices.items[0].id, notices[0].id));
    assert_true(str_eq(f->candidate.notices.items[0].severity, S("Important")));
    assert_int_equal(f->candidate.notices.items[0].updated_at, 1700000000000);
    assert_true(str_eq(f->candidate.notices.items[1].classification, S("Bugfix")));
    assert_int_equal(f->candidate.notices.items[1].updated_at, 0);
    assert_int_equal(f->candidate.released_at, 1700000000000);
    assert_true(value_equal(doc, facts_format(&a, &got)));
    arena_done(&a);
}

/* What is up to date has one version, said once. */
static void what_is_up_to_date_is_its_own_candidate(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct patch_facts given[] = { {
        .name = S("bash"),
        .arch = S("x86_64"),
        .installed = { .version = S("5"), .security = true },
        .candidate = { .version = S("5"), .security = true },
    } };
    const struct facts_doc facts = doc_of(given, 1);
    struct value *doc = facts_format(&a, &facts);
    struct facts_doc got;

    assert_null(value_get(value_at(value_get(doc, S("packages")), 0), S("candidate")));
    assert_int_equal(facts_parse(&a, doc, &got, NULL), 0);
    assert_true(str_eq(got.packages[0].candidate.version, S("5")));
    assert_true(got.packages[0].candidate.security);
    arena_done(&a);
}

static void an_endless_failure_is_cut_between_characters(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char text[3001];
    struct patch_facts given[] = { all_of_it };
    const struct facts_doc facts = doc_of(given, 1);
    struct facts_doc got;

    for (size_t i = 0; i < 3000; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    given[0].failure = (struct str){ text, 3000 };
    assert_int_equal(facts_parse(&a, facts_format(&a, &facts), &got, NULL), 0);
    assert_int_equal(got.packages[0].failure.len, 1023);
    assert_true(str_is_utf8(got.packages[0].failure));
    arena_done(&a);
}

static void check_refused(const char *text, const char *member)
{
    struct arena a = { 0 };
    struct value *doc;
    struct facts_doc got;
    struct str why = S("");

    assert_int_equal(json_parse(&a, str_of(text), &doc, NULL), 0);
    assert_int_equal(facts_parse(&a, doc, &got, &why), FACTS_MALFORMED);
    if (!str_contains(why, str_of(member)))
        fail_msg("%s: %.*s", text, STR(why));
    arena_done(&a);
}

#define HEAD "{\"operatingSystem\":\"DEBIAN\",\"product\":\"Debian12\",\"packages\":"

static void nothing_is_believed(void **state)
{
    (void)state;

    check_refused("[]", "object");
    check_refused("{\"operatingSystem\":\"BEOS\",\"product\":\"x\",\"packages\":[]}", "BEOS");
    check_refused("{\"operatingSystem\":\"WINDOWS\",\"product\":\"x\",\"packages\":[]}", "WINDOWS");
    check_refused("{\"operatingSystem\":\"DEBIAN\",\"packages\":[]}", "product");
    check_refused(HEAD "{}}", "packages");
    check_refused(HEAD "[1]}", "package");
    check_refused(HEAD "[{\"name\":\"a\"}]}", "arch");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\"}]}", "neither");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"installed\":{}}]}", "version");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"installed\":7}]}", "version");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"held\":1}]}", "held");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"update\":true,"
                       "\"installed\":{\"version\":\"1\"}}]}",
                  "two versions");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"installed\":{\"version\":\"1\","
                       "\"cves\":[7]}}]}",
                  "cves[0]");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"installed\":{\"version\":\"1\","
                       "\"notices\":[\"RLSA-1\"]}}]}",
                  "notice");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"installed\":{\"version\":\"1\","
                       "\"notices\":[{\"severity\":\"Low\"}]}}]}",
                  "no id");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"installed\":{\"version\":\"1\","
                       "\"notices\":[{\"id\":\"RLSA-1\",\"updatedAt\":\"x\"}]}}]}",
                  "updatedAt");
    check_refused(HEAD "[{\"name\":\"a\",\"arch\":\"b\",\"installed\":{\"version\":\"1\","
                       "\"releasedAt\":-1}}]}",
                  "releasedAt");
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct facts_doc facts = doc_of(NULL, 0), got;
    struct value *doc = facts_format(&a, &facts), *list = value_get(doc, S("packages"));
    struct patch_facts small = all_of_it;
    struct str why = S("");

    for (int i = 0; i <= FACTS_MAX_PACKAGES; i++)
        value_append(&a, list, value_null(&a));
    assert_int_equal(facts_parse(&a, doc, &got, &why), FACTS_MALFORMED);
    assert_true(str_contains(why, S("packages")));

    doc = facts_format_head(&a, &facts);
    facts_format_add(&a, doc, &small);
    value_set_str(&a, value_at(value_get(doc, S("packages")), 0), S("name"),
                  (struct str){ arena_alloc(&a, 257), 257 });
    assert_int_equal(facts_parse(&a, doc, &got, &why), FACTS_MALFORMED);
    assert_true(str_contains(why, S("name")));
    arena_done(&a);
}

/* Whatever a host has, the plane takes what it tells. */
static void what_is_written_can_be_read(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct facts_doc facts = doc_of(NULL, 0), got;
    struct value *doc = facts_format_head(&a, &facts);
    struct str *many = arena_array(&a, struct str, 5000);
    struct patch_facts odd = all_of_it;
    struct str endless;
    char text[4096];

    memset(text, 'x', sizeof(text));
    endless = (struct str){ text, sizeof(text) };
    for (size_t i = 0; i < 5000; i++)
        many[i] = i % 2 ? S("CVE-1") : i % 4 ? S("") : endless;
    odd.candidate.cves = (struct strs){ many, 5000 };
    odd.candidate.origin = odd.candidate.severity = odd.hidden = endless;
    odd.failure = S("na\xefve");
    assert_true(facts_format_add(&a, doc, &odd));
    odd.name = endless;
    assert_false(facts_format_add(&a, doc, &odd));
    odd = all_of_it;
    odd.name = S("\xff");
    assert_false(facts_format_add(&a, doc, &odd));
    odd = all_of_it;
    odd.arch = S("");
    assert_false(facts_format_add(&a, doc, &odd));
    odd = all_of_it;
    odd.candidate.version = endless;
    assert_false(facts_format_add(&a, doc, &odd));
    assert_int_equal(facts_parse(&a, doc, &got, NULL), 0);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.packages[0].candidate.cves.count, 2500);
    assert_int_equal(got.packages[0].candidate.origin.len, 256);
    assert_true(str_eq(got.packages[0].failure, S("na?ve")));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fact_comes_back),
        cmocka_unit_test(what_is_up_to_date_is_its_own_candidate),
        cmocka_unit_test(an_endless_failure_is_cut_between_characters),
        cmocka_unit_test(nothing_is_believed),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(what_is_written_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
