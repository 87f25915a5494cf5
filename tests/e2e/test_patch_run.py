# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch as the document runs it, against a plane of a few lines that checks it."""

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

from test_patch_root import FAILING, PATCH, SLOW, STATE, have, new_host
from testbed import LocalRepo

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


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    for name, what in {"pb-good": {}, "pb-slow": {"scripts": {"postinst": SLOW}},
                       "pb-postinst": {"scripts": {"postinst": FAILING}}}.items():
        repo.package(name, "1")
        repo.package(name, "2", **what)
    repo.publish()
    return repo


@pytest.fixture
def plane():
    plane = Plane()
    yield plane
    plane.server.shutdown()


def join(host, repo, plane):
    """Make the host a node of the plane, with the repository as its only one."""
    host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    repo.enable(host, "/srv/repo")
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


def test_a_scan_reports_in_the_shape_of_the_plane(host, plane):
    have(host, "pb-good")
    said = run(host, "Scan").stdout
    assert "pb-good.all" in said and "NON_COMPLIANT" in said
    summary, items, context = plane.reports[0]
    assert summary["MissingCount"] == "1" and summary["NonCompliantSeverity"] == "HIGH"
    assert summary["SecurityNonCompliantCount"] == "1"
    assert summary["CriticalNonCompliantCount"] == summary["OtherNonCompliantCount"] == "0"
    assert summary["NotApplicableCount"] == "2"  # pb-slow and pb-postinst
    assert summary["PatchGroup"] == "web" and summary["ExecutionId"] == "command-1"
    assert summary["OperationType"] == "Scan" and "RebootOption" not in summary
    assert summary["SnapshotId"] == plane.snapshots[0] == context["ExecutionId"]
    assert (context["ComplianceType"], context["ExecutionType"]) == ("Patch", "Command")
    item = next(i for i in items if i["Id"] == "pb-good.all")
    assert item == {
        "Id": "pb-good.all", "Title": "pb-good.all:2", "Severity": "HIGH",
        "Status": "NON_COMPLIANT", "PatchBaselineId": "pb-0123456789abcdef0",
        "PatchState": "Missing", "PatchGroup": "web", "DocumentName": "", "DocumentVersion": "",
        "InstalledTime": "", "Classification": "Security", "PatchSeverity": "", "CVEIds": ""}
    assert len(items) == int(host.sh("dpkg-query -W | wc -l"))
    assert all(i["InstalledTime"] for i in items if i["PatchState"] != "Missing")


