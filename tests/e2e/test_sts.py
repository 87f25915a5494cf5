# SPDX-License-Identifier: Apache-2.0
"""Temporary credentials: who may assume what, for how long, and what is told of it."""

import json

import pytest

from conftest import RAW_CLIENT, fails_with


def trust(**principal):
    return {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal,
                           "Action": "sts:AssumeRole"}]}


@pytest.fixture
def iam(plane):
    return plane.client("iam")


@pytest.fixture
def make_role(plane, iam):
    made = []

    def make(name, policy, **more):
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy),
                               **more)["Role"]
        made.append(name)
        return role

    yield make
    for name in made:
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=inline)
        iam.delete_role(RoleName=name)


@pytest.fixture
def user_keys(plane, iam):
    """The keys of a fresh user without any policy."""
    made = []

    def make(name):
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made.append((name, key["AccessKeyId"]))
        return {"aws_access_key_id": key["AccessKeyId"],
                "aws_secret_access_key": key["SecretAccessKey"]}

    yield make
    for name, key in made:
        iam.delete_access_key(UserName=name, AccessKeyId=key)
        for inline in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=inline)
        iam.delete_user(UserName=name)


def root_of(plane):
    return f"arn:aws:iam::{plane.management_account}:root"


def test_a_user_knows_who_it_is(plane):
    who = plane.client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:iam::{who['Account']}:user/admin"
    assert who["UserId"].startswith("AIDA")


def test_root_knows_who_it_is(plane):
    who = plane.client("sts", profile="management-root").get_caller_identity()
    assert who["Arn"] == root_of(plane)
    assert who["UserId"] == who["Account"]


def test_a_caller_without_permissions_knows_who_it_is(plane, user_keys):
    keys = user_keys("nobody")
    who = plane.client_with(keys, "sts").get_caller_identity()
    assert who["Arn"].endswith(":user/nobody")
    with fails_with("AccessDenied", 403) as e:
        plane.client_with(keys, "iam").list_users()
    assert "is not authorized to perform: iam:ListUsers" in e.message


def test_an_assumed_role_acts_as_its_session(plane, make_role):
    role = make_role("worker", trust(AWS=root_of(plane)), Path="/jobs/")
    keys = plane.assume(role["Arn"], "night-shift")
    assert keys["aws_access_key_id"].startswith("ASIA")
    who = plane.client_with(keys, "sts").get_caller_identity()
    # the path is no part of a session's ARN
    assert who["Arn"].endswith(":assumed-role/worker/night-shift")
    assert who["UserId"] == role["RoleId"] + ":night-shift"


def test_a_session_may_do_what_its_role_may(plane, iam, make_role):
    role = make_role("reader", trust(AWS=root_of(plane)))
    session = plane.client_with(plane.assume(role["Arn"]), "iam")
    with fails_with("AccessDenied", 403):
        session.list_roles()
    iam.attach_role_policy(RoleName="reader", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert session.list_roles()["Roles"]
    with fails_with("AccessDenied", 403):
        session.create_user(UserName="no")
    # and a revocation holds for the very next call
    iam.detach_role_policy(RoleName="reader", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    with fails_with("AccessDenied", 403):
        session.list_roles()


def test_a_session_policy_only_takes_away(plane, iam, make_role):
    role = make_role("wide", trust(AWS=root_of(plane)))
    iam.attach_role_policy(RoleName="wide",
                           PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    narrow = {"Version": "2012-10-17",
              "Statement": {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}}
    session = plane.client_with(plane.assume(role["Arn"], Policy=json.dumps(narrow)), "iam")
    assert session.list_users()["Users"]
    with fails_with("AccessDenied", 403):
        session.list_roles()
    with fails_with("MalformedPolicyDocument", 400):
        plane.assume(role["Arn"], Policy="{}")


def test_root_cannot_assume_roles(plane, make_role):
    role = make_role("not-for-root", trust(AWS=root_of(plane)))
    with fails_with("AccessDenied", 403) as e:
        plane.assume(role["Arn"], keys=plane.keys("management-root"))
    assert e.message == "Roles may not be assumed by root accounts."


def test_refusals_do_not_tell_whether_there_is_such_a_role(plane, user_keys, make_role):
    keys = user_keys("curious")
    there = make_role("there", trust(Service="lambda.amazonaws.com"))["Arn"]
    absent = there.replace("role/there", "role/absent")
    for arn in there, absent:
        with fails_with("AccessDenied", 403) as e:
            plane.assume(arn, keys=keys)
        assert e.message == (f"User: arn:aws:iam::{plane.management_account}:user/curious is not "
                             f"authorized to perform: sts:AssumeRole on resource: {arn}")


def test_trust_in_the_account_needs_the_callers_own_permission(plane, iam, user_keys, make_role):
    keys = user_keys("hopeful")
    role = make_role("account-trust", trust(AWS=root_of(plane)))["Arn"]
    with fails_with("AccessDenied", 403):
        plane.assume(role, keys=keys)
    iam.put_user_policy(UserName="hopeful", PolicyName="assume", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
                                                "Resource": role}}))
    plane.assume(role, keys=keys)


