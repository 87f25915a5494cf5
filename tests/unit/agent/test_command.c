/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command on a node that dies: at every single call through its ports, before
 * and after the call takes effect, the power is cut, and the agent starts again
 * from what was saved. Whatever the moment: no attempt runs twice, and the plane
 * hears the same statuses in the same order (some of them more than once).
 */
#include "../test.h"

#include "agent/command.h"
#include "base/buf.h"
#include "base/json.h"

#define MAX_ATTEMPTS 8
#define LEVEL        4 /* steps that a document of these tests may have */
#define MAX_SLOTS    (LEVEL * (RUN_MAX_DEPTH + 1))

/* clang-format off */
#define SCRIPT(name) \
    "{\"action\":\"aws:runShellScript\",\"name\":\"" name \
    "\",\"inputs\":{\"runCommand\":[\"x\"]}}"
#define RUNS(name, document) \
    "{\"action\":\"aws:runDocument\",\"name\":\"" name \
    "\",\"inputs\":{\"documentType\":\"SSMDocument\",\"documentPath\":\"" document "\"}}"
#define STEPS(steps) "{\"schemaVersion\":\"2.2\",\"mainSteps\":[" steps "]}"
#define PAYLOAD_OF(steps) "{\"DocumentContent\":" STEPS(steps) "}"
#define INNER STEPS(SCRIPT("i") "," SCRIPT("j"))
#define PAYLOAD PAYLOAD_OF( \
    SCRIPT("a") "," "{\"action\":\"aws:nope\",\"name\":\"b\",\"inputs\":{}}," SCRIPT("c"))
#define NESTED PAYLOAD_OF(SCRIPT("a") "," RUNS("b", "inner") "," SCRIPT("c"))
/* clang-format on */

struct world {
    struct arena disk; /* survives */
    struct str saved;
    struct arena plane;
    struct buf heard; /* what the plane was told, doubles left out */
    struct buf ids;   /* of what it was told */
    const char *payload;
    int n_launched[MAX_SLOTS][MAX_ATTEMPTS];
    bool ended[MAX_SLOTS][MAX_ATTEMPTS];
    const int (*codes)[MAX_ATTEMPTS];
    int boot;
    int n_calls, dies_at; /* the call at which the power is cut */
    bool dies_after;      /* after it took effect */
    bool is_dead, is_going_down;
};

enum { DEAD = -EIO };

/* True if the power is cut before this call has any effect. */
static bool cut_before(struct world *w)
{
    w->n_calls++;
    if (w->n_calls == w->dies_at && !w->dies_after)
        w->is_dead = true;
    return w->is_dead;
}

static int cut_after(struct world *w, int result)
{
    if (w->n_calls == w->dies_at && w->dies_after)
        w->is_dead = true;
    return w->is_dead ? DEAD : result;
}

static int port_save(void *context, const struct command *c)
{
    struct world *w = context;
    struct arena a = { 0 };

    if (cut_before(w))
        return DEAD;
    w->saved = arena_dup(&w->disk, json_format(&a, command_to_value(&a, c)));
    arena_done(&a);
    return cut_after(w, 0);
}

static bool port_may(void *context)
{
    (void)context;
    return true;
}

/* Each level has one document only, so this tells the steps of all apart. */
static size_t slot_of(struct run_place at)
{
    return (size_t)at.run->depth * LEVEL + at.step;
}

static int port_launch(void *context, const struct command *c, struct run_place at)
{
    struct world *w = context;
    int64_t attempt = run_state(at)->attempts - 1;
    size_t slot = slot_of(at);
    (void)c;

    if (cut_before(w))
        return DEAD;
    assert_int_equal(w->n_launched[slot][attempt], 0);
    w->n_launched[slot][attempt]++;
    return cut_after(w, 0);
}

static int port_look(void *context, const struct command *c, struct run_place at, struct arena *a,
                     struct step_result *ret)
{
    struct world *w = context;
    int64_t attempt = run_state(at)->attempts - 1;
    size_t slot = slot_of(at);
    (void)a, (void)c;

