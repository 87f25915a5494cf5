# SPDX-License-Identifier: Apache-2.0
"""What nodes report of patch runs, and what is to be seen of it."""

import datetime
import hashlib
import json
import uuid

import botocore.credentials
import pytest

import agent as agents
from conftest import fails_with
from node_fixtures import make_agents, make_node, node, plane, role, ssm  # noqa: F401

BASELINE = "pb-09a5f8eb62bde80b1"
END = "2026-11-23T12:00:30Z"


def patch(id, state="Installed", severity="UNSPECIFIED", **more):
    compliant = state in ("Installed", "InstalledOther")
    return {"Id": f"{id}.amd64", "Title": f"{id}.amd64:1.0", "Severity": severity,
            "Status": "COMPLIANT" if compliant else "NON_COMPLIANT",
            "PatchBaselineId": BASELINE, "PatchState": state, "PatchGroup": "",
            "DocumentName": "", "DocumentVersion": "",
            "InstalledTime": "2026-01-02T03:04:05Z" if state.startswith("Inst") else "",
            "Classification": "Security" if state != "InstalledOther" else "",
            "PatchSeverity": "", "CVEIds": "", **more}


def digest(content):
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def summary_item(**more):
    content = [{"BaselineId": BASELINE, "PatchGroup": "", "SnapshotId": str(uuid.uuid4()),
                "ExecutionId": "", "InstalledCount": "41", "InstalledOtherCount": "512",
                "InstalledRejectedCount": "0", "InstalledPendingRebootCount": "0",
                "NotApplicableCount": "6020", "MissingCount": "2", "FailedCount": "0",
                "CriticalNonCompliantCount": "1", "SecurityNonCompliantCount": "2",
                "OtherNonCompliantCount": "0", "OperationType": "Scan",
                "OperationStartTime": "2026-11-23T12:00:00Z", "OperationEndTime": END, **more}]
    return {"TypeName": "AWS:PatchSummary", "SchemaVersion": "1.0", "CaptureTime": END,
            "ContentHash": digest(content), "Content": content}


def compliance_item(content, **more):
    return {"TypeName": "AWS:ComplianceItem", "SchemaVersion": "1.0", "CaptureTime": END,
            "ContentHash": digest(content), "Content": content,
            "Context": {"ComplianceType": "Patch", "ExecutionId": "run-1",
                        "ExecutionType": "Command", "ExecutionTime": END}, **more}


def report(node, *patches, **summary):
    return node.ssm("PutInventory", InstanceId=node.id,
                    Items=[summary_item(**summary), compliance_item(list(patches))])


def refused(node, *items, id=None):
    with pytest.raises(agents.Refused) as e:
        node.ssm("PutInventory", InstanceId=id or node.id, Items=list(items))
    return e.value.code.split("#")[-1]


def without(item, *keys):
    return {k: v for k, v in item.items() if k not in keys}


# --- states ---

def test_a_report_is_the_nodes_state(ssm, node):
    report(node, patch("a"), RebootOption="NoReboot",
           LastNoRebootInstallOperationTime="2026-11-01T00:00:00Z")
    state, = ssm.describe_instance_patch_states(InstanceIds=[node.id])["InstancePatchStates"]
    assert state["InstanceId"] == node.id and state["BaselineId"] == BASELINE
    assert (state["PatchGroup"], state["Operation"]) == ("", "Scan")
    assert (state["InstalledCount"], state["InstalledOtherCount"]) == (41, 512)
    assert (state["MissingCount"], state["CriticalNonCompliantCount"]) == (2, 1)
    assert state["UnreportedNotApplicableCount"] == -1
    assert state["RebootOption"] == "NoReboot"
    assert state["OperationEndTime"] == datetime.datetime(2026, 11, 23, 12, 0, 30,
                                                          tzinfo=datetime.timezone.utc)
    assert state["LastNoRebootInstallOperationTime"].day == 1


def test_a_node_that_never_reported_is_absent(ssm, make_node):
    one, two = make_node(), make_node()
    report(two)
    states = ssm.describe_instance_patch_states(InstanceIds=[one.id, two.id])
    assert [s["InstanceId"] for s in states["InstancePatchStates"]] == [two.id]


