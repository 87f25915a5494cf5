# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch alone on real RPM roots: what it sees is what dnf sees, and its rules hold."""

import datetime
import json

import pytest

from rpm_host import (RpmRepo, baseline, evr, installed, names_in, native_notices, native_updates,
                      new_host, only, packages, patch, rule, scan, updates, use, version_of)

DEFAULTS = {  # what the predefined baselines approve of the world, but for what is only obsoleted
    "security": {"pb-critical", "pb-important", "pb-epoch", "pb-tilde", "pb-config", "pb-locked",
                 "pb-multi", "pb-program", "pb-library", "kernel-core", "pb-modular"},
    "moderate": {"pb-moderate", "pb-both"},
    "bugfix": {"pb-bugfix", "pb-both"},
}
NAMES = {"rocky": "AWS-RockyLinuxDefaultPatchBaseline", "ol": "AWS-OracleLinuxDefaultPatchBaseline",
         "rhel": "AWS-RedHatDefaultPatchBaseline", "almalinux": "AWS-AlmaLinuxDefaultPatchBaseline",
         "centos": "AWS-CentOSDefaultPatchBaseline",
         "amzn": "AWS-AmazonLinux2023DefaultPatchBaseline"}


def agree(host, *arguments):
    """The scan, having compared it with everything dnf and rpm say."""
    found = packages(host, *arguments)
    native, replaced = native_updates(host)
    # What a lock keeps away is no update for dnf, and one that is on hold for us.
    plain = {key: v for key, v in updates(found).items()
             if ".".join(key) not in replaced and not found[key]["held"]}
    assert plain == native
    for old in replaced:
        name, _, arch = old.rpartition(".")
        assert found[name, arch]["update"], old
    assert {key: evr(p["installed"]) for key, p in found.items()} == \
        {key: max(versions) for key, versions in installed(host).items()}

    def noticed(*options):
        notices = native_notices(host, *options)
        return {key for key, version in native.items() if version in notices.get(key, ())}

    assert {key for key in plain if found[key]["security"]} == noticed()
    classified = {key for key in plain if found[key]["state"] != "InstalledOther"}
    security = noticed("--security")
    for classification, keys in (("Security", security), ("Bugfix", noticed("--bugfix") - security),
                                 ("Enhancement", noticed("--enhancement"))):
        assert {key for key in classified
                if found[key]["classification"] == classification} == keys & classified
    return found


@pytest.fixture(scope="module")
def world():
    """One Rocky root that no test changes but for files it puts back."""
    with new_host() as host:
        yield host


# --- the same set as dnf, before and after ---

@pytest.mark.parametrize("system", ["rocky", "almalinux", "rhel", "amzn", "ol", "centos"])
def test_the_predefined_baseline_of_each_system(system):
    with new_host(system) as host:
        answer = json.loads(patch(host, "scan", "--json").stdout)
        assert answer["baseline"]["name"] == NAMES[system]
        found = agree(host)
        wanted = {
            "centos": {name for name, _ in updates(found)},
            "ol": DEFAULTS["security"] | DEFAULTS["moderate"] | DEFAULTS["bugfix"] | {"pb-old-name"}
        }.get(system, DEFAULTS["security"] | DEFAULTS["bugfix"] | {"pb-old-name"})
        if system == "ol":  # Important and Moderate, not Critical
            wanted -= {"pb-critical"}
        assert names_in(found, "Missing") == wanted
        assert len([p for p in found.values() if p["name"] == "pb-multi"]) == 2


