# SPDX-License-Identifier: Apache-2.0
"""The schedule function as it was built, settings as the tutorial has them, and its events."""

from conftest import BUILD

FOLDER = BUILD / "functions" / "schedule-patching"
PROGRAM = FOLDER / "schedule-patching"
ARCHIVE = FOLDER / "schedule-patching.zip"
ARN = "arn:aws:lambda:us-east-1:111122223333:function:MultiAccountPatchingBlog"
RULE = "arn:aws:events:us-east-1:111122223333:rule/MultiAccountPatching"
SETTINGS = {
    "TargetAccounts": "222222222222, 333333333333 ,ou-abcd-12345678", "TargetRegionIds":
    " us-east-1,eu-west-1", "RunPatchBaselineOperation": "Install",
    "RunPatchBaselineRebootOption": "NoReboot", "RunPatchBaselineInstallOverrideList": "",
    "ResourceGroupName": "fleet", "MaximumConcurrency": "10%", "MaximumErrors": "10%",
    "TargetLocationMaxConcurrency": "1", "TargetLocationMaxErrors": "0",
    "ExecutionRoleName": "AWS-SystemsManager-AutomationExecutionRole",
    "MasterAccountID": "111122223333",
    "AutomationDocumentMamrRunPatchBaseline": "Automation-RunPatchBaseline"}


def event(**more):
    return {"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            "detail-type": "Scheduled Event", "source": "aws.events", "account": "111122223333",
            "time": "2026-11-23T02:00:00Z", "region": "us-east-1", "resources": [RULE],
            "detail": {}, **more}
