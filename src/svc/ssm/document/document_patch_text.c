/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents that patch. Their parameters reach a shell between single quotes;
 * their patterns keep quotes out.
 */
#include "svc/ssm/document/document_text.h"

#define UUID_PATTERN "(^$)|^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
#define URL_PATTERN  "(^$)|^https://[^'\\\\s]+$|^s3://[^/'\\\\s]+/[^'\\\\s]*[^/'\\\\s]+$"
#define TAGS_PATTERN "(^$)|^Key=[^`'\\\"$,]{1,128},Values=[^`'\\\"$]{1,1000}$"
#define HOOK_PATTERN                                                                               \
    "^(arn:[a-zA-Z0-9-]+:ssm:[a-z0-9-]+:[0-9]*:document/)?[a-zA-Z0-"                               \
    "9_.-]{3,128}(:([0-9]+|[$]LATEST|[$]DEFAULT))?$"

/* Lines of a script: the package puts it into sbin, a trial perhaps elsewhere. */
#define FIND_PATCHBAY_PATCH                                                                        \
    "          \"PATH=\\\"${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}\\\"\",\n"                         \
    "          \"PATH=\\\"$PATH:/usr/bin:/usr/lib/patchbay\\\"\",\n"                               \
    "          \"export PATH\",\n"                                                                 \
    "          \"if ! command -v patchbay-patch >/dev/null 2>&1; then\",\n"                        \
    "          \"    echo 'patchbay-patch is not installed on this host.' >&2\",\n"                \
    "          \"    exit 1\",\n"                                                                  \
    "          \"fi\",\n"

/* ---- pieces that the documents share: none ends its last line ---- */

#define COMMA ",\n"

#define PARAMETER(name, description, rest)                                                         \
    "    \"" name "\": {\n"                                                                        \
    "      \"type\": \"String\",\n"                                                                \
    "      \"description\": \"" description "\",\n" rest "    }"
#define MATCHING(name, description, preset, pattern)                                               \
    PARAMETER(name, description,                                                                   \
              "      \"default\": \"" preset "\",\n"                                               \
              "      \"allowedPattern\": \"" pattern "\"\n")
#define OPERATION                                                                                  \
    PARAMETER("Operation", "(Required) Scan only reports; Install installs what is missing.",      \
              "      \"allowedValues\": [\"Scan\", \"Install\"]\n")
#define REBOOT_OPTION                                                                              \
    PARAMETER("RebootOption", "(Optional) Whether Install may reboot the host.",                   \
              "      \"default\": \"RebootIfNeeded\",\n"                                           \
              "      \"allowedValues\": [\"RebootIfNeeded\", \"NoReboot\"]\n")

#define STEP(action, name, system, inputs)                                                         \
    "    {\n"                                                                                      \
    "      \"action\": \"" action "\",\n"                                                          \
    "      \"name\": \"" name "\",\n"                                                              \
    "      \"precondition\": {\"StringEquals\": [\"platformType\", \"" system "\"]},\n"            \
    "      \"inputs\": {\n" inputs "      }\n"                                                     \
    "    }"
#define REFUSE(action, system, timeout, commands)                                                  \
    STEP(action, "Patch" system, system,                                                           \
         "        \"timeoutSeconds\": \"" timeout "\",\n"                                          \
         "        \"runCommand\": [" commands ", \"exit 146\"]\n")
#define PATCH_WINDOWS(timeout)                                                                     \
    REFUSE("aws:runPowerShellScript", "Windows", timeout,                                          \
           "\"Write-Error 'Patching Windows is not supported.'\"")
#define PATCH_MACOS(timeout)                                                                       \
    REFUSE("aws:runShellScript", "MacOS", timeout,                                                 \
           "\"echo 'Patching macOS is not supported.' >&2\"")

