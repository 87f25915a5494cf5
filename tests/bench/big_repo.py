# SPDX-License-Identifier: Apache-2.0
"""The metadata of an RPM repository of the size of a distribution's, without any packages.

    write(folder)       # FOLDER/repodata: 16,000 packages, 1,500 notices; the same each time

None of them is installed anywhere: it is what a package manager has to read, whatever the host.
"""

import gzip
import hashlib
import pathlib
import random

PACKAGES = 16000
NOTICES = 1500
NAMESPACES = ('xmlns="http://linux.duke.edu/metadata/common" '
              'xmlns:rpm="http://linux.duke.edu/metadata/rpm"')


def package(dice, name, names):
    evr = f'epoch="0" ver="{dice.randrange(9)}.{dice.randrange(99)}" rel="{dice.randrange(1, 9)}.el9"'
    arch = dice.choice(["x86_64", "x86_64", "noarch", "i686"])
    provides = [f'<rpm:entry name="{n}" flags="EQ" {evr}/>' for n in (name, f"{name}({arch})")]
    provides += [f'<rpm:entry name="lib{name}{i}.so.{i}()(64bit)"/>'
                 for i in range(dice.randrange(6))]
    requires = [f'<rpm:entry name="lib{dice.choice(names)}0.so.0()(64bit)"/>'
                for _ in range(dice.randrange(3, 14))]
    obsoletes = f'<rpm:obsoletes><rpm:entry name="{name}-old" flags="LT" {evr}/></rpm:obsoletes>'
    words = "what this package of a large repository is good for".split()
    return (f'<package type="rpm"><name>{name}</name><arch>{arch}</arch><version {evr}/>'
            f'<checksum type="sha256" pkgid="YES">{hashlib.sha256(name.encode()).hexdigest()}'
            f"</checksum><summary>Package {name}</summary>"
            f'<description>{" ".join(dice.choices(words, k=40))}</description><packager/>'
            f'<url>http://127.0.0.1/{name}</url><time file="1700000000" build="1699990000"/>'
            f'<size package="{dice.randrange(10 ** 6)}" installed="{dice.randrange(10 ** 7)}" '
            f'archive="1"/><location href="Packages/{name}.rpm"/><format>'
            f"<rpm:license>MIT</rpm:license><rpm:vendor/><rpm:group/><rpm:buildhost/>"
            f"<rpm:sourcerpm>{name}.src.rpm</rpm:sourcerpm>"
            f'<rpm:provides>{"".join(provides)}</rpm:provides>'
            f'<rpm:requires>{"".join(requires)}</rpm:requires>'
            f'{obsoletes if dice.random() < 0.03 else ""}'
            f'{"".join(f"<file>/usr/bin/{name}{i}</file>" for i in range(dice.randrange(4)))}'
            "</format></package>")


def notice(dice, number, names):
    listed = "".join(
        f'<package name="{name}" epoch="0" version="1.0" release="1.el9" arch="x86_64" src="s">'
        "<filename>f</filename></package>" for name in dice.choices(names, k=10))
    return (f'<update from="b" status="final" type="{dice.choice(["security", "bugfix"])}" '
            f'version="1"><id>RLSA-2024:{number:04}</id><title>t</title>'
            '<issued date="2024-01-02 00:00:00"/><updated date="2024-01-03 00:00:00"/>'
            f"<severity>Important</severity><summary>s</summary><description>{'d ' * 200}"
            f'</description><references><reference href="h" id="CVE-2024-{number:04}" type="cve" '
            'title="t"/></references><pkglist><collection short="b"><name>b</name>'
            f"{listed}</collection></pkglist></update>")


def write(folder):
    dice = random.Random(3)
    names = [f"pkg{dice.randrange(10 ** 6):06}-{kind}" for kind in ("lib", "devel", "core", "tools")
             for _ in range(PACKAGES // 4)]
    files = {
        "primary": f'<metadata {NAMESPACES} packages="{PACKAGES}">'
                   + "\n".join(package(dice, name, names) for name in names) + "</metadata>",
        "updateinfo": "<updates>" + "\n".join(notice(dice, i, names) for i in range(NOTICES))
                      + "</updates>",
        "filelists": '<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="0"/>',
        "other": '<otherdata xmlns="http://linux.duke.edu/metadata/other" packages="0"/>',
    }
    data = pathlib.Path(folder, "repodata")
    data.mkdir(parents=True)
    index = ['<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>']
    for kind, text in files.items():
        plain = ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode()
        packed = gzip.compress(plain, mtime=0)
        (data / f"{kind}.xml.gz").write_bytes(packed)
        index.append(f'<data type="{kind}"><checksum type="sha256">'
                     f"{hashlib.sha256(packed).hexdigest()}</checksum>"
                     f'<open-checksum type="sha256">{hashlib.sha256(plain).hexdigest()}'
                     f'</open-checksum><location href="repodata/{kind}.xml.gz"/>'
                     f"<timestamp>1700000000</timestamp><size>{len(packed)}</size>"
                     f"<open-size>{len(plain)}</open-size></data>")
    (data / "repomd.xml").write_text("\n".join(index) + "</repomd>")
