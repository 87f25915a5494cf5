# SPDX-License-Identifier: Apache-2.0
"""AWS-UbuntuDefaultPatchBaseline on a real root that says it is Ubuntu, with Ubuntu's pockets: what
is in the security pocket is approved, and nothing else is."""

import json

import pytest

from patch_host import BUILD, Host, LocalRepo, patch, scan, states, updates, upgradable

RELEASES = {"jammy": "22.04", "noble": "24.04"}
RULE = {"filterGroup": {"filters": []}, "approveAfterDays": 0}

# Where each package has a version 2 (and 3): everything is installed at 1, from the release pocket.
POCKETS = {
    "pb-security": ["security"],
    "pb-both": ["security", "updates"],  # as Ubuntu does it: what is in security gets into updates
    "pb-updates": ["updates"],
    "pb-phased": ["updates"],
    "pb-current": [],
    "pb-hidden": ["security"],           # and a 3 in updates that covers it
    "pb-proposed": ["proposed"],
    "pb-foreign": [],                    # a 2 in a repository that only calls itself so
}


def make_archive(folder, release):
    """An archive as archive.ubuntu.com has it: a folder of dists for each pocket."""
    repo = LocalRepo(folder)
    for name, pockets in POCKETS.items():
        repo.package(name, "1", pool="release")
        for pocket in pockets:
            phase = ["Phased-Update-Percentage: 0"] if name == "pb-phased" else []
            repo.package(name, "2", pool=pocket, fields=phase)
    repo.package("pb-hidden", "3", pool="updates")
    for pocket in "release", "security", "updates", "proposed":
        suite = release if pocket == "release" else f"{release}-{pocket}"
        repo.publish("--suite", suite, "--suite-name", suite, "--codename", release, "--origin",
                     "Ubuntu", "--label", "Ubuntu", "--pool", pocket)
    return repo


def make_foreign(folder, release):
    repo = LocalRepo(folder)
    repo.package("pb-foreign", "2")
    repo.publish("--suite", f"{release}-security", "--suite-name", f"{release}-security",
                 "--codename", release, "--origin", "LP-PPA-somebody", "--label", "Ubuntu")
    return repo


@pytest.fixture(params=RELEASES)
def host(request, tmp_path):
    release = request.param
    archive = make_archive(tmp_path / "archive", release)
    foreign = make_foreign(tmp_path / "foreign", release)
    binds = {"/opt/patchbay": BUILD / "src/patch", "/srv/ubuntu": archive.directory,
             "/srv/foreign": foreign.directory}
    with Host("ubuntu", binds=binds) as host:
        host.write("/etc/os-release", f'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID='
                   f'"{RELEASES[release]}"\nVERSION_CODENAME={release}\n')
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        archive.enable(host, "/srv/ubuntu", "ubuntu")
        foreign.enable(host, "/srv/foreign", "foreign")
        host.sh("dpkg -i /srv/ubuntu/release/*.deb")
        # Ubuntu's apt knows proposed, and takes nothing from it by itself.
        host.write("/etc/apt/preferences.d/proposed",
                   f"Package: *\nPin: release a={release}-proposed\nPin-Priority: 100\n")
        host.release = release
        yield host


def rows(found):
    return {n: p for n, p in found.items() if n.startswith("pb-")}


def test_the_security_pocket_is_approved_and_the_updates_pocket_is_not(host):
    answer = json.loads(patch(host, "scan", "--json").stdout)
    assert answer["baseline"]["name"] == "AWS-UbuntuDefaultPatchBaseline"
    assert answer["host"] == {"os": "UBUNTU", "product": "Ubuntu" + RELEASES[host.release],
                              "release": host.release}
    found = scan(host)
    assert updates(rows(found)) == upgradable(host)
    assert {n: p["state"] for n, p in rows(found).items()} == {
        "pb-security": "Missing", "pb-both": "Missing",
        "pb-updates": "InstalledOther", "pb-phased": "InstalledOther",
        "pb-hidden": "InstalledOther", "pb-foreign": "InstalledOther",
        "pb-current": "InstalledOther", "pb-proposed": "InstalledOther"}
    assert {n for n, p in found.items() if n != "summary" and p["security"]} == {
        "pb-security", "pb-both"}
    assert found["pb-security"]["classification"] == "Security"
    assert found["pb-updates"]["classification"] == ""
    assert found["pb-hidden"]["candidate"] == "3"  # "candidate must itself be in the security"
    assert found["pb-foreign"]["update"] and not found["pb-foreign"]["security"]
    assert found["summary"]["securitySources"] == 1
    assert "security" in found["pb-updates"]["reason"]


def test_an_install_brings_in_just_these(host):
    done = patch(host, "install", "--reboot-option", "NoReboot")
    assert "2 installed, 0 failed" in done.stdout
    assert host.sh("dpkg-query -W -f='${Package}=${Version} ' 'pb-*'").split() == sorted(
        f"{name}={2 if name in ('pb-security', 'pb-both') else 1}" for name in POCKETS)
    assert states(host, ["pb-security", "pb-both"]) == {
        "pb-security": "InstalledPendingReboot", "pb-both": "InstalledPendingReboot"}
    host.reboot()
    found = scan(host)
    assert found["summary"]["compliant"] and found["pb-both"]["state"] == "Installed"
    assert updates(rows(found)) == upgradable(host)


def test_a_rule_that_enables_non_security_takes_the_updates_pocket_too(host):
    path = "/root/baseline.json"
    host.write(path, json.dumps({"patchBaseline": {
        "operatingSystem": "UBUNTU", "baselineId": "pb-0123456789abcdef0", "name": "test",
        "approvalRules": {"rules": [{**RULE, "enableNonSecurity": True}]}}}))
    found = scan(host, "--baseline", path)
    missing = {n for n, p in rows(found).items() if p["state"] == "Missing"}
    assert missing == {"pb-security", "pb-both", "pb-updates", "pb-hidden", "pb-foreign"}
    assert found["pb-phased"]["phased"]  # the update is not for this host yet
    simulated = host.pending()
    assert missing <= set(simulated)
