/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf_run.h"

#include <time.h>

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
static const char *const nice[] = { "/usr/bin/nice", "-n", "10" };

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

void dnf_begin(struct arena *a, struct child *child, const struct host *host, bool gently)
{
    if (gently)
        child_args(a, child, nice, ARRAY_LEN(nice));
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
struct str dnf_spec(struct arena *a, const struct change *c)
{
    if (str_eq(c->new_name, c->name) && !str_eq(c->new_arch, c->arch))
        return arena_fmt(a, "%.*s-%.*s", STR(c->new_name), STR(c->to));
    return arena_fmt(a, "%.*s-%.*s.%.*s", STR(c->new_name), STR(c->to), STR(c->new_arch));
}

/* The metadata is that of the scan, so the plan's versions are there. What cannot go
 * in is left out, and the rest goes in together. */
struct child dnf_command(struct arena *a, const struct change_request *request, bool simulate)
{
    struct child child = { .timeout = simulate ? SHORT_TIMEOUT : INSTALL_TIMEOUT,
                           .memory_limit = simulate ? 0 : request->memory_limit,
                           .group = simulate ? NULL : request->group,
                           .gate = simulate ? NULL : request->gate };

    dnf_begin(a, &child, request->host, simulate);
    child_arg(a, &child, "--setopt=*.metadata_expire=-1");
    if (!request->is_return)
        child_arg(a, &child, "--setopt=best=0");
    if (simulate)
        child_arg(a, &child, "--assumeno");
    for (size_t i = 0; i < request->blocked.count; i++)
        child_arg(a, &child, arena_fmt(a, "--exclude=%.*s", STR(request->blocked.items[i])).p);
    child_arg(a, &child, request->is_return ? "downgrade" : "upgrade");
    child_arg(a, &child, "--");
    return child;
}
