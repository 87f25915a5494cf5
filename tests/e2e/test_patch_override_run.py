# SPDX-License-Identifier: Apache-2.0
"""Runs that are given another baseline, or a list of patches, by an https or s3 address."""

import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from patch_host import have, version
from patch_plane import Plane, host, repo, run  # noqa: F401 (fixtures)

CA = "/etc/patchbay/ca.pem"
POLICY = "11111111-2222-3333-4444-555555555555"
INNER = {"PatchFilters": "filters", "PatchRules": "rules", "PatchFilterGroup": "filterGroup"}


def entry(*approved, os="DEBIAN", **members):
    return {"OperatingSystem": os, "ApprovedPatches": list(approved), **members}


def as_frozen(value):
    """The API's form of a baseline in the form of a snapshot."""
    if isinstance(value, list):
        return [as_frozen(one) for one in value]
    if isinstance(value, dict):
        return {INNER.get(k, k[0].lower() + k[1:]): as_frozen(v) for k, v in value.items()}
    return value


class OverridePlane(Plane):
    """Freezes the override that comes first with a snapshot id; has a bucket."""

    def __init__(self):
        super().__init__()
        self.frozen, self.bucket = {}, {}

    def snapshot(self, given):
        baseline = self.baseline
        if "BaselineOverride" in given:
            baseline = {**as_frozen(given["BaselineOverride"]), "name": self.baseline["name"],
                        "baselineId": self.baseline["baselineId"]}
        self.frozen.setdefault(given["SnapshotId"], baseline)
        return super().snapshot(given)

    def download(self, path):
        if path.startswith("/bucket/"):
            return self.bucket.get(path, (404, b"<Error><Code>NoSuchKey</Code></Error>"))
        return 200, {"patchBaseline": self.frozen[self.snapshots[-1]], "patchGroup": "web",
                     "patches": []}


@pytest.fixture
def plane():
    plane = OverridePlane()
    yield plane
    plane.server.shutdown()


# --- an https server with an authority of its own ---

