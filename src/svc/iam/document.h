/* SPDX-License-Identifier: Apache-2.0 */
/* Policy documents as texts: checked on the way in, URL-encoded on the way out. */
#pragma once

#include "api/op.h"
#include "engine/policy.h"

/* "IAM and AWS STS quotas": characters that are not white space. */
#define DOCUMENT_MAX_TRUST       2048
#define DOCUMENT_MAX_MANAGED     6144
#define DOCUMENT_MAX_USER_INLINE 2048 /* all of one user's together */
#define DOCUMENT_MAX_ROLE_INLINE 10240

/* Outcome: IAM_MALFORMED_POLICY_DOCUMENT, with the sentence. */
MUST_CHECK int document_check(struct op *op, struct str text, enum policy_kind kind);

size_t document_size(struct str text);

/* As answers carry it: percent-encoded after RFC 3986. */
struct str document_encode(struct arena *a, struct str text);