def test_an_install_brings_in_what_is_missing_and_no_more():
    with new_host() as host:
        before = agree(host)
        missing = {key for key, p in before.items() if p["state"] == "Missing"}
        host.exec("dnf", "-q", "-C", "mark", "remove", "pb-library")
        chosen = host.sh("dnf -q -C repoquery --userinstalled --qf '%{name}'").split()

        done = patch(host, "install", expect=194)
        assert "0 failed" in done.stdout
        after = agree(host)
        assert not names_in(after, "Missing") and not names_in(after, "Failed")
        changed = {key for key in before if key in after and
                   before[key]["installed"] != after[key]["installed"]}
        assert changed | {("pb-old-name", "noarch")} == missing
        # The one that took another's place, and the kernel beside its elders.
        assert ("pb-old-name", "noarch") not in after and ("pb-new-name", "noarch") in after
        assert len(installed(host)["kernel-core", "x86_64"]) == 3
        assert version_of(host, "pb-modular") == ["1.0"]
        assert "pb-library" not in chosen
        assert "pb-library" not in host.sh("dnf -q -C repoquery --userinstalled --qf '%{name}'"
                                           ).split()
        assert host.read("/etc/pb-config.conf") == "new\n"  # nobody had changed it

        host.reboot()
        assert scan(host)["summary"]["compliant"]
        assert "0 installed, 0 failed" in patch(host, "install").stdout


def test_the_oldest_kernel_goes_and_not_the_newest():
    with new_host() as host:
        host.sh("sed -i s/installonly_limit=3/installonly_limit=2/ /etc/dnf/dnf.conf")
        patch(host, "install", expect=194)
        assert {v[1] for v in installed(host)["kernel-core", "x86_64"]} == {
            "5.14.0-2.el9", "5.14.0-3.el9"}
        agree(host)


# --- the administrator's settings are dnf's ---

MODULE = "/etc/dnf/modules.d/pbmod.module"
LOCKS = "/etc/dnf/plugins/versionlock.list"
SETTINGS = {
    "another stream": f"sed -i s/stream=1/stream=2/ {MODULE}",
    "no stream": f"rm {MODULE}",
    "a disabled module": f"sed -i 's/stream=1/stream=/; s/enabled/disabled/' {MODULE}",
    "module hotfixes": "echo module_hotfixes=1 >> /etc/yum.repos.d/testbed.repo",
    "excludes": "echo 'excludepkgs=pb-low,pb-m*' >> /etc/dnf/dnf.conf",
    "excludes with an old name": "echo 'exclude=pb-bugfix kernel*' >> /etc/dnf/dnf.conf",
    "excludes of a repository": "echo 'excludepkgs=pb-important-1.0*' >> "
                                "/etc/yum.repos.d/testbed.repo",
    "includes": "echo 'includepkgs=pb-c*' >> /etc/yum.repos.d/testbed.repo",
    "no obsoletes": "echo obsoletes=0 >> /etc/dnf/dnf.conf",
    "a lock": f"echo 'pb-locked-0:1.0-1.el9.*' > {LOCKS}",
    "a lock on any version": f"echo 'pb-low-0:1.0-*' > {LOCKS}",
    "a forbidden version": f"echo '!pb-hidden-0:1.1-1.el9.*' > {LOCKS}",
    "an install-only package": "echo 'installonlypkgs=pb-critical' >> /etc/dnf/dnf.conf",
    "a repository that is off": "sed -i s/enabled=1/enabled=0/ /etc/yum.repos.d/testbed.repo; "
                                "printf '[other]\\nname=other\\nbaseurl=file:///srv/rpm\\n"
                                "enabled=1\\nexcludepkgs=pb-l*\\n' > /etc/yum.repos.d/other.repo; "
                                "dnf -q makecache",
    "a repository before another": "sed 's/testbed]/first]/; s/name=testbed/name=first/' "
                                   "/etc/yum.repos.d/testbed.repo > /etc/yum.repos.d/first.repo; "
                                   "printf 'priority=10\\nexcludepkgs=pb-hidden-1.1*\\n' >> "
                                   "/etc/yum.repos.d/first.repo; dnf -q makecache",
}
SAME = {"a lock on any version", "an install-only package"}  # as to what is new


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_dnf_is_told_holds(world, setting):
    world.sh("rm -rf /root/kept; mkdir /root/kept; cp -a /etc/dnf /etc/yum.repos.d /root/kept/")
    try:
        before = updates(packages(world))
        world.sh(SETTINGS[setting])
        now = agree(world)
        assert (updates(now) != before or any(p["held"] for p in now.values())) == (
            setting not in SAME)
    finally:
        world.sh("rm -rf /etc/dnf /etc/yum.repos.d; mv /root/kept/dnf /root/kept/yum.repos.d /etc")


