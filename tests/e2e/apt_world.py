# SPDX-License-Identifier: Apache-2.0
"""Random Debian and Ubuntu worlds, and the question whether patchbay-patch sees in them what apt
sees. A world is a root with dpkg's status, package lists, sources and pins, and no archive: nothing
is built and nothing is installed.

    apt_world.py SEED [COUNT]    compares COUNT worlds from SEED on; prints what differs
"""

import functools
import gzip
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(os.environ.get("PATCHBAY_BUILD",
                                    pathlib.Path(__file__).resolve().parents[2] / "build"))
PACKAGES = 250
DONE = "install ok installed"
# What dpkg can say of a package: wanted, flag, state; and how often.
STATUSES = [(DONE, 70), ("hold ok installed", 10), ("deinstall ok config-files", 5),
            ("install ok half-configured", 3), ("install ok unpacked", 3),
            ("install reinstreq half-installed", 2), ("deinstall ok installed", 2),
            ("hold ok half-configured", 2), ("install ok triggers-pending", 2),
            ("install ok triggers-awaited", 2), ("purge ok not-installed", 1)]
GONE = ("config-files", "not-installed")
UPSTREAM = ["0", "0.9", "1.0~rc1", "1.0~~beta", "1.0", "1.0+dfsg", "1.0+git2", "1.0a", "1.00",
            "1.0.1", "1.9", "1.10", "2", "2.0~", "2024.01", "10"]
REVISION = ["", "-0", "-1", "-1~bpo12+1", "-1+b1", "-1+deb12u1", "-1+deb12u2", "-1ubuntu0.1",
            "-2~", "-2", "-10"]


def version(rng):
    epoch = rng.choice(["", "", "", "", "1:", "2:"])
    return epoch + rng.choice(UPSTREAM) + rng.choice(REVISION)


# --- versions, as Debian orders them (policy 5.6.12); apt's own comparison is what is tested ---

def _weight(char):
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256


def _key(part):
    """Sorts as dpkg does: parts without digits and parts of digits in turn."""
    out = []
    for text, digits in re.findall(r"(\D*)(\d*)", part):
        out.append(([_weight(c) for c in text] + [0], int(digits or 0)))
    return out


def _split(text):
    epoch, _, rest = text.rpartition(":")
    upstream, dash, revision = rest.rpartition("-")
    return int(epoch or 0), *((upstream, revision) if dash else (rest, "0"))


def compare(left, right):
    a, b = _split(left), _split(right)
    a, b = (a[0], _key(a[1]), _key(a[2])), (b[0], _key(b[1]), _key(b[2]))
    return (a > b) - (a < b)


# --- suites ---

class Suite:
    def __init__(self, site, dist, release, component="main", flags=(), security=False):
        self.site, self.dist, self.release = site, dist, release
        self.component, self.flags, self.security = component, flags, security
        self.offers = {}  # (name, arch): {version: stanza}

    @property
    def base(self):
        return f"{self.site.replace('/', '_')}_dists_{self.dist.replace('/', '_')}"

    def release_text(self, arches):
        lines = {**self.release, "Architectures": " ".join(arches), "Components": self.component,
                 "Date": "Mon, 01 Jan 2024 00:00:00 UTC"}
        for flag in self.flags:
            lines[flag] = "yes"
        return "".join(f"{k}: {v}\n" for k, v in lines.items())


def debian_suites():
    def own(dist, label="Debian", **more):
        suite = dist.replace("bookworm", "stable").split("/")[0]
        return Suite("deb.invalid/debian", dist, {
            "Origin": "Debian", "Label": label, "Suite": suite, "Codename": dist}, **more)
    return [
        own("bookworm"), own("bookworm-updates"),
        Suite("security.invalid/debian-security", "bookworm-security", {
            "Origin": "Debian", "Label": "Debian-Security", "Suite": "stable-security",
            "Codename": "bookworm-security"}, security=True),
        own("bookworm-backports", flags=("NotAutomatic", "ButAutomaticUpgrades")),
        Suite("deb.invalid/debian", "experimental", {
            "Origin": "Debian", "Label": "Debian", "Suite": "experimental",
            "Codename": "rc-buggy"}, flags=("NotAutomatic",)),
        Suite("acme.invalid/apt", "any", {"Origin": "Acme", "Label": "Acme Tools",
                                          "Suite": "any", "Codename": "any"}),
        # One that only looks as if it were for security.
        Suite("mirror.invalid/other", "bookworm-security", {
            "Origin": "Acme", "Label": "Acme", "Suite": "acme-security",
            "Codename": "acme-security"}),
    ]


