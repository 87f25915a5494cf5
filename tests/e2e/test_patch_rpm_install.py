# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch changing real RPM roots: every way it goes wrong is produced and told."""

import functools
import http.server
import threading

import pytest

from rpm_host import (PATCH, STATE, WAITS, RpmRepo, background, baseline, have, installed,
                      native_updates, new_host, packages, patch, scan, states, updates, use,
                      version_of, wait_until)

FAILS = "echo no\nexit 1\n"
ALL = ["tr-good", "tr-locked", "tr-pre", "tr-post", "tr-slow", "tr-needs-nothing", "tr-library",
       "tr-program", "tr-config", "tr-stranger", "tr-unsigned", "tr-big", "tr-going"]


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
           "tr-config": {"configs": {"/etc/tr-config.conf": "new\n"}},
           "tr-stranger": {"signer": "stranger"}, "tr-unsigned": {"signer": None},
           "tr-big": {"files": {"/srv/small/file": ("x" * 1023 + "\n") * 1024}}}
    for name in ALL:
        repo.package(name, "1-1", **old.get(name, {}))
        repo.package(name, "2-1", **new.get(name, {}))
    repo.package("tr-current", "2-1")
    repo.notice("RLSA-2024:0001", "security", [f"{n}-2-1" for n in ALL] + ["tr-current-2-1"],
                severity="Important", cves=["CVE-2024-0001"])
    repo.publish()
    return repo


@pytest.fixture
def host(repo):
    with new_host(repo=repo) as host:
        use(host, repo)
        yield host


def have_old(host, repo, *names):
    have(host, repo, *[name + "-1-1" for name in names])


# --- the states of the table ---

def test_the_states_of_the_table(host, repo):
    names = ["tr-good", "tr-locked", "tr-pre", "tr-post", "tr-needs-nothing", "tr-config",
             "tr-stranger", "tr-unsigned", "tr-current"]
    have_old(host, repo, *names[:-1])
    have(host, repo, "tr-current-2-1")
    host.write("/etc/dnf/plugins/versionlock.list", "tr-locked-0:1-1.*\n")
    host.write("/etc/tr-config.conf", "mine\n")
    found = states(host, names + ["testbed-userland"])
    assert found == {**{n: "Missing" for n in names},
                     "tr-current": "Installed", "testbed-userland": "InstalledOther"}
    assert "on hold" in scan(host)["tr-locked"]["reason"]

    done = patch(host, "install", "--reboot-option", "NoReboot", expect=1)
    assert states(host, names) == {
        "tr-good": "InstalledPendingReboot", "tr-config": "InstalledPendingReboot",
        "tr-post": "InstalledPendingReboot",  # rpm counts it as installed, and so do we
        "tr-locked": "Missing", "tr-current": "Installed",
        "tr-pre": "Missing", "tr-needs-nothing": "Missing",  # that they failed, only an
        "tr-stranger": "Missing", "tr-unsigned": "Missing"}  # Install can know
    said = {line.split()[1]: line for line in done.stdout.splitlines() if "FAILED" in line}
    assert set(said) == {"tr-pre", "tr-needs-nothing", "tr-stranger", "tr-unsigned"}
    assert "%pre" in said["tr-pre"].lower() or "prein" in said["tr-pre"].lower()
    assert "tr-not-anywhere" in said["tr-needs-nothing"]
    for name in "tr-stranger", "tr-unsigned":
        assert any(word in said[name].lower() for word in ("gpg", "sign", "key")), said[name]
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
    names = ["tr-good", "tr-library", "tr-program"]
    have_old(host, repo, *names)
    allow = baseline(host, rejectedPatches=["tr-lib*"])
    block = baseline(host, "/root/block.json", rejectedPatches=["tr-lib*"],
                     rejectedPatchesAction="BLOCK")
    assert states(host, names, "--baseline", allow) == {
        "tr-good": "Missing", "tr-library": "InstalledOther", "tr-program": "Missing"}
    assert states(host, names, "--baseline", block) == {
        "tr-good": "Missing", "tr-library": "InstalledRejected", "tr-program": "Missing"}

    done = patch(host, "install", "--baseline", block, expect=194)
    failed, = [line for line in done.stdout.splitlines() if "FAILED" in line]
    assert "tr-program" in failed and "tr-library" in failed
    assert {n: version_of(host, n) for n in names} == {
        "tr-good": ["2"], "tr-library": ["1"], "tr-program": ["1"]}

    patch(host, "install", "--baseline", allow, expect=194)
    assert {n: version_of(host, n) for n in names} == {n: ["2"] for n in names}
    assert states(host, names, "--baseline", allow)["tr-library"] == "InstalledPendingReboot"
    host.reboot()
    assert states(host, names, "--baseline", allow)["tr-library"] == "InstalledOther"