def test_a_lock_is_named_and_the_update_stays_missing(world):
    world.sh(f"cp {LOCKS} /root/locks; echo 'pb-important-0:1.0-1.el9.*' > {LOCKS}")
    try:
        found = scan(world)["pb-important"]
        assert found["held"] and found["state"] == "Missing"
        assert "on hold" in found["reason"]
    finally:
        world.sh(f"mv /root/locks {LOCKS}")


# --- rules ---

APPROVALS = [
    (rule(CLASSIFICATION=["Security"], SEVERITY=["Critical"]), {"pb-critical"}),
    (rule(CLASSIFICATION=["Security"], SEVERITY=["Medium"]), {"pb-moderate", "pb-both"}),
    (rule(CLASSIFICATION=["Security"], SEVERITY=["Moderate"]), {"pb-moderate", "pb-both"}),
    (rule(SEVERITY=["Low"]), {"pb-low"}),
    (rule(CLASSIFICATION=["Bugfix"]), {"pb-bugfix", "pb-both"}),
    (rule(CLASSIFICATION=["Bugfix"], SEVERITY=["Moderate"]), set()),  # not of two notices
    (rule(CLASSIFICATION=["Enhancement"]), {"pb-enhancement"}),
    (rule(CLASSIFICATION=["Newpackage"]), {"pb-newpackage"}),
    (rule(PRODUCT=["RockyLinux9.4"], SEVERITY=["Low"]), {"pb-low"}),
    (rule(PRODUCT=["RockyLinux8.4"], SEVERITY=["Low"]), set()),
    # Bugfix and of no matter which severity: a severity is asked for, and it has none.
    (rule(CLASSIFICATION=["Bugfix", "Enhancement"], SEVERITY=["Low"]), set()),
]


@pytest.mark.parametrize("one, expected", APPROVALS)
def test_rules_see_type_and_severity_of_the_notice(world, one, expected):
    found = packages(world, "--baseline", baseline(world, **only(one)))
    assert names_in(found, "Missing") == expected


@pytest.mark.parametrize("entry, expected", [
    ("2000001", {"pb-critical"}), ("2000003", {"pb-moderate"}), ("200000", set()),
    ("CVE-2024-0002", {"pb-critical"}), ("CVE-2024-0009", {"pb-both"}), ("CVE-2024", set()),
    ("RLSA-2024:0004", {"pb-low"}), ("RLBA-2024:0012", {"pb-enhancement"}),
    ("pb-low-1.0-2.el9.noarch", {"pb-low"}), ("pb-low-1.0-3.el9.noarch", set()),
    ("pb-epoch-2:0.5-1.el9.x86_64", {"pb-epoch"}), ("pb-epoch-1:0.5-1.el9.x86_64", set()),
    ("pb-lo*", {"pb-low", "pb-locked"}), ("pb-multi*.i686", {"pb-multi"}),
    ("CVE-2024-0008", set()),  # the version that the notice has is not the one there is
    ("pb-nonotice", set())])   # security sources only, unless
def test_the_approved_list_in_each_of_its_forms(world, entry, expected):
    nothing = rule(PRODUCT=["None"])
    found = packages(world, "--baseline",
                     baseline(world, approvedPatches=[entry], **only(nothing)))
    assert names_in(found, "Missing") == expected
    if entry.endswith(".i686"):
        assert found["pb-multi", "x86_64"]["state"] == "InstalledOther"


def test_the_rejected_list_knows_no_advisories(world):
    def missing(*rejected):
        return names_in(packages(world, "--baseline", baseline(
            world, rejectedPatches=list(rejected), **only(rule(SEVERITY=["Low", "Critical"])))),
            "Missing")

    assert missing() == {"pb-low", "pb-critical"}
    assert missing("pb-low") == missing("pb-lo*") == missing("pb-low-1.0-2.el9.noarch") == {
        "pb-critical"}
    assert missing("CVE-2024-0001", "RLSA-2024:0004", "2000001") == {"pb-low", "pb-critical"}


