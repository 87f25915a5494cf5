/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/decide.h"

static int decide_install(struct arena *a, const struct decide_input *in,
                          const struct state_last *last, struct str *ret_why)
{
    /* What failed to install before is still to be installed. */
    size_t n_wanted = last->n_missing + last->n_failed;

    *ret_why = arena_fmt(a, "%zu to install, %zu waiting for a reboot", n_wanted, last->n_pending);
    if (!in->is_install)
        *ret_why = S("it was a Scan: done");
    else if (n_wanted == 0 && last->n_pending == 0)
        *ret_why = S("nothing is missing and nothing waits for a reboot");
    else if (n_wanted == 0 && in->no_reboot)
        *ret_why = arena_fmt(a, "nothing is missing; %zu waiting for a reboot, by NoReboot",
                             last->n_pending);
    else
        return 0;
    return DECIDE_SKIP;
}

static int decide_reboot(struct arena *a, const struct decide_input *in,
                         const struct state_last *last, struct str *ret_why)
{
    *ret_why = arena_fmt(a, "%zu waiting for a reboot", last->n_pending);
    if (in->no_reboot)
        *ret_why = arena_fmt(a, "no reboot, by NoReboot; %zu waiting for one", last->n_pending);
    else if (last->n_pending == 0)
        *ret_why = S("nothing waits for a reboot");
    else
        return 0;
    return DECIDE_SKIP;
}

int decide(struct arena *a, const struct decide_input *in, const struct state_last *last,
           struct str *ret_why)
{
    bool after_scan = in->question == DECIDE_INSTALL;
    struct str operation = after_scan ? S("Scan") : S("Install");

    if (!str_is_set(last->operation) || !str_eq(last->operation, operation) ||
        !str_eq(last->execution_id, in->execution_id)) {
        *ret_why = arena_fmt(a,
                             "this host has no record of what the %.*s of this command has found: "
                             "nothing can be decided",
                             STR(operation));
        return DECIDE_UNKNOWN;
    }
    return after_scan ? decide_install(a, in, last, ret_why) : decide_reboot(a, in, last, ret_why);
}
