/* SPDX-License-Identifier: Apache-2.0 */
/* patchbay-patch: the patch engine on a host. */
#include "patch/command.h"

static const struct verb *const commands[] = {
    &command_scan,  &command_install, &command_run,      &command_decide,
    &command_facts, &command_why,     &command_rollback, &command_history,
};

int main(int argc, char **argv)
{
    const struct verb_program program = {
        .name = "patchbay-patch",
        .version = PATCHBAY_VERSION,
        .about = "See patchbay-patch(8).\n",
        .verbs = commands,
        .count = ARRAY_LEN(commands),
    };

    return verb_main(&program, argc, argv);
}
