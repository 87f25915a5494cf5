# SPDX-License-Identifier: Apache-2.0
"""Self-managed stack sets: into other accounts and Regions through two roles."""

import json
import os
import pathlib
import time

import pytest

from conftest import BUILD, MEMBER_ROLE, REGION, ROOT, Organization, fails_with, wait_for

FUNCTION = BUILD / "functions" / "schedule-patching" / "schedule-patching.zip"
SEED = pathlib.Path(os.environ.get("PATCHBAY_SEED", ROOT.parent / "shared" / "seed"))
OTHER = "eu-west-1"

RULE = """
Parameters:
  Rate: {Type: String, Default: 1 hour}
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: !Sub 'rate(${Rate})', Name: from-a-set}
"""

NAMED_ROLE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: from-a-set
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
"""


@pytest.fixture
def cfn(plane):
    return plane.client("cloudformation")


def administration_role(plane):
    """The role of templates/stackset-administration-role.yaml, once."""
    cfn = plane.client("cloudformation")
    roles = plane.client("iam").list_roles()["Roles"]
    if not any(r["RoleName"].startswith("AWSCloudFormationStackSetAdmin") for r in roles):
        body = (ROOT / "templates" / "stackset-administration-role.yaml").read_text()
        cfn.create_stack(StackName="administration", TemplateBody=body,
                         Capabilities=["CAPABILITY_NAMED_IAM"])
        cfn.get_waiter("stack_create_complete").wait(
            StackName="administration", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


@pytest.fixture
def administration(plane):
    administration_role(plane)
    yield
    cfn = plane.client("cloudformation")
    cfn.delete_stack(StackName="administration")
    cfn.get_waiter("stack_delete_complete").wait(
        StackName="administration", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


@pytest.fixture
def make_set(cfn, organization, administration):
    made = []

    def make(name, body, **more):
        more.setdefault("ExecutionRoleName", MEMBER_ROLE)
        made.append(name)
        return cfn.create_stack_set(StackSetName=name, TemplateBody=body,
                                    Capabilities=["CAPABILITY_NAMED_IAM"], **more)["StackSetId"]

    yield make
    for name in made:
        left = cfn.list_stack_instances(StackSetName=name)["Summaries"]
        if left:
            ended(cfn, name, cfn.delete_stack_instances(
                StackSetName=name, Accounts=sorted({i["Account"] for i in left}),
                Regions=sorted({i["Region"] for i in left}), RetainStacks=False)["OperationId"])
        cfn.delete_stack_set(StackSetName=name)


def ended(cfn, name, operation, timeout=30):
    def done():
        found = cfn.describe_stack_set_operation(
            StackSetName=name, OperationId=operation)["StackSetOperation"]
        return found if found["Status"] not in ("RUNNING", "STOPPING") else None
    return wait_for(done, timeout)


def results(cfn, name, operation):
    pages = cfn.get_paginator("list_stack_set_operation_results").paginate(
        StackSetName=name, OperationId=operation)
    return {(r["Account"], r["Region"]): r for page in pages for r in page["Summaries"]}


def rules(plane, account, region):
    return [r["ScheduleExpression"] for r in
            plane.client("events", account=account, region=region).list_rules()["Rules"]]


def test_a_stack_set_lives_and_dies(plane, organization, cfn, make_set):
    set_id = make_set("fleet", RULE, Description="Rules", Tags=[{"Key": "owner", "Value": "ops"}])
    one, two = organization.members
    places = {(a, r) for a in (one, two) for r in (REGION, OTHER)}
    operation = cfn.create_stack_instances(
        StackSetName="fleet", Accounts=[one, two], Regions=[REGION, OTHER],
        ParameterOverrides=[{"ParameterKey": "Rate", "ParameterValue": "2 hours"}],
        OperationPreferences={"MaxConcurrentCount": 2, "FailureToleranceCount": 1},
        OperationId="first")["OperationId"]
    assert operation == "first"
    with fails_with("OperationInProgressException", 409):
        cfn.delete_stack_instances(StackSetName="fleet", Accounts=[one], Regions=[OTHER],
                                   RetainStacks=False)
    found = ended(cfn, "fleet", operation)
    assert found["Status"] == "SUCCEEDED", results(cfn, "fleet", operation)
    assert found["Action"] == "CREATE" and found["OperationPreferences"]["MaxConcurrentCount"] == 2
    assert found["StatusDetails"]["FailedStackInstancesCount"] == 0
    assert {p for p, r in results(cfn, "fleet", operation).items()
            if r["Status"] == "SUCCEEDED"} == places
    for place in places:
        assert rules(plane, *place) == ["rate(2 hours)"]

    instances = cfn.list_stack_instances(StackSetName="fleet")["Summaries"]
    assert {(i["Account"], i["Region"]) for i in instances} == places
    assert {(i["Status"], i["StackInstanceStatus"]["DetailedStatus"]) for i in instances} == {
        ("CURRENT", "SUCCEEDED")}
    instance = cfn.describe_stack_instance(StackSetName="fleet", StackInstanceAccount=one,
                                           StackInstanceRegion=OTHER)["StackInstance"]
    assert instance["ParameterOverrides"][0]["ParameterValue"] == "2 hours"
    stack = plane.client("cloudformation", account=one, region=OTHER).describe_stacks(
        StackName=instance["StackId"])["Stacks"][0]
    assert stack["StackName"].startswith("StackSet-fleet-")
    assert stack["Tags"] == [{"Key": "owner", "Value": "ops"}]
    described = cfn.describe_stack_set(StackSetName="fleet")["StackSet"]
    assert described["StackSetId"] == set_id and described["PermissionModel"] == "SELF_MANAGED"
    assert described["ExecutionRoleName"] == MEMBER_ROLE
    with fails_with("StackSetNotEmptyException", 409):
        cfn.delete_stack_set(StackSetName="fleet")
    with fails_with("OperationIdAlreadyExistsException", 409):
        cfn.create_stack_instances(StackSetName="fleet", Accounts=[one], Regions=[OTHER],
                                   OperationId="first")

    operation = cfn.delete_stack_instances(
        StackSetName="fleet", Accounts=[one], Regions=[REGION, OTHER],
        RetainStacks=False)["OperationId"]
    assert ended(cfn, "fleet", operation)["Status"] == "SUCCEEDED"
    assert rules(plane, one, OTHER) == [] and rules(plane, two, OTHER) == ["rate(2 hours)"]
    with fails_with("StackInstanceNotFoundException", 404):
        cfn.describe_stack_instance(StackSetName="fleet", StackInstanceAccount=one,
                                    StackInstanceRegion=OTHER)
    operations = cfn.list_stack_set_operations(StackSetName="fleet")["Summaries"]
    assert [o["Action"] for o in operations] == ["DELETE", "CREATE"]
    assert "fleet" in [s["StackSetName"] for s in cfn.list_stack_sets(Status="ACTIVE")["Summaries"]]


def test_retained_stacks_stay(plane, organization, cfn, make_set):
    one = organization.members[0]
    make_set("keeps", RULE)
    ended(cfn, "keeps", cfn.create_stack_instances(
        StackSetName="keeps", Accounts=[one], Regions=[REGION])["OperationId"])
    there = plane.client("cloudformation", account=one)
    stack = cfn.describe_stack_instance(StackSetName="keeps", StackInstanceAccount=one,
                                        StackInstanceRegion=REGION)["StackInstance"]["StackId"]
    ended(cfn, "keeps", cfn.delete_stack_instances(
        StackSetName="keeps", Accounts=[one], Regions=[REGION], RetainStacks=True)["OperationId"])
    assert cfn.list_stack_instances(StackSetName="keeps")["Summaries"] == []
    assert there.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    there.delete_stack(StackName=stack)
    there.get_waiter("stack_delete_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_a_global_name_cannot_be_made_in_two_regions(plane, organization, cfn, make_set):
    """Role names are global: the second Region fails, and with it the operation."""
    one = organization.members[0]
    make_set("roles", NAMED_ROLE)
    operation = cfn.create_stack_instances(
        StackSetName="roles", Accounts=[one], Regions=[OTHER, REGION],
        OperationPreferences={"RegionOrder": [REGION, OTHER]})["OperationId"]
    assert ended(cfn, "roles", operation)["Status"] == "FAILED"
    found = results(cfn, "roles", operation)
    assert found[one, REGION]["Status"] == "SUCCEEDED"
    assert found[one, OTHER]["Status"] == "FAILED"
    assert "ROLLBACK_COMPLETE" in found[one, OTHER]["StatusReason"]
    instance = cfn.describe_stack_instance(StackSetName="roles", StackInstanceAccount=one,
                                           StackInstanceRegion=OTHER)["StackInstance"]
    assert instance["Status"] == "OUTDATED"
    assert instance["StackInstanceStatus"]["DetailedStatus"] == "FAILED"

    # Once what was in the way is gone the same call heals it.
    ended(cfn, "roles", cfn.delete_stack_instances(
        StackSetName="roles", Accounts=[one], Regions=[REGION], RetainStacks=False)["OperationId"])
    operation = cfn.create_stack_instances(StackSetName="roles", Accounts=[one],
                                           Regions=[OTHER])["OperationId"]
    assert ended(cfn, "roles", operation)["Status"] == "SUCCEEDED"


def test_a_closed_account_stops_the_operation(organization, cfn, make_set):
    """No execution role of that name there: the rest is cancelled at tolerance 0."""
    make_set("closed", RULE, ExecutionRoleName="NoSuchRole")
    operation = cfn.create_stack_instances(StackSetName="closed", Accounts=organization.members,
                                           Regions=[REGION])["OperationId"]
    assert ended(cfn, "closed", operation)["Status"] == "FAILED"
    found = results(cfn, "closed", operation)
    first, second = (found[a, REGION] for a in organization.members)
    assert first["Status"] == "FAILED"
    assert "should have 'NoSuchRole' role" in first["StatusReason"]
    assert second["Status"] == "CANCELLED"


def test_an_operation_can_be_stopped(organization, cfn, make_set):
    make_set("stopped", RULE)
    operation = cfn.create_stack_instances(
        StackSetName="stopped", Accounts=organization.members,
        Regions=[REGION, OTHER])["OperationId"]
    cfn.stop_stack_set_operation(StackSetName="stopped", OperationId=operation)
    assert ended(cfn, "stopped", operation)["Status"] == "STOPPED"
    assert "CANCELLED" in [r["Status"] for r in results(cfn, "stopped", operation).values()]
    with fails_with("InvalidOperationException"):
        cfn.stop_stack_set_operation(StackSetName="stopped", OperationId=operation)


def test_what_is_not_done_is_refused(organization, cfn, make_set):
    with fails_with("UnsupportedOperation"):
        cfn.create_stack_set(StackSetName="managed", TemplateBody=RULE,
                             PermissionModel="SERVICE_MANAGED")
    make_set("plain", RULE)
    with fails_with("UnsupportedOperation") as e:
        cfn.update_stack_set(StackSetName="plain", TemplateBody=RULE)
    assert "not supported yet" in e.message
    with fails_with("NameAlreadyExistsException", 409):
        cfn.create_stack_set(StackSetName="plain", TemplateBody=RULE)
    with fails_with("StackSetNotFoundException", 404):
        cfn.describe_stack_set(StackSetName="none")
    for wrong in ({"FailureToleranceCount": 1, "FailureTolerancePercentage": 1},
                  {"RegionOrder": [OTHER]}):
        with fails_with("ValidationError"):
            cfn.create_stack_instances(StackSetName="plain", Accounts=organization.members,
                                       Regions=[REGION], OperationPreferences=wrong)
    assert cfn.list_stack_instances(StackSetName="plain")["Summaries"] == []


def test_a_delegate_needs_permission_to_pass_the_role(plane, organization, cfn, administration):
    iam = plane.client("iam")
    iam.create_user(UserName="sets")
    iam.put_user_policy(UserName="sets", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="sets")["AccessKey"]
    mine = plane.client_with({"aws_access_key_id": key["AccessKeyId"],
                              "aws_secret_access_key": key["SecretAccessKey"]}, "cloudformation")
    role = (f"arn:aws:iam::{plane.management_account}:role/"
            "AWSCloudFormationStackSetAdministrationRole")
    with fails_with("AccessDenied") as e:
        mine.create_stack_set(StackSetName="passes", TemplateBody=RULE, AdministrationRoleARN=role)
    assert "iam:PassRole" in e.message


def test_a_crash_loses_and_doubles_nothing(make_plane):
    plane = make_plane()
    organization = Organization(plane)
    administration_role(plane)
    cfn = plane.client("cloudformation")
    cfn.create_stack_set(StackSetName="crash", TemplateBody=RULE, ExecutionRoleName=MEMBER_ROLE)
    operation = cfn.create_stack_instances(
        StackSetName="crash", Accounts=organization.members, Regions=[REGION, OTHER],
        OperationPreferences={"MaxConcurrentCount": 2, "FailureToleranceCount": 1})["OperationId"]
    for pause in 0.01, 0.1, 0.4:
        time.sleep(pause)  # the moment is what is tried out
        plane.kill()
        plane.restart()
    cfn = plane.client("cloudformation")
    assert ended(cfn, "crash", operation)["Status"] == "SUCCEEDED", results(cfn, "crash", operation)
    for account in organization.members:
        for region in REGION, OTHER:
            assert rules(plane, account, region) == ["rate(1 hour)"]
            stacks = plane.client("cloudformation", account=account, region=region)
            assert len(stacks.list_stacks()["StackSummaries"]) == 1


@pytest.mark.parametrize("path", [SEED / "AWS-SystemsManager-AutomationExecutionRole.yaml",
                                  ROOT / "templates" / "execution-role.yaml"], ids=lambda p: p.name)
def test_the_execution_role_gets_into_every_account(plane, organization, cfn, make_set, path):
    if not path.exists():
        pytest.skip(f"{path} is not there")  # the seed is no part of this repository
    make_set("execution-role", path.read_text(), Parameters=[
        {"ParameterKey": "ManagementAccountNumber", "ParameterValue": organization.management}])
    operation = cfn.create_stack_instances(
        StackSetName="execution-role", Accounts=organization.members, Regions=[REGION],
        OperationPreferences={"MaxConcurrentPercentage": 100,
                              "FailureTolerancePercentage": 100})["OperationId"]
    assert ended(cfn, "execution-role", operation)["Status"] == "SUCCEEDED"
    for account in organization.members:
        plane.client("iam", account=account).get_role(
            RoleName="AWS-SystemsManager-AutomationExecutionRole")


def test_the_tutorial_runs_over_accounts_and_regions(make_plane):
    """Our templates alone: from the function's event to a child in every account and Region,
    through the roles that they make. Hosts are for tests/e2e/hosts; the group is empty."""
    plane = make_plane()
    organization = Organization(plane)
    administration_role(plane)
    cfn = plane.client("cloudformation")
    cfn.create_stack_set(
        StackSetName="execution-role", ExecutionRoleName=MEMBER_ROLE,
        TemplateBody=(ROOT / "templates" / "execution-role.yaml").read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=[
            {"ParameterKey": "ManagementAccountNumber", "ParameterValue": organization.management}])
    ended(cfn, "execution-role", cfn.create_stack_instances(
        StackSetName="execution-role", Accounts=organization.members, Regions=[REGION],
        OperationPreferences={"MaxConcurrentPercentage": 100,
                              "FailureTolerancePercentage": 100})["OperationId"])
    query = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "Fleet"}]}
    for account in organization.members:
        for region in REGION, OTHER:
            plane.client("resource-groups", account=account, region=region).create_group(
                Name="hosts", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)})
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="schedule-patching.zip", Body=FUNCTION.read_bytes())
    cfn.create_stack(
        StackName="schedule", Capabilities=["CAPABILITY_NAMED_IAM"],
        TemplateBody=(ROOT / "templates" / "scheduled-patching.yaml").read_text(),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in {
            "EventBridgeRuleSchedule": "rate(1 day)", "ExistingAutomationAdministrationRole": "",
            "ResourceGroupName": "hosts", "TargetAccounts": ",".join(organization.members),
            "TargetRegionIds": f"{REGION},{OTHER}", "LambdaCodeBucket": "code",
            "TargetLocationMaxConcurrency": "4"}.items()])
    cfn.get_waiter("stack_create_complete").wait(
        StackName="schedule", WaiterConfig={"Delay": 1, "MaxAttempts": 20})

    event = {"id": "11111111-2222-3333-4444-555555555555", "source": "aws.events",
             "detail-type": "Scheduled Event", "time": "2026-01-01T00:00:00Z"}
    answer = plane.client("lambda").invoke(FunctionName="schedule-start",
                                           Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    ssm = plane.client("ssm")

    def over():
        found = ssm.get_automation_execution(
            AutomationExecutionId=payload["AutomationExecutionId"])["AutomationExecution"]
        return found if found["AutomationExecutionStatus"] not in ("Pending", "InProgress") else None

    execution = wait_for(over, 60)
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert len(execution["StepExecutions"]) == 4
    # The execution role opens to the administration role alone.
    with fails_with("AccessDenied"):
        plane.assume(f"arn:aws:iam::{organization.members[0]}:role/"
                     "AWS-SystemsManager-AutomationExecutionRole")
