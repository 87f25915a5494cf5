# SPDX-License-Identifier: Apache-2.0
"""Which baseline a node is patched with, and the snapshot it gets of it."""

import json
import sqlite3
import urllib.error
import urllib.request
import uuid

import pytest

import agent as agents
from conftest import REGION, fails_with
from node_fixtures import make_agents, make_node, plane, role, ssm  # noqa: F401 (fixtures)

OWNER = "075727635805"


def predefined(ssm, os):
    return ssm.get_default_patch_baseline(OperatingSystem=os)["BaselineId"]


def snapshot(node, id=None):
    answer = node.ssm("GetDeployablePatchSnapshotForInstance", InstanceId=node.id,
                      SnapshotId=id or str(uuid.uuid4()))
    with urllib.request.urlopen(answer["SnapshotDownloadUrl"], timeout=20) as body:
        return answer, json.loads(body.read())


# --- the predefined ones ---

@pytest.mark.parametrize("os, name", [
    ("DEBIAN", "AWS-DebianDefaultPatchBaseline"), ("UBUNTU", "AWS-UbuntuDefaultPatchBaseline"),
    ("AMAZON_LINUX_2023", "AWS-AmazonLinux2023DefaultPatchBaseline"),
    ("SUSE", "AWS-SuseDefaultPatchBaseline")])
def test_every_system_has_a_predefined_baseline(ssm, os, name):
    arn = predefined(ssm, os)
    assert arn.startswith(f"arn:aws:ssm:{REGION}:{OWNER}:patchbaseline/pb-")
    baseline = ssm.get_patch_baseline(BaselineId=arn)
    assert (baseline["Name"], baseline["OperatingSystem"]) == (name, os)
    assert baseline["BaselineId"] == arn
    assert ssm.get_patch_baseline(BaselineId=arn.split("/")[1])["Name"] == name


def test_the_one_for_debian_is_as_published(ssm):
    baseline = ssm.get_patch_baseline(BaselineId=predefined(ssm, "DEBIAN"))
    rule, = baseline["ApprovalRules"]["PatchRules"]
    assert rule["PatchFilterGroup"]["PatchFilters"] == [
        {"Key": "PRODUCT", "Values": ["*"]},
        {"Key": "PRIORITY", "Values": ["Required", "Important", "Standard", "Optional",
                                       "Extra"]}]
    assert rule["ComplianceLevel"] == "UNSPECIFIED" and not rule["EnableNonSecurity"]


