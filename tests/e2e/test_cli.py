# SPDX-License-Identifier: Apache-2.0
"""`patchbay`, the operator's command line, against a plane with simulated hosts."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import uuid

import pytest

from automation_world import (ADMIN_ROLE, EXECUTION_ROLE, GROUP, RUNBOOK, finished,
                              make_admin_role, make_execution_role, make_group, make_runbook,
                              runbook)
from cli_host import FAILED, NOT_WELL, PATCHBAY, USAGE, WELL, Host, patchbay, rows  # noqa: F401
from conftest import REGION, Organization, Plane, wait_for

EMPTY_REGION = "ap-southeast-2"


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane(tmp_path_factory.mktemp("cli plane") / "data").start()
    yield plane
    assert plane.stop() == 0, plane.log_text()


@pytest.fixture(scope="module")
def organization(plane):
    return Organization(plane)


@pytest.fixture(scope="module")
def hosts(plane, organization):
    one, two = organization.members
    return [Host(plane, two, "beta"), Host(plane, one, "zeta"), Host(plane, one, "alpha")]


# --- wrong use ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("args, sentence", [
    ([], ""), (["nodse"], "unknown command nodse"), (["--no-such", "nodes"], "--no-such"),
    (["nodes", "--endpoint"], "missing or wrong value of --endpoint"),
    (["nodes", "--output", "xml"], "missing or wrong value of --output"),
    (["env", "now"], "takes no arguments"), (["status", "now"], "takes no arguments"),
    (["nodes", "now"], "takes no arguments"), (["status", "--details"], "only nodes takes"),
    (["compliance", "now"], "takes no arguments"),
    (["executions", "watch"], "usage: patchbay executions"),
    (["nodes", "--account", "1"], "missing or wrong value of --account"),
    (["env", "--output", "json"], "no JSON"),
])
def test_wrong_use(patchbay, args, sentence):
    assert sentence in patchbay(*args, status=USAGE).stderr


def test_a_plane_that_is_not_there_is_told(patchbay):
    for args in (["status"], ["nodes"], ["executions"], ["executions", "watch", str(uuid.uuid4())],
                 ["compliance"], ["env"]):
        done = patchbay("--endpoint", "http://127.0.0.1:1", *args, status=FAILED)
        assert "http://127.0.0.1:1 cannot be reached" in done.stderr and done.stdout == ""
        assert len(done.stderr.splitlines()) == 1


def test_what_is_missing_is_told(patchbay, tmp_path):
    assert "PATCHBAY_ENDPOINT" in patchbay("status", status=FAILED, PATCHBAY_ENDPOINT="").stderr
    assert 'no profile "other"' in patchbay("--profile=other", "status", status=FAILED).stderr
    done = patchbay("status", status=FAILED, AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"))
    assert "AWS_SHARED_CREDENTIALS_FILE" in done.stderr
    done = patchbay("status", status=FAILED, AWS_ACCESS_KEY_ID="AKIAAAAAAAAAAAAAAAAA",
                    AWS_SECRET_ACCESS_KEY="x", AWS_PROFILE="")
    assert "InvalidClientTokenId" in done.stderr


# --- nodes, status, compliance ------------------------------------------------------------------------

def test_nodes_of_all_accounts_in_order(patchbay, organization, hosts):
    beta, zeta, alpha = hosts
    listed = rows(patchbay("nodes"))
    expected = sorted([(organization.members[1], "beta", beta.id),
                       (organization.members[0], "zeta", zeta.id),
                       (organization.members[0], "alpha", alpha.id)])
    assert [(n["ACCOUNT"], n["HOST"], n["NODE"]) for n in listed] == expected
    assert {(n["REGION"], n["PLATFORM"], n["STATUS"]) for n in listed} == {
        (REGION, "Debian GNU/Linux 12", "Online")}
    as_json = json.loads(patchbay("nodes", "--output", "json").stdout)
    assert [n["InstanceId"] for n in as_json] == [n["NODE"] for n in listed]
    only = rows(patchbay("--account", organization.members[1], "nodes"))
    assert [n["HOST"] for n in only] == ["beta"]
    both = patchbay("--region", EMPTY_REGION, "--region", f"{REGION},sa-east-1", "nodes")
    assert [n["NODE"] for n in rows(both)] == [n["NODE"] for n in listed]


def test_where_there_is_nothing_it_is_said(patchbay, hosts):
    place = ("--region", EMPTY_REGION)
    for command, status, sentence in [
            ("nodes", WELL, "no managed nodes"), ("executions", WELL, "no executions"),
            ("compliance", NOT_WELL, "no managed nodes")]:  # nobody is not "all are compliant"
        done = patchbay(*place, command, status=status)
        assert sentence in done.stderr and rows(done) == [], command
        done = patchbay(*place, "--output", "json", command, status=status)
        assert json.loads(done.stdout) == [], command


def test_what_hosts_say_of_themselves_is_in_the_details(patchbay, hosts):
    told = next(h for h in hosts if h.name == "alpha")
    told.agent.ssm("PutInventory", InstanceId=told.id, Items=[
        {"TypeName": "Custom:PatchbayHost", "SchemaVersion": "1.0", "ContentHash": "0" * 32,
         "CaptureTime": "2026-11-23T16:00:00Z", "Content": [{
             "Reboot": "Needed", "OldCodeUsers": "2", "RunningKernel": "6.1.0-9-amd64",
             "FailedUnits": "not known"}]}])
    listed = {row["HOST"]: row for row in rows(patchbay("nodes", "--details"))}
    assert (listed["alpha"]["REBOOT"], listed["alpha"]["OLD CODE"]) == ("Needed", "2")
    assert listed["alpha"]["FAILED UNITS"] == "not known" and listed["zeta"]["REBOOT"] == "-"
    found = json.loads(patchbay("nodes", "--details", "--output", "json").stdout)
    facts = {node["ComputerName"]: node.get("Facts") for node in found}
    assert facts["alpha"]["RunningKernel"] == "6.1.0-9-amd64" and facts["beta"] is None


def test_status(patchbay, plane, organization, hosts):
    text = patchbay("status").stdout
    assert plane.url in text and organization.management in text and "3, 3 online" in text
    assert json.loads(patchbay("status", "--output=json").stdout) == {
        "Endpoint": plane.url, "Account": organization.management, "Nodes": 3, "NodesOnline": 3}


def test_compliance(patchbay, hosts):
    beta, zeta, alpha = hosts
    beta.report()
    zeta.report(missing=2)
    by_node = {n["NODE"]: n for n in rows(patchbay("compliance", status=NOT_WELL))}
    assert by_node[beta.id]["COMPLIANT"] == "yes" and by_node[beta.id]["INSTALLED"] == "10"
    assert by_node[zeta.id]["COMPLIANT"] == "NO" and by_node[zeta.id]["MISSING"] == "2"
    assert by_node[alpha.id]["COMPLIANT"] == "never scanned"
    assert {by_node[host.id]["HOST"] for host in hosts} == {"alpha", "beta", "zeta"}
    states = json.loads(patchbay("compliance", "--output", "json", status=NOT_WELL).stdout)
    assert {s["InstanceId"]: s["Compliant"] for s in states} == {
        beta.id: True, zeta.id: False, alpha.id: False}
    zeta.report(InstalledPendingRebootCount=1)
    patchbay("compliance", status=NOT_WELL)
    for host in hosts:
        host.report()
    patchbay("compliance", status=WELL)


def test_compliance_is_not_known_after_a_run_that_failed(patchbay, plane, organization, hosts):
    """It could not report, and the report before it still stands."""
    beta, host, _ = hosts
    for each in hosts:
        each.report()
    ssm = plane.client("ssm", organization.members[0])
    for document in "AWS-RunShellScript", "AWS-RunPatchBaseline":
        patchbay("compliance", status=WELL)
        parameters = ({"commands": ["false"]} if document == "AWS-RunShellScript"
                      else {"Operation": ["Scan"]})
        ssm.send_command(InstanceIds=[host.id], DocumentName=document, Parameters=parameters)
        host.agent.run(host.agent.next_message(), "Failed", code=1)
    by_node = {n["NODE"]: n for n in rows(patchbay("compliance", status=NOT_WELL))}
    assert by_node[host.id]["COMPLIANT"] == "not known: the last run failed"
    assert by_node[beta.id]["COMPLIANT"] == "yes"
    host.report(OperationEndTime="2100-01-01T00:00:00Z")
    patchbay("compliance", status=WELL)


# --- env ------------------------------------------------------------------------------------------------

def aws_after_env(patchbay, arguments, *commands):
    """What `sh` prints that evaluates `patchbay env` and then runs these commands."""
    aws = shutil.which("aws", path="/usr/bin:/usr/local/bin:" + os.environ["PATH"])
    assert aws, "the AWS CLI is missing: install awscli"
    script = "\n".join([
        "set -e", f'exports=$("{PATCHBAY}" {arguments} env)', 'eval "$exports"',
        f'aws() {{ {aws} --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }}', *commands])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60,
                          env={**patchbay.environment, "AWS_PAGER": "",
                               "AWS_EC2_METADATA_DISABLED": "true"})
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


WHO = "sts get-caller-identity --query Arn"


def test_env_makes_the_aws_cli_use_the_plane(patchbay, organization):
    one, two = organization.members
    me, first, second = aws_after_env(
        patchbay, "--region eu-west-1", f"aws {WHO}",
        f"aws --profile account-{one} {WHO}", f"aws --profile account-{two} {WHO}")
    assert me == f"arn:aws:iam::{organization.management}:user/admin"
    assert first == f"arn:aws:sts::{one}:assumed-role/OrganizationAccountAccessRole/patchbay"
    assert second == f"arn:aws:sts::{two}:assumed-role/OrganizationAccountAccessRole/patchbay"


def test_env_for_one_account(patchbay, organization):
    one, two = organization.members
    in_one, in_two, own = aws_after_env(
        patchbay, f"--account {one} --region eu-west-1", f"aws {WHO}",
        f"cd / && aws --profile account-{two} {WHO}",
        f"aws --profile account-{organization.management} {WHO}")
    assert in_one.startswith(f"arn:aws:sts::{one}:assumed-role/")
    assert in_two.startswith(f"arn:aws:sts::{two}:assumed-role/")
    assert own == f"arn:aws:iam::{organization.management}:user/admin"


def test_env_finds_a_relative_file_from_anywhere(patchbay, plane, organization):
    one = organization.members[0]
    patchbay.environment["AWS_SHARED_CREDENTIALS_FILE"] = os.path.relpath(
        plane.data / "credentials")
    who, = aws_after_env(patchbay, "", f"cd / && aws --profile account-{one} {WHO}")
    assert who.startswith(f"arn:aws:sts::{one}:assumed-role/")


def test_what_env_writes_is_for_its_owner(patchbay, tmp_path):
    patchbay("env")
    file = tmp_path / ".config" / "patchbay" / "aws-config"
    assert file.stat().st_mode & 0o777 == 0o600
    elsewhere = tmp_path / "else where"
    assert str(elsewhere) in patchbay("env", XDG_CONFIG_HOME=str(elsewhere)).stdout


# --- executions -------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def world(plane, organization, hosts):
    """The tutorial's roles, groups and runbook; in EMPTY_REGION the group has no nodes."""
    make_admin_role(plane)
    make_runbook(plane.client("ssm"), RUNBOOK, runbook())
    for account in organization.members:
        make_execution_role(plane, account, organization.management)
        make_group(plane, account, REGION)
        make_group(plane, account, EMPTY_REGION)
    return organization


