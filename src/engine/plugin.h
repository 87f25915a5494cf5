/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent says of a document and of its steps ("plugins"), how a step's
 * record follows it, and how much of what a step printed is kept.
 */
#pragma once

#include "base/arena.h"

/* documentStatus, and a runtimeStatus's status */
enum agent_status {
    AGENT_NOT_STARTED,
    AGENT_IN_PROGRESS,
    AGENT_SUCCESS,
    AGENT_SUCCESS_AND_REBOOT, /* not final: the step runs again after the reboot */
    AGENT_PASSED_AND_REBOOT,
    AGENT_FAILED,
    AGENT_CANCELLED,
    AGENT_TIMED_OUT,
    AGENT_SKIPPED,
    AGENT_STATUSES,
};

bool agent_status_parse(struct str text, enum agent_status *ret);
struct str agent_status_name(enum agent_status status);
bool agent_status_is_final(enum agent_status status);

/* Plain data; a zeroed one is Pending. */
struct plugin {
    enum agent_status status;
    int32_t code;
    msec started_at, ended_at;
};

/* Takes a report into the record. True if it says something new: then what it
 * brought (output, times) replaces what was kept. A final record stays as it
 * is, whatever comes late or twice; of two reboots the later counts. */
bool plugin_report(struct plugin *have, const struct plugin *report);

int plugin_response_code(const struct plugin *p); /* -1 as long as it has not run */

/* Status and StatusDetails on the wire. `over` is the invocation's once that is
 * final, else absent: a step that its agent never reported ended as that did. */
struct str plugin_status_name(const struct plugin *p, struct str over);
struct str plugin_detail_name(const struct plugin *p, struct str over);

/* Limits of what is shown; counted in bytes as the agent does, and a cut never
 * splits a UTF-8 sequence. */
#define OUTPUT_MAX_STDOUT   24000
#define OUTPUT_MAX_STDERR   8000
#define OUTPUT_MAX_COMBINED 2500

/* At most `limit` bytes, the agent's "--output truncated--" among them if cut. */
struct str output_cut(struct arena *a, struct str text, size_t limit);

/* CommandPlugins[].Output: both streams in OUTPUT_MAX_COMBINED bytes. */
struct str output_combined(struct arena *a, struct str out, struct str err);
