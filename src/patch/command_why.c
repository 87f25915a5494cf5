/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "engine/baseline_explain.h"
#include "patch/command.h"

struct why_arguments {
    struct local_options local;
    struct str package;
    bool json;
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
    return EXIT_OK;
}

static int why(struct arena *a, const void *context)
{
    const struct why_arguments *arguments = context;
    struct local local;
    struct state state;
    struct scan result;
    struct str reason = S("");
    int code = command_open(a, &arguments->local, &local);

    if (code == EXIT_OK)
        code = command_load(a, &local, &state);
    if (code != EXIT_OK)
        return code;

    const struct scan_options options = local_scan_options(&local, false);
    int r = install_scan(a, &local, &options, &state, &result, &reason);
    if (r != 0)
        return command_fail(r, reason, EXIT_FAILED);
    return tell(a, arguments, &result, options.now);
}

static const char *missing(const void *arguments)
{
    const struct why_arguments *w = arguments;

    return str_is_set(w->package) ? NULL : "a PACKAGE is required";
}

static const struct verb_option options[] = {
    { "", VERB_TEXT, offsetof(struct why_arguments, package) },
    { "json", VERB_YES, offsetof(struct why_arguments, json) },
    { "baseline", VERB_TEXT, offsetof(struct why_arguments, local.baseline_file) },
    { "root", VERB_TEXT, offsetof(struct why_arguments, local.root) },
    { "state", VERB_TEXT, offsetof(struct why_arguments, local.state_dir) },
    { 0 },
};

const struct verb command_why = {
    .name = "why",
    .about = "why a package is in its patch state, link by link",
    .help = help,
    .options = options,
    .defaults = &(const struct why_arguments){ .local.root = S_INIT("/") },
    .size = sizeof(struct why_arguments),
    .missing = missing,
    .run = why,
};
