/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/command.h"

#include <stdio.h>

int command_fail(int result, struct str why, int code)
{
    if (result < 0)
        fprintf(stderr, "patchbay-patch: %s\n", err_trace());
    else
        fprintf(stderr, "patchbay-patch: %.*s\n", STR(why));
    return code;
}

static int local_code(int outcome)
{
    if (outcome == LOCAL_UNSUPPORTED)
        return EXIT_UNSUPPORTED_OS;
    return outcome == LOCAL_BAD_BASELINE ? EXIT_SNAPSHOT : EXIT_FAILED;
}

int command_open(struct arena *a, const struct local_options *options, struct local *ret)
{
    struct str why = S("");
    int r = local_open(a, options, ret, &why);

    return r == 0 ? EXIT_OK : command_fail(r, why, local_code(r));
}

int command_load(struct arena *a, const struct local *local, struct state *ret)
{
    int r;

    *ret = (struct state){ 0 };
    if (!local->state_path)
        return EXIT_OK;
    r = state_load(a, local->state_path, ret);
    if (r == 0)
        return EXIT_OK;
    return command_fail(r, arena_fmt(a, "%s is damaged", local->state_path), EXIT_FAILED);
}
