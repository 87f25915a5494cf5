# SPDX-License-Identifier: Apache-2.0
"""The packages of an RPM test root, and the repository it has updates from.

    rpm_world.py DIR OS    makes it in DIR; prints the files a root has installed, in order

One of every kind, and nothing that fails: notices of each type and severity, an update without a
notice, epochs, two architectures, obsoletes, install-only kernels, a module with two streams,
configuration files. What fails, a test makes for itself (rpm_repo.py). Dates are long past.
"""

import dataclasses
import pathlib
import sys

import rpm_repo

KERNEL = "5.14.0-%d.el9"
STREAM_1, STREAM_2 = (f"pbmod:{n}:20240101:c0ffee{n}{n}:x86_64" for n in (1, 2))


@dataclasses.dataclass
class System:
    """How a distribution writes what all of them have."""
    release: str  # the package that is the release
    version: str
    name: str
    pretty: str
    security: str  # notice ids
    other: str
    severities: tuple = ("Critical", "Important", "Moderate", "Low")
    ident: str = ""  # as os-release has it
    types: dict = dataclasses.field(default_factory=dict)
    notices: bool = True

    def severity(self, number):
        return self.severities[number]

    @property
    def platform(self):
        major = self.version.split(".")[0]
        return f"platform:al{major}" if self.ident == "amzn" else f"platform:el{major}"


SYSTEMS = {
    "rocky": System("rocky-release", "9.4", "Rocky Linux", "Rocky Linux 9.4 (Blue Onyx)",
                    "RLSA-2024:%04d", "RLBA-2024:%04d"),
    "almalinux": System("almalinux-release", "9.4", "AlmaLinux", "AlmaLinux 9.4 (Seafoam Ocelot)",
                        "ALSA-2024:%04d", "ALBA-2024:%04d"),
    "rhel": System("redhat-release", "9.4", "Red Hat Enterprise Linux",
                   "Red Hat Enterprise Linux 9.4 (Plow)", "RHSA-2024:%04d", "RHBA-2024:%04d"),
    "centos": System("centos-stream-release", "9", "CentOS Stream", "CentOS Stream 9", "", "",
                     notices=False),
    "ol": System("oraclelinux-release", "9.4", "Oracle Linux Server", "Oracle Linux Server 9.4",
                 "ELSA-2024-%04d", "ELBA-2024-%04d"),
    "amzn": System("system-release", "2023", "Amazon Linux", "Amazon Linux 2023.4.20240611",
                   "ALAS2023-2024-%03d", "ALAS2023-2024-%03d",
                   ("critical", "important", "medium", "low")),
    "sles": System("sles-release", "15.5", "SLES", "SUSE Linux Enterprise Server 15 SP5",
                   "SUSE-SLE-2024-%d", "SUSE-SLE-2024-%d",
                   ("critical", "important", "moderate", "low"),
                   types={"bugfix": "recommended", "enhancement": "feature",
                          "newpackage": "optional"}),
}


def add_system(repo, system):
    """What every root has: its release, and what stands for the rest of a distribution."""
    major = system.version.split(".")[0]
    repo.package(system.release, f"{system.version}-1.testbed", provides=[
        "system-release = " + system.version, f"system-release(releasever) = {major}",
        "distribution-release = " + system.version, f"base-module({system.platform})"])
    # A file of the Debian below that no RPM package has.
    repo.package("testbed-userland", "1-1", provides=["/bin/sh", "/usr/bin/sh", "bash"])


def add_packages(repo, system):
    """(name-evr of what is installed)."""
    installed = []

    def pair(name, old, new, **options):
        repo.package(name, old, **options)
        repo.package(name, new, **options)
        installed.append(f"{name}-{old}")

    for name in ("critical", "important", "moderate", "low", "none", "bugfix", "enhancement",
                 "newpackage", "nonotice", "locked", "hidden", "both"):
        pair("pb-" + name, "1.0-1.el9", "1.0-2.el9")
    repo.package("pb-hidden", "1.1-1.el9")  # newer than the notice, and in none itself
    pair("pb-epoch", "1:9.0-1.el9", "2:0.5-1.el9", arch="x86_64")
    pair("pb-tilde", "1.0~rc1-1.el9", "1.0-1.el9", arch="x86_64")
    pair("pb-multi", "1.0-1.el9", "1.0-2.el9", arch="x86_64")
    if system.ident != "sles":  # where 32-bit packages have names of their own
        for evr in "1.0-1.el9", "1.0-2.el9":
            repo.package("pb-multi", evr, arch="i686")
    pair("pb-library", "1.0-1.el9", "2.0-1.el9", arch="x86_64")
    repo.package("pb-program", "1.0-1.el9", requires=["pb-library"])
    repo.package("pb-program", "2.0-1.el9", requires=["pb-library >= 2.0"])
    installed.append("pb-program-1.0-1.el9")
    repo.package("pb-old-name", "1.0-1.el9")
    repo.package("pb-new-name", "2.0-1.el9", obsoletes=["pb-old-name < 2.0"],
                 provides=["pb-old-name = 2.0"])
    installed.append("pb-old-name-1.0-1.el9")
    for version, config in ("1.0-1.el9", "old\n"), ("1.0-2.el9", "new\n"):
        repo.package("pb-config", version, configs={"/etc/pb-config.conf": config})
    installed.append("pb-config-1.0-1.el9")
    repo.package("pb-current", "1.0-2.el9")
    repo.package("pb-absent", "1.0-2.el9")
    installed.append("pb-current-1.0-2.el9")
    for number in 1, 2, 3:
        evr = KERNEL % number
        repo.package("kernel-core", evr, arch="x86_64",
                     provides=["kernel = " + evr, "multiversion(kernel)"],
                     files={f"/usr/lib/modules/{evr}.x86_64/vmlinuz": evr + "\n"})
    installed += ["kernel-core-" + KERNEL % 1, "kernel-core-" + KERNEL % 2]
    if system.ident != "sles":
        add_modules(repo)
        installed.append("pb-modular-1.0-1.el9")
    return installed


