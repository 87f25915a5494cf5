# SPDX-License-Identifier: Apache-2.0
"""What the measurements share: a patchbayd of their own, signed requests as raw bytes, and
what a process has cost so far. Clients and simulated agents are those of tests/e2e."""

import contextlib
import json
import os
import pathlib
import sys
import tempfile

import botocore.auth
import botocore.awsrequest
import botocore.credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import agent as agents  # noqa: E402,F401
from conftest import BUILD, REGION, Plane  # noqa: E402

TOOLS = BUILD / "tests" / "bench"
TICK = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running_plane(*args):
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-") as folder:
        plane = Plane(pathlib.Path(folder) / "data", "--log-level", "warning", *args).start()
        try:
            yield plane
        finally:
            plane.kill()


def cpu_seconds(pid):
    """User and system time of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def cpu_milliseconds(pid):
    """The same to the microsecond, of the threads that are there."""
    total = 0
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int(file.read_text().split()[0])
    return total / 1e6


def memory_kb(pid, *names):
    """Fields of smaps_rollup in kB: Pss, Rss, Private_Dirty and so on."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line and "kB" in line)
    return [int(lines[name].split()[0]) for name in names]


def raw_request(url, keys, service, headers, body):
    """The bytes of one signed request; good for 15 minutes."""
    request = botocore.awsrequest.AWSRequest("POST", url + "/", data=body, headers=headers)
    credentials = botocore.credentials.Credentials(
        keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token"))
    botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
    head = ["POST / HTTP/1.1", "Host: " + url.split("//")[1], f"Content-Length: {len(body)}",
            "Accept-Encoding: identity", "User-Agent: aws-cli/1.27.0 Python/3.11 Linux/6.1"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def query_request(url, keys, service, **parameters):
    body = "&".join(f"{k}={v}" for k, v in parameters.items()).encode()
    return raw_request(url, keys, service, {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body)


def json_request(url, keys, service, target, **members):
    return raw_request(url, keys, service, {
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target},
        json.dumps(members).encode())


def table(head, rows):
    """A Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)