def test_a_later_report_replaces_the_former(ssm, node):
    report(node, patch("a"), patch("b", "Missing"))
    report(node, patch("c"), MissingCount="0", OperationType="Install")
    state, = ssm.describe_instance_patch_states(InstanceIds=[node.id])["InstancePatchStates"]
    assert (state["Operation"], state["MissingCount"]) == ("Install", 0)
    patches = ssm.describe_instance_patches(InstanceId=node.id)["Patches"]
    assert [p["KBId"] for p in patches] == ["c.amd64"]


def ended(at, *patches, **summary):
    """A report's two items, of a run that ended then."""
    when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    items = compliance_item(list(patches))
    items["Context"]["ExecutionTime"] = when
    return [summary_item(OperationEndTime=when, **summary), items]


def test_an_older_report_that_comes_late_undoes_nothing(ssm, node):
    now = datetime.datetime.now(datetime.timezone.utc)
    before, after = now - datetime.timedelta(minutes=2), now - datetime.timedelta(minutes=1)

    def state():
        row, = ssm.describe_instance_patch_states(InstanceIds=[node.id])["InstancePatchStates"]
        items = ssm.list_compliance_items(ResourceIds=[node.id])["ComplianceItems"]
        return row["MissingCount"], [i["Id"] for i in items]

    late = ended(before, patch("a"), MissingCount="0")
    node.ssm("PutInventory", InstanceId=node.id, Items=late)
    node.ssm("PutInventory", InstanceId=node.id,
             Items=ended(after, patch("b", "Missing"), MissingCount="1"))
    assert refused(node, *late) == "InvalidItemContentException"
    assert refused(node, late[1]) == "InvalidInventoryItemContextException"
    unchanged = compliance_item([patch("b", "Missing")])
    unchanged["Context"]["ExecutionTime"] = late[1]["Context"]["ExecutionTime"]
    assert refused(node, without(unchanged, "Content")) == "InvalidInventoryItemContextException"
    assert state() == (1, ["b.amd64"])
    node.ssm("PutInventory", InstanceId=node.id,  # the same second is no older
             Items=ended(after, patch("c", "Missing"), MissingCount="1"))
    assert state() == (1, ["c.amd64"])


def test_a_report_from_the_future_stands_in_no_ones_way(ssm, node):
    now = datetime.datetime.now(datetime.timezone.utc)
    node.ssm("PutInventory", InstanceId=node.id,
             Items=ended(now + datetime.timedelta(hours=1), patch("a"), MissingCount="0"))
    node.ssm("PutInventory", InstanceId=node.id,
             Items=ended(now, patch("b", "Missing"), MissingCount="1"))
    row, = ssm.describe_instance_patch_states(InstanceIds=[node.id])["InstancePatchStates"]
    assert row["MissingCount"] == 1


def test_a_report_is_taken_whole_or_not_at_all(ssm, node):
    bad = compliance_item([patch("a", PatchState="Odd")])
    assert refused(node, summary_item(), bad) == "InvalidItemContentException"
    assert ssm.describe_instance_patch_states(
        InstanceIds=[node.id])["InstancePatchStates"] == []


@pytest.mark.parametrize("state", ["Missing", "Failed", "InstalledPendingReboot",
                                   "InstalledRejected"])
def test_a_status_that_contradicts_the_state_is_refused(ssm, node, state):
    report(node, patch("a", "Missing"))
    lie = compliance_item([patch("a", state, Status="COMPLIANT")])
    assert refused(node, summary_item(), lie) == "InvalidItemContentException"
    patches = ssm.describe_instance_patches(InstanceId=node.id)["Patches"]
    assert [p["State"] for p in patches] == ["MISSING"]


