# SPDX-License-Identifier: Apache-2.0
"""One recorded life of amazon-ssm-agent, played again call by call against the plane.

PATCHBAY_SPEC names the folder with agent-conversation.jsonl; without it there is nothing to
play. Every call is signed anew with keys of ours, ids are put in the place of the recorded
ones, and where the recording delivers a command, one like it is sent. An answer that was 200
must be one again, with every member of the recorded one, of the same type. Left out: polls
that came back empty but for one (each takes 16 seconds), and calls that were provoked to fail.
"""

import json
import os
import pathlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import agent as agents

# What is not done here is refused as the agent understands: it goes on without.
OPTIONAL = {"ListInstanceAssociations", "UpdateInstanceAssociationStatus", "PutInventory",
            "PutComplianceItems", "GetDocument"}
STAND_IN = {"Bad", "BadPlugin"}  # documents that could not be created here
ENDS = {"Success": "Success", "Failed": "Failed", "Cancelled": "Cancelled",
        "TimedOut": "ExecutionTimedOut"}


def recording():
    folder = os.environ.get("PATCHBAY_SPEC")
    if not folder:
        pytest.skip("PATCHBAY_SPEC names no folder with agent-conversation.jsonl")
    lines = pathlib.Path(folder, "agent-conversation.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def shape_problems(where, theirs, ours):
    """Members of the recorded answer that ours lacks, or has with another type."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            if name not in ours:
                yield f"{where}.{name} is missing"
            else:
                yield from shape_problems(f"{where}.{name}", value, ours[name])
    elif isinstance(theirs, list) and isinstance(ours, list):
        if theirs and ours:
            yield from shape_problems(f"{where}[0]", theirs[0], ours[0])
    elif type(theirs) is not type(ours) and not (isinstance(theirs, (int, float))
                                                 and isinstance(ours, (int, float))):
        yield f"{where} is {ours!r}, theirs {theirs!r}"


class Player:
    def __init__(self, plane):
        self.ssm = plane.client("ssm")
        self.role = agents.make_node_role(plane.client("iam"), "Recorded")
        self.agent = agents.Agent(plane.url)
        self.ids = {}     # recorded -> ours
        self.sent = {}    # our command id -> the recorded one
        self.ends = {}    # recorded command id -> the last documentStatus
        self.problems = []
        self.has_polled = False

    def translated(self, text):
        for theirs, ours in self.ids.items():
            text = text.replace(theirs, ours)
        return text

    # --- what the other side did in between ---

    def send(self, message, payload):
        theirs = message["MessageId"].split(".")[2]
        name, parameters = payload["DocumentName"], payload.get("Parameters") or {}
        if name in STAND_IN:
            name, parameters = "AWS-RunShellScript", {"commands": ["true"]}
        elif name != "AWS-RunShellScript":
            self.ssm.create_document(Name=name, Content=json.dumps(payload["DocumentContent"]))
        ours = self.ssm.send_command(
            DocumentName=name, InstanceIds=[self.agent.id],
            Parameters={k: v if isinstance(v, list) else [v] for k, v in parameters.items()})[
                "Command"]["CommandId"]
        self.ids[theirs] = ours
        self.sent[ours] = theirs

    def prepare(self, messages):
        """Whether our plane will deliver messages like these."""
        for message in messages:
            payload = json.loads(message["Payload"]) if message.get("Payload") else {}
            if "CancelMessageId" in payload:
                theirs = payload["CancelMessageId"].split(".")[2]
                self.ssm.cancel_command(CommandId=self.ids[theirs])
            elif message["Topic"].startswith("aws.ssm.sendCommand"):
                self.send(message, payload)
            else:
                return False  # a topic that no plane but the recorder's has
        return True

    # --- the agent's calls ---

    def register(self, call):
        self.ids[call["response"]["InstanceId"]] = "mi-"
        answer = self.ssm.create_activation(IamRole=self.role)
        body = json.loads(call["body"])
        self.agent.fingerprint = body["Fingerprint"]
        self.agent.register(answer["ActivationId"], answer["ActivationCode"])
        self.ids[call["response"]["InstanceId"]] = self.agent.id

    def poll(self, call):
        messages = (call["response"] or {}).get("Messages")
        if not messages and self.has_polled:
            return
        self.has_polled = self.has_polled or not messages
        if messages and not self.prepare(messages):
            return
        answer = self.play(call)
        for theirs, ours in zip(messages or [], answer["Messages"]):
            self.ids.setdefault(theirs["MessageId"].split(".")[2],
                                ours["MessageId"].split(".")[2])
            assert ours["Topic"] == theirs["Topic"]

    def note_reply(self, call):
        body = json.loads(call["body"])
        self.ends[body["MessageId"].split(".")[2]] = json.loads(body["Payload"])["documentStatus"]

    def with_key(self, call, operation):
        if operation == "UpdateManagedInstancePublicKey":
            new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            answer = self.agent.with_key(operation, NewPublicKey=self.agent.public_key(new),
                                         NewPublicKeyType="Rsa")
            self.agent.key = new
        else:
            answer = self.agent.refresh()
        self.compare(call, operation, answer)

    def play(self, call):
        prefix, operation = call["target"].split(".")
        service = "ssm" if prefix == agents.SSM else "ec2messages"
        status, text = self.agent.signed(call["target"], self.translated(call["body"]).encode(),
                                         service)
        answer = json.loads(text)
        if status != 200 and operation in OPTIONAL:
            assert status == 400 and answer["__type"] in ("UnknownOperationException",
                                                          "InvalidDocument"), text
            return answer
        assert status == 200, (operation, text)
        self.compare(call, operation, answer)
        return answer

    def compare(self, call, operation, answer):
        self.problems += shape_problems(operation, call["response"], answer)

    def control_channel(self, call):
        status, text = self.agent.signed(None, call["body"].encode(), "ssmmessages",
                                         path=self.translated(call["path"]))
        assert status == 403 and "<AccessDeniedException>" in text

    def take(self, call):
        if call["path"] != "/":
            return self.control_channel(call)
        operation = call["target"].split(".")[1]
        if call["status"] != 200 or call["response"] is None:
            return None
        if operation == "RegisterManagedInstance":
            return self.register(call)
        if call["signed_with"] == "rsa":
            return self.with_key(call, operation)
        if operation == "GetMessages":
            return self.poll(call)
        if operation == "SendReply":
            self.note_reply(call)
        return self.play(call)


def test_the_recorded_conversation(make_plane):
    calls = recording()
    player = Player(make_plane())
    for call in calls:
        player.take(call)
    assert player.problems == []
    assert len(player.sent) == 9
    for ours, theirs in player.sent.items():
        shown, = player.ssm.list_command_invocations(CommandId=ours, Details=True)[
            "CommandInvocations"]
        assert shown["StatusDetails"] == ENDS[player.ends[theirs]], theirs
    node, = player.ssm.describe_instance_information()["InstanceInformationList"]
    assert node["PingStatus"] == "Online" and node["PlatformName"] == "Debian GNU/Linux"
