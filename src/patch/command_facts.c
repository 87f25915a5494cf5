/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "patch/command.h"
#include "patch/reboot.h"

struct facts_arguments {
    bool json;
};

static const char help[] =
    "usage: patchbay-patch facts [--json]\n\n"
    "Shows whether this host wants a reboot and why, and which services and processes still\n"
    "use programs and libraries that have been replaced. Changes nothing; as somebody who is\n"
    "not root it sees only that one's own processes, and says so.\n\n"
    "  --json  an object\n";

static int facts(struct arena *a, const void *context)
{
    const struct facts_arguments *arguments = context;
    const struct local_options options = { .root = S("/") };
    struct local local;
    struct scan scan;
    struct str why = S("");
    int code = command_open(a, &options, &local);

    if (code != EXIT_OK)
        return code;

    const struct scan_options scan_options = local_scan_options(&local, false);
    int r = scan_run(a, &scan_options, &(struct scan_memory){ 0 }, &scan, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    local.provider->date(a, &local.host, &scan.packages);

    const struct reboot_facts reboot = reboot_read(a, &local.host, &scan.packages);
    if (arguments->json)
        printf("%.*s\n", STR(json_format_pretty(a, reboot_json(a, &reboot))));
    else
        printf("%.*s", STR(reboot_text(a, &reboot)));
    return EXIT_OK;
}

static const struct verb_option options[] = {
    { "json", VERB_YES, offsetof(struct facts_arguments, json) },
    { 0 },
};

const struct verb command_facts = {
    .name = "facts",
    .about = "whether this host wants a reboot, and who runs old code",
    .help = help,
    .options = options,
    .defaults = &(const struct facts_arguments){ 0 },
    .size = sizeof(struct facts_arguments),
    .run = facts,
};
