/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <stdio.h>

#include "../unit/test.h"

void sim_init(struct sim *s, uint64_t seed)
{
    *s = (struct sim){ .random = seed * 2 + 1, .now = SIM_EPOCH };
    s->transcript = buf_in(&s->arena);
    for (int i = 0; i < 4; i++)
        sim_below(s, 2);
}

void sim_done(struct sim *s)
{
    arena_done(&s->arena);
}

uint32_t sim_below(struct sim *s, uint32_t n)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    uint64_t mixed = (s->random >> 32) ^ (s->random >> 17);
    return n ? (uint32_t)mixed % n : 0;
}

bool sim_chance(struct sim *s, uint32_t percent)
{
    return sim_below(s, 100) < percent;
}

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event c = *a;

    *a = *b;
    *b = c;
}

void sim_at(struct sim *s, msec at, int type, uint32_t index, int64_t argument)
{
    s->events = ARENA_GROW(&s->arena, s->events, s->n_events, &s->capacity);
    s->events[s->n_events] =
        (struct sim_event){ at > s->now ? at : s->now, s->n_scheduled++, type, index, argument };
    for (size_t i = s->n_events++; i > 0 && is_before(&s->events[i], &s->events[(i - 1) / 2]);
         i = (i - 1) / 2)
        swap(&s->events[i], &s->events[(i - 1) / 2]);
}

static size_t earlier_child(const struct sim *s, size_t i)
{
    size_t child = 2 * i + 1;

    if (child + 1 < s->n_events && is_before(&s->events[child + 1], &s->events[child]))
        child++;
    return child;
}

bool sim_next(struct sim *s, struct sim_event *ret)
{
    if (s->n_events == 0)
        return false;
    *ret = s->events[0];
    s->now = ret->at;
    s->events[0] = s->events[--s->n_events];
    for (size_t i = 0, child; (child = earlier_child(s, i)) < s->n_events; i = child) {
        if (!is_before(&s->events[child], &s->events[i]))
            break;
        swap(&s->events[child], &s->events[i]);
    }
    return true;
}

void sim_say(struct sim *s, const char *fmt, ...)
{
    char line[256];
    va_list args;

    if (!s->keeps_transcript)
        return;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    buf_fmt(&s->transcript, "%8lld %s\n", (long long)(s->now - SIM_EPOCH), line);
}

void sim_expect(struct sim *s, const char *text)
{
    assert_str(buf_str(&s->transcript), text);
}