def test_trust_in_the_user_is_enough_within_an_account(plane, user_keys, make_role):
    keys = user_keys("trusted")
    user = f"arn:aws:iam::{plane.management_account}:user/trusted"
    plane.assume(make_role("user-trust", trust(AWS=user))["Arn"], keys=keys)


def test_an_external_id_must_be_the_agreed_one(plane, make_role):
    policy = trust(AWS=root_of(plane))
    policy["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "agreed"}}
    role = make_role("for-a-third-party", policy)["Arn"]
    plane.assume(role, ExternalId="agreed")
    for more in {}, {"ExternalId": "other"}:
        with fails_with("AccessDenied", 403):
            plane.assume(role, **more)


def test_the_length_of_a_session_is_bounded(plane, make_role):
    short = make_role("short", trust(AWS=root_of(plane)))["Arn"]
    long = make_role("long", trust(AWS=root_of(plane)), MaxSessionDuration=7200)["Arn"]
    plane.assume(long, DurationSeconds=7200)
    with fails_with("ValidationError", 400) as e:
        plane.assume(short, DurationSeconds=3601)
    assert "MaxSessionDuration" in e.message
    with fails_with("ValidationError", 400):
        plane.client("sts", config=RAW_CLIENT).assume_role(
            RoleArn=long, RoleSessionName="test", DurationSeconds=899)


def test_chained_sessions_last_an_hour_at_most(plane, iam, make_role):
    first = make_role("first", trust(AWS=root_of(plane)))["Arn"]
    second = make_role("second", trust(AWS=first), MaxSessionDuration=7200)["Arn"]
    keys = plane.assume(first)
    plane.assume(second, keys=keys, DurationSeconds=3600)
    with fails_with("ValidationError", 400) as e:
        plane.assume(second, keys=keys, DurationSeconds=3601)
    assert "role chaining" in e.message


def test_a_session_ends_with_its_role(plane, iam):
    policy = json.dumps(trust(AWS=root_of(plane)))
    arn = iam.create_role(RoleName="gone", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    keys = plane.assume(arn)
    iam.delete_role(RoleName="gone")
    with fails_with("ExpiredToken", 403):
        plane.client_with(keys, "sts").get_caller_identity()
    # nor does one of the same name take it over
    iam.create_role(RoleName="gone", AssumeRolePolicyDocument=policy)
    with fails_with("ExpiredToken", 403):
        plane.client_with(keys, "sts").get_caller_identity()
    iam.delete_role(RoleName="gone")


def test_what_is_not_done_is_refused(plane, make_role):
    role = make_role("plain", trust(AWS=root_of(plane)))["Arn"]
    for more in ({"Tags": [{"Key": "a", "Value": "b"}]}, {"SourceIdentity": "me"},
                 {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}):
        with fails_with("UnsupportedOperation", 400) as e:
            plane.assume(role, **more)
        assert e.message == f"The parameter {next(iter(more))} is not supported."
    with fails_with("InvalidAction", 400):
        plane.client("sts").get_session_token()


def test_wrong_keys_are_told_apart(plane):
    keys = plane.keys()
    with fails_with("SignatureDoesNotMatch", 403):
        plane.client_with({**keys, "aws_secret_access_key": "wrong"}, "sts").get_caller_identity()
    with fails_with("InvalidClientTokenId", 403):
        plane.client_with({**keys, "aws_access_key_id": "AKIA" + "A" * 16},
                          "sts").get_caller_identity()


def test_members_are_entered_through_their_access_role(plane, organization):
    for member in organization.members:
        who = plane.client("sts", account=member).get_caller_identity()
        assert who["Account"] == member
        assert ":assumed-role/OrganizationAccountAccessRole/" in who["Arn"]


def test_a_role_of_another_account_needs_both_sides(plane, organization, iam, user_keys):
    one, two = organization.members
    arn = f"arn:aws:iam::{two}:role/open-house"
    plane.client("iam", account=two).create_role(
        RoleName="open-house",
        AssumeRolePolicyDocument=json.dumps(trust(AWS=f"arn:aws:iam::{one}:root")))
    plane.assume(arn, keys=plane.member_keys(one))
    # the other side does not trust the management account
    with fails_with("AccessDenied", 403):
        plane.assume(arn)
    # and trust alone does not carry over accounts
    member = plane.client("iam", account=one)
    member.create_user(UserName="local")
    key = member.create_access_key(UserName="local")["AccessKey"]
    with fails_with("AccessDenied", 403):
        plane.assume(arn, keys={"aws_access_key_id": key["AccessKeyId"],
                                "aws_secret_access_key": key["SecretAccessKey"]})
