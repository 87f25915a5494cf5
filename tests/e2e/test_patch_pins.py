# SPDX-License-Identifier: Apache-2.0
"""Versions that the nodes of a run agree on: first at the plane, then on real hosts of it."""

import json
import sqlite3
import uuid

import pytest

import agent as agents
from cli_host import FAILED, NOT_WELL, USAGE, make_patchbay, rows
from node_fixtures import make_agents, make_node, plane, role, ssm  # noqa: F401 (fixtures)
from patch_host import version
from patch_nodes import become, host, mirror, nodes, run, states  # noqa: F401 (fixtures)

DAY = 24 * 3600 * 1000


def call(node, operation, **members):
    return node.opened(node.signed(f"Patchbay.{operation}", json.dumps(members).encode(),
                                   "patchbay"))


def pin(node, snapshot, *packages):
    """{name: (version, by whom)} of what is asked for as ("name", "version")."""
    answer = call(node, "PinPatchVersions", InstanceId=node.id, SnapshotId=snapshot, Packages=[
        {"Name": n, "Architecture": "amd64", "Version": v} for n, v in packages])["Packages"]
    return {p["Name"]: (p["Version"], p["InstanceId"]) for p in answer}


def looked_at(plane, operation, key, **members):  # noqa: F811
    """All pages of a list, as the administrator sees it."""
    looker = agents.Agent(plane.url)
    keys = plane.keys()
    looker.credentials = agents.botocore.credentials.Credentials(
        keys["aws_access_key_id"], keys["aws_secret_access_key"])
    rows, token = [], {}
    while True:
        page = call(looker, operation, MaxResults=2, **members, **token)
        assert len(page[key]) <= 2
        rows += page[key]
        if "NextToken" not in page:
            return rows
        token = {"NextToken": page["NextToken"]}


def drift(plane, snapshot):  # noqa: F811
    return {(d["InstanceId"], d["Name"]): (d["PinnedVersion"], d["OfferedVersion"])
            for d in looked_at(plane, "ListPatchDrift", "PatchDrift", SnapshotId=snapshot)}


# --- at the plane ---

def test_the_first_node_decides_and_others_are_told(plane, nodes):  # noqa: F811
    one, two = nodes
    run = str(uuid.uuid4())
    assert pin(one, run, ("a", "1"), ("b", "1:2~x-3")) == {"a": ("1", one.id),
                                                           "b": ("1:2~x-3", one.id)}
    assert pin(two, run, ("a", "2"), ("c", "7")) == {"a": ("1", one.id), "c": ("7", two.id)}
    assert pin(one, run, ("c", "8"), ("a", "1")) == {"c": ("7", two.id), "a": ("1", one.id)}
    assert drift(plane, run) == {(two.id, "a"): ("1", "2"), (one.id, "c"): ("7", "8")}
    pins = looked_at(plane, "ListPatchPins", "PatchPins", SnapshotId=run)
    assert [(p["Name"], p["Version"]) for p in pins] == [("a", "1"), ("b", "1:2~x-3"), ("c", "7")]
    assert {(p["OperatingSystem"], p["PatchGroup"]) for p in pins} == {("DEBIAN", "")}

    patchbay = make_patchbay(plane, plane.data)
    said = rows(patchbay("drift", run, status=NOT_WELL))
    assert {(d["NODE"], d["PACKAGE"], d["PINNED"], d["OFFERED"]) for d in said} == {
        (two.id, "a.amd64", "1", "2"), (one.id, "c.amd64", "7", "8")}
    done = patchbay("drift", str(uuid.uuid4()), status=NOT_WELL)  # a typing error is not "no drift"
    assert "nothing was pinned" in done.stderr and done.stdout == ""
    patchbay("drift", status=USAGE)
    assert "snapshotid" in patchbay("drift", "x", status=FAILED).stderr.lower()

    pin(one, run, ("c", "7"))  # its mirror is back where it was
    assert drift(plane, run) == {(two.id, "a"): ("1", "2")}
    assert pin(two, str(uuid.uuid4()), ("a", "2")) == {"a": ("2", two.id)}


def test_each_patch_group_and_system_has_its_own(ssm, nodes):  # noqa: F811
    one, two = nodes
    run = str(uuid.uuid4())
    ssm.add_tags_to_resource(ResourceType="ManagedInstance", ResourceId=two.id,
                             Tags=[{"Key": "PatchGroup", "Value": "web"}])
    pin(one, run, ("a", "1"))
    assert pin(two, run, ("a", "2")) == {"a": ("2", two.id)}
    one.ping(PlatformName="Ubuntu", PlatformVersion="22.04")
    assert pin(one, run, ("a", "3")) == {"a": ("3", one.id)}