/* Steps that end the document where they fail. */
#define RUN_DOCUMENT(name, path, parameters)                                                       \
    STEP("aws:runDocument", name, "Linux",                                                         \
         "        \"documentType\": \"SSMDocument\",\n"                                            \
         "        \"documentPath\": \"" path "\",\n" parameters                                    \
         "        \"onFailure\": \"exit\"\n")
#define HOOK(name) RUN_DOCUMENT(name "Hook", "{{ " name "HookDocName }}", "")
#define RUN_BASELINE(name, parameters)                                                             \
    RUN_DOCUMENT(name, "AWS-RunPatchBaseline",                                                     \
                 "        \"documentParameters\": {\n" parameters                                  \
                 "          \"SnapshotId\": \"{{ SnapshotId }}\"\n"                                \
                 "        },\n")
#define DECIDE(name, after)                                                                        \
    STEP("aws:runShellScript", name, "Linux",                                                      \
         "        \"timeoutSeconds\": \"60\",\n"                                                   \
         "        \"onFailure\": \"exit\",\n"                                                      \
         "        \"runCommand\": [\n" FIND_PATCHBAY_PATCH                                         \
         "          \"exec patchbay-patch decide --after " after                                   \
         " --operation '{{ Operation }}' --reboot-option '{{ RebootOption }}'\"\n"                 \
         "        ]\n")

#define RUN_ON_LINUX(timeout, arguments)                                                           \
    STEP("aws:runShellScript", "PatchLinux", "Linux",                                              \
         "        \"timeoutSeconds\": \"" timeout "\",\n"                                          \
         "        \"runCommand\": [\n" FIND_PATCHBAY_PATCH                                         \
         "          \"exec patchbay-patch run " arguments "\"\n"                                   \
         "        ]\n")

#define DOCUMENT(description, parameters, steps)                                                   \
    "{\n"                                                                                          \
    "  \"schemaVersion\": \"2.2\",\n"                                                              \
    "  \"description\": \"" description "\",\n"                                                    \
    "  \"parameters\": {\n" parameters "\n"                                                        \
    "  },\n"                                                                                       \
    "  \"mainSteps\": [\n" steps "\n"                                                              \
    "  ]\n"                                                                                        \
    "}\n"

/* ---- the documents ---- */

/* clang-format off */
#define STEP_TIMEOUT "{{ StepTimeoutSeconds }}"

const char document_run_patch_baseline[] = DOCUMENT(
    "Scans for or installs patches from a patch baseline on the host's operating system.",
    OPERATION COMMA
    MATCHING("AssociationId", "(Optional) The association that this run belongs to.", "",
             UUID_PATTERN) COMMA
    MATCHING("SnapshotId",
             "(Optional) The snapshot of the baseline, so that many hosts use the same.", "",
             UUID_PATTERN) COMMA
    MATCHING("InstallOverrideList",
             "(Optional) An https or s3 address of a list of patches to install instead of those "
             "of the baseline.", "", URL_PATTERN) COMMA
    MATCHING("BaselineOverride",
             "(Optional) An https or s3 address of baselines to use instead.", "",
             URL_PATTERN) COMMA
    REBOOT_OPTION COMMA
    PARAMETER("PinVersions",
              "(Optional; not of AWS) true holds every host of a SnapshotId to the versions that "
              "its first host installed.",
              "      \"default\": \"false\",\n"
              "      \"allowedValues\": [\"true\", \"false\"]\n") COMMA
    MATCHING("StepTimeoutSeconds",
             "(Optional) Seconds until the step counts as failed, 5 to 172800.", "7200",
             "[5-9]|[1-9][0-9]{1,4}|1[0-6][0-9]{4}|17[01][0-9]{3}|172[0-7][0-9]{2}|172800"),
    PATCH_WINDOWS(STEP_TIMEOUT) COMMA
    RUN_ON_LINUX(STEP_TIMEOUT,
                 "--operation '{{ Operation }}' --reboot-option '{{ RebootOption }}'"
                 " --snapshot-id '{{ SnapshotId }}'"
                 " --install-override-list '{{ InstallOverrideList }}'"
                 " --baseline-override '{{ BaselineOverride }}'"
                 " --association-id '{{ AssociationId }}' --pin-versions '{{ PinVersions }}'") COMMA
    PATCH_MACOS(STEP_TIMEOUT));

