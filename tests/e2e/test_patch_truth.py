# SPDX-License-Identifier: Apache-2.0
"""What must never look compliant: after a fault, a run says what is true or fails, and a plane is
told nothing that is better than what it had."""

import datetime
import functools
import http.server
import threading

import pytest

from patch_host import (PATCH, SLOW, STATE, LocalRepo, begin, have, new_host, patch, scan,
                        wait_until)
from patch_plane import PlaneElsewhen, host, join, plane, run  # noqa: F401 (fixtures)

LISTS = "/var/lib/apt/lists"
MARKS = f"{STATE}/marks"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def repo(tmp_path):
    repo = LocalRepo(tmp_path)
    repo.upgrade("pb-good")
    repo.upgrade("pb-late")
    repo.upgrade("pb-slow", scripts={"postinst": SLOW}, depends="pb-late (>= 2)")
    repo.publish()
    return repo


@pytest.fixture
def mirror(host, repo):
    """The repository, fetched as from anywhere, and not used where it lies."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(repo.directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host.sh(f"rm -rf {LISTS}/*; sed -i 's#^URIs: .*#URIs: http://127.0.0.1:{server.server_port}/#'"
            " /etc/apt/sources.list.d/*; apt-get update")
    yield server
    server.shutdown()


# --- package lists ---

@pytest.mark.parametrize("fault", [": > $f", "truncate -s 400 $f", "rm $f"])
def test_a_list_that_a_power_cut_left_damaged_is_an_error(host, mirror, fault):
    have(host, "pb-good")
    assert scan(host)["pb-good"]["state"] == "Missing"
    host.sh(f"for f in {LISTS}/*Packages; do {fault}; done")
    assert "see apt-get update" in patch(host, "scan", expect=1).stderr


def test_apt_takes_a_damaged_list_for_good_and_a_run_does_not(host, plane, mirror):
    have(host, "pb-good")
    run(host, "Scan")
    assert plane.states["pb-good"] == "Missing"
    host.sh(f"for f in {LISTS}/*Packages; do : > $f; done")
    assert "Hit:" in host.sh("apt-get update")
    assert "is damaged" in run(host, "Scan", expect=1).stderr
    assert plane.states["pb-good"] == "Missing"


def test_a_host_without_any_repository_is_not_up_to_date(host, plane):
    have(host, "pb-good")
    run(host, "Scan")
    host.sh(f"rm -rf /etc/apt/sources.list.d/* {LISTS}/*")
    assert "no package lists" in run(host, "Scan", expect=1).stderr
    assert plane.states["pb-good"] == "Missing"


def test_lists_that_are_out_of_date_are_an_error(host, plane, repo):
    have(host, "pb-good")
    run(host, "Scan")
    repo.publish("--field", "Valid-Until: Mon, 01 Jan 2024 00:00:00 UTC")
    host.write("/etc/apt/apt.conf.d/zz-dates", 'Acquire::Check-Date "true";\n'
               'Acquire::Check-Valid-Until "true";\n')
    assert "is expired" in run(host, "Scan", expect=1).stderr
    assert len(plane.reports) == 1
    repo.publish("--field", "Valid-Until: Fri, 01 Jan 2100 00:00:00 UTC")
    run(host, "Scan")


# --- a full disk ---

def fill(host):
    host.sh(f"dd if=/dev/zero of={STATE}/filler bs=4096 2>/dev/null; true")


def test_where_nothing_can_be_written_down_nothing_is_begun(host, plane):
    """And nothing is told that the next run would not know of."""
    have(host, "pb-good")
    run(host, "Scan")
    host.sh(f"mv {STATE} /root/kept; mkdir {STATE}; "
            f"mount -t tmpfs -o size=200m,mode=700 none {STATE}; cp -a /root/kept/. {STATE}/")
    before = host.read(f"{STATE}/state.json")
    fill(host)
    assert "no space left" in run(host, "Install", expect=1).stderr
    assert host.sh("dpkg-query -W -f '${Version}' pb-good") == "1"
    assert host.read(f"{STATE}/state.json") == before
    host.sh(f"rm {STATE}/filler")
    run(host, "Install", expect=194)


# --- other hands at the same time ---

def test_a_run_beside_an_install_does_and_tells_nothing(host, plane):
    have(host, "pb-slow", "pb-late", "pb-good")
    begin(host, f"{PATCH} install --reboot-option NoReboot; echo $? > /run/status")
    before = host.read(f"{STATE}/state.json")
    for operation in "Scan", "Install":
        assert "another patch run" in run(host, operation, expect=1).stderr
    for arguments in ["install"], ["rollback", "--last"]:
        assert "another patch run" in patch(host, *arguments, expect=1).stderr
    assert not host.has("/run/status")  # it was on all the time
    assert plane.reports == [] and host.read(f"{STATE}/state.json") == before
    host.sh("rm /run/hold")
    wait_until(host, "/run/status")
    assert host.read("/run/status") == "0\n"
    run(host, "Scan")
    assert plane.states["pb-slow"] == "InstalledPendingReboot"


def test_what_another_apt_has_not_finished_is_not_installed(host, plane):
    have(host, "pb-slow", "pb-late", "pb-good")
    begin(host, "apt-get -q -y install pb-slow; touch /run/status")
    run(host, "Scan")
    assert not host.has("/run/status")  # it was on all the time
    assert (plane.states["pb-slow"], plane.states["pb-good"]) == ("Failed", "Missing")
    host.sh("rm /run/hold")
    wait_until(host, "/run/status")
    run(host, "Scan", command="command-2")
    assert (plane.states["pb-slow"], plane.states["pb-good"]) == ("Installed", "Missing")


# --- runs that were cut off ---

def kill_an_install(host):
    """And not apt-get, which is held."""
    begin(host, f"SSM_COMMAND_ID=command-1 {PATCH} run --operation Install "
          "--reboot-option NoReboot & echo $! > /run/pid")
    host.sh("kill -9 $(cat /run/pid)")


def let_it_end(host):
    host.sh("rm /run/hold; "
            "while cat /proc/[0-9]*/comm 2>/dev/null | grep -qx apt-get; do sleep 0.05; done")


def test_what_a_killed_install_brought_in_waits_for_the_reboot_in_a_scan_too(host, plane):
    """Also what came in as a dependency, and was in no plan."""
    plane.baseline["approvedPatches"] = ["pb-slow"]
    plane.baseline["approvalRules"]["rules"] = []
    have(host, "pb-slow", "pb-late")
    kill_an_install(host)
    let_it_end(host)
    assert scan(host)["pb-slow"]["state"] == "InstalledPendingReboot"
    run(host, "Scan", command="command-2")
    assert plane.states == dict.fromkeys(("pb-slow", "pb-late"), "InstalledPendingReboot")
    assert scan(host)["pb-late"]["state"] == "InstalledPendingReboot"
    host.reboot()
    run(host, "Scan", command="command-3")
    assert plane.states["pb-slow"] == "Installed"


def test_a_killed_install_makes_nothing_chosen_by_hand(host, plane):
    have(host, "pb-slow", "pb-late")
    host.sh("apt-mark auto pb-slow; apt-mark manual pb-late")
    kill_an_install(host)
    assert "pb-slow" in host.sh("apt-mark showmanual").split()  # apt-get does so first of all
    run(host, "Scan", command="command-2")
    assert host.read(MARKS) == "pb-slow:amd64"  # not while apt-get is at work
    let_it_end(host)
    run(host, "Scan", command="command-3")
    assert "pb-slow" in host.sh("apt-mark showauto").split()
    assert "pb-late" in host.sh("apt-mark showmanual").split()
    assert not host.has(MARKS)


@pytest.mark.parametrize("damage", ["{", ""])
def test_a_damaged_state_loses_no_pending_reboot(host, plane, damage):
    have(host, "pb-good")
    run(host, "Install", "--reboot-option", "NoReboot")
    assert plane.states["pb-good"] == "InstalledPendingReboot"
    host.write(f"{STATE}/state.json", damage)
    run(host, "Scan", command="command-2")
    assert plane.states["pb-good"] == "InstalledPendingReboot"
    host.reboot()
    run(host, "Scan", command="command-3")
    assert plane.states["pb-good"] == "Installed"


def test_a_host_that_comes_back_late_is_judged_by_todays_lists(host, plane, repo):
    have(host, "pb-good")
    run(host, "Install", expect=194)
    repo.package("pb-good", "3")
    repo.publish()
    host.reboot()
    run(host, "Install")
    assert plane.states["pb-good"] == "Missing"


# --- clocks ---

def test_a_host_whose_clock_is_behind_reports_by_the_planes(repo):
    plane = PlaneElsewhen(days=400)
    try:
        with new_host(repo) as host:
            join(host, repo, plane)
            run(host, "Scan")
        told = plane.summary["OperationEndTime"]
        now = datetime.datetime.now(datetime.timezone.utc) + plane.ahead
        assert told[:7] == now.strftime("%Y-%m"), told
    finally:
        plane.server.shutdown()