def start(plane, organization, *regions):
    role = f"arn:aws:iam::{organization.management}:role/{ADMIN_ROLE}"
    return plane.client("ssm").start_automation_execution(
        DocumentName=RUNBOOK,
        Parameters={"AutomationAssumeRole": [role], "Operation": ["Install"]},
        TargetLocations=[{"Accounts": organization.members, "Regions": list(regions),
                          "TargetLocationMaxConcurrency": "4", "TargetLocationMaxErrors": "100%",
                          "ExecutionRoleName": EXECUTION_ROLE}])["AutomationExecutionId"]


class Watch:
    """`patchbay executions watch` while it runs."""

    def __init__(self, patchbay, execution):
        self.process = subprocess.Popen([PATCHBAY, "executions", "watch", execution],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=patchbay.environment,
                                        # Started in the background, tests ignore it themselves.
                                        preexec_fn=lambda: signal.signal(signal.SIGINT,
                                                                         signal.SIG_DFL))
        self.lines = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def says(self, *words):
        return any(all(word in line for word in words) for line in self.lines)

    def end(self):
        status = self.process.wait(30)
        self._thread.join(5)
        return status, self.process.stderr.read()


def test_a_run_is_watched_by_place_and_node(patchbay, plane, world, hosts):
    execution = start(plane, world, REGION)
    watch = Watch(patchbay, execution)
    messages = [(host, host.agent.next_message()) for host in hosts]
    wait_for(lambda: all(watch.says(host.id, host.name, "InProgress") or
                         watch.says(host.id, host.name, "Pending") for host in hosts))
    assert all(watch.says(a, REGION, "InProgress") for a in world.members), watch.lines

    host, message = messages[0]
    payload = json.loads(message["Payload"])
    name = payload["DocumentContent"]["mainSteps"][-1]["name"]
    host.agent.reply(message, "InProgress")
    host.agent.acknowledge(message)
    host.agent.reply(message, "InProgress", {name: {"status": "SuccessAndReboot", "code": 194}})
    wait_for(lambda: watch.says(host.id, "rebooting"))
    host.agent.reply(message, "Success", {name: {"status": "Success"}})
    for host, message in messages[1:]:
        host.agent.run(message)
    status, errors = watch.end()
    assert (status, errors) == (WELL, "")
    assert all(watch.says(a, REGION, "Success") for a in world.members), watch.lines
    assert all(watch.says(host.id, "Success") for host in hosts)
    assert watch.lines[-1] == f"{execution}  Success: 3 nodes, 0 of them without success"
    assert len(watch.lines) == len(set(watch.lines)), "a line is said once"

    listed = {e["EXECUTION"]: e for e in rows(patchbay("executions"))}
    assert listed[execution]["STATUS"] == "Success"
    assert listed[execution]["DOCUMENT"] == RUNBOOK
    whole = json.loads(patchbay("executions", "watch", execution, "--output", "json").stdout)
    assert whole["AutomationExecutionStatus"] == "Success"
    nodes = [i["InstanceId"] for place in whole["StepExecutions"]
             for step in place["StepExecutions"] for i in step["CommandInvocations"]]
    assert sorted(nodes) == sorted(host.id for host in hosts)


