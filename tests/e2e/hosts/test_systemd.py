# SPDX-License-Identifier: Apache-2.0
"""The agent's service life under Debian's real systemd: the project's own package, its unit as
shipped, and a real plane that sends it work."""

import shutil

import pytest

from conftest import wait_for
from fleet import outcome, patch, send, state_of  # which knows where the testbed is
from packages import Packages, own_version, version_after
from systemd_host import STATE, UNIT, is_online, journal, run, show, systemd_node
from testbed import LocalRepo

NEXT = version_after(own_version())
DROP_IN = f"/etc/systemd/system/{UNIT}.d/test.conf"
UNIT_FILE = "[Service]\nExecStart=/usr/bin/sleep infinity\n"
BROKEN_UNIT = "[Service]\nExecStart=/usr/bin/false\n"
RESTARTS_UNIT = """#!/bin/sh
[ "$1" = configure ] || exit 0
systemctl daemon-reload
systemctl restart pb-server.service || :
"""
REEXECUTES = """#!/bin/sh
[ "$1" != configure ] || systemctl daemon-reexec
"""
EATS = """#!/bin/sh
[ "$1" = configure ] && [ ! -e /root/tame ] || exit 0
perl -e '$x = "x" x (600 * 1024 * 1024); sleep 1'
"""
HANGS = """#!/bin/sh
[ "$1" = configure ] && [ ! -e /root/tame ] || exit 0
trap '' TERM
touch /run/hangs
while :; do sleep 1; done
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    made = Packages(tmp_path_factory.mktemp("packages") / "made")
    made.build("agent-deb")
    made.sign()
    return made


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    newer = Packages(tmp_path_factory.mktemp("newer") / "made")
    newer.build("agent-deb", version=NEXT)
    return newer


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    unit = "/lib/systemd/system/pb-server.service"
    repo.upgrade("pb-good")
    repo.upgrade("pb-again", scripts={"postinst": REEXECUTES})
    repo.upgrade("pb-eats", scripts={"postinst": EATS})
    repo.upgrade("pb-hangs", scripts={"postinst": HANGS})
    repo.package("pb-server", "1", files={unit: UNIT_FILE}, scripts={"postinst": RESTARTS_UNIT})
    repo.package("pb-server", "2", files={unit: BROKEN_UNIT}, scripts={"postinst": RESTARTS_UNIT})
    repo.publish()
    return repo


@pytest.fixture
def ssm(plane):
    return plane.client("ssm")


@pytest.fixture
def host(request, plane, made, repo):
    with systemd_node(plane, f"sd{abs(hash(request.node.name)) % 10 ** 6}", made, repo) as host:
        yield host


def have(host, *names):
    host.exec("dpkg", "-i", *(f"/srv/repo/pool/{name}_1_all.deb" for name in names))


def main_pid(host):
    return show(host, UNIT, "MainPID")


def drop_in(host, text):
    host.write(DROP_IN, f"[Service]\n{text}\n")
    host.exec("systemctl", "daemon-reload")


def log(host):
    """What to read when something is not as it should be."""
    return journal(host, UNIT) + host.sh("cat /var/lib/patchbay/patch/install.log", check=False)


# --- the unit ---

def test_the_agent_works_as_the_unit_is_shipped(ssm, host):
    units = ("patchbay-agent.service", "patchbay-agent-update.service")
    host.sh(f"mkdir -p {STATE}/update; cp /usr/sbin/patchbay-agent {STATE}/update/updater")
    done = host.exec("systemd-analyze", "verify", "--man=no",
                     *(f"/lib/systemd/system/{unit}" for unit in units))
    assert done.stdout + done.stderr == ""
    host.sh(f"rm {STATE}/update/updater")
    print(host.sh(f"systemd-analyze security --no-pager {UNIT} | tail -n 2"))

    assert show(host, UNIT, "ActiveState", "Type", "StatusText", "OOMPolicy") == {
        "ActiveState": "active", "Type": "notify", "StatusText": "at work",
        "OOMPolicy": "continue"}
    assert show(host, UNIT, "UnitFileState") == "enabled"
    assert f"node {host.node} in us-east-1" in journal(host, UNIT)
    status, code, said = run(ssm, host, "id -u; cat /proc/self/oom_score_adj")
    assert (status, code, said.split()) == ("Success", 0, ["0", "0"])
    assert "Success" in journal(host, UNIT)

    have(host, "pb-good")
    status, code, said = patch(ssm, host, "Scan")
    assert (status, code) == ("Success", 0) and "Missing 1" in said, said
    status, code, said = patch(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Success", 0) and "installed pb-good 2 over 1" in said, said
    assert "memory 2048 MiB for all together (control group)" in said
    assert host.sh("systemctl is-system-running") == "running"

    before = main_pid(host)
    host.sh("echo 'heartbeat_seconds = 60' >> /etc/patchbay/agent.conf")
    host.exec("systemctl", "reload", UNIT)
    wait_for(lambda: "the settings were read again" in journal(host, UNIT))
    assert main_pid(host) == before
    assert run(ssm, host, "true")[0] == "Success"

    host.exec("systemctl", "stop", UNIT, timeout=20)
    assert show(host, UNIT, "ActiveState", "Result", "ExecMainStatus") == {
        "ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}
    assert host.sh("cat /proc/[0-9]*/comm | grep patchbay", check=False) == ""


def test_an_agent_that_dies_or_stops_answering_is_started_again(ssm, host):
    before = main_pid(host)
    host.sh(f"kill -9 {before}")
    wait_for(lambda: main_pid(host) not in (before, "0"), timeout=30)
    assert "status=9/KILL" in journal(host, UNIT)
    assert run(ssm, host, "true")[0] == "Success"

    # Longer than a call that the plane holds, as the unit's own five minutes are.
    drop_in(host, "WatchdogSec=26\nTimeoutAbortSec=1")
    host.exec("systemctl", "restart", UNIT)
    assert run(ssm, host, "true")[0] == "Success"
    before = main_pid(host)
    host.sh(f"kill -STOP {before}")
    wait_for(lambda: main_pid(host) not in (before, "0"), timeout=90)
    assert "Watchdog timeout" in journal(host, UNIT)
    assert run(ssm, host, "true")[0] == "Success"


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_command_outlives_the_agent(ssm, host, how):
    command = send(ssm, host, "AWS-RunShellScript", commands=[
        "echo once >> /root/ran", "touch /run/runs",
        "while ! test -e /run/go; do sleep 0.05; done", "echo to the end"])
    wait_for(lambda: host.has("/run/runs"))
    before = main_pid(host)
    host.exec("systemctl", *(("restart", UNIT) if how == "restart" else
                             ("kill", "--kill-who=main", "-s", "KILL", UNIT)))
    wait_for(lambda: main_pid(host) not in (before, "0"), timeout=30)
    host.sh("touch /run/go")
    status, code, said = outcome(ssm, command)
    assert (status, code, said.strip()) == ("Success", 0, "to the end"), log(host)
    assert host.read("/root/ran") == "once\n"


# --- the host's life ---

def test_an_install_restarts_the_host_through_systemd_and_ends_after_it(ssm, host):
    have(host, "pb-good")
    host.write("/etc/systemd/system/witness.service", "[Service]\nType=oneshot\n"
               "ExecStart=/bin/true\nRemainAfterExit=yes\n"
               "ExecStop=/bin/sh -c 'systemctl list-jobs >> /root/jobs'\n"
               "[Install]\nWantedBy=multi-user.target\n")
    host.exec("systemctl", "enable", "--now", "witness.service")
    first = host.boot_id
    status, code, said = patch(ssm, host, "Install")
    assert (status, code) == ("Success", 0), said + log(host)
    assert "the host was rebooted" in said and "Installed 1" in said
    assert host.boots == 2 and host.status["ended"] == "restart" and host.boot_id != first
    assert "reboot.target" in host.read("/root/jobs")  # in order, and to restart
    assert is_online(ssm, host)
    state = state_of(ssm, host)
    assert (state["InstalledCount"], state["InstalledPendingRebootCount"]) == (1, 0)

    host.powerfail()
    assert run(ssm, host, "true")[0] == "Success"


def test_a_unit_that_an_update_breaks_is_told_and_can_fail_the_install(ssm, host):
    have(host, "pb-server")
    assert host.sh("systemctl is-active pb-server.service") == "active"
    host.write("/etc/patchbay/patch.conf", "health-wait = 0\nfail-on-failed-units = yes\n")
    status, code, said = patch(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Failed", 3), said + log(host)
    assert "installed pb-server 2 over 1" in said and "pb-server.service" in said
    facts, = ssm.list_inventory_entries(InstanceId=host.node,
                                        TypeName="Custom:PatchbayHost")["Entries"]
    assert facts["FailedUnits"] == "pb-server.service" and facts["SystemState"] == "degraded"


def test_after_the_restart_the_end_of_the_boot_is_waited_for(ssm, host):
    """A unit that the update breaks fails late in the boot, when the agent is long at work."""
    have(host, "pb-good")
    host.write("/etc/systemd/system/late.service", "[Unit]\nAfter=patchbay-agent.service\n"
               "[Service]\nType=oneshot\nExecStart=/bin/sh -c '! test -e /root/old || { "
               "sleep 3; exit 1; }'\n[Install]\nWantedBy=multi-user.target\n")
    host.exec("systemctl", "enable", "late.service")
    host.write("/etc/patchbay/patch.conf", "health-wait = 0\nfail-on-failed-units = yes\n")
    host.sh("touch /root/old")  # from the next boot on it fails
    status, code, said = patch(ssm, host, "Install")
    assert (status, code) == ("Failed", 3), said + log(host)
    assert "the host was rebooted" in said and "late.service has failed" in said, said
    facts, = ssm.list_inventory_entries(InstanceId=host.node,
                                        TypeName="Custom:PatchbayHost")["Entries"]
    assert facts["FailedUnits"] == "late.service" and facts["SystemState"] == "degraded"


# --- limits ---

def test_a_package_that_eats_the_memory_is_stopped_and_the_agent_is_not(ssm, host):
    """With less memory for the unit than the install may have: they are limited apart. And systemd
    is replaced in the middle, as its own update does."""
    have(host, "pb-again", "pb-good", "pb-eats")
    host.write("/etc/patchbay/patch.conf", "memory-limit = 300\n")
    drop_in(host, "MemoryMax=100M")
    host.exec("systemctl", "restart", UNIT)
    before = main_pid(host)
    status, code, said = patch(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Failed", 1), said
    assert "memory 300 MiB for all together (control group)" in said, log(host)
    assert "FAILED pb-eats 2: out of memory: the limit of 300 MiB" in said
    assert "installed pb-good 2 over 1" in said and "installed pb-again 2 over 1" in said
    failed, = ssm.describe_instance_patches(InstanceId=host.node, Filters=[
        {"Key": "State", "Values": ["Failed"]}])["Patches"]
    assert (failed["KBId"], failed["State"]) == ("pb-eats.all", "FAILED")
    assert main_pid(host) == before and show(host, UNIT, "NRestarts") == "0"
    assert host.sh("find /sys/fs/cgroup -name 'patchbay-install*'") == ""

    # A step that is ended in the unit's own group is the step's failure, and nothing else's.
    status, code, _ = run(ssm, host, "perl -e '$x = \"x\" x (400 * 1024 * 1024); sleep 1'")
    assert (status, code) == ("Failed", 137)
    assert main_pid(host) == before and show(host, UNIT, "ActiveState") == "active"

    host.sh("touch /root/tame")
    status, code, said = patch(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Success", 0), said
    assert "installed pb-eats 2 over 2" in said and host.sh("dpkg --audit") == ""


def test_a_script_that_never_ends_is_ended_and_its_transaction_is_not(ssm, host):
    have(host, "pb-good", "pb-hangs")
    host.write("/etc/patchbay/patch.conf", "time-limit = 1s\nscript-limit = 1s\n")
    status, code, said = patch(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Failed", 1), said
    assert "FAILED pb-hangs 2: out of time: the time limit was over" in said, log(host)
    assert "installed pb-good 2 over 1" in said  # of the same transaction
    assert "half-configured" in host.sh("dpkg-query -W -f '${Status}' pb-hangs")
    host.sh("touch /root/tame; rm /etc/patchbay/patch.conf")
    status, code, said = patch(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Success", 0) and "installed pb-hangs 2 over 2" in said, said


# --- the package's life ---

def test_an_upgrade_interrupts_nothing_and_a_removal_leaves_nothing(ssm, host, newer, made):
    command = send(ssm, host, "AWS-RunShellScript", commands=[
        "touch /run/runs", "while ! test -e /run/go; do sleep 0.05; done"])
    wait_for(lambda: host.has("/run/runs"))
    package = next(newer.directory.glob("*.deb"))
    shutil.copy(package, made.directory)  # which the host sees
    before = main_pid(host)
    host.exec("dpkg", "-i", f"/srv/packages/{package.name}")
    wait_for(lambda: main_pid(host) not in (before, "0"))
    wait_for(lambda: is_online(ssm, host) == NEXT)
    host.sh("touch /run/go")
    assert outcome(ssm, command)[0] == "Success"
    host.sh("systemctl is-active " + UNIT)

    host.exec("dpkg", "-r", "patchbay-agent")
    assert show(host, UNIT, "LoadState", "ActiveState") == {
        "LoadState": "not-found", "ActiveState": "inactive"}
    assert host.has(f"{STATE}/identity.json")
    assert host.sh("cat /proc/[0-9]*/comm | grep patchbay", check=False) == ""
    assert host.sh(f"find /etc/systemd/system -name '{UNIT}'") == ""
    host.exec("dpkg", "-P", "patchbay-agent")
    assert not host.has(STATE) and not host.has("/etc/patchbay")
    assert host.sh("systemctl is-system-running") == "running"
    (made.directory / package.name).unlink()
