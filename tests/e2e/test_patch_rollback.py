# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch rollback on real roots: all of an install is undone, or nothing is."""

import json

import pytest

import patch_plane as runs
from patch_host import (FAILING, PATCH, SLOW, STATE, LocalRepo, begin, have, host,  # noqa: F401
                        patch, run_kernel, scan, states)

NO_REBOOT = ("--reboot-option", "NoReboot")


@pytest.fixture
def repo(tmp_path):
    repo = LocalRepo(tmp_path / "repo")
    for name, what in {"pb-good": {}, "pb-slow": {"scripts": {"postinst": SLOW}},
                       "pb-library": {}, "pb-program": {"depends": "pb-library (= {})"},
                       "pb-grows": {"depends": "pb-new"},
                       "pb-stuck": {"scripts": {"prerm": FAILING}}}.items():
        for version in "1", "2":
            if name == "pb-grows" and version == "1":
                repo.package(name, version)
                continue
            options = {**what}
            if "depends" in options:
                options["depends"] = options["depends"].format(version)
            if version == "1":
                options.pop("scripts", None)
            repo.package(name, version, **options)
    repo.package("pb-boots", "1")
    repo.package("pb-boots", "2", depends="linux-image-9-pb")
    repo.package("linux-image-9-pb", "2")
    repo.package("pb-new", "2")
    repo.package("pb-asks", "1", depends="pb-new")
    repo.publish()
    return repo


def have_together(host, *names):
    files = " ".join(f"/srv/repo/pool/{name}_1_all.deb" for name in names)
    host.sh(f"dpkg -i {files}")


def install(host, command, *arguments, expect=0):
    """An install under a command's id, without a plane."""
    done = host.exec("env", PATCH, "install", *NO_REBOOT, "--command-id", command, *arguments,
                     check=False)
    assert done.returncode == expect, (done.stdout, done.stderr)
    return done


def versions(host, *names):
    return {name: host.sh(f"dpkg-query -W -f='${{Version}}' {name} 2>/dev/null || true")
            for name in names}


def history(host):
    return json.loads(patch(host, "history", "--json").stdout)


def test_an_install_is_returned_and_missing_again(host):
    names = ["pb-good", "pb-library", "pb-program"]
    have_together(host, *names)
    automatic = host.sh("apt-mark showauto")
    install(host, "command-1")
    assert versions(host, *names) == {n: "2" for n in names}

    tried = patch(host, "rollback", "command-1", "--dry-run")
    assert "would return pb-program:amd64 from 2 to 1" in tried.stdout
    assert versions(host, *names) == {n: "2" for n in names}

    done = patch(host, "rollback", "command-1")
    assert "3 returned, 0 not" in done.stdout and "not reported" in done.stdout
    assert "limits: none: without systemd" in done.stdout
    assert versions(host, *names) == {n: "1" for n in names}
    assert states(host, names) == {n: "Missing" for n in names}
    assert host.sh("apt-mark showauto") == automatic
    undone, done = history(host)
    assert (undone["operation"], undone["undoes"]) == ("Rollback", "command-1")
    assert (done["operation"], done["executionId"]) == ("Install", "command-1")
    assert {(c["name"], c["from"], c["to"]) for c in done["changes"]} == {
        (n, "1", "2") for n in names}
    assert "nothing to return" in patch(host, "rollback", "command-1").stdout


def test_the_last_install_or_an_older_one(host):
    have(host, "pb-good")
    install(host, "command-1")
    have(host, "pb-library")
    install(host, "command-2")
    install(host, "command-3")  # changes nothing
    patch(host, "rollback", "--last")
    assert versions(host, "pb-good", "pb-library") == {"pb-good": "2", "pb-library": "1"}
    patch(host, "rollback", "command-1")
    assert versions(host, "pb-good") == {"pb-good": "1"}
    assert "known as command-9" in patch(host, "rollback", "command-9", expect=1).stderr
    for wrong in ([], ["--last", "command-1"], ["a", "b"]):
        patch(host, "rollback", *wrong, expect=2)


def withdraw(host, repo, *names):
    for name in names:
        repo.remove(name, "1")
    repo.publish()
    host.exec("apt-get", "-q", "update")


def test_the_cache_will_do_where_the_repository_has_moved_on(host, repo):
    have(host, "pb-good")
    host.sh("cp /srv/repo/pool/pb-good_1_all.deb /var/cache/apt/archives/")
    install(host, "command-1")
    withdraw(host, repo, "pb-good")
    patch(host, "rollback", "command-1")
    assert versions(host, "pb-good") == {"pb-good": "1"}


def test_nothing_is_done_half(host, repo):
    names = ["pb-good", "pb-library", "pb-program", "pb-grows"]
    have_together(host, *names)
    install(host, "command-1")
    assert versions(host, "pb-new") == {"pb-new": "2"}
    withdraw(host, repo, "pb-library")
    host.sh("cp /srv/repo/pool/pb-good_2_all.deb /var/cache/apt/archives/pb-library_1_all.deb")

    before = host.sh("dpkg-query -W")
    done = patch(host, "rollback", "command-1", expect=1)
    said = {line.split()[2].split(":")[0]: line for line in done.stdout.splitlines()
            if line.startswith("CANNOT")}
    assert set(said) == {"pb-library", "pb-program"}
    assert "is in no repository and not in" in said["pb-library"]
    assert "pb-library" in said["pb-program"]
    assert "so nothing was changed" in done.stderr
    assert host.sh("dpkg-query -W") == before
    assert len(history(host)) == 1

    patch(host, "rollback", "command-1", "--dry-run", expect=1)
    done = patch(host, "rollback", "command-1", "--partial")
    assert "3 returned, 2 not" in done.stdout
    assert versions(host, *names, "pb-new") == {
        "pb-good": "1", "pb-grows": "1", "pb-library": "2", "pb-program": "2", "pb-new": ""}


