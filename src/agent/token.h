/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's temporary credentials: on the heap, since they outlive any call,
 * in token.json for the next start, and in `credentials`, the AWS shared
 * credentials file that steps are given. Both files are 0600.
 */
#pragma once

#include "agent/plane.h"

bool token_from_answer(const struct value *answer, msec now, struct token *ret);
void token_replace(struct token *t, const struct token *with);
void token_done(struct token *t);

/* Nothing where there is none, or it has expired. */
void token_load(struct arena *a, const char *state, struct token *ret);
MUST_CHECK int token_save(struct arena *a, const char *state, const struct token *t);
MUST_CHECK int token_forget(struct arena *a, const char *state); /* the files */
