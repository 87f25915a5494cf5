/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that every service has, by the names their protocol gives them. */
#pragma once

#include "api/service.h"

enum wire_common {
    WIRE_DENIED,
    WIRE_INVALID,
    WIRE_UNSUPPORTED,
    WIRE_THROTTLED,
    WIRE_MALFORMED,
    WIRE_UNKNOWN,
    WIRE_INTERNAL,
    WIRE_NO_TOKEN,
    WIRE_INCOMPLETE,
    WIRE_BAD_KEY,
    WIRE_EXPIRED,
    WIRE_MISMATCH,
    WIRE_SKEWED,
    WIRE_TOO_LARGE,
};

struct wire_error {
    struct str code;
    int status;
};

struct wire_error wire_common_error(enum protocol protocol, enum wire_common which);

/* The name of an outcome of one of the service's handlers. */
struct wire_error wire_error_of(const struct service *service, int outcome);
