# SPDX-License-Identifier: Apache-2.0
"""Alternative sources: they replace a host's own repositories for one run, and leave no trace."""

import pytest

from patch_host import BUILD, PATCH, SLOW, baseline, begin, have, patch, scan, version
from patch_plane import RULE, join, plane, repo, run  # noqa: F401 (fixtures)
from testbed import Host, LocalRepo

LINE = "deb [signed-by=/usr/share/keyrings/other.asc] file:/srv/other stable-other main"


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another repository, no security source, signed with a key of its own."""
    other = LocalRepo(tmp_path_factory.mktemp("other"))
    other.package("pb-good", "3")
    other.package("pb-slow", "1.5", scripts={"postinst": SLOW})
    other.publish("--suite", "stable-other", "--suite-name", "stable", "--label", "Other")
    return other


@pytest.fixture
def host(repo, other, plane):  # noqa: F811
    binds = {"/opt/patchbay": BUILD / "src" / "patch", "/srv/repo": repo.directory,
             "/srv/other": other.directory}
    with Host("patch", binds=binds) as host:
        join(host, repo, plane)
        for name in "repo", "other":  # where apt, which is not root then, can read them
            host.sh(f"install -m 644 /srv/{name}/key.asc /usr/share/keyrings/{name}.asc")
        have(host, "pb-good", "pb-slow")
        plane.baseline["approvalRules"] = {"rules": [{**RULE, "enableNonSecurity": True}]}
        yield host


def sources(*lines, products=("Debian12",)):
    return [{"name": f"other-{n}", "products": list(products), "configuration": line}
            for n, line in enumerate(lines)]


def own_apt(host):
    """Everything of apt's own that another source could leave a mark on."""
    return host.sh("cd /etc/apt && find . -type f -exec sha256sum {} + | sort; "
                   "ls -lR --time-style=full-iso /var/lib/apt/lists; apt-cache policy pb-good")


def titles(plane):  # noqa: F811
    return {i["Id"].split(".")[0]: (i["Title"].split(":")[1], i["PatchState"])
            for i in plane.reports[-1][1] if i["Id"].startswith("pb-")}


def test_they_replace_the_hosts_own_for_one_run(host, plane):  # noqa: F811
    before = own_apt(host)
    plane.baseline["sources"] = sources(LINE)
    run(host, "Scan")
    assert titles(plane) == {"pb-good": ("3", "Missing"), "pb-slow": ("1.5", "Missing")}
    assert own_apt(host) == before

    del plane.baseline["sources"]
    run(host, "Scan", command="command-2")
    assert titles(plane) == {"pb-good": ("2", "Missing"), "pb-slow": ("2", "Missing")}

    before = own_apt(host)
    plane.baseline["sources"] = sources(LINE)
    plane.baseline["rejectedPatches"] = ["pb-slow"]
    run(host, "Install", "--reboot-option", "NoReboot", command="command-3")
    assert (version(host, "pb-good"), version(host, "pb-slow")) == ("3", "1")
    assert titles(plane)["pb-good"] == ("3", "InstalledPendingReboot")
    assert own_apt(host).split("pb-good:")[0] == before.split("pb-good:")[0]


def test_the_hosts_own_can_be_listed_with_them(host, plane):  # noqa: F811
    plane.baseline["sources"] = sources(
        LINE, "deb [signed-by=/usr/share/keyrings/repo.asc] file:/srv/repo bookworm-security main")
    run(host, "Scan")
    assert titles(plane) == {"pb-good": ("3", "Missing"), "pb-slow": ("2", "Missing")}


def test_those_of_another_product_are_not_used(host, plane):  # noqa: F811
    plane.baseline["sources"] = sources(LINE, products=("Debian11", "Ubuntu22.04"))
    run(host, "Scan")
    assert titles(plane) == {"pb-good": ("2", "Missing"), "pb-slow": ("2", "Missing")}


def test_what_is_no_security_source_stays_none(host, plane):  # noqa: F811
    plane.baseline["approvalRules"] = {"rules": [RULE]}
    plane.baseline["sources"] = sources(LINE)
    run(host, "Scan")
    assert titles(plane) == {"pb-good": ("1", "InstalledOther"), "pb-slow": ("1", "InstalledOther")}


@pytest.mark.parametrize("line, why", [
    ("deb file:/srv/other stable-other main", "is not signed"),
    ("deb [signed-by=/usr/share/keyrings/repo.asc] file:/srv/other stable-other main", "is not signed"),
    ("deb file:/srv/none stable main", "/srv/none"),
    ("deb http://127.0.0.1:9/debian stable main", "127.0.0.1")])
def test_one_that_cannot_be_trusted_or_reached_fails_the_run(host, plane, line, why):  # noqa: F811
    host.sh("echo 'Acquire::Retries \"0\";' > /etc/apt/apt.conf.d/retries")
    plane.baseline["sources"] = sources(line)
    said = run(host, "Install", expect=1).stderr
    assert "the package lists could not be fetched" in said and why in said
    assert plane.reports == [] and version(host, "pb-good") == "1"


def test_one_without_a_signature_fails_the_run(host, plane):  # noqa: F811
    host.sh("mkdir -p /srv/unsigned/dists && cp -r /srv/other/dists/stable-other "
            "/srv/unsigned/dists/ && rm /srv/unsigned/dists/stable-other/*Release")
    plane.baseline["sources"] = sources("deb file:/srv/unsigned stable-other main")
    assert "package lists could not be fetched" in run(host, "Install", expect=1).stderr
    assert version(host, "pb-good") == "1" and plane.reports == []


def test_a_run_that_is_cut_off_leaves_nothing_to_put_back(host, plane):  # noqa: F811
    before = own_apt(host).split("pb-good:")[0]
    plane.baseline["sources"] = sources(LINE)
    begin(host, f"SSM_COMMAND_ID=command-1 {PATCH} run --operation Install "
          "--reboot-option NoReboot")
    host.powerfail()
    assert own_apt(host).split("pb-good:")[0] == before
    run(host, "Install", "--reboot-option", "NoReboot")
    assert (version(host, "pb-good"), version(host, "pb-slow")) == ("3", "1.5")
    del plane.baseline["sources"]
    run(host, "Scan", command="command-2")
    assert titles(plane)["pb-slow"] == ("2", "Missing")


def test_alone_they_are_used_with_fresh_lists_only(host):
    document = baseline(host, sources=sources(LINE), approvedPatches=["pb-good"],
                        approvedPatchesEnableNonSecurity=True)
    assert "fetched first" in patch(host, "scan", "--baseline", document, expect=1).stderr
    found = scan(host, "--baseline", document, "--refresh")
    assert found["pb-good"]["candidate"] == "3" and found["pb-good"]["state"] == "Missing"
    patch(host, "install", "--baseline", document, "--no-refresh", expect=1)
    patch(host, "install", "--baseline", document, expect=194)
    assert (version(host, "pb-good"), version(host, "pb-slow")) == ("3", "1")
