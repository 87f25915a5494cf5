# SPDX-License-Identifier: Apache-2.0
"""Resource groups and the tagging API over resources that really have tags."""

import json

import pytest

from conftest import fails_with


def query(*filters, types=("AWS::AllSupported",)):
    return {"Type": "TAG_FILTERS_1_0", "Query": json.dumps({
        "ResourceTypeFilters": list(types),
        "TagFilters": [{"Key": k, "Values": list(v)} for k, v in filters]})}


@pytest.fixture(scope="module")
def region():
    return "ap-south-1"


@pytest.fixture(scope="module")
def groups(plane, region):
    return plane.client("resource-groups", region=region)


@pytest.fixture(scope="module")
def rules(plane, region):
    """Three tagged rules stand for any tagged resource."""
    events = plane.client("events", region=region)
    arns = {}
    for name, tags in {"web1": {"Stage": "Prod", "App": "web"},
                       "web2": {"Stage": "Test", "App": "web"},
                       "db1": {"Stage": "Prod", "App": "db"}}.items():
        arns[name] = events.put_rule(
            Name=name, ScheduleExpression="rate(30 days)", State="DISABLED",
            Tags=[{"Key": k, "Value": v} for k, v in tags.items()])["RuleArn"]
    return arns


def members(groups, name, **more):
    return sorted(r["Identifier"]["ResourceArn"]
                  for r in groups.list_group_resources(Group=name, **more)["Resources"])


def test_a_group_is_what_its_query_finds_now(groups, rules):
    groups.create_group(Name="ProdWeb", ResourceQuery=query(("Stage", ["Prod"]), ("App", ["web"])))
    groups.create_group(Name="AnyStage", ResourceQuery=query(("Stage", [])))
    groups.create_group(Name="Either", ResourceQuery=query(("Stage", ["Prod", "Test"]),
                                                          ("App", ["web"])))
    assert members(groups, "ProdWeb") == [rules["web1"]]
    assert members(groups, "AnyStage") == sorted(rules.values())
    assert members(groups, "Either") == sorted([rules["web1"], rules["web2"]])


def test_types_narrow_a_group(groups, rules):
    groups.create_group(Name="Nodes", ResourceQuery=query(
        ("Stage", ["Prod"]), types=["AWS::SSM::ManagedInstance"]))
    assert members(groups, "Nodes") == []
    filters = [{"Name": "resource-type", "Values": ["AWS::EC2::Instance"]}]
    assert members(groups, "AnyStage", Filters=filters) == []
    filters = [{"Name": "resource-type", "Values": ["AWS::Events::Rule"]}]
    assert len(members(groups, "AnyStage", Filters=filters)) == len(rules)


def test_pages_lead_through_all_members(groups, rules):
    found, token = [], None
    for _ in range(10):
        page = groups.list_group_resources(Group="AnyStage", MaxResults=1,
                                           **({"NextToken": token} if token else {}))
        found += [r["ResourceArn"] for r in page["ResourceIdentifiers"]]
        token = page.get("NextToken")
        if not token:
            break
    assert sorted(found) == sorted(rules.values())


def test_the_name_of_a_group_has_a_case(groups):
    with fails_with("NotFoundException", 404):
        groups.get_group(Group="prodweb")
    assert groups.get_group(GroupName="ProdWeb")["Group"]["Name"] == "ProdWeb"


def test_what_is_wrong_with_a_group_is_said(groups):
    with fails_with("BadRequestException", 400):
        groups.create_group(Name="ProdWeb", ResourceQuery=query(("a", [])))
    with fails_with("BadRequestException"):
        groups.create_group(Name="awsThing", ResourceQuery=query(("a", [])))
    with fails_with("BadRequestException"):
        groups.create_group(Name="Bad", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": "{"})
    with fails_with("BadRequestException"):
        groups.create_group(Name="Stack", ResourceQuery={
            "Type": "CLOUDFORMATION_STACK_1_0", "Query": "{}"})


def test_a_group_is_changed_and_deleted(groups, rules):
    groups.create_group(Name="Moves", ResourceQuery=query(("App", ["db"])), Tags={"a": "b"})
    groups.update_group_query(Group="Moves", ResourceQuery=query(("Stage", ["Test"])))
    assert members(groups, "Moves") == [rules["web2"]]
    names = {g["GroupName"] for g in groups.list_groups()["GroupIdentifiers"]}
    assert "Moves" in names
    groups.delete_group(Group="Moves")
    with fails_with("NotFoundException"):
        groups.get_group_query(Group="Moves")


def test_the_tagging_api_finds_the_same(plane, region, rules):
    tagging = plane.client("resourcegroupstaggingapi", region=region)
    found = tagging.get_resources(TagFilters=[{"Key": "App", "Values": ["web"]}],
                                  ResourceTypeFilters=["events:rule"])
    arns = {m["ResourceARN"]: m["Tags"] for m in found["ResourceTagMappingList"]}
    assert set(arns) == {rules["web1"], rules["web2"]}
    assert {"Key": "Stage", "Value": "Prod"} in arns[rules["web1"]]
    with fails_with("InvalidParameterException"):
        tagging.get_resources(ResourceTypeFilters=["nonsense:thing"])


def test_groups_of_one_region_are_not_seen_in_another(plane, groups):
    elsewhere = plane.client("resource-groups", region="eu-north-1")
    assert elsewhere.list_groups()["GroupIdentifiers"] == []