def test_a_dry_run_only_tells(host, repo):
    have_old(host, repo, "tr-good", "tr-needs-nothing")
    done = patch(host, "install", "--dry-run")
    assert "would install tr-good" in done.stdout
    refused, = [line for line in done.stdout.splitlines() if line.startswith("cannot install")]
    assert "tr-needs-nothing" in refused and "tr-not-anywhere" in refused
    assert states(host, ["tr-good"]) == {"tr-good": "Missing"}


def test_a_full_disk_fails_one_package_and_not_the_rest(host, repo):
    host.sh("mkdir -p /srv/small; mount -t tmpfs -o size=64k tmpfs /srv/small")
    have_old(host, repo, "tr-big", "tr-good")
    done = patch(host, "install", expect=194)
    failed, = [line for line in done.stdout.splitlines() if "FAILED" in line]
    assert "tr-big" in failed and "space" in failed
    assert version_of(host, "tr-good") == ["2"] and version_of(host, "tr-big") == ["1"]
    assert scan(host)["tr-big"]["state"] == "Missing"


# --- the mirror ---

def test_old_lists_are_not_taken_for_fresh_ones(host, repo):
    have_old(host, repo, "tr-good")
    for more in {}, {"skip_if_unavailable": 1}:
        text = repo.config("http://127.0.0.1:9/", **more)
        host.write("/etc/yum.repos.d/testbed.repo", text)
        assert "testbed" in patch(host, "scan", "--refresh", expect=1).stderr, more
        assert "testbed" in patch(host, "install", expect=1).stderr, more
        assert version_of(host, "tr-good") == ["1"]


