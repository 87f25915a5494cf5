# SPDX-License-Identifier: Apache-2.0
"""What bounds an install on a real host: disks, priorities, memory, time, and being told to stop."""

import os

import pytest

from patch_host import (PATCH, LocalRepo, have, host, over, patch, start, states,  # noqa: F401
                        wait_until)

CONFIG = "/etc/patchbay/patch.conf"
NO_REBOOT = ("--reboot-option", "NoReboot")
TELLS_LIMITS = """#!/bin/sh
[ "$1" = configure ] || exit 0
{ ulimit -d; nice; ionice; } > /root/limits
"""
HELD = """#!/bin/sh
[ "$1" = configure ] || exit 0
touch /run/held
while ! test -e /run/go; do sleep 0.05; done
"""


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    new = {"pb-good": {}, "pb-limits": {"scripts": {"postinst": TELLS_LIMITS}},
           "pb-held": {"scripts": {"postinst": HELD}},
           "pb-broken": {"scripts": {"preinst": "#!/bin/sh\ntouch /run/held\n"
                                                "while ! test -e /run/go; do sleep 0.05; done\n"
                                                "exit 1\n"}},
           "pb-huge": {"fields": ["Installed-Size: 99999999999"]},
           "linux-image-pb": {"depends": "linux-image-9-pb"}}
    for name, what in new.items():
        repo.upgrade(name, **what)
    repo.package("linux-image-9-pb", "2")
    repo.publish()
    return repo


# --- disks ---

def test_what_does_not_fit_is_not_begun(host):
    have(host, "pb-good", "pb-huge")
    before = host.sh("dpkg-query -W")
    done = patch(host, "install", *NO_REBOOT, expect=1)
    for name in "pb-good", "pb-huge":
        assert f"FAILED {name} 2: not enough space on the disk of /usr" in done.stdout
    assert host.sh("dpkg-query -W") == before
    assert "nothing to return" not in patch(host, "rollback", "--last", expect=1).stdout


def test_a_kernel_that_comes_in_beside_the_old_ones_needs_room_in_boot(host):
    have(host, "linux-image-pb")
    host.sh("mount -t tmpfs -o size=1m tmpfs /boot; head -c 700000 /dev/zero > /boot/vmlinuz-8-pb")
    done = patch(host, "install", *NO_REBOOT, expect=1)
    assert "FAILED linux-image-pb 2: not enough space on the disk of /boot" in done.stdout
    host.sh("rm /boot/vmlinuz-8-pb")
    assert "installed linux-image-pb 2" in patch(host, "install", *NO_REBOOT).stdout


# --- priorities and memory ---

def test_the_limits_reach_what_packages_run(host):
    have(host, "pb-limits")
    host.sh("mkdir -p /run/systemd/system")
    host.write(CONFIG, "nice = 7\nionice = idle\nmemory-limit = 1024\n")
    done = patch(host, "install", *NO_REBOOT)
    assert "limits: nice 7, ionice idle, memory 1024 MiB for each process" in done.stdout
    assert host.read("/root/limits").splitlines() == [str(1024 * 1024), "7", "idle"]


def test_without_systemd_services_would_keep_the_limits(host):
    have(host, "pb-limits")
    assert "limits: none: without systemd" in patch(host, "install", *NO_REBOOT).stdout
    assert host.read("/root/limits").splitlines()[:2] == ["unlimited", "0"]


# What makes a group that is ours alone and goes into it, with the machine's hierarchy of memory.
OWN_GROUP = """
mount -t tmpfs none /sys/fs/cgroup
top=/sys/fs/cgroup
if grep -q ':memory:' /proc/self/cgroup; then
    top=$top/memory; mkdir $top; mount -t cgroup -o memory none $top
    own=$top$(sed -n 's/.*:memory://p' /proc/self/cgroup)/NAME; leaf=$own
else
    mount -t cgroup2 none $top
    above=$top$(sed -n 's/^0:://p' /proc/self/cgroup); own=$above/NAME; leaf=$own/leaf
    echo +memory > $above/cgroup.subtree_control
fi
mkdir -p $leaf
echo $$ > $leaf/cgroup.procs
"""
EATS = """#!/bin/sh
[ "$1" = configure ] || exit 0
setsid sleep 1000 </dev/null >/dev/null 2>&1 &
perl -e '$x = "x" x (600 * 1024 * 1024); sleep 1'
"""


