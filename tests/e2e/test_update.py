# SPDX-License-Identifier: Apache-2.0
"""Updates of the agent at the plane's word, on real hosts without systemd: signed packages only,
and back to the version before whenever the new agent does not reach the plane."""

import json
import pathlib
import shutil
import sys
import time

import pytest

import agent as agents
from agent_updates import (ENDS_AT_ONCE, NEVER_SPEAKS, NEXT, VERSION, Kinds, deb,
                           with_broken_postinst)
from conftest import wait_for
from packages import Packages

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "testbed"))

from testbed import Host  # noqa: E402  (the path is set above)

STATE = "/var/lib/patchbay-agent"
JOURNAL = f"{STATE}/update/journal.json"
OVER = {"Success", "Failed", "TimedOut", "Cancelled"}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    return Kinds(tmp_path_factory.mktemp("kinds"))


class Node:
    """A host with the package, registered, whose agent starts with each boot; and its plane's view."""

    def __init__(self, plane, served):
        self.plane, self.served = plane, served
        self.ssm = plane.client("ssm")
        self.host = Host("update", binds={"/srv/packages": served},
                         start=[("/usr/lib/patchbay/start-agent", f"{STATE}/identity.json")])

    def __enter__(self):
        self.host.start()
        try:
            self.host.exec("dpkg", "-i", f"/srv/packages/{deb()}")
            self.host.exec("cp", "/srv/packages/packages.pem", "/etc/patchbay/packages.pem")
            role = agents.make_node_role(self.plane.client("iam"), f"Node{time.monotonic_ns()}")
            answer = self.ssm.create_activation(IamRole=role)
            said = self.host.exec(
                "patchbay-agent", "register", "--endpoint", self.plane.url, "--region", "us-east-1",
                "--activation-id", answer["ActivationId"], "--activation-code",
                answer["ActivationCode"]).stdout
            self.id = said.split()[-1]
            wait_for(lambda: self.version() == VERSION)
        except BaseException:
            self.host.close()
            raise
        return self

    def __exit__(self, *_):
        self.host.close()

    def serve(self, directory):
        """Other packages from now on, in the same folder."""
        for path in pathlib.Path(self.served).iterdir():
            path.unlink()
        for path in pathlib.Path(directory).iterdir():
            shutil.copy(path, self.served)

    def version(self):
        """The one that the plane has heard of last."""
        for node in self.ssm.describe_instance_information()["InstanceInformationList"]:
            if node["InstanceId"] == self.id:
                return node.get("AgentVersion")
        return None

    def installed(self):
        return self.host.sh("dpkg-query -W -f '${Version} ${Status}' patchbay-agent")

    def send(self, document, **parameters):
        return self.ssm.send_command(InstanceIds=[self.id], DocumentName=document, Parameters={
            k: [v] for k, v in parameters.items()})["Command"]["CommandId"]

    def end(self, command, timeout=60):
        def look():
            try:
                found = self.ssm.get_command_invocation(CommandId=command, InstanceId=self.id)
            except self.ssm.exceptions.InvocationDoesNotExist:
                return None
            return found if found["Status"] in OVER else None
        try:
            return wait_for(look, timeout=timeout)
        except AssertionError:
            raise AssertionError(self.host.console + self.host.sh(
                f"cat {JOURNAL}", check=False)) from None

    def run(self, line):
        return self.end(self.send("AWS-RunShellScript", commands=line))

    def update(self, *options, expect):
        """By hand, on the host."""
        done = self.host.exec("patchbay-agent", "update", *options, check=False, timeout=120)
        assert done.returncode == expect, (done.stdout, done.stderr, self.host.console)
        return done.stdout + done.stderr

    def works(self, version):
        """It is that version, installed whole, and it does what it is told."""
        assert self.installed() == f"{version} install ok installed"
        wait_for(lambda: self.version() == version)
        done = self.run("readlink /proc/$PPID/exe; patchbay-agent --version")
        assert done["Status"] == "Success"
        assert done["StandardOutputContent"].split("\n")[:2] == [
            "/usr/sbin/patchbay-agent", f"patchbay-agent {version}"]


