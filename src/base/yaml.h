/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to value trees, with CloudFormation's short forms (`!Ref x` becomes
 * { "Ref": x }, `!GetAtt a.b` becomes { "Fn::GetAtt": ["a", "b"] }, `!Sub x`
 * becomes { "Fn::Sub": x } ...). The only file that knows libyaml.
 *
 * Plain scalars stay strings unless they are null, true/false, or a number in
 * its one canonical decimal form: `2012-10-17`, `10%`, `012345678901`, `1.10`
 * and `yes` are strings. Aliases are refused, so a document cannot expand.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define YAML_MAX_DEPTH 64

enum yaml_outcome {
    YAML_MALFORMED = 1,
};

/* One document. The caller bounds the length of `text`. Duplicate keys are
 * refused. Outcome: YAML_MALFORMED with *ret_why (may be NULL) naming the line. */
MUST_CHECK int yaml_parse(struct arena *a, struct str text, struct value **ret,
                          struct str *ret_why);

/* JSON if the text starts with '{', YAML otherwise: how AWS takes documents. */
MUST_CHECK int yaml_or_json_parse(struct arena *a, struct str text, struct value **ret,
                                  struct str *ret_why);
