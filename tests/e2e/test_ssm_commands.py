# SPDX-License-Identifier: Apache-2.0
"""Run Command, from SendCommand to the output, with simulated agents."""

import json
import threading

import pytest

import agent as agents
from conftest import fails_with, wait_for
from node_fixtures import (make_agents, make_node, node, plane, role,  # noqa: F401 (fixtures)
                           ssm)

SHELL = "AWS-RunShellScript"


def send(ssm, *ids, commands=("echo hi",), **more):
    request = {"DocumentName": SHELL, "Parameters": {"commands": list(commands)}, **more}
    if ids:
        request["InstanceIds"] = list(ids)
    return ssm.send_command(**request)["Command"]


def command(ssm, id):
    return ssm.list_commands(CommandId=id)["Commands"][0]


def invocation(ssm, id, node=None, **more):
    found = ssm.list_command_invocations(CommandId=id, **more)["CommandInvocations"]
    return next(i for i in found if not node or i["InstanceId"] == node)


def test_a_command_has_the_time_of_all_its_documents(ssm, node):
    def steps(*items):
        return json.dumps({"schemaVersion": "2.2", "parameters": {
            "T": {"type": "String", "default": "60"}}, "mainSteps": list(items)})

    def runs(name, path, **parameters):
        return {"action": "aws:runDocument", "name": name, "inputs": {
            "documentType": "SSMDocument", "documentPath": path,
            "documentParameters": parameters}}

    shell = {"action": "aws:runShellScript", "name": "s", "inputs": {
        "runCommand": ["x"], "timeoutSeconds": "{{ T }}"}}
    contents = {"Inner": steps(shell), "Middle": steps(shell, runs("i", "Inner", T="{{ T }}")),
                "Outer": steps(shell, runs("m", "Middle:1", T="{{ T }}"), runs("n", "Inner"),
                               runs("absent", "Absent")),
                "Itself": steps(shell, runs("again", "Itself"))}
    for name, content in contents.items():
        ssm.create_document(Name=name, Content=content, DocumentType="Command")
    try:
        # Outer, Middle, Inner for 100 s each, Inner for its own 60 s, one that is not there
        for name, seconds in (("Outer", 3 * 100 + 60 + 3600), ("Itself", 100 + 3 * 60 + 3600)):
            sent = send(ssm, node.id, DocumentName=name, Parameters={"T": ["100"]},
                        TimeoutSeconds=600)
            took = (sent["ExpiresAfter"] - sent["RequestedDateTime"]).total_seconds()
            assert (name, took) == (name, seconds + 600)
    finally:
        for name in contents:
            ssm.delete_document(Name=name)


def nothing_waits(ssm, node):
    """The next message is that of the next command."""
    sent = send(ssm, node.id)
    message = node.next_message(polls=1)
    assert sent["CommandId"] in message["MessageId"]
    node.run(message)


def test_a_command_runs_and_its_output_shows(ssm, node):
    sent = send(ssm, node.id, Comment="a test")
    assert sent["Status"] in ("Pending", "InProgress")
    assert sent["TargetCount"] == 1 and sent["InstanceIds"] == [node.id]
    assert (sent["ExpiresAfter"] - sent["RequestedDateTime"]).total_seconds() == 7200

    message = node.next_message()
    assert message["MessageId"] == f"aws.ssm.{sent['CommandId']}.{node.id}"
    assert message["Topic"] == "aws.ssm.sendCommand.us.east.1.1"
    payload = node.run(message, standardOutput="hi\n", standardError="oh\n")
    assert payload["CommandId"] == sent["CommandId"]
    assert payload["Parameters"] == {"commands": ["echo hi"]}
    assert payload["CloudWatchOutputEnabled"] == "false"
    assert payload["DocumentContent"]["runtimeConfig"]["aws:runShellScript"]["properties"][0][
        "runCommand"] == "{{ commands }}"

    done = command(ssm, sent["CommandId"])
    assert (done["Status"], done["StatusDetails"]) == ("Success", "Success")
    assert (done["CompletedCount"], done["ErrorCount"]) == (1, 0)
    shown = invocation(ssm, sent["CommandId"], Details=True)
    assert shown["Comment"] == "a test" and shown["InstanceName"] == "host.example"
    step, = shown["CommandPlugins"]
    assert step["Name"] == "aws:runShellScript"
    assert step["Output"] == "hi\n\n----------ERROR-------\noh\n"
    assert (step["Status"], step["ResponseCode"]) == ("Success", 0)
    got = ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=node.id)
    assert got["StandardOutputContent"] == "hi\n" and got["StandardErrorContent"] == "oh\n"
    assert got["Status"] == "Success" and got["ResponseCode"] == 0
    assert "CommandPlugins" in invocation(ssm, sent["CommandId"])
    assert invocation(ssm, sent["CommandId"])["CommandPlugins"] == []


