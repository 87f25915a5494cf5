/* SPDX-License-Identifier: Apache-2.0 */
/* patchbay-patch: the patch engine on a host. */
#include <stdio.h>

#include "patch/command.h"

static const struct command *const commands[] = {
    &command_scan,  &command_install, &command_run,      &command_decide,
    &command_facts, &command_why,     &command_rollback, &command_history,
};

static int usage(FILE *to)
{
    fputs("usage: patchbay-patch COMMAND [--help] ...\n\n", to);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->about);
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
        if (str_eq(name, str_of(commands[i]->name)))
            return command_main(commands[i], argc - 1, argv + 1);
    return usage(stderr);
}