def test_without_systemd_a_group_of_our_own_limits_all_that_packages_run(host, repo):
    """And what a script left running keeps no limit."""
    repo.package("pb-eats", "1")
    repo.package("pb-eats", "2", scripts={"postinst": EATS})
    repo.publish()
    repo.enable(host, "/srv/repo")
    have(host, "pb-eats", "pb-good")
    host.write(CONFIG, "memory-limit = 300\n")
    name = f"patchbay-test-{os.getpid()}"
    done = host.exec("sh", "-c", OWN_GROUP.replace("NAME", name) + f"""
{PATCH} install --reboot-option NoReboot 2>&1
pid=$(for d in /proc/[0-9]*; do [ "$(cat $d/comm)" != sleep ] || echo ${{d#/proc/}}; done | head -n 1)
cat /proc/$pid/cgroup | sed -n 's/^/left in /p'
find $own -name 'patchbay-install*'
for d in /proc/[0-9]*; do [ "$(cat $d/comm)" != sleep ] || kill ${{d#/proc/}}; done
echo $$ > ${{own%/*}}/cgroup.procs
while ! rmdir $leaf; do sleep 0.05; done 2>/dev/null
[ $own = $leaf ] || rmdir $own
""")
    said = done.stdout
    assert "memory 300 MiB for all together (control group): without systemd" in said, said
    assert "FAILED pb-eats 2: out of memory: the limit of 300 MiB" in said
    assert "installed pb-good 2 over 1" in said
    assert f"/{name}" in said and "patchbay-install" not in said


def test_a_group_that_a_killed_install_left_goes_at_the_next_start(host):
    have(host, "pb-held")
    host.write(CONFIG, "memory-limit = 300\n")
    done = host.exec("sh", "-c", OWN_GROUP.replace("NAME", f"patchbay-test-{os.getpid()}") + f"""
{PATCH} install --reboot-option NoReboot >/dev/null 2>&1 &
while ! test -e /run/held; do sleep 0.05; done
kill -9 $!
find $own -name 'patchbay-install*' -printf 'left %f\\n'
touch /run/go
while cat /proc/[0-9]*/comm 2>/dev/null | grep -qx apt-get; do sleep 0.05; done
rm {CONFIG}
{PATCH} install --reboot-option NoReboot 2>&1
find $own -name 'patchbay-install*' -printf 'still %f\\n'
rmdir $own/patchbay-install $leaf/patchbay-install 2>/dev/null
echo $$ > ${{own%/*}}/cgroup.procs
while ! rmdir $leaf; do sleep 0.05; done 2>/dev/null
[ $own = $leaf ] || rmdir $own
""")
    assert "left patchbay-install" in done.stdout, done.stdout
    assert "still patchbay-install" not in done.stdout
    assert states(host, ["pb-held"]) == {"pb-held": "InstalledPendingReboot"}


# --- being told to stop ---

def test_a_stop_waits_for_dpkg_and_begins_nothing_more(host):
    """The joint transaction breaks at pb-broken, with pb-good unpacked: that is finished."""
    have(host, "pb-broken", "pb-good")
    start(host)
    wait_until(host, "/run/held")
    host.sh("kill -TERM $(cat /run/pid)")
    assert not host.has("/run/status") and host.sh("cat /proc/[0-9]*/comm | grep -x dpkg")
    host.sh("touch /run/go")
    status, said = over(host)
    assert status == 1
    assert "FAILED pb-broken 2" in said
    assert host.sh("dpkg --audit") == ""
    assert "installed pb-good 2 over 1" in said
    assert "a reboot is wanted" not in said
    assert host.sh("grep -c 'preinst.*exit status 1\\|returned error exit status 1' "
                   "/var/lib/patchbay/patch/install.log") == "1"  # it was not tried again


def test_what_dpkg_has_begun_is_finished_when_told_to_stop(host):
    have(host, "pb-held")
    start(host)
    wait_until(host, "/run/held")
    host.sh("kill -TERM $(cat /run/pid); kill -INT $(cat /run/pid)")
    host.sh("touch /run/go")
    status, said = over(host)
    assert "installed pb-held 2 over 1" in said and status == 0, said
    assert states(host, ["pb-held"]) == {"pb-held": "InstalledPendingReboot"}


def test_a_stop_before_dpkg_ends_it_at_once(host):
    """apt-get waits here before dpkg, in a hook of the host's own."""
    have(host, "pb-good")
    host.write("/etc/apt/apt.conf.d/00wait", 'DPkg::Pre-Invoke:: "touch /run/held; '
                                             'while ! test -e /run/go; do sleep 0.05; done";\n')
    start(host)
    wait_until(host, "/run/held")
    host.sh("kill -TERM $(cat /run/pid)")
    status, said = over(host)
    assert status == 1
    assert "FAILED pb-good 2: the run was told to stop before it was the turn" in said
    assert host.sh("dpkg-query -W -f='${Version}' pb-good") == "1"
    host.sh("rm /etc/apt/apt.conf.d/00wait")
    assert "installed pb-good 2" in patch(host, "install", *NO_REBOOT).stdout
