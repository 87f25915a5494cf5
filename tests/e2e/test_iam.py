# SPDX-License-Identifier: Apache-2.0
"""Users, roles, keys and policies: kept, bounded, and enforced on the very next call."""

import json
import re

import pytest

from conftest import Plane, RAW_CLIENT, fails_with

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def policy(action="iam:ListUsers", resource="*", effect="Allow", **more):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": effect, "Action": action, "Resource": resource,
                                      **more}]})


def trust(service="lambda.amazonaws.com"):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": "Allow", "Principal": {"Service": service},
                                      "Action": "sts:AssumeRole"}]})


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A plane of this file's own: it counts what is in the account."""
    plane = Plane(tmp_path_factory.mktemp("iam") / "data").start()
    yield plane
    assert plane.stop() == 0, plane.log_text()


@pytest.fixture
def iam(own):
    return own.client("iam")


@pytest.fixture
def account(own):
    return own.management_account


def empty(iam, kind, name):
    """Takes all policies off a user or role."""
    named = {f"{kind}Name": name}
    kind = kind.lower()
    for p in getattr(iam, f"list_attached_{kind}_policies")(**named)["AttachedPolicies"]:
        getattr(iam, f"detach_{kind}_policy")(**named, PolicyArn=p["PolicyArn"])
    for p in getattr(iam, f"list_{kind}_policies")(**named)["PolicyNames"]:
        getattr(iam, f"delete_{kind}_policy")(**named, PolicyName=p)


@pytest.fixture
def user(iam):
    iam.create_user(UserName="casey")
    yield "casey"
    for key in iam.list_access_keys(UserName="casey")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="casey", AccessKeyId=key["AccessKeyId"])
    empty(iam, "User", "casey")
    iam.delete_user(UserName="casey")


@pytest.fixture
def role(iam):
    iam.create_role(RoleName="helper", AssumeRolePolicyDocument=trust())
    yield "helper"
    empty(iam, "Role", "helper")
    iam.delete_role(RoleName="helper")


@pytest.fixture
def as_user(own, iam, user):
    """IAM as casey, who starts without any policy."""
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return own.client_with({"aws_access_key_id": key["AccessKeyId"],
                            "aws_secret_access_key": key["SecretAccessKey"]}, "iam")


# --- users ---

