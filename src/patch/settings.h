/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator says of installs on this host, in /etc/patchbay/patch.conf
 * beside where the plane is. A zeroed struct is not the default: settings_read() is.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define SETTINGS_FILE "/etc/patchbay/patch.conf"

struct settings {
    bool fail_on_failed_units; /* units that failed in the course of an Install fail it */
    bool fail_on_any_lost_port;
    struct strs fail_on_lost_ports; /* "tcp/22"; instead of any */
    msec health_wait;               /* how long what is missing may take to come back */
    int niceness;                   /* 0: as we are */
    int io_level;                   /* 0..7 of best effort; SETTINGS_IO_IDLE, SETTINGS_IO_NONE */
    int64_t memory_limit;           /* bytes; 0: none */
    msec time_limit;                /* of an Install */
    msec script_limit;              /* after that, of each script of a package that still runs */
};

#define SETTINGS_IO_IDLE (-1)
#define SETTINGS_IO_NONE (-2)

enum settings_outcome {
    SETTINGS_UNKNOWN = 1, /* the key is none of ours */
    SETTINGS_MALFORMED = 2,
};

struct settings settings_default(void);

/* "110 minutes", "90 seconds": as people say what is set. */
struct str settings_time(struct arena *a, msec time);

/* One `key = value`. Outcomes SETTINGS_UNKNOWN, SETTINGS_MALFORMED. The value is kept. */
MUST_CHECK int settings_set(struct arena *a, struct settings *settings, struct str key,
                            struct str value);

/* The file at `path`, where there is one; keys of others are left alone. Outcome
 * SETTINGS_MALFORMED with *ret_why. */
MUST_CHECK int settings_read(struct arena *a, const char *path, struct settings *ret,
                             struct str *ret_why);
