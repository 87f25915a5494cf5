/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/host.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

#include "../test.h"

struct fixture {
    struct arena a;
    char root[64];
    struct host host;
    struct str why;
};

static void make_root(struct fixture *f, const char *release)
{
    *f = (struct fixture){ .root = "/tmp/patch-host-XXXXXX" };
    assert_non_null(mkdtemp(f->root));
    assert_int_equal(file_make_dirs(arena_fmt(&f->a, "%s/etc", f->root).p, 0755), 0);
    if (release)
        assert_int_equal(
            file_write(arena_fmt(&f->a, "%s/etc/os-release", f->root).p, str_of(release), 0644), 0);
}

static void remove_root(struct fixture *f)
{
    unlink(arena_fmt(&f->a, "%s/etc/os-release", f->root).p);
    rmdir(arena_fmt(&f->a, "%s/etc", f->root).p);
    rmdir(f->root);
    arena_done(&f->a);
}

static int look(struct fixture *f)
{
    return host_read(&f->a, str_of(f->root), &f->host, &f->why);
}

static void the_release_file_says_which_system(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f, "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\n# x\n\nID=ubuntu\nID_LIKE=debian\n"
                  "VERSION_ID=\"22.04\"\nVERSION_CODENAME='jammy'\nno line\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.host.os, PATCH_OS_UBUNTU);
    assert_str(f.host.product, "Ubuntu22.04");
    assert_str(f.host.codename, "jammy");
    assert_str(f.host.boot_id, "");
    remove_root(&f);
}

static void other_systems_are_refused(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f, "ID=plan9\nVERSION_ID=4\n");
    assert_int_equal(look(&f), HOST_UNKNOWN);
    assert_true(str_contains(f.why, S("plan9")));
    remove_root(&f);
    make_root(&f, NULL);
    assert_int_equal(look(&f), HOST_UNKNOWN);
    remove_root(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_release_file_says_which_system),
        cmocka_unit_test(other_systems_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
