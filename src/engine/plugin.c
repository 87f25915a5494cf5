/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plugin.h"

#include "base/buf.h"

#define CUT_NOTE     "--output truncated--"
#define ERROR_TITLE  "\n----------ERROR-------\n"
#define CUT_OUT_NOTE "\n---Output truncated---"
#define CUT_ERR_NOTE "\n---Error truncated----"

static const struct {
    struct str name;
    bool is_final;
    struct str wire_status, wire_detail; /* of a step */
} statuses[AGENT_STATUSES] = {
    [AGENT_NOT_STARTED] = { S_INIT("NotStarted"), false, S_INIT("Pending"), S_INIT("Pending") },
    [AGENT_IN_PROGRESS] = { S_INIT("InProgress"), false, S_INIT("InProgress"),
                            S_INIT("InProgress") },
    [AGENT_SUCCESS] = { S_INIT("Success"), true, S_INIT("Success"), S_INIT("Success") },
    [AGENT_SUCCESS_AND_REBOOT] = { S_INIT("SuccessAndReboot"), false, S_INIT("InProgress"),
                                   S_INIT("InProgress") },
    [AGENT_PASSED_AND_REBOOT] = { S_INIT("PassedAndReboot"), false, S_INIT("InProgress"),
                                  S_INIT("InProgress") },
    [AGENT_FAILED] = { S_INIT("Failed"), true, S_INIT("Failed"), S_INIT("Failed") },
    [AGENT_CANCELLED] = { S_INIT("Cancelled"), true, S_INIT("Cancelled"), S_INIT("Cancelled") },
    [AGENT_TIMED_OUT] = { S_INIT("TimedOut"), true, S_INIT("TimedOut"),
                          S_INIT("ExecutionTimedOut") },
    [AGENT_SKIPPED] = { S_INIT("Skipped"), true, S_INIT("Success"), S_INIT("Skipped") },
};

bool agent_status_parse(struct str text, enum agent_status *ret)
{
    for (size_t i = 0; i < AGENT_STATUSES; i++)
        if (str_eq(text, statuses[i].name)) {
            *ret = (enum agent_status)i;
            return true;
        }
    return false;
}

struct str agent_status_name(enum agent_status status)
{
    return statuses[status].name;
}

bool agent_status_is_final(enum agent_status status)
{
    return statuses[status].is_final;
}

static bool wants_reboot(enum agent_status status)
{
    return status == AGENT_SUCCESS_AND_REBOOT || status == AGENT_PASSED_AND_REBOOT;
}

bool plugin_report(struct plugin *have, const struct plugin *report)
{
    if (agent_status_is_final(have->status))
        return false;
    if (!agent_status_is_final(report->status)) {
        bool is_news = wants_reboot(report->status)
                           ? !wants_reboot(have->status) || report->ended_at > have->ended_at
                           : report->status > have->status;
        if (!is_news)
            return false;
    }
    *have = *report;
    return true;
}

int plugin_response_code(const struct plugin *p)
{
    bool has_run = agent_status_is_final(p->status) || wants_reboot(p->status);

    return has_run ? p->code : -1;
}

static bool ended_with_invocation(const struct plugin *p, struct str over)
{
    return !agent_status_is_final(p->status) && str_is_set(over);
}

struct str plugin_status_name(const struct plugin *p, struct str over)
{
    return ended_with_invocation(p, over) ? over : statuses[p->status].wire_status;
}

struct str plugin_detail_name(const struct plugin *p, struct str over)
{
    return ended_with_invocation(p, over) ? over : statuses[p->status].wire_detail;
}

/* The longest start of `text` that fits and ends with a whole character. */
static struct str fit(struct str text, size_t limit)
{
    size_t len = limit;

    if (text.len <= limit)
        return text;
    while (len > 0 && len + 4 > limit && ((unsigned char)text.p[len] & 0xc0) == 0x80)
        len--;
    return str_slice(text, 0, len);
}

static struct str cut(struct arena *a, struct str text, size_t limit, struct str note)
{
    assert(limit > note.len);
    if (text.len <= limit)
        return text;
    struct buf b = buf_in(a);
    buf_add(&b, fit(text, limit - note.len));
    buf_add(&b, note);
    return buf_str(&b);
}

struct str output_cut(struct arena *a, struct str text, size_t limit)
{
    return cut(a, text, limit, S(CUT_NOTE));
}

struct str output_combined(struct arena *a, struct str out, struct str err)
{
    if (str_is_empty(err))
        return cut(a, out, OUTPUT_MAX_COMBINED, S(CUT_OUT_NOTE));

    /* Both are cut to a half if both are longer; else the one that is gets all
     * the room the other leaves. */
    size_t room = OUTPUT_MAX_COMBINED - (sizeof(ERROR_TITLE) - 1);
    size_t out_room = room / 2, err_room = room / 2;
    if (out.len <= out_room)
        err_room = room - out.len;
    else if (err.len <= err_room)
        out_room = room - err.len;

    struct buf b = buf_in(a);
    buf_add(&b, cut(a, out, out_room, S(CUT_OUT_NOTE)));
    buf_lit(&b, ERROR_TITLE);
    buf_add(&b, cut(a, err, err_room, S(CUT_ERR_NOTE)));
    return buf_str(&b);
}
