# SPDX-License-Identifier: Apache-2.0
"""The testbed keeps its promises."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from rpm_world import SYSTEMS
from testbed import HERE, Host, LocalRepo, TestbedError, base_root, program, rpm_root

MACHINE_BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")


@pytest.fixture(name="host")
def fixture_host():
    with Host("web1") as host:
        yield host


def exists(pid):
    """Whether the process lives: one that nobody has reaped yet does not."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def processes_of(host):
    """Processes of the machine that have to do with this host's folder or namespace."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(host.directory).encode() in (process / "cmdline").read_bytes() or \
                    str(host.directory) in (process / "mountinfo").read_text():
                found.append(process.name)
        except OSError:
            continue
    return found


def is_true_within(seconds, fact):
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_host_boots_with_its_own_name_boot_id_and_machine_id(host):
    assert host.sh("hostname") == "web1"
    assert host.read("/proc/sys/kernel/random/boot_id").strip() == host.boot_id
    assert host.boot_id != MACHINE_BOOT_ID.read_text().strip()
    assert host.boots == 1
    with Host("web2") as other:
        assert other.sh("hostname") == "web2"
        assert other.boot_id != host.boot_id
        assert other.read("/etc/machine-id") != host.read("/etc/machine-id")


def test_a_host_sees_only_its_own_processes_and_files(host):
    assert host.sh("readlink /proc/1/exe").endswith("testbed-host")
    assert not host.has(str(host.directory))
    assert len([name for name in host.sh("ls /proc").split() if name.isdigit()]) <= 3


def test_a_reboot_keeps_the_disk_and_changes_the_boot_id(host):
    before, machine_id = host.boot_id, host.read("/etc/machine-id")
    host.sh("echo kept > /root/file; echo lost > /run/file")
    host.reboot()
    assert host.boot_id != before
    assert host.status["ended"] == "restart"
    assert host.boots == 2
    assert host.read("/root/file") == "kept\n"
    assert not host.has("/run/file")
    assert host.read("/etc/machine-id") == machine_id


@pytest.mark.parametrize("command", ["reboot", "reboot -f", "shutdown -r now"])
def test_a_host_can_restart_itself(host, command):
    host.sh(command, check=False)
    host.wait_boot(2)
    assert host.status["ended"] == "restart"


def test_a_host_can_power_itself_off_and_be_started_again(host):
    host.sh("echo kept > /root/file")
    host.sh("poweroff", check=False)
    assert host.process.wait(20) == 0
    assert host.status["status"] == "off"
    assert host.status["ended"] == "poweroff"
    host.start()
    assert host.boots == 2
    assert host.read("/root/file") == "kept\n"


def test_a_power_failure_changes_the_boot_id_and_asks_nobody():
    line = ("trap 'echo goodbye >> /root/said; exit' TERM; touch /run/ready; "
            "while :; do sleep .05; done")
    with Host("web1", start=[line]) as host:
        assert is_true_within(5, lambda: host.has("/run/ready"))
        before = host.boot_id
        host.powerfail()
        assert host.boot_id != before
        assert host.status["ended"] == "powerfail"
        assert not host.has("/root/said")
        assert is_true_within(5, lambda: host.has("/run/ready"))
        host.reboot()
        assert host.read("/root/said") == "goodbye\n"


def test_killing_init_is_a_power_failure(host):
    os.kill(int(host.status["init"]), signal.SIGKILL)
    host.wait_boot(2)
    assert host.status["ended"] == "powerfail"


def test_a_host_stays_off_when_asked(host):
    host.powerfail(stay_off=True)
    assert host.status["status"] == "off"
    assert host.exec("true", check=False).returncode == 125
    host.start()
    assert host.boots == 2


def test_stop_leaves_no_mounts_and_no_processes(host):
    host.sh("setsid sleep 1000 >/dev/null 2>&1 &")
    init = int(host.status["init"])
    assert processes_of(host)
    host.stop()
    assert not exists(init)
    assert processes_of(host) == []
    assert str(host.directory) not in pathlib.Path("/proc/self/mountinfo").read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_host_ends_with_the_process_that_started_it(tmp_path, how):
    script = textwrap.dedent(f"""\
        import sys; sys.path.insert(0, {str(HERE)!r})
        import testbed, time
        host = testbed.Host("web1", directory={str(tmp_path)!r}).start()
        print(host.status["supervisor"], host.status["init"], flush=True)
        time.sleep(1000)
        """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                          text=True) as parent:
        supervisor, init = map(int, parent.stdout.readline().split())
        assert exists(supervisor) and exists(init)
        parent.send_signal(how)
    assert is_true_within(5, lambda: not exists(supervisor) and not exists(init))


def test_a_host_ends_when_its_supervisor_is_killed(host):
    init = int(host.status["init"])
    host.process.kill()
    host.process.wait()
    assert is_true_within(5, lambda: not exists(init))
    assert is_true_within(5, lambda: host.status["status"] == "off")


def test_exec_returns_exit_codes_and_output(host):
    done = host.exec("sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert host.exec("sh", "-c", "kill -9 $$", check=False).returncode == 137
    assert host.exec("no-such-program", check=False).returncode == 127
    assert host.exec("/etc/passwd", check=False).returncode == 126
    assert host.exec("cat", input="through a pipe").stdout == "through a pipe"


def test_exec_of_a_host_that_is_not_there_is_125(tmp_path):
    done = subprocess.run([program(), "exec", "--dir", tmp_path, "--", "true"], check=False)
    assert done.returncode == 125


def test_init_starts_commands_in_each_boot_and_restarts_nothing():
    with Host("web1", start=["echo started; exit 3"]) as host:
        assert is_true_within(5, lambda: host.status["service.0"] == "exited 3")
        host.reboot()
        assert is_true_within(5, lambda: host.status["service.0"] == "exited 3")
        assert host.console.count("started") == 2


def test_init_starts_a_command_once_its_file_exists():
    with Host("web1", start=[("exec sleep 1000", "/etc/registered")]) as host:
        assert host.status["service.0"] == "waiting"
        host.write("/etc/registered", "")
        assert is_true_within(5, lambda: host.status["service.0"].startswith("running"))


def test_a_second_supervisor_is_refused(host):
    with pytest.raises(TestbedError, match="already running"):
        Host("web1", directory=host.directory).start()
    assert host.sh("echo still here") == "still here"


def test_a_bind_shows_a_folder_of_the_machine(tmp_path):
    (tmp_path / "file").write_text("hello")
    with Host("web1", binds={"/opt/given": tmp_path}) as host:
        assert host.read("/opt/given/file") == "hello"
        assert host.exec("touch", "/opt/given/more", check=False).returncode != 0


def test_a_host_without_network_has_loopback_only():
    with Host("web1", network=False) as host:
        assert host.sh("ls /sys/class/net") == "lo"


def test_a_host_joins_a_network_namespace():
    name = f"testbed-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        with Host("web1", netns=name) as host:
            inside = host.sh("readlink /proc/self/ns/net")
        there = subprocess.run(["ip", "netns", "exec", name, "readlink", "/proc/self/ns/net"],
                               capture_output=True, text=True, check=True).stdout.strip()
        assert inside == there != os.readlink("/proc/self/ns/net")
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_a_host_outlives_the_thread_that_started_it():
    with Host("web1") as host:
        host.stop()
        thread = threading.Thread(target=host.start)
        thread.start()
        thread.join()
        assert host.sh("hostname") == "web1"


def test_a_host_cannot_touch_the_machine(host):
    assert host.exec("date", "-s", "2020-01-01", check=False).returncode != 0
    assert host.exec("sh", "-c", "echo 1 > /proc/sys/kernel/panic", check=False).returncode != 0


def test_power_commands_refuse_outside_of_a_host(tmp_path):
    for name in ("reboot", "poweroff", "halt", "shutdown"):
        link = tmp_path / name
        link.symlink_to(program())
        words = ["-r", "now"] if name == "shutdown" else ["-f"]
        done = subprocess.run([link, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "not inside a test host" in done.stderr


def test_a_missing_base_is_a_clear_failure(tmp_path):
    with pytest.raises(TestbedError, match="no base root"):
        Host("web1", base=str(tmp_path / "none"), directory=tmp_path).start()


def test_a_missing_capability_is_a_clear_failure(tmp_path):
    done = subprocess.run(["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin",
                           program(), "run", "--base", base_root(), "--dir", tmp_path, "--name",
                           "web1"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "namespaces" in done.stderr and "CAP_SYS_ADMIN" in done.stderr


def test_an_overlay_below_an_overlay_is_a_clear_failure(host):
    done = host.exec("/run/testbed/testbed-host", "run", "--base", "/", "--dir", "/root/inner",
                     "--name", "inner", check=False)
    assert done.returncode == 1
    assert "cannot mount overlayfs" in done.stderr


def test_updates_are_pending_in_a_new_host_and_install_for_real(host):
    pending = host.pending()
    assert pending
    name, version = min(pending.items())
    policy = host.sh(f"apt-cache policy {name}")
    assert version in policy
    host.exec("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "install", name)
    assert host.sh(f"dpkg-query -W -f '${{Version}}' {name}") == version
    assert name not in host.pending()
    with Host("web2") as other:
        assert name in other.pending()


def test_some_pending_updates_are_security_updates(host):
    simulated = host.sh("apt-get -s dist-upgrade")
    assert any(line.startswith("Inst ") and "Debian-Security" in line
               for line in simulated.splitlines())


def test_a_local_repository_gives_a_security_update(tmp_path):
    repo = LocalRepo(tmp_path / "repo")
    repo.package("tiny", "1.0", conffiles={"/etc/tiny.conf": "one\n"})
    repo.publish()
    with Host("web1", binds={"/srv/repo": repo.directory}) as host:
        repo.enable(host, "/srv/repo")
        host.exec("apt-get", "-q", "-y", "install", "tiny")
        repo.package("tiny", "1.1", conffiles={"/etc/tiny.conf": "two\n"},
                     scripts={"postinst": "#!/bin/sh\nexit 1\n"})
        repo.publish()
        repo.enable(host, "/srv/repo")
        assert host.pending()["tiny"] == "1.1"
        assert "Debian-Security:" in host.sh("apt-get -s install tiny")
        assert host.exec("apt-get", "-q", "-y", "install", "tiny", check=False).returncode == 100
        assert "half-configured" in host.sh("dpkg-query -W -f '${Status}' tiny")


def groups_of(supervisor):
    """The machine's control groups (of version 2, which is everywhere) of its hosts."""
    line = f"mount -t cgroup2 none /mnt && find /mnt -name 'testbed-{supervisor}-*'"
    return subprocess.run(["unshare", "--mount", "sh", "-c", line], capture_output=True, text=True,
                          check=True).stdout.split()


