# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch changing real roots with zypper: every way it goes wrong is produced and told."""

import pytest

from patch_host import over, start
from rpm_host import (PATCH, STATE, WAITS, RpmRepo, background, baseline, have, installed, new_host,
                      packages, patch, rule, scan, states, updates, version_of, wait_until)
from rpm_mirror import mirror  # noqa: F401 (a fixture)
from suse_host import agree, list_updates, use

FAILS = "echo no\nexit 1\n"
ALL = ["tr-good", "tr-locked", "tr-pre", "tr-post", "tr-slow", "tr-needs-nothing", "tr-library",
       "tr-program", "tr-config", "tr-stranger", "tr-unsigned", "tr-big", "tr-patched", "tr-wants"]


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    """Everything at 1-1, and at 2-1 in a patch, but for what its name says."""
    repo = RpmRepo(tmp_path_factory.mktemp("rpms"))
    old = {"tr-config": {"configs": {"/etc/tr-config.conf": "old\n"}},
           "tr-big": {"files": {"/srv/small/file": "x\n"}}}
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
                    severity="important", cves=["CVE-2024-0001"])
    repo.publish()
    return repo


@pytest.fixture
def host(repo):
    with new_host("sles", repo=repo) as host:
        use(host, repo)
        yield host


def have_old(host, repo, *names):
    have(host, repo, *[name + "-1-1" for name in names])


def of_suse(host, path="/root/baseline.json", **members):
    return baseline(host, path, operatingSystem="SUSE", **members)


def failures(done):
    return {line.split()[1]: line for line in done.stdout.splitlines() if "FAILED" in line}


# --- the states of the table ---

def test_the_states_of_the_table(host, repo):
    names = ["tr-good", "tr-locked", "tr-pre", "tr-post", "tr-needs-nothing", "tr-config",
             "tr-stranger", "tr-unsigned", "tr-current"]
    have_old(host, repo, *names[:-1])
    have(host, repo, "tr-current-2-1")
    host.sh("zypper -n addlock tr-locked")
    host.write("/etc/tr-config.conf", "mine\n")
    assert states(host, names + ["testbed-userland"]) == {
        **{n: "Missing" for n in names},
        "tr-current": "Installed", "testbed-userland": "InstalledOther"}
    assert "on hold" in scan(host)["tr-locked"]["reason"]

    done = patch(host, "install", "--reboot-option", "NoReboot", expect=1)
    assert states(host, names) == {
        "tr-good": "InstalledPendingReboot", "tr-config": "InstalledPendingReboot",
        "tr-post": "InstalledPendingReboot",  # rpm counts it as installed, and so do we
        "tr-locked": "Missing", "tr-current": "Installed",
        "tr-pre": "Missing", "tr-needs-nothing": "Missing",  # that they failed, only an
        "tr-stranger": "Missing", "tr-unsigned": "Missing"}  # Install can know
    said = failures(done)
    assert set(said) == {"tr-pre", "tr-needs-nothing", "tr-stranger", "tr-unsigned"}
    assert "%prein" in said["tr-pre"]
    assert "tr-not-anywhere" in said["tr-needs-nothing"]
    for name in "tr-stranger", "tr-unsigned":
        assert "ignature verification failed" in said[name]
        assert version_of(host, name) == ["1"]
    assert host.read("/etc/tr-config.conf") == "mine\n"
    assert host.read("/etc/tr-config.conf.rpmnew") == "new\n"
    assert "3 installed, 4 failed" in done.stdout
    assert "tr-good" in host.read(STATE + "/install.log")

    host.reboot()
    found = states(host, names)
    assert (found["tr-good"], found["tr-config"]) == ("Installed", "Installed")
    assert not scan(host)["summary"]["compliant"]


def test_rejected_packages(host, repo):
    names = ["tr-good", "tr-library", "tr-program", "tr-patched", "tr-wants"]
    have_old(host, repo, *names)
    rejected = ["tr-lib*.rpm", "SUSE-SLE-2024-1"]  # a file, and a patch
    allow = of_suse(host, rejectedPatches=rejected)
    block = of_suse(host, "/root/block.json", rejectedPatches=rejected,
                    rejectedPatchesAction="BLOCK")
    assert states(host, names, "--baseline", block) == {
        "tr-good": "Missing", "tr-library": "InstalledRejected", "tr-program": "Missing",
        "tr-patched": "InstalledRejected", "tr-wants": "Missing"}

    failed = failures(patch(host, "install", "--baseline", block, expect=194))
    assert set(failed) == {"tr-program", "tr-wants"}
    assert "would bring in tr-library, which is rejected" in failed["tr-program"]
    assert "would bring in tr-patched, which is rejected" in failed["tr-wants"]
    assert {n: version_of(host, n) for n in names} == {n: ["2" if n == "tr-good" else "1"]
                                                       for n in names}

    patch(host, "install", "--baseline", allow, expect=194)
    assert {n: version_of(host, n) for n in names} == {n: ["2"] for n in names}  # each as needed