def test_a_patch_group_is_listed_and_summed_up(ssm, make_node):
    group = f"web-{uuid.uuid4()}"
    nodes = [make_node() for _ in range(12)]
    for i, one in enumerate(nodes):
        report(one, PatchGroup=group, MissingCount=str(i), FailedCount="0",
               CriticalNonCompliantCount="0")
    seen, token = [], {}
    while True:
        page = ssm.describe_instance_patch_states_for_patch_group(
            PatchGroup=group, MaxResults=10, **token)
        seen += page["InstancePatchStates"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(s["InstanceId"] for s in seen) == sorted(n.id for n in nodes)

    def count(key, type, value):
        return len(ssm.describe_instance_patch_states_for_patch_group(
            PatchGroup=group, Filters=[{"Key": key, "Type": type, "Values": [value]}])
            ["InstancePatchStates"])

    assert count("MissingCount", "Equal", "3") == 1
    assert count("MissingCount", "NotEqual", "3") == 11
    assert count("MissingCount", "LessThan", "3") == 3
    assert count("MissingCount", "GreaterThan", "3") == 8
    with fails_with("InvalidFilter"):
        count("Weight", "Equal", "3")
    state = ssm.describe_patch_group_state(PatchGroup=group)
    assert (state["Instances"], state["InstancesWithMissingPatches"]) == (12, 11)
    assert state["InstancesWithFailedPatches"] == 0
    assert state["InstancesWithCriticalNonCompliantPatches"] == 0


# --- patches ---

def test_patches_are_shown_as_the_node_saw_them(ssm, node):
    report(node, patch("openssl", "Missing", PatchSeverity="Important",
                       CVEIds="CVE-2026-1,CVE-2026-2"), patch("bash"))
    missing, installed = ssm.describe_instance_patches(InstanceId=node.id)["Patches"]
    assert missing["Title"] == "openssl.amd64:1.0" and missing["KBId"] == "openssl.amd64"
    assert (missing["State"], missing["Severity"]) == ("MISSING", "Important")
    assert missing["Classification"] == "Security"
    assert missing["CVEIds"] == "CVE-2026-1,CVE-2026-2"
    assert missing["InstalledTime"].timestamp() == 0
    assert installed["State"] == "INSTALLED" and installed["InstalledTime"].year == 2026
    assert "CVEIds" not in installed


def test_patches_are_filtered_and_paged(ssm, node):
    report(node, *[patch(f"p{i}", "Missing" if i % 2 else "InstalledOther")
                   for i in range(25)])

    def ids(**more):
        return [p["KBId"] for p in ssm.get_paginator("describe_instance_patches").paginate(
            InstanceId=node.id, PaginationConfig={"PageSize": 10}, **more)
            .build_full_result()["Patches"]]

    assert ids() == [f"p{i}.amd64" for i in range(25)]
    odd = [f"p{i}.amd64" for i in range(1, 25, 2)]
    assert ids(Filters=[{"Key": "State", "Values": ["Missing", "Failed"]}]) == odd
    assert ids(Filters=[{"Key": "Classification", "Values": ["Security"]}]) == odd
    assert ids(Filters=[{"Key": "KBId", "Values": ["p3.amd64"]}]) == ["p3.amd64"]
    with fails_with("InvalidFilter"):
        ids(Filters=[{"Key": "Weight", "Values": ["1"]}])


def test_a_node_without_report_has_no_patches(ssm, node):
    assert ssm.describe_instance_patches(InstanceId=node.id)["Patches"] == []
    with fails_with("InvalidInstanceId"):
        ssm.describe_instance_patches(InstanceId="mi-00000000000000000")


# --- compliance ---

def test_items_are_listed_with_what_they_are_of(ssm, node):
    report(node, patch("a", "Missing", "HIGH"), patch("b"))
    items = ssm.list_compliance_items(ResourceIds=[node.id],
                                      ResourceTypes=["ManagedInstance"])["ComplianceItems"]
    first = items[0]
    assert (first["ComplianceType"], first["ResourceType"]) == ("Patch", "ManagedInstance")
    assert (first["ResourceId"], first["Id"]) == (node.id, "a.amd64")
    assert (first["Status"], first["Severity"]) == ("NON_COMPLIANT", "HIGH")
    assert first["ExecutionSummary"]["ExecutionId"] == "run-1"
    assert first["Details"]["PatchState"] == "Missing"
    assert first["Details"]["PatchBaselineId"] == BASELINE

    def filtered(key, value, **more):
        return [i["Id"] for i in ssm.list_compliance_items(
            ResourceIds=[node.id], Filters=[{"Key": key, "Values": [value], **more}])
            ["ComplianceItems"]]

    assert filtered("Status", "NON_COMPLIANT") == ["a.amd64"]
    assert filtered("Severity", "HIGH", Type="NOT_EQUAL") == ["b.amd64"]
    assert filtered("Title", "b.", Type="BEGIN_WITH") == ["b.amd64"]
    assert filtered("PatchState", "Missing") == ["a.amd64"]
    assert filtered("ComplianceType", "Association") == []


def test_items_of_all_nodes_come_in_pages(ssm, make_node):
    nodes = [make_node() for _ in range(3)]
    for one in nodes:
        report(one, *[patch(f"p{i}") for i in range(30)])
    seen = []
    for page in ssm.get_paginator("list_compliance_items").paginate(
            PaginationConfig={"PageSize": 50}):
        assert len(page["ComplianceItems"]) <= 50
        seen += [(i["ResourceId"], i["Id"]) for i in page["ComplianceItems"]]
    ours = [s for s in seen if s[0] in {n.id for n in nodes}]
    assert len(ours) == len(set(ours)) == 90


def test_a_filter_that_passes_few_goes_on_page_by_page(plane, ssm, role):
    activation = ssm.create_activation(IamRole=role, RegistrationLimit=60)
    nodes = [agents.Agent(plane.url).start(activation["ActivationId"],
                                           activation["ActivationCode"])
             for _ in range(60)]
    last = sorted(nodes, key=lambda n: n.id)[-1]
    for one in nodes:
        report(one, patch("rare" if one is last else "usual"))
    pages = list(ssm.get_paginator("list_compliance_items").paginate(
        Filters=[{"Key": "Id", "Values": ["rare.amd64"]}]))
    assert len(pages) > 1
    assert [i["ResourceId"] for p in pages for i in p["ComplianceItems"]] == [last.id]
    for one in nodes:
        ssm.deregister_managed_instance(InstanceId=one.id)


def test_nodes_are_summed_up(ssm, make_node):
    good, bad = make_node(), make_node()
    report(good, patch("a"), patch("b"))
    report(bad, patch("a"), patch("b", "Missing", "HIGH"), patch("c", "Failed", "CRITICAL"),
           patch("d", "InstalledPendingReboot"))
    of = {i["ResourceId"]: i for i in ssm.list_resource_compliance_summaries(
        Filters=[{"Key": "ComplianceType", "Values": ["Patch"]}])
        ["ResourceComplianceSummaryItems"]}
    assert of[good.id]["Status"] == "COMPLIANT"
    assert of[good.id]["CompliantSummary"]["CompliantCount"] == 2
    item = of[bad.id]
    assert (item["Status"], item["OverallSeverity"]) == ("NON_COMPLIANT", "CRITICAL")
    assert item["CompliantSummary"]["CompliantCount"] == 1
    assert item["NonCompliantSummary"]["NonCompliantCount"] == 3
    assert item["NonCompliantSummary"]["SeveritySummary"] == {
        "CriticalCount": 1, "HighCount": 1, "MediumCount": 0, "LowCount": 0,
        "InformationalCount": 0, "UnspecifiedCount": 1}
    only = ssm.list_resource_compliance_summaries(
        Filters=[{"Key": "Status", "Values": ["NON_COMPLIANT"]}])
    assert [i["ResourceId"] for i in only["ResourceComplianceSummaryItems"]] == [bad.id]

    summary, = ssm.list_compliance_summaries()["ComplianceSummaryItems"]
    assert summary["ComplianceType"] == "Patch"
    assert summary["CompliantSummary"]["CompliantCount"] == 1
    assert summary["NonCompliantSummary"]["NonCompliantCount"] == 1
    assert summary["NonCompliantSummary"]["SeveritySummary"]["CriticalCount"] == 1


def test_a_deregistered_node_leaves_nothing(ssm, plane, role):
    activation = ssm.create_activation(IamRole=role)
    one = agents.Agent(plane.url).start(activation["ActivationId"], activation["ActivationCode"])
    report(one, patch("a", "Missing"))
    ssm.deregister_managed_instance(InstanceId=one.id)
    assert ssm.describe_instance_patch_states(InstanceIds=[one.id])["InstancePatchStates"] == []
    assert ssm.list_compliance_items(ResourceIds=[one.id])["ComplianceItems"] == []


# --- history ---

def runs_of(node, **more):
    """patchbay:ListPatchRuns, as the node's own role cannot: signed by the administrator."""
    return node.opened(node.signed("Patchbay.ListPatchRuns", json.dumps(
        {"InstanceId": node.id, **more}).encode(), "patchbay"))


def become_administrator(plane, node):
    keys = plane.keys()
    node.credentials = botocore.credentials.Credentials(keys["aws_access_key_id"],
                                                        keys["aws_secret_access_key"])


def test_runs_of_one_second_are_two_and_a_report_sent_again_is_one(plane, node):
    run = {"SnapshotId": str(uuid.uuid4()), "OperationType": "Install"}
    report(node, OperationType="Scan")
    report(node, **run)
    report(node, **run)
    become_administrator(plane, node)
    assert [r["Operation"] for r in runs_of(node)["PatchRuns"]] == ["Install", "Scan"]


def test_former_runs_are_kept_in_order(plane, node):
    for minute in range(53):
        report(node, MissingCount=str(minute), OperationType="Scan",
               OperationEndTime=f"2026-11-23T12:{minute:02}:00Z")
    become_administrator(plane, node)
    seen, token = [], {}
    while True:
        page = runs_of(node, MaxResults=20, **token)
        seen += page["PatchRuns"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [r["MissingCount"] for r in seen] == list(range(52, 2, -1))
    assert seen[0]["BaselineId"] == BASELINE and seen[0]["Operation"] == "Scan"
    with pytest.raises(agents.Refused):
        runs_of(node, InstanceId="mi-00000000000000000")


# --- hashes ---

def test_a_known_hash_stands_for_the_content(ssm, node):
    item = compliance_item([patch("a")])
    report(node, patch("a"))
    again = without(item, "Content")
    again["Context"] = {**item["Context"], "ExecutionId": "run-2"}
    node.ssm("PutInventory", InstanceId=node.id, Items=[summary_item(), again])
    first, = ssm.list_compliance_items(ResourceIds=[node.id])["ComplianceItems"]
    assert (first["Id"], first["ExecutionSummary"]["ExecutionId"]) == ("a.amd64", "run-2")


def test_an_unknown_hash_asks_for_the_content(node):
    again = without(compliance_item([patch("a")]), "Content")
    assert refused(node, again) == "ItemContentMismatchException"
    report(node, patch("b"))
    assert refused(node, again) == "ItemContentMismatchException"
    assert refused(node, without(again, "ContentHash")) == "InvalidItemContentException"


# --- what is refused ---

def test_a_node_reports_for_itself_only(ssm, make_node):
    one, other = make_node(), make_node()
    assert refused(one, summary_item(), id=other.id) == "AccessDeniedException"
    with fails_with("AccessDeniedException"):
        ssm.put_inventory(InstanceId=one.id, Items=[summary_item()])


@pytest.mark.parametrize("change, code", [
    ({"MissingCount": "many"}, "InvalidItemContentException"),
    ({"OperationType": "Look"}, "InvalidItemContentException"),
    ({"BaselineId": ""}, "InvalidItemContentException"),
    ({"OperationEndTime": "yesterday"}, "InvalidItemContentException"),
    ({"RebootOption": "Maybe"}, "InvalidItemContentException")])
def test_a_bad_summary_is_refused(node, change, code):
    assert refused(node, summary_item(**change)) == code


@pytest.mark.parametrize("change, code", [
    ({"Context": {}}, "InvalidInventoryItemContextException"),
    ({"Context": {"ComplianceType": "Association", "ExecutionTime": END}},
     "InvalidInventoryItemContextException"),
    ({"SchemaVersion": "2.0"}, "UnsupportedInventorySchemaVersionException"),
    ({"Content": [{"Id": "a"}]}, "InvalidItemContentException"),
    ({"CaptureTime": "now"}, "ValidationException")])
def test_bad_items_are_refused(node, change, code):
    assert refused(node, compliance_item([patch("a")], **change)) == code
