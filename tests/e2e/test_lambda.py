# SPDX-License-Identifier: Apache-2.0
"""Functions: run in their sandbox, as their role, with their limits."""

import base64
import io
import json
import pathlib
import threading
import time
import uuid
import zipfile

import pytest

from conftest import REGION, wait_for
from schedule_function import ARCHIVE, SETTINGS, event

TRUST = {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole"}]}
MAY_LOG = {"Version": "2012-10-17",
           "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}


def archive(**files):
    """A zip; `bootstrap` is executable."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, text in files.items():
            info = zipfile.ZipInfo(name if name == "bootstrap" else name + ".py")
            info.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            z.writestr(info, text)
    return out.getvalue()


# In a handler: until the test lets it go on.
WAITS = """import os, time
    open("/tmp/begun", "w").close()
    while not os.path.exists("/tmp/go"):
        time.sleep(0.01)"""


def environments(plane):
    """The sandboxes of a plane that are alive: processes that were given one of its sockets."""
    mine = str(plane.data / "run" / "functions").encode()
    found = []
    for pid in (p.name for p in pathlib.Path("/proc").iterdir() if p.name.isdigit()):
        try:
            if mine in pathlib.Path("/proc", pid, "cmdline").read_bytes():
                found.append(int(pid))
        except OSError:
            pass
    return found


def begun(plane, others=()):
    """The /tmp of each sandbox, but of `others`, whose handler WAITS. What has no process yet, or
    one that still sees the host's files, has not begun."""
    found = []
    for pid in set(environments(plane)) - set(others):
        try:
            while children := pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                pid = children[0]
            root = pathlib.Path(f"/proc/{pid}/root")
            if not root.samefile("/") and (root / "tmp/begun").exists():
                found.append(root / "tmp")
        except OSError:
            pass
    return found


class Functions:
    """Makes functions and calls them."""

    def __init__(self, plane):
        self.plane = plane
        self.iam, self.client = plane.client("iam"), plane.client("lambda")

    def role(self, *policies):
        name = "role-" + uuid.uuid4().hex[:8]
        arn = self.iam.create_role(RoleName=name,
                                   AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        for i, policy in enumerate((MAY_LOG, *policies)):
            self.iam.put_role_policy(RoleName=name, PolicyName=f"p{i}",
                                     PolicyDocument=json.dumps(policy))
        return arn

    def create(self, code, role=None, variables=None, runtime="python3.11", **more):
        name = "function-" + uuid.uuid4().hex[:8]
        zipped = code if isinstance(code, bytes) else archive(index=code)
        self.client.create_function(
            FunctionName=name, Runtime=runtime, Role=role or self.role(),
            Handler=more.pop("Handler", "index.handler"), Code={"ZipFile": zipped},
            Environment={"Variables": variables or {}}, **more)
        return name

    def invoke(self, name, event=None):
        """(what it returned, the error's kind or None, the tail of the log)"""
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event or {}),
                                    LogType="Tail")
        assert answer["StatusCode"] == 200
        return (json.loads(answer["Payload"].read()), answer.get("FunctionError"),
                base64.b64decode(answer.get("LogResult", "")).decode())


    def logged(self, name):
        """All lines in its log group; none if there is no group yet."""
        logs, group = self.plane.client("logs"), f"/aws/lambda/{name}"
        try:
            streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"].rstrip("\n") for stream in streams
                for event in logs.get_log_events(
                    logGroupName=group, logStreamName=stream["logStreamName"],
                    startFromHead=True)["events"]]


@pytest.fixture(scope="session")
def functions(plane):
    return Functions(plane)


def test_a_handler_gets_its_event_and_context_and_its_answer_is_returned(functions):
    name = functions.create("""
import os
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return {"event": event, "arn": context.invoked_function_arn, "left": 0 < left <= 3000,
            "id": len(context.aws_request_id), "memory": context.memory_limit_in_mb,
            "name": context.function_name, "x": os.environ["SAY"], "region": os.environ["AWS_REGION"],
            "home": os.environ["HOME"], "cwd": os.getcwd(), "uid": os.getuid()}
""", variables={"SAY": "a=b c"})
    answer, error, log = functions.invoke(name, {"a": ["ü", None, 1.5]})
    assert error is None, answer
    assert answer == {
        "event": {"a": ["ü", None, 1.5]}, "left": True, "id": 36, "memory": "128", "name": name,
        "arn": f"arn:aws:lambda:{REGION}:{functions.plane.management_account}:function:{name}",
        "x": "a=b c", "region": REGION, "home": "/tmp", "cwd": "/var/task", "uid": 993}
    assert "START RequestId: " in log and "END RequestId: " in log
    assert "Memory Size: 128 MB" in log and "Init Duration: " in log


