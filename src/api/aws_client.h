/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How services act on each other: the same operations, parameters and
 * authorization as a client on the wire has. Only for tasks' perform(), on
 * worker threads: a call may wait for a commit.
 *
 * Implemented in process by dispatch; a Region or an account may one day be
 * another endpoint, reached over HTTPS: callers do not notice.
 */
#pragma once

#include "api/op.h"
#include "base/value.h"

struct aws_client;

struct aws_request {
    const struct principal *as; /* who calls; its account is where the call goes */
    struct str region;
    const char *service;       /* "ssm" */
    const char *operation;     /* "SendCommand" */
    struct value *in;          /* members in JSON form, whatever the service's protocol */
    const struct op_key *keys; /* condition keys we vouch for: aws:SourceArn */
    size_t n_keys;
};

struct aws_result {
    int status;      /* HTTP; 200..299 is success */
    struct str code; /* of an error: "AccessDeniedException" */
    struct str message;
    struct value *out; /* of a success, in JSON form */
};

static inline bool aws_succeeded(const struct aws_result *r)
{
    return r->status >= 200 && r->status < 300;
}

/* Throttled or failed inside: worth trying again later. */
bool aws_is_transient(const struct aws_result *r);

/* 0 with *ret set, be it success or error; a fault where the call could not be made. */
MUST_CHECK int aws_call(struct aws_client *c, const struct aws_request *request, struct arena *a,
                        struct aws_result *ret);

/* sts:AssumeRole as `as`; on success *ret_principal is the session. */
MUST_CHECK int aws_assume(struct aws_client *c, const struct principal *as, struct str role_arn,
                          struct str session_name, struct arena *a, struct principal *ret_principal,
                          struct aws_result *ret);

/* sts:AssumeRole with what else is known of it. A service always says aws:SourceAccount. */
struct aws_assumption {
    const struct principal *as;
    struct str role_arn, session_name;
    struct str source_arn; /* for which a service does it: aws:SourceArn; absent: none */
};

MUST_CHECK int aws_assume_with(struct aws_client *c, const struct aws_assumption *what,
                               struct arena *a, struct principal *ret_principal,
                               struct aws_result *ret);
