/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/blob.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"
#include "sys/clock.h"
#include "sys/file.h"

/* printf hello | sha256sum */
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

struct place {
    char path[64];
    struct blob_dir *blobs;
    struct arena arena;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    *state = p;
    strcpy(p->path, "/tmp/patchbay-blob-XXXXXX");
    return mkdtemp(p->path) && blob_open(p->path, &p->blobs) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    int result = file_remove_tree(p->path);

    blob_close(p->blobs);
    arena_done(&p->arena);
    free(p);
    return result;
}

static void bytes_are_found_by_their_hash(void **state)
{
    struct place *p = *state;
    struct str name, got;

    assert_int_equal(blob_put(p->blobs, S("hello"), &p->arena, &name), 0);
    assert_str(name, HELLO);
    assert_int_equal(blob_put(p->blobs, S("hello"), &p->arena, &name), 0);
    assert_true(blob_exists(p->blobs, S(HELLO)));
    assert_int_equal(blob_get(p->blobs, name, 5, &p->arena, &got), 0);
    assert_str(got, "hello");
    assert_int_equal(blob_get(p->blobs, name, 4, &p->arena, &got), BLOB_TOO_LARGE);
    assert_int_equal(blob_put(p->blobs, S(""), &p->arena, &name), 0);
    assert_int_equal(blob_get(p->blobs, name, 0, &p->arena, &got), 0);
    name.p = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_int_equal(blob_get(p->blobs, name, 9, &p->arena, &got), BLOB_NONE);
    assert_int_equal(blob_get(p->blobs, S("../../../../etc/passwd"), 9999, &p->arena, &got),
                     BLOB_NONE);
}

static void damage_is_noticed(void **state)
{
    struct place *p = *state;
    struct str name, path, got;

    assert_int_equal(blob_put(p->blobs, S("hello"), &p->arena, &name), 0);
    assert_int_equal(blob_path(p->blobs, name, &p->arena, &path), 0);
    assert_int_equal(file_write(path.p, S("hallo"), 0600), 0);
    assert_true(blob_get(p->blobs, name, 9, &p->arena, &got) < 0);
}

static void a_crash_leaves_nothing_behind(void **state)
{
    struct place *p = *state;
    struct str name;
    const char *half = arena_fmt(&p->arena, "%s/tmp/half", p->path).p;

    assert_int_equal(blob_put(p->blobs, S("hello"), &p->arena, &name), 0);
    assert_int_equal(file_write(half, S("hal"), 0600), 0);
    blob_close(p->blobs);
    assert_int_equal(blob_open(p->path, &p->blobs), 0);
    assert_false(file_exists(half));
    assert_true(blob_exists(p->blobs, name));
}

static bool keep_hello(void *context, struct str name)
{
    (*(int *)context)++;
    return str_eq(name, S(HELLO));
}

/* As if it had been put an hour ago. */
static void age(struct place *p, struct str name)
{
    struct str path;
    struct timespec then = { .tv_sec = clock_now() / MSEC_SECOND - 3600 };

    assert_int_equal(blob_path(p->blobs, name, &p->arena, &path), 0);
    assert_int_equal(utimensat(AT_FDCWD, path.p, (struct timespec[]){ then, then }, 0), 0);
}

static void orphans_are_swept_once_they_are_old(void **state)
{
    struct place *p = *state;
    struct str name, young;
    size_t n;
    int asked = 0;

    assert_int_equal(blob_put(p->blobs, S("hello"), &p->arena, &name), 0);
    assert_int_equal(blob_put(p->blobs, S("old"), &p->arena, &name), 0);
    age(p, S(HELLO));
    age(p, name);
    assert_int_equal(blob_put(p->blobs, S("young"), &p->arena, &young), 0);
    msec before = clock_now() - MSEC_MINUTE;
    assert_int_equal(blob_sweep(p->blobs, before, keep_hello, &asked, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(asked, 3);
    assert_true(blob_exists(p->blobs, S(HELLO)));
    assert_true(blob_exists(p->blobs, young));
    assert_false(blob_exists(p->blobs, name));
}

#define PLACED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACED(bytes_are_found_by_their_hash),
        PLACED(damage_is_noticed),
        PLACED(a_crash_leaves_nothing_behind),
        PLACED(orphans_are_swept_once_they_are_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
