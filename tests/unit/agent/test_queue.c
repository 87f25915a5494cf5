/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/queue.h"

#include "base/buf.h"
#include "base/json.h"

#include "../test.h"

static struct str payload_of(struct arena *a, int step, size_t output)
{
    struct buf b = buf_in(a);

    buf_fmt(
        &b,
        "{\"documentStatus\":\"InProgress\",\"runtimeStatus\":{\"step%d\":{\"status\":\"Failed\","
        "\"code\":%d,\"output\":\"x\",\"standardOutput\":\"",
        step, step);
    for (size_t i = 0; i < output; i++)
        buf_byte(&b, 'o');
    buf_lit(&b, "\",\"standardError\":\"e\"}}}");
    return buf_str(&b);
}

static const struct value *step_of(struct arena *a, const struct entry *e, int step)
{
    struct value *v;

    assert_int_equal(json_parse(a, e->payload, &v, NULL), 0);
    return value_get(value_get(v, S("runtimeStatus")), arena_fmt(a, "step%d", step));
}

static void add(struct arena *a, struct entry **queue, struct str payload)
{
    struct entry e = { .kind = ENTRY_REPLY, .id = S("id"), .payload = payload };
    queue_add(a, queue, &e);
}

static void the_oldest_outputs_go_first_and_no_status_does(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct entry *queue = NULL;
    size_t size = 0;
    int step = 0, n_kept = 0;

    queue_add(&a, &queue, &(struct entry){ .kind = ENTRY_ACK });
    for (int i = 0; i < 60; i++)
        add(&a, &queue, payload_of(&a, i, 40000));
    for (const struct entry *e = queue->next; e; e = e->next, step++) {
        const struct value *s = step_of(&a, e, step);
        bool is_kept = value_get_str(s, S("standardOutput")).len == 40000;
        assert_str(value_get_str(s, S("status")), "Failed");
        assert_int_equal(value_get_int(s, S("code"), -1), step);
        assert_true(is_kept || str_eq(value_get_str(s, S("output")), S(QUEUE_NOTE)));
        assert_true(is_kept || n_kept == 0); /* what is kept is the newest */
        n_kept += is_kept;
        size += e->payload.len;
    }
    assert_int_equal(step, 60);
    assert_in_range(n_kept, 20, 26);
    assert_true(size <= QUEUE_BYTES);
    assert_int_equal(queue->kind, ENTRY_ACK);
    arena_done(&a);
}

static void the_last_word_is_whole_however_long(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct entry *queue = NULL;

    add(&a, &queue, payload_of(&a, 0, 10));
    add(&a, &queue, payload_of(&a, 1, 2 * QUEUE_BYTES));
    assert_int_equal(value_get_str(step_of(&a, queue, 0), S("standardOutput")).len, 0);
    assert_int_equal(value_get_str(step_of(&a, queue->next, 1), S("standardOutput")).len,
                     2 * QUEUE_BYTES);
    add(&a, &queue, S("{\"documentStatus\":\"Failed\",\"runtimeStatus\":{}}"));
    assert_str(value_get_str(step_of(&a, queue->next, 1), S("output")), QUEUE_NOTE);
    assert_str(queue->next->next->payload, "{\"documentStatus\":\"Failed\",\"runtimeStatus\":{}}");
    arena_done(&a);
}

static void what_has_no_output_is_left_as_it_is(void **state)
{
    (void)state;
    static const char *const plain[] = { "", "{", "[]", "{\"runtimeStatus\":null}",
                                         "{\"runtimeStatus\":{\"a\":7}}" };
    struct arena a = { 0 };
    struct str got = S("as it was"), once;

    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        assert_false(queue_strip(&a, str_of(plain[i]), &got));
    assert_str(got, "as it was");
    assert_true(queue_strip(&a, payload_of(&a, 3, 5), &once));
    assert_false(queue_strip(&a, once, &got));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_outputs_go_first_and_no_status_does),
        cmocka_unit_test(the_last_word_is_whole_however_long),
        cmocka_unit_test(what_has_no_output_is_left_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
