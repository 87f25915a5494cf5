# SPDX-License-Identifier: Apache-2.0
"""Random RPM worlds, and the question whether patchbay-patch sees in them what dnf sees. A world is
rpm's database, repositories, notices, excludes and locks; the packages are headers and lines of
metadata: nothing is built and nothing is installed.

    dnf_world.py SEED [COUNT]    compares COUNT worlds from SEED on; prints what differs
"""

import functools
import hashlib
import pathlib
import random
import sys
import tempfile
from xml.sax.saxutils import escape

import rpm

from rpm_host import (baseline, evr, installed, native_notices, native_updates, new_host, packages,
                      updates)

MAGIC = bytes.fromhex("8eade80100000000")  # before a header in a stream
EQUAL = 8
PACKAGES = 150
KERNELS = ("kernel-core", "kernel-modules", "own-module")
VERSIONS = ["0.9", "1.0~rc1", "1.0", "1.0^git1", "1.0a", "1.00", "1.0.1", "1.9", "1.10", "2", "10"]
RELEASES = ["1", "1.el9", "2.el9", "2.el9_4", "10.el9", "1~pre"]


class Package:
    def __init__(self, rng, name, arch, like=None):
        self.name, self.arch = name, arch
        self.epoch = rng.choice(["0", "0", "0", "1", "2"])
        self.version, self.release = rng.choice(VERSIONS), rng.choice(RELEASES)
        if like:
            self.epoch, self.version, self.release = like.epoch, like.version, like.release
        self.obsoletes, self.requires = [], []
        self.built_at = rng.choice([1500000000, 1700000000])

    @property
    def evr(self):
        return f"{self.epoch}:{self.version}-{self.release}"

    @property
    def key(self):
        return self.name, self.evr, self.arch

    def header(self):
        h = rpm.hdr()
        for tag, value in (("name", self.name), ("version", self.version), ("arch", self.arch),
                           ("release", self.release), ("os", "linux"), ("summary", "s"),
                           ("description", "d"), ("license", "x"), ("size", 1),
                           ("buildtime", self.built_at), ("installtime", self.built_at),
                           ("epoch", int(self.epoch))):
            if tag != "epoch" or self.epoch != "0":
                h[tag] = value
        provides = [(self.name, self.evr), *self.more_provides()]
        h[rpm.RPMTAG_PROVIDENAME] = [name for name, _ in provides]
        h[rpm.RPMTAG_PROVIDEVERSION] = [version for _, version in provides]
        h[rpm.RPMTAG_PROVIDEFLAGS] = [EQUAL] * len(provides)
        return MAGIC + h.unload()

    def more_provides(self):
        if self.name == "rocky-release":
            return [("system-release", "9.4"), ("system-release(releasever)", "9")]
        return [("installonlypkg(kernel)", "1")] if self.name == "kernel-modules" else []

    def xml(self):
        def entry(name, version=None, flags="EQ"):
            if not version:
                return f'<rpm:entry name="{name}"/>'
            epoch, rest = evr(version)
            number, _, release = rest.partition("-")
            return (f'<rpm:entry name="{name}" flags="{flags}" epoch="{epoch}" ver="{number}"' +
                    (f' rel="{release}"' if release else "") + "/>")
        lists = {"provides": [entry(self.name, self.evr),
                              *[entry(n, v) for n, v in self.more_provides()]],
                 "requires": [entry(r) for r in self.requires],
                 "obsoletes": [entry(n, v, "LT") for n, v in self.obsoletes]}
        return (f'<package type="rpm"><name>{escape(self.name)}</name><arch>{self.arch}</arch>'
                f'<version epoch="{self.epoch}" ver="{self.version}" rel="{self.release}"/>'
                f'<checksum type="sha256" pkgid="YES">'
                f'{hashlib.sha256(repr(self.key).encode()).hexdigest()}</checksum>'
                f'<summary>s</summary><description>d</description><packager/><url/>'
                f'<time file="{self.built_at}" build="{self.built_at}"/>'
                '<size package="1" installed="1" archive="1"/>'
                f'<location href="{self.name}-{self.version}-{self.release}.{self.arch}.rpm"/>'
                "<format><rpm:license>x</rpm:license>" +
                "".join(f"<rpm:{k}>{''.join(v)}</rpm:{k}>" for k, v in lists.items() if v) +
                "</format></package>\n")


