# SPDX-License-Identifier: Apache-2.0
"""Stacks: created, described, rolled back, deleted, and finished after a crash."""

import json
import os
import pathlib
import random
import time

import botocore.exceptions
import pytest

from conftest import REGION, ROOT, fails_with, wait_for
from schedule_function import ARCHIVE

SEED = pathlib.Path(os.environ.get("PATCHBAY_SEED", ROOT.parent / "shared" / "seed"))

ROLE = """
    Type: AWS::IAM::Role
    Properties:
      RoleName: %s
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
        - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}
      Policies:
      - PolicyName: read
        PolicyDocument:
          Version: '2012-10-17'
          Statement: [{Effect: Allow, Action: 'ssm:Describe*', Resource: '*'}]
      ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess']
"""

GROUP = """
    Type: AWS::ResourceGroups::Group
    Properties:
      Name: %s
      ResourceQuery:
        Type: TAG_FILTERS_1_0
        Query:
          ResourceTypeFilters: ['AWS::AllSupported']
          TagFilters: [{Key: fleet, Values: [!Ref Fleet]}]
"""

TEMPLATE = f"""
AWSTemplateFormatVersion: '2010-09-09'
Description: A role and a group
Parameters:
  Fleet: {{Type: String, Default: web, AllowedPattern: '[a-z]+'}}
  Secret: {{Type: String, NoEcho: true, Default: hush}}
Resources:
  Group:
    DependsOn: Role{GROUP % "!Sub '${Fleet}-hosts'"}
  Role:{ROLE % "!Sub '${AWS::StackName}-role'"}
      Description: !Sub 'of ${{Secret}}'
Outputs:
  RoleArn: {{Value: !GetAtt Role.Arn, Description: The role}}
  Group: {{Value: !Ref Group}}
"""


@pytest.fixture
def cfn(plane):
    return plane.client("cloudformation")


@pytest.fixture
def iam(plane):
    return plane.client("iam")


@pytest.fixture
def make_stack(cfn):
    """Creates a stack and waits for it; deletes it in the end."""
    made = []

    def make(name, body, waits=True, **more):
        more.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        made.append(cfn.create_stack(StackName=name, TemplateBody=body, **more)["StackId"])
        if waits:
            settle(cfn, made[-1])
        return made[-1]

    yield make
    for stack in reversed(made):
        cfn.delete_stack(StackName=stack)
        settle(cfn, stack)


def settle(cfn, stack):
    """Waits until nothing is in progress any more; the stack."""
    def done():
        found = cfn.describe_stacks(StackName=stack)["Stacks"][0]
        return found if not found["StackStatus"].endswith("_IN_PROGRESS") else None
    return wait_for(done)


def story(cfn, stack):
    """The events, oldest first, as (logical id, status)."""
    pages = cfn.get_paginator("describe_stack_events").paginate(StackName=stack)
    events = [e for page in pages for e in page["StackEvents"]]
    return [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(events)]