def test_a_user_lives_and_dies(iam, account):
    made = iam.create_user(UserName="kim", Path="/team/", Tags=[{"Key": "a", "Value": "b"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{account}:user/team/kim"
    assert re.fullmatch("AIDA[A-Z2-7]{17}", made["UserId"])
    told = iam.get_user(UserName="kim")["User"]
    assert told == made
    assert told["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.delete_user(UserName="kim")
    with fails_with("NoSuchEntity", 404) as e:
        iam.get_user(UserName="kim")
    assert e.message == "The user with name kim cannot be found."


def test_names_differ_in_more_than_case(iam, user):
    with fails_with("EntityAlreadyExists", 409) as e:
        iam.create_user(UserName="CASEY")
    assert e.message == "User with name CASEY already exists."


def test_get_user_without_a_name_is_the_caller(own, iam, account):
    assert iam.get_user()["User"]["UserName"] == "admin"
    root = own.client("iam", profile="management-root").get_user()["User"]
    assert root["Arn"] == f"arn:aws:iam::{account}:root"
    assert root["UserId"] == account


def test_users_are_renamed_with_all_they_have(iam, user, account):
    iam.tag_user(UserName=user, Tags=[{"Key": "stage", "Value": "test"}])
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy())
    iam.update_user(UserName=user, NewUserName="robin", NewPath="/moved/")
    told = iam.get_user(UserName="robin")["User"]
    assert told["Arn"] == f"arn:aws:iam::{account}:user/moved/robin"
    assert told["Tags"] == [{"Key": "stage", "Value": "test"}]
    assert iam.list_user_policies(UserName="robin")["PolicyNames"] == ["p"]
    with fails_with("EntityAlreadyExists", 409):
        iam.update_user(UserName="robin", NewUserName="admin")
    iam.update_user(UserName="robin", NewUserName=user, NewPath="/")


def test_users_are_paged_and_filtered_by_path(iam):
    names = [f"page{i}" for i in range(5)]
    for name in names:
        iam.create_user(UserName=name, Path="/pages/")
    listed, marker = [], {}
    while True:
        page = iam.list_users(PathPrefix="/pages/", MaxItems=2, **marker)
        listed += [u["UserName"] for u in page["Users"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert listed == names
    assert "casey" not in listed
    for name in names:
        iam.delete_user(UserName=name)


def test_a_user_with_anything_left_stays(iam):
    iam.create_user(UserName="busy")
    key = iam.create_access_key(UserName="busy")["AccessKey"]["AccessKeyId"]
    iam.attach_user_policy(UserName="busy", PolicyArn=READ_ONLY)
    iam.put_user_policy(UserName="busy", PolicyName="p", PolicyDocument=policy())
    with fails_with("DeleteConflict", 409) as e:
        iam.delete_user(UserName="busy")
    assert "access keys" in e.message
    iam.delete_access_key(UserName="busy", AccessKeyId=key)
    with fails_with("DeleteConflict", 409) as e:
        iam.delete_user(UserName="busy")
    assert "detach all policies" in e.message
    iam.detach_user_policy(UserName="busy", PolicyArn=READ_ONLY)
    with fails_with("DeleteConflict", 409) as e:
        iam.delete_user(UserName="busy")
    assert "delete policies" in e.message
    iam.delete_user_policy(UserName="busy", PolicyName="p")
    iam.delete_user(UserName="busy")


# --- access keys ---

def test_keys_work_until_they_are_inactive_or_gone(own, iam, user):
    key = iam.create_access_key(UserName=user)["AccessKey"]
    assert re.fullmatch("AKIA[A-Z2-7]{16}", key["AccessKeyId"])
    assert len(key["SecretAccessKey"]) == 40
    sts = own.client_with({"aws_access_key_id": key["AccessKeyId"],
                           "aws_secret_access_key": key["SecretAccessKey"]}, "sts")
    assert sts.get_caller_identity()["Arn"].endswith(f"user/{user}")
    listed, = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert listed["Status"] == "Active" and "SecretAccessKey" not in listed
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with fails_with("InvalidClientTokenId", 403):
        sts.get_caller_identity()
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Active")
    sts.get_caller_identity()
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    with fails_with("InvalidClientTokenId", 403):
        sts.get_caller_identity()


def test_a_user_has_two_keys_at_most(iam, user):
    iam.create_access_key(UserName=user)
    iam.create_access_key(UserName=user)
    with fails_with("LimitExceeded", 409) as e:
        iam.create_access_key(UserName=user)
    assert e.message == "Cannot exceed quota for AccessKeysPerUser: 2"


def test_secrets_are_not_in_the_database(own, iam, user):
    secret = iam.create_access_key(UserName=user)["AccessKey"]["SecretAccessKey"]
    kept = b"".join(f.read_bytes() for f in own.data.iterdir()
                    if f.is_file() and f.name != "credentials")
    assert user.encode() in kept and secret.encode() not in kept


def test_a_key_of_somebody_else_is_not_found(iam, user):
    key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    with fails_with("NoSuchEntity", 404):
        iam.delete_access_key(AccessKeyId=key)  # the caller's own, and it is not


# --- roles ---

def test_a_role_lives_and_dies(iam, account):
    made = iam.create_role(RoleName="batch", Path="/service/", Description="nightly",
                           AssumeRolePolicyDocument=trust(), MaxSessionDuration=7200,
                           Tags=[{"Key": "k", "Value": "v"}])["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account}:role/service/batch"
    assert re.fullmatch("AROA[A-Z2-7]{17}", made["RoleId"])
    assert made["AssumeRolePolicyDocument"] == json.loads(trust())
    assert iam.get_role(RoleName="batch")["Role"] == made
    listed = {r["RoleName"] for r in iam.list_roles(PathPrefix="/service/")["Roles"]}
    assert listed == {"batch"}
    with fails_with("EntityAlreadyExists", 409) as e:
        iam.create_role(RoleName="Batch", AssumeRolePolicyDocument=trust())
    assert e.message == "Role with name Batch already exists."
    iam.delete_role(RoleName="batch")
    with fails_with("NoSuchEntity", 404):
        iam.get_role(RoleName="batch")


def test_roles_change(iam, role):
    iam.update_role(RoleName=role, Description="new", MaxSessionDuration=3700)
    told = iam.get_role(RoleName=role)["Role"]
    assert (told["Description"], told["MaxSessionDuration"]) == ("new", 3700)
    iam.update_role_description(RoleName=role, Description="newer")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust("ssm.amazonaws.com"))
    told = iam.get_role(RoleName=role)["Role"]
    assert told["Description"] == "newer"
    assert told["AssumeRolePolicyDocument"] == json.loads(trust("ssm.amazonaws.com"))


def test_a_role_with_policies_stays(iam):
    iam.create_role(RoleName="kept", AssumeRolePolicyDocument=trust())
    iam.put_role_policy(RoleName="kept", PolicyName="p", PolicyDocument=policy())
    with fails_with("DeleteConflict", 409):
        iam.delete_role(RoleName="kept")
    iam.delete_role_policy(RoleName="kept", PolicyName="p")
    iam.delete_role(RoleName="kept")


def test_roles_are_tagged(iam, role):
    iam.tag_role(RoleName=role, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}])
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "3"}])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [
        {"Key": "a", "Value": "3"}, {"Key": "b", "Value": "2"}]
    iam.untag_role(RoleName=role, TagKeys=["a", "never"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "b", "Value": "2"}]
    with fails_with("ValidationError", 400):
        iam.tag_role(RoleName=role, Tags=[{"Key": "aws:no", "Value": ""}])


