/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's packages, for hosts that are not nodes yet: GET and HEAD, unsigned,
 * of /install.sh and of /packages/FILE, out of one folder that packaging/sign.sh
 * has filled. What is trusted is the signature over MANIFEST, which install.sh and
 * the agents verify; nothing is verified here.
 *
 * A signed request to one of these paths is S3's: there may be such buckets.
 */
#pragma once

#include "base/err.h"
#include "sys/http_server.h"

struct packages {
    struct str directory;  /* absent: none are served */
    struct str public_url; /* absent: the name by which the client came */
    const char *scheme;
};

/* A fault, with a sentence, if the folder is not there. */
MUST_CHECK int packages_check(const struct packages *p);

bool packages_is_path(const struct http_request *r);
void packages_answer(const struct packages *p, struct http_exchange *x);
