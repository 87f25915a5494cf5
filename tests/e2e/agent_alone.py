# SPDX-License-Identifier: Apache-2.0
"""patchbay-agent against a plane that is only spoken to as it speaks: what those tests share."""

import pathlib
import signal
import subprocess
import time

import pytest

from conftest import BUILD, agent_environment
from fake_plane import ACTIVATION_CODE, ACTIVATION_ID, REGION, FakePlane

AGENT = BUILD / "src" / "agent" / "patchbay-agent"
SHELL = "aws:runShellScript"


def register(url, state, *more, code=ACTIVATION_CODE):
    return subprocess.run(
        [AGENT, "register", "--endpoint", url, "--region", REGION, "--activation-id",
         ACTIVATION_ID, "--activation-code", code, "--state", state, *more],
        capture_output=True, text=True, timeout=60, input=ACTIVATION_CODE + "\n")


class Agent:
    """A registered agent that can be started, stopped and killed."""

    def __init__(self, plane, folder, *more, **settings):
        self.plane, self.folder = plane, pathlib.Path(folder)
        self.state, self.log = self.folder / "the state", self.folder / "log"
        self.boot = self.folder / "boot_id"
        self.reboots = self.folder / "reboots"
        self.boot.write_text("boot-1\n")
        settings = {"boot_id_file": self.boot, "reboot_command": f"echo x >> {self.reboots}",
                    "reconnect_seconds": 1, **settings}
        self.config = self.folder / "agent.conf"
        self.config.write_text("".join(f"{k} = {v}\n" for k, v in settings.items()))
        done = register(plane.url, self.state, "--config", self.config, *more)
        assert done.returncode == 0, done.stderr
        self.node = done.stdout.split()[-1]
        self.process = None

    def start(self, **environment):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [AGENT, "run", "--state", self.state, "--config", self.config],
                env=agent_environment(**environment), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.process = None
        return code

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process = None

    def restart_node(self):
        """A power cut, but for the steps: the tests that need it end those themselves."""
        self.kill()
        self.boot.write_text(f"boot-{time.time()}\n")
        self.start()

    def logged(self):
        return self.log.read_text(errors="replace")


@pytest.fixture
def plane():
    plane = FakePlane()
    yield plane
    plane.close()
    assert plane.problems == []


@pytest.fixture
def make_agent(plane, tmp_path):
    agents = []

    def make(*more, **settings):
        folder = tmp_path / f"agent{len(agents)}"
        folder.mkdir()
        agents.append(Agent(plane, folder, *more, **settings))
        return agents[-1]

    yield make
    for agent in agents:
        if agent.process:
            agent.kill()
        secrets = [s for t in plane.tokens.values() for s in t[:2]] + [ACTIVATION_CODE]
        assert not agent.log.exists() or not [s for s in secrets if s in agent.logged()]
        assert "ERROR: " not in agent.logged() if agent.log.exists() else True  # sanitizers


@pytest.fixture
def agent(make_agent):
    return make_agent().start()


def statuses(payloads):
    """[("InProgress", {}), ("InProgress", {"a": "Success"}), ...]"""
    return [(p["documentStatus"], {k: v["status"] for k, v in (p["runtimeStatus"] or {}).items()})
            for p in payloads]


def steps(*items):
    return {"schemaVersion": "2.2", "description": "d", "mainSteps": list(items)}


def sh(name, *lines, **more):
    return {"action": SHELL, "name": name, "inputs": {"runCommand": list(lines), **more}}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
         folder / "key", "-out", folder / "cert", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,DNS:plane.test"], check=True, capture_output=True)
    return folder / "cert", folder / "key"
