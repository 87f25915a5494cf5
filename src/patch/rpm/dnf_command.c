/* SPDX-License-Identifier: Apache-2.0 */
/* How dnf is called. */
#include "patch/rpm/dnf.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "patch/rpm/rpm_config.h"

/* It gives up on a lock, so that the waiting is ours and has an end. What some plugins
 * do after a transaction is nobody's wish here: "local" makes a repository of it. */
static const char *const common[] = {
    "/usr/bin/dnf", "-y", "--setopt=exit_on_lock=1", "--color=never", "--disableplugin=local",
};

void dnf_begin(struct arena *a, struct child *child, const struct host *host, bool is_gentle)
{
    if (is_gentle)
        hand_go_gently(a, child);
    child_args(a, child, common, ARRAY_LEN(common));
    if (!host->sources_dir)
        return;
    child_arg(a, child, arena_fmt(a, "--setopt=reposdir=%s" RPM_SOURCES, host->sources_dir).p);
    child_arg(a, child,
              arena_fmt(a, "--setopt=cachedir=%s" RPM_SOURCES_CACHE_DNF, host->sources_dir).p);
    child_arg(a, child, "--repo=" RPM_SOURCE "*"); /* dnf.conf may have others */
    /* It would tell the host's shells of what is offered for this run. */
    child_arg(a, child, "--disableplugin=generate_completion_cache");
}

/* "A package of another architecture takes its place" is an upgrade only to one who
 * names none. */
static struct str spec_of(struct arena *a, const struct change *c)
{
    struct str version = change_removes(c) ? c->from : c->to;

    if (str_eq(c->new_name, c->name) && !str_eq(c->new_arch, c->arch))
        return arena_fmt(a, "%.*s-%.*s", STR(c->new_name), STR(version));
    return arena_fmt(a, "%.*s-%.*s.%.*s", STR(c->new_name), STR(version), STR(c->new_arch));
}

static bool any_goes(struct change *const *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (change_removes(changes[i]))
            return true;
    return false;
}

/* dnf's shell splits its lines into words as a shell would. */
static struct str script_of(struct arena *a, struct change *const *changes, size_t count)
{
    struct buf script = buf_in(a);

    for (size_t i = 0; i < count; i++) {
        struct str spec = spec_of(a, changes[i]);

        if (str_is_word(spec, "+_-.:~^"))
            buf_fmt(&script, "%s %.*s\n", change_removes(changes[i]) ? "remove" : "downgrade",
                    STR(spec));
    }
    buf_lit(&script, "run\n");
    return buf_str(&script);
}

/* Some back and some gone is one transaction in dnf's shell alone. That goes on after a line
 * that it cannot carry out, so it was tried out, and the outcome is looked at. */
static int add_script(struct arena *a, struct child *child, struct change *const *changes,
                      size_t count, int *ret_script)
{
    struct str text = script_of(a, changes, count);
    int fd = memfd_create("dnf", MFD_CLOEXEC);

    if (fd < 0)
        return FAULT(errno);
    if (write(fd, text.p, text.len) != (ssize_t)text.len) {
        close(fd);
        return FAULT(EIO);
    }
    child_arg(a, child, "--setopt=clean_requirements_on_remove=0");
    child_arg(a, child, "shell");
    child_arg(a, child, arena_fmt(a, "/proc/%d/fd/%d", (int)getpid(), fd).p);
    *ret_script = fd;
    return 0;
}

static void hide_others(struct arena *a, struct child *child, const struct change *c)
{
    for (size_t i = 0; i < c->others.count; i++)
        child_arg(a, child,
                  arena_fmt(a, "--exclude=%.*s-%.*s.%.*s", STR(c->new_name),
                            STR(c->others.items[i]), STR(c->new_arch))
                      .p);
}

/* The metadata is that of the scan, so the plan's versions are there. What cannot go
 * in is left out, and the rest goes in together. */
int dnf_command(struct arena *a, const struct hand_call *call, struct child *ret, int *ret_script)
{
    const struct change_request *request = call->request;
    bool simulate = call->act == HAND_TRY;
    struct child child = hand_child(call);

    dnf_begin(a, &child, request->host, simulate);
    if (call->act == HAND_REPAIR) {
        child_arg(a, &child, "remove");
        child_arg(a, &child, "--duplicates");
        *ret = child;
        return 0;
    }
    child_arg(a, &child, "--setopt=*.metadata_expire=-1");
    if (!request->is_return)
        child_arg(a, &child, "--setopt=best=0");
    if (simulate)
        child_arg(a, &child, "--assumeno");
    for (size_t i = 0; i < request->blocked.count; i++)
        child_arg(a, &child, arena_fmt(a, "--exclude=%.*s", STR(request->blocked.items[i])).p);
    for (size_t i = 0; i < request->n_along; i++) /* names alone would be the host's own wishes */
        hide_others(a, &child, &request->along[i]);
    if (any_goes(call->changes, call->count)) {
        TRY(add_script(a, &child, call->changes, call->count, ret_script));
    } else {
        child_arg(a, &child, request->is_return ? "downgrade" : "upgrade");
        child_arg(a, &child, "--");
        for (size_t i = 0; i < call->count; i++)
            child_arg(a, &child, spec_of(a, call->changes[i]).p);
    }
    *ret = child;
    return 0;
}
