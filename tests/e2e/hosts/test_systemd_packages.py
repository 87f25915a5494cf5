# SPDX-License-Identifier: Apache-2.0
"""Under Debian's real systemd: the agent updated at the plane's word, and taken back where the new
one does not come up; and the plane's own unit."""

import shutil
import urllib.request

import pytest

from agent_updates import ENDS_AT_ONCE, NEVER_SPEAKS, NEXT, VERSION, Kinds
from conftest import wait_for
from fleet import outcome, send  # which knows where the testbed is
from packages import Packages
from systemd_host import UNIT, is_online, journal, run, show, systemd_node
from testbed import Host

PLANE_UNIT = "patchbayd.service"


# --- the agent's update ---

@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    return Kinds(tmp_path_factory.mktemp("kinds"))


@pytest.fixture
def node(request, kinds, make_plane, tmp_path):
    """A host whose plane serves packages of that kind: (name, the new agent's bytes)."""
    name, agent = request.param
    served = Packages(tmp_path / "served")
    shutil.copytree(kinds.folder(name, agent), served.directory, dirs_exist_ok=True)
    next_deb, = served.directory.glob(f"*_{NEXT}_*")
    next_deb.rename(tmp_path / next_deb.name)  # not what the host begins with
    plane = make_plane("--packages-dir", str(served.directory))
    with systemd_node(plane, f"update-{name}", served) as host:
        (tmp_path / next_deb.name).rename(next_deb)
        host.exec("cp", "/srv/packages/packages.pem", "/etc/patchbay/packages.pem")
        host.ssm = plane.client("ssm")
        yield host


def works(host, version):
    assert host.sh("dpkg-query -W -f '${Version} ${Status}' patchbay-agent") == \
        f"{version} install ok installed"
    wait_for(lambda: is_online(host.ssm, host) == version, timeout=40)
    assert show(host, UNIT, "ActiveState", "SubState") == {
        "ActiveState": "active", "SubState": "running"}
    status, _, said = run(host.ssm, host, "readlink /proc/$PPID/exe")
    assert (status, said.strip()) == ("Success", "/usr/sbin/patchbay-agent")


@pytest.mark.parametrize("node", [("good", None)], indirect=True)
def test_the_plane_updates_an_agent_that_systemd_runs(node):
    status, _, said = outcome(node.ssm, send(node.ssm, node, "AWS-UpdateSSMAgent"))
    assert status == "Success" and f"updated from {VERSION} to {NEXT}" in said, said
    works(node, NEXT)


@pytest.mark.parametrize("node", [("ends", ENDS_AT_ONCE), ("silent", NEVER_SPEAKS)],
                         indirect=True, ids=["ends", "silent"])
def test_a_version_that_does_not_come_up_is_taken_back(node):
    status, _, said = outcome(node.ssm, send(
        node.ssm, node, "AWS-RunShellScript",
        commands="patchbay-agent update --timeout 2 --state $PATCHBAY_STATE"))
    assert status == "Failed", said
    assert f"{NEXT} was taken back, {VERSION} runs again" in said, said
    works(node, VERSION)


# --- the plane ---

@pytest.fixture(scope="module")
def plane_deb(tmp_path_factory):
    return Packages(tmp_path_factory.mktemp("plane") / "made").build("plane-deb")[0]


def is_up(url):
    with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
        return b'"status":"ok"' in answer.read()


def ready_urls(host):
    return [line.split()[-1] for line in journal(host, PLANE_UNIT).splitlines()
            if line.startswith("patchbayd ready on ")]


def test_the_planes_unit_runs_a_plane(plane_deb):
    with Host("plane", systemd=True, binds={"/srv/packages": plane_deb.parent}) as host:
        host.sh("apt-get -q -y --no-install-recommends install /srv/packages/patchbay_*.deb")
        assert show(host, PLANE_UNIT, "UnitFileState", "ActiveState") == {
            "UnitFileState": "enabled", "ActiveState": "inactive"}
        done = host.exec("systemd-analyze", "verify", "--man=no",
                         f"/lib/systemd/system/{PLANE_UNIT}")
        assert done.stdout + done.stderr == ""
        rating = host.sh(f"systemd-analyze security --no-pager {PLANE_UNIT} | tail -n 2")
        assert float(rating.split(":")[1].split()[0]) < 5, rating

        host.sh("sed -i 's/^listen = .*/listen = 127.0.0.1:0/' /etc/patchbay/patchbayd.conf")
        host.exec("systemctl", "start", PLANE_UNIT)  # which returns when it is ready
        assert is_up(ready_urls(host)[-1])
        key = host.sh("sha256sum /var/lib/patchbay/master.key")
        before = show(host, PLANE_UNIT, "MainPID")
        assert host.sh(f"stat -c %U /proc/{before}") == "patchbay"

        host.sh(f"kill -9 {before}")
        wait_for(lambda: len(ready_urls(host)) == 2, timeout=30)
        assert is_up(ready_urls(host)[-1])
        host.reboot()  # it is enabled
        wait_for(lambda: ready_urls(host), timeout=30)
        assert is_up(ready_urls(host)[-1])
        assert host.sh("sha256sum /var/lib/patchbay/master.key") == key

        host.exec("systemctl", "stop", PLANE_UNIT, timeout=60)
        assert show(host, PLANE_UNIT, "ActiveState", "Result", "ExecMainStatus") == {
            "ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}
        host.exec("systemctl", "start", PLANE_UNIT)
        host.exec("dpkg", "-P", "patchbay")
        assert show(host, PLANE_UNIT, "LoadState", "ActiveState") == {
            "LoadState": "not-found", "ActiveState": "inactive"}
        assert host.has("/var/lib/patchbay/master.key") and not host.has("/usr/bin/patchbayd")
        assert host.sh("systemctl is-system-running") == "running"