def test_pins_survive_a_crash_and_end_with_the_snapshot(plane, nodes):  # noqa: F811
    one, two = nodes
    run = str(uuid.uuid4())
    pin(one, run, ("a", "1"))
    plane.kill()
    plane.restart()
    assert pin(two, run, ("a", "2")) == {"a": ("1", one.id)}
    plane.stop()
    database, = plane.data.glob("*.db")
    with sqlite3.connect(database) as db:
        db.execute("UPDATE patchbay_pin_set SET created_at = created_at - ?", [3 * DAY])
    plane.restart()
    assert looked_at(plane, "ListPatchPins", "PatchPins", SnapshotId=run) == []
    assert pin(two, run, ("a", "2")) == {"a": ("2", two.id)}
    with sqlite3.connect(database) as db:
        assert db.execute("SELECT COUNT(*) FROM patchbay_drift").fetchone() == (0,)


def test_a_node_pins_for_itself_alone(plane, nodes):  # noqa: F811
    one, two = nodes
    wanted = {"SnapshotId": str(uuid.uuid4()),
              "Packages": [{"Name": "a", "Architecture": "all", "Version": "1"}]}
    with pytest.raises(agents.Refused) as e:
        call(one, "PinPatchVersions", InstanceId=two.id, **wanted)
    assert e.value.code.endswith("AccessDeniedException")
    for change in ({"SnapshotId": "x"}, {"Packages": []},
                   {"Packages": [{"Name": "a b", "Architecture": "all", "Version": "1"}]},
                   {"Packages": [{"Name": "a", "Architecture": "all", "Version": "1;x"}]},
                   {"Packages": wanted["Packages"] * 2001}):
        with pytest.raises(agents.Refused) as e:
            call(one, "PinPatchVersions", InstanceId=one.id, **{**wanted, **change})
        assert e.value.code.endswith("ValidationException"), change


# --- on hosts ---

def test_a_later_wave_installs_what_the_first_one_got(host, plane, mirror, nodes, ssm):  # noqa: F811
    snapshot = str(uuid.uuid4())
    become(host, nodes[0])
    run(host, snapshot)
    assert version(host, "pb-good") == "2"

    mirror.package("pb-good", "3")  # the mirror has 2 and 3 now
    mirror.publish()
    become(host, nodes[1])
    said = run(host, snapshot).stdout
    assert f"drift of pb-good: pinned 2 by {nodes[0].id}, the mirror has 3" in said
    assert (version(host, "pb-good"), version(host, "pb-other")) == ("2", "2")
    assert states(ssm, nodes[1]) == {"pb-good.all": "MISSING",  # 3 is, and that is said
                                     "pb-other.all": "INSTALLED_PENDING_REBOOT"}
    assert drift(plane, snapshot) == {(nodes[1].id, "pb-good"): ("2", "3")}

    said = run(host, snapshot).stdout  # again: at the pinned version there is nothing to do
    assert "0 installed, 0 failed" in said and version(host, "pb-good") == "2"
    run(host, snapshot, pinned="false")
    assert version(host, "pb-good") == "3"


def test_what_is_gone_from_the_mirror_fails_as_drift(host, mirror, nodes, ssm):  # noqa: F811
    snapshot = str(uuid.uuid4())
    become(host, nodes[0])
    run(host, snapshot)

    mirror.package("pb-good", "3")
    mirror.remove("pb-good", "2")
    mirror.publish()
    become(host, nodes[1])
    said = run(host, snapshot, expect=1).stdout
    assert f"FAILED pb-good 2: drift: pinned 2 by {nodes[0].id}, the mirror has 3" in said
    assert (version(host, "pb-good"), version(host, "pb-other")) == ("1", "2")
    assert states(ssm, nodes[1])["pb-good.all"] == "FAILED"


def depend(mirror):
    """pb-good 2 brings pb-new along, of which 1 brings pb-more along."""
    mirror.package("pb-good", "2", depends="pb-new")
    mirror.package("pb-new", "1", depends="pb-more")
    mirror.package("pb-more", "1")
    mirror.publish()


