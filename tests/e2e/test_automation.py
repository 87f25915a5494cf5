# SPDX-License-Identifier: Apache-2.0
"""Automation in one account: runbooks, their parameters and targets, with simulated agents."""

import json
import uuid

import pytest

from automation_world import (GROUP, REGIONS, finished, get, make_group, make_host, make_runbook,
                              policy, runbook, start, trust)
from conftest import RAW_CLIENT, fails_with, wait_for
from node_fixtures import plane  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def ssm(plane):  # noqa: F811
    return plane.client("ssm")


@pytest.fixture(scope="module")
def local_host(plane):  # noqa: F811
    host = make_host(plane)
    make_group(plane, None, REGIONS[0])
    yield host
    host.stop()


@pytest.fixture
def host(local_host):
    yield local_host
    local_host.status, local_host.silent = "Success", False
    local_host.commands.clear()


@pytest.fixture
def make_book(ssm):
    made = []

    def make(content):
        made.append(make_runbook(ssm, f"Book-{uuid.uuid4().hex[:8]}", content))
        return made[-1]

    yield make
    for name in made:
        ssm.delete_document(Name=name)


def shell(*names, **more):
    """A runbook of steps that run a command on the node of the parameter InstanceId."""
    step = {"action": "aws:runCommand", "inputs": {
        "DocumentName": "AWS-RunShellScript", "InstanceIds": ["{{ InstanceId }}"],
        "Parameters": {"commands": ["echo {{ Word }}"]}}}
    return {"schemaVersion": "0.3",
            "parameters": {"InstanceId": {"type": "String"},
                           "Word": {"type": "String", "default": "hi",
                                    "allowedPattern": "^[a-z]+$"}},
            "mainSteps": [{"name": name, **step, **more.get(name, {})} for name in names]}


# --- runbooks --------------------------------------------------------------------------------------

def test_a_runbook_runs_as_its_caller(ssm, host, make_book, plane):  # noqa: F811
    book = make_book(shell("one", "two"))
    execution = start(ssm, book, Parameters={"InstanceId": [host.id]})
    done = finished(ssm, execution)
    assert done["AutomationExecutionStatus"] == "Success", done
    assert done["DocumentName"] == book and done["DocumentVersion"] == "1"
    assert done["Mode"] == "Auto" and done["ExecutionEndTime"] >= done["ExecutionStartTime"]
    assert done["ExecutedBy"] == plane.client("sts").get_caller_identity()["Arn"]
    assert done["Parameters"] == {"InstanceId": [host.id], "Word": ["hi"]}
    assert "CurrentStepName" not in done
    one, two = done["StepExecutions"]
    assert (one["StepName"], one["StepStatus"], one["ResponseCode"]) == ("one", "Success", "0")
    assert json.loads(one["Inputs"]["InstanceIds"]) == [host.id]
    assert json.loads(one["Inputs"]["Parameters"]) == {"commands": ["echo hi"]}
    assert one["Outputs"]["Status"] == ["Success"] and one["Outputs"]["Output"] == ["done\n"]
    assert one["NextStep"] == "two" and one["IsEnd"] is False and one["IsCritical"] is True
    assert one["StepExecutionId"] != two["StepExecutionId"]
    commands = [s["Outputs"]["CommandId"][0] for s in (one, two)]
    assert [m.split(".")[2] for m in host.commands] == commands


def test_a_failure_ends_a_runbook(ssm, host, make_book):
    host.status = "Failed"
    done = finished(ssm, start(ssm, make_book(shell("one", "two")),
                               Parameters={"InstanceId": [host.id]}))
    assert done["AutomationExecutionStatus"] == "Failed"
    one, two = done["StepExecutions"]
    assert one["StepStatus"] == "Failed" and two["StepStatus"] == "Pending"
    assert one["FailureDetails"]["FailureStage"] == "Invocation"
    assert one["ResponseCode"] == "1"
    assert "one failed" in done["FailureMessage"]
    assert f"1 of 1 nodes without success, first {host.id} (Failed)." in one["FailureMessage"]
    assert one["FailureMessage"] in done["FailureMessage"]


def test_a_refused_command_is_told_in_full(ssm, make_book):
    done = finished(ssm, start(ssm, make_book(shell("one")),
                               Parameters={"InstanceId": ["mi-00000000000000000"]}))
    step, = done["StepExecutions"]
    assert "(InvalidInstanceId) when calling the SendCommand operation" in step["FailureMessage"]


def test_a_step_times_out_and_its_command_is_cancelled(ssm, host, make_book):
    host.silent = True
    execution = start(ssm, make_book(shell("one", one={"timeoutSeconds": 1})),
                      Parameters={"InstanceId": [host.id]})
    done = finished(ssm, execution)
    assert done["AutomationExecutionStatus"] == "TimedOut"
    command = done["StepExecutions"][0]["Outputs"]["CommandId"][0]
    wait_for(lambda: ssm.list_commands(CommandId=command)["Commands"][0]["Status"] == "Cancelled")


