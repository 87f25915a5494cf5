# SPDX-License-Identifier: Apache-2.0
"""A BaselineOverride from a bucket to the report: a real host of a real plane."""

import json
import uuid

import pytest

from node_fixtures import make_agents, make_node, plane, role, ssm  # noqa: F401 (fixtures)
from patch_host import PATCH
from patch_nodes import become, host, mirror, nodes  # noqa: F401 (fixtures)

POLICY = "11111111-2222-3333-4444-555555555555"
KEY = "s3://overrides/policy one.json"


@pytest.fixture
def bucket(plane, role):  # noqa: F811
    """What stores the baselines of a policy; nodes may read what is in it."""
    s3, iam = plane.client("s3"), plane.client("iam")
    name, _, key = KEY[len("s3://"):].partition("/")
    s3.create_bucket(Bucket=name)
    iam.put_role_policy(
        RoleName=role.split("/")[-1], PolicyName="overrides", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject",
                 "Resource": f"arn:aws:s3:::{name}/policy*"}]}))

    def put(*baselines, key=key):
        s3.put_object(Bucket=name, Key=key, Body=json.dumps(list(baselines)).encode())

    yield put
    iam.delete_role_policy(RoleName=role.split("/")[-1], PolicyName="overrides")
    for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


def entry(*approved, **members):
    return {"OperatingSystem": "DEBIAN", "ApprovedPatches": list(approved), **members}


def run(host, *arguments, expect=0):  # noqa: F811
    done = host.exec("env", "SSM_COMMAND_ID=", PATCH, "run", "--operation", "Scan", *arguments,
                     check=False)
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return done


def test_a_policys_baseline_is_what_the_node_is_judged_by(  # noqa: F811
        host, nodes, ssm, bucket):
    node, snapshot = nodes[0], str(uuid.uuid4())
    become(host, node)
    bucket(entry("pb-good", BaselineId="pb-00000000000000001", Name="policy"))
    override = ["--baseline-override", KEY, "--association-id", POLICY, "--snapshot-id", snapshot]
    run(host, *override)
    state, = ssm.describe_instance_patch_states(InstanceIds=[node.id])["InstancePatchStates"]
    assert (state["BaselineId"], state["MissingCount"]) == ("pb-00000000000000001", 1)
    items = ssm.list_compliance_items(ResourceIds=[node.id], Filters=[
        {"Key": "Status", "Values": ["NON_COMPLIANT"]}])["ComplianceItems"]
    assert [(i["Id"], i["ExecutionSummary"]["ExecutionType"]) for i in items] == [
        ("pb-good.all", "PatchPolicy")]

    # The file changes in the middle of the run: this snapshot's nodes stay as they began.
    bucket(entry("pb-other"))
    assert "frozen before this BaselineOverride" in run(host, *override).stdout
    after, = ssm.describe_instance_patch_states(InstanceIds=[node.id])["InstancePatchStates"]
    assert after["MissingCount"] == 1 and after["BaselineId"] != state["BaselineId"]

    said = run(host, "--baseline-override", KEY).stdout  # without a policy, and without a snapshot
    assert "pb-other.all" in said and "pb-good" not in said and "not reported" in said
    assert ssm.describe_instance_patch_states(
        InstanceIds=[node.id])["InstancePatchStates"] == [after]


def test_a_bucket_that_is_closed_to_the_node_is_denied(host, nodes, bucket):  # noqa: F811
    become(host, nodes[0])
    bucket(entry("pb-good"), key="secret.json")
    assert "access to it is denied (HTTP 403)" in run(
        host, "--baseline-override", "s3://overrides/secret.json", expect=1).stderr
    assert "(HTTP 40" in run(host, "--baseline-override", "s3://overrides/policy-none",
                             expect=1).stderr