def test_baselines_are_listed_in_pages_and_filtered(ssm):
    seen, token = [], {}
    while True:
        page = ssm.describe_patch_baselines(MaxResults=5, **token)
        assert len(page["BaselineIdentities"]) <= 5
        seen += page["BaselineIdentities"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len({b["BaselineId"] for b in seen}) == len(seen) >= 13
    only = ssm.describe_patch_baselines(Filters=[
        {"Key": "OPERATING_SYSTEM", "Values": ["DEBIAN"]}, {"Key": "OWNER", "Values": ["AWS"]},
        {"Key": "NAME_PREFIX", "Values": ["AWS-Deb"]}])["BaselineIdentities"]
    assert [b["BaselineName"] for b in only] == ["AWS-DebianDefaultPatchBaseline"]
    assert only[0]["DefaultBaseline"]


def test_what_is_not_there_is_not_found(ssm):
    with fails_with("DoesNotExistException"):
        ssm.get_patch_baseline(BaselineId="pb-00000000000000000")
    with fails_with("DoesNotExistException"):
        ssm.get_patch_baseline(
            BaselineId=predefined(ssm, "DEBIAN").replace(REGION, "eu-west-1"))
    with fails_with("UnsupportedOperationException"):
        ssm.get_default_patch_baseline()
    with fails_with("ValidationException"):
        ssm.get_default_patch_baseline(OperatingSystem="PLAN9")


# --- snapshots ---

def test_a_node_gets_its_baseline_as_a_document(make_node):
    node = make_node()
    id = str(uuid.uuid4())
    answer, document = snapshot(node, id)
    assert (answer["InstanceId"], answer["SnapshotId"]) == (node.id, id)
    assert answer["Product"] == "Debian12"
    assert document["patchGroup"] == "" and document["patches"] == []
    baseline = document["patchBaseline"]
    assert baseline["name"] == "AWS-DebianDefaultPatchBaseline"
    assert baseline["operatingSystem"] == "DEBIAN"
    assert baseline["approvalRules"]["rules"][0]["filterGroup"]["filters"][1]["key"] == "PRIORITY"


@pytest.mark.parametrize("name, version, product", [
    ("Ubuntu", "22.04", "Ubuntu22.04"), ("Raspbian GNU/Linux", "12", "Raspbian12"),
    ("Rocky Linux", "9.3", "RockyLinux9.3")])
def test_the_system_is_what_the_agent_says(make_node, name, version, product):
    assert snapshot(make_node(name, version))[0]["Product"] == product


@pytest.mark.parametrize("name, version", [("Plan 9", "4"), ("Amazon Linux", "2042")])
def test_another_system_is_refused(make_node, name, version):
    with pytest.raises(agents.Refused) as e:
        snapshot(make_node(name, version))
    assert e.value.code.endswith("UnsupportedOperatingSystem")


def test_a_node_gets_none_for_another(make_node, ssm):
    one, other = make_node(), make_node()
    with pytest.raises(agents.Refused) as e:
        one.ssm("GetDeployablePatchSnapshotForInstance", InstanceId=other.id,
                SnapshotId=str(uuid.uuid4()))
    assert e.value.code.endswith("AccessDeniedException")
    with fails_with("AccessDeniedException"):
        ssm.get_deployable_patch_snapshot_for_instance(InstanceId=one.id,
                                                       SnapshotId=str(uuid.uuid4()))


def test_the_url_is_for_this_snapshot_alone(make_node):
    node = make_node()
    url = snapshot(node)[0]["SnapshotDownloadUrl"]
    assert f"/patchbay-snapshots-{REGION}/" in url and "X-Amz-Expires=86400" in url
    path, query = url.split("?")
    bucket, _, _ = path.rpartition("/")
    for other in (path, f"{bucket}/{'0' * 32}?{query}", f"{bucket}?{query}",
                  url.replace("86400", "86401")):
        with pytest.raises(urllib.error.HTTPError) as e:
            urllib.request.urlopen(other, timeout=20)
        assert e.value.code == 403


def test_the_urls_key_opens_nothing_else(plane, make_node):
    name = f"test-{uuid.uuid4()}"
    s3 = plane.client("s3")
    s3.create_bucket(Bucket=name)
    for bucket in (name, f"patchbay-snapshots-{REGION}"):
        with fails_with("AccessDenied" if bucket != name else "NoSuchKey"):
            s3.get_object(Bucket=bucket, Key="k")
    keys = {"aws_access_key_id": "AKIAPATCHBAYSNAPSHOT", "aws_secret_access_key": "guess"}
    with fails_with("InvalidAccessKeyId"):
        plane.client_with(keys, "s3").get_object(Bucket=name, Key="k")


def test_one_snapshot_id_freezes_what_is_decided(ssm, make_node):
    node = make_node()
    id = str(uuid.uuid4())
    before = snapshot(node, id)[1]["patchBaseline"]["baselineId"]
    own = ssm.create_patch_baseline(Name="frozen-test", OperatingSystem="DEBIAN")["BaselineId"]
    ssm.register_default_patch_baseline(BaselineId=own)
    try:
        assert snapshot(node, id)[1]["patchBaseline"]["baselineId"] == before
        assert snapshot(node)[1]["patchBaseline"]["baselineId"] == own
    finally:
        ssm.register_default_patch_baseline(BaselineId=before)
        ssm.delete_patch_baseline(BaselineId=own)
    assert snapshot(node)[1]["patchBaseline"]["baselineId"] == before


# --- an account's own ---

RULES = {"PatchRules": [{
    "PatchFilterGroup": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["Debian12"]},
                                          {"Key": "SECTION", "Values": ["net", "web"]}]},
    "ComplianceLevel": "CRITICAL", "EnableNonSecurity": True, "ApproveAfterDays": 3}]}


