/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "scratch.h"

struct item {
    struct str name;
    int64_t size;
    bool is_red;
    struct str note;
    struct str data;
};

static const struct column item_columns[] = {
    COL_I64(struct item, size),    COL_STR(struct item, name), COL_STR(struct item, note),
    COL_BOOL(struct item, is_red), COL_STR(struct item, data),
};
static const struct mapping item_mapping = MAPPING(struct item, item_columns);

#define SELECT_ITEM "SELECT name, size, is_red, note, data FROM item"

static int insert(struct db *db, struct item i)
{
    return db_exec(db, NULL,
                   "INSERT INTO item (note, data, name, size, is_red)"
                   " VALUES ($4, $5, $1, $2, $3)",
                   ARGS(V(i.name), V(i.size), V(i.is_red), V(i.note), B(i.data)));
}

static void a_row_comes_back_as_it_went(void **state)
{
    (void)state;
    struct scratch s;
    struct item got = { 0 };

    scratch_init(&s);
    assert_int_equal(insert(s.db, (struct item){ S("a"), INT64_MIN, true, { 0 }, S("\0\1") }), 0);
    assert_int_equal(insert(s.db, (struct item){ S("b"), 2, false, S(""), S("") }), 0);

    assert_int_equal(db_one(s.db, &s.arena, &item_mapping, &got, SELECT_ITEM " WHERE name = $1",
                            ARGS(V(S("a")))),
                     0);
    assert_str(got.name, "a");
    assert_true(got.size == INT64_MIN);
    assert_true(got.is_red);
    assert_false(str_is_set(got.note));
    assert_int_equal(got.data.len, 2);

    assert_int_equal(db_one(s.db, &s.arena, &item_mapping, &got, SELECT_ITEM " WHERE name = $1",
                            ARGS(V(S("b")))),
                     0);
    assert_true(str_is_set(got.note) && str_is_empty(got.note));
    assert_true(str_is_set(got.data) && str_is_empty(got.data));
    scratch_done(&s);
}

static void many_rows_come_in_order(void **state)
{
    (void)state;
    struct scratch s;
    void *items;
    struct strs names;
    size_t n;

    scratch_init(&s);
    assert_int_equal(db_begin(s.db, true), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(add_item(s.db, arena_fmt(&s.arena, "%03d", i)), 0);
    assert_int_equal(db_commit(s.db), 0);

    assert_int_equal(db_all(s.db, &s.arena, &item_mapping, &items, &n,
                            SELECT_ITEM " ORDER BY name LIMIT $1", ARGS(V(50))),
                     0);
    assert_int_equal(n, 50);
    assert_str(((struct item *)items)[49].name, "049");
    assert_int_equal(db_strs(s.db, &s.arena, &names,
                             "SELECT name FROM item WHERE name >= $1 ORDER BY name DESC",
                             ARGS(V(S("098")))),
                     0);
    assert_int_equal(names.count, 2);
    assert_str(names.items[0], "099");
    assert_int_equal(db_all(s.db, &s.arena, &item_mapping, &items, &n,
                            SELECT_ITEM " WHERE name = 'none'", NO_ARGS),
                     0);
    assert_int_equal(n, 0);
    scratch_done(&s);
}

static void nothing_and_too_much_are_told_apart(void **state)
{
    (void)state;
    struct scratch s;
    struct item got;
    struct str text;
    int64_t n, changed;

    scratch_init(&s);
    assert_int_equal(db_one(s.db, &s.arena, &item_mapping, &got, SELECT_ITEM, NO_ARGS), DB_NO_ROW);
    assert_int_equal(db_str(s.db, &s.arena, &text, "SELECT name FROM item", NO_ARGS), DB_NO_ROW);
    assert_int_equal(db_int(s.db, &n, "SELECT size FROM item", NO_ARGS), DB_NO_ROW);
    assert_int_equal(db_int(s.db, &n, "SELECT MAX(size) FROM item", NO_ARGS), 0);
    assert_int_equal(n, 0);

    assert_int_equal(add_item(s.db, S("a")), 0);
    assert_int_equal(add_item(s.db, S("b")), 0);
    assert_int_equal(add_item(s.db, S("b")), DB_CONFLICT);
    assert_true(db_one(s.db, &s.arena, &item_mapping, &got, SELECT_ITEM, NO_ARGS) < 0);
    assert_true(db_int(s.db, &n, "SELECT size FROM item", NO_ARGS) < 0);

    assert_int_equal(db_exec(s.db, &changed, "UPDATE item SET size = $1", ARGS(V(7))), 0);
    assert_int_equal(changed, 2);
    assert_int_equal(db_int(s.db, &n, "UPDATE item SET size = 8 WHERE name = $1 RETURNING size",
                            ARGS(V(S("a")))),
                     0);
    assert_int_equal(n, 8);
    scratch_done(&s);
}

static void a_careless_statement_is_a_fault(void **state)
{
    (void)state;
    struct scratch s;
    struct item got;
    struct str text;
    int64_t n;

    scratch_init(&s);
    assert_int_equal(add_item(s.db, S("a")), 0);
    /* a column that the mapping lacks, a member that the result lacks, the same twice */
    assert_true(db_one(s.db, &s.arena, &item_mapping, &got, "SELECT *, 1 AS x FROM item", NO_ARGS) <
                0);
    assert_true(
        db_one(s.db, &s.arena, &item_mapping, &got, "SELECT name, size FROM item", NO_ARGS) < 0);
    assert_true(db_one(s.db, &s.arena, &item_mapping, &got,
                       "SELECT name, name, size, note, data FROM item", NO_ARGS) < 0);
    /* a value that does not fit */
    assert_true(db_one(s.db, &s.arena, &item_mapping, &got,
                       "SELECT name, size, 2 AS is_red, note, data FROM item", NO_ARGS) < 0);
    assert_true(db_int(s.db, &n, "SELECT name FROM item", NO_ARGS) < 0);
    assert_true(db_str(s.db, &s.arena, &text, "SELECT size FROM item", NO_ARGS) < 0);
    assert_true(db_int(s.db, &n, "SELECT size, size FROM item", NO_ARGS) < 0);
    /* arguments */
    assert_true(db_int(s.db, &n, "SELECT $1", NO_ARGS) < 0);
    assert_true(db_int(s.db, &n, "SELECT $2", ARGS(V(1), V(2))) < 0);
    assert_true(db_int(s.db, &n, "SELECT ?", ARGS(V(1))) < 0);
    /* statements */
    assert_true(db_exec(s.db, NULL, "DELETE FROM item; DELETE FROM item", NO_ARGS) < 0);
    assert_true(db_exec(s.db, NULL, "SELECT 1", NO_ARGS) < 0);
    assert_true(db_exec(s.db, NULL, "DELETE FROM item WHERE name = \"oops\"", NO_ARGS) < 0);
    assert_int_equal(count_items(s.db), 1);
    scratch_done(&s);
}

static void more_statements_than_the_cache_holds(void **state)
{
    (void)state;
    struct scratch s;
    int64_t n;

    scratch_init(&s);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++) {
            struct str sql = arena_fmt(&s.arena, "SELECT %d + $1", i);
            assert_int_equal(db_int(s.db, &n, sql.p, ARGS(V(1))), 0);
            assert_int_equal(n, i + 1);
        }
    }
    scratch_done(&s);
}

