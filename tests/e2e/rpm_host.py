# SPDX-License-Identifier: Apache-2.0
"""What the tests on RPM roots share: hosts, a repository that troubles them, and what dnf says."""

import json
import pathlib
import sys

import patch_host
from patch_host import BUILD, PATCH, STATE, scan, states, wait_until  # noqa: F401

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "testbed"))

from rpm_repo import RpmRepo  # noqa: E402  (the path is set above)
from testbed import Host, rpm_root  # noqa: E402

NO_KEY = "gpg-pubkey"  # rpm keeps imported keys as if they were packages
WAITS = "touch /run/slow\nwhile ! test -e /run/go; do sleep 0.02; done\n"


def new_host(system="rocky", repo=None, **binds):
    """A host; with a repository of its own in place of the root's, and that fetched."""
    binds = {"/opt/patchbay": BUILD / "src" / "patch", **binds}
    if repo:
        binds["/srv/repo"] = repo.directory
    return Host("rpm", base=rpm_root(system), binds=binds)


def use(host, repo, url="file:///srv/repo", **options):
    """Makes `repo` the only one of the host."""
    host.sh("rm -f /etc/yum.repos.d/* /etc/dnf/modules.d/*")
    host.write("/etc/pki/rpm-gpg/RPM-GPG-KEY-testbed", repo.key().read_text())
    host.sh("rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-testbed")
    host.write("/etc/yum.repos.d/testbed.repo", repo.config(url, **options))
    host.exec("dnf", "-q", "-y", "makecache")


def have(host, repo, *wanted):
    """Install these packages (name-evr), as an administrator would by hand."""
    files = [f"/srv/repo/packages/{p.file_name}" for w in wanted for p in repo.find(w)]
    host.exec("rpm", "-U", "--force-debian", *files)


def background(host, line):
    """Starts a shell line and returns; a wait for what it does is the caller's."""
    host.sh(f"rm -f /run/slow; ({line}) >/dev/null 2>&1 &")


def evr(text):
    """(epoch, version-release), however it was spelled."""
    epoch, _, rest = text.rpartition(":")
    return epoch or "0", rest


# --- what patchbay-patch says ---

def patch(host, *arguments, expect=0):
    return patch_host.patch(host, *arguments, expect=expect, timeout=60)


def packages(host, *arguments):
    """{(name, arch): package} of a scan."""
    answer = json.loads(patch(host, "scan", "--json", *arguments).stdout)
    return {(p["name"], p["arch"]): p for p in answer["packages"]}


def names_in(found, state):
    return {name for (name, _), p in found.items() if p["state"] == state}


def updates(found):
    """{(name, arch): evr of the candidate}."""
    return {key: evr(p["candidate"]) for key, p in found.items() if p["update"]}


# --- what dnf and rpm say ---

def _split(nevra):
    """((name, arch), evr) of name-[epoch:]version-release.arch"""
    rest, _, arch = nevra.rpartition(".")
    rest, _, release = rest.rpartition("-")
    name, _, version = rest.rpartition("-")
    return (name, arch), evr(f"{version}-{release}")


def native_updates(host):
    """(the updates, {replaced package: new one}) as `dnf check-update` has them."""
    done = host.exec("dnf", "-q", "-C", "check-update", check=False)
    assert done.returncode in (0, 100), done.stderr
    plain, _, obsoleting = done.stdout.partition("Obsoleting Packages\n")
    found = {}
    for words in (line.split() for line in plain.splitlines()):
        if len(words) == 3:
            name, _, arch = words[0].rpartition(".")
            found[name, arch] = evr(words[1])
    lines = [line.split() for line in obsoleting.splitlines() if line.strip()]
    replaced = {old[0]: new[0] for new, old in zip(lines[::2], lines[1::2])}
    return found, replaced


def native_notices(host, *options):
    """{(name, arch): (evr, ...)} of `dnf updateinfo list`."""
    found = {}
    for line in host.sh("dnf -q -C updateinfo list " + " ".join(options)).splitlines():
        key, version = _split(line.split()[2])
        found[key] = found.get(key, ()) + (version,)
    return found


def installed(host):
    """{(name, arch): {evr, ...}} of `rpm -qa`."""
    found = {}
    for line in host.sh("rpm -qa --qf '%{NAME} %{ARCH} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n'"
                        ).splitlines():
        name, arch, version = line.split()
        if name != NO_KEY:
            found.setdefault((name, arch), set()).add(evr(version))
    return found


def version_of(host, name):
    """version of an installed package, or None."""
    done = host.exec("rpm", "-q", "--qf", "%{VERSION}\\n", name, check=False)
    return done.stdout.split() if done.returncode == 0 else []


def baseline(host, path="/root/baseline.json", **members):
    host.write(path, json.dumps({"patchBaseline": {
        "operatingSystem": "ROCKY_LINUX", "baselineId": "pb-0123456789abcdef0", "name": "test",
        "approvalRules": {"rules": [{"filterGroup": {"filters": []}, "approveAfterDays": 0}]},
        **members}}))
    return path


def rule(after=0, non_security=False, **filters):
    """A rule: rule(CLASSIFICATION=["Security"])."""
    return {"filterGroup": {"filters": [{"key": k, "values": v} for k, v in filters.items()]},
            "approveAfterDays": after, "enableNonSecurity": non_security}


def only(*rules):
    return {"approvalRules": {"rules": list(rules)}}
