/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/inventory.h"

#include "../test.h"

static void values_are_strings_within_the_bounds(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char *name = arena_alloc(&a, 5001);
    struct str reason = { memset(name, 'x', 5000), 5000 };
    struct stale_user user = { .name = S("ssh.service"),
                               .is_unit = true,
                               .pids = S("7"),
                               .n_processes = 1,
                               .files = { &reason, 1 } };
    const struct reboot_facts reboot = { .verdict = REBOOT_NEEDED,
                                         .reasons = { &reason, 1 },
                                         .running = S("6.1"),
                                         .stale = &user,
                                         .n_stale = 1 };
    const struct health health = { .boot_id = S("b") };
    const struct history_run run = { .id = S("r"), .operation = S("Rollback"), .undoes = S("c") };
    const struct inventory inventory = { &reboot, &health, &run, 1, 1700000000000 };
    const struct value *items = value_get(inventory_request(&a, &inventory, S("mi-1")), S("Items"));
    const struct value *host = value_at(value_get(value_at(items, 1), S("Content")), 0);
    const struct value *old_code = value_at(value_get(value_at(items, 2), S("Content")), 0);
    const struct value *ran = value_at(value_get(value_at(items, 0), S("Content")), 0);

    assert_int_equal(value_count(items), 3);
    assert_str(value_get_str(value_at(items, 1), S("TypeName")), "Custom:PatchbayHost");
    assert_str(value_get_str(host, S("Reboot")), "Needed");
    assert_str(value_get_str(host, S("FailedUnits")), "not known");
    assert_str(value_get_str(host, S("NewestKernel")), "");
    assert_int_equal(value_get_str(host, S("RebootReasons")).len, INVENTORY_VALUE_MAX);
    for (size_t i = 0; i < value_count(host); i++)
        assert_true(value_is(host->map.members[i].value, VALUE_STRING));
    assert_str(value_get_str(ran, S("Operation")), "Rollback");
    assert_str(value_get_str(ran, S("Ended")), "cut off");
    assert_str(value_get_str(old_code, S("Name")), "ssh.service");
    assert_str(value_get_str(old_code, S("Kind")), "Unit");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_strings_within_the_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
