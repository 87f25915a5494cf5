/* SPDX-License-Identifier: Apache-2.0 */
/* Any answer to a long poll's message: read, planned, run with made-up results, recorded. */
#include "agent/message.h"
#include "agent/reply.h"
#include "base/json.h"

#include "fuzz.h"

/* Every step ends at once, with an exit code that differs from step to step. */
static int look(void *context, const struct command *c, struct run_place at, struct arena *a,
                struct step_result *ret)
{
    static const int codes[] = { 0, 1, CODE_EXIT_OK, CODE_REBOOT, CODE_EXIT_FAIL, 255 };
    (void)context, (void)c;

    *ret = (struct step_result){ .code = codes[at.step % ARRAY_LEN(codes)],
                                 .out = arena_fmt(a, "%zu\n", at.step),
                                 .err = S("e") };
    return 0;
}

static int save(void *context, const struct command *c)
{
    struct arena *a = context;
    struct value *v = command_to_value(a, c), *again;
    struct command loaded;

    int parsed = json_parse(a, json_format(a, v), &again, NULL);
    assert(parsed == 0);
    bool is_ours = command_from_value(a, again, &loaded);
    assert(is_ours && loaded.document.count == (c->is_over ? 0 : c->document.count));
    return 0;
}

static bool may(void *context)
{
    (void)context;
    return true;
}

static int launch(void *context, const struct command *c, struct run_place at)
{
    (void)context, (void)c, (void)at;
    return 0;
}

/* Every document that a step asks for is what its parameter "content" has. */
static int fetch(void *context, const struct document_step *step, struct arena *a,
                 struct value **ret, struct str *ret_why)
{
    struct value *content = value_get(step->parameters, S("content"));
    (void)context;

    if (!content) {
        *ret_why = arena_dup(a, S("no content"));
        return PORT_REFUSED;
    }
    *ret = value_copy(a, content);
    return 0;
}

static int send(void *context, const struct command *c, const struct entry *e)
{
    (void)context, (void)c;
    assert(e->kind == ENTRY_ACK || e->payload.len > 0);
    return 0;
}

static int reboot(void *context, const struct command *c, struct arena *a, struct str *ret_why)
{
    (void)context, (void)c;
    *ret_why = arena_dup(a, S("no"));
    return PORT_REFUSED;
}

static void run(struct arena *a, const struct message *m)
{
    const struct command_ports ports = { a,     save, may,    may,       launch,     look,
                                         fetch, send, reboot, S("boot"), MSEC_MINUTE };
    struct command c;
    struct str why = { 0 };

    int made = command_new(a, m->id, m->command_id, m->created_at, m->payload, 1000, &c, &why);
    if (made != 0) {
        assert(made == DOCUMENT_REFUSED && why.len > 0);
        reply_refused(a, why, 1000);
        return;
    }
    for (int turn = 0; command_advance(a, &c, &ports, 2000) != 0; turn++)
        assert(turn < 8 * RUN_MAX_STEPS);
    assert(c.is_over && !c.entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct value *v;

    if (size <= 65536 && json_parse(&a, (struct str){ (const char *)data, size }, &v, NULL) == 0) {
        struct message m = message_read(&a, v);
        if (m.kind == MESSAGE_RUN && str_is_set(m.command_id) && m.payload)
            run(&a, &m);
    }
    arena_done(&a);
    return 0;
}