@pytest.fixture
def node(kinds, make_plane, tmp_path):
    served = tmp_path / "served"
    shutil.copytree(kinds.folder("good"), served)
    plane = make_plane("--packages-dir", str(served))
    with Node(plane, served) as node:
        yield node


# --- what goes well -------------------------------------------------------------------------------

def test_the_plane_updates_its_agents_and_takes_them_back_when_told(node):
    done = node.end(node.send("AWS-UpdateSSMAgent"))
    assert done["Status"] == "Success", done
    assert f"updated from {VERSION} to {NEXT}" in done["StandardOutputContent"]
    node.works(NEXT)
    # The installed package is kept, for the way back of the next update.
    assert node.host.sh(f"ls {STATE}/packages") == deb(NEXT)

    done = node.end(node.send("AWS-UpdateSSMAgent"))
    assert done["Status"] == "Success"
    assert f"{NEXT} is installed already" in done["StandardOutputContent"]

    done = node.end(node.send("AWS-UpdateSSMAgent", version=VERSION))
    assert done["Status"] == "Failed"
    assert "a downgrade was not allowed" in done["StandardErrorContent"]
    node.works(NEXT)
    done = node.end(node.send("AWS-UpdateSSMAgent", version=VERSION, allowDowngrade="true"))
    assert done["Status"] == "Success", done
    node.works(VERSION)


def test_what_a_document_may_be_given(node):
    for wrong in ({"version": "1.0; reboot"}, {"version": "latest"}, {"allowDowngrade": "yes"},
                  {"source": "https://elsewhere.example"}):
        with pytest.raises(node.ssm.exceptions.InvalidParameters):
            node.send("AWS-UpdateSSMAgent", **wrong)


# Of systemd just what the updater asks for; it starts what it restarts in a session of its own.
SYSTEMCTL = f"""#!/bin/sh
echo "$*" >> /run/systemctl.log
pid=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' {STATE}/agent.json)
case "$*" in
show*) echo "$pid" ;;
*restart*) kill "$pid"; setsid /usr/sbin/patchbay-agent run </dev/null >/dev/null 2>&1 & ;;
esac
"""


def test_where_systemd_started_the_agent_it_starts_the_new_one(node):
    node.host.write("/usr/bin/systemctl", SYSTEMCTL, "755")
    node.host.sh("mkdir -p /run/systemd/system")
    assert f"updated from {VERSION} to {NEXT}" in node.update(expect=0)
    calls = node.host.read("/run/systemctl.log").splitlines()
    assert calls[:3] == ["show --property=MainPID --value patchbay-agent.service", "daemon-reload",
                         "--no-block try-restart patchbay-agent.service"]
    assert set(calls[3:]) <= {"--no-block restart patchbay-agent.service"}
    node.works(NEXT)


def test_removal_stops_the_agent_and_keeps_the_node(node):
    node.host.exec("dpkg", "-r", "patchbay-agent")
    assert node.host.sh("readlink /proc/[0-9]*/exe | grep patchbay", check=False) == ""
    node.host.exec("dpkg", "-i", f"/srv/packages/{deb(NEXT)}")
    node.host.reboot()
    node.works(NEXT)


# --- what is refused, and changes nothing -------------------------------------------------------------

