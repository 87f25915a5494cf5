# SPDX-License-Identifier: Apache-2.0
"""patchbay-agent on real hosts that restart and lose power, against fake_plane.py."""

import pathlib
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "testbed")]

import fake_plane  # noqa: E402
import testbed  # noqa: E402

STATE = "/var/lib/patchbay-agent"
SHELL = "aws:runShellScript"


@pytest.fixture
def plane():
    plane = fake_plane.FakePlane(hold=10)
    yield plane
    plane.close()
    assert plane.problems == []


@pytest.fixture
def host(plane):
    """A host whose agent starts with each boot once it is registered; host.node is its id."""
    binds = {"/usr/bin/patchbay-agent": str(testbed.BUILD / "src/agent/patchbay-agent")}
    start = [("exec /usr/bin/patchbay-agent run", STATE + "/identity.json")]
    with testbed.Host("agent1", binds=binds, start=start) as host:
        done = host.exec(
            "/usr/bin/patchbay-agent", "register", "--endpoint", plane.url, "--region",
            fake_plane.REGION, "--activation-id", fake_plane.ACTIVATION_ID, "--activation-code",
            fake_plane.ACTIVATION_CODE)
        host.node = done.stdout.split()[-1]
        yield host


def step(payload):
    return payload["runtimeStatus"][SHELL]


def wait_for_file(host, path):
    end = time.monotonic() + 20
    while not host.has(path):
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.05)


def test_exit_194_restarts_the_host_and_goes_on(plane, host):
    first = host.boot_id
    message = plane.run(host.node, "cat /proc/sys/kernel/random/boot_id",
                        "[ ! -e /var/tmp/flag ] || exit 0", "touch /var/tmp/flag", "exit 194")
    final = plane.final(message, 60)
    assert final["documentStatus"] == "Success"
    assert step(final)["standardOutput"].split() == [first, host.boot_id]
    assert host.boots == 2
    assert [p["documentStatus"] for p in plane.of(message)] == [
        "InProgress", "InProgress", "SuccessAndReboot", "InProgress", "Success"]


def test_a_power_cut_is_a_failure_that_says_so(plane, host):
    message = plane.run(host.node, "echo x >> /var/tmp/ran; sync", "sleep 60")
    wait_for_file(host, "/var/tmp/ran")
    host.powerfail()
    final = plane.final(message, 60)
    assert final["documentStatus"] == "Failed"
    assert "interrupted" in step(final)["standardError"]
    assert host.read("/var/tmp/ran") == "x\n"
    assert plane.final(plane.run(host.node, "true"))["documentStatus"] == "Success"


def test_power_cuts_between_steps_repeat_none(plane, host):
    """Cut again and again while short commands run: each ends, none runs twice."""
    sent = []
    for turn in range(4):
        sent.append(plane.run(host.node, f"echo {turn} >> /var/tmp/ran; sync"))
        time.sleep(0.15 + turn * 0.1)  # the moment is what is tried out
        host.powerfail()
    for message in sent:
        final = plane.final(message, 90)
        assert final["documentStatus"] == "Success" or "interrupted" in step(final)["standardError"]
    ran = host.read("/var/tmp/ran").split()
    assert len(ran) == len(set(ran))