@pytest.mark.parametrize("document", [
    "not json", "{}", "[]", policy(effect="Perhaps"), policy(action=[]),
    policy(action="no-colon"),
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}'])
def test_malformed_policies_are_refused(iam, role, document):
    with fails_with("MalformedPolicyDocument", 400):
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document)
    with fails_with("MalformedPolicyDocument", 400):
        iam.create_policy(PolicyName="p", PolicyDocument=document)


def test_a_trust_policy_names_somebody(iam):
    for document in policy(), policy("sts:AssumeRole"), "{}":
        with fails_with("MalformedPolicyDocument", 400):
            iam.create_role(RoleName="nobodys", AssumeRolePolicyDocument=document)


# --- inline policies ---

@pytest.mark.parametrize("kind", ["User", "Role"])
def test_inline_policies_are_kept_as_written(iam, user, role, kind):
    named = {f"{kind}Name": user if kind == "User" else role}
    kind = kind.lower()
    written = policy(Condition={"StringLike": {"aws:PrincipalArn": "arn:*:ä b+c%/*"}})
    getattr(iam, f"put_{kind}_policy")(**named, PolicyName="p", PolicyDocument=policy())
    getattr(iam, f"put_{kind}_policy")(**named, PolicyName="p", PolicyDocument=written)
    told = getattr(iam, f"get_{kind}_policy")(**named, PolicyName="p")
    assert told["PolicyDocument"] == json.loads(written)
    assert getattr(iam, f"list_{kind}_policies")(**named)["PolicyNames"] == ["p"]
    with fails_with("NoSuchEntity", 404) as e:
        getattr(iam, f"get_{kind}_policy")(**named, PolicyName="q")
    assert e.message == f"The {kind} policy with name q cannot be found."


def test_inline_policies_share_a_quota(iam, role):
    big = policy(resource=["arn:aws:s3:::" + "x" * 5000])
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=big)
    iam.put_role_policy(RoleName=role, PolicyName="two", PolicyDocument=big)
    with fails_with("LimitExceeded", 409) as e:
        iam.put_role_policy(RoleName=role, PolicyName="three", PolicyDocument=big)
    assert e.message == "Maximum policy size of 10240 bytes exceeded for role helper"
    iam.put_role_policy(RoleName=role, PolicyName="two", PolicyDocument=big)  # replaced, not added


# --- managed policies ---

