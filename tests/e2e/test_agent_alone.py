# SPDX-License-Identifier: Apache-2.0
"""patchbay-agent as a program, against the plane of fake_plane.py: what it says, when,
and what is left of a command when the agent is killed, stopped or restarted."""

import json
import os
import pathlib
import random
import signal
import stat
import subprocess
import time

import pytest

import fake_plane
from agent_alone import (AGENT, SHELL, Agent, agent, certificate, make_agent, plane,  # noqa: F401
                         register, sh, statuses, steps)
from conftest import BUILD, wait_for
from fake_plane import ACTIVATION_CODE, ACTIVATION_ID, REGION, FakePlane, Refused

def result_of(agent, message):
    """That a step of the command has ended, as its keeper wrote it down."""
    return list((agent.state / "steps" / message.split(".")[2]).glob("*/result.json"))


def waiting(flag, then="true"):
    """Lines of a script that goes on once the flag is there."""
    return f"until [ -e '{flag}' ]; do sleep 0.05; done; {then}"


# --- registration ---

def test_registration_writes_private_files(plane, tmp_path):
    done = register(plane.url, tmp_path / "s")
    assert done.returncode == 0 and done.stdout.startswith("registered as mi-")
    identity = json.loads((tmp_path / "s" / "identity.json").read_text())
    assert identity["instance_id"] == done.stdout.split()[-1]
    assert (identity["region"], identity["endpoint"]) == (REGION, plane.url)
    for path in (tmp_path / "s").rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_registered_node_is_not_registered_by_accident(plane, tmp_path):
    first = register(plane.url, tmp_path / "s").stdout.split()[-1]
    again = register(plane.url, tmp_path / "s")
    assert again.returncode == 3 and first in again.stderr and "--force" in again.stderr
    forced = register(plane.url, tmp_path / "s", "--force", code="-")
    assert forced.returncode == 0 and first not in forced.stdout


def test_a_failed_registration_says_why_and_leaves_nothing(plane, tmp_path):
    refused = register(plane.url, tmp_path / "s", code="X" * 20)
    assert refused.returncode == 1 and "InvalidActivation" in refused.stderr
    closed = register("http://127.0.0.1:1", tmp_path / "s")
    assert closed.returncode == 1 and "127.0.0.1:1" in closed.stderr
    plain = register("http://192.0.2.1", tmp_path / "s")
    assert plain.returncode == 1 and "https" in plain.stderr
    assert register("ftp://x", tmp_path / "s").returncode == 1
    assert not (tmp_path / "s" / "identity.json").exists()
    assert subprocess.run([AGENT, "register"], capture_output=True).returncode == 2
    unregistered = subprocess.run([AGENT, "run", "--state", tmp_path / "s"], capture_output=True,
                                  text=True)
    assert unregistered.returncode == 1 and "not registered" in unregistered.stderr