def test_an_environment_is_warm_for_the_next_invocation_and_only_its_own(functions):
    code = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
    one, other = functions.create(code), functions.create(code)
    assert [functions.invoke(one)[0] for _ in range(3)] == [1, 2, 3]
    assert functions.invoke(other)[0] == 1
    answer, _, log = functions.invoke(one)
    assert answer == 4 and "Init Duration" not in log


def test_new_code_and_new_variables_start_afresh(functions):
    code = "import os\nn = 0\ndef handler(e, c):\n    global n\n    n += 1\n    return [os.environ['SAY'], n]\n"
    name = functions.create(code, variables={"SAY": "a"})
    assert functions.invoke(name)[0] == ["a", 1]
    functions.client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"SAY": "b"}})
    assert functions.invoke(name)[0] == ["b", 1]
    functions.client.update_function_code(
        FunctionName=name, ZipFile=archive(index="def handler(e, c):\n    return 'new'\n"))
    assert functions.invoke(name)[0] == "new"


def test_two_invocations_at_once_are_in_two_environments(functions):
    name = functions.create("""
import uuid
me = str(uuid.uuid4())
def handler(event, context):
    """ + WAITS + """
    return me
""", Timeout=30)
    others = environments(functions.plane)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(functions.invoke(name)[0]))
               for _ in range(3)]
    for t in threads:
        t.start()
    wait_for(lambda: len(begun(functions.plane, others)) == 3)
    for folder in begun(functions.plane, others):
        (folder / "go").touch()
    for t in threads:
        t.join()
    assert len(set(answers)) == 3


def test_what_a_handler_raises_is_told_with_its_trace(functions):
    name = functions.create("""
def deeper():
    raise ValueError("not this one")
def handler(event, context):
    deeper()
""")
    answer, error, log = functions.invoke(name)
    assert error == "Unhandled"
    assert answer["errorType"] == "ValueError" and answer["errorMessage"] == "not this one"
    assert [line for line in answer["stackTrace"] if "in deeper" in line]
    assert not [line for line in answer["stackTrace"] if "bootstrap" in line]
    assert "[ERROR] ValueError: not this one" in log
    assert functions.invoke(name)[0]["errorType"] == "ValueError"  # and goes on


@pytest.mark.parametrize("code, kind", [
    ("import nothing_like_that\ndef handler(e, c): pass\n", "Runtime.ImportModuleError"),
    ("def handler(e, c:\n", "Runtime.UserCodeSyntaxError"),
    ("def other(e, c): pass\n", "Runtime.HandlerNotFound"),
    ("1 / 0\n", "ZeroDivisionError"),
    ("import sys\nsys.exit(3)\n", "SystemExit"),
    ("import os\nos._exit(3)\n", "Runtime.ExitError"),
    ("def handler(e, c):\n    import os\n    os._exit(0)\n", "Runtime.ExitError"),
    ("def handler(e, c):\n    import os\n    os.kill(os.getpid(), 9)\n", "Runtime.ExitError"),
    ("def handler(e, c):\n    return object()\n", "Runtime.MarshalError"),
    ("def handler(e, c):\n    return 'x' * (7 << 20)\n", "Function.ResponseSizeTooLarge"),
])
def test_each_way_to_fail_has_its_name(functions, code, kind):
    answer, error, _ = functions.invoke(functions.create(code))
    assert error == "Unhandled" and answer["errorType"] == kind, answer


