/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database driver provides. Private to the store: db.c turns these
 * calls into those of db.h, sqlite.c implements them. A driver knows its
 * dialect's connection, errors and types; it knows no mapping and no schema.
 */
#pragma once

#include "store/db.h"

struct db_driver;

struct db {
    const struct db_driver *driver;
    bool in_transaction;
    /* The transaction was undone underneath us: DB_FULL or the fault that did
     * it. Everything until db_commit() or db_rollback() answers with this. */
    int lost;
};

/* A prepared statement, kept by the driver. Each driver's own begins with it. */
struct db_statement {
    /* The mapping these places were worked out for, and where each of its
     * columns is in the result. */
    const struct mapping *matched;
    size_t n_places;
    uint16_t *places;
};

/* One field of the current row; text is valid until the next call of next() or finish(). */
struct db_cell {
    enum db_type type;
    int64_t integer;
    struct str text;
};

struct db_driver {
    /* Prepared (or taken from the cache), bound, before its first row. */
    int (*start)(struct db *db, const char *sql, struct db_params args, struct db_statement **ret);

    /* 0: there is a row. Outcomes: DB_NO_ROW at the end, DB_CONFLICT, DB_FULL. */
    int (*next)(struct db *db, struct db_statement *statement);
    size_t (*n_columns)(const struct db_statement *statement);
    const char *(*column_name)(const struct db_statement *statement, size_t i);
    int (*cell)(const struct db_statement *statement, size_t i, struct db_cell *ret);
    int64_t (*changed)(struct db *db);                             /* rows, by the last statement */
    void (*finish)(struct db *db, struct db_statement *statement); /* ready for its next start */

    int (*script)(struct db *db, const char *sql); /* any number of statements, no parameters */
    int (*begin)(struct db *db, bool writes);
    int (*commit)(struct db *db); /* outcome DB_FULL: still open, to be rolled back */
    void (*rollback)(struct db *db);
    bool (*is_open)(struct db *db); /* is there a transaction? */
    void (*close)(struct db *db);
};