def test_a_stack_lives_and_dies(cfn, iam, plane):
    stack = cfn.create_stack(
        StackName="lives", TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "Fleet", "ParameterValue": "db"}],
        Tags=[{"Key": "owner", "Value": "ops"}])["StackId"]
    assert stack.startswith(f"arn:aws:cloudformation:{REGION}:{plane.management_account}:stack/lives/")
    cfn.get_waiter("stack_create_complete").wait(
        StackName="lives", WaiterConfig={"Delay": 1, "MaxAttempts": 20})

    found = cfn.describe_stacks(StackName="lives")["Stacks"][0]
    assert found["StackStatus"] == "CREATE_COMPLETE"
    assert found["Description"] == "A role and a group"
    assert found["Tags"] == [{"Key": "owner", "Value": "ops"}]
    assert {p["ParameterKey"]: p["ParameterValue"] for p in found["Parameters"]} == {
        "Fleet": "db", "Secret": "****"}
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found["Outputs"]}
    role = iam.get_role(RoleName="lives-role")["Role"]
    assert outputs == {"RoleArn": role["Arn"], "Group": "db-hosts"}
    assert role["Description"] == "of hush"
    assert {"Key": "owner", "Value": "ops"} in role["Tags"]
    assert {"Key": "aws:cloudformation:stack-id", "Value": stack} in role["Tags"]
    assert iam.list_role_policies(RoleName="lives-role")["PolicyNames"] == ["read"]
    assert len(iam.list_attached_role_policies(RoleName="lives-role")["AttachedPolicies"]) == 1

    assert story(cfn, stack) == [
        ("lives", "CREATE_IN_PROGRESS"),
        ("Role", "CREATE_IN_PROGRESS"), ("Role", "CREATE_IN_PROGRESS"), ("Role", "CREATE_COMPLETE"),
        ("Group", "CREATE_IN_PROGRESS"), ("Group", "CREATE_IN_PROGRESS"),
        ("Group", "CREATE_COMPLETE"), ("lives", "CREATE_COMPLETE")]
    events = cfn.describe_stack_events(StackName="lives")["StackEvents"]
    assert events[-1]["ResourceStatusReason"] == "User Initiated"
    assert "Resource creation Initiated" in [e.get("ResourceStatusReason") for e in events]
    described = [e["ResourceProperties"] for e in events if "ResourceProperties" in e]
    assert any("of ****" in p for p in described) and not any("hush" in p for p in described)

    resources = cfn.list_stack_resources(StackName="lives")["StackResourceSummaries"]
    assert {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources} == {
        "Role": "lives-role", "Group": "db-hosts"}
    detail = cfn.describe_stack_resource(StackName="lives", LogicalResourceId="Group")
    assert detail["StackResourceDetail"]["ResourceStatus"] == "CREATE_COMPLETE"
    assert cfn.describe_stack_resources(
        PhysicalResourceId="lives-role")["StackResources"][0]["StackId"] == stack

    cfn.delete_stack(StackName="lives")
    cfn.get_waiter("stack_delete_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    with fails_with("ValidationError", 400) as e:
        cfn.describe_stacks(StackName="lives")
    assert e.message == "Stack with id lives does not exist"
    with fails_with("NoSuchEntity"):
        iam.get_role(RoleName="lives-role")
    assert story(cfn, stack)[-5:] == [
        ("Group", "DELETE_IN_PROGRESS"), ("Group", "DELETE_COMPLETE"),
        ("Role", "DELETE_IN_PROGRESS"), ("Role", "DELETE_COMPLETE"), ("lives", "DELETE_COMPLETE")]
    summaries = cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert stack in [s["StackId"] for s in summaries]


def test_a_failure_is_rolled_back(cfn, iam, make_stack):
    make_stack("holder", "Resources: {R: {%s}}" % "Type: AWS::IAM::Role, Properties: {RoleName: "
               "taken, AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: "
               "Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}")
    body = f"Resources:\n  First:{ROLE % 'first'}\n  Second:\n    DependsOn: First{ROLE % 'taken'}"
    stack = make_stack("fails", body)
    found = cfn.describe_stacks(StackName=stack)["Stacks"][0]
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    with fails_with("NoSuchEntity"):
        iam.get_role(RoleName="first")
    iam.get_role(RoleName="taken")  # somebody else's stays
    events = cfn.describe_stack_events(StackName=stack)["StackEvents"]
    reason = next(e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED")
    assert "taken already exists" in reason
    reason = next(e["ResourceStatusReason"] for e in events
                  if e["ResourceStatus"] == "ROLLBACK_IN_PROGRESS")
    assert "The following resource(s) failed to create: [Second]" in reason
    with pytest.raises(botocore.exceptions.WaiterError):
        cfn.get_waiter("stack_create_complete").wait(StackName="fails")


@pytest.mark.parametrize("how, status", [
    ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED"), ({"DisableRollback": True}, "CREATE_FAILED"),
    ({"OnFailure": "DELETE"}, "DELETE_COMPLETE")])
def test_a_failure_ends_as_it_was_asked_for(cfn, iam, make_stack, how, status):
    body = f"Resources:\n  First:{ROLE % 'first'}\n  Second:\n    DependsOn: First{ROLE % 'first'}"
    stack = make_stack("ends", body, **how)
    assert cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == status
    if status == "CREATE_FAILED":
        iam.get_role(RoleName="first")
    else:
        with fails_with("NoSuchEntity"):
            iam.get_role(RoleName="first")


def test_capabilities_must_be_acknowledged(cfn):
    for given in [], ["CAPABILITY_IAM"]:
        with fails_with("InsufficientCapabilitiesException", 400) as e:
            cfn.create_stack(StackName="c", TemplateBody=TEMPLATE, Capabilities=given)
        assert e.message == "Requires capabilities : [CAPABILITY_NAMED_IAM]"
    checked = cfn.validate_template(TemplateBody=TEMPLATE)
    assert checked["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert checked["Parameters"][0] == {"ParameterKey": "Fleet", "DefaultValue": "web", "NoEcho": False}
    assert cfn.get_template_summary(TemplateBody=TEMPLATE)["ResourceTypes"] == [
        "AWS::ResourceGroups::Group", "AWS::IAM::Role"]


@pytest.mark.parametrize("more, message", [
    ({"TemplateBody": "Resources: {}"}, "At least one Resources member must be defined"),
    ({"TemplateBody": "Resources: {A: {Type: 'AWS::EC2::Instance'}}"}, "Unrecognized resource types"),
    ({"Parameters": [{"ParameterKey": "Nope", "ParameterValue": "x"}]}, "do not exist in the template"),
    ({"Parameters": [{"ParameterKey": "Fleet", "ParameterValue": "A1"}]}, "Fleet"),
    ({"TemplateBody": TEMPLATE + "#" * 51200}, "less than or equal to 51200"),
    ({"OnFailure": "DELETE", "DisableRollback": True}, "OnFailure"),
])
def test_a_bad_request_makes_no_stack(cfn, more, message):
    request = {"StackName": "bad", "TemplateBody": TEMPLATE,
               "Capabilities": ["CAPABILITY_NAMED_IAM"], **more}
    with fails_with("ValidationError", 400) as e:
        cfn.create_stack(**request)
    assert message in e.message
    with fails_with("ValidationError"):
        cfn.describe_stacks(StackName="bad")


def test_a_name_is_taken_once(cfn, make_stack):
    stack = make_stack("once", TEMPLATE, ClientRequestToken="first-try")
    with fails_with("AlreadyExistsException", 400) as e:
        cfn.create_stack(StackName="once", TemplateBody=TEMPLATE,
                         Capabilities=["CAPABILITY_NAMED_IAM"])
    assert e.message == "Stack [once] already exists"
    assert cfn.create_stack(StackName="once", TemplateBody=TEMPLATE, ClientRequestToken="first-try",
                            Capabilities=["CAPABILITY_NAMED_IAM"])["StackId"] == stack
    assert cfn.get_template(StackName="once")["TemplateBody"] == TEMPLATE


def test_termination_protection_holds(cfn, make_stack):
    make_stack("kept", TEMPLATE, EnableTerminationProtection=True)
    with fails_with("ValidationError"):
        cfn.delete_stack(StackName="kept")
    cfn.update_termination_protection(StackName="kept", EnableTerminationProtection=False)


def test_what_is_retained_stays(cfn, iam, make_stack):
    body = f"Resources:\n  R:\n    DeletionPolicy: Retain{ROLE % 'retained'}"
    stack = make_stack("retains", body)
    cfn.delete_stack(StackName=stack)
    assert settle(cfn, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert ("R", "DELETE_SKIPPED") in story(cfn, stack)
    iam.delete_role_policy(RoleName="retained", PolicyName="read")
    iam.detach_role_policy(RoleName="retained", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.delete_role(RoleName="retained")


def test_what_cannot_be_deleted_is_tried_again(cfn, iam, make_stack):
    stack = make_stack("sticky", TEMPLATE)
    iam.put_role_policy(RoleName="sticky-role", PolicyName="foreign", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}))
    cfn.delete_stack(StackName=stack)
    failed = settle(cfn, stack)
    assert failed["StackStatus"] == "DELETE_FAILED"
    assert "[Role]" in failed["StackStatusReason"]
    iam.delete_role_policy(RoleName="sticky-role", PolicyName="foreign")
    cfn.delete_stack(StackName=stack)
    assert settle(cfn, stack)["StackStatus"] == "DELETE_COMPLETE"


def test_a_stack_acts_as_its_owner(plane, cfn, iam):
    """The caller's own permissions, or the stack's role's."""
    user = iam.create_user(UserName="poor")["User"]["UserName"]
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["cloudformation:*", "iam:PassRole"], "Resource": "*"}]}))
    keys = iam.create_access_key(UserName=user)["AccessKey"]
    mine = plane.client_with({"aws_access_key_id": keys["AccessKeyId"],
                              "aws_secret_access_key": keys["SecretAccessKey"]}, "cloudformation")
    stack = mine.create_stack(StackName="poor", TemplateBody=TEMPLATE,
                              Capabilities=["CAPABILITY_NAMED_IAM"])["StackId"]
    assert settle(cfn, stack)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cfn.describe_stack_events(StackName=stack)["StackEvents"]
    assert any("is not authorized to perform: iam:CreateRole" in e.get("ResourceStatusReason", "")
               for e in events)
    mine.delete_stack(StackName=stack)
    settle(cfn, stack)

    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"},
         "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="rich", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="rich", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    stack = mine.create_stack(StackName="rich", TemplateBody=TEMPLATE, RoleARN=role,
                              Capabilities=["CAPABILITY_NAMED_IAM"])["StackId"]
    assert settle(cfn, stack)["StackStatus"] == "CREATE_COMPLETE"
    mine.delete_stack(StackName=stack)
    assert settle(cfn, stack)["StackStatus"] == "DELETE_COMPLETE"