def spoil(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def test_nothing_is_installed_that_the_hosts_own_key_has_not_signed(node, kinds, tmp_path):
    served = pathlib.Path(node.served)
    spoil(served / deb(NEXT), -50)
    assert "not what the signed manifest says" in node.update(expect=1)
    node.serve(kinds.folder("good"))
    spoil(served / "MANIFEST.sig", 3)
    assert "not by the key of this host" in node.update(expect=1)
    node.serve(kinds.folder("good"))
    text = (served / "MANIFEST").read_text()
    (served / "MANIFEST").write_text(text.replace(f" {NEXT} ", " 99.0 "))
    assert "not by the key of this host" in node.update(expect=1)

    # A plane that was taken over signs with its own key, and offers that key along.
    Packages(served).sign(tmp_path / "thief.key")
    assert "not by the key of this host" in node.update(expect=1)
    (served / "MANIFEST").unlink()
    assert "MANIFEST cannot be had: status 404" in node.update(expect=1)
    node.serve(kinds.folder("good"))
    (served / deb(NEXT)).unlink()
    assert "cannot be had: status 404" in node.update(expect=1)
    node.serve(kinds.folder("good"))
    assert "no package of version 7.7" in node.update("--version", "7.7", expect=1)
    node.host.sh("mv /etc/patchbay/packages.pem /etc/patchbay/packages.off")
    assert "there is no key in /etc/patchbay/packages.pem" in node.update(expect=1)
    assert not node.host.has(JOURNAL)
    node.works(VERSION)


def test_no_way_back_is_no_update(node):
    served = pathlib.Path(node.served)
    (served / deb()).unlink()
    Packages(served).sign(node.served.parent / "x.key")
    node.host.exec("cp", "/srv/packages/packages.pem", "/etc/patchbay/packages.pem")
    assert "there would be no way back" in node.update(expect=1)
    node.works(VERSION)


# --- what goes wrong on the host ------------------------------------------------------------------------

@pytest.mark.parametrize("kind, agent, spoiled, sentence", [
    ("ends", ENDS_AT_ONCE, None, "did not reach the plane within 2 seconds"),
    ("silent", NEVER_SPEAKS, None, "did not reach the plane within 2 seconds"),
    ("postinst", None, with_broken_postinst, "dpkg failed on"),
])
def test_a_version_that_does_not_work_is_taken_back(node, kinds, kind, agent, spoiled, sentence):
    node.serve(kinds.folder(kind, agent, spoiled))
    command = node.send("AWS-RunShellScript",
                        commands="patchbay-agent update --timeout 2 --state $PATCHBAY_STATE")
    done = node.end(command)
    assert done["Status"] == "Failed"
    assert f"{NEXT} was taken back, {VERSION} runs again" in done["StandardErrorContent"], done
    assert sentence in done["StandardErrorContent"]
    node.works(VERSION)


def updaters(host):
    return host.sh("for p in /proc/[0-9]*; do case $(readlink $p/exe) in "
                   f"{STATE}/update/updater) echo ${{p#/proc/}};; esac; done", check=False).split()


def phase(host):
    text = host.sh(f"cat {JOURNAL} 2>/dev/null", check=False)
    return json.loads(text)["phase"] if text else None


def test_an_updater_that_is_killed_is_started_again(node, kinds):
    node.serve(kinds.folder("silent", NEVER_SPEAKS))
    command = node.send("AWS-RunShellScript",
                        commands="patchbay-agent update --timeout 3 --state $PATCHBAY_STATE")
    for wanted in ("watching", "watching", "watching-back"):
        wait_for(lambda: phase(node.host) in (wanted, "over"), timeout=30)
        for pid in updaters(node.host):
            node.host.sh(f"kill -9 {pid}", check=False)
    done = node.end(command)
    assert done["Status"] == "Failed" and "was taken back" in done["StandardErrorContent"], done
    node.works(VERSION)


ORDER = ["ready", "installing", "watching", "taking-back", "watching-back", "over"]


@pytest.mark.parametrize("at", ORDER[:-1])
def test_the_power_fails_in_the_middle(node, kinds, at):
    """Whatever has been done by then, and only half done: the next boot brings it to its end."""
    node.serve(kinds.folder("silent", NEVER_SPEAKS))
    command = node.send("AWS-RunShellScript",
                        commands="patchbay-agent update --timeout 2 --state $PATCHBAY_STATE")
    wait_for(lambda: phase(node.host) in ORDER[ORDER.index(at):], timeout=30, pause=0.001)
    node.host.powerfail()
    wait_for(lambda: phase(node.host) == "over", timeout=40)
    done = node.end(command)
    assert done["Status"] == "Failed", done
    assert "interrupted" in done["StandardErrorContent"]
    assert json.loads(node.host.read(JOURNAL))["end"] == "taken-back"
    node.works(VERSION)


def test_a_good_version_survives_power_failures(node):
    command = node.send("AWS-UpdateSSMAgent")
    wait_for(lambda: phase(node.host), timeout=30)
    node.host.powerfail()
    wait_for(lambda: phase(node.host) == "over", timeout=40)
    assert node.end(command)["Status"] in ("Failed", "Success")
    end = json.loads(node.host.read(JOURNAL))["end"]
    node.works({"done": NEXT, "taken-back": VERSION}[end])