def test_an_attempt_is_repeated(ssm, host, make_book):
    host.status = "Failed"
    done = finished(ssm, start(ssm, make_book(shell("one", one={"maxAttempts": 3})),
                               Parameters={"InstanceId": [host.id]}))
    assert done["AutomationExecutionStatus"] == "Failed" and len(set(host.commands)) == 3


def test_stopping_cancels_the_command(ssm, host, make_book):
    host.silent = True
    execution = start(ssm, make_book(shell("one", "two")), Parameters={"InstanceId": [host.id]})
    wait_for(lambda: host.commands)
    got = get(ssm, execution)
    assert (got["AutomationExecutionStatus"], got["CurrentStepName"]) == ("InProgress", "one")
    assert got["CurrentAction"] == "aws:runCommand"
    ssm.stop_automation_execution(AutomationExecutionId=execution)
    done = finished(ssm, execution)
    assert done["AutomationExecutionStatus"] == "Cancelled"
    assert [s["StepStatus"] for s in done["StepExecutions"]] == ["Cancelled", "Pending"]
    with fails_with("InvalidAutomationStatusUpdateException", 400):
        ssm.stop_automation_execution(AutomationExecutionId=execution)


def test_completing_lets_the_step_finish(ssm, host, make_book):
    host.silent = True
    execution = start(ssm, make_book(shell("one", "two")), Parameters={"InstanceId": [host.id]})
    wait_for(lambda: host.commands)
    ssm.stop_automation_execution(AutomationExecutionId=execution, Type="Complete")
    assert get(ssm, execution)["AutomationExecutionStatus"] == "InProgress"
    host.agent.reply({"MessageId": host.commands[0]}, "Success",
                     {"aws:runShellScript": {"status": "Success"}})
    done = finished(ssm, execution)
    assert [s["StepStatus"] for s in done["StepExecutions"]] == ["Success", "Pending"]


def test_a_group_without_nodes_is_a_warning_and_none_is_a_failure(ssm, plane, host, make_book):  # noqa: F811
    content = runbook()
    content["mainSteps"][0]["inputs"]["Targets"][0]["Values"] = ["nobody"]
    book = make_book(content)
    done = finished(ssm, start(ssm, book))
    assert done["AutomationExecutionStatus"] == "Failed"
    assert "The resource group nobody does not exist" in done["FailureMessage"]

    query = {"ResourceTypeFilters": ["AWS::AllSupported"],
             "TagFilters": [{"Key": "fleet", "Values": ["nobody"]}]}
    plane.client("resource-groups").create_group(
        Name="nobody", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)})
    done = finished(ssm, start(ssm, book))
    assert done["AutomationExecutionStatus"] == "Success"
    step, = done["StepExecutions"]
    assert step["Response"].startswith("WARNING: the resource group nobody has no managed nodes")
    assert step["Outputs"]["WarningMessage"] == [step["Response"]]
    assert "FailureMessage" not in step


@pytest.mark.parametrize("parameters, sentence", [
    ({}, "Missing required parameter: InstanceId"),
    ({"InstanceId": ["mi-1"], "Other": ["x"]}, "\"Other\" is not defined"),
    ({"InstanceId": ["mi-1"], "Word": ["NO"]}, "not matching the pattern"),
])
def test_parameters_are_checked(ssm, make_book, parameters, sentence):
    with fails_with("InvalidAutomationExecutionParametersException", 400) as e:
        start(ssm, make_book(shell("one")), **({"Parameters": parameters} if parameters else {}))
    assert sentence in e.message


def test_empty_values_are_refused(plane, make_book):  # noqa: F811
    with fails_with("ValidationException", 400):
        start(plane.client("ssm", config=RAW_CLIENT), make_book(shell("one")),
              Parameters={"InstanceId": [""]})


def test_unknown_runbooks_and_executions(ssm, make_book):
    book = make_book(shell("one"))
    with fails_with("AutomationDefinitionNotFoundException", 400):
        start(ssm, "No-Such-Book")
    with fails_with("AutomationDefinitionNotFoundException", 400):
        start(ssm, "AWS-RunShellScript")
    with fails_with("AutomationDefinitionVersionNotFoundException", 400):
        start(ssm, book, DocumentVersion="7")
    for call in (ssm.get_automation_execution, ssm.stop_automation_execution,
                 ssm.describe_automation_step_executions):
        with fails_with("AutomationExecutionNotFoundException", 400):
            call(AutomationExecutionId=str(uuid.uuid4()))