def test_a_dry_run_only_tells(host, repo):
    have_old(host, repo, "tr-good", "tr-needs-nothing", "tr-program", "tr-library")
    done = patch(host, "install", "--dry-run")
    for name in "tr-good", "tr-program", "tr-library":
        assert f"would install {name}" in done.stdout
    refused, = [line for line in done.stdout.splitlines() if line.startswith("cannot install")]
    assert "tr-needs-nothing" in refused and "tr-not-anywhere" in refused
    assert states(host, ["tr-good"]) == {"tr-good": "Missing"}


def test_a_full_disk_fails_one_package_and_not_the_rest(host, repo):
    host.sh("mkdir -p /srv/small; mount -t tmpfs -o size=64k tmpfs /srv/small")
    have_old(host, repo, "tr-big", "tr-good")
    failed = failures(patch(host, "install", expect=194))
    assert set(failed) == {"tr-big"} and "space" in failed["tr-big"]
    assert version_of(host, "tr-good") == ["2"] and version_of(host, "tr-big") == ["1"]


# --- the mirror ---

def test_old_lists_are_not_taken_for_fresh_ones(host, repo):
    have_old(host, repo, "tr-good")
    use_text = repo.config("http://127.0.0.1:9/", autorefresh=1)
    host.write("/etc/zypp/repos.d/testbed.repo", use_text)
    assert "testbed" in patch(host, "scan", "--refresh", expect=1).stderr
    assert "testbed" in patch(host, "install", expect=1).stderr
    assert version_of(host, "tr-good") == ["1"]
    scan(host)  # which asks for nothing fresh


def test_metadata_with_a_wrong_signature_is_not_believed(tmp_path):
    repo = RpmRepo(tmp_path)
    repo.package("tr-good", "1-1")
    repo.publish()
    with new_host("sles", repo=repo) as host:
        use(host, repo, repo_gpgcheck=1)
        have(host, repo, "tr-good-1-1")
        repo.package("tr-good", "2-1")
        repo.notice("SUSE-SLE-2024-1", "security", ["tr-good-2-1"], severity="critical")
        repo.publish()
        file = tmp_path / "repodata/repomd.xml"
        file.write_text(file.read_text().replace("</revision>", "0</revision>"))
        assert patch(host, "scan", "--refresh", expect=1).stderr
        assert patch(host, "install", expect=1).stderr
        assert version_of(host, "tr-good") == ["1"]


def test_a_key_that_a_repository_brings_is_not_trusted_by_that(host, repo):
    have_old(host, repo, "tr-good")
    host.sh("rpm -e --allmatches gpg-pubkey; rm -rf /var/cache/zypp")
    for command in ("scan", "--refresh"), ("install",):
        refused = patch(host, *command, expect=1).stderr
        assert "from repository 'testbed' is signed with an unknown key" in refused
    assert host.sh("rpm -qa gpg-pubkey") == "" and version_of(host, "tr-good") == ["1"]
    host.sh("rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-testbed")
    assert "1 installed" in patch(host, "install", expect=194).stdout


# --- other hands on the same host ---

@pytest.mark.parametrize("other", [
    "zypper -n --no-refresh install tr-slow",
    "rpm -U --force-debian /srv/repo/packages/tr-slow-2-1.noarch.rpm"])
def test_a_lock_that_another_holds_is_waited_for(host, repo, other):
    have_old(host, repo, "tr-good", "tr-slow")
    background(host, other)
    wait_until(host, "/run/slow")
    failed = failures(patch(host, "install", "--no-refresh", "--lock-timeout", "0", expect=1))
    assert "another package manager" in failed["tr-good"]
    background(host, f"{PATCH} install > /run/said 2>&1; echo $? > /run/status")
    wait_until(host, "/run/said")
    host.sh("touch /run/go")
    wait_until(host, "/run/status", timeout=60)
    assert host.read("/run/status") == "194\n", host.read("/run/said")
    assert states(host, ["tr-good", "tr-slow"]) == {"tr-good": "InstalledPendingReboot",
                                                    "tr-slow": "Installed"}


