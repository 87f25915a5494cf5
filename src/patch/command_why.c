/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "engine/baseline_explain.h"
#include "patch/commands.h"

struct why_arguments {
    struct local_options local;
    struct str package;
    bool json, help;
};

static const char help[] =
    "usage: patchbay-patch why PACKAGE [options]\n\n"
    "Why a package is in its patch state, link by link: where its versions are from, what\n"
    "each rule of the baseline says, lists, hold, pin, phasing, and what comes of it.\n"
    "PACKAGE is a name, or one with its architecture: zlib1g, zlib1g.amd64, zlib1g:amd64.\n"
    "Exit status 1 if it is not installed.\n\n"
    "  --json            an object for each architecture\n"
    "  --baseline FILE   a patch snapshot document\n"
    "  --root DIR        look at another root\n"
    "  --state DIR       keep cache and state there (" LOCAL_STATE_DIR ")\n";

static bool parse(int argc, char **argv, struct why_arguments *ret)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },       { "baseline", required_argument, NULL, 'b' },
        { "root", required_argument, NULL, 'R' }, { "state", required_argument, NULL, 's' },
        { "help", no_argument, NULL, 'h' },       { 0 },
    };
    int c;

    ret->local.root = S("/");
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'j')
            ret->json = true;
        else if (c == 'b')
            ret->local.baseline_file = str_of(optarg);
        else if (c == 'R')
            ret->local.root = str_of(optarg);
        else if (c == 's')
            ret->local.state_dir = str_of(optarg);
        else if (c == 'h')
            ret->help = true;
        else
            return false;
    }
    if (ret->help)
        return true;
    if (optind + 1 != argc)
        return false;
    ret->package = str_of(argv[optind]);
    return true;
}

static struct value *json_of(struct arena *a, const struct package *p,
                             const struct baseline_chain *chain)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("name"), p->facts.name);
    value_set_str(a, v, S("arch"), p->facts.arch);
    value_set_str(a, v, S("state"), str_of(patch_state_name(chain->decision.state)));
    value_set_str(a, v, S("reason"), chain->decision.reason);
    value_set(a, v, S("chain"), baseline_chain_json(a, chain));
    return v;
}

static int tell(struct arena *a, const struct why_arguments *arguments, const struct scan *scan,
                msec now)
{
    struct value *list = value_list(a);

    for (size_t i = 0; i < scan->packages.count; i++) {
        const struct package *p = &scan->packages.items[i];

        if (!patch_facts_named(&p->facts, arguments->package))
            continue;
        const struct baseline_chain chain = baseline_explain(a, scan->baseline, &p->facts, now);
        value_append(a, list, json_of(a, p, &chain));
        if (!arguments->json)
            printf("%.*s\n%.*s", STR(scan_item_id(a, p)), STR(baseline_chain_text(a, &chain)));
    }
    if (value_count(list) == 0)
        return command_fail(
            1, arena_fmt(a, "%.*s is not installed on this host", STR(arguments->package)),
            EXIT_FAILED);
    if (arguments->json)
        printf("%.*s\n", STR(json_format_pretty(a, list)));
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static int why(struct arena *a, const struct why_arguments *arguments)
{
    struct local local;
    struct state state = { 0 };
    struct scan result;
    struct str reason = S("");
    int r = local_open(a, &arguments->local, &local, &reason);

    if (r != 0)
        return command_fail(r, reason, command_local_code(r));
    if (local.state_path && (r = state_load(a, local.state_path, &state)) != 0)
        return command_fail(r, arena_fmt(a, "%s is damaged", local.state_path), EXIT_FAILED);

    const struct scan_options options = local_scan_options(&local, false);

    r = scan_run(a, &options, &(struct scan_memory){ .state = &state }, &result, &reason);
    if (r != 0)
        return command_fail(r, reason, EXIT_FAILED);
    return tell(a, arguments, &result, options.now);
}

int command_why(int argc, char **argv)
{
    struct why_arguments arguments = { 0 };
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
    code = why(&a, &arguments);
    arena_done(&a);
    return code;
}
