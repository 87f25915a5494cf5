/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event on its way to one target, until it has arrived, is refused for good
 * or has grown too old.
 */
#pragma once

#include "base/value.h"
#include "svc/events/target.h"

MUST_CHECK int delivery_add(struct op *op, struct str rule, const struct target *target,
                            const struct value *event);