static void a_reader_sees_one_moment(void **state)
{
    (void)state;
    struct scratch s;
    struct db *reader;

    scratch_init(&s);
    assert_int_equal(db_open_sqlite(s.path, false, &reader), 0);
    assert_int_equal(db_begin(reader, false), 0);
    assert_int_equal(add_item(s.db, S("a")), 0);
    assert_int_equal(count_items(reader), 0); /* its first read of the table */
    assert_int_equal(db_commit(reader), 0);
    assert_int_equal(db_begin(reader, false), 0);
    assert_int_equal(count_items(reader), 1);
    assert_true(add_item(reader, S("b")) < 0);
    db_rollback(reader);
    db_close(reader);
    scratch_done(&s);
}

static void a_handler_that_fails_takes_only_its_own_back(void **state)
{
    (void)state;
    struct scratch s;

    scratch_init(&s);
    assert_int_equal(db_begin(s.db, true), 0);
    assert_int_equal(db_savepoint(s.db), 0);
    assert_int_equal(add_item(s.db, S("a")), 0);
    assert_int_equal(db_release(s.db), 0);
    assert_int_equal(db_savepoint(s.db), 0);
    assert_int_equal(add_item(s.db, S("b")), 0);
    assert_int_equal(add_item(s.db, S("a")), DB_CONFLICT);
    assert_int_equal(db_undo(s.db), 0);
    assert_int_equal(db_savepoint(s.db), 0);
    assert_int_equal(add_item(s.db, S("c")), 0);
    assert_int_equal(db_release(s.db), 0);
    assert_int_equal(db_commit(s.db), 0);
    assert_int_equal(count_items(s.db), 2);

    assert_int_equal(db_begin(s.db, true), 0);
    assert_int_equal(add_item(s.db, S("d")), 0);
    db_rollback(s.db);
    db_rollback(s.db);
    assert_int_equal(count_items(s.db), 2);
    scratch_done(&s);
}

static void only_its_owner_may_read_the_file(void **state)
{
    (void)state;
    struct scratch s;
    struct stat st;

    scratch_init(&s);
    assert_int_equal(stat(s.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_comes_back_as_it_went),
        cmocka_unit_test(many_rows_come_in_order),
        cmocka_unit_test(nothing_and_too_much_are_told_apart),
        cmocka_unit_test(a_careless_statement_is_a_fault),
        cmocka_unit_test(more_statements_than_the_cache_holds),
        cmocka_unit_test(a_reader_sees_one_moment),
        cmocka_unit_test(a_handler_that_fails_takes_only_its_own_back),
        cmocka_unit_test(only_its_owner_may_read_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
