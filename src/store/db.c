/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include <limits.h>
#include <stdlib.h>

#include "store/driver.h"

/* --- running a statement -------------------------------------------------- */

/* A driver may undo the whole transaction where a statement failed (SQLite does
 * on a full disk). Remember it, or later statements would run on their own. */
static int watch(struct db *db, int result)
{
    if (result != 0 && result != DB_NO_ROW && db->in_transaction && !db->driver->is_open(db))
        db->lost = result;
    return result;
}

static int lost(const struct db *db)
{
    return db->lost < 0 ? err_fault(-db->lost, "the transaction was lost to an earlier fault")
                        : db->lost;
}

static int start(struct db *db, const char *sql, struct db_params args, struct db_statement **ret)
{
    if (db->lost)
        return lost(db);
    PASS(db->driver->start(db, sql, args, ret));
    return 0;
}

static int next(struct db *db, struct db_statement *s)
{
    return watch(db, db->driver->next(db, s));
}

/* --- rows into structs ---------------------------------------------------- */

static bool find_column(const struct db_driver *driver, const struct db_statement *s,
                        const char *name, uint16_t *ret)
{
    size_t n = driver->n_columns(s);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(driver->column_name(s, i), name) == 0) {
            *ret = (uint16_t)i;
            return true;
        }
    }
    return false;
}

/* Where each member is found in the result: worked out once a statement. As
 * there are as many columns as members, and every member's name is found, the
 * two sets are the same, unless a name comes twice in the mapping. */
static int match(const struct db_driver *driver, struct db_statement *s,
                 const struct mapping *mapping, const char *sql)
{
    size_t n = driver->n_columns(s);

    if (s->matched == mapping && s->n_places == n)
        return 0;
    if (n != mapping->count || n > UINT16_MAX)
        return err_fault(EINVAL, "%zu columns for %zu members: %s", n, mapping->count, sql);

    uint16_t *places = realloc(s->places, (n + 1) * sizeof(*places));
    if (!places)
        abort();
    s->places = places;
    s->matched = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!find_column(driver, s, mapping->columns[i].name, &places[i]))
            return err_fault(EINVAL, "no column %s: %s", mapping->columns[i].name, sql);
        for (size_t k = 0; k < i; k++)
            if (places[k] == places[i])
                return err_fault(EINVAL, "column %s twice: %s", mapping->columns[i].name, sql);
    }
    s->matched = mapping;
    s->n_places = n;
    return 0;
}

static int bad_cell(const struct column *column)
{
    return err_fault(EINVAL, "the value in column %s does not fit its member", column->name);
}

static int fill_text(struct arena *a, const struct column *column, const struct db_cell *cell,
                     struct str *member)
{
    if (cell->type == DB_INT)
        return bad_cell(column);
    *member = cell->type == DB_NULL ? (struct str){ 0 } : arena_dup(a, cell->text);
    return 0;
}

static int fill(struct arena *a, const struct column *column, const struct db_cell *cell,
                void *member)
{
    if (column->member == DB_MEMBER_STR)
        return fill_text(a, column, cell, member);
    if (cell->type != DB_INT && cell->type != DB_NULL)
        return bad_cell(column);

    int64_t i = cell->type == DB_INT ? cell->integer : 0;
    switch (column->member) {
    case DB_MEMBER_I64:
        *(int64_t *)member = i;
        return 0;
    case DB_MEMBER_INT:
        if (i < INT_MIN || i > INT_MAX)
            return bad_cell(column);
        *(int *)member = (int)i;
        return 0;
    case DB_MEMBER_BOOL:
        if (i != 0 && i != 1)
            return bad_cell(column);
        *(bool *)member = i == 1;
        return 0;
    case DB_MEMBER_STR:
        break;
    }
    return bad_cell(column);
}

static int read_row(struct db *db, const struct db_statement *s, struct arena *a,
                    const struct mapping *mapping, void *ret)
{
    struct db_cell cell;

    for (size_t i = 0; i < mapping->count; i++) {
        TRY(db->driver->cell(s, s->places[i], &cell));
        TRY(fill(a, &mapping->columns[i], &cell, (char *)ret + mapping->columns[i].offset));
    }
    return 0;
}

/* --- reading -------------------------------------------------------------- */

static int only_row(struct db *db, struct db_statement *s, const char *sql)
{
    int result = next(db, s);

    if (result == DB_NO_ROW)
        return 0;
    if (result == 0)
        return err_fault(EINVAL, "more than one row: %s", sql);
    return result;
}

static int one(struct db *db, struct db_statement *s, struct arena *a,
               const struct mapping *mapping, void *ret, const char *sql)
{
    TRY(match(db->driver, s, mapping, sql));
    PASS(next(db, s));
    TRY(read_row(db, s, a, mapping, ret));
    PASS(only_row(db, s, sql));
    return 0;
}

int db_one(struct db *db, struct arena *a, const struct mapping *mapping, void *ret,
           const char *sql, struct db_params args)
{
    struct db_statement *s;

    PASS(start(db, sql, args, &s));
    int result = one(db, s, a, mapping, ret, sql);
    db->driver->finish(db, s);
    PASS(result);
    return 0;
}

static int all(struct db *db, struct db_statement *s, struct arena *a,
               const struct mapping *mapping, void **ret_items, size_t *ret_count, const char *sql)
{
    char *items = NULL;
    size_t count = 0, capacity = 0;
    int result;

    TRY(match(db->driver, s, mapping, sql));
    while ((result = next(db, s)) == 0) {
        items = arena_grow(a, items, count, &capacity, mapping->size);
        TRY(read_row(db, s, a, mapping, items + count * mapping->size));
        count++;
    }
    if (result != DB_NO_ROW)
        return result;
    *ret_items = items ? items : arena_alloc(a, mapping->size); /* none, not absent */
    *ret_count = count;
    return 0;
}

