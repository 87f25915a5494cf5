/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/queue.h"

#include "base/json.h"

/* Of what a step wrote; its status, code and times are other members. */
static bool strip_step(struct arena *a, struct value *step)
{
    static const char *const members[] = { "standardOutput", "standardError" };
    bool had_any = false;

    if (!value_is(step, VALUE_MAP))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        had_any = had_any || !str_is_empty(value_get_str(step, str_of(members[i])));
        value_set_str(a, step, str_of(members[i]), S(""));
    }
    struct str note = S(QUEUE_NOTE), output = value_get_str(step, S("output"));
    had_any = had_any || output.len > note.len;
    value_set_str(a, step, S("output"), note);
    return had_any;
}

bool queue_strip(struct arena *a, struct str payload, struct str *ret)
{
    struct arena scratch = { 0 };
    struct value *v;
    bool had_any = false;

    if (json_parse(&scratch, payload, &v, NULL) == 0) {
        const struct value *steps = value_get(v, S("runtimeStatus"));
        for (size_t i = 0; value_is(steps, VALUE_MAP) && i < value_count(steps); i++)
            had_any = strip_step(&scratch, steps->map.members[i].value) || had_any;
        if (had_any)
            *ret = json_format(a, v);
    }
    arena_done(&scratch);
    return had_any;
}

static size_t queue_size(const struct entry *queue)
{
    size_t size = 0;

    for (const struct entry *e = queue; e; e = e->next)
        size += e->payload.len;
    return size;
}

void queue_add(struct arena *a, struct entry **queue, const struct entry *with)
{
    struct entry *last = arena_new(a, struct entry);
    struct entry **end = queue;

    *last = *with;
    while (*end)
        end = &(*end)->next;
    *end = last;

    size_t size = queue_size(*queue);
    for (struct entry *e = *queue; e != last && size > QUEUE_BYTES; e = e->next) {
        size_t before = e->payload.len;
        if (queue_strip(a, e->payload, &e->payload))
            size = size - before + e->payload.len;
    }
}
