# SPDX-License-Identifier: Apache-2.0
"""`patchbay`, the operator's command line, as tests call it, and simulated hosts to look at."""

import os
import re
import subprocess
import time

import pytest

import agent as agents
from conftest import BUILD

PATCHBAY = BUILD / "src" / "cli" / "patchbay"
WELL, FAILED, USAGE, NOT_WELL = range(4)


class Host:
    """A simulated host that does as it is told, one command at a time."""

    def __init__(self, plane, account, name):
        iam, ssm = plane.client("iam", account), plane.client("ssm", account)
        try:
            agents.make_node_role(iam)
        except iam.exceptions.EntityAlreadyExistsException:
            pass
        activation = ssm.create_activation(IamRole="NodeRole",
                                           Tags=[{"Key": "fleet", "Value": "yes"}])
        self.agent = agents.Agent(plane.url).start(activation["ActivationId"],
                                                   activation["ActivationCode"])
        self.agent.ping(AgentStatus="Active", ComputerName=name, IPAddress="192.0.2.7",
                        PlatformName="Debian GNU/Linux", PlatformVersion="12")
        self.id, self.name = self.agent.id, name

    def report(self, missing=0, **more):
        """The result of a scan, as patchbay-patch reports it."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        summary = {"BaselineId": "pb-0123456789abcdef0", "OperationType": "Scan",
                   "OperationStartTime": now, "OperationEndTime": now, "InstalledCount": 10,
                   "InstalledOtherCount": 1, "MissingCount": missing, "FailedCount": 0, **more}
        self.agent.ssm("PutInventory", InstanceId=self.id, Items=[
            {"TypeName": "AWS:PatchSummary", "SchemaVersion": "1.0", "CaptureTime": now,
             "ContentHash": "0" * 32,
             "Content": [{k: str(v) for k, v in summary.items()}]}])


@pytest.fixture
def patchbay(plane, tmp_path):
    return make_patchbay(plane, tmp_path)


def make_patchbay(plane, home):
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PATCHBAY_ENDPOINT": plane.url,
                   "AWS_SHARED_CREDENTIALS_FILE": str(plane.data / "credentials"),
                   "AWS_PROFILE": "management"}

    def run(*args, status=WELL, **more):
        done = subprocess.run([PATCHBAY, *args], capture_output=True, text=True, timeout=60,
                              env={**environment, **more})
        assert done.returncode == status, done
        return done

    run.environment = environment
    return run


def rows(done):
    """A table as dictionaries by its headings, which are set apart by two blanks."""
    head, *lines = done.stdout.splitlines()
    starts = [m.start() for m in re.finditer(r"(?:(?<=  )|^)\S", head)]
    names = re.split(r"\s{2,}", head.strip())
    assert len(names) == len(starts), head
    return [dict(zip(names, re.split(r"\s{2,}", line.strip()))) for line in lines]
