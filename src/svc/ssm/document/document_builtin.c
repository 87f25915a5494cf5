/* SPDX-License-Identifier: Apache-2.0 */
/* The documents that are always there. */
#include "base/crypto.h"
#include "svc/ssm/document/document.h"
#include "svc/ssm/document/document_text.h"

static const char run_shell_script[] =
    "{\n"
    "  \"schemaVersion\": \"1.2\",\n"
    "  \"description\": \"Run a shell script or specify the commands to run.\",\n"
    "  \"parameters\": {\n"
    "    \"commands\": {\n"
    "      \"type\": \"StringList\",\n"
    "      \"description\": \"(Required) A shell script or a command to run.\",\n"
    "      \"minItems\": 1,\n"
    "      \"displayType\": \"textarea\"\n"
    "    },\n"
    "    \"workingDirectory\": {\n"
    "      \"type\": \"String\",\n"
    "      \"default\": \"\",\n"
    "      \"description\": \"(Optional) The directory to run it in.\",\n"
    "      \"maxChars\": 4096\n"
    "    },\n"
    "    \"executionTimeout\": {\n"
    "      \"type\": \"String\",\n"
    "      \"default\": \"3600\",\n"
    "      \"description\": \"(Optional) Seconds until it counts as failed, "
    "at most 172800 (48 hours).\",\n"
    "      \"allowedPattern\": \"[1-9][0-9]{0,4}|1[0-6][0-9]{4}|17[01][0-9]{3}|"
    "172[0-7][0-9]{2}|172800\"\n"
    "    }\n"
    "  },\n"
    "  \"runtimeConfig\": {\n"
    "    \"aws:runShellScript\": {\n"
    "      \"properties\": [\n"
    "        {\n"
    "          \"id\": \"0.aws:runShellScript\",\n"
    "          \"runCommand\": \"{{ commands }}\",\n"
    "          \"workingDirectory\": \"{{ workingDirectory }}\",\n"
    "          \"timeoutSeconds\": \"{{ executionTimeout }}\"\n"
    "        }\n"
    "      ]\n"
    "    }\n"
    "  }\n"
    "}\n";

static const char noop[] =
    "{\n"
    "  \"schemaVersion\": \"2.2\",\n"
    "  \"description\": \"Does nothing.\",\n"
    "  \"mainSteps\": [\n"
    "    {\n"
    "      \"action\": \"aws:runShellScript\",\n"
    "      \"name\": \"noop\",\n"
    "      \"inputs\": {\"timeoutSeconds\": \"60\", \"runCommand\": [\"exit 0\"]}\n"
    "    }\n"
    "  ]\n"
    "}\n";

/* AWS's parameters; what it updates is patchbay-agent, from this plane's signed packages. The
 * step's process outlives the agent, so the new agent, or the old one again, reports it. */
static const char update_ssm_agent[] =
    "{\n"
    "  \"schemaVersion\": \"2.2\",\n"
    "  \"description\": \"Update the agent to the latest version or to a specified version. "
    "The version before is installed again if the new one does not reach the plane.\",\n"
    "  \"parameters\": {\n"
    "    \"version\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) The version to install; the latest if not given.\",\n"
    "      \"default\": \"\",\n"
    "      \"allowedPattern\": \"(^$)|^[0-9]{1,9}([.][0-9]{1,9}){0,3}$\"\n"
    "    },\n"
    "    \"allowDowngrade\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) Whether the version may be earlier than the "
    "installed one.\",\n"
    "      \"default\": \"false\",\n"
    "      \"allowedValues\": [\"true\", \"false\"]\n"
    "    }\n"
    "  },\n"
    "  \"mainSteps\": [\n"
    "    {\n"
    "      \"action\": \"aws:runShellScript\",\n"
    "      \"name\": \"UpdateAgent\",\n"
    "      \"precondition\": {\"StringEquals\": [\"platformType\", \"Linux\"]},\n"
    "      \"inputs\": {\n"
    "        \"timeoutSeconds\": \"3600\",\n"
    "        \"runCommand\": [\n"
    "          \"PATH=\\\"${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}:/usr/sbin\\\"\",\n"
    "          \"export PATH\",\n"
    "          \"if [ -z \\\"${PATCHBAY_STATE:-}\\\" ]; then\",\n"
    "          \"    echo 'Only patchbay-agent is updated from this plane.' >&2\",\n"
    "          \"    exit 1\",\n"
    "          \"fi\",\n"
    "          \"set -- --state \\\"$PATCHBAY_STATE\\\"\",\n"
    "          \"[ -z '{{ version }}' ] || set -- \\\"$@\\\" --version '{{ version }}'\",\n"
    "          \"[ '{{ allowDowngrade }}' = false ] || set -- \\\"$@\\\" --allow-downgrade\",\n"
    "          \"exec patchbay-agent update \\\"$@\\\"\"\n"
    "        ]\n"
    "      }\n"
    "    }\n"
    "  ]\n"
    "}\n";

static const struct {
    const char *name, *content, *schema, *description, *platforms;
} builtins[] = {
    { "AWS-Noop", noop, "2.2", "Does nothing.", "Linux,MacOS" },
    { "AWS-RunPatchBaseline", document_run_patch_baseline, "2.2",
      "Scans for or installs patches from a patch baseline on the host's operating system.",
      "Linux,MacOS,Windows" },
    { "AWS-RunPatchBaselineAssociation", document_run_patch_baseline_association, "2.2",
      "Scans for or installs patches from a patch baseline that tags choose, and reports as "
      "compliance of an association.",
      "Linux,MacOS,Windows" },
    { "AWS-RunPatchBaselineWithHooks", document_run_patch_baseline_with_hooks, "2.2",
      "Scans for or installs patches from a patch baseline, and runs documents of yours before the "
      "installation, after it and at the end.",
      "Linux" },
    { "AWS-RunShellScript", run_shell_script, "1.2",
      "Run a shell script or specify the commands to run.", "Linux,MacOS" },
    { "AWS-UpdateSSMAgent", update_ssm_agent, "2.2",
      "Update the agent to the latest version or to a specified version.", "Linux" },
};

/* 2026-01-01: they came with the program, not at a time of their own. */
#define BUILT_AT ((msec)1767225600000)

const struct document *document_builtin(struct op *op, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
        if (!str_eq(name, str_of(builtins[i].name)))
            continue;
        struct document *d = arena_new(op->arena, struct document);
        *d = (struct document){
            .name = str_of(builtins[i].name),
            .type = S("Command"),
            .format = S("JSON"),
            .content = str_of(builtins[i].content),
            .hash = sha256_hex(op->arena, str_of(builtins[i].content)),
            .schema_version = str_of(builtins[i].schema),
            .description = str_of(builtins[i].description),
            .platforms = str_of(builtins[i].platforms),
            .owner = S("Amazon"),
            .version = 1,
            .latest_version = 1,
            .default_version = 1,
            .created_at = BUILT_AT,
        };
        return d;
    }
    return NULL;
}

struct strs document_builtin_names(struct arena *a)
{
    struct strs names = { arena_array(a, struct str, ARRAY_LEN(builtins)), ARRAY_LEN(builtins) };

    for (size_t i = 0; i < names.count; i++)
        names.items[i] = str_of(builtins[i].name);
    return names;
}