/* A failing document goes on with the last step, and the steps in between are skipped. What the
 * host has to remember between the steps is kept by patchbay-patch, which is asked for it. */
const char document_run_patch_baseline_with_hooks[] = DOCUMENT(
    "Scans for or installs patches from a patch baseline, and runs documents of yours before the "
    "installation, after it and at the end.",
    OPERATION COMMA
    MATCHING("SnapshotId",
             "(Optional) The snapshot of the baseline that all hosts of a run share.", "",
             UUID_PATTERN) COMMA
    REBOOT_OPTION COMMA
    MATCHING("PreInstallHookDocName",
             "(Optional) Name or ARN of the document that runs before anything is installed.",
             "AWS-Noop", HOOK_PATTERN) COMMA
    MATCHING("PostInstallHookDocName",
             "(Optional) Name or ARN of the document that runs after the installation, before a "
             "reboot.", "AWS-Noop", HOOK_PATTERN) COMMA
    MATCHING("OnExitHookDocName",
             "(Optional) Name or ARN of the document that runs at the end of an Install, after a "
             "reboot.", "AWS-Noop", HOOK_PATTERN),
    RUN_BASELINE("Scan", "          \"Operation\": \"Scan\",\n") COMMA
    DECIDE("VerifyPatchStates", "Scan") COMMA
    HOOK("PreInstall") COMMA
    RUN_BASELINE("InstallNoReboot",
                 "          \"Operation\": \"Install\",\n"
                 "          \"RebootOption\": \"NoReboot\",\n") COMMA
    HOOK("PostInstall") COMMA
    DECIDE("VerifyReboot", "Install") COMMA
    RUN_BASELINE("RebootAndReport",
                 "          \"Operation\": \"Install\",\n"
                 "          \"RebootOption\": \"RebootIfNeeded\",\n") COMMA
    "    {\n"
    "      \"action\": \"aws:runDocument\",\n"
    "      \"name\": \"OnExitHook\",\n"
    "      \"precondition\": {\"StringEquals\": [\"{{ Operation }}\", \"Install\"]},\n"
    "      \"inputs\": {\n"
    "        \"documentType\": \"SSMDocument\",\n"
    "        \"documentPath\": \"{{ OnExitHookDocName }}\",\n"
    "        \"finallyStep\": true\n"
    "      }\n"
    "    }");

/* AWS has it for EC2 instances only; here any node may run it. */
const char document_run_patch_baseline_association[] = DOCUMENT(
    "Scans for or installs patches from a patch baseline that tags choose, and reports as "
    "compliance of an association.",
    OPERATION COMMA
    PARAMETER("AssociationId",
              "(Required) The association that the compliance is reported for.",
              "      \"allowedPattern\": "
              "\"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$\"\n") COMMA
    MATCHING("BaselineTags",
             "(Optional) Tags of the patch baseline to use: Key=tag-key,Values=value1,value2.", "",
             TAGS_PATTERN) COMMA
    MATCHING("InstallOverrideList",
             "(Optional) Address (https or s3) of a list of patches to install instead.", "",
             URL_PATTERN) COMMA
    REBOOT_OPTION,
    PATCH_WINDOWS("7200") COMMA
    RUN_ON_LINUX("7200",
                 "--report association --operation '{{ Operation }}'"
                 " --reboot-option '{{ RebootOption }}'"
                 " --install-override-list '{{ InstallOverrideList }}'"
                 " --baseline-tags '{{ BaselineTags }}'"
                 " --association-id '{{ AssociationId }}'") COMMA
    PATCH_MACOS("7200"));
/* clang-format on */
