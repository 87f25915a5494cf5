/* SPDX-License-Identifier: Apache-2.0 */
#include "api/dispatch.h"

#include "api/authenticate.h"
#include "api/runtime.h"
#include "base/log.h"

#define DEFAULT_BODY (1024 * 1024)

/* One request's way through, in its arena. */
struct route {
    struct plane *plane;
    struct call *call;
    const struct service *service;
    const struct operation *operation;
    struct wire_call wire;
    struct call_state state;
};

static struct str host_of(const struct http_request *r)
{
    return http_header_get(r, S("host"));
}

/* --- which service, which operation --------------------------------------- */

static const struct service *by_target(const struct plane *plane, struct str prefix)
{
    for (const struct service *const *s = plane->services; *s; s++)
        if ((*s)->target_prefix && str_eq(prefix, str_of((*s)->target_prefix)))
            return *s;
    return NULL;
}

static const struct service *by_name(const struct plane *plane, struct str name)
{
    for (const struct service *const *s = plane->services; *s; s++)
        if (str_eq(name, str_of((*s)->name)))
            return *s;
    return NULL;
}

/* The service of a credential scope: .../yyyymmdd/region/SERVICE/aws4_request, in the
 * header or in a presigned query. Nothing is believed yet, this only finds a table. */
static struct str scope_service(struct arena *a, const struct http_request *r)
{
    struct str header = http_header_get(r, S("authorization"));
    struct str credential = { 0 };
    const char *at = header.len ? memmem(header.p, header.len, "Credential=", 11) : NULL;

    if (at) {
        credential = str_from(header, (size_t)(at - header.p) + 11);
        ptrdiff_t end = str_find(credential, ',');
        if (end >= 0)
            credential = str_slice(credential, 0, (size_t)end);
    } else {
        credential = http_query_get(a, r->query, S("X-Amz-Credential"));
    }
    struct str piece = { 0 };
    for (int i = 0; i < 4; i++)
        if (!str_next(&credential, '/', &piece))
            return (struct str){ 0 };
    return piece;
}

static const struct operation *by_route(const struct service *s, const struct http_request *r)
{
    const struct operation *best = NULL;

    for (const struct operation *const *noun = s->nouns; *noun; noun++) {
        for (const struct operation *o = *noun; o->name; o++) {
            if (!o->path || !str_eq(r->method, str_of(o->method)) ||
                !route_matches(o->path, r->path, r->query))
                continue;
            /* The longer pattern is the more particular one. */
            if (!best || strlen(o->path) > strlen(best->path))
                best = o;
        }
    }
    return best;
}

static void find_operation(struct route *route)
{
    const struct http_request *r = route->call->request;
    struct arena *a = route->call->arena;
    struct str target = http_header_get(r, S("x-amz-target")), prefix, name;

    if (str_is_set(target) && str_cut(target, '.', &prefix, &name)) {
        route->service = by_target(route->plane, prefix);
        if (route->service)
            route->operation = service_operation(route->service, name);
        return;
    }
    struct str scope = scope_service(a, r);
    route->service = by_name(route->plane, str_is_set(scope) ? scope : S("s3"));
    if (!route->service)
        return;
    if (route->service->protocol == PROTOCOL_QUERY) {
        name = query_action(r, a);
        route->operation = service_operation(route->service, name);
    } else if (route->service->protocol == PROTOCOL_REST_JSON ||
               route->service->protocol == PROTOCOL_REST_XML) {
        route->operation = by_route(route->service, r);
    }
}

size_t plane_body_limit(const struct plane *plane, const struct http_request *head)
{
    struct arena a = { 0 };
    struct call call = { .arena = &a, .request = head };
    struct route route = { .plane = (struct plane *)(uintptr_t)plane, .call = &call };

    find_operation(&route);
    arena_done(&a);
    return route.service && route.service->max_body ? route.service->max_body : DEFAULT_BODY;
}

/* --- answering ------------------------------------------------------------ */

static void answer_error(struct route *route, struct wire_error error, struct str message)
{
    struct http_response response =
        protocol_error(&route->wire, error.code, message, error.status, route->call->arena);
    route->call->done(route->call, &response);
}

static void answer_common(struct route *route, enum wire_common which, struct str message)
{
    answer_error(route, wire_common_error(route->wire.protocol, which), message);
}

static void finished(struct call_state *st, int result)
{
    struct route *route = st->context;

    if (result < 0) {
        answer_common(route, WIRE_INTERNAL, S("The request could not be completed."));
    } else if (result > 0) {
        answer_error(route, wire_error_of(route->service, result), st->op.message);
    } else {
        struct http_response response =
            protocol_write(&route->wire, route->operation->out, st->out, route->call->arena);
        route->call->done(route->call, &response);
    }
}

/* --- from signature to handler -------------------------------------------- */

static bool is_admitted(const struct operation *o, const struct principal *p)
{
    if (o->flags & OP_INTERNAL)
        return false;
    if (o->flags & OP_UNSIGNED)
        return true;
    if (o->flags & OP_NODE_KEY)
        return p->kind == PRINCIPAL_NODE;
    if (p->kind == PRINCIPAL_NODE)
        return false; /* its key is good for the two calls above only */
    return p->kind != PRINCIPAL_ANONYMOUS || (o->flags & OP_ANONYMOUS);
}

