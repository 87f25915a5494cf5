/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "agent/message.h"
#include "base/json.h"

static struct message read_message(struct arena *a, const char *topic, const char *id,
                                   const char *payload)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("Topic"), str_of(topic));
    value_set_str(a, v, S("MessageId"), str_of(id));
    value_set_str(a, v, S("Destination"), S("mi-1"));
    value_set_str(a, v, S("CreatedDate"), S("2026-11-23T03:43:45.617Z"));
    value_set_str(a, v, S("Payload"), str_of(payload));
    return message_read(a, v);
}

static void the_topic_says_what_is_asked(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct message m = read_message(&a, "aws.ssm.sendCommand.us.east.1.1", "aws.ssm.c-1.mi-1",
                                    "{\"CommandId\":\"other\"}");

    assert_int_equal(m.kind, MESSAGE_RUN);
    assert_str(m.command_id, "c-1");
    assert_int_equal(m.created_at, 1795405425617);
    m = read_message(&a, "aws.ssm.cancelCommand.us.east.1.1", "aws.ssm.x.mi-1",
                     "{\"CancelMessageId\":\"aws.ssm.c-2.mi-1\"}");
    assert_int_equal(m.kind, MESSAGE_CANCEL);
    assert_str(m.command_id, "c-2");
    assert_int_equal(read_message(&a, "aws.ssm.else", "x.y", "{}").kind, MESSAGE_UNKNOWN);
    arena_done(&a);
}

static void an_incomplete_message_is_left_alone(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_int_equal(read_message(&a, "", "aws.ssm.c.mi-1", "{}").kind, MESSAGE_NOTHING);
    assert_int_equal(read_message(&a, "aws.ssm.sendCommand", "", "{}").kind, MESSAGE_NOTHING);
    assert_int_equal(message_read(&a, NULL).kind, MESSAGE_NOTHING);
    assert_int_equal(message_read(&a, value_int(&a, 1)).kind, MESSAGE_NOTHING);
    assert_null(read_message(&a, "aws.ssm.sendCommand", "aws.ssm.c.mi-1", "[1]").payload);
    arena_done(&a);
}

static void the_command_is_named_by_the_message(void **state)
{
    (void)state;

    assert_str(message_command_id(S("aws.ssm.c-1.mi-1")), "c-1");
    assert_str(message_command_id(S("c-1.mi-1")), "c-1");
    assert_false(str_is_set(message_command_id(S("mi-1"))));
    assert_false(str_is_set(message_command_id(S("..mi-1"))));
    assert_false(str_is_set(message_command_id(S(""))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_topic_says_what_is_asked),
        cmocka_unit_test(an_incomplete_message_is_left_alone),
        cmocka_unit_test(the_command_is_named_by_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
