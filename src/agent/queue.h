/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command has to say while nobody listens, bounded. Past the limit the
 * replies lose what their steps wrote, the oldest first, and say so; how each step
 * ended, when, and with which exit status is never dropped, nor is the last word.
 * So a node that is cut off keeps QUEUE_BYTES a command and what some hundred
 * statuses take, for the eleven commands that it takes at once. Pure.
 */
#pragma once

#include "agent/command.h"

#define QUEUE_BYTES ((size_t)1024 * 1024) /* of a command's payloads */
#define QUEUE_NOTE  "--output dropped: the plane could not be reached--"

/* At the end; then the limit. */
void queue_add(struct arena *a, struct entry **queue, const struct entry *with);

/* False if it has nothing that could be dropped: *ret is the payload without it. */
bool queue_strip(struct arena *a, struct str payload, struct str *ret);
