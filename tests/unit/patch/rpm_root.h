/* SPDX-License-Identifier: Apache-2.0 */
/* A root of a few files, gone with the test, and what a manager's reader makes of it. */
#pragma once

#include <stdlib.h>

#include "patch/rpm/ini.h"
#include "patch/rpm/rpm_config.h"
#include "sys/file.h"

#include "../test.h"

typedef int rpm_reader(struct arena *a, const struct rpm_host *host, struct rpm_config *ret,
                       struct str *ret_why);

struct rpm_root {
    struct arena a;
    char root[64];
    rpm_reader *read;
    const char *release, *sources;
    struct rpm_config config;
    struct str why;
};

static inline void rpm_root_make(struct rpm_root *r, rpm_reader *read, const char *release)
{
    *r = (struct rpm_root){ .root = "/tmp/rpm-root-XXXXXX", .read = read, .release = release };
    assert_non_null(mkdtemp(r->root));
}

static inline void rpm_root_put(struct rpm_root *r, const char *path, const char *text)
{
    struct str full = arena_fmt(&r->a, "%s%s", r->root, path);
    struct str dir = str_slice(full, 0, (size_t)str_rfind(full, '/'));

    assert_int_equal(file_make_dirs(arena_cstr(&r->a, dir), 0755), 0);
    assert_int_equal(file_write(full.p, str_of(text), 0644), 0);
}

static inline int rpm_root_look(struct rpm_root *r)
{
    const struct rpm_host host = { r->root, r->sources, str_of(r->release), S("x86_64") };

    return r->read(&r->a, &host, &r->config, &r->why);
}

/* Where the metadata of a repository is, within the root. */
static inline struct str rpm_root_dir(const struct rpm_root *r, size_t i)
{
    return str_from(str_of(r->config.repos[i].dir), strlen(r->root));
}

static inline void rpm_root_done(struct rpm_root *r)
{
    assert_int_equal(file_remove_tree(r->root), 0);
    arena_done(&r->a);
}

/* Those of the host do not count, and none is an error. */
static inline void rpm_root_takes_sources_alone(rpm_reader *read, const char *repo, const char *dir)
{
    struct rpm_root r;

    rpm_root_make(&r, read, "9");
    r.sources = "/state";
    rpm_root_put(&r, repo, "[r]\nbaseurl=x\n");
    assert_int_equal(rpm_root_look(&r), RPM_CONFIG_BAD);
    assert_str(r.why, "none of the alternative sources of the baseline is enabled");
    rpm_root_put(&r, "/state/repos/1.repo", "[patchbay-source-1]\nbaseurl=file:///srv/repo\n");
    assert_int_equal(rpm_root_look(&r), 0);
    assert_int_equal(r.config.n_repos, 1);
    assert_str(r.config.repos[0].id, "patchbay-source-1");
    assert_true(str_starts(rpm_root_dir(&r, 0), str_of(dir)));
    rpm_root_done(&r);
}

static inline void rpm_root_tells_of_large_files(rpm_reader *read, const char *path)
{
    struct rpm_root r;
    char *text = calloc(1, INI_MAX_BYTES + 2);

    assert_non_null(text);
    memset(text, '#', INI_MAX_BYTES + 1);
    rpm_root_make(&r, read, "9");
    rpm_root_put(&r, path, text);
    assert_int_equal(rpm_root_look(&r), RPM_CONFIG_BAD);
    assert_true(str_starts(r.why, str_of(path)));
    assert_true(str_ends(r.why, S(" is too large")));
    free(text);
    rpm_root_done(&r);
}
