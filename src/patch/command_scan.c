/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "engine/patch_source.h"
#include "patch/command.h"
#include "patch/print.h"
#include "patch/reboot.h"

#define REFRESH_TIMEOUT (5 * MSEC_MINUTE)

struct scan_arguments {
    struct local_options local;
    bool json, all, refresh;
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

static int scan(struct arena *a, const void *context)
{
    const struct scan_arguments *arguments = context;
    struct local local;
    struct state state;
    struct scan result;
    struct str why = S("");
    int code = command_open(a, &arguments->local, &local), r;

    if (code == EXIT_OK)
        code = command_load(a, &local, &state);
    if (code != EXIT_OK)
        return code;
    if (arguments->refresh && (r = refresh(a, &local, &why)) != 0)
        return command_fail(r, why, EXIT_FAILED);

    const struct scan_options options = local_scan_options(&local, false);

    r = install_scan(a, &local, &options, &state, &result, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    if (arguments->json)
        printf("%.*s\n", STR(json_format_pretty(a, json_of(a, &local, &result))));
    else
        printf("%.*s%.*s",
               STR(print_table(a, &result, arguments->all ? PRINT_ALL : PRINT_WORTH_A_LOOK)),
               STR(print_summary(a, &result)));
    return EXIT_OK;
}

static const struct verb_option options[] = {
    { "json", VERB_YES, offsetof(struct scan_arguments, json) },
    { "all", VERB_YES, offsetof(struct scan_arguments, all) },
    { "baseline", VERB_TEXT, offsetof(struct scan_arguments, local.baseline_file) },
    { "refresh", VERB_YES, offsetof(struct scan_arguments, refresh) },
    { "no-refresh", VERB_NO, offsetof(struct scan_arguments, refresh) },
    { "root", VERB_TEXT, offsetof(struct scan_arguments, local.root) },
    { "state", VERB_TEXT, offsetof(struct scan_arguments, local.state_dir) },
    { 0 },
};

const struct verb command_scan = {
    .name = "scan",
    .about = "show every package and what the baseline says of it",
    .help = help,
    .options = options,
    .defaults = &(const struct scan_arguments){ .local.root = S_INIT("/") },
    .size = sizeof(struct scan_arguments),
    .run = scan,
};
