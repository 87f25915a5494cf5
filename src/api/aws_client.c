/* SPDX-License-Identifier: Apache-2.0 */
#include "api/aws_client.h"

#include "api/aws_client_private.h"
#include "api/runtime.h"
#include "base/time.h"

/* The caller's side of a call in process: it sleeps until finished(). */
struct rendezvous {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    bool is_finished;
    int result;
};

static void finished(struct call_state *st, int result)
{
    struct rendezvous *r = st->context;

    pthread_mutex_lock(&r->lock);
    r->result = result;
    r->is_finished = true;
    pthread_cond_signal(&r->arrived);
    pthread_mutex_unlock(&r->lock);
}

static int wait_for(struct rendezvous *r)
{
    pthread_mutex_lock(&r->lock);
    while (!r->is_finished)
        pthread_cond_wait(&r->arrived, &r->lock);
    pthread_mutex_unlock(&r->lock);
    pthread_cond_destroy(&r->arrived);
    pthread_mutex_destroy(&r->lock);
    return r->result;
}

static const struct service *find_service(const struct plane *plane, const char *name)
{
    for (const struct service *const *s = plane->services; *s; s++)
        if (strcmp((*s)->name, name) == 0)
            return *s;
    return NULL;
}

static void refuse(struct aws_result *ret, const struct service *service, int outcome,
                   struct str message)
{
    struct wire_error error = wire_error_of(service, outcome);
    *ret = (struct aws_result){ .status = error.status, .code = error.code, .message = message };
}

int aws_call(struct aws_client *c, const struct aws_request *request, struct arena *a,
             struct aws_result *ret)
{
    struct runtime *rt = c->rt;
    const struct service *service = find_service(rt->plane, request->service);
    const struct operation *operation =
        service ? service_operation(service, str_of(request->operation)) : NULL;
    if (!operation)
        return err_fault(ENOSYS, "there is no operation %s:%s", request->service,
                         request->operation);

    struct rendezvous r = { .lock = PTHREAD_MUTEX_INITIALIZER,
                            .arrived = PTHREAD_COND_INITIALIZER };
    struct call_state *st = arena_new(a, struct call_state);
    *st = (struct call_state){
        .rt = rt,
        .operation = operation,
        .principal = *request->as,
        .in = arena_alloc(a, operation->in->size),
        .out = arena_alloc(a, operation->out->size),
        .finished = finished,
        .context = &r,
    };
    st->op = (struct op){
        .arena = a,
        .plane = rt->plane,
        .service = service,
        .operation = operation,
        .principal = &st->principal,
        .account = request->as->account,
        .region = str_is_set(request->region) ? request->region : S("us-east-1"),
        .request_id = random_uuid(a),
        .public_url = plane_url(rt->plane),
        .keys = request->keys,
        .n_keys = request->n_keys,
        .is_internal = true,
    };

    struct str why = { 0 };
    struct value *in = request->in ? request->in : value_map(a);
    int valid = shape_read(operation->in, in, a, st->in, &why);
    if (valid < 0)
        return FAULT(EINVAL);
    if (valid > 0) {
        refuse(ret, service, valid == SHAPE_UNSUPPORTED ? OP_UNSUPPORTED : OP_INVALID, why);
        return 0;
    }

    call_start(st, runtime_reader(rt), false);
    int result = wait_for(&r);
    if (result < 0)
        return err_fault(-result, "%s:%s failed inside", request->service, request->operation);
    if (result > 0)
        refuse(ret, service, result, st->op.message);
    else
        *ret = (struct aws_result){ .status = 200, .out = shape_write(operation->out, st->out, a) };
    return 0;
}

bool aws_is_transient(const struct aws_result *r)
{
    return r->status >= 500 || str_starts(r->code, S("Throttling"));
}

int aws_assume(struct aws_client *c, const struct principal *as, struct str role_arn,
               struct str session_name, struct arena *a, struct principal *ret_principal,
               struct aws_result *ret)
{
    struct aws_assumption what = { as, role_arn, session_name, { 0 } };

    return aws_assume_with(c, &what, a, ret_principal, ret);
}

int aws_assume_with(struct aws_client *c, const struct aws_assumption *what, struct arena *a,
                    struct principal *ret_principal, struct aws_result *ret)
{
    struct str account = what->as->account, source_arn = what->source_arn;
    struct op_key keys[] = {
        { S("aws:SourceAccount"), { &account, 1 } },
        { S("aws:SourceArn"), { &source_arn, 1 } },
    };
    struct value *in = value_map(a);
    value_set_str(a, in, S("RoleArn"), what->role_arn);
    value_set_str(a, in, S("RoleSessionName"), what->session_name);

    struct aws_request request = {
        .as = what->as,
        .service = "sts",
        .operation = "AssumeRole",
        .in = in,
        .keys = keys,
    };
    if (what->as->kind == PRINCIPAL_SERVICE)
        request.n_keys = str_is_set(source_arn) ? 2 : 1;
    TRY(aws_call(c, &request, a, ret));
    if (!aws_succeeded(ret))
        return 0;

    const struct value *credentials = value_get(ret->out, S("Credentials"));
    struct str secret;
    int opened = session_open(c->rt->plane, a, value_get_str(credentials, S("AccessKeyId")),
                              value_get_str(credentials, S("SessionToken")), c->rt->config.now(),
                              ret_principal, &secret);
    return opened == 0 ? 0 : FAULT(EPROTO);
}
