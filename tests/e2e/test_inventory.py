# SPDX-License-Identifier: Apache-2.0
"""What nodes report besides patches, and compliance that others find of them."""

import datetime

import pytest

import agent as agents
from conftest import fails_with
from node_fixtures import make_agents, make_node, node, plane, role, ssm  # noqa: F401

AT = "2026-11-23T03:53:04Z"
RUN = {"ExecutionTime": datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.timezone.utc),
       "ExecutionId": "", "ExecutionType": ""}


def package(name, version="1.0"):
    return {"Name": name, "Version": version, "Architecture": "amd64", "Publisher": "",
            "PackageId": name}


def item(content, type="AWS:Application", version="1.1", hash="1B2M2Y8AsgTpgAmY7PhCfg=="):
    return {"TypeName": type, "SchemaVersion": version, "CaptureTime": AT, "ContentHash": hash,
            "Content": content}


def put(node, *items):
    return node.ssm("PutInventory", InstanceId=node.id, Items=list(items))


def refused(node, *items):
    with pytest.raises(agents.Refused) as e:
        put(node, *items)
    return e.value.code.split("#")[-1]


def names(ssm, node, type="AWS:Application", **more):
    return [e["Name"] for e in ssm.list_inventory_entries(
        InstanceId=node.id, TypeName=type, **more)["Entries"]]


# --- inventory ---

def test_what_is_reported_is_listed(ssm, node):
    put(node, item([package("bash"), package("nginx", "1.22")]))
    got = ssm.list_inventory_entries(InstanceId=node.id, TypeName="AWS:Application")
    assert got["Entries"] == [package("bash"), package("nginx", "1.22")]
    assert (got["SchemaVersion"], got["CaptureTime"]) == ("1.1", AT)
    put(node, item([package("bash")], hash="another"))
    assert names(ssm, node) == ["bash"]


def test_entries_are_filtered_and_paged(ssm, node):
    put(node, item([package(f"p{i:02}", str(i)) for i in range(60)]))

    def by(key, value, type="Equal"):
        return names(ssm, node, Filters=[{"Key": key, "Values": [value], "Type": type}])

    assert by("Name", "p07") == by("AWS:Application.Name", "p07") == ["p07"]
    assert by("Name", "p1", "BeginWith") == [f"p{i}" for i in range(10, 20)]
    assert by("Version", "3", "LessThan") == ["p00", "p01", "p02"]
    assert by("AWS:Network.Name", "p07") == []
    first = ssm.list_inventory_entries(InstanceId=node.id, TypeName="AWS:Application")
    assert len(first["Entries"]) == 50
    rest = ssm.list_inventory_entries(InstanceId=node.id, TypeName="AWS:Application",
                                      NextToken=first["NextToken"])
    assert len(rest["Entries"]) == 10 and "NextToken" not in rest


def test_the_agents_habits_are_taken(ssm, node):
    put(node, item([package("bash")]), item([], "AWS:AWSComponent", "1.0"),
        item([{"Name": "eth0", "IPV4": "192.0.2.7"}], "AWS:Network", "1.0"),
        item([{"CPUModel": "x", "CPUs": "2"}], "AWS:InstanceDetailedInformation", "1.0"))
    unchanged = {k: v for k, v in item([]).items() if k != "Content"}
    put(node, {**unchanged, "CaptureTime": "2026-11-24T03:53:04Z"})
    got = ssm.list_inventory_entries(InstanceId=node.id, TypeName="AWS:Application")
    assert got["Entries"] == [package("bash")]
    assert got["CaptureTime"] == "2026-11-24T03:53:04Z"
    assert refused(node, {**unchanged, "ContentHash": "x"}) == "ItemContentMismatchException"


def test_an_empty_type_has_no_entries(ssm, node):
    got = ssm.list_inventory_entries(InstanceId=node.id, TypeName="AWS:File")
    assert got["Entries"] == [] and got["TypeName"] == "AWS:File"
    with fails_with("InvalidInstanceId"):
        ssm.list_inventory_entries(InstanceId="mi-00000000000000000", TypeName="AWS:File")


def test_types_of_ones_own_are_kept(ssm, node):
    put(node, item([{"Name": "r1"}], "Custom:RackInfo", "1.0"))
    assert names(ssm, node, "Custom:RackInfo") == ["r1"]
    assert refused(node, item([], "Custom:rackInfo", "1.0")) == "InvalidTypeNameException"
    put(node, *[item([{"a": "b"}], f"Custom:T{i}", "1.0") for i in range(19)])
    assert refused(node, item([], "Custom:More", "1.0")) == "CustomSchemaCountLimitExceededException"
    put(node, item([{"Name": "r2"}], "Custom:RackInfo", "1.0", hash="2"))


@pytest.mark.parametrize("what, code", [
    (item([], "AWS:InstanceInformation", "1.0"), "InvalidTypeNameException"),
    (item([], "AWS:Nothing", "1.0"), "InvalidTypeNameException"),
    (item([], "Other:Type"), "ValidationException"),
    (item([], version="9.9"), "UnsupportedInventorySchemaVersionException"),
    (item([], version="one"), "ValidationException"),
    (item("text"), "InvalidItemContentException"),
    (item(["text"]), "InvalidItemContentException"),
    (item([{"Name": 7}]), "InvalidItemContentException"),
    (item([{"Name": "x" * 4097}]), "InvalidItemContentException"),
    (item([{f"k{i}": "v" for i in range(51)}]), "InvalidItemContentException"),
    (item([{"a": "b"}] * 10001), "InvalidItemContentException"),
    ({**item([]), "Context": {"a": "b"}}, "UnsupportedInventoryItemContextException")])
