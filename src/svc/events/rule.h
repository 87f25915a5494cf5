/* SPDX-License-Identifier: Apache-2.0 */
/* A rule: its row, and what all operations on rules share. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

#define RULES_PER_BUS 300

struct rule {
    struct str name, description, schedule, role_arn;
    bool enabled;
    msec phase_at; /* rates count from here: created, enabled, or given this schedule */
};

bool rule_name_is_valid(struct str s);
struct str rule_arn(struct op *op, struct str name);

/* Only the default bus is there: EVENTS_NOT_FOUND for another. */
MUST_CHECK int rule_check_bus(struct op *op, struct str bus);

/* EVENTS_NOT_FOUND with AWS's sentence. */
MUST_CHECK int rule_find(struct op *op, struct str name, struct rule *ret);

/* --- store: outcome DB_NO_ROW --------------------------------------------- */

MUST_CHECK int rule_get(struct op *op, struct str name, struct rule *ret);
MUST_CHECK int rule_put(struct op *op, const struct rule *rule);
MUST_CHECK int rule_delete(struct op *op, struct str name);
MUST_CHECK int rule_count(struct op *op, int64_t *ret);
MUST_CHECK int rule_list(struct op *op, struct str prefix, struct str after, int64_t limit,
                         struct rule **ret, size_t *ret_count);
