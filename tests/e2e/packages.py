# SPDX-License-Identifier: Apache-2.0
"""Packages for the tests: made by packaging/build.sh of this build's programs, of any version."""

import os
import pathlib
import re
import subprocess

from conftest import BUILD, ROOT

PACKAGING = ROOT / "packaging"
# A sanitizer's build has no functions and no packages, and is large: of it comes only the agent,
# where a test wants that.
WHOLE_BUILD = BUILD if (BUILD / "src/daemon/patchbayd").exists() and not BUILD.name.endswith(
    "-asan") else ROOT / "build"
PROGRAMS = {"patchbay-agent": WHOLE_BUILD / "src/agent/patchbay-agent",
            "patchbay-patch": WHOLE_BUILD / "src/patch/patchbay-patch"}
AGENT = BUILD / "src/agent/patchbay-agent"


def run(*argv, **more):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False,
                          timeout=300, **more)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def own_version():
    return run(PROGRAMS["patchbay-agent"], "--version").split()[1]


def version_after(version):
    """As long as the one it is after: it is written over that in a program's bytes."""
    parts = version.split(".")
    parts[-1] = str(int(parts[-1]) + 1)
    after = ".".join(parts)
    assert len(after) == len(version)
    return after


def program_of(version, path=AGENT):
    """The bytes of a program, which says that it is of another version."""
    was, text = own_version().encode(), path.read_bytes()
    changed = re.sub(rb"(?<![0-9.])" + re.escape(was) + rb"(?![0-9.])", version.encode(), text)
    assert version == was.decode() or changed != text
    return changed


class Packages:
    """A folder of packages, and how to fill it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.key = self.directory.with_name(self.directory.name + ".key")

    def build(self, *which, version=None, agent=None, env=None):
        """`agent`: the bytes of the agent; default: this build's, saying `version`. The paths."""
        version = version or own_version()
        programs = self.directory.with_name(f"{self.directory.name}.programs-{version}")
        programs.mkdir(exist_ok=True)
        for name in PROGRAMS:
            (programs / name).write_bytes(program_of(version, PROGRAMS[name]))
            (programs / name).chmod(0o755)
        if agent is not None:
            (programs / "patchbay-agent").write_bytes(agent)
        said = run(PACKAGING / "build.sh", WHOLE_BUILD, self.directory, *which, env={
            **os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PACKAGE_VERSION": version,
            "PACKAGE_PROGRAMS": str(programs), **(env or {})})
        return [pathlib.Path(line) for line in said.split()]

    def sign(self, key=None):
        return run(PACKAGING / "sign.sh", self.directory, key or self.key)