def test_unknown_properties_fail_clearly(cfn, make_stack):
    stack = make_stack("props", "Resources: {G: {Type: 'AWS::ResourceGroups::Group', "
                                "Properties: {Name: g, Shape: round}}}")
    events = cfn.describe_stack_events(StackName=stack)["StackEvents"]
    assert "Encountered unsupported property Shape" in [e.get("ResourceStatusReason") for e in events]


def test_updates_are_refused_clearly(cfn, make_stack):
    make_stack("fixed", TEMPLATE)
    with fails_with("UnsupportedOperation") as e:
        cfn.update_stack(StackName="fixed", TemplateBody=TEMPLATE)
    assert "not supported yet" in e.message
    with fails_with("UnsupportedOperation") as e:
        cfn.create_change_set(StackName="fixed", ChangeSetName="c", TemplateBody=TEMPLATE,
                              ChangeSetType="UPDATE")
    assert "not supported yet" in e.message


def test_stacks_are_of_a_region(plane, cfn, make_stack):
    stack = make_stack("regional", TEMPLATE)
    with fails_with("ValidationError"):
        plane.client("cloudformation", region="eu-west-1").describe_stacks(StackName=stack)


RULES = "Resources:\n" + "".join(f"""
  Rule{i}:
    Type: AWS::Events::Rule
    {"DependsOn: Rule%d" % (i - 1) if i else "DeletionPolicy: Delete"}
    Properties: {{ScheduleExpression: rate(1 hour), Name: rule-{i}}}
  Role{i}:{ROLE % f"crash-{i}"}""" for i in range(12))


