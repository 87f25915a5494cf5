/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fingerprint.h"

#include "base/arena.h"

#include "../test.h"

static const struct host_facts noted = { { S("m-1"), S("10.0.0.1"), S("web-1"), S("aa"), S("p-1"),
                                           S("b-1"), S("d-1") } };

static struct host_facts with(enum host_fact fact, struct str value)
{
    struct host_facts facts = noted;

    facts.values[fact] = value;
    return facts;
}

static void the_same_host_is_known(void **state)
{
    (void)state;
    assert_int_equal(fingerprint_compare(&noted, &noted, 40), FINGERPRINT_SAME);
    assert_int_equal(fingerprint_compare(&noted, &noted, 100), FINGERPRINT_SAME);
}

static void another_machine_id_is_another_host(void **state)
{
    (void)state;
    struct host_facts now = with(HOST_MACHINE_ID, S("m-2"));

    assert_int_equal(fingerprint_compare(&noted, &now, 40), FINGERPRINT_COPY);
    assert_int_equal(fingerprint_compare(&noted, &now, 1), FINGERPRINT_COPY);
    assert_int_equal(fingerprint_compare(&noted, &now, 0), FINGERPRINT_DRIFTED);
}

static void another_address_alone_is_a_move(void **state)
{
    (void)state;
    struct host_facts now = with(HOST_ADDRESS, S("10.0.0.2"));

    assert_int_equal(fingerprint_compare(&noted, &now, 40), FINGERPRINT_DRIFTED);
    now = with(HOST_DISKS, S("d-2"));
    assert_int_equal(fingerprint_compare(&noted, &now, 40), FINGERPRINT_DRIFTED);
}

/* A copy on other hardware: of seven facts the machine id and the disks' ids are left. */
static void another_address_and_little_else_is_a_copy(void **state)
{
    (void)state;
    struct host_facts now = { { S("m-1"), S("10.0.0.9"), S("web-2"), S("bb"), S("p-2"), S("b-2"),
                                S("d-1") } };

    assert_int_equal(fingerprint_compare(&noted, &now, 40), FINGERPRINT_COPY);
    assert_int_equal(fingerprint_compare(&noted, &now, 20), FINGERPRINT_DRIFTED);
    now.values[HOST_NAME] = S("web-1"); /* three of seven: 42 in a hundred */
    assert_int_equal(fingerprint_compare(&noted, &now, 40), FINGERPRINT_DRIFTED);
    now.values[HOST_ADDRESS] = S("10.0.0.1"); /* the hardware of one address may be renewed */
    now.values[HOST_NAME] = S("web-2");
    assert_int_equal(fingerprint_compare(&noted, &now, 40), FINGERPRINT_DRIFTED);
}

static void what_is_not_known_speaks_for_nothing(void **state)
{
    (void)state;
    const struct host_facts none = { 0 };
    struct host_facts now = with(HOST_MACHINE_ID, S(""));

    assert_int_equal(fingerprint_compare(&none, &noted, 40), FINGERPRINT_DRIFTED);
    assert_int_equal(fingerprint_compare(&noted, &none, 40), FINGERPRINT_DRIFTED);
    assert_int_equal(fingerprint_compare(&noted, &now, 40), FINGERPRINT_DRIFTED);
    assert_int_equal(fingerprint_compare(&none, &none, 40), FINGERPRINT_SAME);
}

static void facts_come_back_as_they_were(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct host_facts now = with(HOST_MAC, (struct str){ 0 }), got;

    got = fingerprint_facts_from_value(fingerprint_facts_to_value(&a, &now));
    assert_int_equal(fingerprint_compare(&now, &got, 40), FINGERPRINT_SAME);
    got = fingerprint_facts_from_value(NULL);
    assert_false(str_is_set(got.values[HOST_MACHINE_ID]));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_host_is_known),
        cmocka_unit_test(another_machine_id_is_another_host),
        cmocka_unit_test(another_address_alone_is_a_move),
        cmocka_unit_test(another_address_and_little_else_is_a_copy),
        cmocka_unit_test(what_is_not_known_speaks_for_nothing),
        cmocka_unit_test(facts_come_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
