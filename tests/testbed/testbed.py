# SPDX-License-Identifier: Apache-2.0
"""Real Linux hosts for tests: `with Host("web1") as host: host.sh("uname -a")`.

A Host is a process (testbed-host, see README.md) and a folder with its disk. It ends with this
process, however that ends.
"""

import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("PATCHBAY_BUILD", TOP / "build"))


class TestbedError(Exception):
    """The machine or the host did not do its part; never a reason to skip."""

    __test__ = False  # not a test, in spite of its name


class CommandFailed(TestbedError):
    def __init__(self, host, done):
        super().__init__(f"{host}: {done.args} ended with {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
        self.done = done


@functools.cache
def program():
    """The path of testbed-host."""
    path = pathlib.Path(os.environ.get("TESTBED_HOST", BUILD / "tests/testbed/testbed-host"))
    if not path.exists():
        raise TestbedError(f"{path} is missing: build it with `ninja -C {BUILD}`")
    return str(path)


def _make_root(script, *options):
    cache = os.environ.get("TESTBED_BASE", str(BUILD / "testbed/base"))
    done = subprocess.run([HERE / script, "--cache", cache, *options],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TestbedError(f"{script} cannot make the root:\n" + done.stderr[-4000:])
    return done.stdout.strip()


@functools.cache
def base_root(*options):
    """The root that hosts share, made on first use; `options` are those of base-root.sh."""
    return _make_root("base-root.sh", *options)


@functools.cache
def rpm_root(system="rocky"):
    """The same for hosts of the RPM family; `system` is one of rpm_world.SYSTEMS."""
    return _make_root("rpm-root.sh", "--os", system)


@functools.cache
def systemd_root():
    """The same for hosts that boot Debian's own systemd."""
    return _make_root("systemd-root.sh")


class Host:
    """One host. Its disk outlives stop() and is removed by close().

    binds: {"/path/in/host": "/path/on/machine"}, read-only, or (path, "rw").
    start: shell lines that init starts in each boot; (line, file) waits for the file in the host.
    systemd: the first process is Debian's systemd; the host is up when its boot is over, and starts
    what units say.
    """

    def __init__(self, name, base=None, directory=None, binds=None, start=(), netns=None,
                 network=True, systemd=False):
        self.name = name
        self.base = base
        self.systemd = systemd
        self.binds = dict(binds or {})
        self.services = list(start)
        self.netns = netns
        self.network = network
        self.own_directory = directory is None
        self.directory = pathlib.Path(directory or self._new_directory())
        self.process = None

    def _new_directory(self):
        hosts = BUILD / "testbed/hosts"
        hosts.mkdir(parents=True, exist_ok=True)
        return tempfile.mkdtemp(prefix=self.name + "-", dir=hosts)

    def __str__(self):
        return self.name

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def _command_line(self):
        base = self.base or (systemd_root() if self.systemd else base_root())
        line = [program(), "run", "--base", base, "--dir", self.directory, "--name", self.name]
        for target, source in self.binds.items():
            source, mode = (source, "ro") if isinstance(source, (str, os.PathLike)) else source
            line += ["--bind", f"{source}:{target}" + (":ro" if mode == "ro" else "")]
        for service in self.services:
            if isinstance(service, str):
                line += ["--start", service]
        for service in self.services:
            if not isinstance(service, str):
                line += ["--when", service[1], "--start", service[0]]
        if self.netns:
            line += ["--netns", self.netns]
        if not self.network:
            line += ["--no-network"]
        if self.systemd:
            line += ["--systemd"]
        return line

    # --- power ---

    def start(self, timeout=30):
        """Switches the power on; returns when the host is up."""
        before = self.boots
        with open(self.directory / "supervisor.log", "ab") as log:
            self.process = subprocess.Popen(self._command_line(), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + timeout
        while not (self.boots > before and self.status["status"] == "running"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.directory / "supervisor.log").read_text()
                self.stop()
                raise TestbedError(f"{self} did not start: {said[-2000:]}")
            time.sleep(0.005)
        return self

    def stop(self):
        """Takes the power away, with all that runs in the host; keeps the disk."""
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def close(self):
        """stop(), and the disk is gone (unless TESTBED_KEEP is set or it was the caller's)."""
        self.stop()
        if self.own_directory and not os.environ.get("TESTBED_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    def reboot(self, timeout=60):
        """Restarts in order; returns when the next boot is up."""
        self._hold("reboot", "--timeout", str(timeout))

    def poweroff(self, timeout=60):
        """Shuts down in order and stays off until start()."""
        self._hold("poweroff", "--timeout", str(timeout))
        self.stop()

    def powerfail(self, stay_off=False, timeout=60):
        """Cuts the power; returns when the next boot is up, or at once with stay_off."""
        self._hold("powerfail", "--timeout", str(timeout), *(["--stay-off"] if stay_off else []))
        if stay_off:
            self.stop()

    def wait_boot(self, number, timeout=60):
        """Waits until boot `number` (counted from 1, over the life of the disk) is up."""
        self._hold("wait", "--boot", str(number), "--timeout", str(timeout))

    def _hold(self, command, *options):
        done = subprocess.run([program(), command, "--dir", self.directory, *options],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandFailed(self, done)
        return done.stdout

    # --- facts ---

    @property
    def status(self):
        """status, boots, boot_id, ended, supervisor, init, error and service.N, as text."""
        lines = self._hold("status").splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def boots(self):
        return int(self.status["boots"])

    @property
    def boot_id(self):
        return self.status["boot_id"]

    @property
    def console(self):
        """What the started commands printed, over all boots."""
        return (self.directory / "console.log").read_text(errors="replace")

    # --- inside ---

    def exec(self, *argv, check=True, input=None, timeout=600):
        """Runs a command in the host; the CompletedProcess has its text and exit code."""
        done = subprocess.run([program(), "exec", "--dir", self.directory, "--", *argv],
                              capture_output=True, text=True, errors="replace", check=False,
                              timeout=timeout, input=input or "")
        if check and done.returncode != 0:
            raise CommandFailed(self, done)
        return done

    def sh(self, line, check=True, timeout=600):
        """Runs a shell line; returns what it printed, without the last newline."""
        return self.exec("sh", "-c", line, check=check, timeout=timeout).stdout.rstrip("\n")

    def read(self, path):
        return self.exec("cat", path).stdout

    def write(self, path, text, mode="644"):
        self.exec("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"', "sh",
                  path, mode, input=text)

    def has(self, path):
        return self.exec("test", "-e", path, check=False).returncode == 0

    def pending(self):
        """Packages that apt would upgrade, {name: version}; from the lists that are there."""
        lines = self.exec("apt-get", "-s", "-q", "dist-upgrade").stdout.splitlines()
        found = [line.split() for line in lines if line.startswith("Inst ")]
        return {words[1]: next(word[1:] for word in words if word.startswith("("))
                for words in found}


class LocalRepo:
    """A signed repository of packages made on the spot; hosts see it through a bind.

    repo = LocalRepo(folder)
    repo.package("tiny", "1.1", scripts={"postinst": "#!/bin/sh\\nexit 1\\n"})
    repo.publish()
    host = Host("web1", binds={"/srv/repo": repo.directory}); ...; repo.enable(host, "/srv/repo")
    """

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o755)  # pytest's folders are root's alone

    def _run(self, command, *options):
        done = subprocess.run([HERE / "local-repo.sh", command, self.directory, *options],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TestbedError(f"local-repo.sh {command}: {done.stderr}")
        return done.stdout

    def package(self, name, version, arch="all", depends="", fields=(), scripts=None, files=None,
                conffiles=None, pool="pool"):
        """Builds a package; the dicts are {name or path: content}."""
        options = ["--arch", arch, "--pool", pool] + (["--depends", depends] if depends else [])
        for field in fields:
            options += ["--field", field]
        with tempfile.TemporaryDirectory() as folder:
            for option, given in (("--script", scripts), ("--file", files),
                                  ("--conffile", conffiles)):
                for number, (target, content) in enumerate((given or {}).items()):
                    path = pathlib.Path(folder) / f"{option}{number}"
                    path.write_text(content)
                    options += [option, target, path]
            self._run("package", name, version, *options)

    def upgrade(self, name, **second):
        """A package that is well at version 1, and a version 2 of which more is said."""
        self.package(name, "1")
        self.package(name, "2", **second)

    def remove(self, name, version):
        """Takes a version out of the pool; publish() makes it so for apt."""
        for path in (self.directory / "pool").glob(f"{name}_{version.split(':')[-1]}_*.deb"):
            path.unlink()

    def publish(self, *options):
        """Writes and signs the indexes; `options` are those of `local-repo.sh publish`."""
        self._run("publish", *options)

    def enable(self, host, path, name="local-repo"):
        """Adds the repository, bound at `path` in the host, to its sources, and updates."""
        sources = f"/etc/apt/sources.list.d/{name}.sources"
        host.write(sources, self._run("sources", "--path", path))
        host.exec("apt-get", "-q", "update", "-o", f"Dir::Etc::SourceList={sources}", "-o",
                  "Dir::Etc::SourceParts=-", "-o", "APT::Get::List-Cleanup=0")
