# SPDX-License-Identifier: Apache-2.0
"""What bounds an install on a real RPM root: being told to stop, and disks."""

import base64
import random

import pytest

from patch_host import over, start
from rpm_host import WAITS, RpmRepo, have, new_host, patch, states, use, version_of, wait_until
from rpm_mirror import mirror  # noqa: F401 (a fixture)

NO_REBOOT = ("--reboot-option", "NoReboot")


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = RpmRepo(tmp_path_factory.mktemp("rpms"))
    noise = base64.b64encode(random.Random(1).randbytes(6 << 20)).decode() + "\n"
    new = {"tr-good": {}, "tr-slow": {"scripts": {"pre": WAITS}},
           "tr-grows": {"files": {"/usr/share/tr-grows/noise": noise}},
           "tr-pulls": {"requires": ["tr-beside", "/usr/bin/tr-tool"]}}
    for name, what in new.items():
        repo.package(name, "1-1", files={"/usr/bin/tr-tool": "old\n"} if name == "tr-good" else {})
        repo.package(name, "2-1", **{"files": {"/usr/bin/tr-tool": "new\n"}, **what}
                     if name == "tr-good" else what)
    repo.package("tr-beside", "1-1", files={"/usr/share/tr-beside/noise": noise})
    repo.package("kernel-core", "6-1", arch="x86_64", files={"/boot/vmlinuz-6-1": "x\n"})
    repo.notice("RLSA-2024:0001", "security", [f"{n}-2-1" for n in new] + ["kernel-core-6-1"],
                severity="Important")
    repo.publish()
    return repo


@pytest.fixture
def host(repo):
    with new_host(repo=repo) as host:
        use(host, repo)
        yield host


# --- disks ---

def small(host, path, size):
    """A small file system in place of a folder, with what was there."""
    host.sh(f"mkdir -p {path} /run/small; cp -a {path}/. /run/small/; "
            f"mount -t tmpfs -o size={size} tmpfs {path}; cp -a /run/small/. {path}/")


def refused(host, *names, place):
    before = host.sh("rpm -qa | sort")
    said = patch(host, "install", *NO_REBOOT, expect=1).stdout
    for name in names:
        assert f"FAILED {name}" in said and f"not enough space on the disk of {place}" in said, said
    assert host.sh("rpm -qa | sort") == before
    assert not host.has("/var/lib/patchbay/patch/install.log")  # dnf was not even begun


def test_an_unpacked_package_that_does_not_fit_is_not_begun(host, repo):
    have(host, repo, "tr-good-1-1", "tr-grows-1-1")
    host.sh("mkdir /run/small; mount -t tmpfs -o size=4m tmpfs /run/small; "
            "mkdir /run/small/u /run/small/w; "
            "mount -t overlay -o lowerdir=/usr,upperdir=/run/small/u,workdir=/run/small/w o /usr")
    refused(host, "tr-good 0:2-1", "tr-grows 0:2-1", place="/usr")


def test_a_download_that_does_not_fit_is_not_begun(host, repo, mirror):  # noqa: F811
    url, asked, goes_on = mirror
    goes_on.set()
    have(host, repo, "tr-grows-1-1")
    host.write("/etc/yum.repos.d/testbed.repo", repo.config(url))
    host.sh("dnf -q -y makecache")
    small(host, "/var/cache/dnf", "2m")
    refused(host, "tr-grows 0:2-1", place="/var/cache/dnf")
    assert not asked.is_set()
    host.sh("mount -o remount,size=64m /var/cache/dnf")
    assert "installed tr-grows 0:2-1" in patch(host, "install", *NO_REBOOT).stdout


def test_what_a_package_brings_in_counts(host, repo, mirror):  # noqa: F811
    """tr-pulls is small, and needs what is large; and a file of what is installed."""
    url, asked, goes_on = mirror
    goes_on.set()
    have(host, repo, "tr-good-2-1", "tr-pulls-1-1")
    host.write("/etc/yum.repos.d/testbed.repo", repo.config(url))
    host.sh("dnf -q -y makecache")
    small(host, "/var/cache/dnf", "2m")
    refused(host, "tr-pulls 0:2-1", place="/var/cache/dnf")
    assert not asked.is_set()


def test_a_kernel_that_comes_in_beside_the_old_ones_needs_room_in_boot(host, repo):
    """The root has two kernels already."""
    host.sh("mount -t tmpfs -o size=1m tmpfs /boot; head -c 700000 /dev/zero > /boot/vmlinuz-5-1")
    refused(host, "kernel-core 0:6-1", place="/boot")
    host.sh("rm /boot/vmlinuz-5-1")
    assert "installed kernel-core 0:6-1" in patch(host, "install", *NO_REBOOT).stdout


# --- being told to stop ---

def test_a_stop_while_packages_are_fetched_ends_dnf_at_once(host, repo, mirror):  # noqa: F811
    url, asked, goes_on = mirror
    have(host, repo, "tr-good-1-1")
    host.write("/etc/yum.repos.d/testbed.repo", repo.config(url, timeout=120))
    start(host)
    assert asked.wait(60)
    host.sh("kill -TERM $(cat /run/pid)")
    status, said = over(host)
    assert not goes_on.is_set()  # the mirror never did
    assert status == 1
    assert "FAILED tr-good 0:2-1: the run was told to stop before it was the turn" in said
    assert "a reboot is wanted" not in said
    assert version_of(host, "tr-good") == ["1"]
    assert host.sh("cat /proc/[0-9]*/comm | grep -cx dnf || true") == "0"
    assert host.sh("find / -xdev -name '*_lock.pid'") == ""  # a number may be another's one day
    goes_on.set()
    assert "installed tr-good 0:2-1" in patch(host, "install", *NO_REBOOT).stdout


def test_what_rpm_has_begun_is_finished_when_told_to_stop(host, repo):
    have(host, repo, "tr-slow-1-1", "tr-good-1-1")
    start(host, *NO_REBOOT)
    wait_until(host, "/run/slow")
    host.sh("kill -TERM $(cat /run/pid); kill -INT $(cat /run/pid)")
    assert not host.has("/run/status")
    host.sh("touch /run/go")
    status, said = over(host)
    assert "installed tr-slow 0:2-1" in said and "installed tr-good 0:2-1" in said and status == 0
    assert version_of(host, "tr-slow") == version_of(host, "tr-good") == ["2"]
    assert states(host, ["tr-slow"]) == {"tr-slow": "InstalledPendingReboot"}
