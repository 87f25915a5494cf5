/* SPDX-License-Identifier: Apache-2.0 */
/* Where a version of a package is still to be had. */
#include <unistd.h>

#include "base/buf.h"
#include "patch/apt/apt_get.h"
#include "patch/child.h"

#define ARCHIVES    "/var/cache/apt/archives"
#define ASK_TIMEOUT (2 * MSEC_MINUTE)

static int ask(struct arena *a, struct child *child, struct child_result *ret)
{
    static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                                       NULL };

    child->env = env;
    child->timeout = ASK_TIMEOUT;
    child->log = -1;
    child_arg(a, child, NULL);
    TRY(child_run(a, child, ret));
    return 0;
}

/* dpkg's own record of a version has no Filename; a repository's has. */
static int is_in_repository(struct arena *a, const struct host *host, const struct change *change,
                            bool *ret)
{
    static const char *const args[] = { "show", "--no-all-versions", "--" };
    struct child child = { 0 };
    struct child_result answer;

    child_arg(a, &child, "/usr/bin/apt-cache");
    apt_get_add_sources(a, &child, host);
    child_args(a, &child, args, ARRAY_LEN(args));
    child_arg(a, &child, arena_fmt(a, "%.*s=%.*s", STR(change->manager_name), STR(change->to)).p);
    TRY(ask(a, &child, &answer));
    *ret = answer.status == 0 && str_contains(answer.output, S("\nFilename:"));
    return 0;
}

/* As apt names what it keeps: zlib1g_1%3a1.2.11-4_amd64.deb */
static const char *archive_path(struct arena *a, const struct change *change)
{
    struct buf path = buf_in(a);

    buf_fmt(&path, ARCHIVES "/%.*s_", STR(change->name));
    for (size_t i = 0; i < change->to.len; i++) {
        if (change->to.p[i] == ':')
            buf_lit(&path, "%3a");
        else
            buf_byte(&path, change->to.p[i]);
    }
    buf_fmt(&path, "_%.*s.deb", STR(change->arch));
    return buf_str(&path).p;
}

/* Is the file what its name says? */
static int is_archive_of(struct arena *a, const char *path, const struct change *change, bool *ret)
{
    struct child child = { 0 };
    struct child_result answer;

    child_arg(a, &child, "/usr/bin/dpkg-deb");
    child_arg(a, &child, "--show");
    child_arg(a, &child, "--showformat=${Package} ${Version} ${Architecture}");
    child_arg(a, &child, path);
    TRY(ask(a, &child, &answer));
    *ret = answer.status == 0 &&
           str_eq(answer.output, arena_fmt(a, "%.*s %.*s %.*s", STR(change->name), STR(change->to),
                                           STR(change->arch)));
    return 0;
}

int apt_get_find_versions(struct arena *a, struct change_request *request, struct str *ret_why)
{
    (void)ret_why;
    for (size_t i = 0; i < request->count; i++) {
        struct change *change = &request->changes[i];
        const char *path;
        bool found = false;

        if (str_is_set(change->failure) || change_removes(change))
            continue;
        TRY(is_in_repository(a, request->host, change, &found));
        if (found)
            continue;
        path = archive_path(a, change);
        if (access(path, R_OK) == 0)
            TRY(is_archive_of(a, path, change, &found));
        if (found)
            change->archive = path;
        else
            change->failure = arena_fmt(a, "version %.*s is in no repository and not in " ARCHIVES,
                                        STR(change->to));
    }
    return 0;
}
