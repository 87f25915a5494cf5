/* SPDX-License-Identifier: Apache-2.0 */
/* A function: its row, its name's many spellings, its rules. */
#pragma once

#include "api/ports.h"
#include "wire/shape.h"

#define FUNCTION_MAX_TIMEOUT 900
#define FUNCTION_MAX_ZIP     (50 * 1024 * 1024)
#define FUNCTION_MAX_FILES   10000
#define FUNCTION_MAX_BYTES   (250 * 1024 * 1024) /* unpacked */
#define FUNCTION_MAX_ENV     4096

struct function {
    struct str name, role, runtime, handler, description;
    struct str environment; /* JSON map, absent: none */
    struct str code;        /* blob name */
    struct str code_sha256; /* base64 */
    struct str policy;      /* JSON, absent: none */
    struct str revision;
    int64_t code_size, timeout, memory;
    msec modified_at;
};

struct str function_arn(struct op *op, struct str name);

/* What an authorization is asked for: the function's ARN, however `given` names it and
 * whether or not it is a name at all. */
struct str function_arn_of(struct op *op, struct str given);

/* NAME, ACCOUNT:function:NAME or the ARN, with :$LATEST or without. LAMBDA_INVALID_PARAMETER
 * for other qualifiers (there are no versions or aliases), LAMBDA_NOT_FOUND elsewhere. */
MUST_CHECK int function_name(struct op *op, struct str given, struct str *ret);

/* By any of those spellings; LAMBDA_NOT_FOUND with AWS's sentence. */
MUST_CHECK int function_find(struct op *op, struct str given, struct function *ret);

bool function_runtime_is_known(struct str runtime);

/* --- store: outcomes DB_NO_ROW, DB_CONFLICT ------------------------------- */

MUST_CHECK int function_get(struct db *db, struct arena *a, struct str account, struct str region,
                            struct str name, struct function *ret);
MUST_CHECK int function_insert(struct op *op, const struct function *f);
MUST_CHECK int function_update(struct op *op, const struct function *f);
MUST_CHECK int function_delete(struct op *op, struct str name);
MUST_CHECK int function_list(struct op *op, struct str after, int64_t limit, struct function **ret,
                             size_t *ret_count);