def test_unknown_settings_are_refused(plane, make_agent):
    agent = make_agent()
    agent.config.write_text("rebot_command = x\n")
    done = subprocess.run([AGENT, "run", "--state", agent.state, "--config", agent.config],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "unknown key rebot_command" in done.stderr


def test_one_state_has_one_agent(agent):
    wait_for(lambda: agent.plane.heartbeats)
    done = subprocess.run([AGENT, "run", "--state", agent.state, "--config", agent.config],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "already running" in done.stderr


# --- commands ---

def test_a_command_runs_as_the_aws_agent_would_run_it(plane, agent):
    message = plane.run(agent.node, "echo hi", "id -un; echo err >&2; echo $SSM_COMMAND_ID")
    final = plane.final(message)
    command = message.split(".")[2]
    assert statuses(plane.of(message)) == [("InProgress", {}), ("InProgress", {SHELL: "Success"}),
                                           ("Success", {SHELL: "Success"})]
    assert plane.of(message)[0]["runtimeStatus"] is None
    assert plane.acks == [message]
    step = final["runtimeStatus"][SHELL]
    assert (step["code"], step["name"], step["standardError"]) == (0, SHELL, "err\n")
    assert step["standardOutput"] == f"hi\nroot\n{command}\n" or os.getuid() != 0
    assert step["output"] == step["standardOutput"] + "\n----------ERROR-------\nerr\n"
    assert final["additionalInfo"]["runtimeStatusCounts"] == {"Success": 1}
    assert sorted(step) == ["code", "endDateTime", "name", "output", "outputS3BucketName",
                            "outputS3KeyPrefix", "standardError", "standardOutput",
                            "startDateTime", "status", "stepName"]
    wait_for(lambda: not list((agent.state / "steps").iterdir()))
    assert not list((agent.state / "commands").iterdir())


def test_steps_get_credentials_of_the_node(plane, agent):
    message = plane.run(agent.node, "cat \"$AWS_SHARED_CREDENTIALS_FILE\"; echo $PATCHBAY_ENDPOINT "
                                    "$AWS_REGION $PATCHBAY_INSTANCE_ID")
    output = plane.final(message)["runtimeStatus"][SHELL]["standardOutput"]
    assert f"{plane.url} {REGION} {agent.node}\n" in output
    assert any(f"aws_access_key_id = {key}\n" in output for key in plane.tokens)
    assert stat.S_IMODE((agent.state / "credentials").stat().st_mode) == 0o600


def test_the_recorded_document_of_many_steps(plane, agent):
    document = steps(
        {"action": "aws:runPowerShellScript", "name": "win",
         "precondition": {"StringEquals": ["platformType", "Windows"]},
         "inputs": {"runCommand": ["Get-Date"]}},
        {**sh("lin", "echo hello {{ msg }}", timeoutSeconds="30"),
         "precondition": {"StringEquals": ["platformType", "Linux"]}},
        sh("fail", "echo bad >&2; exit 7", onFailure="exit"),
        sh("skipped", "echo never"),
        sh("fin", "echo finally", finallyStep=True))
    document["parameters"] = {"msg": {"type": "String", "default": "x"}}
    message = plane.send(agent.node, document, {"msg": "there"})
    final = plane.final(message)
    assert statuses(plane.of(message)) == [
        ("InProgress", {}), ("InProgress", {"win": "Skipped"}), ("InProgress", {"lin": "Success"}),
        ("InProgress", {"fail": "Failed"}), ("InProgress", {"skipped": "Skipped"}),
        ("InProgress", {"fin": "Success"}), ("Failed", {})]
    assert final["additionalInfo"]["runtimeStatusCounts"] == {"Failed": 1, "Skipped": 2,
                                                              "Success": 2}
    by_step = {k: v for p in plane.of(message) for k, v in (p["runtimeStatus"] or {}).items()}
    assert by_step["lin"]["standardOutput"] == "hello there\n"
    assert by_step["fail"]["output"] == ("\n----------ERROR-------\nbad\n"
                                         "failed to run commands: exit status 7")
    assert by_step["skipped"]["output"] == (f"Plugin with name {SHELL} and id skipped skipped due "
                                            "to prior step with an exit condition")


def test_what_cannot_be_taken_is_refused_and_not_acknowledged(plane, agent):
    message = plane.send(agent.node, {"schemaVersion": "0.3", "mainSteps": []})
    final = plane.final(message)
    assert final["documentStatus"] == "Failed" and final["runtimeStatus"] is None
    assert final["documentTraceOutput"].startswith("Document with schema version 0.3 is not ")
    to_s3 = plane.send(agent.node, fake_plane.RUN_SHELL_SCRIPT, {"commands": ["x"]},
                       OutputS3BucketName="bucket")
    assert "S3" in plane.final(to_s3)["documentTraceOutput"]
    no_json = plane.post(agent.node, "aws.ssm.sendCommand.x", "{")
    assert plane.final(no_json)["documentStatus"] == "Failed"
    unknown = plane.post(agent.node, "aws.ssm.whatever", {})
    wait_for(lambda: plane.failed)
    assert plane.failed == [(unknown, "InternalHandlerException")]
    assert plane.acks == []


def test_long_output_is_bounded(plane, agent):
    message = plane.run(agent.node, "yes 0123456789 | head -c 60000",
                        "yes err | head -c 20000 >&2", "printf 'a\\0b\\377' >&2")
    step = plane.final(message)["runtimeStatus"][SHELL]
    assert len(step["standardOutput"]) == 24000
    assert step["standardOutput"].endswith("\n--output truncated--")
    assert step["standardError"] == "err\n" * 5000 + "a\ufffdb\ufffd"
    assert len(step["output"].encode()) == 2500


def test_a_step_is_ended_when_its_time_is_up(plane, agent):
    began = time.monotonic()
    message = plane.run(agent.node, "sleep 60 & echo before; sleep 60", executionTimeout="5")
    step = plane.final(message)["runtimeStatus"][SHELL]
    assert (step["status"], step["code"], step["standardOutput"]) == ("TimedOut", 137, "before\n")
    assert time.monotonic() - began >= 5
    assert plane.final(message)["documentStatus"] == "TimedOut"


def test_a_command_is_cancelled(plane, agent, tmp_path):
    started = tmp_path / "started"
    message = plane.send(agent.node, steps(sh("a", f"touch {started}; sleep 60"),
                                           sh("b", "echo b")))
    wait_for(lambda: started.exists() and message in plane.acks)
    cancel = plane.cancel(agent.node, message)
    final = plane.final(message)
    assert final["documentStatus"] == "Cancelled"
    assert statuses(plane.of(message))[1:3] == [("InProgress", {"a": "Cancelled"}),
                                                ("InProgress", {"b": "Cancelled"})]
    assert plane.of(message)[1]["runtimeStatus"]["a"]["code"] == 137
    wait_for(lambda: cancel in plane.acks)
    assert statuses(plane.of(cancel)) == [("InProgress", {})]
    plane.cancel(agent.node, f"aws.ssm.00000000-0000-0000-0000-000000000000.{agent.node}")
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"


def test_a_message_delivered_twice_runs_once(plane, agent, tmp_path):
    ran = tmp_path / "ran"
    lost = []

    def lose_first_acks(operation):
        if operation == "AcknowledgeMessage" and len(lost) < 2:
            lost.append(operation)
            return "drop"

    plane.fault = lose_first_acks
    message = plane.run(agent.node, f"echo x >> {ran}")
    plane.final(message)
    wait_for(lambda: message in plane.acks)
    again = dict(plane.calls)
    plane.post(agent.node, "aws.ssm.sendCommand.x", {}, message)
    wait_for(lambda: plane.acks.count(message) >= 2)
    assert plane.calls["SendReply"] == again["SendReply"]
    assert ran.read_text() == "x\n"


def test_too_many_commands_wait_at_the_plane(plane, agent, tmp_path):
    stop = tmp_path / "stop"
    sent = [plane.run(agent.node, f"until [ -e {stop} ]; do sleep 0.1; done") for _ in range(13)]

    def taken():
        return [m for m in sent if (agent.state / "commands" / f"{m.split('.')[2]}.json").exists()]

    def started():
        return [m for m in sent if (agent.state / "steps" / m.split(".")[2]).exists()]

    wait_for(lambda: len(taken()) >= 10 and len(started()) >= 5)
    assert (len(taken()), len(started())) == (10, 5)
    waiting = next(m for m in taken() if m not in started())
    plane.cancel(agent.node, waiting)  # still comes through, and is answered at once
    assert plane.final(waiting)["documentStatus"] == "Cancelled"
    second = next(m for m in taken() if m not in started())
    plane.cancel(agent.node, second)
    assert plane.final(second)["documentStatus"] == "Cancelled"
    assert len(started()) == 5
    stop.touch()
    for message in sent:
        assert plane.final(message, 60)["documentStatus"] == (
            "Cancelled" if message in (waiting, second) else "Success")


# --- the restart of a node ---

def test_a_step_that_asks_for_a_restart_goes_on_after_it(plane, agent, tmp_path):
    flag = tmp_path / "flag"
    document = steps(sh("a", "echo a"),
                     sh("b", f"if [ -e {flag} ]; then echo second run; exit 0; fi",
                        f"touch {flag}; echo first run; exit 194"),
                     sh("c", "echo c"))
    message = plane.send(agent.node, document)
    wait_for(lambda: agent.reboots.exists())
    assert statuses(plane.of(message)) == [
        ("InProgress", {}), ("InProgress", {"a": "Success"}),
        ("InProgress", {"b": "SuccessAndReboot"}), ("SuccessAndReboot", {})]
    agent.restart_node()
    assert plane.final(message)["documentStatus"] == "Success"
    assert statuses(plane.of(message))[4:] == [("InProgress", {"b": "Success"}),
                                               ("InProgress", {"c": "Success"}), ("Success", {})]
    step = plane.of(message)[4]["runtimeStatus"]["b"]
    assert step["standardOutput"] == "first run\nsecond run\n"
    assert agent.reboots.read_text() == "x\n"


def test_an_agent_killed_before_the_restart_asks_for_it_again(plane, agent, tmp_path):
    message = plane.run(agent.node, f"[ ! -e {tmp_path}/flag ] || exit 0; "
                                    f"touch {tmp_path}/flag; exit 194")
    wait_for(lambda: agent.reboots.exists())
    agent.kill()
    agent.start()
    wait_for(lambda: agent.reboots.read_text() == "x\nx\n")
    agent.restart_node()
    assert plane.final(message)["documentStatus"] == "Success"


def test_a_node_that_does_not_restart_is_reported(plane, make_agent):
    agent = make_agent(reboot_timeout_seconds=1).start()
    final = plane.final(plane.run(agent.node, "exit 194"))
    assert final["documentStatus"] == "Failed"
    assert "did not restart" in final["runtimeStatus"][SHELL]["standardError"]
    broken = make_agent(reboot_command="echo no power >&2; exit 3").start()
    final = plane.final(plane.run(broken.node, "exit 194"))
    assert "exit status 3: no power" in final["runtimeStatus"][SHELL]["standardError"]
    assert plane.final(plane.run(broken.node, "true"))["documentStatus"] == "Success"


def test_a_restart_waits_for_the_steps_of_other_commands(plane, make_agent, tmp_path):
    stop, ended, order = tmp_path / "stop", tmp_path / "ended", tmp_path / "order"
    agent = make_agent(reboot_command=f"[ -e {ended} ] && echo after > {order} || "
                                      f"echo before > {order}").start()
    other = plane.run(agent.node, waiting(stop, f"sleep 0.5; touch {ended}"))
    wait_for(lambda: other in plane.acks)
    message = plane.run(agent.node, f"[ ! -e {tmp_path}/flag ] || exit 0; "
                                    f"touch {tmp_path}/flag; exit 194")
    wait_for(lambda: len(plane.of(message)) == 3)
    assert not order.exists()
    stop.touch()
    assert plane.final(other)["documentStatus"] == "Success"
    wait_for(order.exists)
    agent.restart_node()
    assert plane.final(message)["documentStatus"] == "Success"
    assert order.read_text() == "after\n"


# --- death ---

def test_a_step_survives_the_agent(plane, agent, tmp_path):
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    message = plane.run(agent.node, f"echo begin; touch {begun}", waiting(go_on), "echo end; exit 5")
    wait_for(lambda: begun.exists() and message in plane.acks)
    agent.kill()
    go_on.touch()
    wait_for(lambda: result_of(agent, message))
    agent.start()
    step = plane.final(message)["runtimeStatus"][SHELL]
    assert (step["status"], step["code"]) == ("Failed", 5)
    assert step["standardOutput"] == "begin\nend\n"


def test_sigterm_hands_over_at_once(plane, agent, tmp_path):
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    message = plane.run(agent.node, f"touch {begun}", waiting(go_on, "echo done"))
    wait_for(lambda: begun.exists() and message in plane.acks)
    assert agent.stop() == 0  # with the step in the middle
    assert not result_of(agent, message)
    go_on.touch()
    wait_for(lambda: result_of(agent, message))
    agent.start()
    assert plane.final(message)["runtimeStatus"][SHELL]["standardOutput"] == "done\n"


def keeper_of(agent, message):
    claim = next((agent.state / "steps" / message.split(".")[2]).glob("*/claim"), None)
    return int(claim.read_text()) if claim else None


def test_a_step_whose_end_nobody_saw_is_a_failure_that_says_so(plane, agent, tmp_path):
    message = plane.run(agent.node, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    os.kill(keeper_of(agent, message), signal.SIGKILL)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    step = plane.final(message)["runtimeStatus"][SHELL]
    assert step["status"] == "Failed" and "interrupted" in step["standardError"]


def test_a_power_cut_during_a_step_is_a_failure_that_says_so(plane, agent, tmp_path):
    message = plane.run(agent.node, f"echo x >> {tmp_path}/ran; echo $$ > {tmp_path}/pid; "
                                    "exec sleep 60")
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    keeper = keeper_of(agent, message)
    agent.kill()
    os.kill(keeper, signal.SIGKILL)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    agent.boot.write_text("boot-2\n")
    agent.start()
    step = plane.final(message)["runtimeStatus"][SHELL]
    assert step["status"] == "Failed" and "interrupted" in step["standardError"]
    assert (tmp_path / "ran").read_text() == "x\n"


def test_nothing_is_lost_or_repeated_whenever_the_agent_is_killed(plane, agent, tmp_path):
    """It is killed at calls drawn at random, a few after its start: a start is at least two, and
    a command five more."""
    randomness = random.Random(194)
    sent = {}

    def calls():
        return sum(plane.calls.values())

    wait_for(lambda: plane.polls)
    since = calls() - 2
    for turn in range(30):
        if turn % 2 == 0:
            ran = tmp_path / f"ran{turn}"
            document = steps(sh("a", f"echo a >> {ran}; sleep 0.{randomness.randrange(4)}"),
                             sh("b", f"echo b >> {ran}; exit {turn % 3}"))
            sent[plane.send(agent.node, document)] = ran
        drawn = randomness.randrange(3 if turn % 2 else 8)
        wait_for(lambda: calls() - since >= drawn, pause=0.002)
        agent.kill()
        since = calls()
        agent.start()
    for message, ran in sent.items():
        final = plane.final(message, 60)
        expected = "Failed" if int(ran.name[3:]) % 3 else "Success"
        assert final["documentStatus"] == expected, message
        assert ran.read_text() == "a\nb\n"
        steps_seen = [s for _, s in statuses(plane.of(message)) if s]
        assert steps_seen == [{"a": "Success"}, {"b": expected}]
    wait_for(lambda: not list((agent.state / "commands").glob("*.json")))
    agent.kill()
    agent.start()  # sweeps what was half-written
    wait_for(lambda: not list((agent.state / "commands").iterdir())
             and not list((agent.state / "steps").iterdir())
             and all(p.name.endswith(".json") for p in (agent.state / "done").iterdir()))


def test_a_damaged_record_is_reported_and_put_aside(plane, agent, tmp_path):
    message = plane.run(agent.node, waiting(tmp_path / "stop"))
    wait_for(lambda: message in plane.acks)
    agent.kill()
    record = agent.state / "commands" / f"{message.split('.')[2]}.json"
    record.write_text("{")
    agent.start()
    assert "damaged" in plane.final(message)["documentTraceOutput"]
    wait_for(lambda: not record.exists())
    (tmp_path / "stop").touch()


# --- a plane that fails ---

def test_expired_credentials_are_renewed_at_once(plane, agent):
    plane.final(plane.run(agent.node, "true"))
    plane.tokens.clear()
    assert plane.final(plane.run(agent.node, "true"), 10)["documentStatus"] == "Success"


def test_credentials_are_renewed_at_half_of_their_life(plane, make_agent):
    plane.token_life, plane.hold = 4.0, 0.5
    make_agent().start()
    wait_for(lambda: plane.calls["RequestManagedInstanceRoleToken"] >= 3)
    issued = [t[2] for t in plane.tokens.values()]
    assert issued[1] - issued[0] > 1.5  # and not at every turn


def test_unexpired_credentials_survive_a_restart(plane, agent):
    plane.final(plane.run(agent.node, "true"))
    agent.kill()
    agent.start()
    plane.final(plane.run(agent.node, "true"))
    assert plane.calls["RequestManagedInstanceRoleToken"] == 1


def test_results_wait_for_a_plane_that_is_away(plane, agent, tmp_path):
    go_on = tmp_path / "go on"
    message = plane.run(agent.node, waiting(go_on, "echo done"))
    wait_for(lambda: message in plane.acks)
    away = [True]
    plane.fault = lambda operation: "drop" if away[0] else None
    go_on.touch()
    wait_for(lambda: "SendReply: " in agent.logged())
    agent.kill()
    agent.start()
    wait_for(lambda: agent.logged().count("SendReply: ") >= 2)
    away[0] = False
    assert plane.final(message, 60)["runtimeStatus"][SHELL]["standardOutput"] == "done\n"


def test_a_reply_that_the_plane_will_never_take_is_dropped(plane, agent):
    def refuse(operation):
        if operation == "SendReply":
            raise Refused("ValidationException", "no such message")

    plane.fault = refuse
    message = plane.run(agent.node, "true")
    wait_for(lambda: message in plane.acks)
    wait_for(lambda: (agent.state / "done" / f"{message.split('.')[2]}.json").exists())
    plane.fault = None
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"


@pytest.mark.parametrize("status", [429, 503])
def test_a_plane_that_asks_for_time_gets_it(plane, make_agent, status):
    plane.hold, calls = 0.3, []
    agent = make_agent().start()

    def busy(operation):
        calls.append(time.monotonic())
        raise Refused("ThrottlingException", "later", status, {"Retry-After": "2"})

    wait_for(lambda: plane.polls)
    plane.fault = busy
    wait_for(lambda: len(calls) >= 2)
    plane.fault = None
    assert calls[1] - calls[0] >= 2  # where the longest pause of its own would be 1
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"


def test_an_idle_agent_sleeps(plane, make_agent):
    """From when its poll has come until it is answered."""
    plane.hold = 30.0
    agent = make_agent().start()
    wait_for(lambda: plane.polls)

    def switches():
        tasks = pathlib.Path(f"/proc/{agent.process.pid}/task")
        return sum(int(line.split()[1]) for task in tasks.iterdir()
                   for line in (task / "status").read_text().splitlines()
                   if "ctxt_switches" in line)

    before = [None]

    def is_settled():
        last, before[0] = before[0], switches()
        return last == before[0]

    wait_for(is_settled, pause=0.3)
    assert len(list(pathlib.Path(f"/proc/{agent.process.pid}/task").iterdir())) == 1 \
        or "asan" in str(BUILD)
    time.sleep(3)  # what is looked at: three seconds of an idle agent
    assert switches() - before[0] <= 1 or "asan" in str(BUILD)


# --- TLS ---

@pytest.fixture
def tls_plane(certificate):
    plane = FakePlane(tls=certificate)
    yield plane
    plane.close()
    assert plane.problems == []


def test_a_private_authority_is_trusted_when_named(tls_plane, certificate, tmp_path):
    agent = Agent(tls_plane, tmp_path, "--ca-file", certificate[0]).start()
    try:
        message = tls_plane.run(agent.node, "echo $AWS_CA_BUNDLE $SSL_CERT_FILE")
        output = tls_plane.final(message)["runtimeStatus"][SHELL]["standardOutput"]
        assert output == f"{certificate[0]} {certificate[0]}\n"
        for _ in range(3):  # over the kept connection and new ones
            assert tls_plane.final(tls_plane.run(agent.node, "true"))["documentStatus"] == "Success"
    finally:
        assert agent.stop() == 0


def test_an_unknown_authority_is_not_trusted(tls_plane, tmp_path):
    done = register(tls_plane.url, tmp_path / "s")
    assert done.returncode == 1 and "certificate" in done.stderr.lower(), done.stderr
    assert tls_plane.calls["RegisterManagedInstance"] == 0


# --- under valgrind ---

def test_valgrind_finds_nothing(plane, make_agent, tmp_path):
    """Registration, a document without a script (this valgrind lacks pidfd_open(), so no step
    can be watched under it), one that is refused, a message for nobody, a clean stop."""
    if "asan" in str(BUILD):
        return  # no valgrind over the sanitizers; what leaks is looked for here, in the plain build
    agent = make_agent()
    checked = ["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite,indirect",
               "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=99", AGENT]
    registered = subprocess.run(
        [*checked, "register", "--endpoint", plane.url, "--region", REGION, "--activation-id",
         ACTIVATION_ID, "--activation-code", ACTIVATION_CODE, "--state", tmp_path / "other"],
        capture_output=True, text=True, timeout=120)
    assert (registered.returncode, registered.stderr) == (0, "")
    with open(agent.log, "ab") as log:
        agent.process = subprocess.Popen(
            [*checked, "run", "--state", agent.state, "--config", agent.config], stdout=log,
            stderr=log, stdin=subprocess.DEVNULL)
    message = plane.send(agent.node, steps({"action": "aws:nope", "name": "n", "inputs": {}},
                                           {"action": "aws:psModule", "name": "p", "inputs": {}}))
    assert plane.final(message, 60)["documentStatus"] == "Failed"
    refused = plane.send(agent.node, {"schemaVersion": "0.3"})
    assert plane.final(refused, 60)["documentStatus"] == "Failed"
    plane.post(agent.node, "aws.ssm.whatever", {})
    wait_for(lambda: plane.failed, 60)
    assert agent.stop() == 0
    assert "==" not in agent.logged(), agent.logged()