def test_a_poll_that_waits_is_woken_by_a_command(ssm, node):
    got = []
    thread = threading.Thread(target=lambda: got.append(node.next_message()))
    thread.start()
    sent = send(ssm, node.id)
    thread.join(timeout=10)
    assert got and sent["CommandId"] in got[0]["MessageId"]


def test_a_message_comes_again_until_it_is_acknowledged(ssm, node):
    send(ssm, node.id)
    first = node.next_message(visibility=1)
    second = node.next_message(visibility=1)
    assert first["MessageId"] == second["MessageId"]
    node.run(second)
    nothing_waits(ssm, node)


def test_a_failure_is_an_error_and_stays_one(ssm, node):
    sent = send(ssm, node.id)
    message = node.next_message()
    node.run(message, status="Failed", code=3, standardError="no\n")
    done = command(ssm, sent["CommandId"])
    assert (done["Status"], done["ErrorCount"]) == ("Failed", 1)
    node.reply(message, "InProgress")  # late, and twice
    node.reply(message, "Success", {"aws:runShellScript": {"status": "Success"}})
    assert command(ssm, sent["CommandId"])["Status"] == "Failed"
    got = ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=node.id,
                                     PluginName="aws:runShellScript")
    assert (got["Status"], got["ResponseCode"]) == ("Failed", 3)


def test_a_reboot_is_not_the_end(ssm, node):
    sent = send(ssm, node.id)
    message = node.next_message()
    node.reply(message, "InProgress")
    node.acknowledge(message)
    node.reply(message, "SuccessAndReboot",
               {"aws:runShellScript": {"status": "SuccessAndReboot", "code": 194}})
    assert invocation(ssm, sent["CommandId"])["Status"] == "InProgress"
    node.reply(message, "Success", {"aws:runShellScript": {"status": "Success",
                                                           "standardOutput": "twice"}})
    assert command(ssm, sent["CommandId"])["Status"] == "Success"
    assert ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=node.id)[
        "StandardOutputContent"] == "twice"


def test_what_was_not_fetched_is_cancelled_at_once(ssm, node):
    sent = send(ssm, node.id)
    ssm.cancel_command(CommandId=sent["CommandId"])
    assert command(ssm, sent["CommandId"])["Status"] == "Cancelled"
    nothing_waits(ssm, node)


def test_what_runs_is_told_to_stop(ssm, node):
    sent = send(ssm, node.id)
    message = node.next_message()
    node.reply(message, "InProgress")
    node.acknowledge(message)
    ssm.cancel_command(CommandId=sent["CommandId"], InstanceIds=[node.id])
    assert invocation(ssm, sent["CommandId"])["Status"] == "Cancelling"
    cancel = node.next_message()
    assert cancel["Topic"].startswith("aws.ssm.cancelCommand")
    assert json.loads(cancel["Payload"]) == {"CancelMessageId": message["MessageId"]}
    node.reply(cancel, "InProgress")
    node.acknowledge(cancel)
    node.reply(message, "Cancelled", {"aws:runShellScript": {"status": "Cancelled", "code": 137}})
    assert command(ssm, sent["CommandId"])["Status"] == "Cancelled"


def test_tags_find_nodes(ssm, make_agents):
    a, b = make_agents(2, tags=[("Role", "web"), ("Env", "prod")])
    make_agents(1, tags=[("Role", "db"), ("Env", "prod")])
    sent = send(ssm, Targets=[{"Key": "tag:Role", "Values": ["web", "none"]},
                              {"Key": "tag-key", "Values": ["Env"]}])
    assert sent["InstanceIds"] == [] and sent["TargetCount"] == 2
    for one in (a, b):
        one.run(one.next_message())
    assert command(ssm, sent["CommandId"])["Status"] == "Success"
    found = ssm.list_command_invocations(CommandId=sent["CommandId"])["CommandInvocations"]
    assert {i["InstanceId"] for i in found} == {a.id, b.id}


