# SPDX-License-Identifier: Apache-2.0
"""Signed calls per second against the bare libmicrohttpd loop, in turns within one run.

    bench_api.py [--connections N] [--seconds S] [--rounds N] [--nodes N] [NAME...]

The server has two threads and the load generator one, as the floor has. A ratio is the median
over the rounds of call : floor; CPU time is the server process's own, per call.
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import uuid

from cryptography.hazmat.primitives.asymmetric import rsa

from plane import TOOLS, agents, cpu_seconds, json_request, query_request, running_plane, table

PORT = len("http_floor ready on http://127.0.0.1:")


class Floor:
    def __enter__(self):
        self.process = subprocess.Popen([TOOLS / "http_floor", "2"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip()[PORT:]
        self.pid = self.process.pid
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()


def load(port, pid, request, options):
    """Calls per second and microseconds of the server's CPU for each."""
    before = cpu_seconds(pid)
    done = subprocess.run(
        [TOOLS / "http_load", port, str(options.connections), str(options.seconds)],
        input=request, capture_output=True, check=True)
    rate, status = map(int, done.stdout.split())
    spent = cpu_seconds(pid) - before
    return rate, 1e6 * spent / max(rate * options.seconds, 1), status


def register_nodes(plane, count):
    role = agents.make_node_role(plane.client("iam"), "BenchNode")
    ssm = plane.client("ssm")
    made = ssm.create_activation(IamRole=role, RegistrationLimit=count)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    nodes = [agents.Agent(plane.url, key=key).start(made["ActivationId"], made["ActivationCode"])
             for _ in range(count)]
    return nodes[0]


def item(type_name, content, **more):
    return {"TypeName": type_name, "SchemaVersion": "1.0", "CaptureTime": "2026-11-23T12:00:00Z",
            "ContentHash": hashlib.sha256(json.dumps(content).encode()).hexdigest(),
            "Content": content, **more}


def inventory(node):
    """About 10 KB: summary and patches of one host, as patchbay-patch reports a scan."""
    time = "2026-11-23T12:00:00Z"
    summary = {"PatchGroup": "", "BaselineId": "pb-0c7e89f711c3095f4",
               "SnapshotId": str(uuid.UUID(int=1)),
               "OwnerInformation": "", "InstalledCount": "0", "InstalledOtherCount": "4",
               "InstalledPendingRebootCount": "0", "InstalledRejectedCount": "0",
               "MissingCount": "26", "FailedCount": "0", "NotApplicableCount": "0",
               "OperationType": "Scan", "OperationStartTime": time, "OperationEndTime": time,
               "RebootOption": "NoReboot"}
    patches = [{"Id": f"package-{i}.amd64", "Title": f"package-{i}.amd64:0:1.2.3-4+deb12u1",
                "Severity": "HIGH", "Status": "NON_COMPLIANT",
                "PatchBaselineId": summary["BaselineId"], "PatchState": "Missing",
                "PatchGroup": "", "DocumentName": "", "DocumentVersion": "", "InstalledTime": "",
                "Classification": "Security", "PatchSeverity": "Important", "CVEIds": ""}
               for i in range(26)]
    context = {"ComplianceType": "Patch", "ExecutionType": "Command",
               "ExecutionId": summary["SnapshotId"], "ExecutionTime": time}
    return {"InstanceId": node.id, "Items": [
        item("AWS:PatchSummary", [summary]),
        item("AWS:ComplianceItem", patches, Context=context)]}


def calls(plane, options):
    keys = plane.keys()
    node = register_nodes(plane, options.nodes)
    node_keys = {"aws_access_key_id": node.credentials.access_key,
                 "aws_secret_access_key": node.credentials.secret_key,
                 "aws_session_token": node.credentials.token}
    return {
        "GetCallerIdentity": query_request(plane.url, keys, "sts", Action="GetCallerIdentity",
                                           Version="2011-06-15"),
        f"DescribeInstanceInformation, {options.nodes} nodes": json_request(
            plane.url, keys, "ssm", "AmazonSSM.DescribeInstanceInformation"),
        "UpdateInstanceInformation (heartbeat)": json_request(
            plane.url, node_keys, "ssm", "AmazonSSM.UpdateInstanceInformation",
            InstanceId=node.id, AgentVersion="3.3.484.0", AgentStatus="Active"),
        "PutInventory, 10 KB": json_request(plane.url, node_keys, "ssm", "AmazonSSM.PutInventory",
                                            **inventory(node)),
    }


def measure(plane, floor, name, request, options):
    port = plane.url.rsplit(":", 1)[1]
    rounds = []
    for _ in range(options.rounds):
        base = load(floor.port, floor.pid, request, options)
        ours = load(port, plane.process.pid, request, options)
        if ours[2] != 200:
            return [name, f"refused with status {ours[2]}", "", "", "", ""]
        rounds.append((ours[0], base[0], ours[0] / base[0], ours[1], base[1], ours[1] / base[1]))
    rate, base, ratio, cpu, base_cpu, times = map(statistics.median, zip(*rounds))
    return [name, f"{rate:,.0f}", f"{base:,.0f}", f"1/{1 / ratio:.1f}",
            f"{cpu:.1f} : {base_cpu:.1f}", f"{times:.1f}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    with running_plane() as plane, Floor() as floor:
        rows = [measure(plane, floor, name, request, options)
                for name, request in calls(plane, options).items()
                if not options.names or any(name.startswith(n) for n in options.names)]
    table(["call", "calls/s", "bare loop/s", "call : loop", "CPU us, call : loop",
           "CPU ratio"], rows)


if __name__ == "__main__":
    main()
