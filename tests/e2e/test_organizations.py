# SPDX-License-Identifier: Apache-2.0
"""The tree of accounts: how it grows, how it is read, and who may."""

import re

import pytest

from conftest import MEMBER_ROLE, RAW_CLIENT, fails_with, wait_for


@pytest.fixture
def organizations(plane, organization):
    return plane.client("organizations")


@pytest.fixture
def units(organizations, organization):
    """Makes units below the root, gone after the test."""
    made = []

    def make(name, parent=organization.root):
        unit = organizations.create_organizational_unit(
            ParentId=parent, Name=name)["OrganizationalUnit"]
        made.append(unit["Id"])
        return unit["Id"]

    yield make
    for unit in reversed(made):
        organizations.delete_organizational_unit(OrganizationalUnitId=unit)


def everything(page, key, **arguments):
    """All pages of an operation, two entries each."""
    items, token = [], {}
    while True:
        answer = page(MaxResults=2, **arguments, **token)
        assert len(answer[key]) <= 2
        items += answer[key]
        if "NextToken" not in answer:
            return items
        token = {"NextToken": answer["NextToken"]}


def test_there_is_none_before_it_is_created(make_plane):
    plane = make_plane()
    client = plane.client("organizations")
    for call in (client.describe_organization, client.list_roots, client.list_accounts):
        with fails_with("AWSOrganizationsNotInUseException", 400):
            call()
    made = client.create_organization(FeatureSet="ALL")["Organization"]
    assert client.describe_organization()["Organization"] == made
    with fails_with("AlreadyInOrganizationException", 400):
        client.create_organization()


def test_billing_alone_is_refused(make_plane):
    with fails_with("UnsupportedOperationException", 400):
        make_plane().client("organizations").create_organization(
            FeatureSet="CONSOLIDATED_BILLING")


def test_an_organization_describes_itself(organizations, organization):
    told = organizations.describe_organization()["Organization"]
    assert re.fullmatch("o-[a-z0-9]{10,32}", told["Id"])
    assert told["MasterAccountId"] == organization.management
    assert told["MasterAccountArn"] == (
        f"arn:aws:organizations::{organization.management}:account/{organization.id}/"
        f"{organization.management}")
    assert told["FeatureSet"] == "ALL"
    root, = organizations.list_roots()["Roots"]
    assert re.fullmatch("r-[0-9a-z]{4,32}", root["Id"])
    assert root["Name"] == "Root"
    assert root["PolicyTypes"] == []


def test_all_accounts_are_listed(organizations, organization):
    accounts = everything(organizations.list_accounts, "Accounts")
    ids = {account["Id"] for account in accounts}
    assert ids >= {organization.management, *organization.members}
    member = next(a for a in accounts if a["Id"] == organization.members[0])
    assert member["Name"] == "one"
    assert member["Email"] == "one@example.com"
    assert member["Status"] == "ACTIVE"
    assert member["JoinedMethod"] == "CREATED"
    assert member["Arn"] == (f"arn:aws:organizations::{organization.management}:account/"
                             f"{organization.id}/{member['Id']}")
    assert organizations.describe_account(AccountId=member["Id"])["Account"] == member


def test_parents_list_direct_children_only(organizations, organization, units):
    nested = units("nested", parent=organization.unit)

    def accounts_in(parent):
        return {a["Id"] for a in organizations.list_accounts_for_parent(
            ParentId=parent)["Accounts"]}

    assert accounts_in(organization.unit) == set(organization.members)
    assert accounts_in(nested) == set()
    assert organization.management in accounts_in(organization.root)
    assert not accounts_in(organization.root) & set(organization.members)