def test_what_came_along_goes_again(host):
    have_together(host, "pb-good", "pb-grows")
    automatic, before = host.sh("apt-mark showauto"), host.sh("dpkg-query -W")
    install(host, "command-1")
    assert versions(host, "pb-grows", "pb-new") == {"pb-grows": "2", "pb-new": "2"}
    tried = patch(host, "rollback", "command-1", "--dry-run").stdout
    assert "would return pb-new:amd64 from 2 to nothing" in tried
    assert "3 returned, 0 not" in patch(host, "rollback", "command-1").stdout
    assert host.sh("dpkg-query -W") == before
    assert host.sh("apt-mark showauto") == automatic
    removed = [c for c in history(host)[0]["changes"] if c["name"] == "pb-new"]
    assert removed == [{"name": "pb-new", "arch": removed[0]["arch"], "managerName": "pb-new:amd64",
                        "from": "2"}]


@pytest.mark.parametrize("since, reason", [
    ("apt-mark manual pb-new", "but is marked as installed by hand"),
    ("apt-get -q -y install pb-asks", "it would take pb-asks along")])
def test_what_came_along_stays_where_somebody_wants_it(host, since, reason):
    have_together(host, "pb-good", "pb-grows")
    install(host, "command-1")
    host.sh(since)
    before = host.sh("dpkg-query -W")
    done = patch(host, "rollback", "command-1", expect=1)
    said = [line for line in done.stdout.splitlines() if line.startswith("CANNOT")]
    assert len(said) == 1 and "pb-new:amd64 to nothing" in said[0] and reason in said[0]
    assert host.sh("dpkg-query -W") == before
    assert "2 returned, 1 not" in patch(host, "rollback", "command-1", "--partial").stdout
    assert versions(host, "pb-grows", "pb-new", "pb-good") == {
        "pb-grows": "1", "pb-new": "2", "pb-good": "1"}


def test_the_kernel_that_runs_is_not_removed(host):
    have_together(host, "pb-boots")
    before = host.sh("dpkg-query -W")
    install(host, "command-1")
    installed = host.sh("dpkg-query -W")
    run_kernel(host, "9-pb")
    for arguments in ["--dry-run"], []:
        said = patch(host, "rollback", "command-1", *arguments, expect=1).stdout
        assert "CANNOT return linux-image-9-pb:amd64 to nothing" in said
        assert "is of the kernel that runs" in said
    assert host.sh("dpkg-query -W") == installed
    run_kernel(host, "8-pb")
    assert "2 returned, 0 not" in patch(host, "rollback", "command-1").stdout
    assert host.sh("dpkg-query -W") == before


def test_what_others_did_since_is_not_undone(host, repo):
    have(host, "pb-good")
    install(host, "command-1")
    repo.package("pb-good", "3")
    repo.publish()
    host.sh("dpkg -i /srv/repo/pool/pb-good_3_all.deb")
    done = patch(host, "rollback", "command-1", expect=1)
    assert "it is at 3 by now" in done.stdout and "nothing can be returned" in done.stderr


def test_a_package_that_does_not_let_itself_be_returned(host):
    have(host, "pb-good", "pb-stuck")
    install(host, "command-1")
    done = patch(host, "rollback", "command-1", expect=1)
    assert "CANNOT return pb-stuck:amd64 to 1" in done.stdout
    assert history(host)[0]["failed"] >= 1


def test_an_install_whose_power_was_cut_can_be_returned(host):
    have(host, "pb-good", "pb-slow")
    begin(host, f"{PATCH} install --command-id command-1")
    host.powerfail()
    done = patch(host, "rollback", "command-1")
    assert "returned pb-slow:amd64 from 2 to 1" in done.stdout
    assert states(host, ["pb-good", "pb-slow"]) == {"pb-good": "Missing", "pb-slow": "Missing"}
    assert history(host)[1]["endedTime"] == ""  # it was cut off


def test_the_plane_is_told_by_a_scan(host):
    plane = runs.Plane()
    host.write("/etc/patchbay/patch.conf", f"endpoint = {plane.url}\nregion = eu-west-1\n"
                                           f"instance-id = {runs.NODE}\n")
    host.write("/root/.aws/credentials", "[default]\naws_access_key_id = %s\n"
               "aws_secret_access_key = %s\naws_session_token = %s\n" % runs.KEYS, mode="600")
    have(host, "pb-good")
    runs.run(host, "Install", *NO_REBOOT)
    assert plane.states["pb-good"] == "InstalledPendingReboot"
    patch(host, "rollback", "command-1")
    assert plane.states["pb-good"] == "Missing"
    assert plane.summary["OperationType"] == "Scan"
    undone, done = plane.custom["Custom:PatchbayRuns"]
    assert (done["Operation"], done["CommandId"], done["Changed"]) == ("Install", "command-1", "1")
    assert (undone["Operation"], undone["Undoes"]) == ("Rollback", "command-1")
    plane.server.shutdown()
    plane.server.server_close()
    assert scan(host)["pb-good"]["installed"] == "1" and host.has(STATE + "/history")
