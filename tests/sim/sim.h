/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world with a clock of its own: what is to happen stands in a queue,
 * and time jumps from one thing to the next. One seed, one world.
 */
#pragma once

#include "base/buf.h"

#define SIM_EPOCH ((msec)1000000)

struct sim_event {
    msec at;
    uint64_t order; /* among those at the same time: first in, first out */
    int type;
    uint32_t index;
    int64_t argument;
};

struct sim {
    struct arena arena;
    uint64_t random;
    msec now;
    struct sim_event *events;
    size_t n_events, capacity;
    uint64_t n_scheduled;
    struct buf transcript;
    bool keeps_transcript;
};

void sim_init(struct sim *s, uint64_t seed);
void sim_done(struct sim *s);

uint32_t sim_below(struct sim *s, uint32_t n); /* 0 .. n - 1; 0 for n = 0 */
bool sim_chance(struct sim *s, uint32_t percent);

void sim_at(struct sim *s, msec at, int type, uint32_t index, int64_t argument);
bool sim_next(struct sim *s, struct sim_event *ret); /* moves the clock; false at the end */

/* A line of the transcript: milliseconds since SIM_EPOCH and what happened. */
PRINTF(2, 3) void sim_say(struct sim *s, const char *fmt, ...);

/* Fails the test, showing both, if the transcript is not this text. */
void sim_expect(struct sim *s, const char *text);
