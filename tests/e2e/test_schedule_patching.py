# SPDX-License-Identifier: Apache-2.0
"""The schedule function as a program: between a Runtime API and an SSM of our own making."""

import http.server
import json
import os
import re
import subprocess
import threading
import uuid
import zipfile

import pytest

from schedule_function import ARCHIVE, ARN, PROGRAM, SETTINGS, event

CREDENTIALS = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
               "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


class Fake(http.server.ThreadingHTTPServer):
    """Hands out one event, takes the answer, is SSM meanwhile."""

    daemon_threads = True

    def __init__(self, event, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.event, self.answers = event, list(answers)
        self.request_id = str(uuid.uuid4())
        self.calls, self.result, self.done = [], None, threading.Event()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        assert self.path == "/2018-06-01/runtime/invocation/next"
        if self.server.event is None:
            self.server.done.set()
            threading.Event().wait(30)
            return
        event, self.server.event = self.server.event, None
        self.say(200, json.dumps(event).encode(),
                 Lambda_Runtime_Aws_Request_Id=self.server.request_id,
                 Lambda_Runtime_Deadline_Ms="99999999999999",
                 Lambda_Runtime_Invoked_Function_Arn=ARN)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/":
            self.server.calls.append((dict(self.headers), body))
            status, answer = self.server.answers.pop(0)
            self.say(status, json.dumps(answer).encode())
        else:
            prefix = f"/2018-06-01/runtime/invocation/{self.server.request_id}/"
            assert self.path.startswith(prefix)
            self.server.result = self.path[len(prefix):], body
            self.say(202, b"{}")


STARTED = (200, {"AutomationExecutionId": "12345678-1234-1234-1234-123456789012"})


def run(what=None, answers=(STARTED,), **settings):
    """(result, the calls to SSM, what it printed)"""
    fake = Fake(event() if what is None else what, answers)
    threading.Thread(target=fake.serve_forever, daemon=True).start()
    env = {**CREDENTIALS, **SETTINGS, **settings, "AWS_LAMBDA_RUNTIME_API": fake.address,
           "AWS_ENDPOINT_URL": f"http://{fake.address}"}
    process = subprocess.Popen([PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={k: v for k, v in env.items() if v is not None}, text=True)
    try:
        assert fake.done.wait(20), "it did not come for a second event"
    finally:
        process.kill()
        fake.shutdown()
    return fake.result, fake.calls, process.communicate()[0]


def test_an_event_starts_one_automation_over_accounts_and_regions():
    (how, answer), calls, printed = run()
    assert how == "response"
    assert answer == {"AutomationExecutionId": "12345678-1234-1234-1234-123456789012"}
    assert "AutomationExecutionId: 12345678-1234-1234-1234-123456789012" in printed
    [(headers, body)] = calls
    snapshot, token = body["Parameters"].pop("SnapshotId"), body.pop("ClientToken")
    assert str(uuid.UUID(snapshot[0])) == snapshot[0] and str(uuid.UUID(token)) == token
    assert token != snapshot[0]
    assert body == {
        "DocumentName": "Automation-RunPatchBaseline",
        "Parameters": {
            "AutomationAssumeRole": ["arn:aws:iam::111122223333:role/"
                                     "AWS-SystemsManager-AutomationAdministrationRole"],
            "Operation": ["Install"], "RebootOption": ["NoReboot"]},
        "TargetLocations": [{
            "Accounts": ["222222222222", "333333333333", "ou-abcd-12345678"],
            "Regions": ["us-east-1", "eu-west-1"],
            "TargetLocationMaxConcurrency": "1", "TargetLocationMaxErrors": "0",
            "ExecutionRoleName": "AWS-SystemsManager-AutomationExecutionRole"}]}
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["x-amz-target"] == "AmazonSSM.StartAutomationExecution"
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["x-amz-security-token"] == "token"
    assert re.match(r"AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/\d{8}/us-east-1/ssm/aws4_request, ",
                    headers["authorization"])


def test_the_same_event_gives_the_same_call_and_another_event_another():
    first, again = run()[1][0][1], run()[1][0][1]
    assert first == again
    other = run(event(id="11111111-b491-4cf7-a9f1-bf3703467718"))[1][0][1]
    assert other["ClientToken"] != first["ClientToken"]
    assert other["Parameters"]["SnapshotId"] != first["Parameters"]["SnapshotId"]


def test_an_event_without_an_id_is_known_by_its_rule_and_time():
    def token(**more):
        what = {k: v for k, v in event(**more).items() if k != "id"}
        return run(what)[1][0][1]["ClientToken"]

    assert token() == token(detail={"x": 1}) != token(time="2026-11-24T02:00:00Z")


def test_an_override_list_and_an_administration_role_are_passed_on():
    role = "arn:aws:iam::444455556666:role/path/Mine"
    _, [(_, body)], _ = run(RunPatchBaselineInstallOverrideList="https://example.com/list.yaml",
                            AutomationAdministrationRoleArn=role, MasterAccountID=None)
    assert body["Parameters"]["InstallOverrideList"] == ["https://example.com/list.yaml"]
    assert body["Parameters"]["AutomationAssumeRole"] == [role]


@pytest.mark.parametrize("name, value, part", [
    ("TargetAccounts", "222222222222,,333333333333", '""'),
    ("TargetAccounts", "222222222222,33333333333", '"33333333333" is neither'),
    ("TargetAccounts", "", "neither"),
    ("TargetAccounts", None, "neither"),
    ("TargetAccounts", ",".join(str(100000000000 + i) for i in range(51)), "51st"),
    ("TargetRegionIds", "us-east-1,us_east_2", '"us_east_2" is no Region'),
    ("TargetRegionIds", "us-east", "is no Region"),
    ("RunPatchBaselineOperation", "scan", "neither Scan nor Install"),
    ("RunPatchBaselineRebootOption", "Never", "neither RebootIfNeeded nor NoReboot"),
    ("RunPatchBaselineInstallOverrideList", "http://x/y", "https://"),
    ("RunPatchBaselineInstallOverrideList", "https://x/" + "y" * 512, "512"),
    ("TargetLocationMaxConcurrency", "0", "from 1"),
    ("TargetLocationMaxErrors", "101%", "percentage"),
    ("MaximumConcurrency", "ten", "from 1"),
    ("MaximumErrors", "-1", "percentage"),
    ("ExecutionRoleName", "a/b", "role"),
    ("MasterAccountID", "1234", "twelve digits"),
    ("AutomationAdministrationRoleArn", "arn:aws:iam::1:role/x", "ARN of a role"),
    ("AutomationDocumentMamrRunPatchBaseline", "a b", "document"),
])
def test_a_wrong_setting_is_named_and_nothing_is_started(name, value, part):
    (how, error), calls, printed = run(**{name: value})
    assert how == "error" and not calls
    assert error["errorType"] == "SettingsWrong"
    assert error["errorMessage"].startswith(name + ": ") and part in error["errorMessage"]
    assert error["errorMessage"] in printed


def test_a_refusal_is_the_functions_error():
    denied = {"__type": "com.amazonaws.ssm#AccessDeniedException", "Message": "not authorized"}
    (how, error), calls, _ = run(answers=[(400, denied)])
    assert (how, len(calls)) == ("error", 1)
    assert error == {"errorType": "AccessDeniedException", "errorMessage": "not authorized"}


def test_a_passing_failure_is_tried_again_with_the_same_token():
    busy = {"__type": "ThrottlingException", "message": "Rate exceeded"}
    (how, _), calls, _ = run(answers=[(400, busy), (503, {}), STARTED])
    assert how == "response"
    assert len({call["ClientToken"] for _, call in calls}) == 1 and len(calls) == 3


def test_a_duplicate_event_after_the_settings_changed_starts_nothing():
    mismatch = {"__type": "IdempotentParameterMismatch", "message": "..."}
    (how, answer), calls, _ = run(answers=[(400, mismatch)])
    assert (how, answer, len(calls)) == ("response", {"StartedBefore": True}, 1)


def test_what_is_no_event_of_a_rule_still_starts_a_run():
    (how, _), calls, _ = run({})
    assert how == "response" and len(calls) == 1


def test_the_archive_is_ready_to_upload():
    with zipfile.ZipFile(ARCHIVE) as archive:
        [entry] = archive.infolist()
        assert entry.filename == "bootstrap" and entry.external_attr >> 16 & 0o777 == 0o755
        assert archive.read(entry) == PROGRAM.read_bytes()


def test_it_needs_no_library_of_the_system():
    found = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True, check=True)
    assert "NEEDED" not in found.stdout
    assert os.access(PROGRAM, os.X_OK)
