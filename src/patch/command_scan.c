/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "engine/patch_source.h"
#include "patch/commands.h"
#include "patch/print.h"
#include "patch/reboot.h"

#define REFRESH_TIMEOUT (5 * MSEC_MINUTE)

struct scan_arguments {
    struct local_options local;
    bool json, all, refresh, help;
};

static const char help[] =
    "usage: patchbay-patch scan [options]\n\n"
    "Shows what is missing on this host. Without a plane, the predefined baseline of\n"
    "the system is used.\n\n"
    "  --json            an object with every installed package\n"
    "  --all             every installed package, not only what needs a look\n"
    "  --baseline FILE   a patch snapshot document\n"
    "  --refresh         fetch the package lists first (--no-refresh: do not; the default)\n"
    "  --root DIR        look at another root\n"
    "  --state DIR       keep cache and state there (" LOCAL_STATE_DIR ")\n";

int command_fail(int result, struct str why, int code)
{
    if (result < 0)
        fprintf(stderr, "patchbay-patch: %s\n", err_trace());
    else
        fprintf(stderr, "patchbay-patch: %.*s\n", STR(why));
    return code;
}

int command_local_code(int outcome)
{
    if (outcome == LOCAL_UNSUPPORTED)
        return EXIT_UNSUPPORTED_OS;
    return outcome == LOCAL_BAD_BASELINE ? EXIT_SNAPSHOT : EXIT_FAILED;
}

static bool parse(int argc, char **argv, struct scan_arguments *ret)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { "all", no_argument, NULL, 'a' },
        { "baseline", required_argument, NULL, 'b' },
        { "refresh", no_argument, NULL, 'r' },
        { "no-refresh", no_argument, NULL, 'n' },
        { "root", required_argument, NULL, 'R' },
        { "state", required_argument, NULL, 's' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int c;

    ret->local.root = S("/");
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'j')
            ret->json = true;
        else if (c == 'a')
            ret->all = true;
        else if (c == 'b')
            ret->local.baseline_file = str_of(optarg);
        else if (c == 'r' || c == 'n')
            ret->refresh = c == 'r';
        else if (c == 'R')
            ret->local.root = str_of(optarg);
        else if (c == 's')
            ret->local.state_dir = str_of(optarg);
        else if (c == 'h')
            ret->help = true;
        else
            return false;
    }
    return optind == argc;
}

/* What another root's processes would be is not known here. */
static struct value *json_of(struct arena *a, const struct local *local, struct scan *scan)
{
    struct value *doc = print_json(a, scan);

    if (!str_eq(local->host.root, S("/")))
        return doc;
    local->provider->date(a, &local->host, &scan->packages);
    const struct reboot_facts reboot = reboot_read(a, &local->host, &scan->packages);
    value_set(a, doc, S("facts"), reboot_json(a, &reboot));
    return doc;
}

/* A scan needs no lock, unless it fetches the lists of alternative sources: they are kept
 * where a run keeps its own. */
static int refresh(struct arena *a, struct local *local, struct str *ret_why)
{
    struct state state;
    int lock;

    if (patch_sources_of(a, &local->snapshot.baseline, local->host.product).count > 0) {
        PASS(local_begin(a, local, &lock, &state, ret_why)); /* held until the end */
        PASS(local_use_sources(a, local, ret_why));
    }
    return local->provider->refresh(a, &local->host, REFRESH_TIMEOUT, ret_why);
}

static int scan(struct arena *a, const struct scan_arguments *arguments)
{
    struct local local;
    struct state state = { 0 };
    struct scan result;
    struct str why = S("");
    int r = local_open(a, &arguments->local, &local, &why);

    if (r != 0)
        return command_fail(r, why, command_local_code(r));
    if (local.state_path && (r = state_load(a, local.state_path, &state)) != 0)
        return command_fail(r, arena_fmt(a, "%s is damaged", local.state_path), EXIT_FAILED);
    if (arguments->refresh && (r = refresh(a, &local, &why)) != 0)
        return command_fail(r, why, EXIT_FAILED);

    const struct scan_options options = local_scan_options(&local, false);

    r = scan_run(a, &options, &(struct scan_memory){ .state = &state }, &result, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    if (arguments->json)
        printf("%.*s\n", STR(json_format_pretty(a, json_of(a, &local, &result))));
    else
        printf("%.*s%.*s",
               STR(print_table(a, &result, arguments->all ? PRINT_ALL : PRINT_WORTH_A_LOOK)),
               STR(print_summary(a, &result)));
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

int command_scan(int argc, char **argv)
{
    struct scan_arguments arguments = { 0 };
    struct arena a = { 0 };
    int code;

    if (!parse(argc, argv, &arguments)) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (arguments.help) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    code = scan(&a, &arguments);
    arena_done(&a);
    return code;
}
