/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "patch/commands.h"
#include "patch/run.h"

static const char help[] =
    "usage: patchbay-patch run --operation Scan|Install [options]\n\n"
    "What the document AWS-RunPatchBaseline runs on a managed node: takes the baseline from\n"
    "the plane, and reports to it. Exit status 194 asks the agent for a reboot and to be run\n"
    "again. An empty value is the same as none.\n\n"
    "  --operation X               Scan or Install\n"
    "  --reboot-option X           RebootIfNeeded (default) or NoReboot\n"
    "  --snapshot-id ID            of the baseline; default: one of this node's own\n"
    "  --install-override-list URL https or s3: install what it names; Scan ignores it\n"
    "  --baseline-override URL     https or s3: baselines to use instead of the node's own\n"
    "  --association-id ID         the association this run belongs to; with an override, the\n"
    "                              patch policy's, and compliance is reported\n"
    "  --pin-versions BOOL         true: install what the first node of the run with this\n"
    "                              snapshot id installed; a difference is told as drift\n"
    "  --baseline-tags TAGS        Key=KEY,Values=V1,V2: the baseline that has such a tag, before\n"
    "                              the node's own\n"
    "  --report X                  inventory (default), or association: one compliance item\n"
    "                              of the association\n"
    "  --execution-id ID           the command's id (SSM_COMMAND_ID)\n"
    "  --lock-timeout SECONDS      how long to wait for another package manager (600)\n"
    "  --state DIR                 keep cache and state there (" LOCAL_STATE_DIR ")\n\n"
    "The plane's place and this node's name come from the environment (PATCHBAY_ENDPOINT,\n"
    "AWS_REGION, PATCHBAY_INSTANCE_ID, AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE), "
    "from\n" PLANE_CONFIG_FILE ", or from the registration of the agent.\n";

enum {
    OPERATION = 256,
    REBOOT,
    SNAPSHOT,
    LIST,
    OVERRIDE,
    ASSOCIATION,
    PIN,
    TAGS,
    REPORT,
    EXECUTION,
    LOCK,
    STATE,
};

static bool is_id(struct str s)
{
    return s.len <= 64 && str_is_word(s, "-_");
}

static bool set(struct arena *a, struct run_options *o, int option, struct str value)
{
    int64_t seconds;

    switch (option) {
    case OPERATION:
        o->operation = value;
        return str_eq(value, S("Scan")) || str_eq(value, S("Install"));
    case REBOOT:
        if (!str_is_empty(value))
            o->reboot_option = value;
        return str_eq(o->reboot_option, S("RebootIfNeeded")) ||
               str_eq(o->reboot_option, S("NoReboot"));
    case SNAPSHOT:
        o->snapshot_id = value;
        return str_is_empty(value) || (value.len == 36 && is_id(value));
    case LIST:
        o->install_override_list = value;
        return true;
    case OVERRIDE:
        o->baseline_override = value;
        return true;
    case ASSOCIATION:
        o->association_id = value;
        return is_id(value);
    case PIN:
        o->pin_versions = str_eq(value, S("true"));
        return o->pin_versions || str_is_empty(value) || str_eq(value, S("false"));
    case TAGS:
        return association_tags_parse(a, value, &o->baseline_tags);
    case REPORT:
        o->as_association = str_eq(value, S("association"));
        return o->as_association || str_eq(value, S("inventory"));
    case EXECUTION:
        o->execution_id = value;
        return is_id(value);
    case LOCK:
        if (!str_to_int(value, &seconds) || seconds < 0 || seconds > 7200)
            return false;
        o->lock_timeout = seconds * MSEC_SECOND;
        return true;
    case STATE:
        o->state_dir = value;
        return true;
    }
    return false;
}

static bool parse(struct arena *a, int argc, char **argv, struct run_options *ret, bool *ret_help)
{
    static const struct option options[] = {
        { "operation", required_argument, NULL, OPERATION },
        { "reboot-option", required_argument, NULL, REBOOT },
        { "snapshot-id", required_argument, NULL, SNAPSHOT },
        { "install-override-list", required_argument, NULL, LIST },
        { "baseline-override", required_argument, NULL, OVERRIDE },
        { "association-id", required_argument, NULL, ASSOCIATION },
        { "pin-versions", required_argument, NULL, PIN },
        { "baseline-tags", required_argument, NULL, TAGS },
        { "report", required_argument, NULL, REPORT },
        { "execution-id", required_argument, NULL, EXECUTION },
        { "lock-timeout", required_argument, NULL, LOCK },
        { "state", required_argument, NULL, STATE },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h')
            *ret_help = true;
        else if (!set(a, ret, c, str_of(optarg)))
            return false;
    }
    bool is_whole = !ret->as_association || !str_is_empty(ret->association_id);

    return optind == argc && (*ret_help || (str_is_set(ret->operation) && is_whole));
}

int command_run(int argc, char **argv)
{
    const char *command_id = getenv("SSM_COMMAND_ID"); /* both agents set it */
    struct run_options options = {
        .reboot_option = S("RebootIfNeeded"),
        .snapshot_id = S(""),
        .install_override_list = S(""),
        .baseline_override = S(""),
        .association_id = S(""),
        .execution_id = S(""),
        .lock_timeout = 10 * MSEC_MINUTE,
    };
    struct arena a = { 0 };
    bool wants_help = false;
    int code;

    if (command_id && !set(&a, &options, EXECUTION, str_of(command_id)))
        options.execution_id = S("");
    if (!parse(&a, argc, argv, &options, &wants_help)) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (wants_help) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    code = run(&a, &options);
    arena_done(&a);
    return fflush(stdout) == 0 ? code : EXIT_FAILED;
}
