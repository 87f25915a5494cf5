/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "patch/command.h"
#include "patch/decide.h"

#define EXIT_SKIP 168 /* both agents: a success, and the steps that follow are skipped */

static const char help[] =
    "usage: patchbay-patch decide --after Scan|Install --operation Scan|Install [options]\n\n"
    "What the document AWS-RunPatchBaselineWithHooks asks between its steps: whether to go on,\n"
    "by what the run before it has found. Exit status 0: go on; 168: skip to the last step;\n"
    "1: there is no such run of this command.\n\n"
    "  --after X           Scan: is anything to be installed? Install: is a reboot wanted?\n"
    "  --operation X       of the document\n"
    "  --reboot-option X   RebootIfNeeded (default) or NoReboot\n"
    "  --execution-id ID   the command's id (SSM_COMMAND_ID)\n"
    "  --state DIR         where the runs keep their state (" LOCAL_STATE_DIR ")\n";

struct decide_arguments {
    struct decide_input input;
    struct local_options local;
    bool has_after, has_operation;
};

/* True if `value` is one of the two; *ret says which. */
static bool choose(struct str value, struct str no, struct str yes, bool *ret)
{
    *ret = str_eq(value, yes);
    return *ret || str_eq(value, no);
}

static bool set_after(struct arena *a, void *arguments, struct str value)
{
    struct decide_arguments *d = arguments;
    bool is_install = false;

    (void)a;
    d->has_after = choose(value, S("Scan"), S("Install"), &is_install);
    d->input.question = is_install ? DECIDE_REBOOT : DECIDE_INSTALL;
    return d->has_after;
}

static bool set_operation(struct arena *a, void *arguments, struct str value)
{
    struct decide_arguments *d = arguments;

    (void)a;
    d->has_operation = choose(value, S("Scan"), S("Install"), &d->input.is_install);
    return d->has_operation;
}

static bool set_reboot(struct arena *a, void *arguments, struct str value)
{
    struct decide_arguments *d = arguments;

    (void)a;
    return choose(value, S("RebootIfNeeded"), S("NoReboot"), &d->input.no_reboot);
}

static const char *missing(const void *arguments)
{
    const struct decide_arguments *d = arguments;

    return d->has_after && d->has_operation ? NULL : "--after and --operation are required";
}

static int run(struct arena *a, const void *context)
{
    const struct decide_arguments *d = context;
    struct local local;
    struct state state;
    struct str why = S("");
    int code = command_open(a, &d->local, &local), r;

    if (code == EXIT_OK && !local.state_path)
        code = command_fail(1, S("there is no folder for the state"), EXIT_FAILED);
    if (code == EXIT_OK)
        code = command_load(a, &local, &state);
    if (code != EXIT_OK)
        return code;
    r = decide(a, &d->input, &state.last, &why);
    if (r == DECIDE_UNKNOWN)
        return command_fail(r, why, EXIT_FAILED);
    printf("%.*s\n", STR(why));
    return r == DECIDE_SKIP ? EXIT_SKIP : EXIT_OK;
}

static const struct verb_option options[] = {
    { "after", VERB_OWN, .set = set_after },
    { "operation", VERB_OWN, .set = set_operation },
    { "reboot-option", VERB_OWN, .set = set_reboot },
    { "execution-id", VERB_ID, offsetof(struct decide_arguments, input.execution_id),
      "SSM_COMMAND_ID" },
    { "state", VERB_TEXT, offsetof(struct decide_arguments, local.state_dir) },
    { 0 },
};

const struct verb command_decide = {
    .name = "decide",
    .about = "say whether a run with hooks goes on",
    .help = help,
    .options = options,
    .defaults = &(const struct decide_arguments){ .local.root = S_INIT("/"),
                                                  .input.execution_id = S_INIT("") },
    .size = sizeof(struct decide_arguments),
    .missing = missing,
    .run = run,
};
