/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed this request, and did they? */
#pragma once

#include "api/ports.h"
#include "api/wire_errors.h"
#include "wire/sigv4.h"

struct identity {
    struct principal principal;
    struct str region, service; /* of the credential scope; absent without a signature */
};

/* 0 with *ret set (ANONYMOUS where there is no signature); 1 with *ret_error and
 * *ret_why; a fault. */
MUST_CHECK int authenticate(const struct plane *plane, struct db *db, struct arena *a,
                            const struct http_request *r, msec now, struct identity *ret,
                            enum wire_common *ret_error, struct str *ret_why);
