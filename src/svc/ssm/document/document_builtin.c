/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents that are always there. Parameters of AWS-RunPatchBaseline reach
 * a shell between single quotes; their patterns keep quotes out.
 */
#include "base/crypto.h"
#include "svc/ssm/document/document.h"

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

#define UUID_PATTERN "(^$)|^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
#define URL_PATTERN  "(^$)|^https://[^'\\\\s]+$|^s3://[^/'\\\\s]+/[^'\\\\s]*[^/'\\\\s]+$"

static const char run_patch_baseline[] =
    "{\n"
    "  \"schemaVersion\": \"2.2\",\n"
    "  \"description\": \"Scans for or installs patches from a patch baseline "
    "on the host's operating system.\",\n"
    "  \"parameters\": {\n"
    "    \"Operation\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Required) Scan only reports; Install installs what is missing.\",\n"
    "      \"allowedValues\": [\"Scan\", \"Install\"]\n"
    "    },\n"
    "    \"AssociationId\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) The association that this run belongs to.\",\n"
    "      \"default\": \"\",\n"
    "      \"allowedPattern\": \"" UUID_PATTERN "\"\n"
    "    },\n"
    "    \"SnapshotId\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) The snapshot of the baseline, so that many hosts "
    "use the same.\",\n"
    "      \"default\": \"\",\n"
    "      \"allowedPattern\": \"" UUID_PATTERN "\"\n"
    "    },\n"
    "    \"InstallOverrideList\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) An https or s3 address of a list of patches to "
    "install instead of those of the baseline.\",\n"
    "      \"default\": \"\",\n"
    "      \"allowedPattern\": \"" URL_PATTERN "\"\n"
    "    },\n"
    "    \"BaselineOverride\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) An https or s3 address of baselines to use "
    "instead.\",\n"
    "      \"default\": \"\",\n"
    "      \"allowedPattern\": \"" URL_PATTERN "\"\n"
    "    },\n"
    "    \"RebootOption\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) Whether Install may reboot the host.\",\n"
    "      \"default\": \"RebootIfNeeded\",\n"
    "      \"allowedValues\": [\"RebootIfNeeded\", \"NoReboot\"]\n"
    "    },\n"
    "    \"StepTimeoutSeconds\": {\n"
    "      \"type\": \"String\",\n"
    "      \"description\": \"(Optional) Seconds until the step counts as failed, "
    "5 to 172800.\",\n"
    "      \"default\": \"7200\",\n"
    "      \"allowedPattern\": \"[5-9]|[1-9][0-9]{1,4}|1[0-6][0-9]{4}|17[01][0-9]{3}|"
    "172[0-7][0-9]{2}|172800\"\n"
    "    }\n"
    "  },\n"
    "  \"mainSteps\": [\n"
    "    {\n"
    "      \"action\": \"aws:runPowerShellScript\",\n"
    "      \"name\": \"PatchWindows\",\n"
    "      \"precondition\": {\"StringEquals\": [\"platformType\", \"Windows\"]},\n"
    "      \"inputs\": {\n"
    "        \"timeoutSeconds\": \"{{ StepTimeoutSeconds }}\",\n"
    "        \"runCommand\": [\"Write-Error 'Patching Windows is not supported.'\", "
    "\"exit 146\"]\n"
    "      }\n"
    "    },\n"
    "    {\n"
    "      \"action\": \"aws:runShellScript\",\n"
    "      \"name\": \"PatchLinux\",\n"
    "      \"precondition\": {\"StringEquals\": [\"platformType\", \"Linux\"]},\n"
    "      \"inputs\": {\n"
    "        \"timeoutSeconds\": \"{{ StepTimeoutSeconds }}\",\n"
    "        \"runCommand\": [\n"
    "          \"PATH=\\\"${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}\\\"\",\n"
    "          \"PATH=\\\"$PATH:/usr/bin:/usr/lib/patchbay\\\"\",\n"
    "          \"export PATH\",\n"
    "          \"if ! command -v patchbay-patch >/dev/null 2>&1; then\",\n"
    "          \"    echo 'patchbay-patch is not installed on this host.' >&2\",\n"
    "          \"    exit 1\",\n"
    "          \"fi\",\n"
    "          \"exec patchbay-patch run --operation '{{ Operation }}'"
    " --reboot-option '{{ RebootOption }}' --snapshot-id '{{ SnapshotId }}'"
    " --install-override-list '{{ InstallOverrideList }}'"
    " --baseline-override '{{ BaselineOverride }}'"
    " --association-id '{{ AssociationId }}'\"\n"
    "        ]\n"
    "      }\n"
    "    },\n"
    "    {\n"
    "      \"action\": \"aws:runShellScript\",\n"
    "      \"name\": \"PatchMacOS\",\n"
    "      \"precondition\": {\"StringEquals\": [\"platformType\", \"MacOS\"]},\n"
    "      \"inputs\": {\n"
    "        \"timeoutSeconds\": \"{{ StepTimeoutSeconds }}\",\n"
    "        \"runCommand\": [\"echo 'Patching macOS is not supported.' >&2\", \"exit 146\"]\n"
    "      }\n"
    "    }\n"
    "  ]\n"
    "}\n";

static const struct {
    const char *name, *content, *schema, *description, *platforms;
} builtins[] = {
    { "AWS-RunPatchBaseline", run_patch_baseline, "2.2",
      "Scans for or installs patches from a patch baseline on the host's operating system.",
      "Linux,MacOS,Windows" },
    { "AWS-RunShellScript", run_shell_script, "1.2",
      "Run a shell script or specify the commands to run.", "Linux,MacOS" },
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
