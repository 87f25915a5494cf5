# SPDX-License-Identifier: Apache-2.0
"""Activations, registration, a node's credentials, the list of nodes, their tags."""

import datetime
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import agent as agents
from conftest import fails_with, wait_for
from node_fixtures import plane, role, ssm  # noqa: F401 (fixtures)


@pytest.fixture(scope="module")
def iam(plane):
    return plane.client("iam")


def activate(ssm, role, **more):
    answer = ssm.create_activation(IamRole=role, **more)
    return answer["ActivationId"], answer["ActivationCode"]


def refused(code, call):
    with pytest.raises(agents.Refused) as refusal:
        call()
    assert refusal.value.code == code, refusal.value
    return refusal.value


def test_an_activation_is_described_without_its_code(ssm, role):
    id, code = activate(ssm, role, Description="d", DefaultInstanceName="n", RegistrationLimit=3,
                        Tags=[{"Key": "a", "Value": "b"}])
    assert len(code) >= 20
    shown, = ssm.describe_activations(
        Filters=[{"FilterKey": "ActivationIds", "FilterValues": [id]}])["ActivationList"]
    assert shown["IamRole"] == role and shown["RegistrationLimit"] == 3
    assert shown["RegistrationsCount"] == 0 and shown["Expired"] is False
    assert shown["Tags"] == [{"Key": "a", "Value": "b"}]
    assert code not in str(shown)
    ssm.delete_activation(ActivationId=id)
    with fails_with("InvalidActivationId"):
        ssm.delete_activation(ActivationId=id)


def test_a_host_registers_and_works(plane, ssm, role):
    id, code = activate(ssm, role, DefaultInstanceName="web", Tags=[{"Key": "Role",
                                                                     "Value": "web"}])
    node = agents.Agent(plane.url).register(id, code)
    assert node.id.startswith("mi-") and len(node.id) == 20
    assert ssm.describe_instance_information(
        Filters=[{"Key": "PingStatus", "Values": ["Online"]},
                 {"Key": "InstanceIds", "Values": [node.id]}])["InstanceInformationList"] == []
    token = node.refresh()
    assert set(token) == {"AccessKeyId", "SecretAccessKey", "SessionToken",
                          "TokenExpirationDate", "UpdateKeyPair"}
    assert token["UpdateKeyPair"] is False
    node.ping()
    node.ping(ComputerName="host", IPAddress="192.0.2.1", PlatformName="Debian GNU/Linux",
              PlatformVersion="12", SSMConnectionChannel="")
    shown, = ssm.describe_instance_information(
        Filters=[{"Key": "tag:Role", "Values": ["web"]},
                 {"Key": "PingStatus", "Values": ["Online"]}])["InstanceInformationList"]
    assert shown["InstanceId"] == node.id and shown["ActivationId"] == id
    assert (shown["ComputerName"], shown["Name"]) == ("host", "web")
    assert (shown["ResourceType"], shown["PlatformName"]) == ("ManagedInstance",
                                                              "Debian GNU/Linux")
    tags = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=node.id)
    assert tags["TagList"] == [{"Key": "Role", "Value": "web"}]
    identity = plane.client_with(
        {"aws_access_key_id": node.credentials.access_key,
         "aws_secret_access_key": node.credentials.secret_key,
         "aws_session_token": node.credentials.token}, "sts").get_caller_identity()
    assert identity["Arn"].endswith(f":assumed-role/{role}/{node.id}")
    ssm.deregister_managed_instance(InstanceId=node.id)
    refused("AccessDeniedException", node.ping)
    refused("UnrecognizedClientException", node.refresh)
    with fails_with("InvalidInstanceId"):
        ssm.deregister_managed_instance(InstanceId=node.id)


def test_a_newer_agent_may_say_more(plane, ssm, role):
    node = agents.Agent(plane.url).start(*activate(ssm, role))
    node.ping(SomethingNew={"of": "later"})
    node.with_key("RequestManagedInstanceRoleToken", Fingerprint=node.fingerprint, Extra="x")


def test_the_code_the_limit_and_the_time_are_kept(plane, ssm, role):
    id, code = activate(ssm, role)
    agent = agents.Agent(plane.url)
    refused("InvalidActivation", lambda: agent.register(id, "x" * 20))
    refused("InvalidActivation", lambda: agent.register(id[:-1] + ("1" if id[-1] == "0" else "0"), code))
    agent.register(id, code)
    refused("InvalidActivation", lambda: agents.Agent(plane.url).register(id, code))
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    id, code = activate(ssm, role, ExpirationDate=soon)
    wait_for(lambda: datetime.datetime.now(datetime.timezone.utc) > soon)
    refused("InvalidActivation", lambda: agents.Agent(plane.url).register(id, code))
    with fails_with("InvalidParameters"):
        activate(ssm, role, ExpirationDate=soon)


