/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What patchbayd is told: command line over configuration file over defaults.
 * An unknown key is an error, so that a typo cannot quietly mean the default.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"

struct config {
    struct str data;    /* folder of the database, keys and blobs */
    struct str listen;  /* ADDR:PORT or [ADDR6]:PORT */
    struct str address; /* of listen */
    uint16_t port;
    struct str public_url;         /* absent: http(s)://listen */
    struct str packages_dir;       /* absent: none are served */
    struct str management_account; /* first start only; absent: random */
    struct str tls_cert, tls_key;
    bool insecure_http; /* plain HTTP on an address that others can reach */
    int64_t threads, max_connections, workers;
    int64_t node_key_days; /* 0: nodes are not asked for new keys */
    struct str log_level;
    enum log_level level; /* of log_level */
};

enum config_outcome {
    CONFIG_WRONG = 1, /* *ret_why says what, for a person */
    CONFIG_HELP = 2,
    CONFIG_VERSION = 3,
};

/* Outcomes above. */
MUST_CHECK int config_read(struct arena *a, int argc, char **argv, struct config *ret,
                           struct str *ret_why);

/* The manual's text of every option, one a line. */
struct str config_help(struct arena *a);
