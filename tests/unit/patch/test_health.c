/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/health.h"

#include "../test.h"

static struct strs list(struct arena *a, const char *words)
{
    return *words ? arena_split(a, str_of(words), ' ') : (struct strs){ 0 };
}

static struct health health(struct arena *a, const char *ports, const char *failed)
{
    return (struct health){
        .boot_id = S("boot"),
        .ports = list(a, ports),
        .is_systemd = failed != NULL,
        .failed_units = list(a, failed ? failed : ""),
        .system_state = failed ? S("running") : (struct str){ 0 },
    };
}

static void only_what_got_worse_is_a_difference(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct health before = health(&a, "tcp/22 tcp/80", "old.service");
    struct health after = health(&a, "tcp/22 tcp/443", "old.service new.service");
    struct health_change change = health_compare(&a, &before, &after);

    assert_true(change.are_units_known);
    assert_int_equal(change.failed_units.count, 1);
    assert_str(change.failed_units.items[0], "new.service");
    assert_int_equal(change.lost_ports.count, 1);
    assert_str(change.lost_ports.items[0], "tcp/80");
    assert_false(str_is_set(change.state_before));
    after.system_state = S("degraded");
    change = health_compare(&a, &before, &after);
    assert_true(
        str_starts(health_text(&a, &change),
                   S("health: systemd says \"degraded\" now, and said \"running\" before")));
    change = health_compare(&a, &before, &before);
    assert_str(health_text(&a, &change), "");
    arena_done(&a);
}

static void without_systemd_units_are_not_known(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct health before = health(&a, "tcp/22", NULL), after = health(&a, "tcp/22", "x.service");
    struct health_change change = health_compare(&a, &before, &after);

    assert_false(change.are_units_known);
    assert_int_equal(change.failed_units.count, 0);
    arena_done(&a);
}

static void settings_decide_what_fails_an_install(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct settings s = settings_default();
    struct health before = health(&a, "tcp/22 tcp/80", ""), after = health(&a, "", "x.service");
    struct health_change change;

    after.system_state = S("maintenance");
    change = health_compare(&a, &before, &after);
    assert_false(str_is_set(health_failure(&a, &s, &change)));
    s.fail_on_failed_units = true;
    assert_str(health_failure(&a, &s, &change), "the system came up in its rescue mode; units "
                                                "failed in the course of it: x.service");
    s.fail_on_failed_units = false;
    s.fail_on_lost_ports = list(&a, "tcp/80 tcp/81");
    assert_str(health_failure(&a, &s, &change), "nothing listens any more on: tcp/80");
    s.fail_on_any_lost_port = true;
    assert_str(health_failure(&a, &s, &change), "nothing listens any more on: tcp/22, tcp/80");
    arena_done(&a);
}

static void what_is_journalled_comes_back(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct health before = health(&a, "tcp/22 udp/53", "x.service");
    struct health back = health_parse(&a, health_json(&a, &before));

    assert_str(back.boot_id, "boot");
    assert_str(back.system_state, "running");
    assert_true(back.is_systemd);
    assert_str(back.failed_units.items[0], "x.service");
    assert_int_equal(back.ports.count, 2);
    back = health_parse(&a, NULL);
    assert_int_equal(back.ports.count, 0);
    assert_false(back.is_systemd);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_got_worse_is_a_difference),
        cmocka_unit_test(without_systemd_units_are_not_known),
        cmocka_unit_test(settings_decide_what_fails_an_install),
        cmocka_unit_test(what_is_journalled_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