@pytest.fixture
def managed(iam):
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=policy(), Path="/p/",
                            Description="lists")["Policy"]["Arn"]
    yield arn
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def test_managed_policies_are_described(iam, managed, account):
    told = iam.get_policy(PolicyArn=managed)["Policy"]
    assert told["Arn"] == f"arn:aws:iam::{account}:policy/p/managed"
    assert (told["DefaultVersionId"], told["AttachmentCount"]) == ("v1", 0)
    assert told["Description"] == "lists" and told["IsAttachable"]
    version = iam.get_policy_version(PolicyArn=managed, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(policy()) and version["IsDefaultVersion"]
    with fails_with("EntityAlreadyExists", 409):
        iam.create_policy(PolicyName="managed", PolicyDocument=policy())


def test_attached_policies_count(iam, managed, user, role):
    iam.attach_user_policy(UserName=user, PolicyArn=managed)
    iam.attach_role_policy(RoleName=role, PolicyArn=managed)
    iam.attach_role_policy(RoleName=role, PolicyArn=managed)  # again: no harm
    assert iam.get_policy(PolicyArn=managed)["Policy"]["AttachmentCount"] == 2
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [
        {"PolicyName": "managed", "PolicyArn": managed}]
    with fails_with("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=managed)
    iam.detach_user_policy(UserName=user, PolicyArn=managed)
    iam.detach_role_policy(RoleName=role, PolicyArn=managed)
    with fails_with("NoSuchEntity", 404):
        iam.detach_role_policy(RoleName=role, PolicyArn=managed)


def test_only_what_exists_is_attached(iam, role, account):
    for arn in (f"arn:aws:iam::{account}:policy/none", "arn:aws:iam::aws:policy/NoSuchPolicy",
                "arn:aws:iam::999999999999:policy/theirs"):
        with fails_with("NoSuchEntity", 404) as e:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        assert e.message == f"Policy {arn} does not exist or is not attachable."


def test_versions_take_over_at_once(iam, managed, as_user, user):
    iam.attach_user_policy(UserName=user, PolicyArn=managed)
    assert as_user.list_users()["Users"]
    made = iam.create_policy_version(PolicyArn=managed, PolicyDocument=policy("iam:ListRoles"),
                                     SetAsDefault=True)["PolicyVersion"]
    assert made["VersionId"] == "v2"
    with fails_with("AccessDenied", 403):
        as_user.list_users()
    as_user.list_roles()
    iam.set_default_policy_version(PolicyArn=managed, VersionId="v1")
    assert as_user.list_users()["Users"]
    with fails_with("DeleteConflict", 409):
        iam.delete_policy_version(PolicyArn=managed, VersionId="v1")
    iam.detach_user_policy(UserName=user, PolicyArn=managed)
    with fails_with("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=managed)


def test_a_policy_has_five_versions_at_most(iam, managed):
    for _ in range(4):
        iam.create_policy_version(PolicyArn=managed, PolicyDocument=policy())
    with fails_with("LimitExceeded", 409):
        iam.create_policy_version(PolicyArn=managed, PolicyDocument=policy())
    versions = iam.list_policy_versions(PolicyArn=managed)["Versions"]
    assert [v["VersionId"] for v in versions] == ["v5", "v4", "v3", "v2", "v1"]


def test_awss_policies_are_there_and_stay(iam):
    listed = {p["PolicyName"]: p for p in iam.list_policies(Scope="AWS")["Policies"]}
    assert set(listed) >= {"AdministratorAccess", "ReadOnlyAccess",
                           "AmazonSSMManagedInstanceCore", "AmazonSSMAutomationRole",
                           "AWSLambdaBasicExecutionRole"}
    assert listed["AWSLambdaBasicExecutionRole"]["Path"] == "/service-role/"
    document = iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId="v1")
    assert document["PolicyVersion"]["Document"]["Statement"][0]["Action"] == ["*"]
    with fails_with("InvalidInput", 400):
        iam.delete_policy(PolicyArn=ADMINISTRATOR)
    with fails_with("InvalidInput", 400):
        iam.create_policy_version(PolicyArn=ADMINISTRATOR, PolicyDocument=policy())


def test_policies_are_listed_by_scope_and_use(iam, managed):
    def names(**filters):
        return {p["PolicyName"] for p in iam.list_policies(**filters)["Policies"]}

    assert names(Scope="Local") == {"managed"}
    assert "managed" in names() and "ReadOnlyAccess" in names()
    assert names(OnlyAttached=True) == {"AdministratorAccess"}  # the user admin's
    assert names(PathPrefix="/p/") == {"managed"}
    page = iam.list_policies(MaxItems=1)
    assert page["IsTruncated"] and len(page["Policies"]) == 1
    more = iam.list_policies(Marker=page["Marker"])
    assert len(more["Policies"]) == len(names()) - 1


# --- what policies do ---

def test_nothing_is_allowed_without_a_policy(as_user, account):
    with fails_with("AccessDenied", 403) as e:
        as_user.create_user(UserName="x")
    assert e.message == (
        f"User: arn:aws:iam::{account}:user/casey is not authorized to perform: iam:CreateUser "
        f"on resource: arn:aws:iam::{account}:user/x because no identity-based policy allows "
        "the iam:CreateUser action")


def test_a_deny_wins(iam, user, as_user):
    iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    as_user.list_users()
    iam.put_user_policy(UserName=user, PolicyName="no",
                        PolicyDocument=policy("iam:List*", effect="Deny"))
    with fails_with("AccessDenied", 403) as e:
        as_user.list_users()
    assert e.message.endswith("with an explicit deny in an identity-based policy")


def test_resources_are_matched_with_their_paths(iam, user, as_user, account):
    iam.put_user_policy(UserName=user, PolicyName="own-path", PolicyDocument=policy(
        "iam:*User", f"arn:aws:iam::{account}:user/mine/*"))
    as_user.create_user(UserName="pat", Path="/mine/")
    assert as_user.get_user(UserName="pat")["User"]["Path"] == "/mine/"
    with fails_with("AccessDenied", 403):
        as_user.create_user(UserName="out", Path="/theirs/")
    with fails_with("AccessDenied", 403):
        as_user.get_user(UserName="admin")
    # nor is anybody moved out of it
    with fails_with("AccessDenied", 403):
        as_user.update_user(UserName="pat", NewPath="/theirs/")
    as_user.delete_user(UserName="pat")


def test_a_boundary_limits_what_policies_give(iam, user, as_user, managed):
    iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=managed)
    assert iam.get_user(UserName=user)["User"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": managed}
    as_user.list_users()
    with fails_with("AccessDenied", 403) as e:
        as_user.list_roles()
    assert "permissions boundary" in e.message
    with fails_with("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=managed)
    iam.delete_user_permissions_boundary(UserName=user)
    as_user.list_roles()


def test_who_may_attach_what_can_be_limited(iam, user, role, as_user):
    iam.put_user_policy(UserName=user, PolicyName="attach", PolicyDocument=policy(
        "iam:AttachRolePolicy", Condition={"ArnEquals": {"iam:PolicyARN": READ_ONLY}}))
    as_user.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    with fails_with("AccessDenied", 403):
        as_user.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)


def test_creation_can_be_tied_to_a_boundary_and_tags(iam, user, as_user, managed):
    iam.put_user_policy(UserName=user, PolicyName="create", PolicyDocument=policy(
        "iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": managed,
                                                      "aws:RequestTag/team": "blue"}}))
    good = {"PermissionsBoundary": managed, "Tags": [{"Key": "team", "Value": "blue"}]}
    for bad in ({}, {"PermissionsBoundary": managed}, {"Tags": good["Tags"]},
                {**good, "Tags": [{"Key": "team", "Value": "red"}]}):
        with fails_with("AccessDenied", 403):
            as_user.create_role(RoleName="tied", AssumeRolePolicyDocument=trust(), **bad)
    as_user.create_role(RoleName="tied", AssumeRolePolicyDocument=trust(), **good)
    iam.delete_role(RoleName="tied")


