/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "patch/commands.h"
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
    bool has_after, has_operation, help;
};

/* True if `value` is one of the two; *ret says which. */
static bool choose(struct str value, struct str no, struct str yes, bool *ret)
{
    *ret = str_eq(value, yes);
    return *ret || str_eq(value, no);
}

static bool set(struct decide_arguments *d, int option, struct str value)
{
    bool is_yes = false;

    switch (option) {
    case 'a':
        d->has_after = choose(value, S("Scan"), S("Install"), &is_yes);
        d->input.question = is_yes ? DECIDE_REBOOT : DECIDE_INSTALL;
        return d->has_after;
    case 'o':
        d->has_operation = choose(value, S("Scan"), S("Install"), &d->input.is_install);
        return d->has_operation;
    case 'r':
        return choose(value, S("RebootIfNeeded"), S("NoReboot"), &d->input.no_reboot);
    case 'e':
        d->input.execution_id = value;
        return value.len <= 64 && str_is_word(value, "-_");
    case 's':
        d->local.state_dir = value;
        return true;
    case 'h':
        d->help = true;
        return true;
    }
    return false;
}

static bool parse(int argc, char **argv, struct decide_arguments *ret)
{
    static const struct option options[] = {
        { "after", required_argument, NULL, 'a' },
        { "operation", required_argument, NULL, 'o' },
        { "reboot-option", required_argument, NULL, 'r' },
        { "execution-id", required_argument, NULL, 'e' },
        { "state", required_argument, NULL, 's' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!set(ret, c, str_of(optarg)))
            return false;
    return optind == argc && (ret->help || (ret->has_after && ret->has_operation));
}

static int run(struct arena *a, const struct decide_arguments *d)
{
    struct local local;
    struct state state;
    struct str why = S("");
    int r = local_open(a, &d->local, &local, &why);

    if (r != 0)
        return command_fail(r, why, command_local_code(r));
    if (!local.state_path)
        return command_fail(1, S("there is no folder for the state"), EXIT_FAILED);
    r = state_load(a, local.state_path, &state);
    if (r != 0)
        return command_fail(r, arena_fmt(a, "%s is damaged", local.state_path), EXIT_FAILED);
    r = decide(a, &d->input, &state.last, &why);
    if (r == DECIDE_UNKNOWN)
        return command_fail(r, why, EXIT_FAILED);
    printf("%.*s\n", STR(why));
    return r == DECIDE_SKIP ? EXIT_SKIP : EXIT_OK;
}

int command_decide(int argc, char **argv)
{
    const char *command_id = getenv("SSM_COMMAND_ID");
    struct decide_arguments d = { .local = { .root = S("/") }, .input = { .execution_id = S("") } };
    struct arena a = { 0 };
    int code;

    if (command_id && !set(&d, 'e', str_of(command_id)))
        d.input.execution_id = S("");
    if (!parse(argc, argv, &d)) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (d.help) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    code = run(&a, &d);
    arena_done(&a);
    return fflush(stdout) == 0 ? code : EXIT_FAILED;
}
