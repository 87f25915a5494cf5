/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `precondition` of a step: StringEquals of two operands, one of which may be
 * platformType (compared with Linux, Windows or MacOS, case ignored); otherwise
 * at least one must refer to a parameter of the document.
 */
#pragma once

#include "base/value.h"

enum precondition {
    PRECONDITION_MET,
    PRECONDITION_UNMET,
    PRECONDITION_INVALID,
};

/* `ret_text` gets the precondition as replies quote it: "StringEquals": [a, b],
 * and, where it is invalid, what is wrong. */
enum precondition precondition_decide(struct arena *a, const struct value *precondition,
                                      const struct value *values, struct str *ret_text);
