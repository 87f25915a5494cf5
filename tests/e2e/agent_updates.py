# SPDX-License-Identifier: Apache-2.0
"""Packages of the agent for its updates: this version, and a next one that is good or bad."""

import shutil
import subprocess

from packages import Packages, own_version, program_of, version_after

VERSION = own_version()
NEXT = version_after(VERSION)
ENDS_AT_ONCE = b"#!/bin/sh\nexit 1\n"
NEVER_SPEAKS = b"#!/bin/sh\nexec sleep 1000\n"


def deb(version=VERSION):
    return f"patchbay-agent_{version}_amd64.deb"


def with_broken_postinst(path, tmp_path):
    folder = tmp_path / "repacked"
    subprocess.run(["dpkg-deb", "-R", path, folder], check=True)
    (folder / "DEBIAN/postinst").write_text("#!/bin/sh\nexit 1\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, path], check=True,
                   capture_output=True)


class Kinds:
    """Folders of packages: this version, and a next one that is good or bad in some way."""

    def __init__(self, directory):
        self.directory = directory
        self.base = Packages(directory / "base")
        self.base.build("agent-deb", agent=program_of(VERSION))

    def folder(self, name, agent=None, spoil=None):
        made = Packages(self.directory / name)
        if not (made.directory / "MANIFEST").exists():
            shutil.copy(self.base.directory / deb(), made.directory)
            path = made.build("agent-deb", version=NEXT, agent=agent or program_of(NEXT))[0]
            if spoil:
                spoil(path, self.directory)
            made.sign(self.base.key)
        return made.directory