def test_what_is_out_of_bounds_is_refused(node, what, code):
    assert refused(node, what) == code


def test_too_much_is_refused(node):
    big = [{"a": "x" * 4000, "b": "y" * 96}] * 1100
    assert refused(node, item(big)) == "ItemSizeLimitExceededException"
    third = [{"a": "x" * 3500}] * 1000
    assert refused(node, *[item(third, f"Custom:T{i}", "1.0") for i in range(3)]) \
        == "TotalSizeLimitExceededException"


def test_all_nodes_are_listed_with_one_type(ssm, make_node):
    one, two = make_node(), make_node()
    put(one, item([package("bash"), package("nginx")]))
    of = {e["Id"]: e["Data"] for e in ssm.get_inventory()["Entities"]}
    content, = of[one.id]["AWS:InstanceInformation"]["Content"]
    assert (content["InstanceId"], content["PlatformType"]) == (one.id, "Linux")
    of = {e["Id"]: e["Data"] for e in ssm.get_inventory(
        ResultAttributes=[{"TypeName": "AWS:Application"}])["Entities"]}
    assert len(of[one.id]["AWS:Application"]["Content"]) == 2
    assert of[two.id] == {}
    found = ssm.get_inventory(Filters=[{"Key": "AWS:Application.Name", "Values": ["nginx"]}])
    assert [e["Id"] for e in found["Entities"]] == [one.id]
    with fails_with("InvalidFilter"):
        ssm.get_inventory(Filters=[{"Key": "Name", "Values": ["nginx"]}])
    with fails_with("UnsupportedOperationException"):
        ssm.get_inventory(Aggregators=[{"Expression": "AWS:Application.Name"}])


# --- compliance from elsewhere ---

def finding(id, status="COMPLIANT", severity="UNSPECIFIED", **details):
    return {"Id": id, "Title": id, "Severity": severity, "Status": status, "Details": details}


def check(ssm, node, *items, type="Custom:Cert", **more):
    ssm.put_compliance_items(ResourceId=node.id, ResourceType="ManagedInstance",
                             ComplianceType=type, ExecutionSummary=RUN, Items=list(items),
                             **more)


def test_findings_are_listed_and_replaced(ssm, node):
    check(ssm, node, finding("tls", "NON_COMPLIANT", "HIGH", Expires="2026-12-01"),
          finding("ssh"))
    items = ssm.list_compliance_items(ResourceIds=[node.id])["ComplianceItems"]
    assert [i["Id"] for i in items] == ["tls", "ssh"]
    assert items[0]["Details"] == {"Expires": "2026-12-01"}
    summary, = [s for s in ssm.list_resource_compliance_summaries()[
        "ResourceComplianceSummaryItems"] if s["ResourceId"] == node.id]
    assert (summary["ComplianceType"], summary["OverallSeverity"]) == ("Custom:Cert", "HIGH")
    check(ssm, node, finding("ssh"))
    items = ssm.list_compliance_items(ResourceIds=[node.id])["ComplianceItems"]
    assert [i["Id"] for i in items] == ["ssh"]


def test_the_agent_repeats_a_hash(ssm, node):
    node.ssm("PutComplianceItems", ResourceId=node.id, ResourceType="ManagedInstance",
             ComplianceType="Association", ItemContentHash="h",
             ExecutionSummary={"ExecutionTime": 1790000000, "ExecutionId": "",
                               "ExecutionType": ""},
             Items=[{"Id": "a", "Severity": "UNSPECIFIED", "Status": "COMPLIANT", "Title": "",
                     "Details": {"DocumentName": "d", "DocumentVersion": "1"}}])
    check(ssm, node, type="Association", ItemContentHash="h")
    assert len(ssm.list_compliance_items(ResourceIds=[node.id])["ComplianceItems"]) == 1
    with fails_with("InvalidItemContentException"):
        check(ssm, node, type="Association", ItemContentHash="other")


def test_a_node_finds_only_of_itself(make_node):
    one, two = make_node(), make_node()
    with pytest.raises(agents.Refused) as e:
        one.ssm("PutComplianceItems", ResourceId=two.id, ResourceType="ManagedInstance",
                ComplianceType="Custom:Cert", ExecutionSummary={"ExecutionTime": 1790000000},
                Items=[])
    assert e.value.code.split("#")[-1] == "AccessDeniedException"


def test_what_is_not_done_is_refused(ssm, node):
    with fails_with("ValidationException"):
        check(ssm, node, UploadType="PARTIAL")
    with fails_with("ValidationException"):
        check(ssm, node, type="Patch")
    with fails_with("InvalidResourceId"):
        ssm.put_compliance_items(ResourceId="mi-00000000000000000",
                                 ResourceType="ManagedInstance", ComplianceType="Custom:Cert",
                                 ExecutionSummary=RUN, Items=[])
    for i in range(10):
        check(ssm, node, type=f"Custom:T{i}")
    with fails_with("ComplianceTypeCountLimitExceededException"):
        check(ssm, node)
