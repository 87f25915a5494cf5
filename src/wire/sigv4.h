/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4 (Signature Version 4 signing process, IAM user
 * guide), both ways: the plane verifies, the agent, the CLI and the outgoing
 * client sign. Pure: the time and the secret are arguments. Also the variant
 * hybrid nodes use (RSASSA-PSS over the same string to sign, base64).
 */
#pragma once

#include "base/arena.h"
#include "base/crypto.h"
#include "base/err.h"
#include "wire/http.h"

#define SIGV4_SKEW (15 * MSEC_MINUTE)

/* What the request claims about its signature, before anything is believed. */
struct sigv4_claim {
    struct str access_key; /* or a node id, for the RSA variant */
    struct str date;       /* yyyymmdd of the scope */
    struct str region, service;
    struct str token;          /* X-Amz-Security-Token, absent if none */
    struct str signed_headers; /* as written: "host;x-amz-date" */
    struct str signature;      /* hex, or base64 for RSA */
    struct str payload_hash;   /* x-amz-content-sha256 or UNSIGNED-PAYLOAD; absent: hash the body */
    msec signed_at;
    msec expires_after; /* presigned only, milliseconds */
    bool is_presigned;
    bool is_rsa; /* signature is base64: the node's variant */
};

enum sigv4_outcome {
    SIGV4_ABSENT = 1,     /* no signature at all */
    SIGV4_INCOMPLETE = 2, /* IncompleteSignature: *ret_why says what is wrong */
    SIGV4_MISMATCH = 3,   /* SignatureDoesNotMatch */
    SIGV4_SKEWED = 4,     /* RequestTimeTooSkewed / SignatureDoesNotMatch: expired or not yet */
    SIGV4_EXPIRED = 5,    /* a presigned URL past its time */
};

/* Outcomes SIGV4_ABSENT, SIGV4_INCOMPLETE. */
MUST_CHECK int sigv4_read(struct arena *a, const struct http_request *r, struct sigv4_claim *ret,
                          struct str *ret_why);

/* Derived key of (secret, date, Region, service); cache it. */
struct digest sigv4_key(struct str secret, struct str date, struct str region, struct str service);

/* Outcomes SIGV4_MISMATCH, SIGV4_SKEWED, SIGV4_EXPIRED. Host and every x-amz-* header
 * present must be signed (presigned: query parameters are), or it is a mismatch. */
MUST_CHECK int sigv4_verify(struct arena *a, const struct http_request *r,
                            const struct sigv4_claim *claim, const struct digest *key, msec now);
MUST_CHECK int sigv4_verify_rsa(struct arena *a, const struct http_request *r,
                                const struct sigv4_claim *claim, struct str spki_der, msec now);

struct sigv4_credentials {
    struct str access_key, secret;
    struct str token; /* absent for long-lived keys */
};

/* The headers to add to a request that has Host (and whatever else is to be
 * signed) in place: X-Amz-Date, X-Amz-Security-Token, Authorization. */
struct http_header *sigv4_sign(struct arena *a, const struct http_request *r,
                               const struct sigv4_credentials *credentials, struct str region,
                               struct str service, msec now, size_t *ret_count);

/* The node's variant: Credential is the node id, no token, signature base64. */
struct http_header *sigv4_sign_rsa(struct arena *a, const struct http_request *r, struct str node,
                                   const struct rsa_key *key, struct str region, struct str service,
                                   msec now, size_t *ret_count);

/* The query string of a presigned URL; host is what the client will send. */
struct str sigv4_presign(struct arena *a, struct str method, struct str host, struct str path,
                         struct str query, const struct sigv4_credentials *credentials,
                         struct str region, struct str service, msec now, msec expires_after);
