/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/state.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys/file.h"

#include "../test.h"

#define NOW ((msec)1700000000123)

static const struct host this_boot = { .root = S_INIT("/"), .boot_id = S_INIT("boot-1") };
static const struct host next_boot = { .root = S_INIT("/"), .boot_id = S_INIT("boot-2") };

struct fixture {
    struct arena a;
    char dir[64];
    const char *path;
};

static void open_fixture(struct fixture *f)
{
    *f = (struct fixture){ .dir = "/tmp/patch-state-XXXXXX" };
    assert_non_null(mkdtemp(f->dir));
    f->path = arena_fmt(&f->a, "%s/state.json", f->dir).p;
}

static void close_fixture(struct fixture *f)
{
    unlink(f->path);
    rmdir(f->dir);
    arena_done(&f->a);
}

static struct patch_facts facts(const char *name, const char *version)
{
    return (struct patch_facts){
        .name = str_of(name),
        .arch = S("amd64"),
        .installed = { .version = str_of(version) },
    };
}

static void no_file_is_an_empty_state(void **state)
{
    (void)state;
    struct fixture f;
    struct state s;

    open_fixture(&f);
    assert_int_equal(state_load(&f.a, f.path, &s), 0);
    assert_int_equal(s.n_packages, 0);
    assert_int_equal(s.run.phase, RUN_NONE);
    assert_false(str_is_set(s.sent_hash));
    close_fixture(&f);
}

static void what_is_saved_is_loaded(void **state)
{
    (void)state;
    struct fixture f;
    struct state s = { 0 }, back;
    struct patch_facts zlib = facts("zlib1g", "1.1");
    struct change change = { .name = S("bash"), .to = S("5.2"), .failure = S("postinst") };

    open_fixture(&f);
    state_installed(&f.a, &s, &this_boot, &zlib, NOW);
    s.last_no_reboot_install_at = NOW;
    s.sent_hash = S("abc");
    s.run = (struct state_run){ .phase = RUN_REBOOTING,
                                .execution_id = S("e"),
                                .n_installed = 3,
                                .snapshot_id = S("s"),
                                .reboot_option = S("NoReboot"),
                                .boot_id = S("boot-1"),
                                .started_at = NOW,
                                .changes = &change,
                                .n_changes = 1 };
    assert_int_equal(state_save(&f.a, f.path, &s), 0);
    assert_int_equal(state_load(&f.a, f.path, &back), 0);
    assert_int_equal(back.n_packages, 1);
    assert_str(back.packages[0].version, "1.1");
    assert_int_equal(back.packages[0].installed_at, NOW);
    assert_int_equal(back.last_no_reboot_install_at, NOW);
    assert_str(back.sent_hash, "abc");
    assert_int_equal(back.run.phase, RUN_REBOOTING);
    assert_str(back.run.execution_id, "e");
    assert_int_equal(back.run.n_installed, 3);
    assert_int_equal(back.run.started_at, NOW);
    assert_int_equal(back.run.n_changes, 1);
    assert_str(back.run.changes[0].failure, "postinst");
    close_fixture(&f);
}

static void a_package_is_pending_until_the_next_boot(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct state s = { 0 };
    struct patch_facts zlib = facts("zlib1g", "1.1"), newer = facts("zlib1g", "1.2");

    assert_false(state_is_pending(&s, &this_boot, &zlib));
    state_installed(&a, &s, &this_boot, &zlib, NOW);
    assert_true(state_is_pending(&s, &this_boot, &zlib));
    assert_false(state_is_pending(&s, &next_boot, &zlib));
    assert_false(state_is_pending(&s, &this_boot, &newer)); /* somebody else's install */
    state_installed(&a, &s, &this_boot, &newer, NOW);
    assert_int_equal(s.n_packages, 1);
    assert_true(state_is_pending(&s, &this_boot, &newer));
    arena_done(&a);
}

static void what_is_gone_is_forgotten(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct state s = { 0 };
    struct patch_facts zlib = facts("zlib1g", "1.1"), bash = facts("bash", "5"),
                       sed = facts("sed", "4");
    struct package there[] = { { .facts = facts("bash", "5") }, { .facts = facts("sed", "4.1") } };

    state_installed(&a, &s, &this_boot, &zlib, NOW);
    state_installed(&a, &s, &this_boot, &bash, NOW);
    state_installed(&a, &s, &this_boot, &sed, NOW);
    state_prune(&s, &(struct packages){ .items = there, .count = 2 });
    assert_int_equal(s.n_packages, 1);
    assert_str(s.packages[0].name, "bash");
    arena_done(&a);
}

static void a_damaged_file_is_said_to_be(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "[]", "{\"run\":", "nonsense" };
    struct fixture f;
    struct state s;

    open_fixture(&f);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(file_write(f.path, str_of(bad[i]), 0600), 0);
        assert_int_equal(state_load(&f.a, f.path, &s), STATE_MALFORMED);
    }
    const struct str odd = S("{\"packages\":7,\"run\":[],\"sentHash\":1}");

    assert_int_equal(file_write(f.path, odd, 0600), 0);
    assert_int_equal(state_load(&f.a, f.path, &s), 0);
    assert_int_equal(s.n_packages, 0);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_is_an_empty_state),
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(a_package_is_pending_until_the_next_boot),
        cmocka_unit_test(what_is_gone_is_forgotten),
        cmocka_unit_test(a_damaged_file_is_said_to_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
