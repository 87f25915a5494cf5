/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's calls to the plane: JSON 1.1, signed with the node's temporary
 * credentials, which are had with the node's own key, renewed at half of their
 * life or as soon as the plane calls them expired, and kept in the state folder
 * for a restart (token.json) and for the steps' own AWS clients (credentials).
 *
 * Threads share one struct plane; each brings its own http_client.
 */
#pragma once

#include <pthread.h>

#include "agent/identity.h"
#include "base/value.h"
#include "sys/http_client.h"

#define PLANE_TIMEOUT (20 * MSEC_SECOND) /* of a call; the long poll is answered before it */

struct token {
    struct str access_key, secret, session; /* on the heap */
    msec obtained_at, expires_at;
};

struct plane {
    const char *state; /* folder */
    struct str boot_id;
    struct identity identity;
    pthread_mutex_t key_lock; /* held while the key is changed, from first to last */
    pthread_mutex_t lock;     /* of what follows, and of identity.keys */
    struct arena arena;       /* of identity.keys, once they have changed */
    struct rsa_key *key, *next_key;
    struct token token;
    bool wants_new_key; /* asked for with a token */
    msec skew;          /* see wire/skew.h */
};

enum plane_service {
    PLANE_SSM,
    PLANE_MESSAGES, /* ec2messages */
};

struct plane_call {
    struct http_client *client;
    enum plane_service service;
    const char *operation;
    const struct value *input;
    int wake_fd; /* as in http_outgoing */
};

struct plane_answer {
    struct value *body;       /* of a success */
    struct str code, message; /* of an error, or why there was no answer */
    msec retry_after;         /* the server asks to be left alone so long; 0: it does not */
};

enum plane_outcome {
    PLANE_LATER = 1,   /* unreachable, busy, or our credentials are not taken: try again */
    PLANE_REFUSED = 2, /* the plane will not do it, now or later */
    PLANE_TIMED_OUT = 3,
    PLANE_WOKEN = 4,
    PLANE_OUTCAST = 5, /* the plane gives this node no credentials: code and message say why */
};

/* Reads the identity (outcomes of identity.h) and the last token, if there is one. */
MUST_CHECK int plane_open(struct arena *a, const char *state, struct plane *ret);

/* What an agent of this boot learnt of the plane's clock; before the first call. */
void plane_recall_clock(struct plane *p, struct arena *a, struct str boot_id);
void plane_close(struct plane *p);

/* Outcomes PLANE_*. */
MUST_CHECK int plane_send(struct plane *p, const struct plane_call *call, struct arena *a,
                          struct plane_answer *ret);

/* Renews the token if half of its life is over. Outcomes as plane_send(). */
MUST_CHECK int plane_renew(struct plane *p, const struct plane_call *like, struct arena *a,
                           struct plane_answer *ret);

/* Whether the key is to be changed: the plane asks for it, it was begun, or the key is
 * older than `key_life` (0: that is no reason). */
bool plane_key_is_due(struct plane *p, msec key_life);

/* Outcomes as plane_send(); whatever happens, the node can speak. */
MUST_CHECK int plane_change_key(struct plane *p, const struct plane_call *like, struct arena *a,
                                struct plane_answer *ret);

msec plane_skew(struct plane *p); /* the plane's clock minus ours; 0 while they agree */

/* The one call that is not signed. Outcomes PLANE_*. */
MUST_CHECK int plane_register(struct http_client *client, const struct identity *id,
                              struct str activation_id, struct str activation_code,
                              struct str public_key, struct arena *a, struct plane_answer *ret);
