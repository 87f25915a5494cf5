/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot document: read back as written, and refused where it lies. */
#include "base/json.h"
#include "engine/baseline_default.h"
#include "engine/baseline_doc.h"

#include "../test.h"

static int parse(struct arena *a, const char *text, struct baseline_snapshot *ret, struct str *why)
{
    struct value *doc = NULL;

    assert_int_equal(json_parse(a, str_of(text), &doc, NULL), 0);
    return baseline_parse(a, doc, ret, why);
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    struct arena a = { 0 };
    size_t count;
    const struct baseline *all = baseline_defaults(&count);

    for (size_t i = 0; i < count; i++) {
        struct baseline_snapshot s = { .baseline = all[i], .patch_group = S("web") }, back;
        struct str first = json_format(&a, baseline_format(&a, &s));

        assert_int_equal(parse(&a, arena_cstr(&a, first), &back, NULL), 0);
        assert_true(str_eq(back.patch_group, S("web")));
        assert_true(str_eq(first, json_format(&a, baseline_format(&a, &back))));
    }
    arena_done(&a);
}

static void every_member_is_read(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct baseline_snapshot s;

    assert_int_equal(
        parse(&a,
              "{\"patchBaseline\":{\"baselineId\":\"pb-1\",\"operatingSystem\":\"DEBIAN\","
              "\"globalFilters\":{\"filters\":[{\"key\":\"SECTION\",\"values\":[\"libs\"]}]},"
              "\"approvalRules\":{\"rules\":[{\"filterGroup\":{\"filters\":[]},"
              "\"complianceLevel\":\"HIGH\",\"enableNonSecurity\":true,\"approveAfterDays\":null,"
              "\"approveUntilDate\":\"2026-01-31\"}]},"
              "\"approvedPatches\":[\"a*\"],\"approvedPatchesComplianceLevel\":\"LOW\","
              "\"approvedPatchesEnableNonSecurity\":true,\"rejectedPatches\":[\"b\"],"
              "\"rejectedPatchesAction\":\"BLOCK\",\"createdTime\":1.5,\"sources\":"
              "[{\"name\":\"x\",\"products\":[\"*\"],\"configuration\":\"deb file:x y z\"}]},"
              "\"patchGroup\":null,\"patches\":[]}",
              &s, NULL),
        0);
    assert_int_equal(s.baseline.n_rules, 1);
    assert_int_equal(s.baseline.rules[0].level, COMPLIANCE_HIGH);
    assert_true(s.baseline.rules[0].has_until);
    assert_false(s.baseline.rules[0].has_after_days);
    assert_true(s.baseline.rules[0].approve_until == 1769903999999); /* 2026-01-31T23:59:59.999Z */
    assert_int_equal(s.baseline.global.items[0].key, PATCH_KEY_SECTION);
    assert_true(str_eq(s.baseline.approved.items[0], S("a*")));
    assert_int_equal(s.baseline.approved_level, COMPLIANCE_LOW);
    assert_true(s.baseline.approved_non_security);
    assert_int_equal(s.baseline.rejected_action, REJECTED_BLOCK);
    assert_int_equal(s.baseline.created_at, 1500);
    assert_int_equal(s.baseline.n_sources, 1);
    arena_done(&a);
}

#define RULE(members)                                                                              \
    "{\"operatingSystem\":\"DEBIAN\",\"approvalRules\":{\"rules\":[{" members "}]}}"
#define FILTER(members) RULE("\"filterGroup\":{\"filters\":[{" members "}]}")

static void a_document_that_lies_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"patchBaseline\":[]}",
        "{\"patchBaseline\":{}}",
        "{\"operatingSystem\":\"PLAN9\"}",
        "{\"operatingSystem\":7}",
        "{\"operatingSystem\":\"DEBIAN\",\"approvedPatches\":\"bash\"}",
        "{\"operatingSystem\":\"DEBIAN\",\"approvedPatches\":[7]}",
        "{\"operatingSystem\":\"DEBIAN\",\"approvedPatches\":[\"\"]}",
        "{\"operatingSystem\":\"DEBIAN\",\"rejectedPatchesAction\":\"MAYBE\"}",
        "{\"operatingSystem\":\"DEBIAN\",\"approvedPatchesEnableNonSecurity\":\"true\"}",
        "{\"operatingSystem\":\"DEBIAN\",\"approvedPatchesComplianceLevel\":\"AWFUL\"}",
        "{\"operatingSystem\":\"DEBIAN\",\"createdTime\":true}",
        "{\"operatingSystem\":\"DEBIAN\",\"sources\":[{}]}",
        "{\"operatingSystem\":\"DEBIAN\",\"approvalRules\":{\"rules\":[7]}}",
        "{\"operatingSystem\":\"DEBIAN\",\"globalFilters\":7}",
        RULE(""),
        RULE("\"filterGroup\":{},\"approveAfterDays\":361"),
        RULE("\"filterGroup\":{},\"approveAfterDays\":\"7\""),
        RULE("\"filterGroup\":{},\"approveUntilDate\":\"31.1.2026\""),
        RULE("\"filterGroup\":{},\"approveUntilDate\":\"2026-01-31\",\"approveAfterDays\":1"),
        "{\"operatingSystem\":\"CENTOS\",\"approvalRules\":{\"rules\":[{\"filterGroup\":{}}]}}",
        FILTER("\"key\":\"SEVERITY\",\"values\":[\"Critical\"]"),
        FILTER("\"key\":\"SECTION\",\"values\":[]"),
        FILTER("\"key\":\"SECTION\""),
        "{\"patchBaseline\":{\"operatingSystem\":\"DEBIAN\"},\"requiredFeatures\":[\"x\"]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena a = { 0 };
        struct baseline_snapshot s;
        struct str why = { 0 };

        assert_int_equal(parse(&a, bad[i], &s, &why), BASELINE_MALFORMED);
        assert_true(why.len > 0);
        arena_done(&a);
    }
}

static void counts_are_bounded(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct value *doc = value_map(&a), *names = value_list(&a);
    struct baseline_snapshot s;

    value_set_str(&a, doc, S("operatingSystem"), S("DEBIAN"));
    value_set(&a, doc, S("rejectedPatches"), names);
    for (int i = 0; i < BASELINE_MAX_NAMES; i++)
        value_append(&a, names, value_string(&a, S("x")));
    assert_int_equal(baseline_parse(&a, doc, &s, NULL), 0);
    assert_int_equal(s.baseline.rejected.count, BASELINE_MAX_NAMES);
    value_append(&a, names, value_string(&a, S("x")));
    assert_int_equal(baseline_parse(&a, doc, &s, NULL), BASELINE_MALFORMED);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(a_document_that_lies_is_refused),
        cmocka_unit_test(counts_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
