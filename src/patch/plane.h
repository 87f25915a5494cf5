/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plane as a managed node sees it: signed calls of the SSM API with the
 * node's own role credentials, which the agent (ours or amazon-ssm-agent) keeps
 * in an AWS shared credentials file.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"
#include "patch/settings.h"
#include "sys/http_client.h"

#define PLANE_CONFIG_FILE SETTINGS_FILE

struct plane {
    struct http_client *http;
    struct str endpoint; /* http(s)://host[:port] */
    struct str region, instance_id;
    struct str credentials_file, profile;
    const char *ca_file; /* NULL: the system's */
    msec skew;           /* of the plane's clock, by its answers: wire/skew.h */
};

enum plane_outcome {
    PLANE_UNCONFIGURED = 1, /* *ret_why: what is missing, and where it is looked for */
    PLANE_UNREACHABLE = 2,  /* *ret_why: also after some tries */
    PLANE_REFUSED = 3,      /* an error of the service */
};

/* Where the plane is and who this node is: the environment (PATCHBAY_ENDPOINT,
 * AWS_REGION, PATCHBAY_INSTANCE_ID, AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE), then
 * /etc/patchbay/patch.conf (endpoint, region, instance-id, credentials-file, profile,
 * ca-file, proxy, no-proxy), then what patchbay-agent and amazon-ssm-agent wrote when they were
 * registered. Outcome PLANE_UNCONFIGURED. */
MUST_CHECK int plane_open(struct arena *a, struct plane *ret, struct str *ret_why);
void plane_close(struct plane *p);

struct plane_error {
    struct str code; /* AccessDeniedException */
    struct str message;
    int status; /* of HTTP */
};

/* Whose operation it is. PLANE_PATCHBAY: what AWS has no operation for. */
enum plane_service {
    PLANE_SSM,
    PLANE_PATCHBAY,
    PLANE_TAGGING, /* Resource Groups Tagging API */
};
MUST_CHECK int plane_call_of(struct arena *a, struct plane *p, enum plane_service service,
                             const char *operation, const struct value *in, struct value **ret,
                             struct plane_error *ret_error, struct str *ret_why);

/* One call of PLANE_SSM. Outcomes PLANE_UNCONFIGURED (no credentials),
 * PLANE_UNREACHABLE, PLANE_REFUSED with *ret_error. */
MUST_CHECK int plane_call(struct arena *a, struct plane *p, const char *operation,
                          const struct value *in, struct value **ret, struct plane_error *ret_error,
                          struct str *ret_why);

/* The bytes behind a presigned or public URL, or behind s3://BUCKET/KEY, for which
 * the node's credentials are used. Redirects are not followed. Outcomes
 * PLANE_UNREACHABLE (also: not trusted, too large), PLANE_REFUSED, for s3 also
 * PLANE_UNCONFIGURED. */
MUST_CHECK int plane_download(struct arena *a, struct plane *p, struct str url, size_t max,
                              struct str *ret, struct plane_error *ret_error, struct str *ret_why);

/* The same for what a parameter's address names: https or s3 only, and *ret_why says in
 * people's words what is wrong with it. Outcome PLANE_UNREACHABLE. */
MUST_CHECK int plane_fetch_given(struct arena *a, struct plane *p, struct str url, size_t max,
                                 struct str *ret, struct str *ret_why);

/* ---- for tests ---- */

/* The members of a profile of a shared credentials file. False if it is not there. */
struct sigv4_credentials;
bool plane_read_profile(struct str text, struct str profile, struct sigv4_credentials *ret);
