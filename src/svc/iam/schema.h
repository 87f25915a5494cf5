/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/db.h"

extern const struct schema iam_schema;
