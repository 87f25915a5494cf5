/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of SendReply: how a document or one of its steps stands, in the
 * form the AWS agent sends it.
 */
#pragma once

#include "agent/run.h"

/* The document is under way; nothing of its steps yet. */
struct str reply_in_progress(struct arena *a, msec now);

/* Step `step` has come to something. */
struct str reply_step(struct arena *a, const struct run *run, size_t step, msec now);

/* What the document has come to: with its step, if it has one only. */
struct str reply_final(struct arena *a, const struct run *run, msec now);

/* The document could not be taken at all. */
struct str reply_refused(struct arena *a, struct str why, msec now);
