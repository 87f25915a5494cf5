/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request as it came to the answer as it goes: which service, whose
 * signature, which operation, valid or not, allowed or not, on a reader or on
 * the writer, parked or done. Knows no sockets: the daemon hands requests in
 * and gets responses through done().
 */
#pragma once

#include "api/ports.h"
#include "api/service.h"

struct call {
    struct arena *arena; /* lives until done() has returned */
    const struct http_request *request;
    struct str source_ip;
    struct str scheme_host; /* "http://host:port" as the client said it */
    void (*done)(struct call *call, const struct http_response *response);
    void *context;            /* done()'s */
    struct call_state *state; /* dispatch's */
};

/* Where the plane's threads come from: opened by the daemon at start. */
struct runtime_config {
    struct db *writer;
    int (*open_reader)(void *context, struct db **ret);
    void *context;
    unsigned workers; /* task workers; 0: TASK_WORKERS */
    msec (*now)(void);
    bool without_tasks; /* until runtime_start_tasks() */
};

/* Starts writer, task scheduler, workers and the thread of parked calls. */
MUST_CHECK int runtime_start(struct plane *plane, const struct runtime_config *config);

/* Where the configuration said without_tasks: from now on tasks are carried out. */
MUST_CHECK int runtime_start_tasks(struct plane *plane);

/* The first half of stopping: no task is started any more, workers finish what they do (what
 * is left is durable), waiting calls are answered now. Requests still go through. */
void runtime_drain(struct plane *plane);

/* The second half, once no request can come any more: queued writes are
 * committed, then all threads end. */
void runtime_stop(struct plane *plane);

/* Answer soon or later, from any thread, exactly once. Needs a thread of the
 * HTTP server: it uses one reader a thread. */
void plane_handle(struct plane *plane, struct call *call);

/* Largest body allowed for a request with this head, bytes. */
size_t plane_body_limit(const struct plane *plane, const struct http_request *head);

/* A write outside any request (first start, admin): runs fn in a transaction. */
MUST_CHECK int plane_write(struct plane *plane, int (*fn)(struct op *op, void *context),
                           void *context);
