/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/patch_os.h"

/* clang-format off */
#define SYSTEM(name, family, ...) [PATCH_OS_##name] = { #name, PATCH_FAMILY_##family, __VA_ARGS__ }

static const struct patch_os_info systems[] = {
    [PATCH_OS_NONE] = { "", PATCH_FAMILY_NONE, NULL, NULL, NULL },
    SYSTEM(WINDOWS, NONE, NULL, NULL, NULL),
    SYSTEM(AMAZON_LINUX, RPM, "AmazonLinux", "amzn", "2018.03"),
    SYSTEM(AMAZON_LINUX_2, RPM, "AmazonLinux", "amzn", "2"),
    SYSTEM(AMAZON_LINUX_2022, RPM, "AmazonLinux", "amzn", "2022"),
    SYSTEM(AMAZON_LINUX_2023, RPM, "AmazonLinux", "amzn", "2023"),
    SYSTEM(UBUNTU, APT, "Ubuntu", "ubuntu", NULL),
    SYSTEM(REDHAT_ENTERPRISE_LINUX, RPM, "RedhatEnterpriseLinux", "rhel", NULL),
    SYSTEM(SUSE, ZYPPER, "Suse", "sles", NULL),
    SYSTEM(CENTOS, RPM, "CentOS", "centos", NULL),
    SYSTEM(ORACLE_LINUX, RPM, "OracleLinux", "ol", NULL),
    SYSTEM(DEBIAN, APT, "Debian", "debian", NULL),
    SYSTEM(MACOS, NONE, NULL, NULL, NULL),
    SYSTEM(RASPBIAN, APT, "Raspbian", "raspbian", NULL),
    SYSTEM(ROCKY_LINUX, RPM, "RockyLinux", "rocky", NULL),
    SYSTEM(ALMA_LINUX, RPM, "AlmaLinux", "almalinux", NULL),
};

#define ALL (BIT(PATCH_FAMILY_APT) | BIT(PATCH_FAMILY_RPM) | BIT(PATCH_FAMILY_ZYPPER))
#define APT BIT(PATCH_FAMILY_APT)
#define RPM (BIT(PATCH_FAMILY_RPM) | BIT(PATCH_FAMILY_ZYPPER))

static const struct {
    const char *name;
    unsigned families; /* whose rules may use it */
} keys[] = {
    [PATCH_KEY_PRODUCT]        = { "PRODUCT", ALL },
    [PATCH_KEY_PRIORITY]       = { "PRIORITY", APT },
    [PATCH_KEY_SECTION]        = { "SECTION", APT },
    [PATCH_KEY_CLASSIFICATION] = { "CLASSIFICATION", RPM },
    [PATCH_KEY_SEVERITY]       = { "SEVERITY", RPM },
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
