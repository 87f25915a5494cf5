/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf_config.h"
#include "patch/rpm/manager.h"

const struct rpm_manager rpm_manager = {
    .name = "dnf",
    .program = "/usr/bin/dnf",
    .advice = "dnf makecache",
    .read_config = dnf_config_read,
    .read_modules = modulemd_read,
};
