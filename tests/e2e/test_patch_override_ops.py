# SPDX-License-Identifier: Apache-2.0
"""What replaces a node's baseline for a run, or its repositories: as the plane takes it."""

import json
import urllib.request
import uuid

import pytest

import agent as agents
from conftest import RAW_CLIENT, fails_with
from node_fixtures import make_agents, make_node, plane, role, ssm  # noqa: F401 (fixtures)

RULE = {"PatchFilterGroup": {"PatchFilters": [{"Key": "SECTION", "Values": ["libs"]}]},
        "ComplianceLevel": "HIGH", "EnableNonSecurity": True}
SOURCE = {"Name": "mirror", "Products": ["Debian12"],
          "Configuration": "deb [signed-by=/k.gpg] https://mirror.example/debian bookworm main"}
RPM_SOURCE = {"Name": "mirror", "Products": ["*"],
              "Configuration": "[mirror]\nname=mirror\nbaseurl=https://mirror.example/el9\n"}


def frozen(node, id, **override):
    answer = node.ssm("GetDeployablePatchSnapshotForInstance", InstanceId=node.id, SnapshotId=id,
                      **({"BaselineOverride": override} if override else {}))
    with urllib.request.urlopen(answer["SnapshotDownloadUrl"], timeout=20) as body:
        return json.loads(body.read())["patchBaseline"]


def refusal(node, **override):
    with pytest.raises(agents.Refused) as e:
        frozen(node, str(uuid.uuid4()), **override)
    return e.value


# --- BaselineOverride ---

def test_an_override_is_frozen_once_and_the_snapshot_wins_afterwards(make_node):  # noqa: F811
    one, other = make_node(), make_node()
    id = str(uuid.uuid4())
    first = frozen(one, id, OperatingSystem="DEBIAN", ApprovalRules={"PatchRules": [RULE]},
                   ApprovedPatches=["bash"], RejectedPatches=["tzdata"],
                   RejectedPatchesAction="BLOCK", Sources=[SOURCE])
    assert first["approvalRules"]["rules"] == [
        {"filterGroup": {"filters": [{"key": "SECTION", "values": ["libs"]}]},
         "complianceLevel": "HIGH", "enableNonSecurity": True}]
    assert (first["approvedPatches"], first["rejectedPatches"]) == (["bash"], ["tzdata"])
    assert first["rejectedPatchesAction"] == "BLOCK" and first["operatingSystem"] == "DEBIAN"
    assert first["sources"] == [{"name": "mirror", "products": ["Debian12"],
                                 "configuration": SOURCE["Configuration"]}]
    # Another node, another list, or none: what was frozen counts.
    assert frozen(other, id, ApprovedPatches=["other"]) == first
    assert frozen(other, id) == first
    assert frozen(other, str(uuid.uuid4()), ApprovedPatches=["other"])["approvedPatches"] == \
        ["other"]


def test_a_snapshot_without_an_override_wins_over_a_later_one(make_node):  # noqa: F811
    node = make_node()
    id = str(uuid.uuid4())
    first = frozen(node, id)
    assert frozen(node, id, ApprovedPatches=["bash"]) == first


def test_an_override_is_checked_as_a_baseline_is(make_node):  # noqa: F811
    node = make_node()
    assert refusal(node, OperatingSystem="UBUNTU").code.endswith("UnsupportedOperatingSystem")
    for override in (
            {"ApprovedPatches": ["x" * 101]}, {"RejectedPatchesAction": "MAYBE"},
            {"GlobalFilters": {"PatchFilters": [{"Key": "SEVERITY", "Values": ["Low"]}]}},
            {"ApprovalRules": {"PatchRules": [{**RULE, "ApproveAfterDays": 361}]}},
            {"Sources": [{**SOURCE, "Name": "a b"}]},
            {"Sources": [{**SOURCE, "Configuration": "rm -rf /"}]}):
        assert refusal(node, **override).code.endswith("ValidationException"), override
    assert refusal(node, Description="x").code.endswith("UnsupportedOperationException")


# --- Sources ---

def test_sources_are_kept_with_a_baseline(ssm):  # noqa: F811
    id = ssm.create_patch_baseline(Name="sources", OperatingSystem="DEBIAN",
                                   Sources=[SOURCE])["BaselineId"]
    assert ssm.get_patch_baseline(BaselineId=id)["Sources"] == [SOURCE]
    assert ssm.update_patch_baseline(BaselineId=id, Description="x")["Sources"] == [SOURCE]
    more = [SOURCE, {**SOURCE, "Name": "second"}]
    assert ssm.update_patch_baseline(BaselineId=id, Sources=more)["Sources"] == more
    assert ssm.update_patch_baseline(BaselineId=id, Sources=[])["Sources"] == []
    ssm.delete_patch_baseline(BaselineId=id)
    id = ssm.create_patch_baseline(Name="sources", OperatingSystem="ROCKY_LINUX",
                                   Sources=[RPM_SOURCE])["BaselineId"]
    assert ssm.get_patch_baseline(BaselineId=id)["Sources"] == [RPM_SOURCE]
    ssm.delete_patch_baseline(BaselineId=id)


@pytest.mark.parametrize("os, configuration, why", [
    ("DEBIAN", "deb https://a/ b c\ndeb https://b/ c d", "not one line"),
    ("DEBIAN", RPM_SOURCE["Configuration"], "not one line"),
    ("DEBIAN", "deb-src https://a/ b c", "does not begin with"),
    ("DEBIAN", "deb https://a/ bookworm", "no component"),
    ("ROCKY_LINUX", SOURCE["Configuration"], "does not begin with a section"),
    ("SUSE", "[a]\nname=b", "no baseurl")])
def test_a_configuration_is_in_the_systems_own_form(ssm, os, configuration, why):  # noqa: F811
    source = {"Name": "mirror", "Products": ["*"], "Configuration": configuration}
    with fails_with("ValidationException") as e:
        ssm.create_patch_baseline(Name="bad", OperatingSystem=os, Sources=[source])
    assert why in str(e.value)


@pytest.mark.parametrize("change", [
    {"Products": []}, {"Products": ["x"] * 21}, {"Products": ["x" * 129]}, {"Name": "ab"},
    {"Name": "x" * 51}, {"Configuration": "deb file:/" + "x" * 1024 + " b c"}])
def test_the_bounds_of_a_source_are_those_of_the_reference(plane, change):
    with fails_with("ValidationException"):
        plane.client("ssm", config=RAW_CLIENT).create_patch_baseline(
            Name="bad", OperatingSystem="DEBIAN", Sources=[{**SOURCE, **change}])
    with fails_with("ValidationException"):
        plane.client("ssm", config=RAW_CLIENT).create_patch_baseline(
            Name="bad", OperatingSystem="DEBIAN", Sources=[SOURCE] * 21)
