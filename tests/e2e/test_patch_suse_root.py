# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch alone on a real root with zypper: what it sees is what zypper sees."""

import json

import pytest

from rpm_host import (RpmRepo, baseline, installed, names_in, new_host, only, packages, patch, rule,
                      scan, updates)
from suse_host import ZYPPER, agree, list_updates, use

DEFAULT = {"pb-critical", "pb-important", "pb-epoch", "pb-tilde", "pb-config", "pb-locked",
           "pb-multi", "pb-program", "pb-library", "kernel-core", "pb-old-name"}
LOCKS = "/etc/zypp/locks"


def missing(host, **members):
    return names_in(packages(host, "--baseline", baseline(
        host, operatingSystem="SUSE", **members)), "Missing")


@pytest.fixture(scope="module")
def world():
    """One root that no test changes but for files it puts back."""
    with new_host("sles") as host:
        yield host


# --- the same set as zypper, before and after ---

def test_an_install_brings_in_what_is_missing_and_no_more():
    with new_host("sles") as host:
        answer = json.loads(patch(host, "scan", "--json").stdout)
        assert answer["baseline"]["name"] == "AWS-SuseDefaultPatchBaseline"
        assert answer["host"]["product"] == "Suse15.5"
        before = agree(host)
        assert names_in(before, "Missing") == DEFAULT
        host.sh("mkdir -p /var/lib/zypp; echo pb-library > /var/lib/zypp/AutoInstalled")
        host.write("/etc/pb-config.conf", "mine\n")

        done = patch(host, "install", expect=194)
        assert "11 installed, 0 failed" in done.stdout
        after = agree(host)
        assert not names_in(after, "Missing") and not names_in(after, "Failed")
        assert {name for name, arch in before if (name, arch) not in after or
                before[name, arch]["installed"] != after[name, arch]["installed"]} == DEFAULT
        # The one that took another's place, and the kernel beside its elders.
        assert ("pb-old-name", "noarch") not in after and ("pb-new-name", "noarch") in after
        assert len(installed(host)["kernel-core", "x86_64"]) == 3
        assert "pb-library" in host.read("/var/lib/zypp/AutoInstalled").splitlines()
        assert (host.read("/etc/pb-config.conf"), host.read("/etc/pb-config.conf.rpmnew")) == (
            "mine\n", "new\n")

        host.reboot()
        assert scan(host)["summary"]["compliant"]
        assert "0 installed, 0 failed" in patch(host, "install").stdout


# --- the administrator's settings are zypper's ---