def test_the_tree_is_walked_by_ids(organizations, organization, units):
    nested = units("walked", parent=organization.unit)
    children = organizations.list_children(ParentId=organization.unit,
                                           ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert {"Id": nested, "Type": "ORGANIZATIONAL_UNIT"} in children
    children = organizations.list_children(ParentId=organization.unit,
                                           ChildType="ACCOUNT")["Children"]
    assert {c["Id"] for c in children} == set(organization.members)
    assert organizations.list_parents(ChildId=nested)["Parents"] == [
        {"Id": organization.unit, "Type": "ORGANIZATIONAL_UNIT"}]
    assert organizations.list_parents(ChildId=organization.management)["Parents"] == [
        {"Id": organization.root, "Type": "ROOT"}]
    with fails_with("ChildNotFoundException", 400):
        organizations.list_parents(ChildId="999999999999")


def test_units_are_paged(organizations, organization, units):
    made = {units(f"page-{i}") for i in range(5)}
    listed = everything(organizations.list_organizational_units_for_parent,
                        "OrganizationalUnits", ParentId=organization.root)
    assert len({u["Id"] for u in listed}) == len(listed)
    assert {u["Id"] for u in listed} >= made


def test_units_have_names_of_their_own(organizations, organization, units):
    unit = units("singular")
    assert re.fullmatch(f"ou-{organization.root[2:]}-[a-z0-9]{{8,32}}", unit)
    with fails_with("DuplicateOrganizationalUnitException", 400):
        units("singular")
    units("singular", parent=unit)
    organizations.update_organizational_unit(OrganizationalUnitId=unit, Name="plural")
    told = organizations.describe_organizational_unit(OrganizationalUnitId=unit)
    assert told["OrganizationalUnit"]["Name"] == "plural"
    with fails_with("OrganizationalUnitNotFoundException", 400):
        organizations.describe_organizational_unit(
            OrganizationalUnitId=f"ou-{organization.root[2:]}-00000000")


def test_units_are_five_deep_at_most(units, organization):
    parent = organization.root
    for level in range(5):
        parent = units(f"level-{level}", parent=parent)
    with fails_with("ConstraintViolationException", 400):
        units("too-deep", parent=parent)


def test_a_unit_in_use_stays(organizations, organization):
    with fails_with("OrganizationalUnitNotEmptyException", 400):
        organizations.delete_organizational_unit(OrganizationalUnitId=organization.unit)


def test_accounts_move(organizations, organization, units):
    target = units("target")
    member = organization.members[0]
    move = {"AccountId": member, "SourceParentId": organization.unit,
            "DestinationParentId": target}
    with fails_with("SourceParentNotFoundException", 400):
        organizations.move_account(**{**move, "SourceParentId": organization.root})
    with fails_with("DestinationParentNotFoundException", 400):
        organizations.move_account(**{**move, "DestinationParentId": "ou-abcd-00000000"})
    with fails_with("AccountNotFoundException", 400):
        organizations.move_account(**{**move, "AccountId": "999999999999"})
    organizations.move_account(**move)
    with fails_with("DuplicateAccountException", 400):
        organizations.move_account(**move)
    assert organizations.list_parents(ChildId=member)["Parents"][0]["Id"] == target
    organizations.move_account(AccountId=member, SourceParentId=target,
                               DestinationParentId=organization.unit)


def test_a_new_account_takes_a_moment(plane, organizations):
    request = organizations.create_account(
        AccountName="fresh", Email="fresh@example.com",
        Tags=[{"Key": "stage", "Value": "test"}])["CreateAccountStatus"]
    assert request["State"] == "IN_PROGRESS"
    assert "AccountId" not in request

    def status():
        told = organizations.describe_create_account_status(
            CreateAccountRequestId=request["Id"])["CreateAccountStatus"]
        return told if told["State"] != "IN_PROGRESS" else None

    done = wait_for(status)
    assert done["State"] == "SUCCEEDED"
    assert done["CompletedTimestamp"] >= done["RequestedTimestamp"]
    listed = organizations.list_create_account_status(States=["SUCCEEDED"])
    assert done["Id"] in {s["Id"] for s in listed["CreateAccountStatuses"]}

    iam = plane.client("iam", account=done["AccountId"])
    role = iam.get_role(RoleName=MEMBER_ROLE)["Role"]
    statement = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{plane.management_account}:root"}
    attached = iam.list_attached_role_policies(RoleName=MEMBER_ROLE)["AttachedPolicies"]
    assert [a["PolicyName"] for a in attached] == ["AdministratorAccess"]


def test_the_access_role_can_have_another_name(plane, organizations):
    request = organizations.create_account(
        AccountName="other", Email="other@example.com", RoleName="TheWayIn",
        IamUserAccessToBilling="ALLOW")["CreateAccountStatus"]["Id"]
    done = wait_for(lambda: [
        s for s in organizations.list_create_account_status(
            States=["SUCCEEDED"])["CreateAccountStatuses"] if s["Id"] == request])
    plane.assume(f"arn:aws:iam::{done[0]['AccountId']}:role/TheWayIn")


def test_an_address_names_one_account(organizations):
    answer = organizations.create_account(AccountName="twin", Email="one@example.com")
    status = answer["CreateAccountStatus"]
    assert status["State"] == "FAILED"
    assert status["FailureReason"] == "EMAIL_ALREADY_EXISTS"
    failed = organizations.list_create_account_status(States=["FAILED"])
    assert status["Id"] in {s["Id"] for s in failed["CreateAccountStatuses"]}


def test_bad_requests_are_refused(plane, organizations):
    raw = plane.client("organizations", config=RAW_CLIENT)
    for bad in ({"AccountName": "x", "Email": "nobody"}, {"AccountName": "x"},
                {"AccountName": "x" * 51, "Email": "long@example.com"}):
        with fails_with("ValidationException", 400):
            raw.create_account(**bad)
    with fails_with("UnsupportedOperationException", 400):
        raw.create_account(AccountName="x", Email="x@example.com", IamUserAccessToBilling="DENY")
    with fails_with("CreateAccountStatusNotFoundException", 400):
        raw.describe_create_account_status(CreateAccountRequestId="car-" + "0" * 32)
    with fails_with("ValidationException", 400):
        raw.list_accounts(NextToken="forged")


def test_members_may_know_their_organization_and_no_more(plane, organization):
    member = plane.client("organizations", account=organization.members[0])
    assert member.describe_organization()["Organization"]["Id"] == organization.id
    for call, arguments in (
            (member.list_accounts, {}), (member.list_roots, {}),
            (member.list_accounts_for_parent, {"ParentId": organization.unit}),
            (member.describe_account, {"AccountId": organization.management}),
            (member.create_account, {"AccountName": "no", "Email": "no@example.com"})):
        with fails_with("AccessDeniedException", 400):
            call(**arguments)


def test_an_account_outlives_a_crash_while_it_is_made(make_plane):
    plane = make_plane()
    client = plane.client("organizations")
    client.create_organization()
    request = client.create_account(AccountName="lucky", Email="lucky@example.com")
    plane.kill()
    plane.restart()
    client = plane.client("organizations")

    def status():
        told = client.describe_create_account_status(
            CreateAccountRequestId=request["CreateAccountStatus"]["Id"])["CreateAccountStatus"]
        return told if told["State"] != "IN_PROGRESS" else None

    done = wait_for(status)
    assert done["State"] == "SUCCEEDED"
    plane.client("sts", account=done["AccountId"]).get_caller_identity()
