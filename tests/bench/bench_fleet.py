# SPDX-License-Identifier: Apache-2.0
"""Simulated agents on loopback: what each costs the plane, and how long a command to all takes.

    bench_fleet.py [--agents N] [--idle S] [--rounds N]

The agents are tests/bench/fleet.c: one process, one connection each, in a long poll. A command
is AWS-RunShellScript to InstanceIds=* with MaxConcurrency 100%; each agent answers it with
SendReply InProgress, AcknowledgeMessage and SendReply Success. It is over when ListCommands
says Success with as many completed targets as there are agents.
"""

import argparse
import statistics
import subprocess
import time

from plane import REGION, TOOLS, agents, cpu_seconds, memory_kb, running_plane, table

PER_ACTIVATION = 1000


class Fleet:
    def __init__(self, plane, count):
        role = agents.make_node_role(plane.client("iam"), "FleetNode")
        ssm = plane.client("ssm")
        activations = []
        for _ in range(-(-count // PER_ACTIVATION)):
            made = ssm.create_activation(IamRole=role, RegistrationLimit=PER_ACTIVATION)
            activations += [made["ActivationId"], made["ActivationCode"]]
        self.process = subprocess.Popen(
            [TOOLS / "fleet", plane.url.rsplit(":", 1)[1], REGION, str(count), *activations],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def await_line(self, word):
        line = self.process.stdout.readline()
        assert line.startswith(word), f"the fleet said {line!r}"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()


def pss(plane):
    return memory_kb(plane.process.pid, "Pss")[0]


def send_to_all(plane, count):
    """Seconds until SendCommand answers, until the last result is stored; the plane's CPU."""
    ssm = plane.client("ssm")
    ssm.list_commands()  # the connection is there
    cpu, start = cpu_seconds(plane.process.pid), time.monotonic()
    id = ssm.send_command(DocumentName="AWS-RunShellScript", MaxConcurrency="100%",
                          MaxErrors="100%", Targets=[{"Key": "InstanceIds", "Values": ["*"]}],
                          Parameters={"commands": ["echo done"]})["Command"]["CommandId"]
    accepted = time.monotonic() - start
    while True:
        command, = ssm.list_commands(CommandId=id)["Commands"]
        if command["Status"] not in ("Pending", "InProgress"):
            break
        time.sleep(0.05)
    took = time.monotonic() - start
    assert command["Status"] == "Success", command
    assert command["CompletedCount"] == command["TargetCount"] == count, command
    return accepted, took, cpu_seconds(plane.process.pid) - cpu


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--idle", type=float, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    n = options.agents
    with running_plane() as plane:
        plane.client("sts").get_caller_identity()
        before, start = pss(plane), time.monotonic()
        with Fleet(plane, n) as fleet:
            fleet.await_line("polling")
            registered = time.monotonic() - start
            time.sleep(1)
            waiting, cpu = pss(plane), cpu_seconds(plane.process.pid)
            time.sleep(options.idle)
            idle_cpu = (cpu_seconds(plane.process.pid) - cpu) / options.idle
            runs = [send_to_all(plane, n) for _ in range(options.rounds)]
            after = pss(plane)
    accepted, took, cpu = map(statistics.median, zip(*runs))
    table([f"{n} agents", "figure"], [
        ["register, fetch credentials, ping, poll: all", f"{registered:.1f} s"],
        ["patchbayd: memory (PSS) before, with all in a long poll, after the commands",
         f"{before / 1024:.1f}, {waiting / 1024:.1f}, {after / 1024:.1f} MB"],
        ["memory per waiting agent", f"{(waiting - before) / n:.1f} KB"],
        [f"CPU while {n} agents poll and nothing happens", f"{100 * idle_cpu:.1f}% of a core"],
        ["SendCommand to all is answered after", f"{accepted:.2f} s"],
        ["the last result is stored after", f"{took:.2f} s"],
        ["results a second", f"{n / took:,.0f}"],
        ["the plane's CPU per agent and command", f"{1e6 * cpu / n:.0f} us"],
    ])


if __name__ == "__main__":
    main()
