/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/association.h"

#include "base/json.h"

#include "../test.h"

static struct str shown(struct arena *a, const char *text)
{
    struct association_tags tags;

    if (!association_tags_parse(a, str_of(text), &tags))
        return S("refused");
    return arena_fmt(a, "%.*s: %.*s", STR(tags.key), STR(arena_join(a, tags.values, S("|"))));
}

static void tags_have_a_key_and_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        { "", ": " },
        { "Key=k,Values=v", "k: v" },
        { "Key=a key,Values=v1,v 2,Values=3", "a key: v1|v 2|Values=3" },
        { "Key=k", "refused" },
        { "Key=,Values=v", "refused" },
        { "Key=k,Values=", "refused" },
        { "Key=k,Values=v,", "refused" },
        { "Key=k,Value=v", "refused" },
        { "key=k,Values=v", "refused" },
        { "Values=v,Key=k", "refused" },
        { "Key=k$,Values=v", "refused" },
        { "Key=k,Values=v\"", "refused" },
        { "Key=k,Values=a\nb", "refused" },
        { "Key=k,Values=\xff", "refused" },
        { "Key=k,Values=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20",
          "k: 1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20" },
        { "Key=k,Values=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21", "refused" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = { 0 };
        assert_str(shown(&a, cases[i].text), cases[i].shown);
        arena_done(&a);
    }
}

static void a_report_is_one_item_of_the_association(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct baseline baseline = { .id = S("pb-1") };
    const struct scan scan = { .baseline = &baseline,
                               .n_state = { [PATCH_INSTALLED] = 3, [PATCH_MISSING] = 2 },
                               .n_security = 2,
                               .worst = COMPLIANCE_HIGH };
    const struct association_report report = { &scan, S("a-1"), S("c-1"), S("Scan"), 5000 };

    assert_str(json_format(&a, association_request(&a, &report, S("mi-1"))),
               "{\"ResourceId\":\"mi-1\",\"ResourceType\":\"ManagedInstance\","
               "\"ComplianceType\":\"Association\",\"UploadType\":\"PARTIAL\","
               "\"ExecutionSummary\":{\"ExecutionTime\":5,\"ExecutionId\":\"c-1\","
               "\"ExecutionType\":\"Command\"},\"Items\":[{\"Id\":\"a-1\","
               "\"Title\":\"AWS-RunPatchBaselineAssociation\",\"Severity\":\"HIGH\","
               "\"Status\":\"NON_COMPLIANT\",\"Details\":{"
               "\"DocumentName\":\"AWS-RunPatchBaselineAssociation\",\"PatchBaselineId\":\"pb-1\","
               "\"OperationType\":\"Scan\",\"InstalledCount\":\"3\",\"InstalledOtherCount\":\"0\","
               "\"InstalledRejectedCount\":\"0\",\"InstalledPendingRebootCount\":\"0\","
               "\"MissingCount\":\"2\",\"FailedCount\":\"0\",\"CriticalNonCompliantCount\":\"0\","
               "\"SecurityNonCompliantCount\":\"2\",\"OtherNonCompliantCount\":\"0\"}}]}");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_have_a_key_and_values),
        cmocka_unit_test(a_report_is_one_item_of_the_association),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
