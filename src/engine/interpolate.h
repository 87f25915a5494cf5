/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {{ references }} in the value trees of runbooks, and what they stand for.
 *
 * A name is a parameter, step.Output, global:X or automation:EXECUTION_ID. A
 * string that is one reference and nothing else becomes the value with its
 * type; as an item of a list, a list is put in flat. Elsewhere the value's text
 * takes the reference's place, and a list or a map has none. What was put in is
 * not looked at again, so references do not nest.
 *
 * AWS: "{{ global:DATE }}" and "{{ global:DATE_TIME }}" are evaluated when the
 * step is, and in a child execution ACCOUNT_ID and REGION are the target's.
 *
 * Open with AWS, so decided here: "{{" without "}}" is text; anything between
 * the two that is no name makes a document invalid.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

/* More than a document may hold; a few references to a long text could ask for
 * any amount. */
#define INTERPOLATE_MAX_BYTES ((size_t)1 << 20)

enum interpolate_outcome {
    INTERPOLATE_UNRESOLVED = 1,
};

struct interpolation {
    const struct value *parameters; /* name -> value */
    const struct value *outputs;    /* "step.Output" -> value */
    struct str execution_id, account, region, partition;
    msec now;
};

/* A copy of `tree` with its references resolved; views into both remain.
 * Outcome: INTERPOLATE_UNRESOLVED, with a sentence in *ret_why. */
MUST_CHECK int interpolate(struct arena *a, const struct value *tree,
                           const struct interpolation *with, struct value **ret,
                           struct str *ret_why);

/* Take the text up to the first reference off *rest, and the reference: true
 * with its name, which is empty if malformed. False, and all of it as text,
 * where there is none. */
bool reference_next(struct str *rest, struct str *ret_text, struct str *ret_name);

/* The name, if `text` is one reference and nothing else; absent otherwise. */
struct str reference_whole(struct str text);

bool reference_is_global(struct str name); /* a known global:X or automation:EXECUTION_ID */
