/* SPDX-License-Identifier: Apache-2.0 */
/* A BaselineOverride: exactly one entry for the system, read as a baseline is. */
#include "base/json.h"
#include "engine/baseline_doc.h"
#include "engine/baseline_override.h"

#include "../test.h"

#define RULES                                                                                      \
    "\"GlobalFilters\":{\"PatchFilters\":[{\"Key\":\"SECTION\",\"Values\":[\"libs\"]}]},"          \
    "\"ApprovalRules\":{\"PatchRules\":[{\"PatchFilterGroup\":{\"PatchFilters\":[]},"              \
    "\"ComplianceLevel\":\"HIGH\",\"ApproveAfterDays\":3,\"EnableNonSecurity\":true}]},"           \
    "\"ApprovedPatches\":[\"a*\"],\"RejectedPatches\":[\"b\"],"                                    \
    "\"RejectedPatchesAction\":\"BLOCK\",\"Sources\":[{\"Name\":\"one\",\"Products\":[\"*\"],"     \
    "\"Configuration\":\"deb file:x y z\"}]"

static int parse(struct arena *a, const char *text, struct baseline_override *ret, struct str *why)
{
    struct value *doc = NULL;

    assert_int_equal(json_parse(a, str_of(text), &doc, NULL), 0);
    return baseline_override_parse(a, doc, PATCH_OS_DEBIAN, ret, why);
}

static void every_member_is_read(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct baseline_override o;
    struct str why = S("");

    int result = parse(&a,
                       "[{\"OperatingSystem\":\"WINDOWS\",\"Whatever\":1},"
                       "{\"OperatingSystem\":\"DEBIAN\",\"BaselineId\":\"pb-1\",\"Name\":\"mine\","
                       "\"CreatedDate\":1.5,\"PatchGroups\":[\"x\"],"
                       "\"AvailableSecurityUpdatesComplianceStatus\":null," RULES "}]",
                       &o, &why);
    assert_str(why, "");
    assert_int_equal(result, 0);
    assert_str(o.baseline.id, "pb-1");
    assert_str(o.baseline.name, "mine");
    assert_int_equal(o.baseline.global.count, 1);
    assert_int_equal(o.baseline.n_rules, 1);
    assert_int_equal(o.baseline.rules[0].level, COMPLIANCE_HIGH);
    assert_int_equal(o.baseline.rules[0].approve_after_days, 3);
    assert_true(o.baseline.rules[0].enable_non_security);
    assert_str(o.baseline.approved.items[0], "a*");
    assert_int_equal(o.baseline.rejected_action, REJECTED_BLOCK);
    assert_str(o.baseline.sources[0].configuration, "deb file:x y z");
    /* What it is called is no member of the request. */
    assert_str(json_format(&a, o.request), "{\"OperatingSystem\":\"DEBIAN\"," RULES "}");
    arena_done(&a);
}

static void what_cannot_be_used_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "{}", "it is not a list of at most 100 baselines" },
        { "[]", "none of its baselines is for DEBIAN" },
        { "[{\"OperatingSystem\":\"UBUNTU\"}]", "none of its baselines is for DEBIAN" },
        { "[{\"OperatingSystem\":\"DEBIAN\"},{\"OperatingSystem\":\"DEBIAN\"}]",
          "more than one of its baselines is for DEBIAN" },
        { "[{\"OperatingSystem\":\"DEBIAN\"},7]", "[1] is no baseline with an OperatingSystem" },
        { "[{\"OperatingSystem\":\"DEBIAN\",\"ApprovedPatch\":[\"x\"]}]",
          "the member ApprovedPatch is not supported" },
        { "[{\"OperatingSystem\":\"DEBIAN\",\"ApprovalRules\":{\"PatchRules\":["
          "{\"PatchFilterGroup\":{\"PatchFilters\":[{\"Key\":\"SECTION\",\"Value\":1}]}}]}}]",
          "the member Value is not supported" },
        { "[{\"OperatingSystem\":\"DEBIAN\",\"RejectedPatchesAction\":\"MAYBE\"}]",
          "rejectedPatchesAction is neither ALLOW_AS_DEPENDENCY nor BLOCK" },
        { "[{\"OperatingSystem\":\"DEBIAN\",\"GlobalFilters\":7}]",
          "globalFilters is not an object" },
        { "[{\"OperatingSystem\":\"DEBIAN\",\"Sources\":[{\"Name\":\"x\",\"Products\":[\"*\"],"
          "\"Configuration\":\"x\"}]}]",
          "the configuration of sources[0] is wrong: it does not begin with \"deb\"" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = { 0 };
        struct baseline_override o;
        struct str why = S("");

        assert_int_equal(parse(&a, cases[i][0], &o, &why), BASELINE_OVERRIDE_UNUSABLE);
        assert_str(why, cases[i][1]);
        arena_done(&a);
    }
}

static void rules_are_the_same_whatever_they_are_called(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct baseline_override one, two, other;

    assert_int_equal(
        parse(&a, "[{\"OperatingSystem\":\"DEBIAN\",\"Name\":\"x\"," RULES "}]", &one, NULL), 0);
    assert_int_equal(
        parse(&a, "[{\"OperatingSystem\":\"DEBIAN\",\"BaselineId\":\"y\"," RULES "}]", &two, NULL),
        0);
    assert_int_equal(
        parse(&a, "[{\"OperatingSystem\":\"DEBIAN\",\"ApprovedPatches\":[\"a\"]}]", &other, NULL),
        0);
    assert_true(baseline_same_rules(&a, &one.baseline, &two.baseline));
    assert_false(baseline_same_rules(&a, &one.baseline, &other.baseline));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(what_cannot_be_used_is_refused_with_its_reason),
        cmocka_unit_test(rules_are_the_same_whatever_they_are_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