    if (cut_before(w))
        return DEAD;
    if (!w->n_launched[slot][attempt])
        return cut_after(w, PORT_ABSENT);
    if (!w->ended[slot][attempt]) {
        w->ended[slot][attempt] = true; /* the next look finds it */
        return cut_after(w, PORT_NOT_YET);
    }
    *ret = (struct step_result){ .code = w->codes[slot][attempt], .out = S("o\n"), .err = S("") };
    return cut_after(w, 0);
}

static int port_fetch(void *context, const struct document_step *step, struct arena *a,
                      struct value **ret, struct str *ret_why)
{
    struct world *w = context;

    if (cut_before(w))
        return DEAD;
    *ret_why = S("there is no such document");
    if (str_eq(step->path, S("never")))
        return cut_after(w, PORT_NOT_YET);
    if (!str_eq(step->path, S("inner")))
        return cut_after(w, PORT_REFUSED);
    assert_int_equal(json_parse(a, S(INNER), ret, NULL), 0);
    return cut_after(w, 0);
}

static int port_send(void *context, const struct command *c, const struct entry *e)
{
    struct world *w = context;
    struct arena a = { 0 };
    struct value *v;
    (void)c;

    if (cut_before(w))
        return DEAD;
    if (!str_contains(buf_str(&w->ids), e->id)) {
        buf_add(&w->ids, e->id);
        if (e->kind == ENTRY_ACK) {
            buf_lit(&w->heard, "ack ");
        } else {
            assert_int_equal(json_parse(&a, e->payload, &v, NULL), 0);
            const struct value *steps = value_get(v, S("runtimeStatus"));
            for (size_t i = 0; i < value_count(steps); i++)
                buf_fmt(&w->heard, "%.*s=%.*s ", STR(steps->map.members[i].key),
                        STR(value_get_str(steps->map.members[i].value, S("status"))));
            buf_fmt(&w->heard, "[%.*s] ", STR(value_get_str(v, S("documentStatus"))));
        }
    }
    arena_done(&a);
    return cut_after(w, 0);
}

static int port_reboot(void *context, const struct command *c, struct arena *a, struct str *ret_why)
{
    struct world *w = context;
    (void)c, (void)a, (void)ret_why;

    if (cut_before(w))
        return DEAD;
    w->is_going_down = true;
    return cut_after(w, 0);
}

static struct command_ports ports_of(struct world *w, struct str boot_id)
{
    return (struct command_ports){ w,           port_save, port_may,   port_may,
                                   port_launch, port_look, port_fetch, port_send,
                                   port_reboot, boot_id,   MSEC_MINUTE };
}

/* One life of the agent: from what is saved to the power cut, a restart, or the end (true). */
static bool live(struct world *w, msec *now)
{
    struct arena a = { 0 };
    struct command c;
    struct value *v;
    struct str why;
    struct command_ports ports = ports_of(w, arena_fmt(&a, "boot-%d", w->boot));
    bool is_over = false;

    w->is_dead = w->is_going_down = false;
    if (str_is_set(w->saved)) {
        assert_int_equal(json_parse(&a, w->saved, &v, NULL), 0);
        assert_true(command_from_value(&a, v, &c));
        is_over = c.is_over;
    } else {
        /* Not yet saved, so not yet acknowledged: the plane sends it again. */
        assert_int_equal(json_parse(&a, str_of(w->payload), &v, NULL), 0);
        assert_int_equal(command_new(&a, S("aws.ssm.c.mi-1"), S("c"), 1, v, *now, &c, &why), 0);
    }
    while (!is_over && !w->is_dead && !w->is_going_down) {
        *now += 10;
        is_over = command_advance(&a, &c, &ports, *now) == 0;
    }
    arena_done(&a);
    return is_over && !w->is_dead;
}

