/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordinary client of the public API: signs with credentials from where any
 * AWS tool takes them, and assumes OrganizationAccountAccessRole to look into
 * member accounts.
 */
#pragma once

#include "base/value.h"
#include "sys/http_client.h"
#include "wire/sigv4.h"

#define ACCESS_ROLE "OrganizationAccountAccessRole"

struct client {
    struct arena *a; /* of the answers; a command may change it between calls */
    struct arena *home;
    struct http_client *http;
    struct str endpoint; /* no slash at the end */
    const char *ca_file;
    struct str profile, credentials_file; /* where `own` is from; absent: the environment */
    struct sigv4_credentials own;
    struct str account;             /* of `own`; filled by client_whoami() */
    struct session_entry *sessions; /* assumed already */
};

enum client_outcome {
    CLIENT_FAILED = 1,      /* *why of the call says what, for a person */
    CLIENT_UNREACHABLE = 2, /* the same, and nobody answered */
};

/* Endpoint: --endpoint, PATCHBAY_ENDPOINT, AWS_ENDPOINT_URL. Credentials: AWS_ACCESS_KEY_ID and
 * its companions, or a profile (--profile, AWS_PROFILE, default) of
 * AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials. */
struct client_options {
    struct str endpoint, profile, credentials_file, ca_file;
};
MUST_CHECK int client_open(struct client *c, struct arena *a, const struct client_options *options,
                           struct str *ret_why);
void client_close(struct client *c);

/* One call of a JSON 1.1 operation, in an account (absent: our own) and Region. */
struct client_call {
    struct str account, region;
    const char *service; /* of the credential scope */
    const char *target;  /* "AmazonSSM.DescribeInstanceInformation" */
    struct value *in;    /* NULL: no members */
};
MUST_CHECK int client_call(struct client *c, const struct client_call *call, struct value **ret,
                           struct str *ret_why);

/* All pages of a list: the members `items` of all answers in one list. */
MUST_CHECK int client_list(struct client *c, const struct client_call *call, struct str items,
                           struct value **ret, struct str *ret_why);

/* Our own account, from sts:GetCallerIdentity. */
MUST_CHECK int client_whoami(struct client *c, struct str *ret_why);

/* Credentials for an account: our own, or a session of its access role. */
struct assumed {
    struct sigv4_credentials credentials;
    struct str expiration; /* ISO 8601; absent for our own */
};
MUST_CHECK int client_assume(struct client *c, struct str account, struct assumed *ret,
                             struct str *ret_why);