# --- power ---

def test_a_power_failure_in_a_transaction_is_told_and_repaired(host, repo):
    have_old(host, repo, "tr-good", "tr-slow")
    background(host, f"{PATCH} install")
    wait_until(host, "/run/slow")
    host.powerfail()
    # Both versions are in the database: the old one was to go after the new one's script.
    assert len(version_of(host, "tr-slow")) == 2
    found = scan(host)
    assert found["tr-slow"]["state"] == "Failed" and found["tr-slow"]["broken"]
    assert not found["summary"]["compliant"]
    host.sh("touch /run/go")
    patch(host, "install", expect=194)
    assert version_of(host, "tr-slow") == version_of(host, "tr-good") == ["2"]
    host.reboot()
    assert states(host, ["tr-good", "tr-slow"]) == {"tr-good": "Installed", "tr-slow": "Installed"}


@pytest.mark.parametrize("fact", [
    f"grep -q tr-good {STATE}/state.json", f"grep -q Retrieving {STATE}/install.log",
    "rpm -q tr-library-2-1"], ids=["planned", "fetching", "changing"])
def test_a_power_failure_at_other_points_ends_in_a_true_report(host, repo, fact):
    names = ["tr-good", "tr-slow", "tr-library", "tr-program"]
    have_old(host, repo, *names)
    background(host, f"{PATCH} install")
    host.sh(f"while ! ({fact}) >/dev/null 2>&1; do sleep 0.01; done")
    host.powerfail()
    host.sh("touch /run/go")
    have_now = installed(host)
    for name, state in states(host, names).items():
        versions = {v[1] for v in have_now[name, "noarch"]}
        if state in ("Installed", "InstalledPendingReboot"):
            assert versions == {"2-1"}, (name, state, versions)
        else:
            assert "1-1" in versions and state in ("Missing", "Failed"), (name, state, versions)
    patch(host, "install", expect=194)
    assert {n: version_of(host, n) for n in names} == {n: ["2"] for n in names}
    host.reboot()
    assert states(host, names) == {n: "Installed" for n in names}
    assert updates(packages(host)) == list_updates(host) == {}


def test_a_killed_run_leaves_the_package_manager_to_finish(host, repo):
    have_old(host, repo, "tr-slow")
    background(host, f"{PATCH} install & echo $! > /run/pid")
    wait_until(host, "/run/slow")
    host.sh("kill -9 $(cat /run/pid); touch /run/go; "
            "while test \"$(rpm -q tr-slow | wc -l)\" != 1; do sleep 0.02; done")
    patch(host, "install", expect=194)  # to be rebooted for what the killed one brought in
    assert version_of(host, "tr-slow") == ["2"]
    assert states(host, ["tr-slow"]) == {"tr-slow": "InstalledPendingReboot"}


# --- back, and from elsewhere ---

def test_a_rollback_returns_all_or_nothing(host, repo):
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


def test_a_rollback_that_would_touch_more_touches_nothing(host, repo):
    have_old(host, repo, "tr-library", "tr-program")
    patch(host, "install", "--baseline", of_suse(host, approvedPatches=["tr-library"],
          approvalRules={"rules": []}), "--command-id", "command-1", expect=194)
    patch(host, "install", "--command-id", "command-2", expect=194)
    assert "tr-program" in patch(host, "rollback", "command-1", expect=1).stdout
    assert version_of(host, "tr-library") == version_of(host, "tr-program") == ["2"]


def test_alternative_sources_count_for_one_run(host, repo):
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


def test_what_zypper_has_begun_is_finished_when_told_to_stop(host, repo):
    have_old(host, repo, "tr-slow", "tr-good")
    start(host)
    wait_until(host, "/run/slow")
    host.sh("kill -TERM $(cat /run/pid); kill -INT $(cat /run/pid)")
    assert not host.has("/run/status")
    host.sh("touch /run/go")
    said = over(host)[1]
    assert "installed tr-slow 0:2-1" in said and "installed tr-good 0:2-1" in said
    assert version_of(host, "tr-slow") == version_of(host, "tr-good") == ["2"]