static int run_world(struct arena *a, const char *payload, int dies_at, bool dies_after,
                     const int codes[][MAX_ATTEMPTS], struct str *ret_heard)
{
    struct world w = {
        .payload = payload, .codes = codes, .dies_at = dies_at, .dies_after = dies_after, .boot = 1
    };
    msec now = 1000;
    int lives = 0;

    w.heard = buf_in(a);
    w.ids = buf_in(&w.plane);
    while (!live(&w, &now)) {
        assert_true(++lives < 20);
        /* A power cut is a new boot too; a kill of the agent alone is not: try both. */
        if (w.is_going_down || dies_after)
            w.boot++;
    }
    for (int slot = 0; slot < MAX_SLOTS; slot++)
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
            assert_in_range(w.n_launched[slot][attempt], 0, 1);
    *ret_heard = buf_str(&w.heard);
    arena_done(&w.disk);
    arena_done(&w.plane);
    return w.n_calls;
}

static void nothing_is_lost_or_repeated(const char *payload, const int codes[][MAX_ATTEMPTS],
                                        const char *expected)
{
    struct arena a = { 0 };
    struct str heard;
    int n_calls = run_world(&a, payload, 0, false, codes, &heard);

    assert_str(heard, expected);
    for (int call = 1; call <= n_calls; call++)
        for (int after = 0; after < 2; after++) {
            run_world(&a, payload, call, after, codes, &heard);
            assert_str(heard, expected);
        }
    arena_done(&a);
}

static void a_crash_at_any_moment_loses_and_repeats_nothing(void **state)
{
    (void)state;
    static const int codes[][MAX_ATTEMPTS] = { { 0 }, { 0 }, { 3 } };

    nothing_is_lost_or_repeated(PAYLOAD, codes,
                                "[InProgress] ack a=Success [InProgress] b=Failed "
                                "[InProgress] c=Failed [InProgress] [Failed] ");
}

static void a_crash_at_any_moment_around_a_restart_too(void **state)
{
    (void)state;
    static const int codes[][MAX_ATTEMPTS] = { { 194, 194, 0 }, { 0 }, { 168 } };

    nothing_is_lost_or_repeated(
        PAYLOAD, codes,
        "[InProgress] ack a=SuccessAndReboot [InProgress] [SuccessAndReboot] "
        "a=SuccessAndReboot [InProgress] [SuccessAndReboot] a=Success [InProgress] "
        "b=Failed [InProgress] c=Success [InProgress] [Failed] ");
}

static void a_crash_within_a_document_of_the_document_too(void **state)
{
    (void)state;
    static const int codes[][MAX_ATTEMPTS] = { { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 3 } };
    static const int ends[][MAX_ATTEMPTS] = { { 0 }, { 0 }, { 0 }, { 0 }, { 168 }, { 3 } };
    static const int restarts[][MAX_ATTEMPTS] = { { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 194, 0 } };

    nothing_is_lost_or_repeated(NESTED, codes,
                                "[InProgress] ack a=Success [InProgress] b=Failed [InProgress] "
                                "c=Success [InProgress] [Failed] ");
    nothing_is_lost_or_repeated(NESTED, ends,
                                "[InProgress] ack a=Success [InProgress] b=Success [InProgress] "
                                "c=Success [InProgress] [Success] ");
    nothing_is_lost_or_repeated(NESTED, restarts,
                                "[InProgress] ack a=Success [InProgress] b=SuccessAndReboot "
                                "[InProgress] [SuccessAndReboot] b=Success [InProgress] "
                                "c=Success [InProgress] [Success] ");
}

