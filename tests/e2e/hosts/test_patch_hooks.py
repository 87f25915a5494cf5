# SPDX-License-Identifier: Apache-2.0
"""AWS-RunPatchBaselineWithHooks on a real host of a real plane: every way through its steps."""

import json

import pytest

import fleet as fleets  # which knows where the testbed is
from fleet import state_of
from testbed import LocalRepo

SLOW = ('#!/bin/sh\n[ "$1" = configure ] || exit 0\ntouch /run/slow\n'
        "until [ -e /run/go ]; do sleep 0.05; done\n")
TRACE = "/var/tmp/trace"
HOOKS = {"pre": "PreInstallHookDocName", "post": "PostInstallHookDocName",
         "exit": "OnExitHookDocName"}
STEPS = ("Scan", "VerifyPatchStates", "PreInstallHook", "InstallNoReboot", "PostInstallHook",
         "VerifyReboot", "RebootAndReport", "OnExitHook")


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    repo.upgrade("pb-good")
    repo.upgrade("pb-other")
    repo.upgrade("pb-slow", scripts={"postinst": SLOW})
    repo.publish()
    return repo


@pytest.fixture(scope="module")
def ssm(plane):
    """With a document for each hook that leaves a line, and fails where a file says so."""
    ssm = plane.client("ssm")
    for hook in HOOKS:
        ssm.create_document(Name=f"Hook-{hook}", DocumentType="Command", Content=json.dumps({
            "schemaVersion": "2.2", "mainSteps": [{
                "action": "aws:runShellScript", "name": "leave", "inputs": {"runCommand": [
                    f"echo {hook} $(dpkg-query -W -f '${{Version}}' pb-good)"
                    f" $(cat /proc/sys/kernel/random/boot_id) >> {TRACE}",
                    f"echo this is {hook}", f"[ ! -e /var/tmp/fail-{hook} ]"]}}]}))
    return ssm


@pytest.fixture(scope="module")
def host(plane, ssm, repo):
    with fleets.managed_host(plane, "hooks", repo) as host:
        have(host, "pb-good")
        yield host


def have(host, *packages):
    """At version 1, as if nobody had patched yet."""
    host.sh("dpkg -i " + " ".join(f"/srv/repo/pool/{p}_1_all.deb" for p in packages))


def version(host, package):
    return host.sh(f"dpkg-query -W -f '${{Version}}' {package}")


def send(ssm, host, operation, reboot="RebootIfNeeded", **more):
    host.sh(f"rm -f {TRACE}")
    return ssm.send_command(
        DocumentName="AWS-RunPatchBaselineWithHooks", InstanceIds=[host.node], Parameters={
            "Operation": [operation], "RebootOption": [reboot],
            **{parameter: [f"Hook-{hook}"] for hook, parameter in HOOKS.items()}, **more},
    )["Command"]["CommandId"]


def end(ssm, host, command):
    """({step: (StatusDetails, exit code, output)}, status) of a command, once it is over."""
    found = fleets.invocation(ssm, command)
    assert tuple(p["Name"] for p in found["CommandPlugins"]) == STEPS
    return {p["Name"]: (p["StatusDetails"], p["ResponseCode"], p["Output"])
            for p in found["CommandPlugins"]}, found["Status"]


def run(ssm, host, *arguments, **more):
    steps, status = end(ssm, host, send(ssm, host, *arguments, **more))
    return {name: step[0] for name, step in steps.items()}, status, steps


def traced(host):
    """[(hook, version of pb-good then)], in order."""
    text = host.sh(f"cat {TRACE} 2>/dev/null || true")
    return [tuple(line.split()[:2]) for line in text.splitlines()]


def expected(**ends):
    """Every step but those named has succeeded; `skipped` is a range of them."""
    skipped = ends.pop("skipped", ())
    return {name: "Skipped" if name in skipped else ends.get(name, "Success") for name in STEPS}


def test_a_scan_ends_with_the_scan(ssm, host):
    seen, status, steps = run(ssm, host, "Scan")
    assert (seen, status) == (expected(skipped=STEPS[2:]), "Success"), steps
    assert (traced(host), version(host, "pb-good")) == ([], "1")
    assert state_of(ssm, host)["MissingCount"] == 1
    assert "pb-good.all" in steps["Scan"][2]
    assert steps["VerifyPatchStates"][1] == 168


def test_hooks_surround_an_install_without_a_reboot(ssm, host):
    seen, status, steps = run(ssm, host, "Install", "NoReboot")
    assert (seen, status) == (expected(skipped=["RebootAndReport"]), "Success"), steps
    assert traced(host) == [("pre", "1"), ("post", "2"), ("exit", "2")]
    assert steps["PreInstallHook"][2] == "this is pre\n"
    assert "no reboot, by NoReboot; 1 waiting" in steps["VerifyReboot"][2]
    state = state_of(ssm, host)
    assert (state["MissingCount"], state["InstalledPendingRebootCount"]) == (0, 1)
    assert host.boots == 1


def test_what_only_waits_for_a_reboot_goes_by_the_reboot_option(ssm, host):
    seen, status, steps = run(ssm, host, "Install", "NoReboot")
    assert (seen, status) == (expected(skipped=STEPS[2:7]), "Success"), steps
    assert (traced(host), host.boots) == ([("exit", "2")], 1)

    first = host.boot_id
    seen, status, steps = run(ssm, host, "Install")
    assert (seen, status) == (expected(), "Success"), steps
    assert [h for h, _ in traced(host)] == ["pre", "post", "exit"]
    boots = [line.split()[2] for line in host.sh(f"cat {TRACE}").splitlines()]
    assert boots == [first, first, host.boot_id] and host.boots == 2
    assert "the host was rebooted" in steps["RebootAndReport"][2]
    assert state_of(ssm, host)["InstalledPendingRebootCount"] == 0