static void describe_wire(struct route *route)
{
    const struct service *s = route->service;
    const struct operation *o = route->operation;

    route->wire = (struct wire_call){
        .protocol = s ? s->protocol : PROTOCOL_JSON_1_1,
        .operation = o ? str_of(o->name) : S("Unknown"),
        .version = s ? s->version : NULL,
        .xml_namespace = s ? str_of(s->xml_namespace) : (struct str){ 0 },
        .request_id = random_uuid(route->call->arena),
        .target_prefix = s ? s->target_prefix : NULL,
        .path_pattern = o ? o->path : NULL,
        .success_status = o ? o->status : 0,
    };
}

static void set_up_op(struct route *route, const struct identity *who)
{
    struct call *call = route->call;
    struct call_state *st = &route->state;
    const struct plane *plane = route->plane;

    *st = (struct call_state){
        .rt = plane->runtime,
        .operation = route->operation,
        .principal = who->principal,
        .finished = finished,
        .context = route,
    };
    st->op = (struct op){
        .arena = call->arena,
        .plane = plane,
        .service = route->service,
        .operation = route->operation,
        .principal = &st->principal,
        .account = who->principal.account,
        .region = who->region,
        .request_id = route->wire.request_id,
        .public_url = str_is_set(plane->public_url) ? plane->public_url : call->scheme_host,
        .source_ip = call->source_ip,
        .now = plane->runtime->config.now(),
        .http = call->request,
    };
    st->in = arena_alloc(call->arena, route->operation->in->size);
    st->out = arena_alloc(call->arena, route->operation->out->size);
}

/* `reader` has the snapshot open that the caller was authenticated in. */
static void serve(struct route *route, struct db *reader, const struct identity *who)
{
    struct str why = { 0 };

    /* A signature for one service is worth nothing at another. */
    if (str_is_set(who->service) && !str_eq(who->service, str_of(route->service->name))) {
        answer_common(route, WIRE_MISMATCH,
                      arena_fmt(route->call->arena,
                                "Credential should be scoped to correct service: '%s'.",
                                route->service->name));
        return;
    }
    if (!is_admitted(route->operation, &who->principal)) {
        if (who->principal.kind == PRINCIPAL_ANONYMOUS)
            answer_common(route, WIRE_NO_TOKEN, S("Missing Authentication Token"));
        else
            answer_common(route, WIRE_DENIED, S("This operation is not for these credentials."));
        return;
    }
    set_up_op(route, who);
    int read = protocol_read(&route->wire, route->call->request, route->operation->in,
                             route->call->arena, route->state.in, &why);
    if (read == SHAPE_INVALID) {
        answer_common(route, WIRE_INVALID, why);
    } else if (read == SHAPE_UNSUPPORTED) {
        answer_common(route, WIRE_UNSUPPORTED, why);
    } else if (read == SHAPE_MALFORMED) {
        answer_common(route, WIRE_MALFORMED, why);
    } else if (read != 0) {
        log_error("%s: %s", route->operation->name, err_trace());
        answer_common(route, WIRE_INTERNAL, S("The request could not be read."));
    } else {
        call_start(&route->state, reader, true);
    }
}

/* What checking a signature takes is let go at once: a call may wait long with its memory. */
static int identify(struct route *route, struct db *reader, struct identity *ret,
                    enum wire_common *error, struct str *ret_why)
{
    struct arena scratch = { 0 }, *a = route->call->arena;
    struct identity who;
    struct str why = { 0 };

    TRY(db_begin(reader, false));
    int result = authenticate(route->plane, reader, &scratch, route->call->request,
                              route->plane->runtime->config.now(), &who, error, &why);
    if (result == 0)
        *ret = (struct identity){ principal_copy(a, &who.principal), arena_dup(a, who.region),
                                  arena_dup(a, who.service) };
    else if (result > 0)
        *ret_why = arena_dup(a, why);
    arena_done(&scratch);
    return result;
}

/* S3 is what a request is taken for that names no service: who has not signed it is told so. */
static void answer_unknown(struct route *route, const struct identity *who)
{
    if (route->wire.protocol == PROTOCOL_REST_XML && who->principal.kind == PRINCIPAL_ANONYMOUS)
        answer_common(route, WIRE_NO_TOKEN, S("Missing Authentication Token"));
    else
        answer_common(route, WIRE_UNKNOWN, S("The requested operation is not known here."));
}

void plane_handle(struct plane *plane, struct call *call)
{
    struct route *route = arena_new(call->arena, struct route);
    struct db *reader = runtime_reader(plane->runtime);
    struct identity who;
    enum wire_common error = WIRE_INTERNAL;
    struct str why = S("");

    *route = (struct route){ .plane = plane, .call = call };
    if (!str_is_set(call->scheme_host))
        call->scheme_host = arena_fmt(call->arena, "http://%.*s", STR(host_of(call->request)));
    find_operation(route);
    describe_wire(route);

    int result = identify(route, reader, &who, &error, &why);
    if (result < 0) {
        log_error("authentication: %s", err_trace());
        answer_common(route, WIRE_INTERNAL, S("The request could not be authenticated."));
    } else if (result > 0) {
        answer_common(route, error, why);
    } else if (!route->operation) {
        answer_unknown(route, &who);
    } else {
        serve(route, reader, &who);
    }
    db_rollback(reader);
}
