/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies that every account has under the names AWS gave them: what they allow
 * is AWS's (as far as the actions exist here), the documents are ours. The
 * account field of their ARNs is "aws".
 */
#pragma once

#include "svc/iam/managed.h"

/* 2015-02-06T18:39:46Z, when AWS introduced the first of them. */
#define PREDEFINED_CREATED_AT (1423247986 * MSEC_SECOND)

struct predefined {
    const char *arn, *id, *description, *document;
};

/* Sorted by ARN; arn == NULL ends it. */
extern const struct predefined predefined_policies[];

const struct predefined *predefined_find(struct str arn); /* NULL if none */
struct managed predefined_managed(const struct predefined *p, struct arena *a);