def test_a_crash_loses_and_doubles_nothing(make_plane):
    plane = make_plane()
    cfn = plane.client("cloudformation")
    stack = cfn.create_stack(StackName="crash", TemplateBody=RULES,
                             Capabilities=["CAPABILITY_NAMED_IAM"])["StackId"]
    dice = random.Random(1)
    for n_events in range(4, 70, 5):
        cfn = plane.client("cloudformation")
        wait_for(lambda: len(story(cfn, stack)) >= n_events, pause=0.001)
        time.sleep(dice.uniform(0, 0.01))  # the moment is what is tried out
        plane.kill()
        plane.restart()
    cfn = plane.client("cloudformation")
    found = settle(cfn, stack)
    assert found["StackStatus"] == "CREATE_COMPLETE", story(cfn, stack)
    assert len(cfn.list_stack_resources(StackName=stack)["StackResourceSummaries"]) == 24
    completed = [name for name, status in story(cfn, stack) if status == "CREATE_COMPLETE"]
    assert len(completed) == len(set(completed)) == 25
    assert len(plane.client("events").list_rules(NamePrefix="rule-")["Rules"]) == 12
    roles = [r["RoleName"] for r in plane.client("iam").list_roles()["Roles"]]
    assert len([r for r in roles if r.startswith("crash-")]) == 12

    cfn.delete_stack(StackName=stack)
    plane.kill()
    plane.restart()
    cfn = plane.client("cloudformation")
    assert settle(cfn, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert plane.client("events").list_rules(NamePrefix="rule-")["Rules"] == []


def test_a_stack_can_be_deleted_while_it_is_created(cfn, make_stack, plane):
    stack = make_stack("hasty", RULES, waits=False)
    cfn.delete_stack(StackName=stack)
    assert settle(cfn, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert plane.client("events").list_rules(NamePrefix="rule-")["Rules"] == []


# --- the templates of the tutorial, and ours ---------------------------------------------------

def role_template(path):
    if not path.exists():
        pytest.skip(f"{path} is not there")  # the seed is no part of this repository
    return path.read_text()


@pytest.mark.parametrize("path", [SEED / "AWS-SystemsManager-AutomationExecutionRole.yaml",
                                  ROOT / "templates" / "execution-role.yaml"], ids=lambda p: p.name)
def test_the_execution_role_is_made(cfn, iam, make_stack, plane, path):
    account = plane.management_account
    stack = make_stack("execution-role", role_template(path), Parameters=[
        {"ParameterKey": "ManagementAccountNumber", "ParameterValue": account}])
    assert cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    role = iam.get_role(RoleName="AWS-SystemsManager-AutomationExecutionRole")["Role"]
    principals = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert f"arn:aws:iam::{account}:root" in json.dumps(principals)
    assert iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]


SCHEDULE = [{"ParameterKey": k, "ParameterValue": v} for k, v in {
    "EventBridgeRuleSchedule": "rate(1 day)", "ExistingAutomationAdministrationRole": "",
    "ResourceGroupName": "hosts", "TargetAccounts": "111111111111", "MaximumErrors": "3",
    "TargetRegionIds": "us-east-1"}.items()]


def test_the_schedule_stack_of_the_tutorial_is_made(cfn, make_stack, plane):
    body = role_template(SEED / "Scheduled-Patch-Automation.yaml")
    stack = make_stack("schedule", body, Parameters=SCHEDULE)
    assert cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", \
        cfn.describe_stack_events(StackName=stack)["StackEvents"]
    functions = plane.client("lambda")
    function = functions.get_function(FunctionName="MultiAccountPatchingBlog")["Configuration"]
    assert function["Environment"]["Variables"]["TargetAccounts"] == "111111111111"
    policy = json.loads(functions.get_policy(FunctionName="MultiAccountPatchingBlog")["Policy"])
    assert len(policy["Statement"]) == 1
    rule = "Schedule-Trigger-for-Lambda-MultiAccountPatchingBlog"
    targets = plane.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    assert [t["Arn"] for t in targets] == [function["FunctionArn"]]
    document = plane.client("ssm").get_document(Name="Automation-RunPatchBaseline")
    content = json.loads(document["Content"])
    inputs = content["mainSteps"][0]["inputs"]
    assert inputs["Targets"][0]["Values"] == ["hosts"]
    assert (inputs["MaxConcurrency"], inputs["MaxErrors"]) == ("10%", "3")


def test_our_templates_take_what_the_tutorials_take(cfn):
    """Every parameter, its default and its allowed values."""
    for theirs, ours in [("AWS-SystemsManager-AutomationExecutionRole.yaml", "execution-role.yaml"),
                         ("Scheduled-Patch-Automation.yaml", "scheduled-patching.yaml")]:
        def parameters(body):
            found = cfn.get_template_summary(TemplateBody=body)["Parameters"]
            return {p["ParameterKey"]: (p.get("DefaultValue"), p["ParameterType"],
                                        p.get("ParameterConstraints")) for p in found}
        expected = parameters(role_template(SEED / theirs))
        assert expected.items() <= parameters((ROOT / "templates" / ours).read_text()).items()


def test_our_templates_are_valid(cfn):
    for path in sorted((ROOT / "templates").glob("*.yaml")):
        assert cfn.validate_template(TemplateBody=path.read_text())["Description"]


def test_the_stack_set_administration_role_is_made(cfn, make_stack, plane):
    body = (ROOT / "templates" / "stackset-administration-role.yaml").read_text()
    stack = make_stack("administration", body)
    outputs = cfn.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    assert outputs[0]["OutputValue"] == (f"arn:aws:iam::{plane.management_account}:role/"
                                         "AWSCloudFormationStackSetAdministrationRole")


def test_our_schedule_stack_is_made(cfn, make_stack, plane):
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="function-code")
    s3.put_object(Bucket="function-code", Key="schedule-patching.zip", Body=ARCHIVE.read_bytes())
    body = (ROOT / "templates" / "scheduled-patching.yaml").read_text()
    stack = make_stack("ours", body, Parameters=SCHEDULE + [
        {"ParameterKey": "LambdaCodeBucket", "ParameterValue": "function-code"}])
    found = cfn.describe_stacks(StackName=stack)["Stacks"][0]
    assert found["StackStatus"] == "CREATE_COMPLETE", story(cfn, stack)
    order = [name for name, status in story(cfn, stack) if status == "CREATE_COMPLETE"]
    assert order.index("Permission") < order.index("Rule")
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found["Outputs"]}
    assert outputs["RuleName"] == "ours-schedule" and outputs["FunctionName"] == "ours-start"


def test_a_role_that_there_is_already_is_used(cfn, iam, make_stack, plane):
    role = f"arn:aws:iam::{plane.management_account}:role/my-administration"
    body = (ROOT / "templates" / "scheduled-patching.yaml").read_text()
    given = [p for p in SCHEDULE if p["ParameterKey"] != "ExistingAutomationAdministrationRole"]
    stack = make_stack("existing", body, Parameters=given + [
        {"ParameterKey": "ExistingAutomationAdministrationRole", "ParameterValue": role},
        {"ParameterKey": "LambdaCodeBucket", "ParameterValue": "no-such-code"}])
    # There is no such archive: the function fails, and all that was made goes again.
    found = cfn.describe_stacks(StackName=stack)["Stacks"][0]
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    made = {name for name, status in story(cfn, stack) if status == "CREATE_COMPLETE"}
    assert made == {"Runbook", "FunctionRole"}  # and no administration role
    with fails_with("NoSuchEntity"):
        iam.get_role(RoleName="AWS-SystemsManager-AutomationAdministrationRole")