def test_the_facts_behind_a_report_are_told_once(host, plane):
    have(host, "pb-good")
    host.sh("apt-mark hold pb-good")
    for _ in range(2):
        run(host, "Scan")
    (request, facts), (again, nothing) = plane.facts
    assert nothing is None and again["Hash"] == request["Hash"]
    summary = plane.summary
    assert datetime.datetime.fromtimestamp(again["CaptureTime"], datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ") == summary["OperationEndTime"]
    assert (request["Operation"], request["BaselineId"], request["Rebooted"]) == (
        "Scan", "pb-0123456789abcdef0", False)
    assert facts["operatingSystem"] == "DEBIAN" and facts["securitySources"] == 1
    assert len(facts["packages"]) == int(host.sh("dpkg-query -W | wc -l"))
    good = next(p for p in facts["packages"] if p["name"] == "pb-good")
    assert (good["installed"]["version"], good["candidate"]["version"]) == ("1", "2")
    assert good["update"] and good["held"] and good["candidate"]["security"]


def test_a_plane_that_takes_no_facts_fails_no_run(host, plane):
    plane.knows_facts = False
    done = run(host, "Scan")
    assert "not the facts behind it: PutPatchFacts: UnknownOperationException" in done.stderr
    assert len(plane.reports) == 1


def test_an_unchanged_report_sends_the_hash_alone_until_the_plane_forgets_it(host, plane):
    for _ in range(2):
        run(host, "Scan")
    assert plane.reports[0][1] and plane.reports[1][1] is None
    plane.held = None
    run(host, "Scan")
    assert plane.reports[2][1] == plane.reports[0][1]


def test_an_install_reboots_reports_once_and_installs_no_more(host, plane):
    have(host, "pb-good")
    snapshot = str(uuid.uuid4())
    said = run(host, "Install", "--snapshot-id", snapshot, expect=194).stdout
    assert "installed pb-good 2 over 1" in said
    assert plane.reports == []

    host.reboot()
    have(host, "pb-slow")  # new work that came meanwhile is the next command's
    run(host, "Install", "--snapshot-id", snapshot)
    assert plane.snapshots == [snapshot] * 2
    assert plane.states == {"pb-good": "Installed", "pb-slow": "Missing"}
    assert plane.facts[-1][0]["Rebooted"] is True
    assert plane.summary["OperationType"] == "Install"
    assert plane.summary["RebootOption"] == "RebootIfNeeded"
    # Whole seconds: on a quick host both may be in the same one.
    assert plane.summary["OperationStartTime"] <= plane.summary["OperationEndTime"]

    run(host, "Install", command="command-2", expect=194)
    host.reboot()
    run(host, "Install", command="command-2")
    assert plane.states == {"pb-good": "Installed", "pb-slow": "Installed"}
    run(host, "Install", command="command-3")  # nothing installed, nothing pending: no reboot


def test_no_reboot_leaves_the_node_pending_until_it_boots_and_scans(host, plane):
    have(host, "pb-good")
    run(host, "Install", "--reboot-option", "NoReboot")
    assert plane.states == {"pb-good": "InstalledPendingReboot"}
    assert plane.summary["InstalledPendingRebootCount"] == "1"
    assert plane.summary["LastNoRebootInstallOperationTime"]
    run(host, "Scan", command="command-2")
    assert plane.summary["InstalledPendingRebootCount"] == "1"
    run(host, "Install", command="command-3", expect=194)  # only because something is pending
    host.reboot()
    run(host, "Install", command="command-3")
    assert plane.states == {"pb-good": "Installed"}


def test_a_host_that_does_not_reboot_is_not_asked_for_ever(host, plane):
    have(host, "pb-good")
    run(host, "Install", expect=194)
    assert "did not" in run(host, "Install", expect=1).stdout
    assert plane.states == {"pb-good": "InstalledPendingReboot"}


def test_what_failed_before_the_reboot_is_reported_after_it(host, plane):
    have(host, "pb-good", "pb-postinst")
    run(host, "Install", expect=194)
    host.reboot()
    run(host, "Install", expect=1)
    assert plane.states == {"pb-good": "Installed", "pb-postinst": "Failed"}
    assert plane.summary["FailedCount"] == "1"


def test_power_lost_in_the_middle_is_repaired_by_the_same_command(host, plane):
    have(host, "pb-good", "pb-slow")
    host.sh("rm -f /run/slow; (SSM_COMMAND_ID=command-1 %s run --operation Install "
            ">/dev/null 2>&1 &)" % PATCH)
    host.sh("while ! test -e /run/slow; do sleep 0.05; done")
    host.powerfail()
    run(host, "Install", expect=194)
    host.reboot()
    run(host, "Install")
    assert plane.states == {"pb-good": "Installed", "pb-slow": "Installed"}


def test_what_a_killed_run_brought_in_is_pending_all_the_same(host, plane):
    have(host, "pb-good", "pb-slow")
    host.sh("rm -f /run/slow; (SSM_COMMAND_ID=command-1 %s run --operation Install "
            "--reboot-option NoReboot >/dev/null 2>&1 & echo $! > /run/pid)" % PATCH)
    host.sh("while ! test -e /run/slow; do sleep 0.05; done; kill -9 $(cat /run/pid); "
            "while test -e /proc/$(cat /run/pid); do sleep 0.05; done")
    run(host, "Install", "--reboot-option", "NoReboot", command="command-2")
    assert plane.states == {"pb-good": "InstalledPendingReboot",
                            "pb-slow": "InstalledPendingReboot"}


@pytest.mark.parametrize("operation, code, expect", [
    ("GetDeployablePatchSnapshotForInstance", "AccessDeniedException", 145),
    ("GetDeployablePatchSnapshotForInstance", "UnsupportedOperatingSystem", 146),
    ("GetDeployablePatchSnapshotForInstance", "InternalServerError", 143),
    ("PutInventory", "InvalidTypeNameException", 149)])
def test_exit_codes_name_what_went_wrong(host, plane, operation, code, expect):
    plane.errors = [(operation, code)]
    assert code in run(host, "Scan", expect=expect).stderr


def test_a_bad_snapshot_changes_nothing(host, plane):
    have(host, "pb-good")
    plane.baseline["rejectedPatchesAction"] = "MAYBE"
    assert "rejectedPatchesAction" in run(host, "Install", expect=143).stderr
    assert host.sh("dpkg-query -W -f='${Version}' pb-good") == "1"


def test_a_scan_ignores_the_list(host, plane):
    run(host, "Scan", "--install-override-list", "https://x/y")
    assert plane.summary["InstallOverrideList"] == "https://x/y"
    assert len(plane.reports) == 1


def test_a_list_replaces_the_selection_and_not_the_compliance(host, plane, repo):
    have(host, "pb-good", "pb-postinst", "pb-slow")
    plane.baseline["approvalRules"] = {"rules": []}
    plane.baseline["approvedPatches"] = ["pb-slow"]
    plane.list = ("patches:\n  - id: 'pb-g*.all'\n    title: 'pb-good.all:2*'\n    extra: 1\n"
                  "  - id: pb-postinst.all\n    title: '*:3'\n  - id: pb-absent.all\n")
    options = ["--install-override-list", "s3://bucket/lists/one two.yaml", "--reboot-option",
               "NoReboot"]
    run(host, "Install", *options)
    assert host.sh("dpkg-query -W -f='${Package}=${Version} ' 'pb-*'") == \
        "pb-good=2 pb-postinst=1 pb-slow=1 "[:-1] + " "
    assert plane.states == {"pb-good": "InstalledPendingReboot", "pb-postinst": "InstalledOther",
                            "pb-slow": "Missing"}
    assert plane.summary["InstallOverrideList"] == "s3://bucket/lists/one two.yaml"
    host.reboot()
    run(host, "Scan", command="command-2")
    assert plane.states["pb-good"] == "InstalledOther"
    plane.list = "patches:\n  - title: x\n"
    assert "patches[0] has no id" in run(host, "Install", *options, command="command-3",
                                         expect=1).stderr


def test_expired_credentials_are_read_again(host, plane):
    plane.errors = [("PutInventory", "ExpiredTokenException")]
    run(host, "Scan")
    assert len(plane.reports) == 1


def test_without_a_plane_it_says_what_is_missing(host):
    host.sh("rm /etc/patchbay/patch.conf")
    assert "/etc/patchbay/patch.conf" in run(host, "Scan", expect=1).stderr
    host.write("/etc/patchbay/patch.conf", "endpiont = http://127.0.0.1:1\n")
    assert "endpiont" in run(host, "Scan", expect=1).stderr
    assert not host.has(STATE + "/state.json")