def test_what_is_not_done_is_refused(ssm, make_book):
    book = make_book(shell("one"))
    for more in ({"Mode": "Interactive"}, {"Tags": [{"Key": "a", "Value": "b"}]},
                 {"TargetMaps": [{"InstanceId": ["mi-1"]}]}):
        with fails_with("UnsupportedOperationException"):
            start(ssm, book, Parameters={"InstanceId": ["mi-1"]}, **more)
    with fails_with("UnsupportedOperationException"):
        ssm.send_automation_signal(AutomationExecutionId=str(uuid.uuid4()), SignalType="Approve")


def test_a_token_starts_one_execution(ssm, make_book):
    book, token = make_book(shell("one")), str(uuid.uuid4())
    arguments = {"ClientToken": token, "Parameters": {"InstanceId": ["mi-00000000000000000"]}}
    first = start(ssm, book, **arguments)
    assert start(ssm, book, **arguments) == first
    arguments["Parameters"] = {"InstanceId": ["mi-00000000000000001"]}
    with fails_with("IdempotentParameterMismatch", 400):
        start(ssm, book, **arguments)


def test_versions_are_as_asked_for(ssm, host, make_book):
    book = make_book(shell("one"))
    ssm.update_document(Name=book, Content=json.dumps(shell("uno", "due")),
                        DocumentVersion="$LATEST")
    parameters = {"Parameters": {"InstanceId": [host.id]}}
    runs = {version: finished(ssm, start(ssm, book, DocumentVersion=version, **parameters))
            for version in ("$DEFAULT", "$LATEST", "1", "2")}
    assert {v: r["DocumentVersion"] for v, r in runs.items()} == {
        "$DEFAULT": "1", "$LATEST": "2", "1": "1", "2": "2"}
    assert [s["StepName"] for s in runs["$LATEST"]["StepExecutions"]] == ["uno", "due"]


def test_lists_filter_and_page(ssm, host, make_book):
    book = make_book(shell("one", "two"))
    runs = [start(ssm, book, Parameters={"InstanceId": [host.id]}) for _ in range(3)]
    for run in runs:
        finished(ssm, run)

    def ids(**more):
        pages = ssm.get_paginator("describe_automation_executions").paginate(**more)
        return [e["AutomationExecutionId"] for page in pages
                for e in page["AutomationExecutionMetadataList"]]

    named = {"Key": "DocumentNamePrefix", "Values": [book[:-1]]}
    assert sorted(ids(Filters=[named])) == sorted(runs)
    assert sorted(ids(Filters=[named], PaginationConfig={"PageSize": 1})) == sorted(runs)
    assert ids(Filters=[named, {"Key": "ExecutionStatus", "Values": ["Failed"]}]) == []
    assert ids(Filters=[{"Key": "ExecutionId", "Values": [runs[1]]}]) == [runs[1]]
    assert ids(Filters=[named, {"Key": "AutomationType", "Values": ["CrossAccount"]}]) == []
    assert ids(Filters=[named, {"Key": "StartTimeBefore",
                                "Values": ["2020-01-01T00:00:00Z"]}]) == []
    item = ssm.describe_automation_executions(Filters=[named])["AutomationExecutionMetadataList"][0]
    assert item["AutomationType"] == "Local" and item["Mode"] == "Auto"
    with fails_with("InvalidFilterKey"):
        ids(Filters=[{"Key": "TagKey", "Values": ["x"]}])

    def steps(**more):
        return [s["StepName"] for s in ssm.describe_automation_step_executions(
            AutomationExecutionId=runs[0], **more)["StepExecutions"]]

    assert steps() == ["one", "two"] and steps(ReverseOrder=True) == ["two", "one"]
    assert steps(Filters=[{"Key": "StepName", "Values": ["two"]}]) == ["two"]
    pages = ssm.get_paginator("describe_automation_step_executions").paginate(
        AutomationExecutionId=runs[0], PaginationConfig={"PageSize": 1})
    assert [s["StepName"] for p in pages for s in p["StepExecutions"]] == ["one", "two"]


def test_a_role_may_be_kept_to_its_accounts_executions(plane, ssm, host, make_book):  # noqa: F811
    """The trust policy that AWS recommends against confused deputies."""
    central = plane.management_account
    iam = plane.client("iam")

    def kept_to(source_account, source_arn):
        policy = json.loads(trust(Service="ssm.amazonaws.com"))
        policy["Statement"][0]["Condition"] = {
            "StringEquals": {"aws:SourceAccount": source_account},
            "ArnLike": {"aws:SourceArn": source_arn}}
        return json.dumps(policy)

    iam.create_role(RoleName="Kept", AssumeRolePolicyDocument=kept_to(
        central, f"arn:aws:ssm:*:{central}:automation-execution/*"))
    iam.put_role_policy(RoleName="Kept", PolicyName="all",
                        PolicyDocument=policy(("ssm:SendCommand", "*")))
    book = make_book({**shell("one"), "assumeRole": f"arn:aws:iam::{central}:role/Kept"})
    parameters = {"Parameters": {"InstanceId": [host.id]}}
    assert finished(ssm, start(ssm, book, **parameters))["AutomationExecutionStatus"] == "Success"
    for wrong in (kept_to("111122223333", "*"),
                  kept_to(central, f"arn:aws:ssm:*:{central}:document/*")):
        iam.update_assume_role_policy(RoleName="Kept", PolicyDocument=wrong)
        with fails_with("InvalidAutomationExecutionParametersException"):
            start(ssm, book, **parameters)


