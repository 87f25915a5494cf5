/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "patch/command.h"
#include "patch/health.h"

int command_health(struct arena *a, const struct local *local, const struct state_run *run,
                   int code)
{
    const struct health before = health_parse(a, run->health);
    struct health_change change;
    struct health after;
    struct str failure;

    if (!run->health) /* a run of a version that did not look */
        return code;
    int r = health_settle(a, &local->host, &local->settings, &before, &after, &change);
    if (r != 0)
        return command_fail(r, S(""), EXIT_FAILED);
    printf("%.*s", STR(health_text(a, &change)));
    if (!change.are_units_known && local->settings.fail_on_failed_units)
        puts("health: whether units failed is not known: systemd does not run here, or did not "
             "answer");
    failure = health_failure(a, &local->settings, &change);
    if (!str_is_set(failure))
        return code;
    fflush(stdout);
    fprintf(stderr, "patchbay-patch: the host is not well after the install: %.*s\n", STR(failure));
    return code == EXIT_OK || code == EXIT_REBOOT ? EXIT_HEALTH : code;
}
