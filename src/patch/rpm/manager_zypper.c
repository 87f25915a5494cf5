/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/manager.h"
#include "patch/rpm/zypp_config.h"

const struct rpm_manager rpm_manager = {
    .name = "zypper",
    .program = "/usr/bin/zypper",
    .advice = "zypper refresh",
    .read_config = zypp_config_read,
};