@pytest.fixture(name="systemd_host")
def fixture_systemd_host():
    with Host("sd1", systemd=True) as host:
        yield host


def test_a_host_can_have_debians_systemd_as_its_first_process(systemd_host):
    host = systemd_host
    assert host.read("/proc/1/comm") == "systemd\n"
    assert host.sh("systemctl is-system-running") == "running"
    assert "Startup finished" in host.sh("journalctl -b --no-pager")
    assert set(line.split(":")[2] for line in host.read("/proc/self/cgroup").splitlines()) <= {
        "/", "/init.scope"}
    host.exec("systemd-run", "--wait", "-p", "MemoryMax=64M", "true")


def test_a_host_with_systemd_restarts_and_loses_power_as_others_do(systemd_host):
    host = systemd_host
    supervisor, before = host.status["supervisor"], host.boot_id
    host.write("/etc/systemd/system/kept.service", "[Service]\nType=oneshot\n"
               "ExecStart=/bin/true\nRemainAfterExit=yes\n"
               "ExecStop=/bin/sh -c 'echo goodbye >> /root/said'\n"
               "[Install]\nWantedBy=multi-user.target\n")
    host.sh("systemctl enable --now kept.service")
    host.sh("shutdown -r now", check=False)
    host.wait_boot(2)
    assert host.status["ended"] == "restart" and host.boot_id != before
    assert host.read("/root/said") == "goodbye\n"
    host.powerfail()
    assert host.status["ended"] == "powerfail"
    assert host.read("/root/said") == "goodbye\n"
    host.reboot()
    assert host.read("/root/said") == "goodbye\n" * 2
    assert host.sh("systemctl is-active kept.service") == "active"
    host.poweroff()
    assert host.status["ended"] == "poweroff"
    assert groups_of(supervisor) == []


