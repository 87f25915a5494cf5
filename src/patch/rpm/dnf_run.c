/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf_run.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "patch/rpm/dnf.h"
#include "patch/rpm/dnf_config.h"
#include "patch/gate.h"
#include "sys/clock.h"

#define STATUS_NO_PROGRAM 127
#define STATUS_LOCKED     200 /* "a problem with acquiring or releasing of locks" */
#define TOO_LONG          S("it took too long and was stopped")

/* The whole environment: nothing asks, nothing is translated, and no variable of the
 * caller changes what dnf does. */
static const char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "TERM=dumb",
    NULL,
};

/* A program that changes nothing can wait for the host's own work. */
static const char *const gently[] = { "/usr/bin/nice", "-n", "10" };

/* It gives up on a lock, so that the waiting is ours and has an end. What some plugins
 * do after a transaction is nobody's wish here: "local" makes a repository of it. */
static const char *const common[] = {
    "/usr/bin/dnf", "-y", "--setopt=exit_on_lock=1", "--color=never", "--disableplugin=local",
};

int dnf_ask(struct arena *a, struct child *child, int log, struct child_result *ret)
{
    child->env = environment;
    child->log = log;
    child_arg(a, child, NULL);
    TRY(child_run(a, child, ret));
    return 0;
}

bool dnf_is_locked(const struct child_result *answer)
{
    return answer->status == STATUS_LOCKED;
}

struct str dnf_reason(struct arena *a, const struct child_result *answer, struct str name)
{
    struct str ended = child_reason(a, answer, name);
    struct str reason = dnf_output_reason(a, answer->output, name);

    if (str_is_set(ended))
        return ended;
    if (answer->timed_out)
        return TOO_LONG;
    if (dnf_is_locked(answer))
        return DNF_LOCKED;
    if (answer->status == STATUS_NO_PROGRAM)
        return S("there is no dnf on this host");
    if (str_is_set(reason))
        return reason;
    return arena_fmt(a, "dnf ended with status %d and without it", answer->status);
}

void dnf_begin(struct arena *a, struct child *child, const struct host *host, bool is_gentle)
{
    if (is_gentle)
        child_args(a, child, gently, ARRAY_LEN(gently));
    child_args(a, child, common, ARRAY_LEN(common));
    if (!host->sources_dir)
        return;
    child_arg(a, child, arena_fmt(a, "--setopt=reposdir=%s" DNF_SOURCES, host->sources_dir).p);
    child_arg(a, child,
              arena_fmt(a, "--setopt=cachedir=%s" DNF_SOURCES_CACHE, host->sources_dir).p);
    child_arg(a, child, "--repo=" DNF_SOURCE "*"); /* dnf.conf may have others */
    /* It would tell the host's shells of what is offered for this run. */
    child_arg(a, child, "--disableplugin=generate_completion_cache");
}

/* Again and again while another package manager holds a lock. */
int dnf_ask_until(struct arena *a, const struct child *child, int log, msec deadline,
                  struct child_result *ret)
{
    for (;;) {
        struct child again = *child;

        again.capacity = again.argc; /* grown anew: dnf_ask() adds its end */
        TRY(dnf_ask(a, &again, log, ret));
        if (!dnf_is_locked(ret) || clock_monotonic() >= deadline || gate_is_stopping(child->gate))
            return 0;
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
}

int dnf_find_rpm_lock(struct arena *a, const char **ret)
{
    static const char *const args[] = {
        "/usr/bin/rpm", "--eval", "%{?_rpmlock_path}%{!?_rpmlock_path:%{_dbpath}/.rpm.lock}"
    };
    struct child child = { .timeout = SHORT_TIMEOUT };
    struct child_result answer;
    struct str path;

    child_args(a, &child, args, ARRAY_LEN(args));
    TRY(dnf_ask(a, &child, -1, &answer));
    path = str_trim(answer.output);
    *ret = answer.status == 0 && str_starts(path, S("/")) ? arena_cstr(a, path)
                                                          : "/var/lib/rpm/.rpm.lock";
    return 0;
}

/* ---- the command line of an install ---- */

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

/* The metadata is that of the scan, so the plan's versions are there. What cannot go
 * in is left out, and the rest goes in together. */
int dnf_command(struct arena *a, const struct change_request *request,
                struct change *const *changes, size_t count, bool simulate, struct child *ret,
                int *ret_script)
{
    struct child child = { .timeout = simulate ? SHORT_TIMEOUT : INSTALL_TIMEOUT,
                           .memory_limit = simulate ? 0 : request->memory_limit,
                           .group = simulate ? NULL : request->group,
                           .gate = simulate ? NULL : request->gate };

    *ret_script = -1;
    dnf_begin(a, &child, request->host, simulate);
    child_arg(a, &child, "--setopt=*.metadata_expire=-1");
    if (!request->is_return)
        child_arg(a, &child, "--setopt=best=0");
    if (simulate)
        child_arg(a, &child, "--assumeno");
    for (size_t i = 0; i < request->blocked.count; i++)
        child_arg(a, &child, arena_fmt(a, "--exclude=%.*s", STR(request->blocked.items[i])).p);
    if (any_goes(changes, count)) {
        TRY(add_script(a, &child, changes, count, ret_script));
    } else {
        child_arg(a, &child, request->is_return ? "downgrade" : "upgrade");
        child_arg(a, &child, "--");
        for (size_t i = 0; i < count; i++)
            child_arg(a, &child, spec_of(a, changes[i]).p);
    }
    *ret = child;
    return 0;
}
