/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

static const struct migration steps[] = {
    { "CREATE TABLE a (x INT); CREATE TABLE b (x INT)" },
    { "ALTER TABLE a ADD COLUMN y INT" },
    { "this is not SQL" },
};
static const struct schema old = { "m", steps, 1 };
static const struct schema new = { "m", steps, 2 };
static const struct schema broken = { "m", steps, 3 };
static const struct schema other = { "n", steps, 0 };

static int migrate(struct scratch *s, const struct schema *schema, struct str *why)
{
    const struct schema *schemas[] = { &other, schema };
    return db_migrate(s->db, &s->arena, schemas, ARRAY_LEN(schemas), why);
}

static void steps_are_taken_once(void **state)
{
    (void)state;
    struct scratch s;
    int64_t n;

    scratch_init(&s);
    assert_int_equal(migrate(&s, &old, NULL), 0);
    assert_int_equal(migrate(&s, &old, NULL), 0);
    assert_true(db_int(s.db, &n, "SELECT COUNT(y) FROM a", NO_ARGS) < 0);
    assert_int_equal(migrate(&s, &new, NULL), 0);
    assert_int_equal(migrate(&s, &new, NULL), 0);
    assert_int_equal(db_int(s.db, &n, "SELECT COUNT(y) FROM a", NO_ARGS), 0);
    scratch_done(&s);
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    struct scratch s;
    struct str why = { 0 };

    scratch_init(&s);
    assert_int_equal(migrate(&s, &new, NULL), 0);
    assert_int_equal(migrate(&s, &old, &why), DB_TOO_NEW);
    assert_str(why, "the database holds version 2 of the schema \"m\", and this program knows up "
                    "to 1: use the newer program");
    assert_int_equal(migrate(&s, &old, NULL), DB_TOO_NEW);
    scratch_done(&s);
}

static void a_step_that_fails_takes_all_back(void **state)
{
    (void)state;
    struct scratch s;
    int64_t n;

    scratch_init(&s);
    assert_true(migrate(&s, &broken, NULL) < 0);
    assert_true(db_int(s.db, &n, "SELECT COUNT(*) FROM a", NO_ARGS) < 0);
    assert_int_equal(migrate(&s, &new, NULL), 0);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_taken_once),
        cmocka_unit_test(a_newer_schema_is_refused),
        cmocka_unit_test(a_step_that_fails_takes_all_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
