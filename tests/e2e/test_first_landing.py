# SPDX-License-Identifier: Apache-2.0
"""One account, one host: an activation, patchbay-agent, a shell script sent with the AWS CLI,
and its output where everybody looks for it."""

import json
import os
import shutil
import subprocess

import pytest

import agent as agents
from conftest import BUILD, REGION, wait_for

AGENT = BUILD / "src" / "agent" / "patchbay-agent"


@pytest.fixture
def aws(plane, tmp_path):
    """The AWS CLI, as the administrator."""
    command = shutil.which("aws", path="/usr/bin:/usr/local/bin:" + os.environ["PATH"])
    assert command, "the AWS CLI is missing: install awscli"
    environment = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": str(plane.data / "credentials"),
                   "AWS_PROFILE": "management", "AWS_DEFAULT_REGION": REGION,
                   "AWS_PAGER": "", "HOME": str(tmp_path)}

    def run(*args):
        done = subprocess.run([command, "--endpoint-url", plane.url, "--output", "json", *args],
                              env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


@pytest.fixture
def running_agent(plane, aws, tmp_path):
    role = agents.make_node_role(plane.client("iam"), "FirstLandingNode")
    activation = aws("ssm", "create-activation", "--iam-role", role)
    state = tmp_path / "state"
    done = subprocess.run(
        [AGENT, "register", "--endpoint", plane.url, "--region", REGION, "--activation-id",
         activation["ActivationId"], "--activation-code", activation["ActivationCode"],
         "--state", state], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    config = tmp_path / "agent.conf"
    config.write_text("reboot_command = true\n")
    with open(tmp_path / "agent.log", "wb") as log:
        process = subprocess.Popen([AGENT, "run", "--state", state, "--config", config],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    yield process
    process.terminate()
    process.wait(30)


def test_a_shell_script_shows_its_output(aws, running_agent):
    node, = wait_for(lambda: aws("ssm", "describe-instance-information", "--filters",
                                 "Key=PingStatus,Values=Online")["InstanceInformationList"])
    command = aws("ssm", "send-command", "--document-name", "AWS-RunShellScript",
                  "--instance-ids", node["InstanceId"], "--parameters",
                  json.dumps({"commands": ["echo hello from $SSM_COMMAND_ID", "echo oh >&2"]}))
    id = command["Command"]["CommandId"]

    def finished():
        shown, = aws("ssm", "list-command-invocations", "--command-id", id,
                     "--details")["CommandInvocations"]
        return shown if shown["Status"] not in ("Pending", "InProgress") else None

    shown = wait_for(finished, timeout=30, pause=0.2)
    assert shown["Status"] == "Success"
    assert shown["CommandPlugins"][0]["Output"] == (
        f"hello from {id}\n\n----------ERROR-------\noh\n")
    assert running_agent.poll() is None
