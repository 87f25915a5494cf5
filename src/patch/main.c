/* SPDX-License-Identifier: Apache-2.0 */
/* patchbay-patch: the patch engine on a host. */
#include <stdio.h>

#include "patch/commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    { "scan", command_scan, "show every package and what the baseline says of it" },
    { "install", command_install, "install what the baseline approves" },
    { "run", command_run, "scan or install for the plane, and report to it" },
    { "decide", command_decide, "say whether a run with hooks goes on" },
    { "facts", command_facts, "whether this host wants a reboot, and who runs old code" },
    { "why", command_why, "why a package is in its patch state, link by link" },
    { "rollback", command_rollback, "return packages to what they were before an install" },
    { "history", command_history, "what was installed and returned on this host" },
};

static int usage(FILE *to)
{
    fputs("usage: patchbay-patch COMMAND [--help] ...\n\n", to);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
    fputs("\n  --version\n", to);
    return to == stdout ? EXIT_OK : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct str name = str_of(argc > 1 ? argv[1] : NULL);

    if (str_eq(name, S("--help")))
        return usage(stdout);
    if (str_eq(name, S("--version"))) {
        puts("patchbay-patch " PATCHBAY_VERSION);
        return EXIT_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (str_eq(name, str_of(commands[i].name)))
            return commands[i].run(argc - 1, argv + 1);
    return usage(stderr);
}
