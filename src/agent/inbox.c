/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/inbox.h"

#include "agent/message.h"
#include "agent/reply.h"
#include "base/log.h"
#include "sys/clock.h"

struct inbox {
    struct agent *agent;
    struct http_client *client;
    struct arena *arena;
};

/* What fails here is not tried again: the message is not acknowledged, or its acknowledgement is
 * lost, so the plane delivers it again. */
static void tell(struct inbox *in, const char *operation, struct value *input)
{
    struct plane_answer answer;
    const struct plane_call call = { .client = in->client,
                                     .service = PLANE_MESSAGES,
                                     .operation = operation,
                                     .input = input,
                                     .wake_fd = in->agent->signal_fd };

    int sent = plane_send(&in->agent->plane, &call, in->arena, &answer);
    if (sent < 0)
        log_error("%s: %s", operation, err_trace());
    else if (sent != 0)
        log_warning("%s: %.*s %.*s", operation, STR(answer.code), STR(answer.message));
}

static void acknowledge(struct inbox *in, struct str message_id)
{
    struct value *input = value_map(in->arena);

    value_set_str(in->arena, input, S("MessageId"), message_id);
    tell(in, "AcknowledgeMessage", input);
}

static void reply(struct inbox *in, struct str message_id, struct str payload)
{
    struct value *input = value_map(in->arena);

    value_set_str(in->arena, input, S("MessageId"), message_id);
    value_set_str(in->arena, input, S("ReplyId"), random_uuid(in->arena));
    value_set_str(in->arena, input, S("Payload"), payload);
    tell(in, "SendReply", input);
}

static void fail(struct inbox *in, struct str message_id)
{
    struct value *input = value_map(in->arena);

    value_set_str(in->arena, input, S("MessageId"), message_id);
    value_set_str(in->arena, input, S("FailureType"), S("InternalHandlerException"));
    tell(in, "FailMessage", input);
}

/* One reply and no acknowledgement, as the AWS agent does. */
static void refuse(struct inbox *in, const struct message *m, struct str why)
{
    log_warning("command %.*s: %.*s", STR(m->command_id), STR(why));
    reply(in, m->id, reply_refused(in->arena, why, clock_now()));
}

/* By our clock, which all that is compared with it goes by. */
static msec created_at(struct inbox *in, const struct message *m)
{
    return m->created_at ? m->created_at - plane_skew(&in->agent->plane) : 0;
}

static void run(struct inbox *in, const struct message *m)
{
    const char *state = in->agent->config.state;
    struct command c;
    struct str why;

    if (!journal_is_id(m->command_id)) {
        fail(in, m->id);
        return;
    }
    if (journal_has(state, m->command_id)) {
        acknowledge(in, m->id); /* delivered twice: it runs or has run */
        return;
    }
    if (!worker_has_room(in->agent)) {
        log_notice("command %.*s: too many are running; left for later", STR(m->command_id));
        return;
    }
    if (!m->payload) {
        refuse(in, m, S("The message is not a JSON object"));
        return;
    }
    int made = command_new(in->arena, m->id, m->command_id, created_at(in, m), m->payload,
                           clock_now(), &c, &why);
    if (made == DOCUMENT_REFUSED) {
        refuse(in, m, why);
        return;
    }
    int saved = made == 0 ? journal_save(state, &c) : made;
    if (saved == 0) {
        worker_submit(in->agent, m->command_id);
        return;
    }
    log_error("command %.*s: it cannot be recorded, so it is not taken: %s", STR(m->command_id),
              saved < 0 ? err_trace() : "no space");
}

static void cancel(struct inbox *in, const struct message *m)
{
    if (journal_is_id(m->command_id))
        worker_cancel(in->agent, m->command_id); /* unknown or over: nothing to do */
    reply(in, m->id, reply_in_progress(in->arena, clock_now()));
    acknowledge(in, m->id);
}

void inbox_take(struct agent *agent, struct http_client *client, struct arena *a,
                const struct value *message)
{
    struct inbox in = { .agent = agent, .client = client, .arena = a };
    const struct message m = message_read(a, message);

    switch (m.kind) {
    case MESSAGE_NOTHING:
        break;
    case MESSAGE_RUN:
        run(&in, &m);
        break;
    case MESSAGE_CANCEL:
        cancel(&in, &m);
        break;
    case MESSAGE_UNKNOWN:
        fail(&in, m.id);
        break;
    }
}