def test_time_is_limited_and_the_next_invocation_starts_afresh(functions):
    name = functions.create("""
import time
def handler(event, context):
    print("before")
    time.sleep(event.get("s", 0))
    return "done"
""", Timeout=1)
    start = time.monotonic()
    answer, error, log = functions.invoke(name, {"s": 30})
    assert time.monotonic() - start < 5
    assert error == "Unhandled"
    assert answer["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "before" in log and "Task timed out after 1.00 seconds" in log
    assert functions.invoke(name)[0] == "done"


def test_memory_is_limited(functions):
    name = functions.create("""
def handler(event, context):
    held = bytearray(event["mb"] << 20)
    for i in range(0, len(held), 4096):
        held[i] = 1
    import time; time.sleep(0.3)  # its memory is looked at from time to time
    return len(held) >> 20
""", Timeout=20)
    assert functions.invoke(name, {"mb": 60})[0] == 60
    answer, error, _ = functions.invoke(name, {"mb": 300})
    assert error == "Unhandled" and answer["errorType"] == "Runtime.OutOfMemory"
    answer, error, _ = functions.invoke(name, {"mb": 4000})
    assert error == "Unhandled" and answer["errorType"] == "MemoryError"
    functions.client.update_function_configuration(FunctionName=name, MemorySize=512)
    answer, error, log = functions.invoke(name, {"mb": 300})
    assert answer == 300
    used = int(log.split("Max Memory Used: ")[1].split()[0])
    assert 300 <= used < 400


def test_a_warm_environment_that_died_is_replaced(functions):
    name = functions.create("""
import os, threading
def handler(event, context):
    threading.Timer(0.2, os._exit, [1]).start()
    return "fine"
""")
    others = environments(functions.plane)
    assert functions.invoke(name)[0] == "fine"
    wait_for(lambda: set(environments(functions.plane)) <= set(others))
    answer, error, log = functions.invoke(name)
    assert (answer, error) == ("fine", None) and "Init Duration" in log


def test_what_a_function_starts_ends_with_it(functions):
    name = functions.create("""
import os, time
def handler(event, context):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    os.wait()
    time.sleep(30)
""", Timeout=1)
    before = len(environments(functions.plane))
    assert functions.invoke(name)[1] == "Unhandled"
    wait_for(lambda: len(environments(functions.plane)) <= before)


def test_the_sandbox_has_no_network_no_host_and_nothing_to_write_to(functions):
    name = functions.create("""
import ctypes, os, socket
def attempt(what):
    try:
        return what()
    except Exception as e:
        return type(e).__name__
def reach(address):
    s = socket.create_connection(address, 2)
    return "reached"
def write(path):
    with open(path, "w") as f:
        f.write("x")
    return "written"
def handler(event, context):
    return {
        "other loopback": attempt(lambda: reach(("127.0.0.2", event["port"]))),
        "host loopback": attempt(lambda: reach(("127.0.0.1", event["port"]))),
        "outside": attempt(lambda: reach(("192.0.2.1", 80))),
        "interfaces": [name for _, name in socket.if_nameindex()],
        "task": attempt(lambda: write("/var/task/x")), "root": attempt(lambda: write("/x")),
        "usr": attempt(lambda: write("/usr/x")), "tmp": attempt(lambda: write("/tmp/x")),
        "top": sorted(os.listdir("/")), "etc": os.path.exists("/etc/passwd"),
        "others": [p for p in os.listdir("/proc") if p.isdigit() and int(p) > 20],
        "caps": [l for l in open("/proc/self/status") if l.startswith("CapEff")],
        "secret": [k for k in os.environ if k.startswith("PYTEST")],
        "mount": attempt(lambda: os.chroot("/tmp")),
        "sysctl": attempt(lambda: os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)),
        "sysrq": attempt(lambda: os.open("/proc/sysrq-trigger", os.O_WRONLY)),
        "proc": [m for m in open("/proc/mounts") if m.split()[2] == "proc" and " ro," not in m],
        "userns": ctypes.CDLL(None).unshare(0x10000000),
    }
""")
    port = int(functions.plane.url.rsplit(":", 1)[1])
    answer, error, _ = functions.invoke(name, {"port": port})
    assert error is None, answer
    assert answer["other loopback"] == answer["host loopback"] == "ConnectionRefusedError"
    assert answer["outside"] == "OSError" and answer["interfaces"] == ["lo"]
    assert answer["task"] == answer["root"] == answer["usr"] == "OSError"
    assert {answer["sysctl"], answer["sysrq"]} <= {
        "OSError", "PermissionError", "FileNotFoundError"}
    assert answer["proc"] == []
    assert answer["userns"] == -1
    assert answer["tmp"] == "written" and answer["mount"] == "PermissionError"
    assert not {"home", "root", "work", "opt", "srv"} & set(answer["top"])
    assert not answer["etc"] and not answer["others"] and not answer["secret"]
    assert answer["caps"] == ["CapEff:\t0000000000000000\n"]


def test_many_processes_are_not_to_be_had(functions):
    name = functions.create("""
import os, time
def handler(event, context):
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
""", Timeout=10)
    answer, error, _ = functions.invoke(name)
    assert error == "Unhandled"


def test_output_is_in_the_logs_of_cloudwatch_and_is_bounded(functions):
    name = functions.create(r"""
import logging, os, sys
log = logging.getLogger()
log.setLevel(logging.INFO)
def handler(event, context):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    log.info("to the logger")
    os.write(1, b"not text: \xff\x00\n")
    os.system("echo from a child")
    for _ in range(event.get("lines", 0)):
        print("x" * 1000)
""")
    functions.invoke(name)
    lines = functions.logged(name)
    assert lines[0].startswith("START RequestId: ") and lines[-1].startswith("REPORT RequestId: ")
    for line in ("to stdout", "to stderr", "not text: ??", "from a child"):
        assert line in lines
    assert [l for l in lines if l.startswith("[INFO]\t") and l.endswith("\tto the logger")]
    answer, error, log = functions.invoke(name, {"lines": 2000})
    assert error is None and "REPORT" in log


def test_a_function_calls_the_plane_as_its_role_and_no_further(functions):
    role = functions.role()
    name = functions.create("""
import boto3
client = boto3.client("sts")
def handler(event, context):
    try:
        boto3.client("iam").list_users()
        denied = None
    except Exception as e:
        denied = str(e)
    return [client.get_caller_identity()["Arn"], denied]
""", role=role, Timeout=10)
    answer, error, _ = functions.invoke(name)
    assert error is None, answer
    me = f"arn:aws:sts::{functions.plane.management_account}:assumed-role/" \
         f"{role.rsplit('/', 1)[1]}/{name}"
    assert answer[0] == me
    assert f"User: {me} is not authorized to perform: iam:ListUsers" in answer[1]


def test_events_are_run_later_and_answered_202(functions):
    name = functions.create("def handler(event, context):\n    print('got', event['n'])\n")
    answer = functions.client.invoke(FunctionName=name, InvocationType="Event",
                                     Payload=json.dumps({"n": 7}))
    assert answer["StatusCode"] == 202
    wait_for(lambda: "got 7" in functions.logged(name))


BOOTSTRAP = """#!/bin/bash
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while :; do
    exec 5<>/dev/tcp/127.0.0.1/9001
    printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' >&5
    id= ; n=0
    while IFS= read -r line <&5; do
        line=${line%$'\\r'}
        [ -z "$line" ] && break
        case ${line,,} in
        lambda-runtime-aws-request-id:*) id=${line#*: } ;;
        content-length:*) n=${line#*: } ;;
        esac
    done
    IFS= read -r -N "$n" event <&5
    exec 5<&-
    answer="{\\"got\\":$event,\\"handler\\":\\"$_HANDLER\\"}"
    exec 5<>/dev/tcp/127.0.0.1/9001
    printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length: %s\\r\\n\\r\\n%s' "$id" "${#answer}" "$answer" >&5
    cat <&5 >/dev/null
    exec 5<&-
done
"""


def test_a_bootstrap_of_ones_own_speaks_the_runtime_api(functions):
    name = functions.create(archive(bootstrap=BOOTSTRAP), runtime="provided.al2023",
                            Handler="mine")
    for n in (1, 2):
        answer, error, log = functions.invoke(name, {"n": n})
        assert error is None, (answer, log)
        assert answer == {"got": {"n": n}, "handler": "mine"}


def test_an_archive_without_a_bootstrap_says_so(functions):
    name = functions.create(archive(index="x"), runtime="provided.al2")
    answer, error, _ = functions.invoke(name)
    assert error == "Unhandled" and answer["errorType"] == "Runtime.InvalidEntrypoint"


def test_the_runtime_api_is_not_for_clients(functions):
    import urllib.error
    import urllib.request
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(functions.plane.url + "/2018-06-01/runtime/invocation/next",
                               timeout=5)
    assert e.value.code in (400, 403, 404)


# --- when patchbayd ends ----------------------------------------------------------------------


HELD = """
def handler(event, context):
    """ + WAITS + """
    print("done", event["n"])
"""


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_an_event_under_way_is_run_again_after_a_restart(make_plane, how):
    plane = make_plane()
    functions = Functions(plane)
    name = functions.create(HELD, Timeout=30)
    functions.client.invoke(FunctionName=name, InvocationType="Event",
                            Payload=json.dumps({"n": 5}))
    wait_for(lambda: begun(plane))
    start = time.monotonic()
    assert getattr(plane, how)() == (0 if how == "stop" else -9)
    assert time.monotonic() - start < 5
    wait_for(lambda: not environments(plane))
    plane.restart()
    functions = Functions(plane)
    wait_for(lambda: begun(plane))
    (begun(plane)[0] / "go").touch()
    wait_for(lambda: "done 5" in functions.logged(name))
    assert len(list((plane.data / "run" / "functions").iterdir())) == 1


def test_warm_environments_end_with_the_plane_and_their_folders_with_the_next(make_plane):
    plane = make_plane()
    functions = Functions(plane)
    name = functions.create("def handler(e, c): return 1\n")
    assert functions.invoke(name)[0] == 1
    assert environments(plane)
    plane.kill()
    wait_for(lambda: not environments(plane))
    plane.restart()
    assert list((plane.data / "run" / "functions").iterdir()) == []
    assert Functions(plane).invoke(name)[0] == 1
    assert plane.stop() == 0
    assert list((plane.data / "run" / "functions").iterdir()) == []


def test_there_is_room_for_many_functions_one_after_the_other(functions):
    role = functions.role()
    code = "def handler(e, c): return e['n']\n"
    names = [functions.create(code, role=role) for _ in range(20)]
    for n, name in enumerate(names):
        assert functions.invoke(name, {"n": n})[0] == n
    assert len(list((functions.plane.data / "run" / "functions").iterdir())) <= 16
    assert functions.invoke(names[0], {"n": 0})[0] == 0


def test_a_host_without_bubblewrap_says_what_it_lacks(make_plane, tmp_path):
    plane = make_plane(env={"PATH": str(tmp_path)})
    functions = Functions(plane)
    name = functions.create("def handler(e, c): return 1\n")
    functions.client.invoke(FunctionName=name, InvocationType="Event")
    lacks = "functions need bubblewrap: cannot run bwrap"
    wait_for(lambda: lacks in plane.log_text())
    answer, error, _ = functions.invoke(name)
    assert error == "Unhandled" and answer["errorMessage"].startswith(lacks)


# --- the schedule function ------------------------------------------------------------------------


RUNBOOK = {
    "schemaVersion": "0.3", "description": "of the schedule function's tests",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {name: {"type": "String", "default": ""} for name in
                   ("AutomationAssumeRole", "Operation", "RebootOption", "SnapshotId")},
    "mainSteps": [{"name": "patch", "action": "aws:runCommand", "inputs": {
        "DocumentName": "AWS-RunPatchBaseline",
        "Targets": [{"Key": "tag:none", "Values": ["none"]}],
        "Parameters": {"Operation": "{{ Operation }}", "RebootOption": "{{ RebootOption }}",
                       "SnapshotId": "{{ SnapshotId }}"}}}],
}


def test_the_schedule_function_starts_one_run_for_an_event_that_comes_twice(functions):
    plane, account = functions.plane, functions.plane.management_account
    ssm = plane.client("ssm")
    ssm.create_document(Name="Schedule-Test", DocumentType="Automation", DocumentFormat="JSON",
                        Content=json.dumps(RUNBOOK))
    trust = json.loads(json.dumps(TRUST).replace("lambda.", "ssm."))
    functions.iam.create_role(RoleName="schedule-administration",
                              AssumeRolePolicyDocument=json.dumps(trust))
    administration = f"arn:aws:iam::{account}:role/schedule-administration"
    may_start = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ssm:StartAutomationExecution", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": administration}]}
    settings = {**SETTINGS, "TargetAccounts": f" {account} ", "TargetRegionIds": REGION,
                "AutomationAdministrationRoleArn": administration,
                "AutomationDocumentMamrRunPatchBaseline": "Schedule-Test"}
    code = ARCHIVE.read_bytes()

    def create(*policies):
        return functions.create(code, functions.role(*policies), settings,
                                runtime="provided.al2023", Handler="bootstrap")

    answer, error, _ = functions.invoke(create(), event())
    assert error == "Unhandled" and answer["errorType"] == "AccessDeniedException"
    assert "is not authorized to perform: ssm:StartAutomationExecution" in answer["errorMessage"]

    name = create(may_start)
    answer, error, log = functions.invoke(name, event())
    assert error is None, answer
    run = answer["AutomationExecutionId"]
    assert f"AutomationExecutionId: {run}" in log
    assert functions.invoke(name, event())[0] == {"AutomationExecutionId": run}
    assert functions.invoke(name, event(id=str(uuid.uuid4())))[0]["AutomationExecutionId"] != run
    found = ssm.get_automation_execution(AutomationExecutionId=run)["AutomationExecution"]
    assert found["Parameters"]["Operation"] == ["Install"]
    assert found["TargetLocations"][0]["Accounts"] == [account]

    functions.client.update_function_configuration(
        FunctionName=name,
        Environment={"Variables": {**settings, "RunPatchBaselineOperation": "Scan"}})
    assert functions.invoke(name, event())[0] == {"StartedBefore": True}