def test_a_list_can_be_for_non_security_too(world):
    path = baseline(world, approvedPatches=["pb-nonotice"], approvedPatchesEnableNonSecurity=True,
                    **only(rule(PRODUCT=["None"])))
    assert names_in(packages(world, "--baseline", path), "Missing") == {"pb-nonotice"}


# --- dates ---

def test_the_days_of_a_notice_count_from_its_last_change(tmp_path):
    now = datetime.datetime.now(datetime.timezone.utc)

    def ago(days):
        return (now - datetime.timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")

    repo = RpmRepo(tmp_path)
    for name in "pb-old", "pb-edited", "pb-new", "pb-issued", "pb-built", "pb-fresh":
        repo.package(name, "1-1")
        repo.package(name, "2-1", built_at=int((now - datetime.timedelta(
            days=1)).timestamp()) if name == "pb-fresh" else 1704067200)
    # A bug fix of long ago that a security update names too: each notice has its own date.
    repo.package("pb-twice", "1-1")
    repo.package("pb-twice", "2-1")
    repo.notice("T-fix", "bugfix", ["pb-twice-2-1"], issued=ago(60), updated=ago(30))
    repo.notice("T-hole", "security", ["pb-twice-2-1"], severity="Critical", issued=ago(3),
                updated=ago(2))
    for name, issued, updated in (("pb-old", 60, 30), ("pb-edited", 60, 3), ("pb-new", 3, 2),
                                  ("pb-issued", 30, None)):
        repo.notice("T-" + name, "security", [name + "-2-1"], severity="Low", issued=ago(issued),
                    updated=ago(updated) if updated else "")
    repo.publish()
    with new_host(repo=repo) as host:
        use(host, repo)
        host.sh("rpm -U --force-debian /srv/repo/packages/*-1-1.noarch.rpm")

        def missing(**members):
            return names_in(packages(host, "--baseline", baseline(host, **members)), "Missing")

        assert missing(**only(rule(7))) == {"pb-old", "pb-issued", "pb-twice"}
        assert missing(**only(rule(0))) == {"pb-old", "pb-issued", "pb-edited", "pb-new",
                                            "pb-twice"}
        assert missing(**only(rule(7, CLASSIFICATION=["Security"]))) == {"pb-old", "pb-issued"}
        assert missing(**only(rule(7, CLASSIFICATION=["Bugfix"]))) == {"pb-twice"}
        assert missing(**only(rule(1, SEVERITY=["Critical"]))) == {"pb-twice"}
        why = patch(host, "why", "pb-twice", "--baseline", baseline(host, **only(rule(7)))).stdout
        assert "rule 1 approves by notice T-fix since" in why and "T-hole (Security Critical" in why
        assert missing(**only(rule(40))) == set()
        # Without a notice the time it was built is all there is.
        assert missing(**only(rule(7, True))) == {"pb-old", "pb-issued", "pb-built", "pb-twice"}
        until = {**rule(), "approveUntilDate": ago(10)[:10]}
        del until["approveAfterDays"]
        assert missing(**only(until)) == {"pb-old", "pb-issued", "pb-twice"}
        waits = scan(host, "--baseline", baseline(host, **only(rule(7))))["pb-edited"]
        assert waits["state"] == "InstalledOther" and "date" in waits["reason"]


# --- sources of truth ---

def test_a_host_without_notices_is_warned_of():
    with new_host("centos") as host:
        path = "/root/baseline.json"
        host.write(path, json.dumps({"patchBaseline": {
            "operatingSystem": "CENTOS", "baselineId": "pb-0123456789abcdef0", "name": "test",
            **only(rule())}}))
        found = scan(host, "--baseline", path)
        assert found["summary"]["securitySources"] == 0
        assert found["summary"]["Missing"] == 0
        assert "WARNING" in patch(host, "scan", "--baseline", path).stdout