int db_all(struct db *db, struct arena *a, const struct mapping *mapping, void **ret_items,
           size_t *ret_count, const char *sql, struct db_params args)
{
    struct db_statement *s;

    PASS(start(db, sql, args, &s));
    int result = all(db, s, a, mapping, ret_items, ret_count, sql);
    db->driver->finish(db, s);
    PASS(result);
    return 0;
}

static const struct column the_column = { "value", 0, DB_MEMBER_STR };

/* The one column of the current row, whatever it is called. */
static int single(struct db *db, const struct db_statement *s, const char *sql, struct db_cell *ret)
{
    if (db->driver->n_columns(s) != 1)
        return err_fault(EINVAL, "not one column: %s", sql);
    TRY(db->driver->cell(s, 0, ret));
    return 0;
}

static int one_int(struct db *db, struct db_statement *s, int64_t *ret, const char *sql)
{
    struct db_cell cell;

    PASS(next(db, s));
    TRY(single(db, s, sql, &cell));
    if (cell.type != DB_INT && cell.type != DB_NULL)
        return err_fault(EINVAL, "not an integer: %s", sql);
    int64_t value = cell.type == DB_INT ? cell.integer : 0;
    PASS(only_row(db, s, sql));
    *ret = value;
    return 0;
}

int db_int(struct db *db, int64_t *ret, const char *sql, struct db_params args)
{
    struct db_statement *s;

    PASS(start(db, sql, args, &s));
    int result = one_int(db, s, ret, sql);
    db->driver->finish(db, s);
    PASS(result);
    return 0;
}

static int list_strs(struct db *db, struct db_statement *s, struct arena *a, struct strs *ret,
                     const char *sql)
{
    struct strs list = { 0 };
    size_t capacity = 0;
    struct db_cell cell;
    int result;

    while ((result = next(db, s)) == 0) {
        TRY(single(db, s, sql, &cell));
        list.items = ARENA_GROW(a, list.items, list.count, &capacity);
        TRY(fill_text(a, &the_column, &cell, &list.items[list.count]));
        list.count++;
    }
    if (result != DB_NO_ROW)
        return result;
    if (!list.items)
        list.items = arena_new(a, struct str); /* none, not absent */
    *ret = list;
    return 0;
}

int db_strs(struct db *db, struct arena *a, struct strs *ret, const char *sql,
            struct db_params args)
{
    struct db_statement *s;

    PASS(start(db, sql, args, &s));
    int result = list_strs(db, s, a, ret, sql);
    db->driver->finish(db, s);
    PASS(result);
    return 0;
}

static int one_str(struct db *db, struct db_statement *s, struct arena *a, struct str *ret,
                   const char *sql)
{
    struct db_cell cell;
    struct str value;

    PASS(next(db, s));
    TRY(single(db, s, sql, &cell));
    TRY(fill_text(a, &the_column, &cell, &value));
    PASS(only_row(db, s, sql));
    *ret = value;
    return 0;
}

int db_str(struct db *db, struct arena *a, struct str *ret, const char *sql, struct db_params args)
{
    struct db_statement *s;

    PASS(start(db, sql, args, &s));
    int result = one_str(db, s, a, ret, sql);
    db->driver->finish(db, s);
    PASS(result);
    return 0;
}

/* --- writing -------------------------------------------------------------- */

int db_exec(struct db *db, int64_t *ret_changed, const char *sql, struct db_params args)
{
    struct db_statement *s;

    PASS(start(db, sql, args, &s));
    int result = next(db, s);
    int64_t changed = db->driver->changed(db);
    db->driver->finish(db, s);

    if (result == 0)
        return err_fault(EINVAL, "db_exec: the statement answers with rows: %s", sql);
    if (result != DB_NO_ROW)
        PASS(result);
    if (ret_changed)
        *ret_changed = changed;
    return 0;
}

/* --- transactions --------------------------------------------------------- */

int db_begin(struct db *db, bool writes)
{
    assert(!db->in_transaction);
    TRY(db->driver->begin(db, writes));
    db->in_transaction = true;
    return 0;
}

int db_commit(struct db *db)
{
    assert(db->in_transaction);
    int result = db->lost ? lost(db) : db->driver->commit(db);
    if (result != 0)
        db_rollback(db);
    db->in_transaction = false;
    PASS(result);
    return 0;
}

void db_rollback(struct db *db)
{
    if (!db->in_transaction)
        return;
    if (db->driver->is_open(db))
        db->driver->rollback(db);
    db->in_transaction = false;
    db->lost = 0;
}

/* In a lost transaction there is nothing to mark or to go back to; db_commit()
 * tells of it. */
static int savepoint_move(struct db *db, const char *sql)
{
    assert(db->in_transaction);
    if (db->lost)
        return 0;
    PASS(db_exec(db, NULL, sql, NO_ARGS));
    return 0;
}

int db_savepoint(struct db *db)
{
    PASS(savepoint_move(db, "SAVEPOINT part"));
    return 0;
}

int db_release(struct db *db)
{
    PASS(savepoint_move(db, "RELEASE SAVEPOINT part"));
    return 0;
}

int db_undo(struct db *db)
{
    PASS(savepoint_move(db, "ROLLBACK TO SAVEPOINT part"));
    PASS(savepoint_move(db, "RELEASE SAVEPOINT part"));
    return 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db_rollback(db);
    db->driver->close(db);
}
