# SPDX-License-Identifier: Apache-2.0
"""patchbay-agent and patchbayd together, both real, driven by boto3."""

import json
import pathlib
import signal
import sqlite3
import subprocess

import pytest
from conftest import BUILD, REGION, Plane, agent_environment, wait_for
from node_fixtures import role, ssm  # noqa: F401 (fixtures)

AGENT = BUILD / "src" / "agent" / "patchbay-agent"


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane(tmp_path_factory.mktemp("agent-plane") / "data", "--node-key-days", "30").start()
    yield plane
    assert plane.stop() == 0, plane.log_text()


class Node:
    def __init__(self, plane, ssm, role, folder):
        self.folder = pathlib.Path(folder)
        self.state, self.boot, self.reboots = (self.folder / n for n in
                                               ("state", "boot", "reboots"))
        self.boot.write_text("1\n")
        self.config = self.folder / "agent.conf"
        self.config.write_text("reconnect_seconds = 1\nheartbeat_seconds = 1\n")
        self.process = None
        self.register(plane, ssm, role)

    def register(self, plane, ssm, role, *more):
        activation = ssm.create_activation(IamRole=role)
        done = subprocess.run(
            [AGENT, "register", "--endpoint", plane.url, "--region", REGION, "--activation-id",
             activation["ActivationId"], "--activation-code", activation["ActivationCode"],
             "--state", self.state, *more], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.id = done.stdout.split()[-1]

    def logged(self):
        return (self.folder / "log").read_text()

    def identity(self):
        return json.loads((self.state / "identity.json").read_text())

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [AGENT, "run", "--state", self.state, "--boot-id-file", self.boot,
                 "--config", self.config, "--reboot-command", f"echo x >> {self.reboots}"],
                env=agent_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def end(self, how=signal.SIGTERM):
        process, self.process = self.process, None
        if process:
            process.send_signal(how)
            return process.wait(30)


@pytest.fixture
def node(plane, ssm, role, tmp_path):
    node = Node(plane, ssm, role, tmp_path).start()
    yield node
    code = node.end()
    ssm.deregister_managed_instance(InstanceId=node.id)
    assert code in (0, None), (tmp_path / "log").read_text()


def send(ssm, node, *commands, **parameters):
    sent = ssm.send_command(
        InstanceIds=[node.id], DocumentName="AWS-RunShellScript",
        Parameters={"commands": list(commands), **{k: [v] for k, v in parameters.items()}})
    return sent["Command"]["CommandId"]


def result(ssm, node, command, timeout=30):
    def over():
        got = ssm.get_command_invocation(CommandId=command, InstanceId=node.id)
        return got if got["Status"] not in ("Pending", "InProgress", "Delayed", "Cancelling") else 0
    return wait_for(over, timeout)


def test_the_plane_sees_the_node(ssm, node):
    def online():
        found = ssm.describe_instance_information(
            Filters=[{"Key": "InstanceIds", "Values": [node.id]}])["InstanceInformationList"]
        return found and found[0].get("PlatformName") and found[0]
    info = wait_for(online)
    assert (info["PingStatus"], info["PlatformType"]) == ("Online", "Linux")
    assert info["AgentVersion"] and info["IPAddress"] and info["ComputerName"]


def test_a_command_runs_and_its_output_shows(ssm, node):
    command = send(ssm, node, "echo out", "echo err >&2")
    got = result(ssm, node, command)
    assert (got["Status"], got["ResponseCode"]) == ("Success", 0)
    assert (got["StandardOutputContent"], got["StandardErrorContent"]) == ("out\n", "err\n")
    shown = ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"][0]
    assert shown["CommandPlugins"][0]["Output"] == "out\n\n----------ERROR-------\nerr\n"
    assert result(ssm, node, send(ssm, node, "exit 7"))["ResponseCode"] == 7
    late = result(ssm, node, send(ssm, node, "sleep 60", executionTimeout="5"))
    assert (late["Status"], late["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")


def test_a_command_is_cancelled(ssm, node):
    started = node.folder / "started"
    command = send(ssm, node, f"touch {started}; sleep 60")
    wait_for(started.exists)
    ssm.cancel_command(CommandId=command)
    assert result(ssm, node, command)["Status"] == "Cancelled"


def test_a_restart_is_one_command_to_the_plane(ssm, node, tmp_path):
    command = send(ssm, node, f"[ ! -e {tmp_path}/flag ] || {{ echo second; exit 0; }}",
                   f"touch {tmp_path}/flag; echo first; exit 194")
    wait_for(lambda: node.reboots.exists())
    node.end(signal.SIGKILL)
    assert ssm.get_command_invocation(CommandId=command,
                                      InstanceId=node.id)["Status"] == "InProgress"
    node.boot.write_text("2\n")
    node.start()
    got = result(ssm, node, command)
    assert (got["Status"], got["StandardOutputContent"]) == ("Success", "first\nsecond\n")


def test_neither_side_is_lost_without_the_other(plane, ssm, node, tmp_path):
    """Both are killed while a command runs; it has run once and its result arrives."""
    go_on = tmp_path / "go on"
    command = send(ssm, node, f"echo x >> {tmp_path}/ran; "
                              f"until [ -e '{go_on}' ]; do sleep 0.1; done; echo done")
    wait_for(lambda: (tmp_path / "ran").exists())
    listen = plane.url.split("//")[1]
    plane.kill()
    go_on.touch()
    wait_for(lambda: list((node.state / "steps" / command).glob("*/result.json")))
    wait_for(lambda: "cannot be used" in node.logged())
    node.end(signal.SIGKILL)
    node.start()
    wait_for(lambda: node.logged().count("cannot be used") >= 2)
    plane.start(listen)
    got = result(plane.client("ssm"), node, command, 90)
    assert (got["Status"], got["StandardOutputContent"]) == ("Success", "done\n")
    assert (tmp_path / "ran").read_text() == "x\n"


def test_a_node_whose_key_is_old_is_asked_for_a_new_one(plane, ssm, node):
    assert result(ssm, node, send(ssm, node, "true"))["Status"] == "Success"
    assert node.end() == 0
    old, listen = node.identity(), plane.url.split("//")[1]
    plane.stop()
    with sqlite3.connect(plane.data / "patchbay.db") as db:  # a month passes
        done = db.execute("UPDATE ssm_node SET key_made_at = key_made_at - 31 * 86400000"
                          " WHERE id = ?", [node.id])
        assert done.rowcount == 1
    plane.start(listen)
    node.start()
    again = plane.client("ssm")
    assert result(again, node, send(again, node, "true"))["Status"] == "Success"
    assert node.identity()["private_key"] == old["private_key"]  # it has asked for nothing yet
    node.end()
    (node.state / "token.json").unlink()
    node.start()
    wait_for(lambda: "has a new key" in node.logged())
    now = node.identity()
    assert now["private_key"] != old["private_key"] and "next_key" not in now
    node.end()
    (node.state / "token.json").unlink()  # which the new key opens the door to
    node.start()
    assert result(again, node, send(again, node, "true"))["Status"] == "Success"
    assert node.logged().count("has a new key") == 1


def test_an_activation_of_another_region_is_refused_and_not_spent(plane, ssm, role, tmp_path):
    """Else the host would be a node of a Region in which no call of it is ever taken."""
    activation = ssm.create_activation(IamRole=role)
    for region, status in ("eu-west-1", 1), (REGION, 0):
        done = subprocess.run(
            [AGENT, "register", "--endpoint", plane.url, "--region", region, "--activation-id",
             activation["ActivationId"], "--activation-code", activation["ActivationCode"],
             "--state", tmp_path / "state"], capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        if status:
            assert f"InvalidActivation: The activation is one of the Region {REGION}" in done.stderr
            assert not (tmp_path / "state" / "identity.json").exists()
    ssm.deregister_managed_instance(InstanceId=done.stdout.split()[-1])


def test_a_deregistered_node_rests_until_it_is_registered_again(plane, role, node):
    ssm = plane.client("ssm")
    assert result(ssm, node, send(ssm, node, "true"))["Status"] == "Success"
    old, process = node.id, node.process
    ssm.deregister_managed_instance(InstanceId=old)
    wait_for(lambda: f"the plane refuses this node, {old}: UnrecognizedClient" in node.logged(), 40)
    node.register(plane, ssm, role, "--force")
    assert node.id != old
    assert result(ssm, node, send(ssm, node, "true"))["Status"] == "Success"
    assert node.process is process and process.poll() is None
