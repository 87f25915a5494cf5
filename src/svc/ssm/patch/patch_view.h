/* SPDX-License-Identifier: Apache-2.0 */
/* A baseline as the operations take and show it, and back. */
#pragma once

#include "svc/ssm/patch/patch_baseline.h"
#include "wire/shape.h"

struct filter_view {
    struct str key;
    struct strs values;
};

struct filters_view {
    struct list items; /* filter_view */
};

struct rule_view {
    struct filters_view *group;
    struct str level, until;
    int64_t after_days;
    bool non_security;
};

struct rules_view {
    struct list items; /* rule_view */
};

struct source_view {
    struct str name, configuration;
    struct strs products;
};

struct baseline_view {
    struct str id, name, os, approved_level, rejected_action, description;
    struct filters_view *global;
    struct rules_view *rules;
    struct strs approved, rejected, groups;
    enum tristate approved_non_security;
    struct list sources; /* source_view */
    msec created_at, modified_at;
};

struct override_view {
    struct baseline_view v;
};

extern const struct shape filters_view_shape; /* PatchFilterGroup */
extern const struct shape rules_view_shape;   /* PatchRuleGroup */
extern const struct shape source_view_shape;  /* PatchSource */
extern const struct shape override_shape;     /* BaselineOverride */

bool check_baseline_id(struct str s);
bool check_baseline_name(struct str s);
bool check_patch_group(struct str s);

/* clang-format off */
#define CHECK_BASELINE_ID   LENGTH(20, 128), .matches = check_baseline_id, .pattern = "^[a-zA-Z0-9_\\-:/]{20,128}$"
#define CHECK_BASELINE_NAME LENGTH(3, 128), .matches = check_baseline_name, .pattern = "^[a-zA-Z0-9_\\-.]{3,128}$"
#define CHECK_PATCH_GROUP                                                                          \
    LENGTH(1, 256), .matches = check_patch_group, .pattern = "^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$"

/* What a baseline says of packages. */
#define BASELINE_RULES(T, VIEW) \
    STRUCT(T, VIEW.global, "GlobalFilters", OPTIONAL, filters_view_shape), \
    STRUCT(T, VIEW.rules, "ApprovalRules", OPTIONAL, rules_view_shape), \
    STRINGS(T, VIEW.approved, "ApprovedPatches", OPTIONAL, .min = 0, .max = 50, .item_min = 1, .item_max = 100), \
    STRING(T, VIEW.approved_level, "ApprovedPatchesComplianceLevel", OPTIONAL, .values = compliance_level_values), \
    TRISTATE(T, VIEW.approved_non_security, "ApprovedPatchesEnableNonSecurity", OPTIONAL), \
    STRINGS(T, VIEW.rejected, "RejectedPatches", OPTIONAL, .min = 0, .max = 50, .item_min = 1, .item_max = 100), \
    STRING(T, VIEW.rejected_action, "RejectedPatchesAction", OPTIONAL, .values = rejected_action_values), \
    LIST(T, VIEW.sources, "Sources", OPTIONAL, source_view_shape, .min = 0, .max = 20)

/* The members of a baseline that a request may set and an answer shows. */
#define BASELINE_MEMBERS(T, VIEW) \
    BASELINE_RULES(T, VIEW), \
    STRING(T, VIEW.description, "Description", OPTIONAL, LENGTH(1, 1024))
/* clang-format on */

/* PatchBaselineIdentity: a baseline in a list. */
struct baseline_identity {
    struct str id, name, os, description;
    bool is_default;
};
extern const struct shape baseline_identity_shape;
MUST_CHECK int patch_identity_of(struct op *op, const struct baseline *b,
                                 struct baseline_identity *ret);

/* The Filters of the Describe operations: struct name_values. */
extern const struct shape patch_filter_shape;
#define PATCH_FILTERS(T, M) LIST(T, M, "Filters", OPTIONAL, patch_filter_shape, .min = 0, .max = 5)

extern const char *const compliance_level_values[];
extern const char *const rejected_action_values[];

void patch_view_of(struct op *op, const struct baseline *b, struct baseline_view *ret);

/* Takes over what the view has into *b, whose system is set; what the view leaves out stays
 * as it is. OP_INVALID for keys and dates that the system does not know, and for sources
 * that its package manager would not understand. */
MUST_CHECK int patch_view_apply(struct op *op, const struct baseline_view *v, struct baseline *b);
