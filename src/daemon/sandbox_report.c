/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "base/json.h"
#include "base/time.h"
#include "daemon/sandbox_private.h"

struct str report_error(struct arena *a, const char *type, struct str message)
{
    struct value *v = value_map(a);
    value_set_str(a, v, S("errorMessage"), message);
    value_set_str(a, v, S("errorType"), str_of(type));
    return json_format(a, v);
}

/* The host program passes a signal on as 128 and its number. */
struct str report_exit(struct arena *a, const struct sandbox_invocation *in,
                       const struct process_status *status)
{
    int code = status->is_exited ? status->code : 128 + status->signal;
    struct str how;

    if (code == 0)
        how = S("Runtime exited without providing a reason");
    else if (code == 128 + SIGKILL)
        how = S("Runtime exited with error: signal: killed");
    else if (code > 128)
        how = arena_fmt(a, "Runtime exited with error: signal: %s", strsignal(code - 128));
    else
        how = arena_fmt(a, "Runtime exited with error: exit status %d", code);
    return report_error(a, "Runtime.ExitError",
                        arena_fmt(a, "RequestId: %.*s Error: %.*s", STR(in->request_id), STR(how)));
}

static struct str timeout_text(struct arena *a, const struct sandbox_invocation *in, msec now)
{
    return arena_fmt(a, "%.*s %.*s Task timed out after %lld.%02lld seconds",
                     STR(time_iso_ms(a, now)), STR(in->request_id), (long long)(in->timeout / 1000),
                     (long long)(in->timeout % 1000 / 10));
}

struct str report_timeout(struct arena *a, const struct sandbox_invocation *in, msec now)
{
    struct value *v = value_map(a);
    value_set_str(a, v, S("errorMessage"), timeout_text(a, in, now));
    return json_format(a, v);
}

struct str report_init_timeout(struct arena *a, const struct sandbox_invocation *in, msec limit)
{
    return report_error(a, "Sandbox.Timedout",
                        arena_fmt(a, "RequestId: %.*s Error: Init timed out after %lld.00 seconds",
                                  STR(in->request_id), (long long)(limit / 1000)));
}

struct sandbox_result report_no_entry(struct arena *a, const struct sandbox_invocation *in)
{
    struct str message = arena_fmt(
        a, "RequestId: %.*s Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap]",
        STR(in->request_id));
    struct report report = { .in = in,
                             .init = -1,
                             .status = "error\tError Type: Runtime.InvalidEntrypoint" };
    return (struct sandbox_result){
        .payload = report_error(a, "Runtime.InvalidEntrypoint", message),
        .function_error = S("Unhandled"),
        .log = report_log(a, &report, message),
    };
}

struct str report_message(struct arena *a, struct str error)
{
    struct value *v;

    if (json_parse(a, error, &v, NULL) != 0)
        return S("");
    return arena_fmt(a, "%.*s\n", STR(value_get_str(v, S("errorMessage"))));
}

/* A log is text: bytes that are none become '?'. */
static void add_line(struct buf *b, struct str line)
{
    bool is_text = str_is_utf8(line);

    for (size_t i = 0; i < line.len; i++) {
        bool is_odd = (uint8_t)line.p[i] >= 0x80 || line.p[i] == '\0';
        buf_byte(b, is_odd && !is_text ? '?' : line.p[i]);
    }
    buf_byte(b, '\n');
}

struct str report_log(struct arena *a, const struct report *r, struct str printed)
{
    struct buf b = buf_in(a);
    struct str rest = printed, line, id = r->in->request_id;

    buf_fmt(&b, "START RequestId: %.*s Version: $LATEST\n", STR(id));
    while (str_next(&rest, '\n', &line))
        if (line.len > 0)
            add_line(&b, line);
    buf_fmt(&b, "END RequestId: %.*s\n", STR(id));
    buf_fmt(&b,
            "REPORT RequestId: %.*s\tDuration: %lld.00 ms\tBilled Duration: %lld ms\t"
            "Memory Size: %lld MB\tMax Memory Used: %lld MB\t",
            STR(id), (long long)r->duration, (long long)(r->duration + (r->init > 0 ? r->init : 0)),
            (long long)r->in->memory_mb, (long long)r->peak_mb);
    if (r->init >= 0)
        buf_fmt(&b, "Init Duration: %lld.00 ms\t", (long long)r->init);
    if (r->status)
        buf_fmt(&b, "Status: %s\t", r->status);
    buf_byte(&b, '\n');
    return buf_str(&b);
}
