/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a command document and their places in it: `{{ name }}`. A
 * string that is nothing but one reference becomes the value itself, so a list
 * stays a list; inside other text a list becomes its JSON. Values are not
 * looked at again for references.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

enum parameter_outcome {
    PARAMETER_REFUSED = 1, /* *ret_why says which and why */
};

/* The value of every declared parameter: what was given, else its default.
 * Given values must be of the declared type, match allowedPattern (found
 * anywhere in the value, as the AWS agent does) and be among allowedValues. A
 * parameter with neither is refused; values for undeclared names are left out. */
MUST_CHECK int parameter_values(struct arena *a, const struct value *declared,
                                const struct value *given, struct value **ret, struct str *ret_why);

/* A copy of `v` with the references to `values` filled in; other references
 * stay as they are. */
struct value *parameter_fill(struct arena *a, const struct value *v, const struct value *values);

/* True if `text` refers to one of `values`. */
bool parameter_is_used(struct str text, const struct value *values);

/* True if a string anywhere in `v` has an `{{ssm:...}}` or `{{ssm-secure:...}}` reference. */
bool parameter_has_remote(const struct value *v);
