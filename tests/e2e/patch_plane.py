# SPDX-License-Identifier: Apache-2.0
"""A plane of a few lines, for what patchbay-patch does as the document runs it; it checks what it
is sent."""

import datetime
import hashlib
import http.client
import http.server
import json
import threading
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from patch_host import FAILING, PATCH, SLOW, LocalRepo, new_host, use

KEYS = ("ASIATEST", "se/cret", "token==")
NODE = "mi-0123456789abcdef0"
RULE = {"filterGroup": {"filters": []}, "approveAfterDays": 0, "complianceLevel": "HIGH"}
STRINGS = ("ContentHash", "CaptureTime", "TypeName", "SchemaVersion")


class Plane:
    """Answers three operations and the download; keeps what it was sent."""

    def __init__(self):
        plane = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                if self.path == "/bucket/lists/one%20two.yaml":
                    self.answer(*plane.get_list(self.headers))
                else:
                    self.answer(*plane.download(self.path))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(*plane.call(self.headers, body))

            def answer(self, status, body):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.baseline = {"operatingSystem": "DEBIAN", "baselineId": "pb-0123456789abcdef0",
                         "name": "test", "approvalRules": {"rules": [RULE]}}
        self.snapshots, self.reports, self.errors = [], [], []
        self.dates = []  # that calls were signed with
        self.held = None
        self.list = None
        self.custom = {}
        self.knows_facts = True
        self.facts = []  # (request, facts or None) of each call

    def check_signature(self, headers, body):
        request = botocore.awsrequest.AWSRequest(
            "POST", self.url + "/", data=body,
            headers={n: headers[n] for n in ("Content-Type", "X-Amz-Target", "Content-Length")})
        request.context["timestamp"] = headers["X-Amz-Date"]
        self.dates.append(datetime.datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        service = "patchbay" if headers["X-Amz-Target"].startswith("Patchbay.") else "ssm"
        auth = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*KEYS), service,
                                       "eu-west-1")
        request.headers["X-Amz-Date"] = headers["X-Amz-Date"]
        request.headers["X-Amz-Security-Token"] = headers["X-Amz-Security-Token"]
        signed = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0]
        to_sign = http.client.HTTPMessage()
        for name in signed.split(";"):
            to_sign[name] = headers[name]
        auth.headers_to_sign = lambda _: to_sign
        canonical = auth.canonical_request(request)
        assert auth.signature(auth.string_to_sign(request, canonical), request) == \
            headers["Authorization"].split("Signature=")[1]
        assert headers["X-Amz-Security-Token"] == KEYS[2]

    def call(self, headers, body):
        self.check_signature(headers, body)
        operation, given = headers["X-Amz-Target"].split(".")[1], json.loads(body)
        assert given["InstanceId"] == NODE
        if self.errors and self.errors[0][0] == operation:
            return 400, {"__type": self.errors.pop(0)[1], "message": "as the test wants it"}
        return {"GetDeployablePatchSnapshotForInstance": self.snapshot,
                "PutPatchFacts": self.put_facts, "PutInventory": self.put}[operation](given)

    def put_facts(self, given):
        if not self.knows_facts:
            return 400, {"__type": "UnknownOperationException", "message": "what?"}
        facts = given.pop("Facts", None)
        if facts is None and (not self.facts or self.facts[-1][0]["Hash"] != given["Hash"]):
            return 400, {"__type": "PatchFactsMismatch", "message": "not held"}
        if facts is not None:
            text = json.dumps(facts, separators=(",", ":"), ensure_ascii=False)
            assert given["Hash"] == hashlib.sha256(text.encode()).hexdigest()
        self.facts.append((given, facts))
        return 200, {}

    def snapshot(self, given):
        uuid.UUID(given["SnapshotId"])
        self.snapshots.append(given["SnapshotId"])
        return 200, {"InstanceId": NODE, "SnapshotId": given["SnapshotId"], "Product": "Debian12",
                     "SnapshotDownloadUrl": f"{self.url}/snapshots/{given['SnapshotId']}?x=y"}

    def download(self, path):
        assert path == f"/snapshots/{self.snapshots[-1]}?x=y"
        return 200, {"patchBaseline": self.baseline, "patchGroup": "web", "patches": []}

    def get_list(self, headers):
        request = botocore.awsrequest.AWSRequest(
            "GET", self.url + "/bucket/lists/one%20two.yaml", headers={
                n: headers[n] for n in ("X-Amz-Content-Sha256", "X-Amz-Security-Token",
                                        "X-Amz-Date")})
        request.context["timestamp"] = headers["X-Amz-Date"]
        auth = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(*KEYS), "s3",
                                         "eu-west-1")
        canonical = auth.canonical_request(request)
        assert auth.signature(auth.string_to_sign(request, canonical), request) == \
            headers["Authorization"].split("Signature=")[1]
        return 200, self.list.encode()

    def put(self, given):
        if given["Items"][0]["TypeName"].startswith("Custom:"):
            self.custom = {item["TypeName"]: item["Content"] for item in given["Items"]}
            return 200, {}
        summary, items = given["Items"]
        assert (summary["TypeName"], items["TypeName"]) == ("AWS:PatchSummary",
                                                            "AWS:ComplianceItem")
        for item in (summary, items):
            assert all(isinstance(item[key], str) for key in STRINGS)
            for content in item.get("Content", []):
                assert all(isinstance(value, str) for value in content.values())
        if "Content" not in items and items["ContentHash"] != self.held:
            return 400, {"__type": "ItemContentMismatchException", "message": "not held"}
        if "Content" in items:
            text = json.dumps(items["Content"], separators=(",", ":"), ensure_ascii=False)
            assert items["ContentHash"] == hashlib.sha256(text.encode()).hexdigest()
            self.held = items["ContentHash"]
        self.reports.append((summary["Content"][0], items.get("Content"), items["Context"]))
        return 200, {}

    @property
    def summary(self):
        return self.reports[-1][0]

    @property
    def states(self):
        return {item["Id"].split(".")[0]: item["PatchState"] for item in self.reports[-1][1]
                if item["Id"].startswith("pb-")}


