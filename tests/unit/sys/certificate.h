/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate that names 127.0.0.1 and patch.test, and its key, in a folder of their own. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"

struct certificate {
    char dir[64], cert[80], key[80];
};

static inline bool certificate_make(struct certificate *c)
{
    char command[512];

    strcpy(c->dir, "/tmp/patchbay-tls-XXXXXX");
    if (!mkdtemp(c->dir))
        return false;
    snprintf(c->cert, sizeof(c->cert), "%s/cert", c->dir);
    snprintf(c->key, sizeof(c->key), "%s/key", c->dir);
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-subj /CN=test -addext subjectAltName=IP:127.0.0.1,DNS:patch.test "
             "-keyout %s -out %s 2>/dev/null",
             c->key, c->cert);
    return system(command) == 0;
}

static inline void certificate_done(struct certificate *c)
{
    unlink(c->cert);
    unlink(c->key);
    rmdir(c->dir);
}
