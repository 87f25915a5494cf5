# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch alone on real Debian roots: its answers are apt's, its states are true."""

import json
import shutil
import subprocess

import pytest

from patch_host import (BUILD, FAILING, PATCH, SLOW, STATE, LocalRepo, baseline, begin, have,
                        host, new_host, over, patch, scan, start, states, updates, upgradable,  # noqa: F401
                        wait_until)
import testbed  # patch_host says where it is


# --- the mirror's own updates ---

def test_the_set_of_updates_is_apts_own_before_and_after():
    with new_host() as host:
        before = scan(host)
        assert updates(before)
        assert updates(before) == upgradable(host)
        pending = {name: version[1] for (name, _), version in updates(before).items()}
        assert pending == host.pending()
        installed = host.sh("dpkg-query -W -f='${Package} ${Version}\\n'").splitlines()
        assert {f"{p['name']} {p['installed']}" for n, p in before.items() if n != "summary"} == \
            set(installed)

        host.sh(f"apt-mark auto {' '.join(pending)} && apt-mark manual tzdata openssl")
        automatic = host.sh("apt-mark showauto")
        done = patch(host, "install", expect=194)
        assert "a reboot is wanted" in done.stdout
        after = scan(host)
        assert updates(after) == upgradable(host)
        assert not [p for p in updates(after) if p in updates(before) and
                    before[p[0]]["state"] == "Missing"]
        assert set(pending) - {"tzdata", "openssl"} <= set(automatic.split())
        assert host.sh("apt-mark showauto") == automatic
        assert host.sh("stat -c %a /var/lib/apt/extended_states") == "644"

        host.reboot()
        assert scan(host)["summary"]["compliant"]
        assert "0 installed, 0 failed" in patch(host, "install").stdout


def test_a_scan_changes_nothing_and_needs_no_root():
    with new_host() as host:
        host.sh("useradd -m somebody")
        before = host.sh("dpkg -l; ls -l /var/cache/apt /var/lib/apt/lists")
        said = host.sh(f"su somebody -c '{PATCH} scan --json'")
        assert json.loads(said)["summary"]["updates"] > 0
        assert host.has("/home/somebody/.cache/patchbay/cache/pkgcache.bin")
        assert host.sh("dpkg -l; ls -l /var/cache/apt /var/lib/apt/lists") == before


def test_a_scan_begins_with_apts_own_cache_and_leaves_that_alone():
    ours, apts = f"{STATE}/cache/pkgcache.bin", "/var/cache/apt/pkgcache.bin"
    with new_host() as host:
        host.sh("apt-get -q update; touch -d '-1 hour' /var/lib/dpkg/status /var/lib/apt/lists; "
                "apt-cache policy tzdata")
        assert host.has(apts) and not host.has(ours)
        before = host.sh(f"stat -c '%i %s %y' {apts}; sha256sum {apts}")
        assert updates(scan(host)) == upgradable(host)
        assert host.sh(f"stat -c %i {ours}") == host.sh(f"stat -c %i {apts}")

        # What is older than dpkg's last word is neither believed nor written over.
        host.sh("sed -i '/^Package: tzdata$/,/^$/s/^Version: .*/Version: 1/' /var/lib/dpkg/status")
        assert scan(host)["tzdata"]["installed"] == "1"
        assert host.sh(f"stat -c '%i %s %y' {apts}; sha256sum {apts}") == before
        host.sh(f"rm {ours}")
        assert scan(host)["tzdata"]["installed"] == "1"
        assert host.sh(f"stat -c %i {ours}") != host.sh(f"stat -c %i {apts}")


def test_another_root_is_scanned_from_outside(tmp_path):
    with new_host() as host:
        inside = updates(scan(host))
    root = testbed.base_root()
    done = subprocess.run([BUILD / "src/patch/patchbay-patch", "scan", "--json", "--root", root,
                           "--state", tmp_path], capture_output=True, text=True, check=True)
    found = {p["name"]: p for p in json.loads(done.stdout)["packages"]}
    assert updates(found) == inside


