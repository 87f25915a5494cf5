/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/message.h"

#include "base/json.h"
#include "base/time.h"

#define MESSAGE_ID_MAX 256

struct str message_command_id(struct str message_id)
{
    ptrdiff_t last = str_rfind(message_id, '.');
    if (last <= 0)
        return (struct str){ 0 };

    struct str before = str_slice(message_id, 0, (size_t)last);
    ptrdiff_t dot = str_rfind(before, '.');
    struct str id = dot < 0 ? before : str_from(before, (size_t)dot + 1);
    return str_is_empty(id) ? (struct str){ 0 } : id;
}

static struct value *parse(struct arena *a, struct str text)
{
    struct value *v;

    return json_parse(a, text, &v, NULL) == 0 && value_is(v, VALUE_MAP) ? v : NULL;
}

struct message message_read(struct arena *a, const struct value *v)
{
    struct str topic = value_get_str(v, S("Topic"));
    struct str payload = value_get_str(v, S("Payload"));
    struct str created = value_get_str(v, S("CreatedDate"));

    struct message m = { .id = value_get_str(v, S("MessageId")) };
    if (str_is_empty(topic) || str_is_empty(created) || str_is_empty(m.id) ||
        m.id.len > MESSAGE_ID_MAX || str_is_empty(value_get_str(v, S("Destination"))))
        return m;
    if (!time_parse_iso(created, &m.created_at))
        m.created_at = 0;

    if (str_starts(topic, S("aws.ssm.sendCommand"))) {
        m.kind = MESSAGE_RUN;
        m.command_id = message_command_id(m.id);
        m.payload = parse(a, payload);
    } else if (str_starts(topic, S("aws.ssm.cancelCommand"))) {
        m.kind = MESSAGE_CANCEL;
        m.command_id = message_command_id(value_get_str(parse(a, payload), S("CancelMessageId")));
    } else {
        m.kind = MESSAGE_UNKNOWN;
    }
    return m;
}