def test_no_match_looks_like_a_success(ssm):
    sent = send(ssm, Targets=[{"Key": "tag:Role", "Values": ["nobody"]}])
    done = command(ssm, sent["CommandId"])
    assert (done["Status"], done["StatusDetails"]) == ("Success", "NoInstancesInTag")
    assert done["TargetCount"] == 0


def test_errors_stop_the_rest(ssm, make_agents):
    nodes = {n.id: n for n in make_agents(3, tags=[("Wave", "x")])}
    sent = send(ssm, Targets=[{"Key": "tag:Wave", "Values": ["x"]}], MaxConcurrency="1",
                MaxErrors="0")
    first = sorted(nodes)[0]
    nodes[first].run(nodes[first].next_message(), status="Failed", code=1)
    done = command(ssm, sent["CommandId"])
    assert (done["Status"], done["CompletedCount"]) == ("Failed", 3)
    states = [i["StatusDetails"] for i in ssm.list_command_invocations(
        CommandId=sent["CommandId"])["CommandInvocations"]]
    assert sorted(states) == ["Failed", "Terminated", "Terminated"]


def test_what_is_not_delivered_in_time_times_out(ssm, node):
    sent = send(ssm, node.id, TimeoutSeconds=30)
    done = wait_for(lambda: (c := command(ssm, sent["CommandId"]))["Status"] != "InProgress" and c,
                    timeout=45, pause=1)
    assert (done["Status"], done["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
    assert done["DeliveryTimedOutCount"] == 1


def test_a_node_that_leaves_cannot_be_reached(ssm, make_agents, plane, role):
    activation = ssm.create_activation(IamRole=role)
    gone = agents.Agent(plane.url).start(activation["ActivationId"], activation["ActivationCode"])
    sent = send(ssm, gone.id)
    ssm.deregister_managed_instance(InstanceId=gone.id)
    assert invocation(ssm, sent["CommandId"])["StatusDetails"] == "Undeliverable"
    with pytest.raises(agents.Refused) as refusal:
        gone.poll()
    assert refusal.value.code == "AccessDeniedException"


def test_lists_are_paged_and_filtered(ssm, node):
    ids = [send(ssm, node.id)["CommandId"] for _ in range(3)]
    page = ssm.list_commands(InstanceId=node.id, MaxResults=2)
    rest = ssm.list_commands(InstanceId=node.id, MaxResults=2, NextToken=page["NextToken"])
    seen = [c["CommandId"] for c in page["Commands"] + rest["Commands"]]
    assert sorted(seen) == sorted(ids) and "NextToken" not in rest
    pages = ssm.get_paginator("list_command_invocations").paginate(
        InstanceId=node.id, PaginationConfig={"PageSize": 1})
    assert len([i for p in pages for i in p["CommandInvocations"]]) == 3
    for one in ids:
        ssm.cancel_command(CommandId=one)
    done = ssm.list_commands(InstanceId=node.id, Filters=[{"key": "ExecutionStage",
                                                           "value": "Complete"}])
    assert len(done["Commands"]) == 3
    none = ssm.list_commands(InstanceId=node.id, Filters=[{"key": "Status", "value": "Failed"}])
    assert none["Commands"] == []
    with fails_with("InvalidFilterKey"):
        ssm.list_command_invocations(Filters=[{"key": "ExecutionStage", "value": "Complete"}])


def test_mistakes_are_refused(ssm, node):
    with fails_with("InvalidInstanceId"):
        send(ssm, "mi-00000000000000000")
    with fails_with("DuplicateInstanceId"):
        send(ssm, node.id, node.id)
    with fails_with("InvalidDocument"):
        ssm.send_command(DocumentName="Nothing", InstanceIds=[node.id])
    with fails_with("InvalidDocumentVersion"):
        send(ssm, node.id, DocumentVersion="7")
    with fails_with("InvalidDocument"):
        send(ssm, node.id, DocumentHash="00", DocumentHashType="Sha256")
    for parameters in ({}, {"commands": ["x"], "other": ["y"]},
                       {"commands": ["x"], "executionTimeout": ["never"]},
                       {"commands": ["{{ssm:secret}}"]}):
        with fails_with("InvalidParameters"):
            ssm.send_command(DocumentName=SHELL, InstanceIds=[node.id], Parameters=parameters)
    with fails_with("ValidationException"):
        send(ssm)
    with fails_with("ValidationException"):
        send(ssm, Targets=[{"Key": "color", "Values": ["red"]}])
    with fails_with("UnsupportedOperationException") as e:
        send(ssm, node.id, OutputS3BucketName="bucket")
    assert "OutputS3BucketName" in e.message
    with fails_with("UnsupportedOperationException"):
        send(ssm, node.id, CloudWatchOutputConfig={"CloudWatchOutputEnabled": True})
    with fails_with("InvalidCommandId"):
        ssm.cancel_command(CommandId="00000000-0000-0000-0000-000000000000")
    with fails_with("InvocationDoesNotExist"):
        ssm.get_command_invocation(CommandId="00000000-0000-0000-0000-000000000000",
                                   InstanceId=node.id)


def limited(plane, name, *statements):
    """A client of a user with these statements."""
    iam = plane.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return plane.client_with({"aws_access_key_id": key["AccessKeyId"],
                              "aws_secret_access_key": key["SecretAccessKey"]}, "ssm")


def test_the_document_and_every_node_must_be_allowed(plane, ssm, make_agents):
    allowed, other = make_agents(2, tags=[("Team", "t")])
    ssm.add_tags_to_resource(ResourceType="ManagedInstance", ResourceId=allowed.id,
                             Tags=[{"Key": "Mine", "Value": "yes"}])
    user = limited(
        plane, "sender",
        {"Effect": "Allow", "Action": "ssm:SendCommand",
         "Resource": f"arn:aws:ssm:us-east-1::document/{SHELL}"},
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*",
         "Condition": {"StringEquals": {"ssm:resourceTag/Mine": "yes"}}})
    send(user, allowed.id)
    with fails_with("AccessDeniedException"):
        send(user, other.id)
    with fails_with("AccessDeniedException"):
        user.send_command(DocumentName="AWS-RunPatchBaseline", InstanceIds=[allowed.id],
                          Parameters={"Operation": ["Scan"]})
    sent = send(user, Targets=[{"Key": "tag:Team", "Values": ["t"]}])
    assert invocation(ssm, sent["CommandId"], other.id)["StatusDetails"] == "AccessDenied"
    assert invocation(ssm, sent["CommandId"], allowed.id)["Status"] in ("Pending", "InProgress")


def test_a_group_is_asked_as_the_caller(plane, ssm, make_agents):
    a, = make_agents(1, tags=[("Group", "g")])
    plane.client("resource-groups").create_group(
        Name="fleet", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(
            {"ResourceTypeFilters": ["AWS::AllSupported"],
             "TagFilters": [{"Key": "Group", "Values": ["g"]}]})})
    targets = [{"Key": "resource-groups:Name", "Values": ["fleet"]}]
    sent = send(ssm, Targets=targets)
    a.run(a.next_message())
    done = wait_for(lambda: (c := command(ssm, sent["CommandId"]))["Status"] == "Success" and c)
    assert done["TargetCount"] == 1 and done["Targets"] == targets

    sent = send(ssm, Targets=[{"Key": "resource-groups:Name", "Values": ["Fleet"]}])
    done = wait_for(lambda: (c := command(ssm, sent["CommandId"]))["Status"] == "Success" and c)
    assert done["StatusDetails"] == "NoInstancesInTag"

    user = limited(plane, "groupless", {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})
    sent = send(user, Targets=targets)
    done = wait_for(lambda: (c := command(ssm, sent["CommandId"]))["Status"] == "Failed" and c)
    assert done["StatusDetails"] == "AccessDenied"


def test_a_node_acts_for_itself_only(ssm, make_agents):
    a, b = make_agents(2)
    sent = send(ssm, b.id)
    thief = agents.Agent(a.url.geturl())
    thief.id, thief.credentials = b.id, a.credentials
    message = {"MessageId": f"aws.ssm.{sent['CommandId']}.{b.id}"}
    for attempt in (thief.poll, thief.ping, lambda: thief.acknowledge(message),
                    lambda: thief.reply(message, "Success")):
        with pytest.raises(agents.Refused) as refusal:
            attempt()
        assert refusal.value.code == "AccessDeniedException"
    b.run(b.next_message())


def test_a_crash_loses_no_command(make_plane):
    plane = make_plane()
    ssm = plane.client("ssm")
    role = agents.make_node_role(plane.client("iam"))
    activation = ssm.create_activation(IamRole=role)
    node = agents.Agent(plane.url).start(activation["ActivationId"], activation["ActivationCode"])
    sent = send(ssm, node.id)
    listen = plane.url.split("//")[1]
    plane.kill()
    plane.start(listen)
    ssm = plane.client("ssm")
    node.run(node.next_message())  # its credentials are still good
    assert command(ssm, sent["CommandId"])["Status"] == "Success"
