/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ec2messages: the channel of the agents. AWS publishes no model of it; this is
 * what its agent sends and wants. Every operation is for the node itself.
 */
#include "base/json.h"
#include "base/time.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/node/message.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/command/runcommand.h"

/* Agents give up a poll after 20 s; an answer before 1 s makes them pause. */
#define POLL_PATIENCE   (16 * MSEC_SECOND)
#define MESSAGES_A_POLL 10

struct poll_in {
    struct str destination, request_id;
    int64_t visibility;
};

struct message_view {
    struct str created_at, destination, id, payload, digest, topic;
};

struct poll_out {
    struct str destination, request_id;
    struct list messages;
};

struct message_in {
    struct str id, failure;
};

struct reply_in {
    struct str message_id, reply_id, payload;
};

static const char *const failures[] = { "InternalHandlerException", "NoHandlerExists", NULL };

/* clang-format off */
static const struct field poll_in_fields[] = {
    STRING(struct poll_in,  destination, "Destination",                REQUIRED, CHECK_INSTANCE_ID),
    STRING(struct poll_in,  request_id,  "MessagesRequestId",          REQUIRED, LENGTH(16, 64)),
    INTEGER(struct poll_in, visibility,  "VisibilityTimeoutInSeconds", OPTIONAL, RANGE(1, 43200),
            DEFAULT(10)),
};
static const struct shape poll_in_shape =
    SHAPE_OPEN("GetMessagesRequest", struct poll_in, poll_in_fields);

static const struct field message_fields[] = {
    STRING(struct message_view, created_at,  "CreatedDate",   OPTIONAL),
    STRING(struct message_view, destination, "Destination",   OPTIONAL),
    STRING(struct message_view, id,          "MessageId",     OPTIONAL),
    STRING(struct message_view, payload,     "Payload",       OPTIONAL),
    STRING(struct message_view, digest,      "PayloadDigest", OPTIONAL),
    STRING(struct message_view, topic,       "Topic",         OPTIONAL),
};
static const struct shape message_shape = SHAPE("Message", struct message_view, message_fields);

static const struct field poll_out_fields[] = {
    STRING(struct poll_out, destination, "Destination",       OPTIONAL),
    STRING(struct poll_out, request_id,  "MessagesRequestId", OPTIONAL),
    LIST(struct poll_out,   messages,    "Messages",          OPTIONAL, message_shape),
};
static const struct shape poll_out_shape =
    SHAPE("GetMessagesResult", struct poll_out, poll_out_fields);

static const struct field message_in_fields[] = {
    STRING(struct message_in, id, "MessageId", REQUIRED, LENGTH(16, 256)),
};
static const struct shape message_in_shape =
    SHAPE_OPEN("AcknowledgeMessageRequest", struct message_in, message_in_fields);

static const struct field fail_in_fields[] = {
    STRING(struct message_in, id,      "MessageId",   REQUIRED, LENGTH(16, 256)),
    STRING(struct message_in, failure, "FailureType", REQUIRED, .values = failures),
};
static const struct shape fail_in_shape =
    SHAPE_OPEN("FailMessageRequest", struct message_in, fail_in_fields);

static const struct field reply_in_fields[] = {
    STRING(struct reply_in, message_id, "MessageId", REQUIRED, LENGTH(16, 256)),
    STRING(struct reply_in, reply_id,   "ReplyId",   REQUIRED, LENGTH(16, 64)),
    STRING(struct reply_in, payload,    "Payload",   REQUIRED, LENGTH(1, 1000000)),
};
static const struct shape reply_in_shape =
    SHAPE_OPEN("SendReplyRequest", struct reply_in, reply_in_fields);
/* clang-format on */

/* --- GetMessages ---------------------------------------------------------- */

static struct str topic_of(struct op *op, const struct message *m)
{
    char *region = arena_copy(op->arena, op->region.p, op->region.len);

    for (size_t i = 0; i < op->region.len; i++)
        if (region[i] == '-')
            region[i] = '.';
    return arena_fmt(op->arena, "aws.ssm.%s.%.*s.1", m->is_cancel ? "cancelCommand" : "sendCommand",
                     (int)op->region.len, region);
}

static int payload_of(struct op *op, const struct message *m, struct str *ret)
{
    if (!m->is_cancel)
        return runcommand_payload(op, m->command_id, ret);
    struct value *v = value_map(op->arena);
    value_set_str(op->arena, v, S("CancelMessageId"),
                  message_send_id(op->arena, m->command_id, m->node));
    *ret = json_format(op->arena, v);
    return 0;
}

static int hand_out(struct op *op, const struct message *m, msec hidden_until,
                    struct message_view *ret)
{
    struct str payload;

