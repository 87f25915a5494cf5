/* SPDX-License-Identifier: Apache-2.0 */
/* A database in a directory of its own, gone with the test. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/db.h"

#include "../test.h"

struct scratch {
    char dir[64], path[80];
    struct db *db; /* the writer */
    struct arena arena;
};

static inline void scratch_done(struct scratch *s)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char path[96];

    db_close(s->db);
    arena_done(&s->arena);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        snprintf(path, sizeof(path), "%s%s", s->path, suffixes[i]);
        unlink(path);
    }
    rmdir(s->dir);
}

static inline void scratch_init(struct scratch *s)
{
    static const struct migration steps[] = {
        { "CREATE TABLE item (name TEXT PRIMARY KEY, size BIGINT, is_red INTEGER, note TEXT,"
          " data BLOB)" },
    };
    static const struct schema schema = { "test", steps, ARRAY_LEN(steps) };
    static const struct schema *const schemas[] = { &schema };

    *s = (struct scratch){ 0 };
    strcpy(s->dir, "/tmp/patchbay-store-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->path, sizeof(s->path), "%s/db", s->dir);
    assert_int_equal(db_open_sqlite(s->path, true, &s->db), 0);
    assert_int_equal(db_migrate(s->db, &s->arena, schemas, 1, NULL), 0);
}

static inline int64_t count_items(struct db *db)
{
    int64_t n = -1;
    assert_int_equal(db_int(db, &n, "SELECT COUNT(*) FROM item", NO_ARGS), 0);
    return n;
}

static inline int add_item(struct db *db, struct str name)
{
    return db_exec(db, NULL, "INSERT INTO item (name, size) VALUES ($1, $2)", ARGS(V(name), V(1)));
}
