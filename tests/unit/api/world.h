/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plane of one service on a database of its own, with a clock that can be put
 * forward. A test gives the service's tasks; what they and the jobs leave behind
 * is in the table `item`.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/runtime.h"
#include "api/schema.h"

#include "../test.h"

struct world {
    char dir[64], path[80];
    struct db *writer;
    struct db *reader; /* the test's own */
    struct arena arena;
    struct service service;
    const struct service *services[2];
    struct plane plane;
};

static _Atomic(msec) clock_ahead;
static _Atomic(msec) clock_stands_at; /* 0: it goes */

static inline msec world_now(void)
{
    struct timespec t;

    if (clock_stands_at)
        return clock_stands_at + clock_ahead;
    clock_gettime(CLOCK_REALTIME, &t);
    return (msec)t.tv_sec * MSEC_SECOND + t.tv_nsec / 1000000 + clock_ahead;
}

static inline void world_pause(int milliseconds)
{
    nanosleep(&(struct timespec){ milliseconds / 1000, milliseconds % 1000 * 1000000L }, NULL);
}

static inline int world_reader(void *context, struct db **ret)
{
    struct world *w = context;
    return db_open_sqlite(w->path, false, ret);
}

static inline void world_start(struct world *w)
{
    struct runtime_config config = { .writer = w->writer,
                                     .open_reader = world_reader,
                                     .context = w,
                                     .workers = 2,
                                     .now = world_now };
    assert_int_equal(runtime_start(&w->plane, &config), 0);
}

static inline void world_init(struct world *w, const struct task_kind *tasks)
{
    static const struct migration steps[] = {
        { "CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)" },
    };
    static const struct schema schema = { "test", steps, ARRAY_LEN(steps) };
    static const struct operation *const nouns[] = { NULL };
    const struct schema *schemas[] = { &api_schema, &schema };

    *w = (struct world){ .service = { .name = "test", .nouns = nouns, .tasks = tasks } };
    w->services[0] = &w->service;
    w->plane.services = w->services;
    strcpy(w->dir, "/tmp/patchbay-api-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof(w->path), "%s/db", w->dir);
    assert_int_equal(db_open_sqlite(w->path, true, &w->writer), 0);
    assert_int_equal(db_migrate(w->writer, &w->arena, schemas, 2, NULL), 0);
    assert_int_equal(db_open_sqlite(w->path, false, &w->reader), 0);
    world_start(w);
}

static inline void world_done(struct world *w)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char path[96];

    runtime_stop(&w->plane);
    db_close(w->reader);
    db_close(w->writer);
    arena_done(&w->arena);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        snprintf(path, sizeof(path), "%s%s", w->path, suffixes[i]);
        unlink(path);
    }
    rmdir(w->dir);
}

static inline int world_add_item(struct db *db, struct str name)
{
    return db_exec(db, NULL, "INSERT INTO item (name) VALUES ($1)", ARGS(V(name)));
}

static inline int64_t world_count(struct world *w, const char *sql)
{
    int64_t n = -1;
    assert_int_equal(db_int(w->reader, &n, sql, NO_ARGS), 0);
    return n;
}

/* Names of all items, in the order of their writing, with blanks between. */
static inline struct str world_items(struct world *w)
{
    struct strs names;
    assert_int_equal(
        db_strs(w->reader, &w->arena, &names, "SELECT name FROM item ORDER BY id", NO_ARGS), 0);
    return arena_join(&w->arena, names, S(" "));
}

/* Within ten seconds of the real clock. */
static inline void world_wait_for(struct world *w, const char *sql, int64_t count)
{
    for (int i = 0; i < 1000 && world_count(w, sql) != count; i++)
        world_pause(10);
    assert_int_equal(world_count(w, sql), count);
}

static inline void world_put_clock_forward(struct world *w, msec by)
{
    clock_ahead += by;
    scheduler_poke(&w->plane.runtime->scheduler);
}
