/* SPDX-License-Identifier: Apache-2.0 */
/* The node that a call is about. */
#pragma once

#include "api/ports.h"

/* It is managed in the caller's account and Region. Outcome PATCHBAY_NO_NODE. */
MUST_CHECK int patchbay_node(struct op *op, struct str id, struct node_facts *ret);