def issue(name, key, issuer=None, issuer_key=None):
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)])
             for n in (name, issuer or name)]
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1])
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=1))
               .not_valid_after(now + datetime.timedelta(days=1))
               .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True))
    if issuer:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
    made = builder.sign(issuer_key or key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


class Web:
    def __init__(self, folder):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                web.asked.append(self.path)
                status, body = web.files.get(self.path, (404, b""))
                self.send_response(status)
                if status in (301, 302):
                    self.send_header("Location", "/good.json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.ca = issue("tests", ca_key).decode()
        path = folder / "server.pem"
        path.write_bytes(issue("server", key, "tests", ca_key) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # who does not trust us breaks off
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        self.files, self.asked = {}, []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web(tmp_path, host):  # noqa: F811
    web = Web(tmp_path)
    host.write(CA, web.ca)
    host.sh(f"echo 'ca-file = {CA}' >> /etc/patchbay/patch.conf")
    yield web
    web.server.shutdown()


def say(web, *baselines):
    web.files["/good.json"] = 200, json.dumps(list(baselines)).encode()
    return ["--baseline-override", web.url + "/good.json"]


# --- BaselineOverride ---

def test_a_scan_by_an_override_is_printed_and_not_reported(host, plane, web):  # noqa: F811
    have(host, "pb-good", "pb-slow")
    override = say(web, entry("pb-good"), entry("x", os="WINDOWS"))
    said = run(host, "Scan", *override).stdout
    rows = [line.split()[0] for line in said.splitlines() if line.startswith("pb-")]
    assert rows == ["pb-good.all"] and "pb-slow" not in said  # only what is not compliant
    assert "not reported" in said and plane.reports == []
    run(host, "Scan")
    assert plane.states == {"pb-good": "Missing", "pb-slow": "Missing"}


def test_an_install_by_an_override_installs_what_it_approves(host, plane, web):  # noqa: F811
    have(host, "pb-good", "pb-slow")
    run(host, "Install", *say(web, entry("pb-good")), expect=194)
    assert (version(host, "pb-good"), version(host, "pb-slow")) == ("2", "1")
    host.reboot()
    said = run(host, "Install", *say(web, entry("pb-good"))).stdout
    assert "the host was rebooted" in said and "COMPLIANT" in said
    assert plane.reports == []
    run(host, "Scan", command="command-2")
    assert plane.states == {"pb-good": "Installed", "pb-slow": "Missing"}


def test_an_override_whose_address_has_expired_after_the_reboot(host, plane, web):  # noqa: F811
    """A presigned address lives shorter than some reboots; the snapshot has what it said."""
    have(host, "pb-good", "pb-slow")
    override = say(web, entry("pb-good"))
    run(host, "Install", *override, expect=194)
    host.reboot()
    web.files.clear()
    said = run(host, "Install", *override).stdout
    assert "the snapshot stands for the BaselineOverride" in said and "HTTP 404" in said
    assert "the host was rebooted" in said and "not reported" in said and plane.reports == []
    run(host, "Install", *override, command="command-2", expect=1)  # at first it has to be there


def test_a_patch_policys_run_reports_as_one(host, plane, web):  # noqa: F811
    have(host, "pb-good", "pb-slow")
    policy = ["--association-id", POLICY]
    mine = entry("pb-good", BaselineId="pb-00000000000000001", Name="mine")
    said = run(host, "Scan", *say(web, mine), *policy).stdout
    assert "baseline pb-00000000000000001 (mine)" in said
    assert plane.states == {"pb-good": "Missing", "pb-slow": "InstalledOther"}
    summary, _, context = plane.reports[-1]
    assert context["ExecutionType"] == "PatchPolicy"
    assert summary["BaselineId"] == "pb-00000000000000001"
    run(host, "Scan", *policy)  # an association alone is none
    assert plane.reports[-1][2]["ExecutionType"] == "Command"


def test_the_snapshot_wins_over_a_later_override(host, plane, web):  # noqa: F811
    have(host, "pb-good", "pb-slow")
    same = ["--snapshot-id", str(uuid.uuid4()), "--association-id", POLICY]
    run(host, "Scan", *say(web, entry("pb-good", Name="first")), *same)
    said = run(host, "Scan", *say(web, entry("pb-slow", Name="second")), *same).stdout
    assert "frozen before this BaselineOverride" in said and "(test)" in said
    assert plane.reports[0][1] and plane.reports[1][1] is None  # item for item the same


def test_both_overrides_together_do_nothing(host, plane, web):  # noqa: F811
    have(host, "pb-good")
    both = ["--install-override-list", web.url + "/list", *say(web, entry("pb-good"))]
    for operation in "Scan", "Install":
        assert "together" in run(host, operation, *both, expect=167).stderr
    assert web.asked == [] and plane.snapshots == [] and version(host, "pb-good") == "1"


@pytest.mark.parametrize("content, why", [
    ([entry("a"), entry("b")], "more than one of its baselines is for DEBIAN"),
    ([entry("a", os="UBUNTU")], "none of its baselines is for DEBIAN"),
    (entry("a"), "not a list"),
    ([entry("a", Approved=["x"])], "the member Approved is not supported"),
    ([entry("a", RejectedPatchesAction="MAYBE")], "rejectedPatchesAction")])
def test_an_override_that_cannot_be_used_is_refused(host, plane, web, content, why):  # noqa: F811
    web.files["/good.json"] = 200, json.dumps(content).encode()
    assert why in run(host, "Scan", "--baseline-override", web.url + "/good.json",
                      expect=1).stderr
    assert plane.snapshots == [] and plane.reports == []


# --- the address ---

@pytest.mark.parametrize("operation, parameter, name", [
    ("Scan", "--baseline-override", "BaselineOverride"),
    ("Install", "--install-override-list", "InstallOverrideList")])
def test_each_way_an_address_fails_has_its_own_sentence(  # noqa: F811
        host, plane, web, operation, parameter, name):
    web.files.update({"/denied": (403, b""), "/moved": (302, b""), "/cut": (200, b"[{"),
                      "/big": (200, b" " * (1024 * 1024 + 1)), "/good.json": (200, b"[]")})
    plane.bucket["/bucket/denied"] = 403, b""
    plane.bucket["/bucket/big"] = 200, b" " * (1024 * 1024 + 1)
    for url, why in [
            (web.url + "/missing", "it is not there (HTTP 404)"),
            (web.url + "/denied", "access to it is denied (HTTP 403)"),
            (web.url + "/moved", "redirects are not followed"),
            (web.url + "/big", "too large"), (web.url + "/cut", ""),
            (web.url.replace("https", "http"), "no https or s3 address"),
            ("s3://bucket", "no https or s3 address"), ("s3://bucket/a/", "no https or s3"),
            ("s3://bucket/missing", "it is not there (HTTP 404)"),
            ("s3://bucket/denied", "denied (HTTP 403): the node's role needs s3:GetObject on it"),
            ("s3://bucket/big", "too large")]:
        said = run(host, operation, parameter, url, expect=1).stderr
        assert f"bad {name}: " in said and why in said, (url, said)
    assert web.asked.count("/moved") == 1  # it was not followed, and not tried again
    assert "/good.json" not in web.asked


def test_a_server_that_is_not_trusted_is_not_asked(host, plane, web):  # noqa: F811
    override = say(web, entry("pb-good"))
    host.sh("sed -i /ca-file/d /etc/patchbay/patch.conf")
    assert "certificate is not trusted" in run(host, "Scan", *override, expect=1).stderr
    name = [w.replace("127.0.0.1", "localhost") for w in override]
    host.sh(f"echo 'ca-file = {CA}' >> /etc/patchbay/patch.conf")
    assert "certificate is not trusted" in run(host, "Scan", *name, expect=1).stderr
    assert web.asked == []


def test_an_override_comes_from_a_bucket_too(host, plane):  # noqa: F811
    have(host, "pb-good", "pb-slow")
    plane.bucket["/bucket/a%20b.json"] = 200, json.dumps([entry("pb-good")]).encode()
    said = run(host, "Scan", "--baseline-override", "s3://bucket/a b.json").stdout
    assert "pb-good.all" in said and "pb-slow" not in said


def test_a_list_comes_by_https_and_leaves_compliance_alone(host, plane, web):  # noqa: F811
    have(host, "pb-good", "pb-slow")
    plane.baseline["approvalRules"] = {"rules": []}
    plane.baseline["approvedPatches"] = ["pb-slow"]
    web.files["/list.yaml"] = 200, b"patches:\n - id: 'pb-good.*'\n   title: '*:2'\n"
    run(host, "Install", "--install-override-list", web.url + "/list.yaml", "--reboot-option",
        "NoReboot")
    assert (version(host, "pb-good"), version(host, "pb-slow")) == ("2", "1")
    assert plane.states == {"pb-good": "InstalledPendingReboot", "pb-slow": "Missing"}
    assert plane.summary["InstallOverrideList"] == web.url + "/list.yaml"
