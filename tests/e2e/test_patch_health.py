# SPDX-License-Identifier: Apache-2.0
"""What a real host says of itself: whether it wants a reboot, and who runs old code."""

import json

import pytest

from test_patch_root import PATCH, have, new_host, patch, scan
from testbed import LocalRepo


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    for name in "pb-good", "systemd":
        repo.package(name, "1")
        repo.package(name, "2")
    repo.publish()
    return repo


@pytest.fixture
def host(repo):
    with new_host(repo) as host:
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        repo.enable(host, "/srv/repo")
        yield host


def facts(host):
    return json.loads(patch(host, "facts", "--json").stdout)


# --- does it want a reboot? ---

def test_reboot_required_is_told_with_its_packages(host):
    found = facts(host)
    assert found["reboot"] == "Unknown"  # the kernel is the machine's, not this root's
    assert "running kernel is not one of those installed" in patch(host, "facts").stdout
    host.write("/run/reboot-required", "*** System restart required ***\n")
    host.write("/run/reboot-required.pkgs", "libc6\npb-good\nlibc6\n")
    found = facts(host)
    assert (found["reboot"], found["rebootRequiredBy"]) == ("Needed", ["libc6", "pb-good"])
    answer = json.loads(patch(host, "scan", "--json").stdout)
    assert answer["facts"]["reasons"] == found["reasons"] == [
        "/run/reboot-required was set by libc6, pb-good"]


def test_a_newer_kernel_wants_a_reboot(host):
    release = host.sh("uname -r")
    host.write(f"/boot/vmlinuz-{release}", "")
    host.sh(f"touch -d '2 days ago' /boot/vmlinuz-{release}")
    assert facts(host)["newestKernel"] == facts(host)["runningKernel"] == release
    host.write(f"/boot/vmlinuz-99{release}", "")
    found = facts(host)
    assert (found["reboot"], found["newestKernel"]) == ("Needed", "99" + release)


def test_core_packages_count_until_the_next_boot(host):
    have(host, "systemd")
    assert facts(host)["changedSinceBoot"] == ["systemd"]
    host.reboot()
    assert facts(host)["changedSinceBoot"] == []


def test_who_runs_a_replaced_program_is_told(host):
    host.sh("cp /bin/sleep /usr/bin/pb-sleep; (pb-sleep 1000 >/dev/null 2>&1 &)")
    host.sh("while ! grep -q pb-sleep /proc/[0-9]*/comm; do sleep 0.02; done")
    assert facts(host)["oldCodeInUse"] == []
    host.sh("cp /bin/sleep /usr/bin/pb-sleep.new && mv /usr/bin/pb-sleep.new /usr/bin/pb-sleep")
    user, = facts(host)["oldCodeInUse"]
    assert (user["name"], user["kind"], user["files"]) == ("pb-sleep", "process",
                                                           ["/usr/bin/pb-sleep"])
    assert user["pids"] == host.sh("pidof pb-sleep")
    assert "old code in use: pb-sleep" in patch(host, "facts").stdout
    host.sh("useradd -m somebody")
    said = host.sh(f"su somebody -c '{PATCH} facts'")
    assert "not looked into, for lack of permission" in said
    host.reboot()
    assert facts(host)["oldCodeInUse"] == []


def test_a_scan_says_the_same_with_and_without_the_facts(host):
    have(host, "pb-good")
    assert scan(host)["pb-good"]["state"] == "Missing"
