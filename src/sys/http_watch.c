/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/http_watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENER_BIT (1ULL << 63)
#define STOP_ID      UINT64_MAX
#define N_EVENTS     64

/* An event may be on its way when its item is removed: the generation in the id
 * tells a slot's tenants apart. */
struct slot {
    void *item; /* NULL: free */
    uint32_t generation, next_free;
};

struct http_watch {
    struct http_watch_calls calls;
    int epoll, stop;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    struct slot *slots;
    uint32_t n_slots, first_free; /* n_slots: none */
    int *listeners;               /* the fd of each listener that may accept, -1: none */
    uint32_t n_listeners;
};

static void tell_gone(struct http_watch *w, uint64_t id)
{
    uint32_t i = (uint32_t)id;
    void *item = NULL;

    pthread_mutex_lock(&w->lock);
    if (i < w->n_slots && w->slots[i].generation == (uint32_t)(id >> 32))
        item = w->slots[i].item;
    if (item)
        w->calls.hold(item);
    pthread_mutex_unlock(&w->lock);
    if (!item)
        return;
    w->calls.gone(w->calls.context, item);
    w->calls.release(item);
}

/* Under the lock, so that a listener's fd is not another file's meanwhile. */
static int accept_one(struct http_watch *w, uint32_t listener)
{
    int fd = -1;

    pthread_mutex_lock(&w->lock);
    if (listener < w->n_listeners && w->listeners[listener] >= 0)
        fd = accept4(w->listeners[listener], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    pthread_mutex_unlock(&w->lock);
    return fd;
}

static void accept_all(struct http_watch *w, uint32_t listener)
{
    int fd;

    errno = 0;
    while ((fd = accept_one(w, listener)) >= 0)
        w->calls.connected(w->calls.context, listener, fd);
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        usleep(10000); /* the connection stays in the queue, and would wake us at once */
}

static void *look(void *arg)
{
    struct http_watch *w = arg;
    struct epoll_event events[N_EVENTS];

    for (;;) {
        int n = epoll_wait(w->epoll, events, N_EVENTS, -1);
        for (int i = 0; i < n; i++) {
            uint64_t id = events[i].data.u64;
            if (id == STOP_ID)
                return NULL;
            if (id & LISTENER_BIT)
                accept_all(w, (uint32_t)id);
            else
                tell_gone(w, id);
        }
    }
}

static int open_descriptors(struct http_watch *w)
{
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll < 0)
        return FAULT(errno);
    w->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->stop < 0)
        return FAULT(errno);
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = STOP_ID };
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->stop, &event) != 0)
        return FAULT(errno);
    int error = pthread_create(&w->thread, NULL, look, w);
    return error ? FAULT(error) : 0;
}

static void release(struct http_watch *w)
{
    if (w->epoll >= 0)
        close(w->epoll);
    if (w->stop >= 0)
        close(w->stop);
    pthread_mutex_destroy(&w->lock);
    free(w->slots);
    free(w->listeners);
    free(w);
}

int http_watch_start(const struct http_watch_calls *calls, struct http_watch **ret)
{
    struct http_watch *w = calloc(1, sizeof(*w));

    if (!w)
        abort();
    w->calls = *calls;
    w->epoll = w->stop = -1;
    pthread_mutex_init(&w->lock, NULL);
    int result = open_descriptors(w);
    if (result != 0) {
        release(w);
        return result;
    }
    *ret = w;
    return 0;
}

void http_watch_stop(struct http_watch *w)
{
    if (!w)
        return;
    uint64_t one = 1;
    if (write(w->stop, &one, sizeof(one)) != sizeof(one))
        abort();
    pthread_join(w->thread, NULL);
    release(w);
}

/* With the lock held. */
static uint32_t free_slot(struct http_watch *w)
{
    if (w->first_free == w->n_slots) {
        uint32_t n = w->n_slots ? w->n_slots * 2 : 64;
        w->slots = realloc(w->slots, n * sizeof(*w->slots));
        if (!w->slots)
            abort();
        for (uint32_t i = w->n_slots; i < n; i++)
            w->slots[i] = (struct slot){ .next_free = i + 1 };
        w->n_slots = n;
    }
    uint32_t i = w->first_free;
    w->first_free = w->slots[i].next_free;
    return i;
}

uint64_t http_watch_add(struct http_watch *w, int fd, void *item)
{
    pthread_mutex_lock(&w->lock);
    uint32_t i = free_slot(w);
    w->slots[i].item = item;
    w->slots[i].generation = (w->slots[i].generation + 1) & INT32_MAX; /* clear of LISTENER_BIT */
    uint64_t id = (uint64_t)w->slots[i].generation << 32 | i;
    pthread_mutex_unlock(&w->lock);

    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = id };
    /* If the kernel has no memory for it, a hang-up is noticed when the answer is sent. */
    (void)epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event);
    return id;
}

void http_watch_remove(struct http_watch *w, uint64_t id, int fd)
{
    uint32_t i = (uint32_t)id;

    (void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
    pthread_mutex_lock(&w->lock);
    assert(i < w->n_slots && w->slots[i].item);
    w->slots[i].item = NULL;
    w->slots[i].next_free = w->first_free;
    w->first_free = i;
    pthread_mutex_unlock(&w->lock);
}

static void set_listener(struct http_watch *w, uint32_t listener, int fd)
{
    pthread_mutex_lock(&w->lock);
    if (listener >= w->n_listeners) {
        w->listeners = realloc(w->listeners, (listener + 1) * sizeof(*w->listeners));
        if (!w->listeners)
            abort();
        while (w->n_listeners <= listener)
            w->listeners[w->n_listeners++] = -1;
    }
    w->listeners[listener] = fd;
    pthread_mutex_unlock(&w->lock);
}

int http_watch_listen(struct http_watch *w, int fd, uint32_t listener)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = LISTENER_BIT | listener };

    set_listener(w, listener, fd);
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        int error = errno;
        set_listener(w, listener, -1);
        return FAULT(error);
    }
    return 0;
}

void http_watch_unlisten(struct http_watch *w, int fd)
{
    (void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
    pthread_mutex_lock(&w->lock);
    for (uint32_t i = 0; i < w->n_listeners; i++)
        if (w->listeners[i] == fd)
            w->listeners[i] = -1;
    pthread_mutex_unlock(&w->lock);
}
