# SPDX-License-Identifier: Apache-2.0
"""What the tests on SUSE roots share: hosts of one repository, and what zypper says of them."""

import re

from rpm_host import evr, installed, packages, updates

ZYPPER = "zypper -n --no-refresh"


def use(host, repo, url="file:///srv/repo", **options):
    """Makes `repo` the only one of the host; its packages' own signatures count."""
    host.sh("rm -f /etc/zypp/repos.d/*")
    host.write("/etc/pki/rpm-gpg/RPM-GPG-KEY-testbed", repo.key().read_text())
    host.sh("rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-testbed")
    host.write("/etc/zypp/repos.d/testbed.repo", repo.config(url, **{"pkg_gpgcheck": 1, **options}))
    host.exec("zypper", "-q", "-n", "refresh")


def _tags(text, name):
    """[{attribute: value}] of the tags of this name."""
    return [dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            for tag in re.findall(rf"<{name} ([^>]*)>", text)]


def list_updates(host, *options):
    """{(name, arch): evr} of `zypper list-updates`."""
    text = host.sh(f"{ZYPPER} --xmlout list-updates {' '.join(options)}")
    return {(u["name"], u["arch"]): evr(u["edition"]) for u in _tags(text, "update")}


def replacements(host):
    """Names that `zypper update` would remove for others that take their place."""
    text = host.sh(f"{ZYPPER} --xmlout update --dry-run")

    def names(section):
        found = re.search(rf"<{section}>(.*?)</{section}>", text, re.S)
        return {s["name"] for s in _tags(found.group(1), "solvable")} if found else set()

    return names("to-remove") - names("to-upgrade")


def patches(host):
    """{patch: (category, severity)} of `zypper list-patches --all`, spelled as filters are."""
    text = host.sh(f"{ZYPPER} --xmlout list-patches --all")
    return {u["name"]: (u["category"].capitalize(), u.get("severity", "").capitalize())
            for u in _tags(text, "update") if u["kind"] == "patch"}


def patched(host):
    """{(name, evr): {(category, severity), ...}} by the packages that zypper has of each patch."""
    known, found = patches(host), {}
    text = host.sh(f"{ZYPPER} patch-info {' '.join(known)}")
    for block in text.split("Information for patch ")[1:]:
        kinds = known[block.partition(":")[0]]
        for spec, version in re.findall(r"^(?:    |Conflicts +: )(\S+) < (\S+)$",
                                        block, re.M):
            name = re.sub(r"\.(noarch|x86_64)$", "", spec)
            found.setdefault((name, evr(version)), set()).add(kinds)
    return found


def agree(host, *arguments):
    """The scan, having compared it with everything that zypper and rpm say."""
    found = packages(host, *arguments)
    gone, native = replacements(host), list_updates(host, "--all")
    held = {key for key, p in found.items() if p["held"]}
    # Neither does zypper list what another package would replace, locked or not.
    plain = {key: v for key, v in updates(found).items()
             if key[0] not in gone and (key in native or key not in held)}
    assert plain == native
    # Without that it leaves out what is locked.
    assert {k: v for k, v in plain.items() if k not in held} == list_updates(host)
    for name in gone:
        old, = [p for p in found.values() if p["name"] == name]
        assert old["update"], name
    assert {key: evr(p["installed"]) for key, p in found.items()} == \
        {key: max(versions) for key, versions in installed(host).items()}
    notices = patched(host)
    assert {key for key in plain if found[key]["security"]} == \
        {key for key, version in plain.items() if (key[0], version) in notices}
    for key, version in plain.items():
        if found[key]["classification"]:
            assert found[key]["classification"] in {
                category for category, _ in notices[key[0], version]}
    return found
