/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/baseline_default.h"

/* Owner of the predefined baselines. */
#define OWNER S_INIT("075727635805")

/* clang-format off */

/* The views are not written through; struct strs has no const form. */
#define VALUES(array)  { (struct str *)(array), ARRAY_LEN(array) }
#define FILTERS(array) { (struct baseline_filter *)(array), ARRAY_LEN(array) }
#define RULES(array)   (struct baseline_rule *)(array), .n_rules = ARRAY_LEN(array)

static const struct str any[] = { S_INIT("*") };
static const struct str security[] = { S_INIT("Security") };
static const struct str bugfix[] = { S_INIT("Bugfix") };
static const struct str critical_important[] = { S_INIT("Critical"), S_INIT("Important") };
static const struct str important_moderate[] = { S_INIT("Important"), S_INIT("Moderate") };
static const struct str priorities[] = {
    S_INIT("Required"), S_INIT("Important"), S_INIT("Standard"), S_INIT("Optional"),
    S_INIT("Extra"),
};

static const struct baseline_filter apt_filters[] = {
    { PATCH_KEY_PRODUCT, VALUES(any) },
    { PATCH_KEY_PRIORITY, VALUES(priorities) },
};
static const struct baseline_filter security_filters[] = {
    { PATCH_KEY_PRODUCT, VALUES(any) },
    { PATCH_KEY_CLASSIFICATION, VALUES(security) },
    { PATCH_KEY_SEVERITY, VALUES(critical_important) },
};
static const struct baseline_filter oracle_filters[] = {
    { PATCH_KEY_PRODUCT, VALUES(any) },
    { PATCH_KEY_CLASSIFICATION, VALUES(security) },
    { PATCH_KEY_SEVERITY, VALUES(important_moderate) },
};
static const struct baseline_filter bugfix_filters[] = {
    { PATCH_KEY_PRODUCT, VALUES(any) },
    { PATCH_KEY_CLASSIFICATION, VALUES(bugfix) },
};
static const struct baseline_filter any_filters[] = { { PATCH_KEY_PRODUCT, VALUES(any) } };

#define AFTER_7_DAYS .has_after_days = true, .approve_after_days = 7

/* The stored 7 days of the apt family have no effect: it has no reliable dates. */
static const struct baseline_rule apt_rules[] = {
    { .filters = FILTERS(apt_filters), AFTER_7_DAYS },
};
static const struct baseline_rule rpm_rules[] = {
    { .filters = FILTERS(security_filters), AFTER_7_DAYS },
    { .filters = FILTERS(bugfix_filters), AFTER_7_DAYS },
};
static const struct baseline_rule oracle_rules[] = {
    { .filters = FILTERS(oracle_filters), AFTER_7_DAYS },
    { .filters = FILTERS(bugfix_filters), AFTER_7_DAYS },
};
static const struct baseline_rule centos_rules[] = {
    { .filters = FILTERS(any_filters), .enable_non_security = true, AFTER_7_DAYS },
};
static const struct baseline_rule suse_rules[] = {
    { .filters = FILTERS(security_filters), AFTER_7_DAYS },
};

#define PREDEFINED(system, baseline_id, short_name, os_name, rule_array) {                         \
    .id = S_INIT(baseline_id), .name = S_INIT("AWS-" short_name "PatchBaseline"),                  \
    .description = S_INIT("Default patch baseline for " os_name "."),                              \
    .account = OWNER, .os = PATCH_OS_##system, .rules = RULES(rule_array),                         \
}

static const struct baseline defaults[] = {
    PREDEFINED(AMAZON_LINUX, "pb-0d5b2b5f5e3a8c8a1", "AmazonLinuxDefault",
               "Amazon Linux", rpm_rules),
    PREDEFINED(AMAZON_LINUX_2, "pb-0be8c61cde3be63f3", "AmazonLinux2Default",
               "Amazon Linux 2", rpm_rules),
    PREDEFINED(AMAZON_LINUX_2022, "pb-0d5b2b5f5e3a8c8a2", "AmazonLinux2022Default",
               "Amazon Linux 2022", rpm_rules),
    PREDEFINED(AMAZON_LINUX_2023, "pb-05c9c9bf778d4c4d0", "AmazonLinux2023Default",
               "Amazon Linux 2023", rpm_rules),
    PREDEFINED(UBUNTU, "pb-0c7e89f711c3095f4", "UbuntuDefault", "Ubuntu", apt_rules),
    PREDEFINED(REDHAT_ENTERPRISE_LINUX, "pb-0cbb3a633de00f07c", "RedHatDefault",
               "Red Hat Enterprise Linux", rpm_rules),
    PREDEFINED(SUSE, "pb-07d8884178197b66b", "SuseDefault", "Suse", suse_rules),
    PREDEFINED(CENTOS, "pb-03e3f588eec25344c", "CentOSDefault", "CentOS", centos_rules),
    PREDEFINED(ORACLE_LINUX, "pb-06bff38e95fe85c02", "OracleLinuxDefault",
               "Oracle Linux", oracle_rules),
    PREDEFINED(DEBIAN, "pb-09a5f8eb62bde80b1", "DebianDefault", "Debian", apt_rules),
    PREDEFINED(RASPBIAN, "pb-0d5b2b5f5e3a8c8a3", "DefaultRaspbian", "Raspbian", apt_rules),
    PREDEFINED(ROCKY_LINUX, "pb-03ec98bc512aa3ac0", "RockyLinuxDefault", "Rocky Linux", rpm_rules),
    PREDEFINED(ALMA_LINUX, "pb-0cb0c4966f86b059b", "AlmaLinuxDefault", "AlmaLinux", rpm_rules),
};
/* clang-format on */

const struct baseline *baseline_defaults(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(defaults);
    return defaults;
}

const struct baseline *baseline_default(enum patch_os os)
{
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
        if (defaults[i].os == os)
            return &defaults[i];
    return NULL;
}

const struct baseline *baseline_default_by_id(struct str id)
{
    ptrdiff_t slash = str_rfind(id, '/');

    if (slash >= 0)
        id = str_from(id, (size_t)slash + 1);
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
        if (str_eq(defaults[i].id, id))
            return &defaults[i];
    return NULL;
}
