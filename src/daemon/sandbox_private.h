/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the sandbox among themselves:
 *
 *   sandbox.c              the pool of environments; an invocation from end to end
 *   sandbox_environment.c  making and ending one
 *   sandbox_api.c          the Runtime API
 *   sandbox_wait.c         watching one while it works: output, memory, time
 *   sandbox_report.c       what an invocation's log and errors look like
 */
#pragma once

#include <pthread.h>

#include "base/buf.h"
#include "daemon/sandbox.h"
#include "sys/process.h"

#define SANDBOX_ENVIRONMENTS 16 /* warm or working */
#define SANDBOX_IDLE         (5 * MSEC_MINUTE)
#define SANDBOX_AGE          (44 * MSEC_MINUTE)   /* credentials: an hour, an invocation: 15 min */
#define SANDBOX_INIT         (10 * MSEC_SECOND)   /* Lambda: the init phase */
#define SANDBOX_LOG          ((size_t)256 * 1024) /* of one invocation */
#define SANDBOX_PROCESSES    128

struct sandbox {
    struct plane *plane;
    struct http_server *server;
    const char *folder;
    const char *host_program, *bootstrap; /* ours, inside each environment; NULL: not found */
    struct arena arena;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* an environment went, or stopping */
    struct environment *environments;
    size_t n_environments;
    bool stopping, has_janitor;
    pthread_t janitor;
};

/* One invocation in an environment, on the stack of the worker that waits for it. */
enum turn_state {
    TURN_OFFERED,
    TURN_TAKEN,
    TURN_ANSWERED,
    TURN_FAILED, /* the function said so */
};

struct turn {
    const struct sandbox_invocation *in;
    enum turn_state state;
    msec deadline; /* wall clock */
};

struct environment {
    struct environment *next;
    struct sandbox *sandbox;
    struct arena arena;
    struct str id, function_arn, version_id;
    const char *folder, *socket;
    bool is_serving; /* the socket */

    struct process process;
    int output;                  /* reading end of its stdout and stderr */
    int ready;                   /* readable: the sandbox stands */
    int wake;                    /* eventfd: something below changed */
    msec started_at, idle_since; /* monotonic */

    /* under the sandbox's lock */
    bool is_busy;
    bool is_new;                /* init is to be reported with this invocation */
    struct http_exchange *poll; /* GET next, waiting for a turn */
    struct turn *turn;
    struct arena answers; /* of the turn */
    struct str answer;
    bool has_init_error;
};

/* --- sandbox_environment.c ------------------------------------------------ */

enum environment_outcome {
    ENVIRONMENT_NO_ENTRY = 1, /* the archive has no bootstrap */
};

struct environment *environment_new(struct sandbox *s, const struct sandbox_invocation *in);

/* Unpacks, listens, starts; the Runtime API must find it by now. Faults say what
 * this host lacks. */
MUST_CHECK int environment_start(struct environment *e, const struct sandbox_invocation *in);

/* Kills, cleans up, frees, in whichever state it is; the Runtime API must not find it any more. */
void environment_end(struct environment *e);
void environment_wake(struct environment *e);

/* --- sandbox_api.c -------------------------------------------------------- */

/* Gives its runtime the turn, at once or when it asks. */
void environment_offer(struct environment *e, struct turn *turn);

/* --- sandbox_wait.c ------------------------------------------------------- */

enum watch_end {
    WATCH_MET,
    WATCH_EXITED,
    WATCH_TIMED_OUT,
    WATCH_OUT_OF_MEMORY,
    WATCH_STOPPING,
};

struct watch {
    struct environment *environment;
    int64_t limit_kb;
    struct buf log;
    int64_t peak_kb;
    struct process_status status; /* of WATCH_EXITED */
};

/* Until `met` (asked under the lock), or the deadline on the monotonic clock. */
MUST_CHECK int watch_until(struct watch *w, bool (*met)(const struct environment *e), msec deadline,
                           enum watch_end *ret);

/* --- sandbox_report.c ----------------------------------------------------- */

struct report {
    const struct sandbox_invocation *in;
    msec duration, init; /* init < 0: it was warm */
    int64_t peak_mb;
    const char *status; /* NULL: all went well */
};

struct str report_error(struct arena *a, const char *type, struct str message);
struct str report_exit(struct arena *a, const struct sandbox_invocation *in,
                       const struct process_status *status);
struct str report_timeout(struct arena *a, const struct sandbox_invocation *in, msec now);
struct str report_init_timeout(struct arena *a, const struct sandbox_invocation *in, msec limit);
struct sandbox_result report_no_entry(struct arena *a, const struct sandbox_invocation *in);

/* The message of an error object as a line of the log. */
struct str report_message(struct arena *a, struct str error);

/* START, what it printed as well-formed text, END and REPORT. */
struct str report_log(struct arena *a, const struct report *r, struct str printed);