def ubuntu_suites():
    def own(pocket, **more):
        dist = "jammy" + pocket
        return Suite("ubuntu.invalid/ubuntu", dist, {
            "Origin": "Ubuntu", "Label": "Ubuntu", "Suite": dist, "Codename": "jammy"}, **more)
    return [
        own(""), own("-updates"), own("-security", security=True),
        own("-backports", flags=("NotAutomatic", "ButAutomaticUpgrades")), own("-proposed"),
        Suite("ppa.invalid/somebody", "jammy", {"Origin": "LP-PPA-somebody", "Label": "PPA",
                                                "Suite": "jammy", "Codename": "jammy"}),
        Suite("ppa.invalid/liar", "jammy-security", {
            "Origin": "LP-PPA-liar", "Label": "Ubuntu", "Suite": "jammy-security",
            "Codename": "jammy"}),
    ]


# --- a world ---

class World:
    def __init__(self, seed, directory):
        self.rng, self.root = random.Random(seed), pathlib.Path(directory)
        rng = self.rng
        self.is_ubuntu = rng.random() < 0.5
        # A calm one has no relations and nothing half installed, so that apt can upgrade it.
        self.is_calm = rng.random() < 0.5
        suites = ubuntu_suites() if self.is_ubuntu else debian_suites()
        self.suites = suites[:1] + [s for s in suites[1:] if rng.random() < 0.75]
        self.foreign = rng.random() < 0.6
        self.arches = ["amd64", "i386"] if self.foreign else ["amd64"]
        self.installed = {}  # (name, arch of dpkg): (version, status)
        self.stanzas = []
        for number in range(PACKAGES):
            self.add_package(f"p{number:03d}")
        self.write()

    def write_file(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    # --- packages ---

    def stanza(self, name, arch, ver, multi, **more):
        rng = self.rng
        fields = {"Package": name, "Architecture": arch, "Version": ver, "Maintainer": "nobody",
                  "Installed-Size": "10", "Section": rng.choice(["libs", "net", "contrib/web"]),
                  "Priority": rng.choice(["required", "important", "standard", "optional",
                                          "extra"]), "Description": "of a test"}
        if multi:
            fields["Multi-Arch"] = multi
        other = f"p{rng.randrange(PACKAGES):03d}"
        if not self.is_calm and other != name:
            if rng.random() < 0.2:
                fields["Depends"] = rng.choice(
                    [other, f"{other} (>= {version(rng)})", f"nowhere | {other}", "nowhere"])
            if rng.random() < 0.08:
                fields[rng.choice(["Breaks", "Conflicts"])] = f"{other} (<< {version(rng)})"
            if rng.random() < 0.08:
                fields["Replaces"] = other
            if rng.random() < 0.08:
                fields["Provides"] = rng.choice([other, f"{other} (= {version(rng)})", "virtual"])
        fields.update(more)
        return fields

    def add_package(self, name):
        rng = self.rng
        arch = rng.choice(["amd64", "amd64", "all", "i386" if self.foreign else "amd64"])
        multi = rng.choice(["", "", "same" if arch != "all" else "foreign", "foreign", "allowed"])
        state = rng.getstate()
        for one in (self.arches if multi == "same" else [arch]):
            if self.is_calm:  # those that have to be of one version are offered at one
                rng.setstate(state)
            self.offer(name, one, multi)
        self.install(name, arch, multi)

    def offer(self, name, arch, multi):
        rng = self.rng
        known = {}
        for suite in self.suites:
            chance = 0.8 if suite is self.suites[0] else 0.3
            for _ in range(rng.choice([1, 1, 1, 2])):
                if rng.random() > chance:
                    continue
                ver, at = version(rng), arch
                # Some change their architecture on the way.
                if multi != "same" and arch != "i386" and rng.random() < 0.05:
                    at = "amd64" if arch == "all" else "all"
                if known and rng.random() < 0.3 or any(compare(ver, v) == 0 for v, _ in known):
                    ver, at = rng.choice(list(known) or [(ver, at)])
                more = {}
                if self.is_ubuntu and suite.dist.endswith("-updates") and rng.random() < 0.4:
                    more["Phased-Update-Percentage"] = str(rng.choice([0, 10, 30, 50, 80, 100]))
                if (ver, at) not in known:
                    known[ver, at] = self.stanza(name, at, ver, multi, Size="1000",
                                                 Filename=f"pool/{name}_{at}.deb",
                                                 SHA256="0" * 64)
                    if rng.random() < 0.2:
                        known[ver, at]["Source"] = rng.choice(
                            [f"src-{name}", f"src-{name} ({version(rng)})"])
                fields = known[ver, at]
                suite.offers.setdefault((name, at), {})[ver] = {**fields, **more}

    def install(self, name, arch, multi):
        rng = self.rng
        if rng.random() < 0.15:
            return
        arches = [arch]
        if multi == "same" and self.foreign:
            arches = rng.choice([["amd64"], ["i386"], ["amd64", "i386"]])
        offered = [v for s in self.suites for (n, _), vs in s.offers.items() if n == name
                   for v in vs]
        ver = rng.choice(offered) if offered and rng.random() < 0.5 else version(rng)
        possible = STATUSES[:3] if self.is_calm else STATUSES
        status = rng.choices([s for s, _ in possible], [w for _, w in possible])[0]
        for one in arches:
            fields = self.stanza(name, one, ver, multi, Status=status)
            if status.endswith("config-files"):
                fields["Config-Version"] = ver
            if status.endswith("not-installed"):
                del fields["Version"]
            self.stanzas.append(fields)
            if not status.endswith(GONE):
                self.installed[name, one] = (ver, status)

    # --- files ---

    def write(self):
        rng = self.rng
        release = ("ID=ubuntu\nVERSION_ID=\"22.04\"\nVERSION_CODENAME=jammy\n" if self.is_ubuntu
                   else "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n")
        self.write_file("etc/os-release", release)
        self.machine = "%032x" % rng.getrandbits(128)
        self.write_file("etc/machine-id", self.machine + "\n")
        self.write_file("var/lib/dpkg/arch", "".join(a + "\n" for a in self.arches))
        self.write_file("var/lib/dpkg/status", "\n".join(_text(s) for s in self.stanzas))
        for folder in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial",
                       "etc/apt/preferences.d", "etc/apt/apt.conf.d", "var/log/apt",
                       "etc/apt/trusted.gpg.d"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        for folder in "usr/share/dpkg", "usr/lib/apt":  # which a root has
            (self.root / folder).parent.mkdir(parents=True, exist_ok=True)
            (self.root / folder).symlink_to("/" + folder)
        for number, suite in enumerate(self.suites):
            self.write_suite(number, suite)
        if rng.random() < 0.3 and len(self.suites) > 2:  # its lists are still there
            self.suites.pop()
            for path in (self.root / "etc/apt/sources.list.d").glob(f"{len(self.suites)}.*"):
                text = path.read_text()
                path.write_text("# " + text if path.suffix == ".list" else "Enabled: no\n" + text)
        for number in range(rng.choice([0, 1, 2, 4])):
            self.write_file(f"etc/apt/preferences.d/{number}", self.pin())
        if rng.random() < 0.15:
            self.write_file("etc/apt/apt.conf.d/default", 'APT::Default-Release "%s";\n' %
                            rng.choice(self.suites).release["Codename"])

    def write_suite(self, number, suite):
        rng = self.rng
        self.write_file(f"var/lib/apt/lists/{suite.base}_InRelease",
                        suite.release_text(self.arches))
        for arch in self.arches:
            text = "\n".join(
                _text(fields) for (_, at), versions in suite.offers.items() if at in (arch, "all")
                for fields in versions.values())
            path = f"var/lib/apt/lists/{suite.base}_{suite.component}_binary-{arch}_Packages"
            if rng.random() < 0.2:  # as apt keeps them where it is told to save space
                (self.root / (path + ".gz")).write_bytes(gzip.compress(text.encode()))
            else:
                self.write_file(path, text)
        if rng.random() < 0.5:
            self.write_file(f"etc/apt/sources.list.d/{number}.list",
                            f"deb [trusted=yes] http://{suite.site} {suite.dist} main\n")
        else:
            self.write_file(
                f"etc/apt/sources.list.d/{number}.sources",
                f"Types: deb\nURIs: http://{suite.site}\nSuites: {suite.dist}\nComponents: main\n"
                + rng.choice(["Trusted: yes\n", "Trusted: yes\nSigned-By: "
                              "/usr/share/keyrings/world.gpg\n"]))

    def pin(self):
        rng = self.rng
        suite, number = rng.choice(self.suites), rng.randrange(PACKAGES)
        package = rng.choice(["*", "*", f"p{number:03d}", f"p{number // 10:02d}*",
                              f"/^p{number // 100}/", f"p{number:03d} p001 p002",
                              f"p{number // 10:02d}*:any", f"src:p{number:03d}"])
        what = rng.choice([
            f"release a={suite.release['Suite']}", f"release n={suite.release['Codename']}",
            f"release o={suite.release['Origin']}", f"release l={suite.release['Label']}",
            f"release o={suite.release['Origin']}, a={suite.release['Suite']}",
            f"origin {suite.site.split('/')[0]}", 'origin ""', "release c=main",
            f"version {rng.choice(UPSTREAM)}*", f"version {version(rng)}"])
        priority = rng.choice([-10, -1, 1, 99, 100, 101, 499, 500, 501, 989, 990, 991, 1000, 1001])
        return f"Package: {package}\nPin: {what}\nPin-Priority: {priority}\n"

    # --- what apt says ---

    def apt(self, program, *arguments):
        """The configuration is read before options are: the root has to be known by then."""
        self.write_file("apt.conf", f'RootDir "{self.root}";\nDir::State::status '
                        '"/var/lib/dpkg/status";\n' +
                        f'APT::Machine-ID "{self.machine}";\n' +
                        "".join(f'APT::Architectures:: "{a}";\n' for a in self.arches))
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                   "APT_CONFIG": f"{self.root}/apt.conf"})
        if done.returncode != 0:
            raise AssertionError(f"{program} {arguments[:2]}: {done.stdout}{done.stderr}")
        return done.stdout

    def upgradable(self):
        """{(name, native or foreign, candidate)} of `apt list --upgradable`."""
        found = set()
        for line in self.apt("apt", "list", "--upgradable").splitlines():
            if "/" in line:
                name, rest = line.split("/", 1)
                words = rest.split()
                found.add((name, _side(words[2]), words[1]))
        return found

    @functools.cached_property
    def policies(self):
        """{(name, arch): candidate} of `apt-cache policy` for what is installed."""
        keys = sorted(self.installed)
        names = [f"{n}:{'amd64' if a == 'all' else a}" for n, a in keys]
        blocks = re.split(r"^(?=\S)", self.apt("apt-cache", "policy", *names), flags=re.M)[1:]
        assert len(blocks) == len(names), (len(blocks), len(names))
        return {key: re.search(r"^  Candidate: (\S+)", b, re.M)[1] for key, b in zip(keys, blocks)}

    def upgrade(self):
        """What `apt-get -s dist-upgrade` makes newer as upgradable(), and names it keeps back."""
        text = self.apt("apt-get", "-s", "dist-upgrade")
        upgraded = {(name.split(":")[0], _side(arch), new) for name, old, new, arch in re.findall(
            r"^Inst (\S+) \[(\S+)\] \((\S+) .*\[(\w+)\]\)", text, re.M)
            if compare(new, old) >= 0}
        kept = re.search(r"have been kept back:\n((?:  .*\n)+)", text)
        return upgraded, {n.split(":")[0] for n in kept[1].split()} if kept else set()

    # --- what patchbay-patch says ---

    def scan(self):
        (self.root / "state").mkdir(exist_ok=True)
        done = subprocess.run(
            [BUILD / "src/patch/patchbay-patch", "scan", "--json", "--root", self.root, "--state",
             self.root / "state"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"scan: {done.returncode} {done.stderr}")
        return {(p["name"], p["arch"]): p for p in json.loads(done.stdout)["packages"]}

    def is_security(self, name, ver, arch):
        return any(suite.security and ver in suite.offers.get((name, at), {})
                   for suite in self.suites for at in {arch, "all", "amd64"})

    def compare_upgrade(self, found, say):
        """What would come in is what it brings. It keeps back what an unlucky phase is near to,
        and what it keeps back without being asked to, it would bring when asked."""
        upgraded, kept = self.upgrade()
        ours = {(k[0], _side(k[1]), p["candidate"]) for k, p in found.items()
                if p["update"] and not p["held"] and not p["phased"]}
        phases = {n for s in self.suites for (n, _), versions in s.offers.items()
                  for v in versions.values() if "Phased-Update-Percentage" in v}
        for name, side, ver in ours ^ upgraded:
            if (name, side, ver) in upgraded:
                say((name, side), "dist-upgrade brings", ver, "and we do not")
            elif name not in kept & phases:
                say((name, side), "dist-upgrade does not bring", ver)

    def differences(self):
        """What is not as apt says it, in words; and how many packages were compared."""
        found, out = self.scan(), []
        policies, theirs = self.policies, self.upgradable()
        say = lambda key, *words: out.append(f"{key[0]}:{key[1]} " + " ".join(map(str, words)))
        for key in found.keys() ^ self.installed.keys():
            say(key, "is installed for", "us alone" if key in found else "dpkg alone")
        for key in found.keys() & self.installed.keys():
            p, (ver, status), candidate = found[key], self.installed[key], policies[key]
            newer = (key[0], _side(key[1]), candidate) in theirs
            if compare(p["installed"], ver) != 0:  # 1.0 may be known as 1.00
                say(key, "installed", p["installed"], "for dpkg", ver)
            if p["update"] != newer or (newer and p["candidate"] != candidate):
                say(key, "at", ver, "update", p["update"] and p["candidate"], "for apt", candidate)
            if p["held"] != status.startswith("hold"):
                say(key, "held", p["held"], "for dpkg", status)
            whole = ("installed", "triggers-pending", "triggers-awaited")
            if p["broken"] == (status.split()[-1] in whole):
                say(key, "broken", p["broken"], "for dpkg", status)
            if newer and p["security"] != self.is_security(key[0], candidate, key[1]):
                say(key, "security", p["security"], candidate)
            if newer and p["security"] and p["state"] not in ("Missing", "Failed"):
                say(key, "has a security update and is", p["state"])
        ours = {(k[0], _side(k[1]), p["candidate"]) for k, p in found.items() if p["update"]}
        for name, side, ver in ours ^ theirs:
            say((name, side), "update", ver, "for us alone" if (name, side, ver) in ours
                else "for apt alone")
        if self.is_calm:
            self.compare_upgrade(found, say)
        return out, len(found)


def _side(arch):
    """Which of the packages of a name it is: for all architectures is for the native one."""
    return arch == "i386"


def _text(fields):
    return "".join(f"{k}: {v}\n" for k, v in fields.items())


def compare_world(seed):
    """(differences, packages compared) of the world with this seed."""
    with tempfile.TemporaryDirectory(prefix="apt-world-") as directory:
        return World(seed, directory).differences()


def main():
    first, count, compared, bad = int(sys.argv[1]), int((sys.argv[2:] or [1])[0]), 0, 0
    for seed in range(first, first + count):
        differences, n = compare_world(seed)
        compared += n
        bad += bool(differences)
        for difference in differences:
            print(f"seed {seed}: {difference}")
    print(f"{count} worlds, {compared} packages, {bad} worlds differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
