# SPDX-License-Identifier: Apache-2.0
"""The seed post's whole job on real hosts, with its unmodified templates: inline python3.7 code
included. Runs where the folder with the templates is (PATCHBAY_SEED, or ../shared/seed)."""

import os
import pathlib

import pytest

from conftest import wait_for
from fleet import GROUP, ROOT, Fleet, next_minute

SEED = pathlib.Path(os.environ.get("PATCHBAY_SEED", ROOT.parent / "shared" / "seed"))

pytestmark = pytest.mark.skipif(not SEED.is_dir(), reason="the seed's templates are not here")


@pytest.fixture
def fleet(make_plane):
    fleet = Fleet(make_plane(), ["us-east-1", "eu-west-1"])
    try:
        yield fleet.start()
    finally:
        fleet.close()


def test_the_unmodified_templates_patch_real_hosts(fleet):
    assert all(host.pending() for host in fleet.hosts.values()), "nothing to patch"
    fleet.make_groups()
    fleet.execution_role(SEED / "AWS-SystemsManager-AutomationExecutionRole.yaml",
                         ManagementAccountNumber=fleet.organization.management)
    fleet.stack("schedule", SEED / "Scheduled-Patch-Automation.yaml",
                EventBridgeRuleSchedule=next_minute(), ExistingAutomationAdministrationRole="",
                ResourceGroupName=GROUP, TargetAccounts=",".join(fleet.accounts),
                TargetRegionIds=",".join(fleet.regions), TargetLocationMaxConcurrency="4",
                RunPatchBaselineOperation="Install",
                RunPatchBaselineRebootOption="RebootIfNeeded", MaximumConcurrency="100%")
    execution = fleet.wait_for_execution()
    end = fleet.wait_for_end(execution)
    assert end["AutomationExecutionStatus"] == "Success", fleet.story()
    assert end["DocumentName"] == "Automation-RunPatchBaseline"
    assert "assumed-role/AWS-Lambda-SSM-MultiAccountPatchingBlogRole/" in end["ExecutedBy"]
    assert len(end["StepExecutions"]) == len(fleet.pairs)
    for pair in fleet.pairs:
        check_host(fleet, pair)
    logs = fleet.client("logs").describe_log_groups()["logGroups"]
    assert "/aws/lambda/MultiAccountPatchingBlog" in [g["logGroupName"] for g in logs]


def check_host(fleet, pair):
    state = fleet.patch_state(pair)
    assert state, f"{pair} has not reported\n{fleet.story()}"
    assert state["Operation"] == "Install" and state["InstalledCount"] > 0
    for count in ("MissingCount", "FailedCount", "InstalledPendingRebootCount"):
        assert state[count] == 0, (pair, state)
    assert fleet.hosts[pair].boots == 2, "it did not reboot exactly once"
    security = fleet.hosts[pair].sh(
        "apt list --upgradable 2>/dev/null | grep -c -- '-security' || true")
    assert security == "0", "apt still sees security updates"
    summaries = fleet.client("ssm", pair).list_resource_compliance_summaries()
    status, = [s["Status"] for s in summaries["ResourceComplianceSummaryItems"]
               if s["ComplianceType"] == "Patch"]
    assert status == "COMPLIANT"


def test_a_mistyped_group_is_a_warning_that_nobody_can_overlook(fleet):
    fleet.execution_role(SEED / "AWS-SystemsManager-AutomationExecutionRole.yaml",
                         ManagementAccountNumber=fleet.organization.management)
    for pair in fleet.pairs:  # there, but empty
        fleet.client("resource-groups", pair).create_group(Name="Empty", ResourceQuery={
            "Type": "TAG_FILTERS_1_0",
            "Query": '{"ResourceTypeFilters":["AWS::SSM::ManagedInstance"],'
                     '"TagFilters":[{"Key":"nobody","Values":["has"]}]}'})
    fleet.stack("schedule", SEED / "Scheduled-Patch-Automation.yaml",
                EventBridgeRuleSchedule=next_minute(), ExistingAutomationAdministrationRole="",
                ResourceGroupName="Empty", TargetAccounts=",".join(fleet.accounts),
                TargetRegionIds=",".join(fleet.regions), TargetLocationMaxConcurrency="4")
    execution = fleet.wait_for_execution()
    fleet.wait_for_end(execution, timeout=60)
    done = wait_for(lambda: run_cli(fleet, "executions", "watch", execution))
    assert done.returncode == 3
    assert "NOTHING WAS PATCHED THERE" in done.stderr


def run_cli(fleet, *words):
    import subprocess

    from conftest import BUILD
    return subprocess.run(
        [BUILD / "src/cli/patchbay", "--endpoint", fleet.plane.url, "--credentials",
         fleet.plane.data / "credentials", "--profile", "management", *words],
        capture_output=True, text=True, timeout=60)
