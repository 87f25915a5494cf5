# SPDX-License-Identifier: Apache-2.0
"""What is tried with dnf and with zypper alike: the two, and a repository that troubles their hosts.

A test that takes `manager` runs with both of them."""

import collections.abc
import dataclasses

import pytest

import rpm_host
import suse_host
from rpm_host import WAITS, RpmRepo, have, new_host

FAILS = "echo no\nexit 1\n"
ALL = ["tr-good", "tr-locked", "tr-pre", "tr-post", "tr-slow", "tr-needs-nothing", "tr-library",
       "tr-program", "tr-config", "tr-stranger", "tr-unsigned", "tr-big", "tr-going", "tr-patched",
       "tr-wants"]


@dataclasses.dataclass(frozen=True)
class Manager:
    name: str
    system: str                    # a root that has it
    os: str                        # as a baseline calls that
    repos: str                     # the folder of its repositories
    use: collections.abc.Callable  # makes a repository the only one of a host
    updates: collections.abc.Callable  # {(name, arch): evr}, as it says
    locks: str                     # shell lines: hold tr-locked, and upgrade tr-slow
    upgrades_slow: str
    careless: tuple                # options of repositories that must not hide a dead mirror
    at_work: str                   # is in install.log once it has begun
    distrusts: tuple               # what it says of a bad signature
    keeps: str                     # the folders of its own that a scan leaves alone
    lists: str                     # what it fetched of repositories
    advice: str                    # what fetches that

    def baseline(self, host, path="/root/baseline.json", **members):
        return rpm_host.baseline(host, path, operatingSystem=self.os, **members)


MANAGERS = {one.name: one for one in (
    Manager("dnf", "rocky", "ROCKY_LINUX", "/etc/yum.repos.d", rpm_host.use,
            lambda host: rpm_host.native_updates(host)[0],
            "echo 'tr-locked-0:1-1.*' > /etc/dnf/plugins/versionlock.list",
            "dnf -q -y upgrade tr-slow", ({}, {"skip_if_unavailable": 1}), "Running transaction",
            ("GPG key", "is not signed"), "/var/lib/dnf /var/cache/dnf /etc/dnf", "/var/cache/dnf", "dnf makecache"),
    Manager("zypper", "sles", "SUSE", "/etc/zypp/repos.d", suse_host.use, suse_host.list_updates,
            "zypper -n addlock tr-locked", "zypper -n --no-refresh install tr-slow",
            ({"autorefresh": 1},), "Retrieving", ("Signature verification failed",),
            "/var/lib/zypp /var/cache/zypp /etc/zypp", "/var/cache/zypp/raw", "zypper refresh"))}


@pytest.fixture(scope="module", params=MANAGERS)
def manager(request):
    return MANAGERS[request.param]


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    """Everything at 1-1, and at 2-1 in a notice, but for what its name says."""
    repo = RpmRepo(tmp_path_factory.mktemp("rpms"))
    old = {"tr-config": {"configs": {"/etc/tr-config.conf": "old\n"}},
           "tr-big": {"files": {"/srv/small/file": "x\n"}},
           "tr-going": {"scripts": {"preun": WAITS}}}
    new = {"tr-pre": {"scripts": {"pre": FAILS}}, "tr-post": {"scripts": {"post": FAILS}},
           "tr-slow": {"scripts": {"post": WAITS}},
           "tr-needs-nothing": {"requires": ["tr-not-anywhere"]},
           "tr-program": {"requires": ["tr-library >= 2"]},
           "tr-wants": {"requires": ["tr-patched >= 2"]},
           "tr-config": {"configs": {"/etc/tr-config.conf": "new\n"}},
           "tr-stranger": {"signer": "stranger"}, "tr-unsigned": {"signer": None},
           "tr-big": {"files": {"/srv/small/file": ("x" * 1023 + "\n") * 1024}}}
    for name in ALL:
        repo.package(name, "1-1", **old.get(name, {}))
        repo.package(name, "2-1", **new.get(name, {}))
    repo.package("tr-current", "2-1")
    for number, names in enumerate((set(ALL) - {"tr-patched"} | {"tr-current"}, {"tr-patched"})):
        repo.notice(f"SUSE-SLE-2024-{number}", "security", sorted(f"{n}-2-1" for n in names),
                    severity="Important", cves=["CVE-2024-0001"])
    repo.publish()
    return repo


@pytest.fixture
def host(repo, manager):
    with new_host(manager.system, repo=repo) as host:
        manager.use(host, repo)
        yield host


def have_old(host, repo, *names):
    have(host, repo, *[name + "-1-1" for name in names])


def failures(done):
    """{package: the line that says why}"""
    return {line.split()[1]: line for line in done.stdout.splitlines() if "FAILED" in line}
