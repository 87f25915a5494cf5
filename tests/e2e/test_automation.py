# SPDX-License-Identifier: Apache-2.0
"""Automation: runbooks in one account, and in several accounts and Regions under a chain of
roles, with simulated agents."""

import http.client
import json
import threading
import time
import uuid

import pytest

import agent as agents
from conftest import Organization, Plane, RAW_CLIENT, fails_with, wait_for

REGIONS = ("us-east-1", "eu-west-1")
RUNBOOK = "Automation-RunPatchBaseline"
ADMIN_ROLE = "AWS-SystemsManager-AutomationAdministrationRole"
EXECUTION_ROLE = "AWS-SystemsManager-AutomationExecutionRole"
GROUP = "fleet"


# --- hosts -----------------------------------------------------------------------------------------

AWAY = (OSError, http.client.HTTPException)  # what is seen of a plane that is not there


class Host:
    """An agent with a thread: runs what it is sent, unless it is told to be `silent`."""

    def __init__(self, agent):
        self.agent = agent
        self.id = agent.id
        self.status = "Success"
        self.silent = False
        self.commands = []  # the message ids that it has run
        self._stop = threading.Event()
        self._messages, agent.messages = agent.messages, self._tell
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _live(self):
        while not self._stop.is_set():
            try:
                for message in self.agent.poll():
                    self._take(message)
            except (*AWAY, agents.Refused, json.JSONDecodeError):
                time.sleep(0.2)

    def _tell(self, operation, **members):
        """What it has to say it says again until it is heard, as agents do."""
        while True:
            try:
                return self._messages(operation, **members)
            except AWAY:
                if operation == "GetMessages" or self._stop.is_set():
                    raise
                time.sleep(0.1)

    def _take(self, message):
        if message["Topic"].startswith("aws.ssm.cancelCommand"):
            self.agent.reply(message, "InProgress")
            self.agent.acknowledge(message)
            cancelled = json.loads(message["Payload"])["CancelMessageId"]
            name = {"aws:runShellScript": {"status": "Cancelled", "code": 137}}
            self.agent.reply({"MessageId": cancelled}, "Cancelled", name)
        elif message["MessageId"] not in self.commands:
            self.commands.append(message["MessageId"])
            if self.silent:
                self.agent.reply(message, "InProgress")
                self.agent.acknowledge(message)
            else:
                code = 0 if self.status == "Success" else 1
                self.agent.run(message, self.status, code=code, standardOutput="done\n")

    def stop(self):
        self._stop.set()


def make_host(plane, account=None, region=REGIONS[0]):
    ssm = plane.client("ssm", account, region)
    iam = plane.client("iam", account)
    try:
        agents.make_node_role(iam)
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    activation = ssm.create_activation(IamRole="NodeRole", RegistrationLimit=1,
                                       Tags=[{"Key": "fleet", "Value": "yes"}])
    return Host(agents.Agent(plane.url, region).start(activation["ActivationId"],
                                                      activation["ActivationCode"]))


# --- what the tutorial's templates make ------------------------------------------------------------

def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": a, "Resource": r} for a, r in statements]})


def trust(**principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


def make_execution_role(plane, account, central):
    """As the seed's template has it: neither ssm:CancelCommand nor ssm:StopAutomation..."""
    iam = plane.client("iam", account)
    iam.create_role(RoleName=EXECUTION_ROLE, AssumeRolePolicyDocument=trust(
        Service="ssm.amazonaws.com", AWS=f"arn:aws:iam::{central}:root"))
    iam.put_role_policy(RoleName=EXECUTION_ROLE, PolicyName="all", PolicyDocument=policy(
        ("iam:PassRole", f"arn:aws:iam::{account}:role/{EXECUTION_ROLE}"),
        ("tag:GetResources", "*"),
        ("resource-groups:listGroupResources", "*"),
        ("ssm:StartAutomationExecution", f"arn:aws:ssm:*:*:automation-definition/{RUNBOOK}:*"),
        ("ssm:SendCommand", ["arn:aws:ssm:*::document/AWS-RunPatchBaseline",
                             "arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*:*:managed-instance/*"]),
        (["ssm:DescribeInstanceInformation", "ssm:GetAutomationExecution", "ssm:GetParameters",
          "ssm:ListCommands", "ssm:ListCommandInvocations"], "*")))


def make_admin_role(plane):
    iam = plane.client("iam")
    iam.create_role(RoleName=ADMIN_ROLE,
                    AssumeRolePolicyDocument=trust(Service="ssm.amazonaws.com"))
    iam.put_role_policy(RoleName=ADMIN_ROLE, PolicyName="all", PolicyDocument=policy(
        ("sts:AssumeRole", f"arn:aws:iam::*:role/{EXECUTION_ROLE}"),
        ("organizations:ListAccountsForParent", "*")))


def runbook(timeout=7200, concurrency="100%", errors="100%", **step):
    names = ("Operation", "RebootOption", "SnapshotId", "InstallOverrideList")
    return {
        "description": "Runs AWS-RunPatchBaseline.",
        "schemaVersion": "0.3",
        "assumeRole": "{{ AutomationAssumeRole }}",
        "parameters": {
            "AutomationAssumeRole": {"type": "String", "default": ""},
            "Operation": {"type": "String", "default": "Scan",
                          "allowedValues": ["Scan", "Install"]},
            "RebootOption": {"type": "String", "default": "RebootIfNeeded"},
            "InstallOverrideList": {"type": "String", "default": ""},
            "SnapshotId": {"type": "String", "default": ""}},
        "mainSteps": [{
            "name": "runPatchBaseline", "action": "aws:runCommand", "timeoutSeconds": timeout,
            "onFailure": "Abort",
            "inputs": {
                "DocumentName": "AWS-RunPatchBaseline",
                "Targets": [{"Key": "resource-groups:Name", "Values": [GROUP]}],
                "Parameters": {name: "{{ %s }}" % name for name in names},
                "MaxConcurrency": concurrency, "MaxErrors": errors}, **step}],
        "outputs": ["runPatchBaseline.CommandId"]}


def make_runbook(ssm, name, content):
    ssm.create_document(Name=name, DocumentType="Automation", DocumentFormat="JSON",
                        Content=json.dumps(content))
    return name


def make_group(plane, account, region, name=GROUP):
    query = {"ResourceTypeFilters": ["AWS::AllSupported"],
             "TagFilters": [{"Key": "fleet", "Values": ["yes"]}]}
    plane.client("resource-groups", account, region).create_group(
        Name=name, ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)})


