# SPDX-License-Identifier: Apache-2.0
"""Automation in several accounts and Regions under a chain of roles, with simulated agents."""

import json
import time

import pytest

from automation_world import (ADMIN_ROLE, EXECUTION_ROLE, GROUP, REGIONS, RUNBOOK, World, finished,
                              get, make_group, make_runbook, policy, runbook, start, trust)
from conftest import fails_with, wait_for
from node_fixtures import plane  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def whole_world(plane):  # noqa: F811
    world = World(plane)
    yield world
    world.end()


@pytest.fixture
def world(whole_world):
    yield whole_world
    whole_world.reset()


def test_two_accounts_and_two_regions(world):
    execution = world.start()
    done = finished(world.ssm, execution)
    assert done["AutomationExecutionStatus"] == "Success", done
    assert done["ProgressCounters"] == {"TotalSteps": 4, "SuccessSteps": 4, "FailedSteps": 0,
                                        "CancelledSteps": 0, "TimedOutSteps": 0}
    pairs = [(a, r) for a in world.members for r in REGIONS]
    assert [s["StepName"] for s in done["StepExecutions"]] == [
        f"{a}_{r}".replace("-", "_") for a, r in pairs]
    for (account, region), step in zip(pairs, done["StepExecutions"]):
        assert step["Action"] == "aws:executeAutomation" and step["StepStatus"] == "Success"
        assert step["TargetLocation"]["Accounts"] == [account]
        assert step["TargetLocation"]["Regions"] == [region]
        child = world.child(step)
        assert child["AutomationExecutionStatus"] == "Success"
        assert child["ParentAutomationExecutionId"] == execution
        role = f"arn:aws:iam::{account}:role/{EXECUTION_ROLE}"
        assert child["Parameters"]["AutomationAssumeRole"] == [role]
        assert child["Parameters"]["SnapshotId"] == done["Parameters"]["SnapshotId"]
        assert child["ExecutedBy"] == (f"arn:aws:sts::{account}:assumed-role/{EXECUTION_ROLE}/"
                                       f"Automation-{execution}")
        assert len(world.hosts[account, region].commands) == 1
        command, = child["Outputs"]["runPatchBaseline.CommandId"]
        assert command in world.hosts[account, region].commands[0]
    found = world.ssm.describe_automation_executions(
        Filters=[{"Key": "AutomationType", "Values": ["CrossAccount"]}])
    assert found["AutomationExecutionMetadataList"][0]["AutomationExecutionId"] == execution


def test_a_unit_stands_for_its_accounts(world):
    done = finished(world.ssm, world.start(Accounts=[world.organization.unit],
                                           Regions=[REGIONS[0]]))
    assert done["AutomationExecutionStatus"] == "Success"
    assert ([s["TargetLocation"]["Accounts"][0] for s in done["StepExecutions"]]
            == sorted(world.members))


def test_a_role_that_may_not_list_a_unit_fails_the_run(world):
    iam = world.plane.client("iam")
    allowed = ("sts:AssumeRole", f"arn:aws:iam::*:role/{EXECUTION_ROLE}")
    iam.put_role_policy(RoleName=ADMIN_ROLE, PolicyName="all", PolicyDocument=policy(allowed))
    try:
        done = finished(world.ssm, world.start(Accounts=[world.organization.unit]))
    finally:
        iam.put_role_policy(RoleName=ADMIN_ROLE, PolicyName="all", PolicyDocument=policy(
            allowed, ("organizations:ListAccountsForParent", "*")))
    assert done["AutomationExecutionStatus"] == "Failed"
    assert "is not authorized to perform: organizations:ListAccountsForParent" in \
        done["FailureMessage"]


def test_a_role_that_is_not_there_fails_its_pairs(world):
    stranger = world.plane.create_account("stranger")
    done = finished(world.ssm, world.start(Accounts=[stranger, *world.members]))
    first = done["StepExecutions"][0]
    assert first["StepStatus"] == "Failed"
    assert first["FailureDetails"]["FailureType"] == "Permission"
    role = f"arn:aws:iam::{stranger}:role/{EXECUTION_ROLE}"
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role}" in \
        first["FailureMessage"]
    assert done["ProgressCounters"]["FailedSteps"] == 2  # one more than is allowed
    assert done["AutomationExecutionStatus"] == "Failed"


