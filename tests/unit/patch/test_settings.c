/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys/file.h"

#include "../test.h"

static int set(struct settings *s, const char *key, const char *value)
{
    static struct arena a;
    int result = settings_set(&a, s, str_of(key), str_of(value));

    arena_reset(&a);
    return result;
}

static void nothing_fails_an_install_unless_asked(void **state)
{
    (void)state;
    const struct settings s = settings_default();

    assert_false(s.fail_on_failed_units);
    assert_false(s.fail_on_any_lost_port);
    assert_int_equal(s.fail_on_lost_ports.count, 0);
}

static void what_is_out_of_bounds_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key, *good, *bad;
    } cases[] = {
        { "fail-on-failed-units", "yes", "true" },
        { "fail-on-lost-ports", "any", "all" },
        { "fail-on-lost-ports", "no", "" },
        { "fail-on-lost-ports", "tcp/22", "22" },
        { "fail-on-lost-ports", "udp/53", "tcp/0" },
        { "fail-on-lost-ports", "tcp/1", "tcp/65536" },
        { "fail-on-lost-ports", "tcp/1", "tcp/022" },
        { "fail-on-lost-ports", "tcp/1", "tcp/+1" },
        { "health-wait", "0", "601" },
        { "health-wait", "600", "-1" },
        { "nice", "19", "20" },
        { "nice", "0", "-1" },
        { "ionice", "idle", "8" },
        { "ionice", "none", "" },
        { "memory-limit", "0", "255" },
        { "memory-limit", "256", "x" },
        { "time-limit", "1", "0" },
        { "time-limit", "2880", "2881" },
        { "time-limit", "90s", "0s" },
        { "time-limit", "172800s", "172801s" },
        { "script-limit", "1s", "s" },
        { "script-limit", "2880", "1.5" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct settings s = settings_default();

        assert_int_equal(set(&s, cases[i].key, cases[i].good), 0);
        assert_int_equal(set(&s, cases[i].key, cases[i].bad), SETTINGS_MALFORMED);
    }
    struct settings s = settings_default();
    assert_int_equal(set(&s, "endpoint", "http://x"), SETTINGS_UNKNOWN);
}

static void the_file_is_shared_with_others(void **state)
{
    (void)state;
    char path[] = "/tmp/patch-settings-XXXXXX";
    struct arena a = { 0 };
    struct settings s;
    struct str why = S("");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write(path,
                                S("# a comment\nendpoint = http://x\n"
                                  "fail-on-lost-ports = tcp/22  udp/53\nmemory-limit=512\n"),
                                0600),
                     0);
    assert_int_equal(settings_read(&a, path, &s, &why), 0);
    assert_int_equal(s.fail_on_lost_ports.count, 2);
    assert_str(s.fail_on_lost_ports.items[1], "udp/53");
    assert_int_equal(s.memory_limit, 512 * 1024 * 1024);
    assert_int_equal(file_write(path, S("nice = much\n"), 0600), 0);
    assert_int_equal(settings_read(&a, path, &s, &why), SETTINGS_MALFORMED);
    assert_true(str_contains(why, S("nice = much")));
    unlink(path);
    assert_int_equal(settings_read(&a, path, &s, &why), 0); /* none: the defaults */
    assert_int_equal(s.memory_limit, settings_default().memory_limit);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails_an_install_unless_asked),
        cmocka_unit_test(what_is_out_of_bounds_is_refused),
        cmocka_unit_test(the_file_is_shared_with_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
