/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions that clients bring: AllowedPattern of templates and
 * documents. The common part of Java's syntax, matched against the whole text.
 * It runs as an automaton, so no pattern and no text can make it slow: the cost
 * is bounded by (steps of the pattern) x (length of the text).
 *
 * Taken: . [] () (?:) | * + ? {m,n} and their lazy forms, which match the same
 * texts; ^ $; \d \w \s \D \W \S, \t \n \r \f, \xHH, \uHHHH, \. and other escaped
 * punctuation; UTF-8. Refused: back references, look-around, flags, \p, \b and
 * intersections of classes.
 */
#pragma once

#include "base/arena.h"

#define REGEX_MAX_LENGTH 4096 /* bytes of a pattern */
#define REGEX_MAX_STEPS  2500
#define REGEX_MAX_DEPTH  32 /* of groups */
#define REGEX_MAX_REPEAT 1000

struct regex;

/* NULL if it is malformed, refused or too large, with a sentence in *ret_why (may be NULL). */
const struct regex *regex_compile(struct arena *a, struct str pattern, struct str *ret_why);

/* Whether the whole of `text` matches. `scratch` may be reset afterwards. */
bool regex_matches(struct arena *scratch, const struct regex *re, struct str text);