def test_nothing_to_do_goes_to_the_last_hook(ssm, host):
    seen, status, steps = run(ssm, host, "Install")
    assert (seen, status) == (expected(skipped=STEPS[2:7]), "Success"), steps
    assert (traced(host), host.boots) == ([("exit", "2")], 2)
    assert "nothing is missing and nothing waits" in steps["VerifyPatchStates"][2]


def test_a_failing_hook_goes_to_the_last_one(ssm, host):
    have(host, "pb-good")
    host.sh("touch /var/tmp/fail-pre")
    seen, status, steps = run(ssm, host, "Install")
    assert (seen, status) == (expected(PreInstallHook="Failed", skipped=STEPS[3:7]), "Failed")
    assert (traced(host), version(host, "pb-good")) == ([("pre", "1"), ("exit", "1")], "1")
    assert steps["PreInstallHook"][1] == 1
    assert "exit status 1" in steps["PreInstallHook"][2]

    seen, status, steps = run(ssm, host, "Install", PreInstallHookDocName=["Hook-absent"])
    assert (seen, status) == (expected(PreInstallHook="Failed", skipped=STEPS[3:7]), "Failed")
    assert "Document with name Hook-absent does not exist." in steps["PreInstallHook"][2]

    host.sh("rm /var/tmp/fail-pre; touch /var/tmp/fail-post")
    seen, status, steps = run(ssm, host, "Install")
    assert (seen, status) == (expected(PostInstallHook="Failed", skipped=STEPS[5:7]), "Failed")
    assert traced(host) == [("pre", "1"), ("post", "2"), ("exit", "2")]
    assert host.boots == 2
    host.sh("rm /var/tmp/fail-post")


def test_an_agent_killed_during_the_install_and_a_reboot_after_it(ssm, host):
    """pb-good still waits for its reboot; pb-slow holds the install up until it may go on."""
    have(host, "pb-slow", "pb-other")
    command = send(ssm, host, "Install", PreInstallHookDocName=["AWS-Noop"])
    host.sh("until [ -e /run/slow ]; do sleep 0.05; done")
    host.sh("for p in /proc/[0-9]*; do if tr '\\0' ' ' < $p/cmdline 2>/dev/null | "
            "grep -q '^/usr/bin/patchbay-agent run'; then kill -9 ${p#/proc/} && touch /run/killed;"
            " fi; done; [ -e /run/killed ]")
    host.sh(f"setsid sh -c '{host.agent}' >/dev/null 2>&1 </dev/null &")
    host.sh("touch /run/go")
    steps, status = end(ssm, host, command)
    assert ({n: s[0] for n, s in steps.items()}, status) == (expected(), "Success"), steps
    assert [h for h, _ in traced(host)] == ["post", "exit"]
    assert host.boots == 3
    log = host.sh("cat /var/log/dpkg.log")
    assert sum(" upgrade pb-slow:" in line for line in log.splitlines()) == 1
    assert (version(host, "pb-slow"), version(host, "pb-other")) == ("2", "2")
    state = state_of(ssm, host)
    assert (state["MissingCount"], state["InstalledPendingRebootCount"],
            state["FailedCount"]) == (0, 0, 0)


def test_power_lost_during_the_install_goes_to_the_last_hook(ssm, host):
    have(host, "pb-slow")
    host.sh("rm -f /run/slow /run/go")
    command = send(ssm, host, "Install")
    host.sh("until [ -e /run/slow ]; do sleep 0.05; done; sync")
    host.powerfail()
    steps, status = end(ssm, host, command)
    seen = {name: step[0] for name, step in steps.items()}
    assert (seen, status) == (expected(InstallNoReboot="Failed", skipped=STEPS[4:7]), "Failed")
    assert "The step was interrupted" in steps["InstallNoReboot"][2]
    assert [h for h, _ in traced(host)] == ["pre", "exit"]

    host.sh("touch /run/go")
    boots = host.boots
    seen, status, steps = run(ssm, host, "Install")
    assert (seen, status) == (expected(), "Success"), steps
    assert (version(host, "pb-slow"), host.boots) == ("2", boots + 1)
    assert state_of(ssm, host)["FailedCount"] == 0


def test_a_failing_scan_ends_the_run(ssm, host):
    host.sh("mv /etc/apt/sources.list.d /etc/apt/away; mkdir /etc/apt/sources.list.d; "
            "echo 'deb [trusted=yes] file:/nowhere ./' > /etc/apt/sources.list.d/x.list")
    try:
        seen, status, steps = run(ssm, host, "Scan")
        assert (seen, status) == (expected(Scan="Failed", skipped=STEPS[1:]), "Failed")
        seen, status, steps = run(ssm, host, "Install")
        assert (seen, status) == (expected(Scan="Failed", skipped=STEPS[1:7]), "Failed")
        assert "package lists could not be fetched" in steps["Scan"][2]
    finally:
        host.sh("rm -r /etc/apt/sources.list.d; mv /etc/apt/away /etc/apt/sources.list.d")
