/* SPDX-License-Identifier: Apache-2.0 */
/* How zypper is called. */
#include "patch/rpm/rpm_config.h"
#include "patch/rpm/zypper.h"

void zypper_begin(struct arena *a, struct child *child, const struct host *host, bool is_gentle)
{
    static const char *const common[] = { "/usr/bin/zypper", "--non-interactive", "--no-color" };

    if (is_gentle)
        hand_go_gently(a, child);
    child_args(a, child, common, ARRAY_LEN(common));
    if (!host->sources_dir)
        return;
    child_arg(a, child, "--reposd-dir");
    child_arg(a, child, arena_fmt(a, "%s" RPM_SOURCES, host->sources_dir).p);
    child_arg(a, child, "--cache-dir");
    child_arg(a, child, arena_fmt(a, "%s" RPM_SOURCES_CACHE_ZYPP, host->sources_dir).p);
}

struct str zypper_edition(struct str version)
{
    return str_starts(version, S("0:")) ? str_from(version, 2) : version;
}

/* What is installed is never another vendor's, nor of another architecture, by an update:
 * the candidate is of the same already. */
static struct str spec_of(struct arena *a, const struct change *c)
{
    if (change_removes(c)) /* one transaction with what comes back */
        return arena_fmt(a, "!%.*s.%.*s=%.*s", STR(c->name), STR(c->arch),
                         STR(zypper_edition(c->from)));
    return arena_fmt(a, "%.*s.%.*s=%.*s", STR(c->new_name), STR(c->new_arch),
                     STR(zypper_edition(c->to)));
}

/* The metadata is that of the scan, so the plan's versions are there. All that is named
 * comes in, or nothing. */
int zypper_command(struct arena *a, const struct hand_call *call, struct child *ret,
                   int *ret_script)
{
    const struct change_request *request = call->request;
    bool simulate = call->act == HAND_TRY;
    struct child child = hand_child(call);

    zypper_begin(a, &child, request->host, simulate);
    child_arg(a, &child, "--no-refresh");
    if (simulate)
        child_arg(a, &child, "--xmlout");
    child_arg(a, &child, "install");
    child_arg(a, &child, "--auto-agree-with-licenses");
    child_arg(a, &child, "--no-force-resolution");
    child_arg(a, &child, "--details");
    if (simulate)
        child_arg(a, &child, "--dry-run");
    if (request->is_return)
        child_arg(a, &child, "--oldpackage");
    if (call->act == HAND_REPAIR)
        child_arg(a, &child, "--force"); /* again, and the older one goes */
    child_arg(a, &child, "--");
    for (size_t i = 0; i < call->count; i++)
        child_arg(a, &child, spec_of(a, call->changes[i]).p);
    for (size_t i = 0; i < request->n_along && call->named; i++)
        if (call->named[i])
            child_arg(a, &child, spec_of(a, &request->along[i]).p);
    *ret = child;
    *ret_script = -1;
    return 0;
}