def test_a_mirror_that_dies_between_the_list_and_the_package(host, repo, tmp_path):
    """The lists come; the packages do not."""
    have_old(host, repo, "tr-good")
    (tmp_path / "repodata").symlink_to(repo.directory / "repodata")
    handler = functools.partial(Quiet, directory=tmp_path)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        host.write("/etc/yum.repos.d/testbed.repo",
                   repo.config(f"http://127.0.0.1:{server.server_port}/", retries=1))
        done = patch(host, "install", expect=1)
        failed, = [line for line in done.stdout.splitlines() if "FAILED" in line]
        assert "tr-good" in failed and "mirror" in failed
    finally:
        server.shutdown()
    assert version_of(host, "tr-good") == ["1"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_metadata_with_a_wrong_signature_is_not_believed(tmp_path):
    repo = RpmRepo(tmp_path)
    repo.package("tr-good", "1-1")
    repo.publish()
    with new_host(repo=repo) as host:
        use(host, repo, repo_gpgcheck=1)
        have(host, repo, "tr-good-1-1")
        repo.package("tr-good", "2-1")
        repo.notice("RLSA-2024:0001", "security", ["tr-good-2-1"], severity="Critical")
        repo.publish()
        file = tmp_path / "repodata/repomd.xml"
        file.write_text(file.read_text().replace("</revision>", "0</revision>"))
        assert patch(host, "scan", "--refresh", expect=1).stderr
        assert patch(host, "install", expect=1).stderr
        assert version_of(host, "tr-good") == ["1"]


# --- other hands on the same host ---

def test_a_lock_that_another_dnf_holds_is_waited_for(host, repo):
    have_old(host, repo, "tr-good", "tr-slow")
    background(host, "dnf -q -y upgrade tr-slow; touch /run/over")
    wait_until(host, "/run/slow")
    done = patch(host, "install", "--lock-timeout", "0", expect=1)
    failed = [line for line in done.stdout.splitlines() if "FAILED tr-good" in line]
    assert failed and "another package manager" in failed[0]
    host.sh("touch /run/go")
    wait_until(host, "/run/over")
    patch(host, "install", expect=194)
    assert states(host, ["tr-good"]) == {"tr-good": "InstalledPendingReboot"}


def test_a_lock_that_rpm_holds_is_waited_for(host, repo):
    have_old(host, repo, "tr-good", "tr-slow")
    background(host, "rpm -U --force-debian /srv/repo/packages/tr-slow-2-1.noarch.rpm")
    wait_until(host, "/run/slow")
    done = patch(host, "install", "--lock-timeout", "0", expect=1)
    assert any("FAILED tr-good" in line and "another package manager" in line
               for line in done.stdout.splitlines()), done.stdout
    background(host, f"{PATCH} install > /run/said 2>&1; echo $? > /run/status")
    wait_until(host, "/run/said")
    host.sh("touch /run/go")
    wait_until(host, "/run/status", timeout=60)
    assert host.read("/run/status") == "194\n", host.read("/run/said")
    assert states(host, ["tr-good", "tr-slow"]) == {"tr-good": "InstalledPendingReboot",
                                                    "tr-slow": "Installed"}


def test_two_runs_never_overlap(host, repo):
    have_old(host, repo, "tr-slow")
    background(host, f"{PATCH} install > /run/first 2>&1; echo $? > /run/status")
    wait_until(host, "/run/slow")
    assert "another patch run" in patch(host, "install", expect=1).stderr
    scan(host)  # a scan needs no lock
    host.sh("touch /run/go")
    wait_until(host, "/run/status")
    assert host.read("/run/status") == "194\n", host.read("/run/first")


def test_a_package_that_is_removed_meanwhile_does_not_come_back(host, repo):
    """The run has decided; then somebody removes the package; then the run gets the lock."""
    have_old(host, repo, "tr-good", "tr-going")
    background(host, "rpm -e tr-going")
    wait_until(host, "/run/slow")
    background(host, f"{PATCH} install > /run/said 2>&1; echo $? > /run/status")
    wait_until(host, STATE + "/state.json")  # the plan is in the journal, and dnf has to wait
    host.sh(f"while ! grep -q tr-going {STATE}/state.json; do sleep 0.02; done; touch /run/go")
    wait_until(host, "/run/status", timeout=60)
    assert version_of(host, "tr-going") == []
    assert version_of(host, "tr-good") == ["2"], host.read("/run/said")
    assert "tr-going" not in scan(host)
    assert "FAILED tr-going" in host.read("/run/said")


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
    assert not host.exec("rpm", "-Va", check=False).stdout
    host.reboot()
    assert states(host, ["tr-good", "tr-slow"]) == {"tr-good": "Installed", "tr-slow": "Installed"}


@pytest.mark.parametrize("phase", ["planned", "resolved", "changing"])
def test_a_power_failure_at_other_points_ends_in_a_true_report(host, repo, phase):
    names = ["tr-good", "tr-slow", "tr-library", "tr-program"]
    have_old(host, repo, *names)
    facts = {"planned": f"grep -q tr-good {STATE}/state.json",
             "resolved": f"grep -q 'Running transaction' {STATE}/install.log",
             "changing": "rpm -q tr-library-2-1 || rpm -q tr-slow-2-1"}
    background(host, f"{PATCH} install")
    host.sh(f"while ! ({facts[phase]}) >/dev/null 2>&1; do sleep 0.01; done")
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
    assert updates(packages(host)) == native_updates(host)[0] == {}


def test_a_killed_run_leaves_the_package_manager_to_finish(host, repo):
    have_old(host, repo, "tr-slow")
    background(host, f"{PATCH} install & echo $! > /run/pid")
    wait_until(host, "/run/slow")
    host.sh("kill -9 $(cat /run/pid); touch /run/go; "
            "while test \"$(rpm -q tr-slow | wc -l)\" != 1; do sleep 0.02; done")
    patch(host, "install", expect=194)  # to be rebooted for what the killed one brought in
    assert version_of(host, "tr-slow") == ["2"]
    assert states(host, ["tr-slow"]) == {"tr-slow": "InstalledPendingReboot"}