static void a_document_that_cannot_be_had_fails_its_step(void **state)
{
    (void)state;
    static const int codes[MAX_SLOTS][MAX_ATTEMPTS] = { 0 };
    static const char *const payloads[] = {
        PAYLOAD_OF(RUNS("a", "absent") "," SCRIPT("b")),
        PAYLOAD_OF(RUNS("a", "never") "," SCRIPT("b")),
    };

    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        struct arena a = { 0 };
        struct world w = { .codes = codes, .boot = 1 };
        struct command_ports ports = ports_of(&w, S("boot-1"));
        struct command c;
        struct value *v;
        struct str why;
        msec now = 1000;

        w.heard = buf_in(&a);
        w.ids = buf_in(&w.plane);
        assert_int_equal(json_parse(&a, str_of(payloads[i]), &v, NULL), 0);
        assert_int_equal(command_new(&a, S("aws.ssm.c.mi-1"), S("c"), 1, v, now, &c, &why), 0);
        while (command_advance(&a, &c, &ports, now) != 0)
            now += MSEC_MINUTE;
        assert_str(buf_str(&w.heard),
                   "[InProgress] ack a=Failed [InProgress] b=Success [InProgress] [Failed] ");
        assert_true(now - 1000 < (i == 0 ? 10 : 30) * MSEC_MINUTE);
        assert_int_equal(w.n_launched[1][0], 1);
        arena_done(&w.disk);
        arena_done(&w.plane);
        arena_done(&a);
    }
}

static void a_node_that_does_not_restart_is_a_failure(void **state)
{
    (void)state;
    struct arena a = { 0 };
    static const int codes[][MAX_ATTEMPTS] = { { 194 }, { 0 }, { 0 } };
    struct world w = { .codes = codes, .boot = 1 };
    struct command_ports ports = ports_of(&w, S("boot-1"));
    struct command c;
    struct value *v;
    struct str why;
    msec now = 1000;

    w.heard = buf_in(&a);
    w.ids = buf_in(&w.plane);
    assert_int_equal(json_parse(&a, S(PAYLOAD), &v, NULL), 0);
    assert_int_equal(command_new(&a, S("aws.ssm.c.mi-1"), S("c"), 1, v, now, &c, &why), 0);
    while (command_advance(&a, &c, &ports, now) != 0)
        now += w.is_going_down ? MSEC_MINUTE : 10;
    assert_str(buf_str(&w.heard),
               "[InProgress] ack a=SuccessAndReboot [InProgress] [SuccessAndReboot] "
               "a=Failed [InProgress] b=Failed [InProgress] c=Success [InProgress] [Failed] ");
    arena_done(&w.disk);
    arena_done(&w.plane);
    arena_done(&a);
}

static void a_cancelled_command_starts_no_further_step(void **state)
{
    (void)state;
    struct arena a = { 0 };
    static const int codes[][MAX_ATTEMPTS] = { { 0 }, { 0 }, { 0 } };
    struct world w = { .codes = codes, .boot = 1 };
    struct command_ports ports = ports_of(&w, S("boot-1"));
    struct command c;
    struct value *v;
    struct str why;

    w.heard = buf_in(&a);
    w.ids = buf_in(&w.plane);
    assert_int_equal(json_parse(&a, S(PAYLOAD), &v, NULL), 0);
    assert_int_equal(command_new(&a, S("aws.ssm.c.mi-1"), S("c"), 1, v, 1, &c, &why), 0);
    command_cancel(&c);
    while (command_advance(&a, &c, &ports, 10) != 0)
        ;
    assert_str(buf_str(&w.heard), "[InProgress] ack a=Cancelled [InProgress] b=Cancelled "
                                  "[InProgress] c=Cancelled [InProgress] [Cancelled] ");
    assert_int_equal(w.n_launched[0][0] + w.n_launched[2][0], 0);
    arena_done(&w.disk);
    arena_done(&w.plane);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_at_any_moment_loses_and_repeats_nothing),
        cmocka_unit_test(a_crash_at_any_moment_around_a_restart_too),
        cmocka_unit_test(a_crash_within_a_document_of_the_document_too),
        cmocka_unit_test(a_document_that_cannot_be_had_fails_its_step),
        cmocka_unit_test(a_node_that_does_not_restart_is_a_failure),
        cmocka_unit_test(a_cancelled_command_starts_no_further_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
