/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of commands on disk: commands/ID.json while there is anything left
 * to do, done/ID.json afterwards, for a day, so that a message delivered twice is
 * known. Every write is durable before it returns.
 */
#pragma once

#include "agent/command.h"

#define JOURNAL_MEMORY      MSEC_DAY /* of commands that are over */
#define JOURNAL_MAX_RUNNING 64       /* records of commands that are not over */

enum journal_outcome {
    JOURNAL_ABSENT = 1,
    JOURNAL_DAMAGED = 2, /* the record cannot be understood */
    JOURNAL_NO_SPACE = 3,
};

MUST_CHECK int journal_open(struct arena *a, const char *state); /* makes the folders */
MUST_CHECK int journal_save(const char *state, const struct command *c);
MUST_CHECK int journal_load(struct arena *a, const char *state, struct str id, struct command *ret);
bool journal_has(const char *state, struct str id); /* running or over */

/* A record that cannot be understood is put aside. */
MUST_CHECK int journal_put_aside(struct arena *a, const char *state, struct str id);

/* Ids of commands that are not over, as the file system lists them. */
MUST_CHECK int journal_list(struct arena *a, const char *state, struct strs *ret);

/* Forget commands over for more than a day. */
void journal_sweep(const char *state, msec now);

/* At the start, alone: what an agent that was killed left half-written, and the work of commands
 * that are over. */
MUST_CHECK int journal_tidy(struct arena *a, const char *state);

/* Ids name files: letters, digits and '-', at most 64. */
bool journal_is_id(struct str id);

/* Everything of all commands, for a new registration. */
MUST_CHECK int journal_clear(struct arena *a, const char *state);
