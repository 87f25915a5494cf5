# SPDX-License-Identifier: Apache-2.0
"""What a real host says of itself: whether it wants a reboot, who runs old code, and whether it is
as well after an install as it was before."""

import json

import pytest

import patch_plane as runs
from patch_host import BUILD, PATCH, Host, LocalRepo, have, host, patch  # noqa: F401

CONFIG = "/etc/patchbay/patch.conf"
SERVER = ("use IO::Socket::INET; $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', "
          "LocalPort => 7777, Listen => 1) or die; open(F, '>/run/server.pid'); print F $$; "
          "close F; sleep 1000")
STOPS_SERVER = """#!/bin/sh
[ "$1" = configure ] && [ -e /run/server.pid ] || exit 0
kill -9 $(cat /run/server.pid)
while test -e /proc/$(cat /run/server.pid); do sleep 0.02; done
"""
FAILS_UNIT = "#!/bin/sh\n[ \"$1\" = configure ] && echo pb-unit.service >> /root/failed-units\n"
SYSTEMCTL = """#!/bin/sh
case $1 in
list-units) while read unit; do echo "$unit loaded failed failed A unit"; done < /root/failed-units ;;
is-system-running) echo degraded; exit 1 ;;
esac
"""


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    for name, script in (("pb-good", None), ("systemd", None), ("pb-server", STOPS_SERVER),
                         ("pb-unit", FAILS_UNIT)):
        repo.upgrade(name, scripts={"postinst": script} if script else {})
    repo.publish()
    return repo


def facts(host):
    return json.loads(patch(host, "facts", "--json").stdout)


# --- does it want a reboot? ---

def test_reboot_required_is_told_with_its_packages(host):
    found = facts(host)
    assert found["reboot"] == "Unknown"  # the kernel is the machine's, not this root's
    assert "running kernel is not one of those installed" in patch(host, "facts").stdout
    host.write("/run/reboot-required", "*** System restart required ***\n")
    host.write("/run/reboot-required.pkgs", "libc6\npb-good\nlibc6\n")
    found = facts(host)
    assert (found["reboot"], found["rebootRequiredBy"]) == ("Needed", ["libc6", "pb-good"])
    answer = json.loads(patch(host, "scan", "--json").stdout)
    assert answer["facts"]["reasons"] == found["reasons"] == [
        "/run/reboot-required was set by libc6, pb-good"]


def test_a_newer_kernel_wants_a_reboot(host):
    release = host.sh("uname -r")
    host.write(f"/boot/vmlinuz-{release}", "")
    host.sh(f"touch -d '2 days ago' /boot/vmlinuz-{release}")
    assert facts(host)["newestKernel"] == facts(host)["runningKernel"] == release
    host.write(f"/boot/vmlinuz-99{release}", "")
    found = facts(host)
    assert (found["reboot"], found["newestKernel"]) == ("Needed", "99" + release)


def test_core_packages_count_until_the_next_boot(host):
    have(host, "systemd")
    assert facts(host)["changedSinceBoot"] == ["systemd"]
    # Both times are in whole seconds, and this host boots faster than that.
    host.sh("touch -d '3 seconds ago' /var/lib/dpkg/info/systemd.list")
    host.reboot()
    assert facts(host)["changedSinceBoot"] == []


def test_who_runs_a_replaced_program_is_told(host):
    host.sh("cp /bin/sleep /usr/bin/pb-sleep; (pb-sleep 1000 >/dev/null 2>&1 &)")
    host.sh("while ! grep -q pb-sleep /proc/[0-9]*/comm; do sleep 0.02; done")
    assert facts(host)["oldCodeInUse"] == []
    host.sh("cp /bin/sleep /usr/bin/pb-sleep.new && mv /usr/bin/pb-sleep.new /usr/bin/pb-sleep")
    user, = facts(host)["oldCodeInUse"]
    assert (user["name"], user["kind"], user["files"]) == ("pb-sleep", "process",
                                                           ["/usr/bin/pb-sleep"])
    assert user["pids"] == host.sh("pidof pb-sleep")
    assert "old code in use: pb-sleep" in patch(host, "facts").stdout
    host.sh("useradd -m somebody")
    said = host.sh(f"su somebody -c '{PATCH} facts'")
    assert "not looked into, for lack of permission" in said
    # Lists of a local repository can be links to where only root may look.
    host.sh("chmod 700 /root; cd /var/lib/apt/lists; mv *security_main*_Packages /root; "
            "ln -s /root/*_Packages .")
    said = host.exec("su", "somebody", "-c", f"{PATCH} facts", check=False)
    assert said.returncode == 1 and "_Packages cannot be read" in said.stderr
    host.sh("chmod 700 /var/lib/apt/lists")
    said = host.exec("su", "somebody", "-c", f"{PATCH} facts", check=False)
    assert said.returncode == 1 and "/var/lib/apt/lists/ cannot be read" in said.stderr
    host.reboot()
    assert facts(host)["oldCodeInUse"] == []


