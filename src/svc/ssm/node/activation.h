/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activations: what lets hosts register themselves as managed nodes. The code
 * is shown once and kept as a hash.
 */
#pragma once

#include "api/op.h"

#define ACTIVATION_LIFETIME     MSEC_DAY /* unless the client says otherwise */
#define ACTIVATION_MAX_LIFETIME (30 * MSEC_DAY)
#define ACTIVATION_CODE_LENGTH  20

struct activation {
    struct str id, account, region, code_hash, description, default_name;
    struct str role; /* a name, perhaps with its path, as the client wrote it */
    int64_t registration_limit, registrations;
    msec expires_at, created_at;
    struct str tags; /* JSON: key to value */
};

/* The ARN of the role that `name` ("Role" or "service-role/Role") stands for, checked
 * to be one that Systems Manager may assume and the caller may pass. OP_DENIED, OP_INVALID. */
MUST_CHECK int activation_role(struct op *op, struct str name, struct str *ret_arn);

MUST_CHECK int activation_insert(struct op *op, const struct activation *activation);
MUST_CHECK int activation_get(struct op *op, struct str id, struct activation *ret); /* DB_NO_ROW */
MUST_CHECK int activation_list(struct op *op, struct str after, int64_t limit,
                               struct activation **ret, size_t *ret_count);
MUST_CHECK int activation_delete(struct op *op, struct str id);
MUST_CHECK int activation_count_registration(struct op *op, struct str id);