def test_control_groups_that_a_killed_supervisor_left_go_with_the_next_host(systemd_host):
    init, supervisor = int(systemd_host.status["init"]), systemd_host.status["supervisor"]
    assert groups_of(supervisor)
    systemd_host.process.kill()
    systemd_host.process.wait()
    assert is_true_within(5, lambda: not exists(init))
    with Host("sd2", systemd=True):
        assert groups_of(supervisor) == []


def test_the_base_root_is_made_once():
    before = time.monotonic()
    assert base_root.__wrapped__() == base_root()
    assert time.monotonic() - before < 2


@pytest.mark.parametrize("system", ["rocky", "amzn"])
def test_an_rpm_host_has_updates_and_notices(system):
    with Host("rpm1", base=rpm_root(system)) as host:
        assert SYSTEMS[system].release in host.sh("rpm -q --whatprovides system-release")
        checked = host.exec("dnf", "-q", "check-update", check=False)
        assert checked.returncode == 100
        assert "pb-multi.i686" in checked.stdout and "pb-new-name.noarch" in checked.stdout
        assert SYSTEMS[system].security % 1 in host.sh("dnf -q updateinfo list --security")
        host.exec("dnf", "-q", "-y", "upgrade")
        assert set(host.sh("rpm -q pb-multi").split()) == {
            "pb-multi-1.0-2.el9.i686", "pb-multi-1.0-2.el9.x86_64"}
        assert len(host.sh("rpm -q kernel-core").split()) == 3


def test_a_suse_host_has_patches():
    with Host("rpm1", base=rpm_root("sles")) as host:
        assert "pb-critical" in host.sh("zypper -n list-updates")
        assert host.exec("zypper", "-n", "patch-check", check=False).returncode == 101
        host.exec("zypper", "-n", "update")
        assert host.sh("rpm -q pb-critical") == "pb-critical-1.0-2.el9.noarch"
