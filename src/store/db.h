/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database, as everything above the store sees it: SQL text with $1..$n
 * parameters, rows read into structs by column name. It knows no AWS and no
 * dialect; driver.h is for the drivers, sqlite.c is one.
 *
 * A struct db is one connection and belongs to one thread at a time. All text
 * that is read lives in the arena that is passed.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct db;

enum db_outcome {
    DB_NO_ROW = 1,   /* db_one: nothing matched */
    DB_CONFLICT = 2, /* db_exec: a UNIQUE or PRIMARY KEY constraint */
    DB_FULL = 3,     /* no space or a size limit: nothing was changed */
    DB_TOO_NEW = 4,  /* db_migrate: written by a newer program */
};

/* --- parameters ---------------------------------------------------------- */

enum db_type {
    DB_NULL,
    DB_INT,
    DB_TEXT, /* absent str is NULL */
    DB_BLOB,
};

struct db_param {
    enum db_type type;
    int64_t integer;
    struct str text;
};

static inline struct db_param db_param_int(int64_t i)
{
    return (struct db_param){ .type = DB_INT, .integer = i };
}

static inline struct db_param db_param_str(struct str s)
{
    return (struct db_param){ .type = s.p ? DB_TEXT : DB_NULL, .text = s };
}

static inline struct db_param db_param_blob(struct str s)
{
    return (struct db_param){ .type = s.p ? DB_BLOB : DB_NULL, .text = s };
}

struct db_params {
    const struct db_param *items;
    size_t count;
};

/* ARGS(V(name), V(count)): typed by the compiler; B(bytes) for blobs. */
/* clang-format off */
#define V(x) _Generic((x), struct str: db_param_str, default: db_param_int)(x)
#define B(x) db_param_blob(x)
#define ARGS(...)                                                                                  \
    ((struct db_params){ (const struct db_param[]){ __VA_ARGS__ },                                 \
                         sizeof((const struct db_param[]){ __VA_ARGS__ }) /                        \
                             sizeof(struct db_param) })
#define NO_ARGS ((struct db_params){ NULL, 0 })
/* clang-format on */

/* --- rows ----------------------------------------------------------------- */

enum db_member {
    DB_MEMBER_STR,  /* struct str; SQL NULL is absent */
    DB_MEMBER_I64,  /* int64_t, msec; SQL NULL is 0 */
    DB_MEMBER_INT,  /* int */
    DB_MEMBER_BOOL, /* bool, 0/1 in SQL */
};

struct column {
    const char *name; /* of the SQL column or alias */
    size_t offset;
    enum db_member member;
};

/* The columns that fill a struct, matched by name; a column of the result that
 * is not in the mapping, or the other way about, is a fault. */
struct mapping {
    size_t size;
    const struct column *columns;
    size_t count;
};

/* offsetof() that fails to compile unless the member has exactly this type. */
#define OFFSET_AS(T, member, type) _Generic(((T *)0)->member, type : offsetof(T, member))

/* clang-format off */
#define COL_STR(T, m)  { #m, OFFSET_AS(T, m, struct str), DB_MEMBER_STR }
#define COL_I64(T, m)  { #m, OFFSET_AS(T, m, int64_t), DB_MEMBER_I64 }
#define COL_INT(T, m)  { #m, OFFSET_AS(T, m, int), DB_MEMBER_INT }
#define COL_BOOL(T, m) { #m, OFFSET_AS(T, m, bool), DB_MEMBER_BOOL }
#define MAPPING(T, columns_) { sizeof(T), columns_, ARRAY_LEN(columns_) }
/* clang-format on */

/* --- calls ---------------------------------------------------------------- */

/* The one row, into *ret. Outcome: DB_NO_ROW. More than one row is a fault. */
MUST_CHECK int db_one(struct db *db, struct arena *a, const struct mapping *mapping, void *ret,
                      const char *sql, struct db_params args);

/* All rows as an array of mapping->size structs in the arena. The SQL bounds
 * their number (LIMIT). No rows are an empty array, not NULL: an answer has a list then,
 * with nothing in it. */
MUST_CHECK int db_all(struct db *db, struct arena *a, const struct mapping *mapping,
                      void **ret_items, size_t *ret_count, const char *sql, struct db_params args);

/* One integer (COUNT(*), MAX(x)); SQL NULL is 0. Outcome: DB_NO_ROW. */
MUST_CHECK int db_int(struct db *db, int64_t *ret, const char *sql, struct db_params args);

/* One text column of every row, or of the one row (DB_NO_ROW). */
MUST_CHECK int db_strs(struct db *db, struct arena *a, struct strs *ret, const char *sql,
                       struct db_params args);
MUST_CHECK int db_str(struct db *db, struct arena *a, struct str *ret, const char *sql,
                      struct db_params args);

/* INSERT, UPDATE, DELETE. Outcomes: DB_CONFLICT, DB_FULL. ret_changed may be NULL. */
MUST_CHECK int db_exec(struct db *db, int64_t *ret_changed, const char *sql, struct db_params args);

/* --- transactions (the writer and the readers' pool use these, handlers do not)  */

MUST_CHECK int db_begin(struct db *db, bool writes);
MUST_CHECK int db_commit(struct db *db); /* outcome DB_FULL: rolled back */
void db_rollback(struct db *db);         /* no harm where nothing is open */

/* A savepoint inside a transaction: one handler's share of a group commit. */
MUST_CHECK int db_savepoint(struct db *db);
MUST_CHECK int db_release(struct db *db);
MUST_CHECK int db_undo(struct db *db); /* back to the savepoint, which is gone then */

/* --- opening -------------------------------------------------------------- */

/* A file in WAL mode with synchronous=FULL. writable: the one writer; else a
 * reader. ":memory:" is for unit tests (one connection). Close with db_close. */
MUST_CHECK int db_open_sqlite(const char *path, bool writable, struct db **ret);
void db_close(struct db *db); /* takes NULL */

/* --- schema --------------------------------------------------------------- */

/* One step of a module's schema; steps are numbered from 1 in their list and
 * never edited once released. The SQL may hold several statements. */
struct migration {
    const char *sql;
};

struct schema {
    const char *module; /* "iam", "ssm": the owner of the tables */
    const struct migration *migrations;
    size_t count;
};

/* Brings every module to its newest version, in one transaction. Outcome:
 * DB_TOO_NEW with *ret_why (may be NULL) saying which module and versions. */
MUST_CHECK int db_migrate(struct db *db, struct arena *a, const struct schema *const *schemas,
                          size_t count, struct str *ret_why);
