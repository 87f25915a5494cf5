# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch changing real roots with zypper: what it has apart from dnf."""

import pytest

from patch_host import over, start
from rpm_host import patch, rule, scan, states, version_of, wait_until
from rpm_managers import MANAGERS, failures, have_old, host, repo  # noqa: F401 (fixtures)
from rpm_mirror import mirror  # noqa: F401 (a fixture)
from suse_host import agree

of_suse = MANAGERS["zypper"].baseline


@pytest.fixture(scope="module")
def manager():
    return MANAGERS["zypper"]


# --- lists and keys ---

def test_rejected_files_and_patches(host, repo):  # noqa: F811
    names = ["tr-good", "tr-library", "tr-program", "tr-patched", "tr-wants"]
    have_old(host, repo, *names)
    rejected = ["tr-lib*.rpm", "SUSE-SLE-2024-1"]  # a file, and a patch
    allow = of_suse(host, rejectedPatches=rejected)
    block = of_suse(host, "/root/block.json", rejectedPatches=rejected,
                    rejectedPatchesAction="BLOCK")
    assert states(host, names, "--baseline", block) == {
        "tr-good": "Missing", "tr-library": "InstalledRejected", "tr-program": "Missing",
        "tr-patched": "InstalledOther",  # the patch has 2-1, which is what is rejected
        "tr-wants": "Missing"}

    failed = failures(patch(host, "install", "--baseline", block, expect=194))
    assert set(failed) == {"tr-program", "tr-wants"}
    assert "would bring in tr-library, which is rejected" in failed["tr-program"]
    assert "would bring in tr-patched, which is rejected" in failed["tr-wants"]
    assert {n: version_of(host, n) for n in names} == {n: ["2" if n == "tr-good" else "1"]
                                                       for n in names}

    patch(host, "install", "--baseline", allow, expect=194)
    assert {n: version_of(host, n) for n in names} == {n: ["2"] for n in names}  # each as needed


def test_a_key_that_a_repository_brings_is_not_trusted_by_that(host, repo):  # noqa: F811
    have_old(host, repo, "tr-good")
    host.sh("rpm -e --allmatches gpg-pubkey; rm -rf /var/cache/zypp")
    for command in ("scan", "--refresh"), ("install",):
        refused = patch(host, *command, expect=1).stderr
        assert "from repository 'testbed' is signed with an unknown key" in refused
    assert host.sh("rpm -qa gpg-pubkey") == "" and version_of(host, "tr-good") == ["1"]
    host.sh("rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-testbed")
    assert "1 installed" in patch(host, "install", expect=194).stdout


# --- back, and from elsewhere ---

def test_a_rollback_returns_all_or_nothing(host, repo):  # noqa: F811
    have_old(host, repo, "tr-good", "tr-program", "tr-library")
    host.sh("mkdir -p /var/lib/zypp; echo tr-library > /var/lib/zypp/AutoInstalled")
    host.sh("rpm -e --nodeps tr-library")  # so it comes along
    path = of_suse(host, approvedPatches=["tr-good", "tr-program"], approvalRules={"rules": []})
    patch(host, "install", "--baseline", path, "--command-id", "command-1", expect=194)
    assert version_of(host, "tr-library") == ["2"]
    tried = patch(host, "rollback", "command-1", "--dry-run").stdout
    assert version_of(host, "tr-good") == ["2"], tried
    assert "3 returned, 0 not" in patch(host, "rollback", "command-1").stdout
    assert {n: version_of(host, n) for n in ("tr-good", "tr-program", "tr-library")} == {
        "tr-good": ["1"], "tr-program": ["1"], "tr-library": []}
    agree(host)


def test_a_rollback_that_would_touch_more_touches_nothing(host, repo):  # noqa: F811
    have_old(host, repo, "tr-library", "tr-program")
    patch(host, "install", "--baseline", of_suse(host, approvedPatches=["tr-library"],
          approvalRules={"rules": []}), "--command-id", "command-1", expect=194)
    patch(host, "install", "--command-id", "command-2", expect=194)
    assert "tr-program" in patch(host, "rollback", "command-1", expect=1).stdout
    assert version_of(host, "tr-library") == version_of(host, "tr-program") == ["2"]


def test_alternative_sources_count_for_one_run(host, repo):  # noqa: F811
    have_old(host, repo, "tr-good", "tr-post")
    own = host.sh("cd /etc/zypp; find . -type f | sort | xargs sha256sum; ls /var/cache/zypp/raw")
    path = of_suse(host, approvedPatches=["tr-post"], approvedPatchesEnableNonSecurity=True,
                   approvalRules={"rules": [rule(PRODUCT=["None"])]},
                   sources=[{"name": "alt", "products": ["Suse15.5"],
                             "configuration": "[main]\nname=alt\nbaseurl=file:///srv/repo\n"
                                              "gpgkey=file:///srv/repo/key.asc\n"}])
    found = scan(host, "--baseline", path, "--refresh")
    assert found["tr-post"]["origin"] == "patchbay-source-1"
    patch(host, "install", "--baseline", path, expect=194)
    assert version_of(host, "tr-post") == ["2"] and version_of(host, "tr-good") == ["1"]
    assert host.sh("cd /etc/zypp; find . -type f | sort | xargs sha256sum; "
                   "ls /var/cache/zypp/raw") == own


# --- being told to stop ---

def test_a_stop_while_packages_are_fetched_ends_zypper_at_once(host, repo, mirror):  # noqa: F811
    url, asked, goes_on = mirror
    have_old(host, repo, "tr-good")
    host.write("/etc/zypp/repos.d/testbed.repo", repo.config(url))
    start(host)
    assert asked.wait(60)
    host.sh("kill -TERM $(cat /run/pid)")
    status, said = over(host)
    assert not goes_on.is_set()  # the mirror never did
    assert status == 1
    assert "FAILED tr-good 0:2-1: the run was told to stop before it was the turn" in said
    assert version_of(host, "tr-good") == ["1"]
    assert host.sh("cat /proc/[0-9]*/comm | grep -cx zypper || true") == "0"
    goes_on.set()
    assert "installed tr-good 0:2-1" in patch(host, "install", expect=194).stdout


def test_what_zypper_has_begun_is_finished_when_told_to_stop(host, repo):  # noqa: F811
    have_old(host, repo, "tr-slow", "tr-good")
    start(host)
    wait_until(host, "/run/slow")
    host.sh("kill -TERM $(cat /run/pid); kill -INT $(cat /run/pid)")
    assert not host.has("/run/status")
    host.sh("touch /run/go")
    said = over(host)[1]
    assert "installed tr-slow 0:2-1" in said and "installed tr-good 0:2-1" in said
    assert version_of(host, "tr-slow") == version_of(host, "tr-good") == ["2"]