@pytest.fixture
def make_baseline(ssm):
    made = []

    def make(os="DEBIAN", **more):
        id = ssm.create_patch_baseline(Name="mine", OperatingSystem=os, **more)["BaselineId"]
        made.append(id)
        return id

    yield make
    for id in made:
        for group in ssm.describe_patch_groups()["Mappings"]:
            if group["BaselineIdentity"]["BaselineId"] == id:
                ssm.deregister_patch_baseline_for_patch_group(BaselineId=id,
                                                              PatchGroup=group["PatchGroup"])
        ssm.delete_patch_baseline(BaselineId=id)


def test_a_baseline_is_kept_as_it_was_made(ssm, make_baseline):
    id = make_baseline(ApprovalRules=RULES, ApprovedPatches=["nginx", "open-ssl*"],
                       ApprovedPatchesComplianceLevel="HIGH", Description="ours",
                       ApprovedPatchesEnableNonSecurity=True, RejectedPatches=["telnet"],
                       RejectedPatchesAction="BLOCK",
                       GlobalFilters={"PatchFilters": [{"Key": "PRIORITY", "Values": ["*"]}]})
    assert len(id) == 20 and id.startswith("pb-")
    got = ssm.get_patch_baseline(BaselineId=id)
    assert got["ApprovalRules"] == RULES
    assert got["ApprovedPatches"] == ["nginx", "open-ssl*"]
    assert got["ApprovedPatchesComplianceLevel"] == "HIGH"
    assert got["ApprovedPatchesEnableNonSecurity"] is True
    assert (got["RejectedPatches"], got["RejectedPatchesAction"]) == (["telnet"], "BLOCK")
    assert got["GlobalFilters"]["PatchFilters"] == [{"Key": "PRIORITY", "Values": ["*"]}]
    assert got["CreatedDate"] == got["ModifiedDate"]


def test_an_update_changes_what_it_names(ssm, make_baseline):
    id = make_baseline(ApprovalRules=RULES, ApprovedPatches=["nginx"], Description="ours")
    ssm.update_patch_baseline(BaselineId=id, RejectedPatches=["telnet"], ApprovedPatches=[])
    got = ssm.get_patch_baseline(BaselineId=id)
    assert (got["Description"], got["RejectedPatches"]) == ("ours", ["telnet"])
    assert got["ApprovalRules"] == RULES and got.get("ApprovedPatches", []) == []
    ssm.update_patch_baseline(BaselineId=id, Name="other", Replace=True)
    got = ssm.get_patch_baseline(BaselineId=id)
    assert got["Name"] == "other" and "Description" not in got
    assert got["ApprovalRules"]["PatchRules"] == []


@pytest.mark.parametrize("more", [
    {"ApprovalRules": {"PatchRules": [{"PatchFilterGroup": {"PatchFilters": [
        {"Key": "CLASSIFICATION", "Values": ["Security"]}]}, "ApproveAfterDays": 1}]}},
    {"ApprovalRules": {"PatchRules": [{"PatchFilterGroup": {"PatchFilters": []},
                                       "ApproveAfterDays": 1,
                                       "ApproveUntilDate": "2026-01-01"}]}},
    {"ApprovalRules": {"PatchRules": [{"PatchFilterGroup": {"PatchFilters": []},
                                       "ApproveUntilDate": "tomorrow"}]}}])
def test_a_rule_that_the_system_cannot_have_is_refused(ssm, more):
    with fails_with("ValidationException"):
        ssm.create_patch_baseline(Name="bad", OperatingSystem="DEBIAN", **more)


def test_what_is_not_patched_here_is_refused(ssm):
    for more in {}, {"OperatingSystem": "MACOS"}:
        with fails_with("UnsupportedOperationException"):
            ssm.create_patch_baseline(Name="bad", **more)


def test_a_client_token_makes_one_baseline(ssm, make_baseline):
    token = str(uuid.uuid4())
    id = make_baseline(ClientToken=token)
    assert ssm.create_patch_baseline(Name="mine", OperatingSystem="DEBIAN",
                                     ClientToken=token)["BaselineId"] == id
    with fails_with("IdempotentParameterMismatch"):
        ssm.create_patch_baseline(Name="another", OperatingSystem="DEBIAN", ClientToken=token)


