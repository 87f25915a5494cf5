# SPDX-License-Identifier: Apache-2.0
"""aws:runDocument: documents that a step of a command runs, against the plane of fake_plane.py."""

import json
import os

from conftest import wait_for
from fake_plane import Refused
from agent_alone import agent, make_agent, plane, sh, statuses, steps  # noqa: F401


def runs(name, path, parameters=None, kind="SSMDocument", **more):
    inputs = {"documentType": kind, "documentPath": path, **more}
    if parameters is not None:
        inputs["documentParameters"] = parameters
    return {"action": "aws:runDocument", "name": name, "inputs": inputs}


def ended(plane, message):
    """Steps' reports by name, and the command's status."""
    final = plane.final(message)
    return {k: v for p in plane.of(message) for k, v in (p["runtimeStatus"] or {}).items()}, final[
        "documentStatus"]


GREET = {"schemaVersion": "2.2",
         "parameters": {"who": {"type": "String"}, "more": {"type": "StringList", "default": []}},
         "mainSteps": [sh("first", "echo hello {{ who }}"), sh("second", "{{ more }}")]}


def test_a_step_runs_a_document_of_the_plane(plane, agent):
    plane.documents["Greet", ""] = GREET
    plane.documents["Greet", "3"] = steps(sh("x", "echo three; echo bad >&2"))
    arn = f"arn:aws:ssm:eu-west-1:{'1' * 12}:document/Greet"
    plane.documents[arn, ""] = GREET
    message = plane.send(agent.node, steps(
        runs("map", "Greet", {"who": "map", "more": ["echo m"]}),
        runs("text", arn, json.dumps({"who": ["text"], "more": ["echo t", "exit 168"]})),
        runs("version", "Greet:3"),
        sh("after", "echo after")))
    reports, status = ended(plane, message)
    assert status == "Success"
    assert {k: (v["name"], v["status"], v["code"], v["standardOutput"], v["standardError"])
            for k, v in reports.items()} == {
        "map": ("aws:runDocument", "Success", 0, "hello map\nm\n", ""),
        "text": ("aws:runDocument", "Success", 0, "hello text\nt\n", ""),
        "version": ("aws:runDocument", "Success", 0, "three\n", "bad\n"),
        "after": ("aws:runShellScript", "Success", 0, "after\n", "")}
    assert statuses(plane.of(message)) == [
        ("InProgress", {}), *[("InProgress", {s: "Success"}) for s in reports], ("Success", {})]


def test_what_a_document_comes_to_is_what_its_step_comes_to(plane, agent, tmp_path):
    local = tmp_path / "local.json"
    local.write_text(json.dumps(GREET))
    plane.documents["Fails", ""] = steps(sh("a", "echo a"), sh("b", "exit 3"), sh("c", "echo c"))
    plane.documents["Sends", ""] = steps(runs("inner", "Fails", onFailure="exit"),
                                         sh("not", "echo not"))
    plane.documents["Old", ""] = {"schemaVersion": "0.3", "mainSteps": []}
    message = plane.send(agent.node, steps(
        runs("deep", "Sends"),
        runs("absent", "Nothing"),
        runs("automation", "Old"),
        runs("parameter", "Greet"),
        runs("local", str(local), {"who": "file"}, kind="LocalPath"),
        runs("fifo", str(tmp_path), kind="LocalPath"),
        runs("stops", "Fails", onFailure="exit"),
        sh("skipped", "echo skipped"),
        runs("last", str(local), {"who": "all"}, kind="LocalPath", finallyStep=True)))
    plane.documents["Greet", ""] = GREET
    reports, status = ended(plane, message)
    assert status == "Failed"
    assert {k: (v["status"], v["code"]) for k, v in reports.items()} == {
        "deep": ("Failed", 1), "absent": ("Failed", 1), "automation": ("Failed", 1),
        "parameter": ("Failed", 1), "local": ("Success", 0), "fifo": ("Failed", 1),
        "stops": ("Failed", 1), "skipped": ("Skipped", 0), "last": ("Success", 0)}
    assert reports["deep"]["standardOutput"].startswith("a\nc\n\nStep was found to have onFailure")
    assert reports["deep"]["standardError"].startswith("failed to run commands: exit status 3")
    assert "not\n" not in reports["deep"]["standardOutput"]
    assert reports["absent"]["standardError"] == (
        "The document Nothing could not be had from the plane: InvalidDocument: "
        "Document with name Nothing does not exist.")
    assert "schema version 0.3 is not supported" in reports["automation"]["standardError"]
    assert 'Parameter "who" has no value' in reports["parameter"]["standardError"]
    assert reports["last"]["standardOutput"] == "hello all\n"


