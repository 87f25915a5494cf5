# SPDX-License-Identifier: Apache-2.0
"""AWS-RunPatchBaselineAssociation on a real host of a real plane."""

import json

import pytest

import fleet as fleets  # which knows where the testbed is
from testbed import LocalRepo

ONE, TWO = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
TAGS = "Key=patching class,Values=slow,careful"


@pytest.fixture(scope="module")
def ssm(plane):
    return plane.client("ssm")


@pytest.fixture(scope="module")
def host(plane, tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    repo.upgrade("pb-good")
    repo.upgrade("pb-other")
    repo.publish()
    with fleets.managed_host(plane, "association", repo) as host:
        host.sh("dpkg -i /srv/repo/pool/pb-good_1_all.deb /srv/repo/pool/pb-other_1_all.deb")
        yield host


def run(ssm, host, operation, association=ONE, tags="", reboot="RebootIfNeeded"):
    """(StatusDetails, output of the step) of a run, once it is over."""
    found = fleets.invocation(ssm, ssm.send_command(
        DocumentName="AWS-RunPatchBaselineAssociation", InstanceIds=[host.node], Parameters={
            "Operation": [operation], "AssociationId": [association], "BaselineTags": [tags],
            "RebootOption": [reboot]})["Command"]["CommandId"])
    return found["StatusDetails"], next(
        p["Output"] for p in found["CommandPlugins"] if p["Name"] == "PatchLinux")


def items(ssm, host):
    """The compliance of associations, by id."""
    found = ssm.list_compliance_items(
        ResourceIds=[host.node], ResourceTypes=["ManagedInstance"],
        Filters=[{"Key": "ComplianceType", "Values": ["Association"], "Type": "EQUAL"}])
    return {item["Id"]: item for item in found["ComplianceItems"]}


def make_baseline(ssm, name, tag="careful", system="DEBIAN", **more):
    return ssm.create_patch_baseline(
        Name=name, OperatingSystem=system, Tags=[{"Key": "patching class", "Value": tag}],
        **more)["BaselineId"]


def test_each_association_has_one_item_of_its_own(ssm, host):
    status, output = run(ssm, host, "Scan")
    assert status == "Success", output
    item, = items(ssm, host).values()
    default = ssm.get_default_patch_baseline(OperatingSystem="DEBIAN")["BaselineId"]
    details = item["Details"]
    assert default.endswith(details.pop("PatchBaselineId"))
    assert (item["Id"], item["Status"], item["Severity"]) == (ONE, "NON_COMPLIANT", "UNSPECIFIED")
    assert details["DocumentName"] == "AWS-RunPatchBaselineAssociation"
    assert (details["MissingCount"], details["FailedCount"]) == ("2", "0")
    # The node's patch compliance is none of its business.
    assert ssm.describe_instance_patch_states(InstanceIds=[host.node])["InstancePatchStates"] == []
    assert ssm.list_compliance_items(ResourceIds=[host.node], Filters=[
        {"Key": "ComplianceType", "Values": ["Patch"], "Type": "EQUAL"}])["ComplianceItems"] == []

    assert run(ssm, host, "Scan", TWO)[0] == "Success"
    assert set(items(ssm, host)) == {ONE, TWO}
    assert run(ssm, host, "Scan")[0] == "Success"
    assert set(items(ssm, host)) == {ONE, TWO}


def test_tags_choose_the_baseline_for_the_host(plane, ssm, host):
    only_other = make_baseline(ssm, "only-other", ApprovedPatches=["pb-other"],
                               ApprovedPatchesComplianceLevel="CRITICAL",
                               ApprovedPatchesEnableNonSecurity=True)
    make_baseline(ssm, "not-its-system", system="UBUNTU")
    make_baseline(ssm, "not-its-tag", tag="quick")
    status, output = run(ssm, host, "Scan", tags=TAGS)
    assert status == "Failed" and "tag:GetResources" in output
    before = items(ssm, host)

    plane.client("iam").put_role_policy(
        RoleName=host.role, PolicyName="tags", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Resource": "*",
                "Action": ["tag:GetResources", "ssm:GetPatchBaseline"]}]}))
    status, output = run(ssm, host, "Scan", tags=TAGS)
    assert status == "Success", output
    item = items(ssm, host)[ONE]
    assert item["Details"]["PatchBaselineId"] == only_other
    assert (item["Status"], item["Severity"]) == ("NON_COMPLIANT", "CRITICAL")
    assert item["Details"]["MissingCount"] == "1"
    assert items(ssm, host)[TWO] == {**before[TWO], "ExecutionSummary": item["ExecutionSummary"]}

    status, output = run(ssm, host, "Scan", tags="Key=patching class,Values=nobody")
    assert status == "Success" and "no baseline for DEBIAN has the tags" in output
    assert items(ssm, host)[ONE]["Details"]["MissingCount"] == "2"


def test_an_install_reboots_and_reports_the_association(ssm, host):
    status, output = run(ssm, host, "Install", tags=TAGS)
    assert status == "Success" and "the host was rebooted" in output, output
    assert host.boots == 2
    assert host.sh("dpkg-query -W -f='${Package}=${Version} ' pb-good pb-other") == \
        "pb-good=1 pb-other=2 "
    item = items(ssm, host)[ONE]
    assert (item["Status"], item["Details"]["OperationType"]) == ("COMPLIANT", "Install")
    assert ssm.describe_instance_patch_states(InstanceIds=[host.node])["InstancePatchStates"] == []


def test_two_baselines_with_the_tags_are_an_error(ssm, host):
    make_baseline(ssm, "second", tag="slow")
    before = items(ssm, host)
    status, output = run(ssm, host, "Install", tags=TAGS)
    assert status == "Failed" and "more than one patch baseline for DEBIAN" in output
    assert items(ssm, host) == before
