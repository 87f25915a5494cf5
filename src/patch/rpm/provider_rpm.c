/* SPDX-License-Identifier: Apache-2.0 */
/* RPM-family hosts: libsolv for the facts (the module), dnf or zypper for the changes. */
#include "patch/provider.h"
#include "patch/rpm/dnf.h"
#include "patch/rpm/zypper.h"

/* The module has it from rpm's database already. */
static void date(struct arena *a, const struct host *host, struct packages *packages)
{
    (void)a;
    (void)host;
    (void)packages;
}

static int dnf_simulate(struct arena *a, struct change_request *request, struct str *ret_why)
{
    return hand_simulate(a, &dnf_hand, request, ret_why);
}

static int dnf_find_versions(struct arena *a, struct change_request *request, struct str *ret_why)
{
    return hand_find_versions(a, &dnf_hand, request, ret_why);
}

static int dnf_find_along(struct arena *a, const struct change_request *request,
                          struct changes *ret, struct str *ret_why)
{
    return hand_find_along(a, &dnf_hand, request, ret, ret_why);
}

static int dnf_install(struct arena *a, struct change_request *request, struct str *ret_why)
{
    return hand_install(a, &dnf_hand, request, ret_why);
}

static int zypper_simulate(struct arena *a, struct change_request *request, struct str *ret_why)
{
    return hand_simulate(a, &zypper_hand, request, ret_why);
}

static int zypper_find_versions(struct arena *a, struct change_request *request,
                                struct str *ret_why)
{
    return hand_find_versions(a, &zypper_hand, request, ret_why);
}

static int zypper_find_along(struct arena *a, const struct change_request *request,
                             struct changes *ret, struct str *ret_why)
{
    return hand_find_along(a, &zypper_hand, request, ret, ret_why);
}

static int zypper_install(struct arena *a, struct change_request *request, struct str *ret_why)
{
    return hand_install(a, &zypper_hand, request, ret_why);
}

const struct provider provider_rpm = {
    .name = "dnf",
    .family = PATCH_FAMILY_RPM,
    .module = "rpm",
    .arch_mark = '.',
    .use_sources = hand_use_sources,
    .refresh = dnf_refresh,
    .date = date,
    .simulate = dnf_simulate,
    .find_versions = dnf_find_versions,
    .find_along = dnf_find_along,
    .find_marks = dnf_find_marks,
    .install = dnf_install,
};

const struct provider provider_zypper = {
    .name = "zypper",
    .family = PATCH_FAMILY_ZYPPER,
    .module = "zypp",
    .arch_mark = '.',
    .use_sources = hand_use_sources,
    .refresh = zypper_refresh,
    .date = date,
    .simulate = zypper_simulate,
    .find_versions = zypper_find_versions,
    .find_along = zypper_find_along,
    .find_marks = zypper_find_marks,
    .restore_marks = zypper_restore_marks,
    .install = zypper_install,
};
