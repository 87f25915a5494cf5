/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What zypper is told on this host: /etc/zypp. Its variables ($releasever) are in addresses
 * only, which are of no interest here: a repository's metadata lies in a folder of its name.
 */
#pragma once

#include "patch/rpm/rpm_config.h"

/* Outcome RPM_CONFIG_BAD. */
MUST_CHECK int zypp_config_read(struct arena *a, const struct rpm_host *host,
                                struct rpm_config *ret, struct str *ret_why);

/* ---- pieces (for tests) ---- */

/* Adds the locks of /etc/zypp/locks. Outcome RPM_CONFIG_BAD: one is not understood. */
MUST_CHECK int zypp_locks_parse(struct arena *a, struct str text, struct rpm_config *config,
                                struct str *ret_why);

/* Whether a package of one vendor may take the place of another's. */
bool zypp_vendors_agree(const struct rpm_config *config, struct str one, struct str other);