class World:
    def __init__(self, seed, directory):
        self.rng, self.directory = random.Random(seed), pathlib.Path(directory)
        rng = self.rng
        self.repos = {name: {} for name in ["base", "updates", *[
            n for n in ("epel", "vendor", "hotfix") if rng.random() < 0.6]]}
        self.notices = []
        self.installed = [Package(rng, "rocky-release", "noarch")]
        for number in range(PACKAGES):
            self.add_package(f"p{number:03d}")
        for name in KERNELS:
            self.add_kernel(name)
        self.write()

    # --- packages ---

    def add_package(self, name):
        rng = self.rng
        arches = rng.choice([["noarch"], ["x86_64"], ["x86_64"], ["x86_64", "i686"]])
        known, there = [], rng.random() < 0.85
        for repo, chance in zip(self.repos, (0.8, 0.4, 0.25, 0.25, 0.15)):
            for _ in range(rng.choice([1, 1, 2])):
                if rng.random() > chance:
                    continue
                like = rng.choice(known) if known and rng.random() < 0.3 else None
                self.offer(repo, name, arches, known, like)
        if not there:
            return
        like = rng.choice(known) if known and rng.random() < 0.5 else None
        first = Package(rng, name, arches[0], like)
        for arch in rng.choice([arches, arches, arches[:1]]):
            if rng.random() < 0.04 and len(arches) == 1:  # it changed on the way
                arch = "x86_64" if arch == "noarch" else "noarch"
            self.installed.append(Package(rng, name, arch, first))

    def offer(self, repo, name, arches, known, like):
        rng = self.rng
        first = Package(rng, name, arches[0], like)
        if not like and rng.random() < 0.07:
            first.obsoletes = [(f"p{rng.randrange(PACKAGES):03d}", rng.choice(VERSIONS))]
        if rng.random() < 0.1:
            first.requires = [rng.choice(["nothing-has-this", f"p{rng.randrange(PACKAGES):03d}"])]
        for arch in arches:
            if len(arches) == 1 and rng.random() < 0.04:
                arch = "x86_64" if arch == "noarch" else "noarch"
            package = Package(rng, name, arch, first)
            # The same package is the same everywhere.
            same = [p for r in self.repos.values() for p in r.values() if p.key == package.key]
            if same:
                package = same[0]
            else:
                package.obsoletes, package.requires = first.obsoletes, first.requires
            self.repos[repo][package.key] = package
            known.append(package)
            if rng.random() < 0.3:
                self.notices.append((repo, package))

    def add_kernel(self, name):
        rng = self.rng
        versions = [Package(rng, name, "x86_64") for _ in range(5)]
        for package in versions:
            if rng.random() < 0.6:
                repo = rng.choice(list(self.repos))
                self.repos[repo][package.key] = package
                if rng.random() < 0.5:
                    self.notices.append((repo, package))
        chosen = {p.key: p for p in rng.sample(versions, rng.choice([0, 1, 2, 3]))}
        self.installed += chosen.values()

    # --- files ---

    def pattern(self):
        number = self.rng.randrange(PACKAGES)
        name = f"p{number:03d}"
        package = self.rng.choice([p for r in self.repos.values() for p in r.values()])
        return self.rng.choice([
            name, f"p{number // 10:02d}*", f"p0{number % 10}?", f"{name}.x86_64",
            f"{package.name}-{package.version}", f"{package.name}-{package.evr}",
            f"{package.name}-{package.evr}.{package.arch}", f"{package.name}-*.{package.arch}",
            f"*{number % 10}", "kernel*"])

    def write(self):
        rng = self.rng
        (self.directory / "headers").write_bytes(b"".join(p.header() for p in self.installed))
        config = []
        for name, offers in self.repos.items():
            self.write_repo(self.directory / name, name, offers.values())
            options = {"name": name, "baseurl": f"file:///srv/world/{self.directory.name}/{name}",
                       "gpgcheck": "0", "priority": rng.choice(["99", "99", "99", "50", "10"]),
                       "cost": rng.choice(["1000", "1000", "500"])}
            if rng.random() < 0.2:
                options["excludepkgs"] = ", ".join(self.pattern() for _ in range(3))
            if rng.random() < 0.1:
                options["includepkgs"] = " ".join(["p0*", "p1[0-2]*", self.pattern()])
            if name == "hotfix":
                options["module_hotfixes"] = "1"
            if rng.random() < 0.05:
                options["enabled"] = "0"
            config += [f"[{name}]", *[f"{k}={v}" for k, v in options.items()]]
        (self.directory / "world.repo").write_text("\n".join(config) + "\n")
        main = {"gpgcheck": "0", "best": rng.choice(["True", "False"]),
                "skip_if_unavailable": "False"}
        if rng.random() < 0.2:
            main["excludepkgs"] = " ".join(self.pattern() for _ in range(2))
        if rng.random() < 0.1:
            main["obsoletes"] = "0"
        if rng.random() < 0.3:
            main["installonlypkgs"] = "own-module"
        (self.directory / "dnf.conf").write_text(
            "[main]\n" + "".join(f"{k}={v}\n" for k, v in main.items()))
        locks = [self.lock() for _ in range(rng.choice([0, 0, 2, 6]))]
        (self.directory / "locks").write_text("".join(lock + "\n" for lock in locks))

    def lock(self):
        """As `dnf versionlock add` and `exclude` write them."""
        package = self.rng.choice(self.installed)
        if self.rng.random() < 0.5:
            package = self.rng.choice([p for r in self.repos.values() for p in r.values()])
        line = self.rng.choice([f"{package.name}-{package.evr}.*", f"{package.name}-{package.evr}"])
        return ("!" if self.rng.random() < 0.3 else "") + line

    def write_repo(self, directory, name, offers):
        data = directory / "repodata"
        data.mkdir(parents=True)
        common = "http://linux.duke.edu/metadata"
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        offers = list(offers)
        files = {
            "primary": f'<metadata xmlns="{common}/common" xmlns:rpm="{common}/rpm" packages='
                       f'"{len(offers)}">\n' + "".join(p.xml() for p in offers) + "</metadata>\n",
            "filelists": f'<filelists xmlns="{common}/filelists" packages="0"></filelists>\n',
            "updateinfo": "<updates>\n" + self.notices_xml(name) + "</updates>\n"}
        index = []
        for kind, text in files.items():
            body = (head + text).encode()
            (data / f"{kind}.xml").write_bytes(body)
            index.append(f'<data type="{kind}"><checksum type="sha256">'
                         f'{hashlib.sha256(body).hexdigest()}</checksum><location href="repodata/'
                         f'{kind}.xml"/><timestamp>1700000000</timestamp><size>{len(body)}</size>'
                         "</data>\n")
        (data / "repomd.xml").write_text(
            head + f'<repomd xmlns="{common}/repo"><revision>1</revision>\n' + "".join(index) +
            "</repomd>\n")

    def notices_xml(self, repo):
        rng, out = self.rng, []
        for number, (where, p) in enumerate(self.notices):
            if where != repo:
                continue
            kind = rng.choice(["security", "security", "bugfix", "enhancement"])
            severity = rng.choice(["Critical", "Important", "Moderate", "Low", "None"])
            out.append(
                f'<update from="t" status="final" type="{kind}" version="1"><id>N-{number}</id>'
                f'<title>t</title><issued date="2024-01-02 00:00:00"/><severity>{severity}'
                '</severity><summary>s</summary><description>d</description><references/>'
                '<pkglist><collection short="t"><name>t</name>'
                f'<package name="{p.name}" epoch="{p.epoch}" version="{p.version}" release='
                f'"{p.release}" arch="{p.arch}" src="x.src.rpm"><filename>{p.name}.rpm</filename>'
                "</package></collection></pkglist></update>\n")
        return "".join(out)

    # --- what it is compared with ---

    def enter(self, host):
        """The host's own, for as long as no other world comes."""
        at = f"/srv/world/{self.directory.name}"
        host.sh(f"""set -e
            rm -rf /var/lib/rpm /etc/yum.repos.d/* /etc/dnf/modules.d/* /var/cache/dnf/* /root/state
            mkdir -p /root/state; rpmdb --initdb; rpmdb --importdb < {at}/headers
            cp {at}/world.repo /etc/yum.repos.d; cp {at}/dnf.conf /etc/dnf/dnf.conf
            cp {at}/locks /etc/dnf/plugins/versionlock.list; dnf -q makecache""")

    def differences(self, host):
        """What is not as dnf says it, in words; and how many packages were compared."""
        self.enter(host)
        approve_all = baseline(host)
        found, out = packages(host, "--state", "/root/state", "--baseline", approve_all), []
        native, replaced = native_updates(host)
        there = installed(host)
        say = lambda key, *words: out.append(".".join(key) + " " + " ".join(map(str, words)))
        for key in found.keys() ^ there.keys():
            say(key, "is installed for", "us alone" if key in found else "rpm alone")
        for key in found.keys() & there.keys():
            newest = max(there[key], key=functools.cmp_to_key(_compare))
            if evr(found[key]["installed"]) != newest:
                say(key, "installed", found[key]["installed"], "for rpm", newest)
        # What is there itself takes another's place only as an update of its own.
        names = {name for name, _ in found}
        replaced = {tuple(old.rsplit(".", 1)): new for old, new in replaced.items()}
        for key in replaced:
            if not found[key]["update"] and replaced[key].rsplit(".", 1)[0] not in names:
                say(key, "is obsoleted by", replaced[key], "for dnf alone")
        ours = updates({k: p for k, p in found.items() if not p["held"]})
        plain = {k: v for k, v in ours.items() if k not in replaced}
        names = {name for name, _ in replaced}
        self.compare_updates(plain, {k: v for k, v in native.items() if k[0] not in names}, say)
        notices = native_notices(host)
        for key in plain.keys() & native.keys():
            if len({a == "noarch" for n, a in native if n == key[0]}) > 1:
                continue  # of several architectures, and we tell of one of them
            noticed = native[key] in notices.get(key, ())
            if noticed != found[key]["security"]:
                say(key, native[key], "security", found[key]["security"], "for dnf", noticed)
        for key, p in found.items():
            if p["update"] and p["security"] and p["state"] not in ("Missing", "Failed"):
                say(key, "has a security update and is", p["state"])
        return out, len(found)

    @staticmethod
    def compare_updates(ours, native, say):
        """Where the update has another architecture too, dnf lists both: the newer one counts."""
        def best(found, key):
            arches = (key[1], *(("noarch",) if key[1] != "noarch" else ("x86_64", "i686")))
            versions = [found[key[0], arch] for arch in arches if (key[0], arch) in found]
            return max(versions, key=functools.cmp_to_key(_compare), default=None)
        for key, version in ours.items():
            if version != best(native, key):
                say(key, "update", version, "for dnf", best(native, key))
        for key, version in native.items():
            if not best(ours, key):
                say(key, "update", version, "for dnf alone")


def _compare(left, right):
    return rpm.labelCompare(*[(e, *rest.split("-")) for e, rest in (left, right)])


class Worlds:
    """One host that worlds come and go on."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dnf-worlds-")
        self.host = new_host("rocky")
        self.host.binds["/srv/world"] = self.folder.name

    def __enter__(self):
        self.host.__enter__()
        return self

    def __exit__(self, *_):
        self.host.close()
        self.folder.cleanup()

    def compare(self, seed):
        directory = pathlib.Path(self.folder.name, str(seed))
        directory.mkdir()
        return World(seed, directory).differences(self.host)


def main():
    first, count, compared, bad = int(sys.argv[1]), int((sys.argv[2:] or [1])[0]), 0, 0
    with Worlds() as worlds:
        for seed in range(first, first + count):
            differences, n = worlds.compare(seed)
            compared += n
            bad += bool(differences)
            for difference in differences:
                print(f"seed {seed}: {difference}")
    print(f"{count} worlds, {compared} packages, {bad} worlds differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
