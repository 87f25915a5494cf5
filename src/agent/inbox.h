/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a message from the long poll: a command for the journal and a
 * worker, a cancellation, or a word back that it cannot be taken.
 */
#pragma once

#include "agent/agent.h"

void inbox_take(struct agent *agent, struct http_client *client, struct arena *a,
                const struct value *message);
