/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "api/runtime.h"

/* Deadlines mostly come in order (polls are equally patient), so the search for
 * the place starts at the end. */
static void add_late(struct park *p, struct call_state *st)
{
    struct call_state *after = p->last_late;
    while (after && after->op.wait_until > st->op.wait_until)
        after = after->prev_late;

    st->prev_late = after;
    st->next_late = after ? after->next_late : p->first_late;
    *(st->prev_late ? &st->prev_late->next_late : &p->first_late) = st;
    *(st->next_late ? &st->next_late->prev_late : &p->last_late) = st;
}

static void remove_late(struct park *p, struct call_state *st)
{
    *(st->prev_late ? &st->prev_late->next_late : &p->first_late) = st->next_late;
    *(st->next_late ? &st->next_late->prev_late : &p->last_late) = st->prev_late;
    st->next_late = st->prev_late = NULL;
}

static void remove_waiter(struct park *p, struct call_state *st)
{
    struct call_state *first = map_get(&p->waiters, st->op.wait_for);

    if (first == st && !st->next_waiter) {
        map_remove(&p->waiters, st->op.wait_for);
        return;
    }
    if (first == st) {
        map_put(&p->waiters, st->op.wait_for, st->next_waiter);
        return;
    }
    while (first->next_waiter != st)
        first = first->next_waiter;
    first->next_waiter = st->next_waiter;
}

static void make_ready(struct park *p, struct call_state *st)
{
    st->next_waiter = NULL;
    *p->ready_last = st;
    p->ready_last = &st->next_waiter;
    p->count--;
}

uint64_t park_wakes(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    uint64_t wakes = p->wakes;
    pthread_mutex_unlock(&p->lock);
    return wakes;
}

bool park_add(struct park *p, struct call_state *st)
{
    pthread_mutex_lock(&p->lock);
    bool fresh = p->wakes == st->seen_wakes;
    if (fresh) {
        bool is_next = !p->first_late || st->op.wait_until < p->first_late->op.wait_until;
        st->next_waiter = map_get(&p->waiters, st->op.wait_for);
        map_put(&p->waiters, st->op.wait_for, st);
        add_late(p, st);
        p->count++;
        if (is_next || p->draining)
            pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return fresh;
}

void park_wake(struct park *p, struct strs keys)
{
    if (keys.count == 0)
        return;
    pthread_mutex_lock(&p->lock);
    p->wakes++;
    for (size_t i = 0; i < keys.count; i++) {
        struct call_state *st = map_remove(&p->waiters, keys.items[i]);
        while (st) {
            struct call_state *next = st->next_waiter;
            remove_late(p, st);
            make_ready(p, st);
            st = next;
        }
    }
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void expire(struct park *p, msec now)
{
    while (p->first_late && (p->draining || p->first_late->op.wait_until <= now)) {
        struct call_state *st = p->first_late;
        remove_late(p, st);
        remove_waiter(p, st);
        make_ready(p, st);
    }
}

static void wait_for_change(struct park *p, msec now)
{
    if (!p->first_late) {
        pthread_cond_wait(&p->changed, &p->lock);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    msec pause = p->first_late->op.wait_until - now;
    until.tv_sec += pause / 1000;
    until.tv_nsec += pause % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&p->changed, &p->lock, &until);
}

/* NULL: stopping, and nobody is parked any more. */
static struct call_state *take_ready(struct park *p, struct runtime *rt)
{
    struct call_state *ready = NULL;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        msec now = rt->config.now();
        expire(p, now);
        ready = p->ready;
        p->ready = NULL;
        p->ready_last = &p->ready;
        if (ready || p->stopping)
            break;
        wait_for_change(p, now);
    }
    pthread_mutex_unlock(&p->lock);
    return ready;
}

static void *park_main(void *context)
{
    struct runtime *rt = context;
    struct db *reader = runtime_reader(rt);
    struct call_state *ready;

    while ((ready = take_ready(&rt->park, rt))) {
        while (ready) {
            struct call_state *next = ready->next_waiter;
            if (rt->park.draining && ready->op.wait_until > rt->config.now())
                ready->op.wait_until = 1; /* long ago: answer with what there is */
            call_read(ready, reader);
            ready = next;
        }
    }
    return NULL;
}

int park_start(struct park *p, struct runtime *rt)
{
    pthread_condattr_t attributes;

    *p = (struct park){ .running = true };
    p->ready_last = &p->ready;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&p->thread, NULL, park_main, rt) != 0) {
        p->running = false;
        return FAULT(EAGAIN);
    }
    return 0;
}

void park_drain(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    p->draining = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

void park_stop(struct park *p)
{
    if (!p->running)
        return;
    pthread_mutex_lock(&p->lock);
    p->draining = p->stopping = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    p->running = false;
    map_done(&p->waiters);
}