def test_what_comes_along_is_pinned_too(host, plane, mirror, nodes):  # noqa: F811
    names = "pb-good", "pb-new", "pb-more"
    snapshot = str(uuid.uuid4())
    depend(mirror)
    become(host, nodes[0])
    run(host, snapshot)
    assert [version(host, n) for n in names] == ["2", "1", "1"]
    pins = looked_at(plane, "ListPatchPins", "PatchPins", SnapshotId=snapshot)
    assert {(p["Name"], p["Version"]) for p in pins} >= {("pb-new", "1"), ("pb-more", "1")}

    mirror.package("pb-new", "2")
    mirror.package("pb-more", "2")
    mirror.publish()
    host.sh("dpkg --purge pb-good pb-new pb-more")
    become(host, nodes[1])
    said = run(host, snapshot).stdout
    assert [version(host, n) for n in names] == ["2", "1", "1"]
    assert f"drift of pb-new: pinned 1 by {nodes[0].id}, the mirror has 2" in said
    assert drift(plane, snapshot) == {(nodes[1].id, "pb-new"): ("1", "2"),
                                      (nodes[1].id, "pb-more"): ("1", "2")}
    assert {"pb-new", "pb-more"} <= set(host.sh("apt-mark showauto").split())


@pytest.fixture
def good_alone(ssm):  # noqa: F811
    """The default baseline wants pb-good, and pb-new for its sake only."""
    before = ssm.get_default_patch_baseline(OperatingSystem="DEBIAN")["BaselineId"]
    baseline = ssm.create_patch_baseline(
        Name="along", OperatingSystem="DEBIAN", ApprovedPatches=["pb-good"],
        RejectedPatches=["pb-new"])["BaselineId"]
    ssm.register_default_patch_baseline(BaselineId=baseline)
    yield
    ssm.register_default_patch_baseline(BaselineId=before)
    ssm.delete_patch_baseline(BaselineId=baseline)


def test_what_is_upgraded_along_is_pinned_too(host, plane, mirror, nodes,  # noqa: F811
                                              good_alone):
    """It is there already, and only pb-good wants another version."""
    snapshot = str(uuid.uuid4())
    mirror.package("pb-new", "0")
    mirror.package("pb-good", "2", depends="pb-new (>= 1)")
    for node, number in zip(nodes, "12"):
        mirror.package("pb-new", number)
        mirror.publish()
        host.sh("dpkg -i /srv/repo/pool/pb-good_1_all.deb /srv/repo/pool/pb-new_0_all.deb")
        become(host, node)
        said = run(host, snapshot).stdout
        assert [version(host, n) for n in ("pb-good", "pb-new")] == ["2", "1"]
    assert drift(plane, snapshot) == {(nodes[1].id, "pb-new"): ("1", "2")}
    assert f"drift of pb-new: pinned 1 by {nodes[0].id}, the mirror has 2" in said


def test_what_comes_along_and_is_gone_keeps_out_who_needs_it(host, mirror, nodes):  # noqa: F811
    snapshot = str(uuid.uuid4())
    depend(mirror)
    become(host, nodes[0])
    run(host, snapshot)

    mirror.package("pb-new", "2")
    mirror.remove("pb-new", "1")
    mirror.publish()
    host.sh("dpkg --purge pb-good pb-new pb-more")
    become(host, nodes[1])
    said = run(host, snapshot, expect=1).stdout
    assert "FAILED pb-good 2: it needs pb-new, which this run has pinned at 1: version 1 is" in said
    assert (version(host, "pb-good"), version(host, "pb-other")) == ("1", "2")
    assert host.sh("dpkg-query -W -f '${db:Status-Status}' pb-new || true") != "installed"


def test_what_apts_cache_still_has_is_installed_from_it(host, mirror, nodes):  # noqa: F811
    snapshot = str(uuid.uuid4())
    become(host, nodes[0])
    run(host, snapshot)

    host.sh("cp /srv/repo/pool/pb-good_2_all.deb /var/cache/apt/archives/")
    mirror.package("pb-good", "3")
    mirror.remove("pb-good", "2")
    mirror.publish()
    become(host, nodes[1])
    assert "installed pb-good 2 over 1" in run(host, snapshot).stdout
    assert version(host, "pb-good") == "2"


def test_a_pin_is_no_reason_to_go_back(host, mirror, nodes):  # noqa: F811
    snapshot = str(uuid.uuid4())
    become(host, nodes[0])
    run(host, snapshot)

    for number in "3", "4":
        mirror.package("pb-good", number)
    mirror.publish()
    become(host, nodes[1])
    host.sh("dpkg -i /srv/repo/pool/pb-good_3_all.deb")
    assert "FAILED pb-good 2: drift: pinned 2" in run(host, snapshot, expect=1).stdout
    assert version(host, "pb-good") == "3"


def test_pins_need_a_snapshot(host, nodes):  # noqa: F811
    become(host, nodes[0])
    assert "needs SnapshotId" in run(host, "", expect=1).stderr
    run(host, "", pinned="false")