def test_a_baseline_has_tags(ssm, make_baseline):
    id = make_baseline(Tags=[{"Key": "a", "Value": "b"}])
    ssm.add_tags_to_resource(ResourceType="PatchBaseline", ResourceId=id,
                             Tags=[{"Key": "c", "Value": "d"}])
    tags = ssm.list_tags_for_resource(ResourceType="PatchBaseline", ResourceId=id)["TagList"]
    assert {t["Key"]: t["Value"] for t in tags} == {"a": "b", "c": "d"}


def test_a_predefined_baseline_is_not_edited(ssm):
    arn = predefined(ssm, "DEBIAN")
    for call in (ssm.update_patch_baseline, ssm.delete_patch_baseline):
        with fails_with("ValidationException"):
            call(BaselineId=arn)


# --- patch groups ---

@pytest.mark.parametrize("key", ["Patch Group", "PatchGroup"])
def test_a_node_is_patched_with_its_groups_baseline(ssm, make_node, make_baseline, key):
    group = f"web-{uuid.uuid4()}"
    id = make_baseline()
    ssm.register_patch_baseline_for_patch_group(BaselineId=id, PatchGroup=group)
    assert ssm.get_patch_baseline_for_patch_group(
        PatchGroup=group, OperatingSystem="DEBIAN")["BaselineId"] == id
    node = make_node(tags=[(key, group)])
    document = snapshot(node)[1]
    assert document["patchGroup"] == group
    assert document["patchBaseline"]["baselineId"] == id
    # Registered for Debian only: an Ubuntu node of the group falls through.
    ubuntu = make_node("Ubuntu", "24.04", tags=[(key, group)])
    assert snapshot(ubuntu)[1]["patchBaseline"]["name"] == "AWS-UbuntuDefaultPatchBaseline"
    assert group in ssm.get_patch_baseline(BaselineId=id)["PatchGroups"]


def test_a_group_has_one_baseline_a_system(ssm, make_baseline):
    group = f"db-{uuid.uuid4()}"
    one, two, ubuntu = make_baseline(), make_baseline(), make_baseline("UBUNTU")
    ssm.register_patch_baseline_for_patch_group(BaselineId=one, PatchGroup=group)
    with fails_with("AlreadyExistsException"):
        ssm.register_patch_baseline_for_patch_group(BaselineId=two, PatchGroup=group)
    ssm.register_patch_baseline_for_patch_group(BaselineId=ubuntu, PatchGroup=group)
    mine = [m for m in ssm.describe_patch_groups()["Mappings"] if m["PatchGroup"] == group]
    assert {m["BaselineIdentity"]["BaselineId"] for m in mine} == {one, ubuntu}
    with fails_with("ResourceInUseException"):
        ssm.delete_patch_baseline(BaselineId=one)
    ssm.deregister_patch_baseline_for_patch_group(BaselineId=one, PatchGroup=group)
    ssm.register_patch_baseline_for_patch_group(BaselineId=two, PatchGroup=group)


def test_a_group_without_registration_falls_through(ssm):
    got = ssm.get_patch_baseline_for_patch_group(PatchGroup="nobody", OperatingSystem="DEBIAN")
    assert got["BaselineId"] == predefined(ssm, "DEBIAN")


# --- time ---

def test_after_three_days_an_id_makes_a_new_snapshot(make_plane):
    plane = make_plane()
    role = agents.make_node_role(plane.client("iam"))
    activation = plane.client("ssm").create_activation(IamRole=role)
    node = agents.Agent(plane.url).start(activation["ActivationId"],
                                         activation["ActivationCode"])
    id = str(uuid.uuid4())

    def key(answer):
        return answer["SnapshotDownloadUrl"].split("?")[0]

    def age(hours):
        plane.stop()
        with sqlite3.connect(plane.data / "patchbay.db") as db:
            db.execute("UPDATE ssm_patch_snapshot SET created_at = created_at - ?",
                       [hours * 3600_000])
        plane.start(plane.url.split("//")[1])

    first = snapshot(node, id)[0]
    age(71)
    assert key(snapshot(node, id)[0]) == key(first)
    age(2)
    second = snapshot(node, id)[0]
    assert key(second) != key(first)
    # A URL of the last moment is good for its day, and not longer.
    assert urllib.request.urlopen(first["SnapshotDownloadUrl"], timeout=20).status == 200
    age(24)
    snapshot(node)
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(first["SnapshotDownloadUrl"], timeout=20)
    assert e.value.code == 404
