# SPDX-License-Identifier: Apache-2.0
"""Versions that the nodes of a run agree on, on RPM hosts with dnf and with zypper."""

import pathlib
import sys
import uuid

import pytest

from node_fixtures import make_agents, make_node, plane, role, ssm  # noqa: F401 (fixtures)
from patch_host import BUILD
from patch_nodes import log_in, run, states

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "testbed"))

from rpm_repo import RpmRepo  # noqa: E402  (the path is set above)
from testbed import Host, rpm_root  # noqa: E402


SYSTEMS = {  # what it says of itself, and where its repositories are told of
    "rocky": ({"PlatformName": "Rocky Linux", "PlatformVersion": "9.4"}, "/etc/yum.repos.d"),
    "sles": ({"PlatformName": "SLES", "PlatformVersion": "15.5"}, "/etc/zypp/repos.d")}


@pytest.fixture(params=SYSTEMS)
def system(request):
    return request.param


def offer(mirror, number):
    mirror.package("tr-good", f"{number}-1")
    mirror.notice(f"RLSA-2024:000{number}", "security", [f"tr-good-{number}-1"],
                  severity="Critical", cves=["CVE-2024-0001"])
    mirror.publish()


@pytest.fixture
def mirror(tmp_path):
    mirror = RpmRepo(tmp_path / "mirror")
    mirror.package("tr-good", "1-1")
    offer(mirror, 2)
    return mirror


@pytest.fixture
def nodes(make_node, system):  # noqa: F811
    made = [make_node(), make_node()]
    for node in made:
        node.ping(**SYSTEMS[system][0])
    return made


@pytest.fixture
def host(plane, mirror, system):  # noqa: F811
    folder = SYSTEMS[system][1]
    binds = {"/opt/patchbay": BUILD / "src" / "patch", "/srv/repo": mirror.directory}
    with Host("pins", base=rpm_root(system), binds=binds) as host:
        host.sh(f"rm -f {folder}/* /etc/dnf/modules.d/*; rpm --import /srv/repo/key.asc")
        host.write(f"{folder}/testbed.repo",
                   mirror.config("file:///srv/repo", key="/srv/repo/key.asc"))
        host.write("/etc/patchbay/patch.conf", f"endpoint = {plane.url}\nregion = us-east-1\n")
        yield host


def become(host, node, mirror):
    host.exec("rpm", "-U", "--oldpackage", "--force-debian",
              f"/srv/repo/packages/{mirror.path('tr-good-1-1').name}")
    log_in(host, node)


def version(host):
    return host.sh("rpm -q --qf '%{VERSION}' tr-good")


def test_a_later_wave_installs_what_the_first_one_got(host, mirror, nodes, ssm):  # noqa: F811
    snapshot = str(uuid.uuid4())
    become(host, nodes[0], mirror)
    run(host, snapshot)
    assert version(host) == "2"

    offer(mirror, 3)
    become(host, nodes[1], mirror)
    said = run(host, snapshot).stdout
    assert f"drift of tr-good: pinned 0:2-1 by {nodes[0].id}, the mirror has 0:3-1" in said
    assert version(host) == "2" and states(ssm, nodes[1], "tr-") == {"tr-good.noarch": "MISSING"}


def offer_along(mirror, numbers, hidden=()):
    """tr-good 2 brings tr-new along, of which 1 brings tr-more along."""
    for number in numbers:
        mirror.package("tr-new", f"{number}-1", requires=["tr-more"] if number == 1 else [])
        mirror.package("tr-more", f"{number}-1")
    mirror.publish(hidden=hidden)


@pytest.fixture
def along(host, mirror, nodes):
    """What the first node got, of which the second one has nothing yet."""
    mirror.package("tr-good", "2-2", requires=["tr-new"])
    mirror.notice("RLSA-2024:0009", "security", ["tr-good-2-2"], severity="Critical")
    offer_along(mirror, [1])
    snapshot = str(uuid.uuid4())
    become(host, nodes[0], mirror)
    run(host, snapshot)
    assert all_versions(host) == ["2-2", "1-1", "1-1"]
    host.sh("rpm -e tr-good tr-new tr-more")
    become(host, nodes[1], mirror)
    return snapshot


def all_versions(host):
    return [host.sh(f"rpm -q --qf '%{{VERSION}}-%{{RELEASE}}' tr-{name} || true")
            for name in ("good", "new", "more")]


def test_what_comes_along_is_pinned_too(host, mirror, nodes, along, system):  # noqa: F811
    offer_along(mirror, [2])
    said = run(host, along).stdout
    assert f"drift of tr-new: pinned 0:1-1 by {nodes[0].id}, the mirror has 0:2-1" in said
    assert all_versions(host) == ["2-2", "1-1", "1-1"]
    if system == "rocky":
        chosen = host.sh("dnf -q --disablerepo='*' repoquery --userinstalled --qf '%{name}\n'")
        assert not {"tr-new", "tr-more"} & set(chosen.split())
    else:
        automatic = host.sh("cat /var/lib/zypp/AutoInstalled").split("\n")
        assert {"tr-new", "tr-more"} <= set(automatic)


def test_what_is_upgraded_along_is_pinned_too(host, mirror, nodes):  # noqa: F811
    """It is there already, and no notice lists its update: only tr-good wants that."""
    snapshot = str(uuid.uuid4())
    mirror.package("tr-new", "0-1")
    mirror.package("tr-good", "2-2", requires=["tr-new >= 1"])
    mirror.notice("RLSA-2024:0009", "security", ["tr-good-2-2"], severity="Critical")
    old = " ".join(f"/srv/repo/packages/{mirror.path(name).name}"
                   for name in ("tr-good-1-1", "tr-new-0-1"))
    for node, number in zip(nodes, (1, 2)):
        mirror.package("tr-new", f"{number}-1")
        mirror.publish()
        host.sh(f"rpm -U --oldpackage --force-debian {old}")
        log_in(host, node)
        said = run(host, snapshot).stdout
        assert all_versions(host)[:2] == ["2-2", "1-1"]
    assert f"drift of tr-new: pinned 0:1-1 by {nodes[0].id}, the mirror has 0:2-1" in said


def test_what_comes_along_and_is_gone_keeps_out_who_needs_it(host, mirror, along):
    offer_along(mirror, [2], hidden=["tr-new-1-1"])
    said = run(host, along, expect=1).stdout
    assert "FAILED tr-good 0:2-2: " in said
    assert all_versions(host)[0] == "1-1" and "not installed" in all_versions(host)[1]


def test_what_is_gone_from_the_mirror_fails_as_drift(host, mirror, nodes, ssm):  # noqa: F811
    snapshot = str(uuid.uuid4())
    become(host, nodes[0], mirror)
    run(host, snapshot)

    offer(mirror, 3)
    mirror.publish(hidden=["tr-good-2-1"])
    become(host, nodes[1], mirror)
    said = run(host, snapshot, expect=1).stdout
    assert f"FAILED tr-good 0:2-1: drift: pinned 0:2-1 by {nodes[0].id}" in said
    assert version(host) == "1" and states(ssm, nodes[1], "tr-") == {"tr-good.noarch": "FAILED"}
