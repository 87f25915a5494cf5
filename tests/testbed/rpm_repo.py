# SPDX-License-Identifier: Apache-2.0
"""RPM repositories made on the spot: packages of any kind, update notices, module streams.

    repo = RpmRepo(folder)
    repo.package("pb-good", "1.0-1")
    repo.package("pb-good", "1.0-2", requires=["pb-library >= 2"])
    repo.notice("RLSA-2024:0001", "security", ["pb-good-1.0-2"], severity="Critical",
                cves=["CVE-2024-0001"])
    repo.publish()

A package is named by name-[epoch:]version-release, and by .arch where there are several. Packages
are in FOLDER/packages, the metadata in FOLDER/repodata. They are signed by FOLDER/key.asc, but for
those whose signer is "stranger" (FOLDER/stranger.asc) or None.
"""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import tempfile
from xml.sax.saxutils import quoteattr, escape

LONG_AGO = 1704067200  # 2024-01-01: when packages were built, unless they say otherwise
NATIVE = "x86_64"


class RpmRepoError(Exception):
    """A tool that makes repositories did not do its part; never a reason to skip."""


def run(*argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RpmRepoError(f"{argv} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def split_evr(evr):
    """("1", "2.0", "3.el9") of 1:2.0-3.el9; without an epoch it is "0"."""
    epoch, _, rest = evr.rpartition(":")
    version, _, release = rest.rpartition("-")
    return epoch or "0", version, release


@dataclasses.dataclass
class Package:
    name: str
    evr: str
    arch: str = "noarch"
    requires: list = ()
    provides: list = ()
    obsoletes: list = ()
    conflicts: list = ()
    scripts: dict = None  # {"pre": "exit 1\n"}: pre, post, preun, postun, pretrans, posttrans
    files: dict = None    # {path: content}
    configs: dict = None  # the same, as %config(noreplace)
    vendor: str = ""
    label: str = ""       # module:stream:version:context:arch
    signer: str = "key"   # "key", "stranger" or None
    built_at: int = LONG_AGO

    @property
    def epoch(self):
        return split_evr(self.evr)[0]

    @property
    def version(self):
        return split_evr(self.evr)[1]

    @property
    def release(self):
        return split_evr(self.evr)[2]

    @property
    def file_name(self):
        return f"{self.name}-{self.version}-{self.release}.{self.arch}.rpm"

    @property
    def nevr(self):
        return f"{self.name}-{self.evr}"

    @property
    def title(self):
        """As the plane is told: name.arch:epoch:version-release."""
        return f"{self.name}.{self.arch}:{self.epoch}:{self.version}-{self.release}"

    def spec(self):
        contents = {f"/usr/share/{self.name}/{self.version}-{self.release}": self.nevr + "\n",
                    **(self.files or {}), **(self.configs or {})}
        lines = [f"Name: {self.name}", f"Version: {self.version}", f"Release: {self.release}",
                 "Summary: package of the Patchbay tests", "License: Apache-2.0",
                 "AutoReqProv: no", "%define debug_package %{nil}",
                 "%define __os_install_post %{nil}"]
        lines += [f"Epoch: {self.epoch}"] * (self.epoch != "0")
        lines += [f"BuildArch: {self.arch}"] * (self.arch == "noarch")
        lines += [f"Vendor: {self.vendor}"] * bool(self.vendor)
        lines += [f"ModularityLabel: {self.label}"] * bool(self.label)
        for tag, values in (("Requires", self.requires), ("Provides", self.provides),
                            ("Obsoletes", self.obsoletes), ("Conflicts", self.conflicts)):
            lines += [f"{tag}: {value}" for value in values]
        lines += ["%description", "It does nothing.", "%install"]
        for path, content in contents.items():
            lines += [f"mkdir -p %{{buildroot}}{os.path.dirname(path)}",
                      f"cat > %{{buildroot}}{path} <<'END-OF-FILE'", content + "END-OF-FILE"]
        for when, script in (self.scripts or {}).items():
            lines += [f"%{when}", script]
        lines += ["%files"] + [("%config(noreplace) " if path in (self.configs or {}) else "") +
                               path for path in contents]
        return "\n".join(lines) + "\n"


@dataclasses.dataclass
class Notice:
    ident: str
    kind: str
    packages: list
    severity: str = ""
    cves: list = ()
    bugs: list = ()
    issued: str = "2024-01-02 00:00:00"
    updated: str = ""
    module: str = ""  # name:stream:version:context:arch

    def xml(self, find):
        out = [f'<update from="tests@patchbay.invalid" status="final" type={quoteattr(self.kind)}'
               f' version="1">', f"<id>{escape(self.ident)}</id>",
               f"<title>{escape(self.ident)}: {' '.join(self.packages)}</title>",
               f"<issued date={quoteattr(self.issued)}/>"]
        out += [f"<updated date={quoteattr(self.updated)}/>"] * bool(self.updated)
        out += [f"<severity>{self.severity}</severity>"] * bool(self.severity)
        out += ["<summary>s</summary><description>d</description><references>"]
        out += [f'<reference href="https://patchbay.invalid/{r}" id="{r}" type="{kind}"'
                f' title="{r}"/>' for kind, ids in (("cve", self.cves), ("bugzilla", self.bugs))
                for r in ids]
        out += ['</references><pkglist><collection short="testbed"><name>testbed</name>']
        if self.module:
            name, stream, version, context, arch = self.module.split(":")
            out += [f'<module name="{name}" stream="{stream}" version="{version}"'
                    f' context="{context}" arch="{arch}"/>']
        for package in (p for wanted in self.packages for p in find(wanted)):
            out += [f'<package name="{package.name}" epoch="{package.epoch}"'
                    f' version="{package.version}" release="{package.release}"'
                    f' arch="{package.arch}" src="{package.name}.src.rpm">'
                    f"<filename>{package.file_name}</filename></package>"]
        return "\n".join(out + ["</collection></pkglist></update>"])


@dataclasses.dataclass
class Stream:
    label: str  # name:stream:version:context:arch
    packages: list

    def yaml(self, find):
        name, stream, version, context, arch = self.label.split(":")
        rpms = [f"{p.name}-{p.epoch}:{p.version}-{p.release}.{p.arch}"
                for wanted in self.packages for p in find(wanted)]
        return "\n".join(
            ["---", "document: modulemd", "version: 2", "data:", f"  name: {name}",
             f'  stream: "{stream}"', f"  version: {version}", f"  context: {context}",
             f"  arch: {arch}", "  summary: module of the Patchbay tests",
             "  description: module of the Patchbay tests", "  license:", "    module: [MIT]",
             "  artifacts:", "    rpms:"] + [f"    - {r}" for r in rpms] + ["...", ""])


class RpmRepo:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.pool = self.directory / "packages"
        self.packages, self.notices, self.streams = [], [], []

    # --- what there is to be ---

    def package(self, name, evr, **options):
        self.packages.append(Package(name, evr, **options))
        return self.packages[-1]

    def notice(self, ident, kind, packages, **options):
        self.notices.append(Notice(ident, kind, packages, **options))

    def stream(self, label, packages):
        self.streams.append(Stream(label, packages))

    def find(self, wanted):
        """All packages that are meant by name-evr or name-evr.arch."""
        found = [p for p in self.packages if wanted in (p.nevr, f"{p.nevr}.{p.arch}")]
        if not found:
            raise RpmRepoError(f"there is no package {wanted}")
        return found

    def path(self, wanted):
        package, = self.find(wanted)
        return self.pool / package.file_name

    # --- making it ---

    def build(self):
        """Builds and signs what is not there yet."""
        self.pool.mkdir(parents=True, exist_ok=True)
        new = [p for p in self.packages if not (self.pool / p.file_name).exists()]
        for group in {(p.arch, p.built_at) for p in new}:
            self._build([p for p in new if (p.arch, p.built_at) == group], *group)
        for signer in "key", "stranger":
            self._sign([p for p in new if p.signer == signer], signer)

    def _build(self, packages, arch, built_at):
        with tempfile.TemporaryDirectory() as top:
            specs = []
            for number, package in enumerate(packages):
                specs.append(f"{top}/{number}.spec")
                pathlib.Path(specs[-1]).write_text(package.spec())
            run("rpmbuild", "-bb", "--quiet", "--target", NATIVE if arch == "noarch" else arch,
                "--define", f"_topdir {top}", "--define", f"_rpmdir {top}/out",
                "--define", f"_dbpath {top}/db", "--define", "_build_name_fmt %%{NAME}-%%{VERSION}-"
                "%%{RELEASE}.%%{ARCH}.rpm", "--define", "use_source_date_epoch_as_buildtime 1",
                "--define", "_binary_payload w1.gzdio", *specs,
                env={**os.environ, "SOURCE_DATE_EPOCH": str(built_at)})
            for file in pathlib.Path(top, "out").glob("*.rpm"):
                shutil.move(file, self.pool / file.name)

    def _gpg(self, home, *arguments):
        """gpg leaves an agent behind; it ends with the command that made it start. Its socket lies
        in the home, and a socket's name is at most 107 characters: so the home gets a short one."""
        with tempfile.TemporaryDirectory(dir="/tmp") as short:
            os.symlink(pathlib.Path(home).resolve(), f"{short}/home")
            environment = {**os.environ, "GNUPGHOME": f"{short}/home"}
            try:
                return run(*arguments, env=environment)
            finally:
                run("gpgconf", "--kill", "all", env=environment)

    def key(self, signer="key"):
        """The file with the public key; made on first use."""
        public, home = self.directory / f"{signer}.asc", self.directory / f".{signer}"
        if not public.exists():
            home.mkdir(mode=0o700, parents=True)
            name = f"{signer}@patchbay.invalid"
            self._gpg(home, "gpg", "--batch", "--quiet", "--passphrase", "",
                      "--quick-generate-key", name, "rsa2048", "sign", "never")
            public.write_text(self._gpg(home, "gpg", "--batch", "--armor", "--export"))
        return public

    def _sign(self, packages, signer):
        if packages:
            self.key(signer)
            home = self.directory / f".{signer}"
            self._gpg(home, "rpmsign", "--addsign",
                      "--define", f"__gpg {shutil.which('gpg')}", "--define",
                      f"_gpg_name {signer}@patchbay.invalid",
                      *[str(self.pool / p.file_name) for p in packages])

    def publish(self, hidden=()):
        """Builds what is new and writes the metadata; `hidden` packages are not in it."""
        self.build()
        data = self.directory / "repodata"
        shutil.rmtree(data, ignore_errors=True)
        left_out = [o for wanted in hidden for p in self.find(wanted)
                    for o in ("-x", p.file_name)]
        run("createrepo_c", "-q", "--no-database", *left_out, str(self.directory))
        with tempfile.TemporaryDirectory() as folder:
            for kind, name, text in (("updateinfo", "updateinfo.xml", self._updateinfo()),
                                     ("modules", "modules.yaml", self._modules())):
                if text:
                    pathlib.Path(folder, name).write_text(text)
                    run("modifyrepo_c", f"--mdtype={kind}", f"{folder}/{name}", str(data))
        self.key()
        self._gpg(self.directory / ".key", "gpg", "--batch", "--yes", "--detach-sign", "--armor",
                  str(data / "repomd.xml"))

    def _updateinfo(self):
        if not self.notices:
            return ""
        return "<updates>\n" + "\n".join(n.xml(self.find) for n in self.notices) + "\n</updates>\n"

    def _modules(self):
        return "".join(s.yaml(self.find) for s in self.streams)

    def config(self, url, key="/etc/pki/rpm-gpg/RPM-GPG-KEY-testbed", name="testbed", **options):
        """The text of a .repo file for this repository at `url`."""
        lines = {"name": name, "baseurl": url, "enabled": 1, "gpgcheck": 1,
                 "gpgkey": f"file://{key}", **options}
        return f"[{name}]\n" + "".join(f"{k}={v}\n" for k, v in lines.items())
