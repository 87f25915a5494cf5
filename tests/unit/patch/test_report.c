/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/report.h"

#include "base/json.h"

#include "../test.h"

static const struct host host = { .root = S_INIT("/"), .os = PATCH_OS_DEBIAN };
static const struct baseline baseline = { .id = S_INIT("pb-1"), .name = S_INIT("test") };

static struct package package(const char *name, enum patch_state state)
{
    return (struct package){
        .facts = {
            .name = str_of(name),
            .arch = S("amd64"),
            .installed = { .version = S("1.0") },
            .candidate = { .version = S("1.1"), .security = true },
        },
        .decision = { .state = state, .classification = S("Security"),
                      .level = COMPLIANCE_HIGH },
        .installed_at = 1700000000000,
    };
}

static struct report report_of(struct scan *scan)
{
    return (struct report){
        .scan = scan,
        .patch_group = S("web"),
        .snapshot_id = S("snapshot"),
        .execution_id = S("command"),
        .operation = S("Install"),
        .reboot_option = S("NoReboot"),
        .execution_type = S("Command"),
        .started_at = 1700000000000,
        .ended_at = 1700000060000,
    };
}

static void the_summary_counts_in_strings(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct scan scan = { .host = &host,
                         .baseline = &baseline,
                         .n_security = 2,
                         .n_other = 1,
                         .worst = COMPLIANCE_HIGH };
    struct report report = report_of(&scan);

    scan.n_state[PATCH_INSTALLED] = 41;
    scan.n_state[PATCH_MISSING] = 3;
    scan.n_state[PATCH_NOT_APPLICABLE] = 6020;
    assert_str(
        json_format(&a, report_summary(&a, &report)),
        "{\"BaselineId\":\"pb-1\",\"PatchGroup\":\"web\",\"SnapshotId\":\"snapshot\","
        "\"ExecutionId\":\"command\",\"InstalledCount\":\"41\",\"InstalledOtherCount\":\"0\","
        "\"InstalledRejectedCount\":\"0\",\"InstalledPendingRebootCount\":\"0\","
        "\"NotApplicableCount\":\"6020\",\"MissingCount\":\"3\",\"FailedCount\":\"0\","
        "\"CriticalNonCompliantCount\":\"0\",\"SecurityNonCompliantCount\":\"2\","
        "\"OtherNonCompliantCount\":\"1\",\"OperationType\":\"Install\","
        "\"OperationStartTime\":\"2023-11-14T22:13:20Z\","
        "\"OperationEndTime\":\"2023-11-14T22:14:20Z\",\"RebootOption\":\"NoReboot\","
        "\"NonCompliantSeverity\":\"HIGH\"}");
    arena_done(&a);
}

static void an_item_has_every_member(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct package packages[] = { package("zlib1g", PATCH_MISSING),
                                  package("bash", PATCH_INSTALLED_OTHER) };
    struct scan scan = { .host = &host, .baseline = &baseline, .packages = { packages, 2, 2 } };
    struct report report = report_of(&scan);

    assert_str(json_format(&a, report_items(&a, &report)),
               "[{\"Id\":\"bash.amd64\",\"Title\":\"bash.amd64:1.0\",\"Severity\":\"HIGH\","
               "\"Status\":\"COMPLIANT\",\"PatchBaselineId\":\"pb-1\","
               "\"PatchState\":\"InstalledOther\",\"PatchGroup\":\"web\",\"DocumentName\":\"\","
               "\"DocumentVersion\":\"\",\"InstalledTime\":\"2023-11-14T22:13:20Z\","
               "\"Classification\":\"\",\"PatchSeverity\":\"\",\"CVEIds\":\"\"},"
               "{\"Id\":\"zlib1g.amd64\",\"Title\":\"zlib1g.amd64:1.1\",\"Severity\":\"HIGH\","
               "\"Status\":\"NON_COMPLIANT\",\"PatchBaselineId\":\"pb-1\","
               "\"PatchState\":\"Missing\",\"PatchGroup\":\"web\",\"DocumentName\":\"\","
               "\"DocumentVersion\":\"\",\"InstalledTime\":\"\","
               "\"Classification\":\"Security\",\"PatchSeverity\":\"\",\"CVEIds\":\"\"}]");
    arena_done(&a);
}

static void the_content_can_be_left_out_and_keeps_its_hash(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct package packages[] = { package("zlib1g", PATCH_MISSING) };
    struct scan scan = { .host = &host, .baseline = &baseline, .packages = { packages, 1, 1 } };
    struct report report = report_of(&scan);
    struct value *full = report_request(&a, &report, S("mi-1"), true);
    struct value *bare = report_request(&a, &report, S("mi-1"), false);
    struct value *item = value_at(value_get(full, S("Items")), 1);
    struct value *bare_item = value_at(value_get(bare, S("Items")), 1);

    assert_str(value_get_str(item, S("TypeName")), "AWS:ComplianceItem");
    assert_int_equal(value_count(value_get(item, S("Content"))), 1);
    assert_null(value_get(bare_item, S("Content")));
    assert_true(
        str_eq(value_get_str(item, S("ContentHash")), value_get_str(bare_item, S("ContentHash"))));
    assert_int_equal(value_get_str(item, S("ContentHash")).len, 64);
    assert_str(value_get_str(value_get(item, S("Context")), S("ExecutionId")), "snapshot");
    assert_non_null(value_get(value_at(value_get(bare, S("Items")), 0), S("Content")));

    packages[0].decision.state = PATCH_INSTALLED;
    assert_false(
        str_eq(report_hash(&a, report_items(&a, &report)), value_get_str(item, S("ContentHash"))));
    arena_done(&a);
}

static void more_cves_than_a_value_holds_are_cut_at_a_comma(void **state)
{
    struct arena a = { 0 };
    struct package p = package("kernel", PATCH_MISSING);
    struct str cves[400];
    struct scan scan = { .host = &host, .baseline = &baseline, .packages = { &p, 1, 1, 0 } };
    struct report report = report_of(&scan);
    struct str text;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cves); i++)
        cves[i] = S("CVE-2024-12345");
    p.facts.candidate.cves = (struct strs){ cves, ARRAY_LEN(cves) };
    text = value_get_str(value_at(report_items(&a, &report), 0), S("CVEIds"));
    assert_true(text.len <= 4096 && text.len > 4096 - 15);
    assert_true(str_ends(text, S("CVE-2024-12345")));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_cves_than_a_value_holds_are_cut_at_a_comma),
        cmocka_unit_test(the_summary_counts_in_strings),
        cmocka_unit_test(an_item_has_every_member),
        cmocka_unit_test(the_content_can_be_left_out_and_keeps_its_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
