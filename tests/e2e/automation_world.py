# SPDX-License-Identifier: Apache-2.0
"""What the tests of Automation share: hosts that run what they are sent, the roles, the runbook and
the group that the tutorial's templates make, and two accounts with all of these."""

import http.client
import json
import threading
import time
import uuid

import agent as agents
from conftest import Organization, wait_for

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


# --- executions ------------------------------------------------------------------------------------

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
