/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of the names, and the limits, that many operations take, as AWS's models have
 * them, and the shapes that several nouns share.
 */
#pragma once

#include "api/tags.h"
#include "wire/shape.h"

bool check_document_name(struct str s); /* without its length: 3 to 128 */
bool check_document_arn(struct str s);  /* a name or an ARN */
bool check_document_version(struct str s);
bool check_version_number(struct str s);
bool check_version_name(struct str s);
bool check_target_type(struct str s);
bool check_display_name(struct str s);
bool check_instance_id(struct str s);         /* i-... or mi-... */
bool check_managed_instance_id(struct str s); /* mi-... */
bool check_activation_id(struct str s);
bool check_uuid(struct str s);

/* clang-format off */
#define CHECK_DOCUMENT_NAME  .matches = check_document_name, .pattern = "^[a-zA-Z0-9_\\-.]{3,128}$"
#define CHECK_DOCUMENT_ARN   .matches = check_document_arn, .pattern = "^[a-zA-Z0-9_\\-.:/]{3,128}$"
#define CHECK_VERSION                                                                              \
    .matches = check_document_version, .pattern = "([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)"
#define CHECK_VERSION_NUMBER .matches = check_version_number, .pattern = "(^[1-9][0-9]*$)"
#define CHECK_VERSION_NAME   .matches = check_version_name, .pattern = "^[a-zA-Z0-9_\\-.]{1,128}$"
#define CHECK_TARGET_TYPE                                                                          \
    .max = 200, .matches = check_target_type, .pattern = "^\\/[\\w\\.\\-\\:\\/]*$"
#define CHECK_DISPLAY_NAME                                                                         \
    .max = 1024, .matches = check_display_name, .pattern = "^[\\w\\.\\-\\:\\/ ]*$"
#define CHECK_INSTANCE_ID                                                                          \
    .matches = check_instance_id, .pattern = "(^i-(\\w{8}|\\w{17})$)|(^mi-\\w{17}$)"
#define CHECK_MANAGED_INSTANCE_ID                                                                  \
    .min = 20, .max = 124, .matches = check_managed_instance_id, .pattern = "(^mi-[0-9a-f]{17}$)"
#define CHECK_ACTIVATION_ID                                                                        \
    .matches = check_activation_id,                                                                \
    .pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
#define CHECK_SNAPSHOT_ID                                                                          \
    .matches = check_uuid,                                                                         \
    .pattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
/* clang-format on */

struct target {
    struct str key;
    struct strs values;
};
extern const struct shape target_shape; /* Targets of commands and automations */

/* MaxConcurrency and MaxErrors, where they are given: the error of an operation, or 0. */
int check_rates(struct op *op, struct str max_concurrency, struct str max_errors);

/* Tags as this service takes them: a value has at least one character. */
extern const struct shape ssm_tag_shape;

struct name_values {
    struct str key;
    struct strs values;
};