def test_the_execution_role_must_be_allowed_to_start(world):
    """Evaluated in the target's account, on the definition's ARN there."""
    name = make_runbook(world.ssm, "Another-Runbook", runbook())
    account = world.members[0]
    done = finished(world.ssm, world.start(name=name, Accounts=[account], Regions=[REGIONS[1]]))
    step, = done["StepExecutions"]
    assert step["StepStatus"] == "Failed"
    assert (f"User: arn:aws:sts::{account}:assumed-role/{EXECUTION_ROLE}/Automation-"
            f"{done['AutomationExecutionId']} is not authorized to perform: "
            f"ssm:StartAutomationExecution on resource: arn:aws:ssm:{REGIONS[1]}:{account}:"
            f"automation-definition/{name}:$DEFAULT") in step["FailureMessage"]


def test_one_at_a_time_unless_told_otherwise(world):
    """TargetLocationMaxConcurrency is 1 and TargetLocationMaxErrors 0 by default."""
    world.hosts[world.members[0], REGIONS[1]].status = "Failed"
    location = {"Accounts": world.members, "Regions": list(REGIONS)}
    done = finished(world.ssm, world.start(locations=[location]))
    assert done["AutomationExecutionStatus"] == "Failed"
    assert [s["StepStatus"] for s in done["StepExecutions"]] == ["Success", "Failed", "Pending",
                                                                 "Pending"]
    assert done["ProgressCounters"] == {"TotalSteps": 4, "SuccessSteps": 1, "FailedSteps": 1,
                                        "CancelledSteps": 2, "TimedOutSteps": 0}
    assert done["StepExecutions"][1]["FailureMessage"] == \
        world.child(done["StepExecutions"][1])["FailureMessage"]
    assert [len(h.commands) for h in world.hosts.values()] == [1, 1, 0, 0]


def test_errors_within_the_limit_are_suffered(world):
    world.hosts[world.members[0], REGIONS[1]].status = "Failed"
    done = finished(world.ssm, world.start())
    assert done["AutomationExecutionStatus"] == "Success"
    assert done["ProgressCounters"]["FailedSteps"] == 1


def test_stopping_a_parent_stops_its_children(world):
    for host in world.hosts.values():
        host.silent = True
    execution = world.start(TargetLocationMaxConcurrency="3")
    wait_for(lambda: sum(len(h.commands) for h in world.hosts.values()) == 3)
    world.ssm.stop_automation_execution(AutomationExecutionId=execution)
    done = finished(world.ssm, execution)
    assert done["AutomationExecutionStatus"] == "Cancelled"
    assert [s["StepStatus"] for s in done["StepExecutions"]] == 3 * ["Cancelled"] + ["Pending"]
    for step in done["StepExecutions"][:3]:
        assert world.child(step)["AutomationExecutionStatus"] == "Cancelled"


def test_a_group_that_is_empty_in_one_place_is_seen_at_the_parent(world):
    empty = world.members[1], "ap-southeast-2"
    make_group(world.plane, *empty)
    done = finished(world.ssm, world.start(Accounts=[empty[0]], Regions=[REGIONS[0], empty[1]]))
    assert done["AutomationExecutionStatus"] == "Success"
    full, warned = done["StepExecutions"]
    assert "Response" not in full
    assert f"WARNING: the resource group {GROUP} has no managed nodes" in warned["Response"]
    assert warned["Outputs"]["WarningMessage"] == [warned["Response"]]


def test_targets_are_found_in_each_location(world):
    """Parent, child and a child of that for each target."""
    content = runbook()
    content["parameters"]["InstanceId"] = {"type": "String"}
    inputs = content["mainSteps"][0]["inputs"]
    del inputs["Targets"]
    inputs["InstanceIds"] = ["{{ InstanceId }}"]
    world.ssm.update_document(Name=RUNBOOK, Content=json.dumps(content), DocumentVersion="$LATEST")
    execution = world.ssm.start_automation_execution(
        DocumentName=RUNBOOK, DocumentVersion="$LATEST", TargetParameterName="InstanceId",
        Parameters={"AutomationAssumeRole": [world.admin_role]}, MaxErrors="1",
        Targets=[{"Key": "ResourceGroup", "Values": [GROUP]}],
        TargetLocations=[{"Accounts": world.members, "Regions": [REGIONS[0]],
                          "TargetLocationMaxConcurrency": "2"}])["AutomationExecutionId"]
    done = finished(world.ssm, execution)
    assert done["AutomationExecutionStatus"] == "Success", done
    for account, step in zip(world.members, done["StepExecutions"]):
        host = world.hosts[account, REGIONS[0]]
        child = world.child(step)
        assert [s["StepName"] for s in child["StepExecutions"]] == [host.id]
        assert child["ResolvedTargets"]["ParameterValues"] == [host.id]
        assert len(host.commands) == 1


