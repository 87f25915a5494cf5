/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule function: an event of a rule comes in, an Automation over
 * accounts and Regions is started. A custom runtime of AWS Lambda ("bootstrap"
 * on the Runtime API), the same binary on AWS and on Patchbay.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "functions/schedule-patching/plan.h"
#include "functions/schedule-patching/settings.h"
#include "functions/schedule-patching/ssm.h"
#include "sys/clock.h"

#define PATIENCE (365 * MSEC_DAY)  /* for the next event: between two the process may be frozen */
#define RESERVE  (300 * (msec)1)   /* kept to tell how it went */
#define FALLBACK (3 * MSEC_SECOND) /* no deadline was told */

struct runtime {
    struct http_client *api; /* to the Runtime API */
    struct http_client *aws;
    struct str url;
};

struct invocation {
    struct arena *a;
    struct str id, function_arn;
    msec deadline;
    struct str payload;
};

static struct str variable(const char *name)
{
    return str_of(getenv(name));
}

/* --- the Runtime API ------------------------------------------------------ */

static int next(struct runtime *r, struct arena *a, struct invocation *ret)
{
    struct http_response response;
    struct http_outgoing out = {
        .method = S("GET"),
        .url = arena_fmt(a, "%.*s/invocation/next", STR(r->url)),
        .timeout = PATIENCE,
    };
    struct str why = S("");

    int called = http_call(r->api, &out, a, &response, &why);
    if (called > 0)
        return err_fault(ECONNABORTED, "the Runtime API: %.*s", STR(why));
    TRY(called);
    if (response.status != 200)
        return err_fault(EPROTO, "the Runtime API answers %d", response.status);
    *ret = (struct invocation){
        .a = a,
        .id = http_response_get(&response, S("Lambda-Runtime-Aws-Request-Id")),
        .function_arn = http_response_get(&response, S("Lambda-Runtime-Invoked-Function-Arn")),
        .payload = response.body,
    };
    if (!str_to_int(http_response_get(&response, S("Lambda-Runtime-Deadline-Ms")), &ret->deadline))
        ret->deadline = clock_now() + FALLBACK;
    return 0;
}

static int tell(struct runtime *r, const struct invocation *i, const char *how, struct value *what)
{
    struct http_response response;
    struct http_header headers[] = {
        { S("Content-Type"), S("application/json") },
        { S("Lambda-Runtime-Function-Error-Type"), value_get_str(what, S("errorType")) },
    };
    struct http_outgoing out = {
        .method = S("POST"),
        .url = arena_fmt(i->a, "%.*s/invocation/%.*s/%s", STR(r->url), STR(i->id), how),
        .headers = headers,
        .n_headers = str_is_set(headers[1].value) ? 2 : 1,
        .body = json_format(i->a, what),
    };
    struct str why = S("");

    int called = http_call(r->api, &out, i->a, &response, &why);
    if (called > 0)
        return err_fault(ECONNABORTED, "the Runtime API: %.*s", STR(why));
    TRY(called);
    return 0;
}

static int fail(struct runtime *r, const struct invocation *i, struct str type, struct str message)
{
    struct value *v = value_map(i->a);

    printf("[ERROR] %.*s: %.*s\n", STR(type), STR(message));
    value_set_str(i->a, v, S("errorType"), type);
    value_set_str(i->a, v, S("errorMessage"), message);
    TRY(tell(r, i, "error", v));
    return 0;
}

/* --- the work ----------------------------------------------------------------------------------
 */

static void describe(struct arena *a, const struct settings *s)
{
    printf("%.*s with %.*s in %.*s, Regions %.*s, as %.*s\n", STR(s->operation),
           STR(s->reboot_option), STR(arena_join(a, s->accounts, S(" "))),
           STR(arena_join(a, s->regions, S(" "))), STR(s->administration_role));
    printf("The runbook %.*s has its own resource group, concurrency and errors; the stack says "
           "\"%.*s\", \"%.*s\", \"%.*s\".\n",
           STR(s->document), STR(s->group), STR(s->max_concurrency), STR(s->max_errors));
}

static int start(struct runtime *r, const struct invocation *i, const struct settings *s,
                 const struct value *event)
{
    struct str id = plan_event_id(i->a, event, i->id);
    struct value *request = plan_request(i->a, s, i->function_arn, id);
    struct value *answer = value_map(i->a);
    struct ssm_answer got;

    describe(i->a, s);
    int result = ssm_start(r->aws, i->a, request, i->deadline - RESERVE, &got);
    if (result == SSM_FAILED) {
        TRY(fail(r, i, got.code, got.message));
        return 0;
    }
    if (result == SSM_STARTED_BEFORE) {
        printf("Event %.*s has started a run before, with other settings.\n", STR(id));
        value_set_bool(i->a, answer, S("StartedBefore"), true);
    } else {
        TRY(result);
        printf("AutomationExecutionId: %.*s\n", STR(got.execution_id));
        value_set_str(i->a, answer, S("AutomationExecutionId"), got.execution_id);
    }
    TRY(tell(r, i, "response", answer));
    return 0;
}

static int handle(struct runtime *r, const struct invocation *i)
{
    struct settings settings;
    struct value *event;
    struct str why;

    int result = json_parse(i->a, i->payload, &event, &why);
    if (result == JSON_MALFORMED) {
        TRY(fail(r, i, S("EventMalformed"), why));
        return 0;
    }
    TRY(result);
    result = settings_read(i->a, variable, &settings, &why);
    if (result == SETTINGS_WRONG) {
        TRY(fail(r, i, S("SettingsWrong"), why));
        return 0;
    }
    TRY(result);
    TRY(start(r, i, &settings, event));
    return 0;
}

static int serve(struct runtime *r)
{
    struct arena a = { 0 };

    for (;;) {
        struct invocation i;
        TRY(next(r, &a, &i));
        TRY(handle(r, &i));
        fflush(stdout);
        arena_reset(&a);
    }
}

int main(void)
{
    struct arena a = { 0 };
    struct str api = variable("AWS_LAMBDA_RUNTIME_API");
    struct runtime r = { .url = arena_fmt(&a, "http://%.*s/2018-06-01/runtime", STR(api)) };

    if (api.len == 0 || variable("AWS_REGION").len == 0) {
        fputs("This is a function for AWS Lambda or Patchbay: see README.md.\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    r.api = http_client_new();
    r.aws = http_client_new();
    int result = serve(&r);
    fprintf(stderr, "%s\n", result < 0 ? err_trace() : "");
    return 1;
}