def test_without_its_module_it_says_what_is_missing(tmp_path):
    alone = tmp_path / "bin" / "patchbay-patch"
    modules = tmp_path / "lib" / "patchbay"
    alone.parent.mkdir()
    modules.mkdir(parents=True)
    shutil.copy(BUILD / "src/patch/patchbay-patch", alone)

    scan_it = [alone, "scan", "--root", testbed.base_root(), "--state", tmp_path / "state"]

    def fails(reason):
        done = subprocess.run(scan_it, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and reason in done.stderr, done

    fails("needs the module patchbay-apt.so")
    (modules / "patchbay-apt.so").write_text("not a library")
    fails("the module cannot be loaded")
    shutil.copy(BUILD / "src/patch/patchbay-apt.so", modules)
    subprocess.run(scan_it, capture_output=True, check=True)


# --- packages of our own ---

@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    """Everything at 1, and at 2 in a security source, but for what its name says."""
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    new = {
        "pb-good": {},
        "pb-held": {},
        "pb-pinned": {},
        "pb-postinst": {"scripts": {"postinst": FAILING}},
        "pb-preinst": {"scripts": {"preinst": FAILING}},
        "pb-slow": {"scripts": {"postinst": SLOW}},
        "pb-needs-nothing": {"depends": "pb-not-anywhere"},
        "pb-library": {},
        "pb-program": {"depends": "pb-library (>= 2)"},
        "pb-conffile": {"conffiles": {"/etc/pb-conffile": "new\n"}},
    }
    for name, what in new.items():
        old = {"conffiles": {"/etc/pb-conffile": "old\n"}} if name == "pb-conffile" else {}
        repo.package(name, "1", **old)
        repo.package(name, "2", **what)
    repo.package("pb-current", "2")
    repo.package("pb-absent", "2")
    repo.publish()
    return repo


def test_the_states_of_the_table(host):
    names = ["pb-good", "pb-held", "pb-postinst", "pb-preinst", "pb-needs-nothing", "pb-current",
             "pb-conffile"]
    have(host, *names)
    host.sh("apt-mark hold pb-held")
    host.sh("echo mine > /etc/pb-conffile")
    found = states(host, names + ["tzdata"])
    assert found == {**{n: "Missing" for n in names}, "pb-current": "Installed",
                     "tzdata": "InstalledOther"}
    assert "on hold" in scan(host)["pb-held"]["reason"]
    assert "pb-absent" not in scan(host)

    done = patch(host, "install", "--reboot-option", "NoReboot", expect=1)
    assert states(host, names) == {
        "pb-good": "InstalledPendingReboot", "pb-conffile": "InstalledPendingReboot",
        "pb-held": "Missing", "pb-current": "Installed",
        "pb-postinst": "Failed",        # half configured: so also for a later scan
        "pb-preinst": "Missing",        # that it failed, only the Install can know
        "pb-needs-nothing": "Missing"}
    said = {line.split()[1]: line for line in done.stdout.splitlines() if "FAILED" in line}
    assert set(said) == {"pb-postinst", "pb-preinst", "pb-needs-nothing"}
    assert "pre-installation script" in said["pb-preinst"]
    assert "post-installation script" in said["pb-postinst"]
    assert "pb-not-anywhere" in said["pb-needs-nothing"]
    assert host.read("/etc/pb-conffile") == "mine\n"
    assert "2 installed, 3 failed" in done.stdout
    assert "Setting up pb-good (2)" in host.read(STATE + "/install.log")

    host.reboot()
    found = states(host, names)
    assert (found["pb-good"], found["pb-conffile"]) == ("Installed", "Installed")
    assert not scan(host)["summary"]["compliant"]


def test_a_pin_is_obeyed_and_named(host):
    have(host, "pb-pinned", "pb-good")
    host.write("/etc/apt/preferences.d/pb", "Package: pb-pinned\nPin: version 1\n"
                                            "Pin-Priority: 1001\n")
    found = scan(host)
    assert updates(found) == upgradable(host) == {("pb-good", "all"): ("1", "2")}
    assert found["pb-pinned"]["pinned"] and "newer version 2" in found["pb-pinned"]["reason"]


def test_why_tells_the_links_of_what_the_scan_decided(host):
    have(host, "pb-pinned", "pb-good", "pb-held")
    host.sh("apt-mark hold pb-held")
    host.write("/etc/apt/preferences.d/pb", "Package: pb-pinned\nPin: version 1\n"
                                            "Pin-Priority: 1001\n")
    found, chains = scan(host), {}
    for name in ("pb-good", "pb-pinned", "pb-held", "tzdata"):
        told, = json.loads(patch(host, "why", "--json", name).stdout)
        assert (told["state"], told["reason"]) == (found[name]["state"], found[name]["reason"])
        assert found[name].get("chain", told["chain"]) == told["chain"]
        chains[name] = {link["step"]: link["says"] for link in told["chain"]}
    assert "chain" in found["pb-good"] and "chain" not in found["tzdata"]
    assert chains["pb-good"] == {"Version": "Update", "Source": "Security", "Rule": "Approves",
                                 "State": "Missing"}
    assert chains["pb-held"]["Hold"] == "Held" and chains["pb-pinned"]["Pin"] == "Hidden"
    assert chains["tzdata"]["State"] == "InstalledOther"
    assert "pb-good.all\n" in patch(host, "why", "pb-good.all").stdout
    assert "on the rejected list (BLOCK)" in patch(
        host, "why", "pb-good", "--baseline",
        baseline(host, rejectedPatches=["pb-good"], rejectedPatchesAction="BLOCK")).stdout
    assert "not installed" in patch(host, "why", "pb-absent", expect=1).stderr
    patch(host, "why", expect=2)


def test_rejected_packages(host):
    have(host, "pb-good", "pb-library", "pb-program")
    names = ["pb-good", "pb-library", "pb-program"]
    allow = baseline(host, rejectedPatches=["pb-lib*"])
    assert states(host, names, "--baseline", allow) == {
        "pb-good": "Missing", "pb-library": "InstalledOther", "pb-program": "Missing"}
    block = baseline(host, rejectedPatches=["pb-lib*"], rejectedPatchesAction="BLOCK")
    assert states(host, names, "--baseline", block) == {
        "pb-good": "Missing", "pb-library": "InstalledRejected", "pb-program": "Missing"}

    done = patch(host, "install", "--baseline", block, expect=194)
    assert "FAILED pb-program 2: it needs the rejected package pb-library" in done.stdout
    assert {n: scan(host)[n]["installed"] for n in names} == {
        "pb-good": "2", "pb-library": "1", "pb-program": "1"}

    allow = baseline(host, rejectedPatches=["pb-lib*"])
    patch(host, "install", "--baseline", allow, expect=194)
    assert {n: scan(host)[n]["installed"] for n in names} == {n: "2" for n in names}


def test_a_host_without_a_security_source_is_warned_of():
    with new_host() as host:
        assert scan(host)["summary"]["securitySources"] > 0
        sources = host.sh("cat /etc/apt/sources.list.d/debian.sources").split("\n\n")
        host.write("/etc/apt/sources.list.d/debian.sources", "\n\n".join(
            s for s in sources if "-security" not in s) + "\n")
        assert scan(host)["summary"]["securitySources"] == 0
        assert "WARNING: there are no package lists" in patch(host, "scan").stdout


def test_a_dry_run_only_tells(host):
    have(host, "pb-good", "pb-needs-nothing")
    done = patch(host, "install", "--dry-run")
    assert "would install pb-good:amd64 2 over 1" in done.stdout
    assert "cannot install pb-needs-nothing:amd64 2: pb-needs-nothing : Depends" in done.stdout
    assert states(host, ["pb-good"]) == {"pb-good": "Missing"}


# --- other hands on the same host ---

def test_a_lock_that_another_holds_is_waited_for(host):
    have(host, "pb-good", "pb-slow")
    begin(host, "dpkg -i /srv/repo/pool/pb-slow_2_all.deb")
    done = patch(host, "install", "--lock-timeout", "0", expect=1)
    assert "FAILED pb-good 2: another package manager holds" in done.stdout
    start(host)
    host.sh(f"while ! grep -q '\"installing\"' {STATE}/state.json; do sleep 0.02; done")
    host.sh("rm /run/hold")  # and not before the install has come to the lock
    assert over(host)[0] == 194
    assert states(host, ["pb-good"]) == {"pb-good": "InstalledPendingReboot"}


OTHER_MANAGER = """use Fcntl;
open(F, '>>', '/var/lib/dpkg/lock-frontend') or die;
my $lock = pack('s s x4 q q i x4', F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die;
open(T, '>', '/run/slow') or die;
while (-e '/run/hold') { select(undef, undef, undef, 0.02) }
$ENV{DPKG_FRONTEND_LOCKED} = 1;
exec('dpkg', '--purge', 'pb-good');
"""


def test_what_is_removed_while_an_install_waits_does_not_come_back(host):
    have(host, "pb-good")
    host.write("/root/other.pl", OTHER_MANAGER)
    begin(host, "perl /root/other.pl")
    start(host)
    host.sh(f"while ! grep -q '\"installing\"' {STATE}/state.json; do sleep 0.02; done")
    host.sh("rm /run/hold")
    status, said = over(host)
    assert "FAILED pb-good 2: it was removed meanwhile" in said, said
    assert status != 0 and "pb-good" not in scan(host)


def test_two_runs_never_overlap(host):
    have(host, "pb-slow")
    begin(host, f"{PATCH} install; echo $? > /run/status")
    assert "another patch run" in patch(host, "install", expect=1).stderr
    assert scan(host)["pb-slow"]["state"] != "Installed"  # a scan needs no lock
    host.sh("rm /run/hold")
    wait_until(host, "/run/status")
    assert host.read("/run/status") == "194\n"


def test_old_lists_are_not_taken_for_fresh_ones(host):
    have(host, "pb-good")
    host.sh("echo 'deb [trusted=yes] http://127.0.0.1:9/debian x main' "
            "> /etc/apt/sources.list.d/down.list; echo 'Acquire::Retries \"0\";' "
            "> /etc/apt/apt.conf.d/retries")
    assert "127.0.0.1" in patch(host, "scan", "--refresh", expect=1).stderr
    assert "127.0.0.1" in patch(host, "install", expect=1).stderr
    assert states(host, ["pb-good"]) == {"pb-good": "Missing"}


def test_a_power_failure_in_the_middle_is_told_and_repaired(host):
    have(host, "pb-good", "pb-slow")
    begin(host, f"{PATCH} install")
    host.powerfail()
    assert states(host, ["pb-slow"]) == {"pb-slow": "Failed"}
    patch(host, "install", expect=194)
    host.reboot()
    assert states(host, ["pb-good", "pb-slow"]) == {"pb-good": "Installed", "pb-slow": "Installed"}


def test_a_damaged_state_is_set_aside(host):
    have(host, "pb-good")
    patch(host, "scan")
    host.write(STATE + "/state.json", "{")
    patch(host, "scan", expect=1)
    patch(host, "install", expect=194)
    assert host.read(STATE + "/state.json.damaged") == "{"


def test_a_document_that_lies_is_refused(host):
    for members in ({"operatingSystem": "UBUNTU"}, {"rejectedPatchesAction": "MAYBE"},
                    {"approvedPatches": ["x" * 101]}):
        path = baseline(host, **members)
        assert path in patch(host, "scan", "--baseline", path, expect=143).stderr


def test_packages_of_two_architectures(tmp_path):
    repo = LocalRepo(tmp_path)
    for version in "1", "2":
        for arch in "amd64", "i386":
            repo.package("pb-multi", version, arch=arch, fields=["Multi-Arch: same"])
    repo.publish()
    with new_host(repo) as host:
        host.sh("dpkg --add-architecture i386; "
                "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        repo.enable(host, "/srv/repo")
        host.sh("dpkg -i /srv/repo/pool/pb-multi_1_amd64.deb /srv/repo/pool/pb-multi_1_i386.deb")
        packages = json.loads(patch(host, "scan", "--json").stdout)["packages"]
        found = {(p["name"], p["arch"]): (p["installed"], p["candidate"])
                 for p in packages if p["update"]}
        assert found == upgradable(host) == {("pb-multi", arch): ("1", "2")
                                             for arch in ("amd64", "i386")}
        assert "2 installed, 0 failed" in patch(host, "install", expect=194).stdout
        assert not upgradable(host)


def test_a_full_disk_fails_one_package_and_not_the_rest(tmp_path):
    repo = LocalRepo(tmp_path)
    for version, size in ("1", 10), ("2", 1 << 20):
        repo.package("pb-big", version, files={"/srv/small/file": "x" * size})
        repo.package("pb-good", version)
    repo.publish()
    with new_host(repo) as host:
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*; mkdir /srv/small; "
                "mount -t tmpfs -o size=64k tmpfs /srv/small")
        repo.enable(host, "/srv/repo")
        have(host, "pb-big", "pb-good")
        done = patch(host, "install", expect=194)
        assert "No space left on device" in done.stdout
        assert "FAILED pb-big 2" in done.stdout and "installed pb-good 2" in done.stdout
        found = scan(host)
        assert (found["pb-big"]["installed"], found["pb-big"]["state"]) == ("1", "Missing")


def test_a_repository_with_a_wrong_signature_is_not_believed(tmp_path):
    repo = LocalRepo(tmp_path)
    repo.package("pb-good", "1")
    repo.publish()
    with new_host(repo) as host:
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        repo.enable(host, "/srv/repo")
        have(host, "pb-good")
        repo.package("pb-good", "2")
        repo.publish()
        release = tmp_path / "dists/bookworm-security/InRelease"
        release.write_text(release.read_text().replace("Label: Debian-Security",
                                                       "Label: Debian-SecuritY"))
        assert "InRelease" in patch(host, "install", expect=1).stderr
        assert scan(host)["pb-good"]["installed"] == "1"