def test_locations_are_checked(world):
    for wrong, sentence in (({"Accounts": [" 222222222222"]}, "neither an account id"),
                            ({"Regions": ["not a region"]}, "is not a Region"),
                            ({"TargetLocationMaxErrors": "05"}, "TargetLocationMaxErrors")):
        with fails_with("ValidationException", 400) as e:
            world.start(**wrong)
        assert sentence in e.message


# --- permissions -----------------------------------------------------------------------------------

def test_who_may_start_what(plane, world):  # noqa: F811
    """The policy of the seed's function: one runbook at $DEFAULT, one role to pass."""
    iam = plane.client("iam")
    iam.create_role(RoleName="Starter", AssumeRolePolicyDocument=trust(AWS=world.central))
    definition = f"arn:aws:ssm:us-east-1:{world.central}:automation-definition/{RUNBOOK}:$DEFAULT"
    iam.put_role_policy(RoleName="Starter", PolicyName="all", PolicyDocument=policy(
        ("ssm:StartAutomationExecution", definition)))
    mine = plane.client_with(plane.assume(f"arn:aws:iam::{world.central}:role/Starter", "me"),
                             "ssm")
    me = f"arn:aws:sts::{world.central}:assumed-role/Starter/me"
    role = {"AutomationAssumeRole": [world.admin_role]}
    with fails_with("AccessDeniedException", 400) as e:
        start(mine, RUNBOOK, Parameters=role)
    assert e.message.startswith(f"User: {me} is not authorized to perform: iam:PassRole on "
                                f"resource: {world.admin_role}")
    with fails_with("AccessDeniedException", 400) as e:
        start(mine, RUNBOOK, DocumentVersion="1", Parameters=role)
    assert e.message.startswith(
        f"User: {me} is not authorized to perform: ssm:StartAutomationExecution on resource: "
        + definition.replace("$DEFAULT", "1"))
    iam.put_role_policy(RoleName="Starter", PolicyName="pass", PolicyDocument=policy(
        ("iam:PassRole", world.admin_role)))
    execution = start(mine, RUNBOOK, Parameters=role)
    assert get(world.ssm, execution)["ExecutedBy"] == me
    # The administration role may not send commands: that is the execution role's part.
    done = finished(world.ssm, execution)
    assert done["AutomationExecutionStatus"] == "Failed"
    assert (f"{ADMIN_ROLE}/Automation-{execution} is not authorized to perform: ssm:SendCommand"
            in done["FailureMessage"])
    with fails_with("InvalidAutomationExecutionParametersException", 400) as e:
        start(world.ssm, RUNBOOK,
              Parameters={"AutomationAssumeRole": [world.admin_role + "x"]})
    assert "The defined assume role is unable to be assumed." in e.message


# --- crashes ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("pause", [0.0, 0.05, 0.2])
def test_a_crash_loses_and_doubles_nothing(make_plane, pause):
    plane = make_plane()
    world = World(plane)
    try:
        execution = world.start(TargetLocationMaxConcurrency="2")
        for _ in range(3):
            time.sleep(pause)  # the moment is what is tried out
            plane.kill()
            plane.start(plane.url.split("//")[1])
        world.ssm = plane.client("ssm")
        done = finished(world.ssm, execution, 60)
        assert done["AutomationExecutionStatus"] == "Success", done
        for host in world.hosts.values():
            assert len(host.commands) == 1
        for (account, region) in world.hosts:
            ssm = plane.client("ssm", account, region)
            assert len(ssm.list_commands()["Commands"]) == 1
            assert len(ssm.describe_automation_executions()[
                "AutomationExecutionMetadataList"]) == 1
    finally:
        world.end()