def test_a_node_that_failed_is_seen(patchbay, plane, world, hosts):
    execution = start(plane, world, REGION)
    for number, host in enumerate(hosts):
        host.agent.run(host.agent.next_message(), "Failed" if number == 0 else "Success",
                       code=1 if number == 0 else 0)
    done = patchbay("executions", "watch", execution, status=NOT_WELL)
    assert re.search(f"{hosts[0].id}.*Failed", done.stdout)
    assert all(re.search(f"{host.id}.*Success", done.stdout) for host in hosts[1:])
    assert done.stdout.rstrip().endswith("3 nodes, 1 of them without success"), done.stdout


def test_a_failed_run_says_why(patchbay, plane, world, hosts):
    make_runbook(plane.client("ssm"), "Other-Runbook", runbook())
    ssm = plane.client("ssm")
    execution = ssm.start_automation_execution(
        DocumentName="Other-Runbook", Parameters={"Operation": ["Install"]},
        TargetLocations=[{"Accounts": [world.members[0]], "Regions": [REGION],
                          "ExecutionRoleName": "NoSuchRole"}])["AutomationExecutionId"]
    finished(ssm, execution)
    done = patchbay("executions", "watch", execution, status=NOT_WELL)
    assert re.search(f"{world.members[0]}.*Failed: .*NoSuchRole", done.stdout), done.stdout
    assert "  Failed: 0 nodes" in done.stdout


