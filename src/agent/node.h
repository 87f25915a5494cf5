/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the heartbeat says of this host, and which boot of it this is.
 */
#pragma once

#include "agent/fingerprint.h"
#include "base/err.h"

/* NAME and VERSION_ID of an os-release file's text. */
void node_parse_os_release(struct arena *a, struct str text, struct str *ret_name,
                           struct str *ret_version);

/* The members of UpdateInstanceInformation. */
MUST_CHECK int node_describe(struct arena *a, struct str instance_id, struct value **ret);

/* By which a copy of this host's disk is told from it. What cannot be found out stays absent. */
struct host_facts node_facts(struct arena *a, const char *machine_id_file);

/* One line of a file that changes with every boot. */
MUST_CHECK int node_boot_id(struct arena *a, const char *path, struct str *ret);