def test_an_agent_killed_within_a_document_goes_on_within_it(plane, agent, tmp_path):
    trace, go = tmp_path / "trace", tmp_path / "go"
    plane.documents["Long", ""] = steps(
        sh("one", f"echo one >> {trace}", "echo one"),
        sh("two", f"echo two >> {trace}; until [ -e {go} ]; do sleep 0.05; done; echo two"),
        sh("three", f"echo three >> {trace}; echo three"))
    plane.documents["Outer", ""] = steps(runs("long", "Long"), sh("four", f"echo 4 >> {trace}"))
    message = plane.send(agent.node, steps(runs("r", "Outer"), sh("last", "echo last")))
    wait_for(lambda: trace.exists() and trace.read_text() == "one\ntwo\n")
    for _ in range(2):  # once it is found at work, once it has ended meanwhile
        agent.kill()
        plane.documents["Long", ""] = steps(sh("other", "echo other"))  # a newer version
        agent.start()
    agent.kill()
    go.touch()
    agent.start()
    reports, status = ended(plane, message)
    assert (status, trace.read_text()) == ("Success", "one\ntwo\nthree\n4\n")
    assert reports["r"]["standardOutput"] == "one\ntwo\nthree\n"


def test_a_restart_asked_for_within_a_document_goes_on_after_it(plane, agent, tmp_path):
    trace = tmp_path / "trace"
    plane.documents["Boots", ""] = steps(
        sh("one", f"echo one >> {trace}"),
        sh("two", f"echo two >> {trace}; [ $(grep -c two {trace}) = 2 ] || exit 194"),
        sh("three", f"echo three >> {trace}"))
    message = plane.send(agent.node, steps(runs("r", "Boots"), sh("last", f"echo last >> {trace}")))
    wait_for(lambda: agent.reboots.exists())
    assert statuses(plane.of(message)) == [
        ("InProgress", {}), ("InProgress", {"r": "SuccessAndReboot"}), ("SuccessAndReboot", {})]
    agent.restart_node()
    assert plane.final(message)["documentStatus"] == "Success"
    assert trace.read_text() == "one\ntwo\ntwo\nthree\nlast\n"
    assert agent.reboots.read_text() == "x\n"


def test_a_step_waits_for_a_plane_that_is_away(plane, agent, tmp_path):
    plane.documents["Greet", ""] = GREET
    plane.fault = lambda operation: "drop" if operation == "GetDocument" else None
    message = plane.send(agent.node, steps(runs("r", "Greet", {"who": "you", "more": ["true"]})))
    wait_for(lambda: plane.calls["GetDocument"] >= 2)
    agent.kill()
    agent.start()
    calls = plane.calls["GetDocument"]
    wait_for(lambda: plane.calls["GetDocument"] > calls)
    plane.fault = None
    assert plane.final(message, 60)["runtimeStatus"]["r"]["standardOutput"] == "hello you\n"


def test_a_denied_document_is_a_failure_at_once(plane, agent):
    def fault(operation):
        if operation == "GetDocument":
            raise Refused("AccessDeniedException", "not authorized to perform: ssm:GetDocument")

    plane.fault = fault
    step = plane.final(plane.send(agent.node, steps(runs("r", "Greet"))))["runtimeStatus"]["r"]
    assert step["status"] == "Failed"
    assert "AccessDeniedException: not authorized" in step["standardError"]
    assert plane.calls["GetDocument"] == 1


def test_cancelling_ends_the_step_within_a_document(plane, agent, tmp_path):
    pid = tmp_path / "pid"
    plane.documents["Sleeps", ""] = steps(sh("a", f"echo $$ > {pid}; sleep 600 & wait"),
                                          sh("b", f"touch {tmp_path}/b"))
    message = plane.send(agent.node, steps(runs("r", "Sleeps"), sh("c", f"touch {tmp_path}/c")))
    wait_for(lambda: pid.exists() and pid.read_text().strip())
    plane.cancel(agent.node, message)
    reports, status = ended(plane, message)
    assert (status, {k: v["status"] for k, v in reports.items()}) == (
        "Cancelled", {"r": "Cancelled", "c": "Cancelled"})
    assert not os.path.exists(f"/proc/{pid.read_text().strip()}")
    assert not (tmp_path / "b").exists() and not (tmp_path / "c").exists()
