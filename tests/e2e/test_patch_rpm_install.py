# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch changing real roots with dnf and zypper: every way it goes wrong is produced and
told."""

import functools
import http.server
import threading

import pytest

from rpm_host import (PATCH, STATE, RpmRepo, background, have, installed, new_host, packages, patch,
                      scan, states, updates, version_of, wait_until)
from rpm_managers import failures, have_old, host, manager, repo  # noqa: F401 (fixtures)


# --- the states of the table ---

def test_the_states_of_the_table(host, repo, manager):  # noqa: F811
    names = ["tr-good", "tr-locked", "tr-pre", "tr-post", "tr-needs-nothing", "tr-config",
             "tr-stranger", "tr-unsigned", "tr-current"]
    have_old(host, repo, *names[:-1])
    have(host, repo, "tr-current-2-1")
    host.sh(manager.locks)
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
    assert "%prein" in said["tr-pre"].lower()
    assert "tr-not-anywhere" in said["tr-needs-nothing"]
    for name in "tr-stranger", "tr-unsigned":
        assert any(words in said[name] for words in manager.distrusts), said[name]
        assert version_of(host, name) == ["1"]
    assert host.read("/etc/tr-config.conf") == "mine\n"
    assert host.read("/etc/tr-config.conf.rpmnew") == "new\n"
    assert "3 installed, 4 failed" in done.stdout
    assert "tr-good" in host.read(STATE + "/install.log")

    host.reboot()
    found = states(host, names)
    assert (found["tr-good"], found["tr-config"]) == ("Installed", "Installed")
    assert not scan(host)["summary"]["compliant"]


def test_rejected_packages(host, repo, manager):  # noqa: F811
    names = ["tr-good", "tr-library", "tr-program"]
    have_old(host, repo, *names)
    allow = manager.baseline(host, rejectedPatches=["tr-lib*"])
    block = manager.baseline(host, "/root/block.json", rejectedPatches=["tr-lib*"],
                             rejectedPatchesAction="BLOCK")
    assert states(host, names, "--baseline", allow) == {
        "tr-good": "Missing", "tr-library": "InstalledOther", "tr-program": "Missing"}
    assert states(host, names, "--baseline", block) == {
        "tr-good": "Missing", "tr-library": "InstalledRejected", "tr-program": "Missing"}

    failed = failures(patch(host, "install", "--baseline", block, expect=194))
    assert set(failed) == {"tr-program"} and "tr-library" in failed["tr-program"]
    assert {n: version_of(host, n) for n in names} == {
        "tr-good": ["2"], "tr-library": ["1"], "tr-program": ["1"]}

    patch(host, "install", "--baseline", allow, expect=194)
    assert {n: version_of(host, n) for n in names} == {n: ["2"] for n in names}
    assert states(host, names, "--baseline", allow)["tr-library"] == "InstalledPendingReboot"
    host.reboot()
    assert states(host, names, "--baseline", allow)["tr-library"] == "InstalledOther"


def test_a_dry_run_only_tells(host, repo):  # noqa: F811
    have_old(host, repo, "tr-good", "tr-needs-nothing", "tr-program", "tr-library")
    done = patch(host, "install", "--dry-run")
    for name in "tr-good", "tr-program", "tr-library":
        assert f"would install {name}" in done.stdout
    refused, = [line for line in done.stdout.splitlines() if line.startswith("cannot install")]
    assert "tr-needs-nothing" in refused and "tr-not-anywhere" in refused
    assert states(host, ["tr-good"]) == {"tr-good": "Missing"}


def test_a_full_disk_fails_one_package_and_not_the_rest(host, repo):  # noqa: F811
    host.sh("mkdir -p /srv/small; mount -t tmpfs -o size=64k tmpfs /srv/small")
    have_old(host, repo, "tr-big", "tr-good")
    failed = failures(patch(host, "install", expect=194))
    assert set(failed) == {"tr-big"} and "space" in failed["tr-big"]
    assert version_of(host, "tr-good") == ["2"] and version_of(host, "tr-big") == ["1"]
    assert scan(host)["tr-big"]["state"] == "Missing"


# --- the mirror ---

def test_old_lists_are_not_taken_for_fresh_ones(host, repo, manager):  # noqa: F811
    have_old(host, repo, "tr-good")
    for options in manager.careless:
        host.write(f"{manager.repos}/testbed.repo", repo.config("http://127.0.0.1:9/", **options))
        assert "testbed" in patch(host, "scan", "--refresh", expect=1).stderr, options
        assert "testbed" in patch(host, "install", expect=1).stderr, options
        assert version_of(host, "tr-good") == ["1"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_mirror_that_dies_between_the_list_and_the_package(host, repo, manager,  # noqa: F811
                                                             tmp_path):
    """The lists come; the packages do not."""
    have_old(host, repo, "tr-good")
    for name in "repodata", "key.asc":
        (tmp_path / name).symlink_to(repo.directory / name)
    handler = functools.partial(Quiet, directory=tmp_path)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        host.write(f"{manager.repos}/testbed.repo",
                   repo.config(f"http://127.0.0.1:{server.server_port}/", retries=1))
        failed = failures(patch(host, "install", expect=1))
        assert set(failed) == {"tr-good"} and "tr-good-2-1.noarch.rpm" in failed["tr-good"]
    finally:
        server.shutdown()
    assert version_of(host, "tr-good") == ["1"]


def test_metadata_with_a_wrong_signature_is_not_believed(manager, tmp_path):  # noqa: F811
    repo = RpmRepo(tmp_path)
    repo.package("tr-good", "1-1")
    repo.publish()
    with new_host(manager.system, repo=repo) as host:
        manager.use(host, repo, repo_gpgcheck=1)
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

@pytest.mark.parametrize("other", ["manager", "rpm"])
def test_a_lock_that_another_holds_is_waited_for(host, repo, manager, other):  # noqa: F811
    have_old(host, repo, "tr-good", "tr-slow")
    background(host, manager.upgrades_slow if other == "manager" else
               "rpm -U --force-debian /srv/repo/packages/tr-slow-2-1.noarch.rpm")
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


def test_two_runs_never_overlap(host, repo):  # noqa: F811
    have_old(host, repo, "tr-slow")
    background(host, f"{PATCH} install > /run/first 2>&1; echo $? > /run/status")
    wait_until(host, "/run/slow")
    assert "another patch run" in patch(host, "install", expect=1).stderr
    scan(host)  # a scan needs no lock
    host.sh("touch /run/go")
    wait_until(host, "/run/status")
    assert host.read("/run/status") == "194\n", host.read("/run/first")


def test_a_package_that_is_removed_meanwhile_does_not_come_back(host, repo):  # noqa: F811
    """The run has decided; then somebody removes the package; then the run gets the lock."""
    have_old(host, repo, "tr-good", "tr-going")
    background(host, "rpm -e tr-going")
    wait_until(host, "/run/slow")
    background(host, f"{PATCH} install > /run/said 2>&1; echo $? > /run/status")
    wait_until(host, STATE + "/state.json")  # the plan is in the journal, and it has to wait
    host.sh(f"while ! grep -q tr-going {STATE}/state.json; do sleep 0.02; done; touch /run/go")
    wait_until(host, "/run/status", timeout=60)
    assert version_of(host, "tr-going") == []
    assert version_of(host, "tr-good") == ["2"], host.read("/run/said")
    assert "tr-going" not in scan(host)
    assert "FAILED tr-going 0:2-1: it was removed meanwhile" in host.read("/run/said")


# --- power ---

def test_a_power_failure_in_a_transaction_is_told_and_repaired(host, repo):  # noqa: F811
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


@pytest.mark.parametrize("phase", ["planned", "at work", "changing"])
def test_a_power_failure_at_other_points_ends_in_a_true_report(host, repo, manager,  # noqa: F811
                                                               phase):
    names = ["tr-good", "tr-slow", "tr-library", "tr-program"]
    have_old(host, repo, *names)
    facts = {"planned": f"grep -q tr-good {STATE}/state.json",
             "at work": f"grep -q '{manager.at_work}' {STATE}/install.log",
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
    assert updates(packages(host)) == manager.updates(host) == {}


def test_a_killed_run_leaves_the_package_manager_to_finish(host, repo):  # noqa: F811
    have_old(host, repo, "tr-slow")
    background(host, f"{PATCH} install & echo $! > /run/pid")
    wait_until(host, "/run/slow")
    host.sh("kill -9 $(cat /run/pid); touch /run/go; "
            "while test \"$(rpm -q tr-slow | wc -l)\" != 1; do sleep 0.02; done")
    patch(host, "install", expect=194)  # to be rebooted for what the killed one brought in
    assert version_of(host, "tr-slow") == ["2"]
    assert states(host, ["tr-slow"]) == {"tr-slow": "InstalledPendingReboot"}