# --- rate control over targets ----------------------------------------------------------------------

def over_targets(ssm, book, key, *values, **more):
    return start(ssm, book, TargetParameterName="InstanceId",
                 Targets=[{"Key": key, "Values": list(values)}], **more)


@pytest.fixture(scope="module")
def three_hosts(plane):  # noqa: F811
    hosts = [make_host(plane, region="eu-central-1") for _ in range(3)]
    make_group(plane, None, "eu-central-1")
    yield sorted(hosts, key=lambda h: h.id)
    for host in hosts:
        host.stop()


@pytest.fixture
def three(three_hosts):
    yield three_hosts
    for host in three_hosts:
        host.status, host.silent = "Success", False
        host.commands.clear()


@pytest.fixture(scope="module")
def frankfurt(plane):  # noqa: F811
    ssm = plane.client("ssm", region="eu-central-1")
    make_runbook(ssm, "Targeted", shell("one"))
    return ssm


@pytest.mark.parametrize("key, value", [("ResourceGroup", GROUP), ("tag:fleet", "yes"),
                                        ("ParameterValues", None)])
def test_each_target_has_an_execution_of_its_own(frankfurt, three, key, value):
    ids = [h.id for h in three]
    execution = over_targets(frankfurt, "Targeted", key, *([value] if value else ids),
                             Parameters={"Word": ["ho"]})
    done = finished(frankfurt, execution)
    assert done["AutomationExecutionStatus"] == "Success", done
    assert done["ResolvedTargets"] == {"ParameterValues": ids, "Truncated": False}
    assert done["TargetParameterName"] == "InstanceId" and done["Targets"][0]["Key"] == key
    assert done["ProgressCounters"]["SuccessSteps"] == 3
    assert [s["StepName"] for s in done["StepExecutions"]] == ids
    for host, step in zip(three, done["StepExecutions"]):
        assert step["Inputs"] == {"InstanceId": host.id} and "TargetLocation" not in step
        child = get(frankfurt, step["Outputs"]["ExecutionId"][0])
        assert child["ParentAutomationExecutionId"] == execution
        assert child["Parameters"] == {"InstanceId": [host.id], "Word": ["ho"]}
        assert len(host.commands) == 1
    found = frankfurt.describe_automation_executions(Filters=[
        {"Key": "ParentExecutionId", "Values": [execution]}])["AutomationExecutionMetadataList"]
    assert len(found) == 3 and {f["AutomationType"] for f in found} == {"Local"}


def test_a_failed_target_stops_the_others(frankfurt, three):
    three[0].status = "Failed"
    done = finished(frankfurt, over_targets(frankfurt, "Targeted", "ResourceGroup", GROUP))
    assert done["AutomationExecutionStatus"] == "Failed"
    assert [s["StepStatus"] for s in done["StepExecutions"]] == ["Failed", "Pending", "Pending"]
    done = finished(frankfurt, over_targets(frankfurt, "Targeted", "ResourceGroup", GROUP,
                                            MaxErrors="40%", MaxConcurrency="1"))
    assert done["AutomationExecutionStatus"] == "Success"
    assert [s["StepStatus"] for s in done["StepExecutions"]] == ["Failed", "Success", "Success"]


def test_targets_are_checked(frankfurt, three):
    wrong = {"TargetParameterName": "instanceid",
             "Targets": [{"Key": "ParameterValues", "Values": ["mi-1"]}]}
    with fails_with("InvalidAutomationExecutionParametersException"):
        start(frankfurt, "Targeted", **wrong)
    with fails_with("InvalidAutomationExecutionParametersException"):
        start(frankfurt, "Targeted", Parameters={"InstanceId": ["mi-1"]}, MaxErrors="1")
    with fails_with("InvalidTarget"):
        over_targets(frankfurt, "Targeted", "resource-groups:Name", GROUP)
    done = finished(frankfurt, over_targets(frankfurt, "Targeted", "tag:fleet", "no"))
    assert done["AutomationExecutionStatus"] == "Failed"
    assert done["FailureMessage"] == "The targets match no resources."
    done = finished(frankfurt, over_targets(frankfurt, "Targeted", "ResourceGroup", "no"))
    assert "(NotFoundException) when calling the ListGroupResources" in done["FailureMessage"]
