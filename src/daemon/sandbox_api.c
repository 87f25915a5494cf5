/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Lambda Runtime API (developer guide, "Using the Lambda runtime API").
 * The socket that a request came by says whose it is; nothing is signed.
 */
#include "daemon/sandbox_private.h"

#include "sys/clock.h"

#define API "/2018-06-01/runtime/"

bool sandbox_is_runtime_path(struct str path)
{
    return str_starts(path, S(API));
}

/* --- answers -------------------------------------------------------------- */

static void answer(struct http_exchange *x, int status, struct str body)
{
    struct http_header *headers = arena_array(http_exchange_arena(x), struct http_header, 1);

    headers[0] = (struct http_header){ S("Content-Type"), S("application/json") };
    http_answer(x, &(struct http_response){ status, headers, 1, body });
}

static void refuse(struct http_exchange *x, int status, const char *type, const char *message)
{
    answer(x, status, report_error(http_exchange_arena(x), type, str_of(message)));
}

static void accept_it(struct http_exchange *x)
{
    answer(x, 202, S("{\"status\":\"OK\"}"));
}

/* --- under the lock ------------------------------------------------------- */

static struct environment *environment_of(struct sandbox *s, struct str tag)
{
    for (struct environment *e = s->environments; e; e = e->next)
        if (str_eq(e->id, tag))
            return e;
    return NULL;
}

static struct http_response event(struct http_exchange *x, const struct turn *t)
{
    const struct sandbox_invocation *in = t->in;
    struct arena *a = http_exchange_arena(x);
    struct http_header *h = arena_array(a, struct http_header, 4);

    h[0] = (struct http_header){ S("Lambda-Runtime-Aws-Request-Id"), arena_dup(a, in->request_id) };
    h[1] = (struct http_header){ S("Lambda-Runtime-Deadline-Ms"),
                                 arena_fmt(a, "%lld", (long long)t->deadline) };
    h[2] = (struct http_header){ S("Lambda-Runtime-Invoked-Function-Arn"),
                                 arena_dup(a, in->function_arn) };
    h[3] = (struct http_header){ S("Content-Type"), S("application/json") };
    return (struct http_response){ 200, h, 4, arena_dup(a, in->payload) };
}

/* Gives the waiting runtime the waiting turn, where there are both. */
static struct http_exchange *match(struct environment *e, struct http_response *ret)
{
    struct http_exchange *x = e->poll;

    if (!x || !e->turn || e->turn->state != TURN_OFFERED)
        return NULL;
    *ret = event(x, e->turn);
    e->turn->state = TURN_TAKEN;
    e->poll = NULL;
    return x;
}

/* --- operations --------------------------------------------------------------------------------
 */

void environment_offer(struct environment *e, struct turn *turn)
{
    struct http_response response;

    pthread_mutex_lock(&e->sandbox->lock);
    e->turn = turn;
    struct http_exchange *x = match(e, &response);
    pthread_mutex_unlock(&e->sandbox->lock);
    if (x)
        http_answer(x, &response);
}

static void next(struct sandbox *s, struct http_exchange *x)
{
    struct http_response response;
    struct http_exchange *matched = NULL;

    pthread_mutex_lock(&s->lock);
    struct environment *e = environment_of(s, http_exchange_tag(x));
    bool is_taken = e && !s->stopping && !e->poll;
    if (is_taken) {
        e->poll = x;
        matched = match(e, &response);
        environment_wake(e);
    }
    pthread_mutex_unlock(&s->lock);
    if (matched)
        http_answer(matched, &response);
    else if (!is_taken)
        refuse(x, 403, "Forbidden", "There is another poll, or the environment is ending.");
}

static bool is_valid_id(const struct environment *e, struct str id)
{
    return e && e->turn && e->turn->state == TURN_TAKEN && str_eq(e->turn->in->request_id, id);
}

static void end_turn(struct sandbox *s, struct http_exchange *x, struct str id,
                     enum turn_state state)
{
    struct str body = http_exchange_request(x)->body;

    pthread_mutex_lock(&s->lock);
    struct environment *e = environment_of(s, http_exchange_tag(x));
    bool is_valid = is_valid_id(e, id), is_text = str_is_utf8(body);
    if (is_valid && is_text) {
        e->answer = arena_dup(&e->answers, body.len ? body : S("null"));
        e->turn->state = state;
        environment_wake(e);
    }
    pthread_mutex_unlock(&s->lock);
    if (!is_valid)
        refuse(x, 400, "InvalidRequestID", "Invalid request ID");
    else if (!is_text)
        refuse(x, 400, "InvalidResponse", "The body is not UTF-8.");
    else
        accept_it(x);
}

static void fail_init(struct sandbox *s, struct http_exchange *x)
{
    struct str body = http_exchange_request(x)->body;

    pthread_mutex_lock(&s->lock);
    struct environment *e = environment_of(s, http_exchange_tag(x));
    bool is_valid = e && !e->poll && !e->turn && !e->has_init_error;
    if (is_valid) {
        e->has_init_error = true;
        e->answer = str_is_utf8(body) && body.len ? arena_dup(&e->answers, body) : S("{}");
        environment_wake(e);
    }
    pthread_mutex_unlock(&s->lock);
    if (is_valid)
        accept_it(x);
    else
        refuse(x, 403, "InvalidStateTransition", "The runtime is initialized already.");
}

void sandbox_handle(struct sandbox *s, struct http_exchange *x)
{
    const struct http_request *r = http_exchange_request(x);
    struct str rest = str_from(r->path, strlen(API)), id, verb;
    bool is_post = str_eq(r->method, S("POST"));

    if (str_eq(r->method, S("GET")) && str_eq(rest, S("invocation/next"))) {
        next(s, x);
    } else if (is_post && str_eq(rest, S("init/error"))) {
        fail_init(s, x);
    } else if (is_post && str_starts(rest, S("invocation/"))) {
        (void)str_cut(str_from(rest, strlen("invocation/")), '/', &id, &verb);
        if (str_eq(verb, S("response")))
            end_turn(s, x, id, TURN_ANSWERED);
        else if (str_eq(verb, S("error")))
            end_turn(s, x, id, TURN_FAILED);
        else
            refuse(x, 404, "NotFound", "No such path.");
    } else {
        refuse(x, 404, "NotFound", "No such path.");
    }
}

void sandbox_gone(struct sandbox *s, struct http_exchange *x)
{
    bool was_kept = false;

    pthread_mutex_lock(&s->lock);
    struct environment *e = environment_of(s, http_exchange_tag(x));
    if (e && e->poll == x) {
        e->poll = NULL;
        was_kept = true;
    }
    pthread_mutex_unlock(&s->lock);
    if (was_kept)
        http_answer(x, &(struct http_response){ .status = 503 });
}