def add_modules(repo):
    for evr, label in (("1.0-1.el9", STREAM_1), ("1.0-2.el9", STREAM_1), ("2.0-1.el9", STREAM_2)):
        repo.package("pb-modular", evr, label=label)
    repo.stream(STREAM_1, ["pb-modular-1.0-1.el9", "pb-modular-1.0-2.el9"])
    repo.stream(STREAM_2, ["pb-modular-2.0-1.el9"])


# (type, severity as an index or None, packages at their new version, CVEs, Bugzilla ids)
NOTICES = [
    ("security", 0, ["pb-critical-1.0-2.el9", "pb-current-1.0-2.el9", "pb-absent-1.0-2.el9"],
     ["CVE-2024-0001", "CVE-2024-0002"], ["2000001"]),
    ("security", 1, ["pb-important-1.0-2.el9", "pb-epoch-2:0.5-1.el9", "pb-tilde-1.0-1.el9",
                     "pb-config-1.0-2.el9", "pb-locked-1.0-2.el9"], ["CVE-2024-0003"], []),
    ("security", 2, ["pb-moderate-1.0-2.el9"], ["CVE-2024-0004"], ["2000002", "2000003"]),
    ("security", 3, ["pb-low-1.0-2.el9"], [], []),
    ("security", None, ["pb-none-1.0-2.el9"], [], []),
    ("security", 1, ["pb-multi-1.0-2.el9"], ["CVE-2024-0005"], []),
    ("security", 1, ["pb-program-2.0-1.el9", "pb-new-name-2.0-1.el9", "pb-library-2.0-1.el9"],
     ["CVE-2024-0006"], []),
    ("security", 1, ["kernel-core-" + KERNEL % 3], ["CVE-2024-0007"], []),
    ("security", 0, ["pb-hidden-1.0-2.el9"], ["CVE-2024-0008"], []),
    ("bugfix", None, ["pb-bugfix-1.0-2.el9", "pb-both-1.0-2.el9"], [], ["2000004"]),
    ("security", 2, ["pb-both-1.0-2.el9"], ["CVE-2024-0009"], []),
    ("enhancement", None, ["pb-enhancement-1.0-2.el9"], [], []),
    ("newpackage", None, ["pb-newpackage-1.0-2.el9"], [], []),
]
MODULE_NOTICES = [(STREAM_1, "pb-modular-1.0-2.el9", "CVE-2024-0010"),
                  (STREAM_2, "pb-modular-2.0-1.el9", "CVE-2024-0011")]


def add_notices(repo, system):
    for number, (kind, severity, packages, cves, bugs) in enumerate(NOTICES, 1):
        repo.notice((system.security if kind == "security" else system.other) % number,
                    system.types.get(kind, kind), packages, cves=cves, bugs=bugs,
                    severity="" if severity is None else system.severity(severity),
                    updated="2024-01-03 12:00:00")
    for number, (label, package, cve) in enumerate(MODULE_NOTICES if repo.streams else (), 100):
        repo.notice(system.security % number, "security", [package], cves=[cve], module=label,
                    severity=system.severity(1), updated="2024-01-03 12:00:00")


def make(directory, name):
    """(the repository, the names of what a root has installed)."""
    repo, system = rpm_repo.RpmRepo(directory), SYSTEMS[name]
    system.ident = name
    add_system(repo, system)
    installed = [f"{system.release}-{system.version}-1.testbed", "testbed-userland-1-1"]
    installed += add_packages(repo, system)
    if system.notices:
        add_notices(repo, system)
    return repo, installed


def main():
    directory, name = sys.argv[1:]
    repo, installed = make(directory, name)
    repo.publish()
    pathlib.Path(directory, "installed").write_text("".join(
        f"packages/{p.file_name}\n" for wanted in installed for p in repo.find(wanted)))
    system = SYSTEMS[name]
    pathlib.Path(directory, "os-release").write_text(
        f'NAME="{system.name}"\nID="{name}"\nVERSION_ID="{system.version}"\n'
        f'PRETTY_NAME="{system.pretty}"\nPLATFORM_ID="{system.platform}"\n')
    (pathlib.Path(directory) / "testbed.repo").write_text(repo.config("file:///srv/rpm"))


if __name__ == "__main__":
    main()