class PlaneElsewhen(Plane):
    """A plane whose clock is far ahead of the host's, or behind it: it refuses what is signed by
    another, as AWS does."""

    def __init__(self, days):
        super().__init__()
        self.ahead = datetime.timedelta(days=days)
        handler = self.server.RequestHandlerClass
        handler.date_time_string = lambda h, timestamp=None: (
            datetime.datetime.now(datetime.timezone.utc) + self.ahead).strftime(
                "%a, %d %b %Y %H:%M:%S GMT")

    def call(self, headers, body):
        signed = datetime.datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + self.ahead
        if abs(now - signed) > datetime.timedelta(minutes=5):
            return 400, {"__type": "RequestTimeTooSkewed", "message": "clock"}
        return super().call(headers, body)


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    repo.upgrade("pb-good")
    repo.upgrade("pb-slow", scripts={"postinst": SLOW})
    repo.upgrade("pb-postinst", scripts={"postinst": FAILING})
    repo.publish()
    return repo


@pytest.fixture
def plane():
    plane = Plane()
    yield plane
    plane.server.shutdown()


def join(host, repo, plane):
    """Make the host a node of the plane, with the repository as its only one."""
    use(host, repo)
    host.write("/etc/patchbay/patch.conf", f"# where to\nendpoint = {plane.url}/\n"
                                           "region = eu-west-1\n")
    host.write("/var/lib/amazon/ssm/registration", json.dumps(
        {"ManagedInstanceID": NODE, "Region": "us-west-2"}))
    host.write("/root/.aws/credentials", "[default]\naws_access_key_id = %s\n"
               "aws_secret_access_key = %s\naws_session_token = %s\n" % KEYS, mode="600")


@pytest.fixture
def host(repo, plane):
    with new_host(repo) as host:
        join(host, repo, plane)
        yield host


def run(host, operation, *arguments, command="command-1", expect=0):
    done = host.exec("env", f"SSM_COMMAND_ID={command}", PATCH, "run", "--operation", operation,
                     "--snapshot-id", "", "--install-override-list", "", "--baseline-override", "",
                     "--association-id", "", *arguments, check=False)
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return done
