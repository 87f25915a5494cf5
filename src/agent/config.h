/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's settings: /etc/patchbay/agent.conf (`key = value` lines, '#'
 * comments), then the command line. An unknown key is an error.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define CONFIG_FILE  "/etc/patchbay/agent.conf"
#define CONFIG_STATE "/var/lib/patchbay-agent"

struct config {
    const char *state;
    const char *reboot_command;   /* run by sh -c */
    const char *proxy, *no_proxy; /* NULL: what the environment says */
    const char *boot_id_file;     /* whose content changes with every boot */
    const char *machine_id_file;  /* which every host has its own of */
    int64_t similarity;           /* percent: see fingerprint.h; 0: copies are not looked for */
    int64_t key_days;             /* the age at which the key is changed; 0: when the plane asks */
    msec outcast_pause;           /* after the plane refused this node as such, at most */
    msec reboot_timeout;          /* a node still up after that was not restarted */
    msec heartbeat;
    msec reconnect; /* the first window of a pause after a failure */
};

void config_defaults(struct config *config);

/* False, with a sentence, on an unknown key or a bad value. */
bool config_parse(struct arena *a, struct config *config, struct str text, struct str *ret_why);

/* Puts the proxy where this program and the steps it starts look for it. */
MUST_CHECK int config_export(const struct config *config);

/* Reads the file; it may be absent unless it was asked for by name. */
MUST_CHECK int config_load(struct arena *a, struct config *config, const char *path,
                           bool is_required, struct str *ret_why);

enum config_outcome {
    CONFIG_BAD = 1, /* *ret_why */
};
