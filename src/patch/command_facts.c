/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "patch/commands.h"
#include "patch/reboot.h"

static const char help[] =
    "usage: patchbay-patch facts [--json]\n\n"
    "Shows whether this host wants a reboot and why, and which services and processes still\n"
    "use programs and libraries that have been replaced. Changes nothing; as somebody who is\n"
    "not root it sees only that one's own processes, and says so.\n\n"
    "  --json  an object\n";

static bool parse(int argc, char **argv, bool *ret_json, bool *ret_help)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'j')
            *ret_json = true;
        else if (c == 'h')
            *ret_help = true;
        else
            return false;
    }
    return optind == argc;
}

static int facts(struct arena *a, bool json)
{
    const struct local_options options = { .root = S("/") };
    struct local local;
    struct scan scan;
    struct str why = S("");
    int r = local_open(a, &options, &local, &why);

    if (r != 0)
        return command_fail(r, why, command_local_code(r));
    const struct scan_options scan_options = local_scan_options(&local, false);
    r = scan_run(a, &scan_options, &(struct scan_memory){ 0 }, &scan, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    local.provider->date(a, &local.host, &scan.packages);

    const struct reboot_facts reboot = reboot_read(a, &local.host, &scan.packages);
    if (json)
        printf("%.*s\n", STR(json_format_pretty(a, reboot_json(a, &reboot))));
    else
        printf("%.*s", STR(reboot_text(a, &reboot)));
    return EXIT_OK;
}

int command_facts(int argc, char **argv)
{
    struct arena a = { 0 };
    bool json = false, wants_help = false;
    int code;

    if (!parse(argc, argv, &json, &wants_help)) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (wants_help) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    code = facts(&a, json);
    arena_done(&a);
    return fflush(stdout) == 0 ? code : EXIT_FAILED;
}