# --- is it as well as before? ---

@pytest.fixture
def alone(repo):
    """A host whose network is its own."""
    with Host("health", binds={"/opt/patchbay": BUILD / "src" / "patch",
                               "/srv/repo": repo.directory}, network=False) as host:
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        repo.enable(host, "/srv/repo")
        host.sh(f'(perl -e "{SERVER.replace("$", chr(92) + "$")}" >/dev/null 2>&1 &)')
        host.sh("while ! test -s /run/server.pid; do sleep 0.02; done")
        yield host


def test_a_port_that_nobody_serves_any_more_is_told(alone):
    have(alone, "pb-server")
    done = patch(alone, "install", "--reboot-option", "NoReboot")
    assert "nothing listens on tcp/7777, as something did before the install" in done.stdout


def test_a_lost_port_fails_the_install_where_the_settings_say_so(alone):
    have(alone, "pb-server")
    alone.write(CONFIG, "fail-on-lost-ports = tcp/22 tcp/7777\nhealth-wait = 0\n")
    done = patch(alone, "install", "--reboot-option", "NoReboot", expect=3)
    assert "installed pb-server 2 over 1" in done.stdout
    assert "not well after the install: nothing listens any more on: tcp/7777" in done.stderr


def test_settings_that_cannot_be_understood_stop_everything(alone):
    have(alone, "pb-server")
    alone.write(CONFIG, "fail-on-lost-ports = 7777\n")
    assert "fail-on-lost-ports = 7777" in patch(alone, "install", expect=1).stderr
    assert alone.sh("dpkg-query -W -f='${Version}' pb-server") == "1"


def test_without_systemd_failed_units_are_not_known(host):
    have(host, "pb-unit")
    host.write("/root/failed-units", "")
    host.write(CONFIG, "fail-on-failed-units = yes\n")
    done = patch(host, "install", "--reboot-option", "NoReboot")
    assert "whether units failed is not known" in done.stdout


@pytest.fixture
def plane():
    plane = runs.Plane()
    yield plane
    plane.server.shutdown()


@pytest.fixture
def node(host, plane):
    """A node of the plane, with a systemd as far as we ask it."""
    host.write("/usr/bin/systemctl", SYSTEMCTL, mode="755")
    host.write("/root/failed-units", "old.service\n")
    host.sh("mkdir -p /run/systemd/system")
    host.write(CONFIG, f"endpoint = {plane.url}\nregion = eu-west-1\ninstance-id = {runs.NODE}\n"
                       "fail-on-failed-units = yes\nhealth-wait = 0\n")
    host.write("/root/.aws/credentials", "[default]\naws_access_key_id = %s\n"
               "aws_secret_access_key = %s\naws_session_token = %s\n" % runs.KEYS, mode="600")
    return host


def test_a_unit_that_fails_in_an_install_fails_it_after_the_reboot(node, plane):
    have(node, "pb-unit")
    runs.run(node, "Install", expect=194)
    node.reboot()
    node.sh("mkdir -p /run/systemd/system")
    done = runs.run(node, "Install", expect=3)
    assert "units failed in the course of it: pb-unit.service" in done.stderr
    assert "old.service" not in done.stderr
    assert plane.summary["FailedCount"] == "0"  # the patch is in: compliance is another question


def test_the_plane_is_told_how_the_host_is(node, plane):
    node.write("/run/reboot-required", "")
    node.sh("cp /bin/sleep /usr/bin/pb-sleep; (pb-sleep 1000 >/dev/null 2>&1 &)")
    node.sh("while ! grep -q pb-sleep /proc/[0-9]*/comm; do sleep 0.02; done; "
            "rm /usr/bin/pb-sleep")
    done = runs.run(node, "Scan")
    assert "reboot needed: /run/reboot-required is there" in done.stdout
    entry, = plane.custom["Custom:PatchbayHost"]
    assert (entry["Reboot"], entry["RebootReasons"]) == ("Needed", "/run/reboot-required is there")
    assert (entry["SystemState"], entry["FailedUnits"]) == ("degraded", "old.service")
    assert (entry["RunningKernel"], entry["OldCodeUsers"]) == (node.sh("uname -r"), "1")
    user, = plane.custom["Custom:PatchbayOldCode"]
    assert (user["Name"], user["Files"]) == ("pb-sleep", "/usr/bin/pb-sleep")


def test_a_plane_that_wants_no_facts_gets_its_report(node, plane):
    put = plane.put
    plane.put = lambda given: (
        (400, {"__type": "CustomSchemaCountLimitExceededException", "message": "full"})
        if given["Items"][0]["TypeName"].startswith("Custom:") else put(given))
    done = runs.run(node, "Scan")
    assert "the plane was not told this" in done.stderr and len(plane.reports) == 1
