/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/gateway.h"

#include "api/runtime.h"

struct visit {
    struct call call;
    struct http_exchange *exchange;
};

static size_t body_limit(void *context, const struct http_request *head)
{
    const struct gateway *g = context;
    if (sandbox_is_runtime_path(head->path))
        return SANDBOX_MAX_RESPONSE;
    return plane_body_limit(g->plane, head);
}

static void answer_text(struct http_exchange *x, int status, struct str type, struct str body)
{
    struct arena *a = http_exchange_arena(x);
    struct http_header *headers = arena_array(a, struct http_header, 1);

    headers[0] = (struct http_header){ S("Content-Type"), type };
    http_answer(x, &(struct http_response){ status, headers, 1, body });
}

/* Alive means: a reader can read. */
static void answer_health(const struct gateway *g, struct http_exchange *x)
{
    int64_t n;
    int result =
        db_int(runtime_reader(g->plane->runtime), &n, "SELECT COUNT(*) FROM task", NO_ARGS);

    if (result != 0) {
        answer_text(x, 503, S("application/json"), S("{\"status\":\"database unavailable\"}\n"));
        return;
    }
    answer_text(x, 200, S("application/json"),
                arena_fmt(http_exchange_arena(x),
                          "{\"status\":\"ok\",\"version\":\"%s\",\"pendingTasks\":%lld}\n",
                          PATCHBAY_VERSION, (long long)n));
}

static void done(struct call *call, const struct http_response *response)
{
    struct visit *visit = call->context;
    http_answer(visit->exchange, response);
}

static void hand_on(const struct gateway *g, struct http_exchange *x)
{
    struct arena *a = http_exchange_arena(x);
    const struct http_request *r = http_exchange_request(x);
    struct visit *visit = arena_new(a, struct visit);

    visit->exchange = x;
    visit->call = (struct call){
        .arena = a,
        .request = r,
        .source_ip = http_exchange_peer(x),
        .scheme_host = arena_fmt(a, "%s://%.*s", g->scheme, STR(http_header_get(r, S("host")))),
        .done = done,
        .context = visit,
    };
    plane_handle(g->plane, &visit->call);
}

static void handle(void *context, struct http_exchange *x)
{
    const struct gateway *g = context;
    const struct http_request *r = http_exchange_request(x);

    if (str_eq(r->path, S("/health")) && str_eq(r->method, S("GET"))) {
        answer_health(g, x);
        return;
    }
    if (packages_is_path(r)) {
        packages_answer(&g->packages, x);
        return;
    }
    /* The session channel is not served. This body, by its element's name, is what
     * makes amazon-ssm-agent stay with message polling. */
    if (str_starts(r->path, S("/v1/control-channel/"))) {
        answer_text(x, 403, S("application/xml"),
                    S("<AccessDeniedException><Message>Session channels are not supported."
                      "</Message></AccessDeniedException>"));
        return;
    }
    if (str_is_set(http_exchange_tag(x)) && sandbox_is_runtime_path(r->path)) {
        sandbox_handle(g->sandbox, x);
        return;
    }
    hand_on(g, x);
}

static void gone(void *context, struct http_exchange *x)
{
    const struct gateway *g = context;
    if (str_is_set(http_exchange_tag(x)))
        sandbox_gone(g->sandbox, x);
}

void gateway_attach(struct gateway *g, struct http_server_config *config)
{
    config->body_limit = body_limit;
    config->handle = handle;
    config->gone = gone;
    config->context = g;
}
