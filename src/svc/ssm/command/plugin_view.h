/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of an invocation as the answers show them. */
#pragma once

#include "svc/ssm/command/runcommand.h"
#include "wire/shape.h"

struct plugin_view {
    struct str name, status, detail, output, output_url, error_url;
    struct str s3_region, s3_bucket, s3_prefix;
    int64_t code;
    msec started_at, ended_at;
};
extern const struct shape plugin_view_shape;

/* A step with all that is known of it. */
struct plugin_facts {
    struct str name;
    struct plugin state;
    struct str output, standard_output, standard_error; /* "" where there is none */
    bool is_reported;
};

/* In the document's order. */
MUST_CHECK int plugin_facts(struct op *op, const struct runcommand_invocation *row,
                            struct plugin_facts **ret, size_t *ret_count);
MUST_CHECK int plugin_views(struct op *op, const struct runcommand_invocation *row,
                            struct list *ret);
