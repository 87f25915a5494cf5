/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of this layer: tags, tasks, and the proof of the master key. */
#pragma once

#include "store/db.h"

extern const struct schema api_schema;