def test_tags_of_a_resource_are_conditions(iam, user, role, as_user):
    iam.put_user_policy(UserName=user, PolicyName="tagged", PolicyDocument=policy(
        ["iam:GetRole", "iam:UntagRole"],
        Condition={"StringEquals": {"aws:ResourceTag/open": "yes"}}))
    with fails_with("AccessDenied", 403):
        as_user.untag_role(RoleName=role, TagKeys=["open"])
    with fails_with("AccessDenied", 403):
        as_user.get_role(RoleName=role)
    iam.tag_role(RoleName=role, Tags=[{"Key": "open", "Value": "yes"}])
    as_user.get_role(RoleName=role)
    as_user.untag_role(RoleName=role, TagKeys=["open"])


# --- requests ---

def test_bad_requests_are_refused(own):
    raw = own.client("iam", config=RAW_CLIENT)
    for bad in ({}, {"UserName": ""}, {"UserName": "sp ace"}, {"UserName": "x" * 65},
                {"UserName": "x", "Path": "no-slash"}):
        with fails_with("ValidationError", 400):
            raw.create_user(**bad)
    with fails_with("ValidationError", 400):
        raw.list_users(MaxItems=0)
    with fails_with("ValidationError", 400):
        raw.list_users(Marker="forged")
    with fails_with("InvalidAction", 400):
        raw.list_groups()


def test_everything_survives_a_restart(make_plane):
    plane = make_plane()
    iam = plane.client("iam")
    iam.create_role(RoleName="lasting", AssumeRolePolicyDocument=trust())
    iam.put_role_policy(RoleName="lasting", PolicyName="p", PolicyDocument=policy())
    plane.kill()
    plane.restart()
    told = plane.client("iam").get_role_policy(RoleName="lasting", PolicyName="p")
    assert told["PolicyDocument"] == json.loads(policy())