    TRY(payload_of(op, m, &payload));
    TRY(message_hide(op, m->id, hidden_until));
    *ret = (struct message_view){
        .created_at = time_iso_ms(op->arena, m->created_at),
        .destination = m->node,
        .id = m->id,
        .payload = payload,
        .digest = sha256_hex(op->arena, payload),
        .topic = topic_of(op, m),
    };
    return 0;
}

static int take_messages(struct op *op, const struct poll_in *in, struct list *ret)
{
    struct message *messages;
    size_t count;

    TRY(message_drop_expired(op, in->destination));
    TRY(message_list_visible(op, in->destination, MESSAGES_A_POLL, &messages, &count));
    struct message_view *views = arena_array(op->arena, struct message_view, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(hand_out(op, &messages[i], op->now + in->visibility * MSEC_SECOND, &views[i]));
    *ret = (struct list){ views, count };
    return 0;
}

/* On a reader until there is something to hand out, then on the writer. */
static int get_messages(struct op *op, const struct poll_in *in, struct poll_out *out)
{
    msec visible_at;

    PASS(node_itself(op, in->destination));
    *out = (struct poll_out){ .destination = in->destination, .request_id = in->request_id };
    TRY(message_next_visible(op, in->destination, &visible_at));
    bool has_message = visible_at != 0 && visible_at <= op->now;
    if (has_message && !op->is_writing)
        return OP_WRITER;
    if (has_message)
        return take_messages(op, in, &out->messages);
    if (op_expired(op)) {
        out->messages.items = arena_new(op->arena, struct message_view);
        return 0;
    }
    /* One that was handed out comes again when its time has come. */
    msec patience = visible_at != 0 && visible_at - op->now < POLL_PATIENCE ? visible_at - op->now
                                                                            : POLL_PATIENCE;
    return op_wait(op, message_wait_key(op->arena, in->destination), patience);
}
OP_HANDLER(get_messages)

/* --- what agents say of a message ----------------------------------------- */

/* The message of this node. Those that are gone are no error: agents repeat themselves. */
static int find_message(struct op *op, struct str id, struct str *ret_command_id,
                        struct str *ret_node)
{
    if (!message_id_parse(id, ret_command_id, ret_node))
        return op_invalid(op, "%.*s is not the id of a message.", STR(id));
    return node_itself(op, *ret_node);
}

/* A cancel message's id is nobody's command, so nothing is found and told. */
static int tell(struct op *op, struct str command_id, struct str node, struct command_event event)
{
    int told = runcommand_tell_node(op, command_id, node, &event);
    if (told != DB_NO_ROW)
        TRY(told);
    return 0;
}

static int acknowledge_message(struct op *op, const struct message_in *in, struct nothing *out)
{
    struct str command_id, node;
    (void)out;

    PASS(find_message(op, in->id, &command_id, &node));
    TRY(message_delete(op, in->id));
    return tell(op, command_id, node, (struct command_event){ .type = COMMAND_EVENT_DELIVERED });
}
OP_HANDLER(acknowledge_message)

static int fail_message(struct op *op, const struct message_in *in, struct nothing *out)
{
    struct str command_id, node;
    (void)out;

    if (!message_id_parse(in->id, &command_id, &node)) /* an agent may fail what it cannot read */
        return 0;
    PASS(node_itself(op, node));
    TRY(message_delete(op, in->id));
    return tell(op, command_id, node,
                (struct command_event){ .type = COMMAND_EVENT_REFUSE,
                                        .refusal = INVOCATION_UNDELIVERABLE });
}
OP_HANDLER(fail_message)

static int delete_message(struct op *op, const struct message_in *in, struct nothing *out)
{
    struct str command_id, node;
    (void)out;

    PASS(find_message(op, in->id, &command_id, &node));
    TRY(message_delete(op, in->id));
    return 0;
}
OP_HANDLER(delete_message)

static int send_reply(struct op *op, const struct reply_in *in, struct nothing *out)
{
    struct str command_id, node;
    (void)out;

    PASS(find_message(op, in->message_id, &command_id, &node));
    return runcommand_reply(op, command_id, node, in->payload);
}
OP_HANDLER(send_reply)

/* clang-format off */
const struct operation message_operations[] = {
    OP("GetMessages", get_messages, poll_in_shape, poll_out_shape, OP_POLLS | OP_OURS,
       RAISES_NOTHING),
    OP("AcknowledgeMessage", acknowledge_message, message_in_shape, shape_nothing,
       OP_WRITES | OP_OURS, RAISES_NOTHING),
    OP("FailMessage", fail_message, fail_in_shape, shape_nothing, OP_WRITES | OP_OURS,
       RAISES_NOTHING),
    OP("DeleteMessage", delete_message, message_in_shape, shape_nothing,
       OP_WRITES | OP_OURS, RAISES_NOTHING),
    OP("SendReply", send_reply, reply_in_shape, shape_nothing, OP_WRITES | OP_OURS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
