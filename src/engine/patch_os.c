/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/patch_os.h"

/* clang-format off */
static const struct patch_os_info systems[] = {
    [PATCH_OS_NONE]                    = { "", PATCH_FAMILY_NONE, NULL, NULL, NULL },
    [PATCH_OS_WINDOWS]                 = { "WINDOWS", PATCH_FAMILY_NONE, NULL, NULL, NULL },
    [PATCH_OS_AMAZON_LINUX]            = { "AMAZON_LINUX", PATCH_FAMILY_RPM, "AmazonLinux", "amzn", "2018.03" },
    [PATCH_OS_AMAZON_LINUX_2]          = { "AMAZON_LINUX_2", PATCH_FAMILY_RPM, "AmazonLinux", "amzn", "2" },
    [PATCH_OS_AMAZON_LINUX_2022]       = { "AMAZON_LINUX_2022", PATCH_FAMILY_RPM, "AmazonLinux", "amzn", "2022" },
    [PATCH_OS_AMAZON_LINUX_2023]       = { "AMAZON_LINUX_2023", PATCH_FAMILY_RPM, "AmazonLinux", "amzn", "2023" },
    [PATCH_OS_UBUNTU]                  = { "UBUNTU", PATCH_FAMILY_APT, "Ubuntu", "ubuntu", NULL },
    [PATCH_OS_REDHAT_ENTERPRISE_LINUX] = { "REDHAT_ENTERPRISE_LINUX", PATCH_FAMILY_RPM, "RedhatEnterpriseLinux", "rhel", NULL },
    [PATCH_OS_SUSE]                    = { "SUSE", PATCH_FAMILY_ZYPPER, "Suse", "sles", NULL },
    [PATCH_OS_CENTOS]                  = { "CENTOS", PATCH_FAMILY_RPM, "CentOS", "centos", NULL },
    [PATCH_OS_ORACLE_LINUX]            = { "ORACLE_LINUX", PATCH_FAMILY_RPM, "OracleLinux", "ol", NULL },
    [PATCH_OS_DEBIAN]                  = { "DEBIAN", PATCH_FAMILY_APT, "Debian", "debian", NULL },
    [PATCH_OS_MACOS]                   = { "MACOS", PATCH_FAMILY_NONE, NULL, NULL, NULL },
    [PATCH_OS_RASPBIAN]                = { "RASPBIAN", PATCH_FAMILY_APT, "Raspbian", "raspbian", NULL },
    [PATCH_OS_ROCKY_LINUX]             = { "ROCKY_LINUX", PATCH_FAMILY_RPM, "RockyLinux", "rocky", NULL },
    [PATCH_OS_ALMA_LINUX]              = { "ALMA_LINUX", PATCH_FAMILY_RPM, "AlmaLinux", "almalinux", NULL },
};

static const struct {
    const char *name;
    unsigned families; /* whose rules may use it */
} keys[] = {
    [PATCH_KEY_PRODUCT]        = { "PRODUCT", BIT(PATCH_FAMILY_APT) | BIT(PATCH_FAMILY_RPM) | BIT(PATCH_FAMILY_ZYPPER) },
    [PATCH_KEY_PRIORITY]       = { "PRIORITY", BIT(PATCH_FAMILY_APT) },
    [PATCH_KEY_SECTION]        = { "SECTION", BIT(PATCH_FAMILY_APT) },
    [PATCH_KEY_CLASSIFICATION] = { "CLASSIFICATION", BIT(PATCH_FAMILY_RPM) | BIT(PATCH_FAMILY_ZYPPER) },
    [PATCH_KEY_SEVERITY]       = { "SEVERITY", BIT(PATCH_FAMILY_RPM) | BIT(PATCH_FAMILY_ZYPPER) },
};
/* clang-format on */

const struct patch_os_info *patch_os_info(enum patch_os os)
{
    assert((size_t)os < ARRAY_LEN(systems));
    return &systems[os];
}

enum patch_os patch_os_parse(struct str name)
{
    for (size_t i = PATCH_OS_NONE + 1; i < ARRAY_LEN(systems); i++)
        if (str_eq(name, str_of(systems[i].name)))
            return (enum patch_os)i;
    return PATCH_OS_NONE;
}

enum patch_os patch_os_of_release(struct str id, struct str version_id)
{
    for (size_t i = PATCH_OS_NONE + 1; i < ARRAY_LEN(systems); i++) {
        const struct patch_os_info *os = &systems[i];

        if (os->release_id && str_eq(id, str_of(os->release_id)) &&
            (!os->release_major || str_eq(version_id, str_of(os->release_major))))
            return (enum patch_os)i;
    }
    return PATCH_OS_NONE;
}

struct str patch_os_product(struct arena *a, enum patch_os os, struct str version_id)
{
    const char *product = patch_os_info(os)->product;

    return arena_fmt(a, "%s%.*s", product ? product : "", STR(version_id));
}

const char *patch_key_name(enum patch_key key)
{
    assert((size_t)key < ARRAY_LEN(keys));
    return keys[key].name;
}

bool patch_key_parse(enum patch_os os, struct str name, enum patch_key *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (str_eq(name, str_of(keys[i].name)) && keys[i].families & BIT(systems[os].family)) {
            *ret = (enum patch_key)i;
            return true;
        }
    return false;
}
