/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What IAM's names look like: the patterns of its API reference for field tables,
 * and the unique ids it hands out.
 */
#pragma once

#include "base/arena.h"

/* Extras of a field table's row. */
/* clang-format off */
#define IAM_NAME   .matches = name_is_valid, .pattern = "[\\w+=,.@-]+"
#define IAM_PATH   .min = 1, .max = 512, .matches = path_is_valid, .pattern = "(\\u002F)|(\\u002F[\\u0021-\\u007F]+\\u002F)"
#define IAM_PREFIX .min = 1, .max = 512, .matches = prefix_is_valid, .pattern = "\\u002F[\\u0021-\\u007F]*"
/* clang-format on */

bool name_is_valid(struct str s);
bool path_is_valid(struct str s);
bool prefix_is_valid(struct str s);

/* "AIDA" and 17 random characters of A-Z2-7, as AWS's unique ids are. */
struct str unique_id(struct arena *a, const char *prefix);
struct str new_access_key_id(struct arena *a); /* AKIA..., 20 characters */
struct str new_secret(struct arena *a);        /* 40 characters */