class World:
    """Two member accounts with a host, a group and an execution role in each Region."""

    def __init__(self, plane):
        self.plane = plane
        self.organization = Organization(plane)
        self.central = self.organization.management
        self.members = self.organization.members
        self.ssm = plane.client("ssm")
        self.admin_role = f"arn:aws:iam::{self.central}:role/{ADMIN_ROLE}"
        make_admin_role(plane)
        make_runbook(self.ssm, RUNBOOK, runbook())
        self.hosts = {}
        for account in self.members:
            make_execution_role(plane, account, self.central)
            for region in REGIONS:
                make_group(plane, account, region)
                self.hosts[account, region] = make_host(plane, account, region)

    def start(self, locations=None, name=RUNBOOK, **more):
        parameters = {"AutomationAssumeRole": [self.admin_role], "Operation": ["Install"],
                      "RebootOption": ["NoReboot"], "SnapshotId": [str(uuid.uuid4())]}
        location = {"Accounts": self.members, "Regions": list(REGIONS),
                    "TargetLocationMaxConcurrency": "4", "TargetLocationMaxErrors": "1",
                    "ExecutionRoleName": EXECUTION_ROLE, **more}
        return self.ssm.start_automation_execution(
            DocumentName=name, Parameters=parameters,
            TargetLocations=locations or [location])["AutomationExecutionId"]

    def reset(self):
        for host in self.hosts.values():
            host.status, host.silent = "Success", False
            host.commands.clear()

    def child(self, step):
        account, = step["TargetLocation"]["Accounts"]
        region, = step["TargetLocation"]["Regions"]
        return get(self.plane.client("ssm", account, region),
                   step["Outputs"]["AutomationExecutionId"][0])

    def end(self):
        for host in self.hosts.values():
            host.stop()


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane(tmp_path_factory.mktemp("automation") / "data").start()
    yield plane
    assert plane.stop() == 0, plane.log_text()


@pytest.fixture(scope="module")
def whole_world(plane):
    world = World(plane)
    yield world
    world.end()


@pytest.fixture
def world(whole_world):
    yield whole_world
    whole_world.reset()


@pytest.fixture(scope="module")
def ssm(plane):
    return plane.client("ssm")


@pytest.fixture(scope="module")
def local_host(plane):
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


OVER = ("Success", "Failed", "TimedOut", "Cancelled")


def get(ssm, execution):
    return ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]


def finished(ssm, execution, timeout=30.0):
    def over():
        got = get(ssm, execution)
        return got if got["AutomationExecutionStatus"] in OVER else None

    return wait_for(over, timeout)


def start(ssm, name, **more):
    return ssm.start_automation_execution(DocumentName=name, **more)["AutomationExecutionId"]


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


# --- one account ---------------------------------------------------------------------------------

def test_a_runbook_runs_as_its_caller(ssm, host, make_book, plane):
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


def test_a_group_without_nodes_is_a_warning_and_none_is_a_failure(ssm, plane, host, make_book):
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


def test_empty_values_are_refused(plane, make_book):
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


def test_who_may_start_what(plane, ssm, make_book, world):
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
    assert get(ssm, execution)["ExecutedBy"] == me
    # The administration role may not send commands: that is the execution role's part.
    done = finished(ssm, execution)
    assert done["AutomationExecutionStatus"] == "Failed"
    assert (f"{ADMIN_ROLE}/Automation-{execution} is not authorized to perform: ssm:SendCommand"
            in done["FailureMessage"])
    with fails_with("InvalidAutomationExecutionParametersException", 400) as e:
        start(ssm, RUNBOOK,
              Parameters={"AutomationAssumeRole": [world.admin_role + "x"]})
    assert "The defined assume role is unable to be assumed." in e.message


def test_a_role_may_be_kept_to_its_accounts_executions(plane, ssm, host, make_book):
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
def three_hosts(plane):
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
def frankfurt(plane):
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


# --- several accounts and Regions ------------------------------------------------------------------

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