def test_a_clone_and_a_stranger_are_refused(plane, ssm, role):
    node = agents.Agent(plane.url).register(*activate(ssm, role))
    clone = agents.Agent(plane.url)
    clone.id, clone.key = node.id, node.key
    refused("MachineFingerprintDoesNotMatch", clone.refresh)
    stranger = agents.Agent(plane.url, fingerprint=node.fingerprint)
    stranger.id = node.id
    refused("InvalidSignatureException", stranger.refresh)
    refused("ValidationException", lambda: agents.Agent(plane.url).unsigned(
        "RegisterManagedInstance", ActivationId="0" * 36, ActivationCode="x" * 20,
        Fingerprint="f", PublicKey="A" * 392, PublicKeyType="Rsa"))


def test_a_node_changes_its_key(plane, ssm, role):
    node = agents.Agent(plane.url).start(*activate(ssm, role))
    new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    node.with_key("UpdateManagedInstancePublicKey", NewPublicKey=node.public_key(new),
                  NewPublicKeyType="Rsa")
    refused("InvalidSignatureException", node.refresh)
    node.key = new
    node.refresh()
    node.ping()


def test_the_role_must_let_systems_manager_in(plane, ssm, iam, role):
    with fails_with("ValidationException") as e:
        activate(ssm, "NoSuchRole")
    assert "Nonexistent role or missing ssm service principal" in e.message
    iam.create_role(RoleName="Closed", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
             "Action": "sts:AssumeRole"}]}))
    with fails_with("ValidationException"):
        activate(ssm, "Closed")
    iam.create_role(RoleName="Deep", Path="/service-role/",
                    AssumeRolePolicyDocument=json.dumps(agents.ROLE_TRUST))
    iam.attach_role_policy(RoleName="Deep", PolicyArn=agents.CORE_POLICY)
    agents.Agent(plane.url).start(*activate(ssm, "service-role/Deep"))
    with fails_with("ValidationException"):
        activate(ssm, "other/Deep")


def test_passing_the_role_is_asked_for(plane, iam, role):
    iam.create_user(UserName="activator")
    iam.put_user_policy(UserName="activator", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="activator")["AccessKey"]
    user = plane.client_with({"aws_access_key_id": key["AccessKeyId"],
                              "aws_secret_access_key": key["SecretAccessKey"]}, "ssm")
    with fails_with("AccessDeniedException") as e:
        activate(user, role)
    assert "iam:PassRole" in e.message


def test_a_node_without_its_role_gets_nothing(plane, ssm, iam):
    name = agents.make_node_role(iam, "Passing")
    node = agents.Agent(plane.url).start(*activate(ssm, name))
    iam.detach_role_policy(RoleName=name, PolicyArn=agents.CORE_POLICY)
    refused("AccessDeniedException", node.ping)
    iam.delete_role(RoleName=name)
    refused("AccessDeniedException", node.refresh)
    refused("ExpiredTokenException", node.ping)
    agents.make_node_role(iam, "Next")
    ssm.update_managed_instance_role(InstanceId=node.id, IamRole="Next")
    node.refresh()
    node.ping()


def test_nodes_are_paged(plane, ssm, role):
    id, code = activate(ssm, role, RegistrationLimit=7)
    ids = {agents.Agent(plane.url).register(id, code).id for _ in range(7)}
    pages = ssm.get_paginator("describe_instance_information").paginate(
        InstanceInformationFilterList=[{"key": "ActivationIds", "valueSet": [id]}],
        PaginationConfig={"PageSize": 5})
    found = [[n["InstanceId"] for n in p["InstanceInformationList"]] for p in pages]
    assert [len(p) for p in found] == [5, 2] and {n for p in found for n in p} == ids
    with fails_with("InvalidFilterKey"):
        ssm.describe_instance_information(Filters=[{"Key": "Color", "Values": ["red"]}])


def test_tags(plane, ssm, role):
    node = agents.Agent(plane.url).register(*activate(ssm, role))
    where = {"ResourceType": "ManagedInstance", "ResourceId": node.id}
    ssm.add_tags_to_resource(**where, Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
    ssm.add_tags_to_resource(**where, Tags=[{"Key": "b", "Value": "3"}])
    assert ssm.list_tags_for_resource(**where)["TagList"] == [{"Key": "a", "Value": "2"},
                                                              {"Key": "b", "Value": "3"}]
    found = plane.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "b", "Values": ["3"]}])["ResourceTagMappingList"]
    assert found[0]["ResourceARN"].endswith(f":managed-instance/{node.id}")
    ssm.remove_tags_from_resource(**where, TagKeys=["b"])
    assert [t["Key"] for t in ssm.list_tags_for_resource(**where)["TagList"]] == ["a"]
    with fails_with("InvalidResourceId"):
        ssm.add_tags_to_resource(ResourceType="ManagedInstance", ResourceId="mi-0" + "0" * 16,
                                 Tags=[{"Key": "a", "Value": "b"}])
    with fails_with("InvalidResourceType"):
        ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="x")
