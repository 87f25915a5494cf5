/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/command.h"
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

static bool set_operation(struct arena *a, void *arguments, struct str value)
{
    struct run_options *o = arguments;

    (void)a;
    o->operation = value;
    return str_eq(value, S("Scan")) || str_eq(value, S("Install"));
}

static bool set_reboot(struct arena *a, void *arguments, struct str value)
{
    struct run_options *o = arguments;

    (void)a;
    if (!str_is_empty(value))
        o->reboot_option = value;
    return str_eq(o->reboot_option, S("RebootIfNeeded")) || str_eq(o->reboot_option, S("NoReboot"));
}

static bool set_snapshot(struct arena *a, void *arguments, struct str value)
{
    struct run_options *o = arguments;

    (void)a;
    o->snapshot_id = value;
    return str_is_empty(value) || (value.len == 36 && str_is_word(value, "-_"));
}

static bool set_pin(struct arena *a, void *arguments, struct str value)
{
    struct run_options *o = arguments;

    (void)a;
    o->pin_versions = str_eq(value, S("true"));
    return o->pin_versions || str_is_empty(value) || str_eq(value, S("false"));
}

static bool set_tags(struct arena *a, void *arguments, struct str value)
{
    struct run_options *o = arguments;

    return association_tags_parse(a, value, &o->baseline_tags);
}

static bool set_report(struct arena *a, void *arguments, struct str value)
{
    struct run_options *o = arguments;

    (void)a;
    o->as_association = str_eq(value, S("association"));
    return o->as_association || str_eq(value, S("inventory"));
}

static const char *missing(const void *arguments)
{
    const struct run_options *o = arguments;

    if (!str_is_set(o->operation))
        return "--operation is required";
    if (o->as_association && str_is_empty(o->association_id))
        return "--report association needs an --association-id";
    return NULL;
}

static int run_for_plane(struct arena *a, const void *arguments)
{
    return run(a, arguments);
}

static const struct verb_option options[] = {
    { "operation", VERB_OWN, .set = set_operation },
    { "reboot-option", VERB_OWN, .set = set_reboot },
    { "snapshot-id", VERB_OWN, .set = set_snapshot },
    { "pin-versions", VERB_OWN, .set = set_pin },
    { "baseline-tags", VERB_OWN, .set = set_tags },
    { "report", VERB_OWN, .set = set_report },
    { "install-override-list", VERB_TEXT, offsetof(struct run_options, install_override_list) },
    { "baseline-override", VERB_TEXT, offsetof(struct run_options, baseline_override) },
    { "association-id", VERB_ID, offsetof(struct run_options, association_id) },
    { "execution-id", VERB_ID, offsetof(struct run_options, execution_id), "SSM_COMMAND_ID" },
    { "lock-timeout", VERB_SECONDS, offsetof(struct run_options, lock_timeout) },
    { "state", VERB_TEXT, offsetof(struct run_options, state_dir) },
    { 0 },
};

const struct verb command_run = {
    .name = "run",
    .about = "scan or install for the plane, and report to it",
    .help = help,
    .options = options,
    .defaults =
        &(const struct run_options){
            .reboot_option = S_INIT("RebootIfNeeded"),
            .snapshot_id = S_INIT(""),
            .install_override_list = S_INIT(""),
            .baseline_override = S_INIT(""),
            .association_id = S_INIT(""),
            .execution_id = S_INIT(""),
            .lock_timeout = 10 * MSEC_MINUTE,
        },
    .size = sizeof(struct run_options),
    .missing = missing,
    .run = run_for_plane,
};
