/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of what a reply may carry of a step's output, and the marks that
 * say something was cut (runcommand: 24,000 characters of each stream, 2,500 of
 * both together). Cuts never split a UTF-8 sequence.
 */
#pragma once

#include "base/arena.h"

#define OUTPUT_MAX_STREAM   24000
#define OUTPUT_MAX_COMBINED 2500

/* What a program wrote, as text: bytes that are not UTF-8, and NUL, become U+FFFD. */
struct str output_clean(struct arena *a, struct str raw);

/* One stream within its limit; `is_cut`: what is given is already only the beginning. */
struct str output_stream(struct arena *a, struct str text, bool is_cut);

/* Both streams in one text, stdout first. */
struct str output_combined(struct arena *a, struct str out, struct str err);
