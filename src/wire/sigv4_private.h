/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a signature, one by one, for sigv4.c, sigv4_sign.c and the
 * tests that check each stage. Nothing outside of wire includes it.
 */
#pragma once

#include "wire/sigv4.h"

#define SIGV4_ALGORITHM          "AWS4-HMAC-SHA256"
#define SIGV4_UNSIGNED           "UNSIGNED-PAYLOAD"
#define SIGV4_UNSIGNED_CHUNKS    "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
#define SIGV4_MAX_SIGNED_HEADERS 64
#define SIGV4_MAX_PARAMETERS     2000 /* of a signed query string */
#define SIGV4_MAX_EXPIRES        (7 * MSEC_DAY)
#define SIGV4_HEX_SIZE           (2 * SHA256_SIZE)

/* What is signed of a request, beside the request itself. */
struct sigv4_scope {
    struct str region, service;
    struct str signed_headers; /* "host;x-amz-date": sorted, lower case */
    struct str payload_hash;
    struct str amz_date; /* 20261123T160000Z; its first part is the date of the scope */
    bool is_presigned;   /* X-Amz-Signature of the query is left out */
};

bool sigv4_is_s3(struct str service);

/* The query string in canonical form; absent if it has too many parameters. */
struct str sigv4_canonical_query(struct arena *a, struct str query, bool without_signature);

/* Absent if it cannot be signed: headers not sorted, not there, or too many. */
struct str sigv4_canonical_request(struct arena *a, const struct http_request *r,
                                   const struct sigv4_scope *scope);
struct str sigv4_string_to_sign(struct arena *a, const struct http_request *r,
                                const struct sigv4_scope *scope);

/* The signature as hex digits. */
void sigv4_signature(const struct digest *key, struct str string_to_sign, char ret[SIGV4_HEX_SIZE]);
