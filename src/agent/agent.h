/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session of the agent: with these settings, as this node. The main thread does the long poll
 * and, between two polls, the heartbeat and the token; nothing else wakes it. Each command runs in
 * a thread of its own (worker.c) that ends with it, so an idle agent is one thread.
 *
 * At most AGENT_MAX_WORKERS commands run at once and as many wait; messages
 * beyond that are not acknowledged and so delivered again later, while cancel
 * messages still come through.
 */
#pragma once

#include <pthread.h>

#include "agent/config.h"
#include "agent/journal.h"
#include "agent/plane.h"

#define AGENT_MAX_WORKERS 5
#define AGENT_SLOTS       (AGENT_MAX_WORKERS + 1)
#define AGENT_MAX_WAITING 5

struct agent;

/* The last slot is not for work: there the commands that are cancelled while they wait for
 * their turn are answered at once. */
struct worker {
    struct agent *agent;
    int event_fd;
    char id[72]; /* of the command it runs; empty: this worker is free */
    /* Under the agent's lock: */
    bool wants_cancel;
    bool is_stepping; /* a step of it runs */
    bool wants_reboot;
};

/* A command that has been taken, and waits for a worker. */
struct waiting {
    char id[72];
    bool is_cancelled;
};

struct agent {
    struct config config;
    struct plane plane;
    struct str boot_id;
    int signal_fd; /* readable ends the poll and the session */

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a worker ended */
    bool is_stopping;
    bool is_rebooting; /* the restart command has been given */
    msec reboot_wanted_at;
    msec plane_back_at; /* when the plane answered again after failures */
    struct worker workers[AGENT_SLOTS];
    struct waiting waiting[JOURNAL_MAX_RUNNING];
    size_t n_waiting;
};

struct session_end {
    bool is_outcast; /* the plane gives this node no credentials: `why` */
    bool is_stuck;   /* a thread goes on: nothing may be freed, no session begun */
    char instance_id[128], why[400];
};

/* Until a signal can be read, which is left there, or the plane refuses this node.
 * Outcomes SERVICE_* of service.h. */
MUST_CHECK int session_run(const struct config *config, int signal_fd, struct session_end *ret);

/* Main thread: start or queue a command whose record is in the journal. */
void worker_submit(struct agent *agent, struct str id);
bool worker_has_room(struct agent *agent);
/* False if no such command is running or waiting. */
bool worker_cancel(struct agent *agent, struct str id);
bool worker_wants_reboot(struct agent *agent);
/* The plane answers again: replies need not wait for their next turn. */
void worker_plane_is_back(struct agent *agent);
/* Tell all to end, wait for them a while: false if some have not. Steps go on without us. */
bool worker_stop_all(struct agent *agent, msec patience);

/* What worker.c asks of steps.c: the ports of command.h for one command. */
struct steps;
struct steps *steps_new(struct worker *w, struct arena *a);
void steps_done(struct steps *s); /* lets keepers go on */
struct command_ports steps_ports(struct steps *s);
int steps_keeper_fd(const struct steps *s); /* readable when the running step ends; -1 */
void steps_cancel(struct steps *s, const struct command *c);
msec steps_retry_at(const struct steps *s); /* when sending is tried again; 0: no failure */
/* The one reply to a record that cannot be understood. Outcome PORT_NOT_YET. */
MUST_CHECK int steps_report_damage(struct steps *s, struct str id);
