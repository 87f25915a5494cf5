/* SPDX-License-Identifier: Apache-2.0 */
/* RPM-family hosts: libsolv for the facts (the module), dnf for the changes. */
#include "patch/provider.h"
#include "patch/rpm/dnf.h"

/* The module has it from rpm's database already. */
static void date(struct arena *a, const struct host *host, struct packages *packages)
{
    (void)a;
    (void)host;
    (void)packages;
}

const struct provider provider_rpm = {
    .name = "dnf",
    .family = PATCH_FAMILY_RPM,
    .module = "rpm",
    .arch_mark = '.',
    .use_sources = dnf_use_sources,
    .refresh = dnf_refresh,
    .date = date,
    .simulate = dnf_simulate,
    .find_versions = dnf_find_versions,
    .find_marks = dnf_find_marks,
    .install = dnf_install,
};
