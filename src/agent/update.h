/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The course of an update of the agent: install, start, hear of it, or go back.
 * update_advance() saves before each act what it is about to do, so a crash
 * between any two of its calls through the ports leaves a record from which the
 * next process goes on:
 *
 *   save "installing"  ->  install the new package      (found after a crash: take it back)
 *   save "watching"    ->  start it, until the plane has answered its first heartbeat
 *   save "taking back" ->  install the old package      (found after a crash: again)
 *   save "watching back" -> start it, until it is heard
 *   save "over"
 *
 * It does no I/O of its own and knows no clock.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define UPDATE_MAX_TRIES 60 /* to take it back */
#define UPDATE_PAUSE     (10 * MSEC_SECOND)

enum update_phase {
    UPDATE_READY,
    UPDATE_INSTALLING,
    UPDATE_WATCHING,
    UPDATE_TAKING_BACK,
    UPDATE_WATCHING_BACK,
    UPDATE_OVER,
    UPDATE_PHASES,
};

enum update_end {
    UPDATE_UNDECIDED,
    UPDATE_DONE,
    UPDATE_TAKEN_BACK, /* the old version is installed and has been heard */
    UPDATE_UNHEARD,    /* the old version is installed, and was not heard in time either */
    UPDATE_STUCK,      /* the old version could not be installed */
    UPDATE_ENDS,
};

/* A package in the state folder. */
struct update_side {
    struct str version, file, sum;
};

struct update {
    enum update_phase phase;
    enum update_end end;
    struct update_side old, new;
    struct str family;
    struct strs argv, env; /* how the agent runs where there is no systemd */
    bool has_systemd;
    msec patience; /* for the first heartbeat */
    msec deadline; /* of watching */
    msec retry_at;
    int64_t tries;      /* to take it back */
    struct str why;     /* it was taken back; empty: it was not */
    bool has_looked_in; /* not saved: this process has seen to it that the agent runs */
};

enum update_outcome {
    UPDATE_AGAIN = 1, /* there is more to do at once */
    UPDATE_WAITS = 2, /* look again in a moment */
};

enum update_port_outcome {
    UPDATE_FAILED = 1, /* *ret_why */
};

struct update_ports {
    void *context;
    int (*save)(void *context, const struct update *u);
    /* Again and again with the same end. Outcome UPDATE_FAILED. */
    int (*install)(void *context, const struct update *u, const struct update_side *side,
                   struct arena *a, struct str *ret_why);
    /* See to it that the installed agent is the one that runs. Outcome UPDATE_FAILED. */
    int (*start)(void *context, const struct update *u, struct arena *a, struct str *ret_why);
    /* Has the plane answered a heartbeat of that version, and does that agent run? */
    bool (*is_heard)(void *context, struct str version);
};

/* A record that was read from disk, before its first advance: time has passed. */
void update_resume(struct update *u, msec now);

/* Does what can be done now. 0: it is over. Outcomes UPDATE_AGAIN, UPDATE_WAITS. */
MUST_CHECK int update_advance(struct arena *a, struct update *u, const struct update_ports *ports,
                              msec now);

/* What came of it, for people. */
struct str update_tell(struct arena *a, const struct update *u);

struct value *update_to_value(struct arena *a, const struct update *u);
bool update_from_value(struct arena *a, const struct value *v, struct update *ret);
