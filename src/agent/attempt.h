/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt at a step: a folder, and a keeper process that outlives the agent.
 *
 *   script.sh    what is run
 *   claim        the keeper's pid; locked while the keeper lives
 *   result.json  how it ended
 *
 * The keeper (`patchbay-agent keep-step`, keeper.c) makes the claim by link(),
 * which only one can do, then runs the script, bounds its output and its time,
 * and writes the result durably. So an attempt happens once however often it is
 * launched, an agent that is killed or upgraded interrupts no package manager,
 * and the next one finds out how the step ended.
 */
#pragma once

#include "agent/run.h"
#include "sys/process.h"

enum attempt_outcome {
    ATTEMPT_RUNNING = 1,
    ATTEMPT_ABSENT = 2, /* no keeper has claimed it */
};

/* Where the keeper's parts are; `folder` exists only once launched. */
struct attempt {
    const char *folder;
    struct process keeper; /* { 0 } if we do not know it; done with attempt_done() */
    bool is_child;         /* the keeper is ours, not one that an agent before us launched */
};

/* Writes the script and starts a keeper; `env` as process_config's. */
MUST_CHECK int attempt_launch(struct arena *a, struct attempt *at, const struct document_step *step,
                              const char *const *env);

/* How it stands. Outcomes ATTEMPT_RUNNING (then at->keeper.pidfd becomes readable when the
 * keeper ends, unless it is 0: look again a moment later), ATTEMPT_ABSENT. */
MUST_CHECK int attempt_look(struct arena *a, struct attempt *at, struct step_result *ret);

/* Ask the keeper to end the script; the result will say so. */
void attempt_cancel(struct attempt *at);

/* Lets go of the keeper, which goes on if it is still there. */
void attempt_done(struct attempt *at);

/* What the keeper writes, and reads as arguments. */
MUST_CHECK int attempt_claim(struct arena *a, const char *folder, int *ret_lock);
MUST_CHECK int attempt_write_result(struct arena *a, const char *folder,
                                    const struct step_result *result);

/* The program `patchbay-agent keep-step FOLDER TIMEOUT_MS CWD`. */
int keeper_main(int argc, char *const *argv);