LOCK = "type: package\\nmatch_type: {}\\ncase_sensitive: {}\\nsolvable_name: {}\\n{}\\n"
SETTINGS = {  # a shell line, and what is held by it
    "a lock": (f"{ZYPPER} addlock pb-important pb-old-name",
               {"pb-important", "pb-old-name"}),
    "a lock with a wildcard": (f"{ZYPPER} addlock 'pb-m*'", {"pb-moderate", "pb-multi"}),
    "a lock without regard to case": (
        f"printf '{LOCK.format('exact', 'off', 'PB-LOW', '')}' > {LOCKS}", {"pb-low"}),
    "a lock on part of a name": (
        f"printf '{LOCK.format('substring', 'on', 'b-tild', '')}' > {LOCKS}", {"pb-tilde"}),
    "a lock by an expression": (
        f"printf '{LOCK.format('regex', 'on', '^pb-(low|bugfix)$', '')}' > {LOCKS}",
        {"pb-low", "pb-bugfix"}),
    "a lock on newer versions": (
        f"printf '{LOCK.format('glob', 'on', 'pb-low', 'version: > 1.0-1.el9')}' > {LOCKS}",
        {"pb-low"}),
    "a lock on another repository": (
        f"printf '{LOCK.format('glob', 'on', 'pb-low', 'repo: other')}' > {LOCKS}", set()),
    "a lock by the default match": (f"printf 'type: package\\nsolvable_name: B-LO\\n' > {LOCKS}",
                                    {"pb-low", "pb-locked"}),
    "a lock on one version": (
        f"printf '{LOCK.format('glob', 'on', 'pb-low', 'version: 1.0-2.el9')}' > {LOCKS}",
        {"pb-low"}),
    "a lock on any release": (f"{ZYPPER} addlock 'pb-m* = 1.0'", {"pb-moderate", "pb-multi"}),
    "a lock on newer versions than any release": (f"{ZYPPER} addlock 'pb-low > 1.0'", set()),
    "a lock on two repositories": (
        f"printf '{LOCK.format('glob', 'on', 'pb-low', 'repo: testbed')}repo: x\\n' > {LOCKS}",
        {"pb-low"}),
    "a lock on packages and patches": (f"{ZYPPER} addlock -t package -t patch pb-low", {"pb-low"}),
    "a lock on a patch": (f"{ZYPPER} addlock -t patch SUSE-SLE-2024-1", set()),
    "locks that are off": (f"{ZYPPER} addlock pb-low; echo 'locksfile.apply = no' >> "
                           "/etc/zypp/zypp.conf", set()),
    "no several kernels": ("echo '[main]' > /etc/zypp/zypp.conf", set()),
    "a repository before another": (
        "printf '[a/b]\\nname=a\\nbaseurl=file:/srv/rpm\\npriority=20\\n' > "
        "/etc/zypp/repos.d/a.repo; zypper -q -n refresh", set()),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_zypper_is_told_holds(world, setting):
    line, held = SETTINGS[setting]
    world.sh("rm -rf /root/kept; cp -a /etc/zypp /root/kept")
    try:
        world.sh(line)
        found = packages(world) if "off" in setting else agree(world)
        assert {name for (name, _), p in found.items() if p["held"]} == held
        for name, arch in found:
            if name in held and name in DEFAULT:
                assert found[name, arch]["state"] == "Missing"
                assert "on hold" in found[name, arch]["reason"]
        if "before" in setting:
            assert {p["origin"] for p in found.values() if p["update"]} == {"a/b"}
    finally:
        world.sh("rm -rf /etc/zypp; mv /root/kept /etc/zypp")


def test_packages_are_to_fit_the_architecture_that_zypper_is_told(world):
    world.sh("cp /etc/zypp/zypp.conf /root; echo 'arch = i686' >> /etc/zypp/zypp.conf")
    try:
        found = updates(packages(world))
        assert found.pop(("pb-old-name", "noarch"))  # which is replaced, and zypper lists no such
        assert found == list_updates(world, "--all")
        assert found and {arch for _, arch in found} == {"noarch"}
    finally:
        world.sh("mv /root/zypp.conf /etc/zypp/zypp.conf")


def test_a_lock_that_is_not_understood_is_no_clean_bill(world):
    world.sh(f"printf 'type: package\\ncomplex: name == x\\n' > {LOCKS}")
    try:
        assert "complex: name == x" in patch(world, "scan", expect=1).stderr
    finally:
        world.sh(f"rm {LOCKS}")


def test_a_vendor_changes_by_no_update(tmp_path):
    vendors = {"none": "", "llc": "SUSE LLC <https://www.suse.com/>", "linux": "SUSE LINUX GmbH",
               "acme": "Acme", "lower": "acme", "inc": "Acme Inc"}
    repo, elsewhere = RpmRepo(tmp_path / "all"), RpmRepo(tmp_path / "first")
    pairs = [(a, b) for a in vendors for b in vendors if a != b]
    for old, new in pairs:
        repo.package(f"v-{old}-{new}", "1-1", vendor=vendors[old])
        repo.package(f"v-{old}-{new}", "2-1", vendor=vendors[new])
    repo.package("v-both", "1-1", vendor="Acme")
    repo.package("v-both", "2-1", vendor="Acme")
    repo.publish()
    elsewhere.package("v-both", "3-1", vendor="Other")
    elsewhere.publish()
    with new_host("sles", repo=repo, **{"/srv/first": elsewhere.directory}) as host:
        host.write("/etc/zypp/repos.d/first.repo", elsewhere.config(
            "file:///srv/first", key="/srv/first/key.asc", name="first", priority=1))
        host.sh("rpm --import /srv/first/key.asc")
        kept = host.read("/etc/zypp/repos.d/first.repo")
        use(host, repo)
        host.write("/etc/zypp/repos.d/first.repo", kept)
        host.sh("zypper -q -n refresh; "
                "rpm -U --force-debian /srv/repo/packages/v-*-1-1.noarch.rpm")
        # A better repository of another vendor has no say.
        first = updates(packages(host))
        assert first == list_updates(host)
        assert first["v-both", "noarch"] == ("0", "2-1")
        assert {name for name, _ in first} == {
            "v-both", "v-llc-linux", "v-linux-llc", "v-acme-lower", "v-lower-acme"}
        hidden = scan(host)["v-llc-acme"]
        assert hidden["pinned"] and not hidden["update"]

        host.sh("mkdir -p /etc/zypp/vendors.d; printf '[main]\\nvendors = Acme,SUSE LINUX\\n' > "
                "/etc/zypp/vendors.d/ours.conf")
        second = updates(packages(host))
        assert second == list_updates(host)
        assert ("v-inc-linux", "noarch") in second and ("v-llc-linux", "noarch") not in second

        host.sh("echo 'solver.allowVendorChange = true' >> /etc/zypp/zypp.conf")
        third = updates(packages(host))
        assert third == list_updates(host)
        assert len(third) == len(pairs) + 1


# --- rules ---

@pytest.mark.parametrize("one, expected", [
    (rule(CLASSIFICATION=["Security"], SEVERITY=["Critical"]), {"pb-critical"}),
    (rule(CLASSIFICATION=["Security"], SEVERITY=["Moderate"]), {"pb-moderate", "pb-both"}),
    (rule(SEVERITY=["Low"]), {"pb-low"}),
    (rule(CLASSIFICATION=["Recommended"]), {"pb-bugfix", "pb-both"}),
    (rule(CLASSIFICATION=["Feature"]), {"pb-enhancement"}),
    (rule(CLASSIFICATION=["Optional"]), {"pb-newpackage"}),
    (rule(CLASSIFICATION=["Document", "Yast"]), set()),
    (rule(PRODUCT=["Suse15.*"], SEVERITY=["Low"]), {"pb-low"}),
    (rule(PRODUCT=["Suse12.5"], SEVERITY=["Low"]), set())])
def test_rules_see_category_and_severity_of_the_patch(world, one, expected):
    assert missing(world, **only(one)) == expected