def test_a_group_that_matched_nothing_is_not_overlooked(patchbay, plane, world):
    execution = start(plane, world, EMPTY_REGION)
    assert finished(plane.client("ssm"), execution)["AutomationExecutionStatus"] == "Success"
    done = patchbay("executions", "watch", execution, status=NOT_WELL)
    for account in world.members:
        assert re.search(rf"WARNING: the resource group {GROUP} has no managed nodes in account "
                         rf"{account}", done.stderr), done.stderr
    assert "NOTHING WAS PATCHED" in done.stderr
    done = patchbay("executions", "watch", execution, "--output", "json", status=NOT_WELL)
    assert json.loads(done.stdout)["AutomationExecutionId"] == execution
    assert "WARNING" in done.stderr


def test_a_local_run_that_matched_nothing_is_not_overlooked(patchbay, plane, world):
    make_group(plane, None, REGION)
    ssm = plane.client("ssm")
    execution = ssm.start_automation_execution(
        DocumentName=RUNBOOK, Parameters={"Operation": ["Install"]})["AutomationExecutionId"]
    finished(ssm, execution)
    done = patchbay("executions", "watch", execution, status=NOT_WELL)
    assert f"the resource group {GROUP} has no managed nodes" in done.stderr
    assert re.search(f"{world.management}.*runPatchBaseline.*Success", done.stdout)


def test_an_unknown_run(patchbay):
    done = patchbay("executions", "watch", str(uuid.uuid4()), status=FAILED)
    assert "AutomationExecutionNotFoundException" in done.stderr


def test_a_watch_is_left_and_outlives_the_plane(patchbay, plane, world, hosts):
    execution = start(plane, world, REGION)
    left, watch = Watch(patchbay, execution), Watch(patchbay, execution)
    wait_for(lambda: left.says(REGION, "InProgress") and watch.says(REGION, "InProgress"))
    left.process.send_signal(signal.SIGINT)
    status, errors = left.end()
    assert status in (130, -signal.SIGINT) and errors == ""
    assert not plane.process.poll()

    plane.kill()
    wait_for(lambda: watch.says("the plane", "does not answer"))
    plane.restart()
    for host in hosts:
        host.agent.run(host.agent.next_message())
    assert watch.end() == (WELL, "")
    assert watch.lines[-1].startswith(f"{execution}  Success: 3 nodes, 0 of them")
