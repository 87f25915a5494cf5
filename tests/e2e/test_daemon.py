# SPDX-License-Identifier: Apache-2.0
"""What patchbayd promises whoever runs it: how it starts, what it refuses, how it stops, and
what is left after a crash or on a full disk."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import ssl
import stat
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import uuid

import botocore.exceptions
import pytest

import agent as agents
from conftest import BUILD, CLIENT, PATCHBAYD, Plane, fails_with, wait_for

PROGRAMS = {name: BUILD / "src" / folder / name
            for folder, name in (("daemon", "patchbayd"), ("agent", "patchbay-agent"),
                                 ("patch", "patchbay-patch"), ("cli", "patchbay"))}


def patchbayd(*args, **more):
    return subprocess.run([PATCHBAYD, *args], capture_output=True, text=True, timeout=20, **more)


def health(url, **more):
    with urllib.request.urlopen(f"{url}/health", timeout=5, **more) as answer:
        return answer.status, json.load(answer)


def shell_document(words="echo"):
    return json.dumps({"schemaVersion": "2.2", "mainSteps": [
        {"action": "aws:runShellScript", "name": "run", "inputs": {"runCommand": [words]}}]})


def document_names(plane):
    pages = plane.client("ssm").get_paginator("list_documents").paginate(
        Filters=[{"Key": "Owner", "Values": ["Self"]}])
    return {d["Name"] for page in pages for d in page["DocumentIdentifiers"]}


def make_agent(plane):
    ssm = plane.client("ssm")
    role = agents.make_node_role(plane.client("iam"), f"Node-{uuid.uuid4().hex[:8]}")
    activation = ssm.create_activation(IamRole=role)
    return agents.Agent(plane.url).start(activation["ActivationId"],
                                         activation["ActivationCode"])


class Writers:
    """Threads that create documents one after the other until a write fails."""

    def __init__(self, plane, threads=4, size=1):
        self.acknowledged, self.failures = [], []
        self._stop = threading.Event()
        self._clients = [plane.client("ssm") for _ in range(threads)]
        self._size = size
        self._threads = [threading.Thread(target=self._write, args=[i]) for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def _write(self, which):
        for number in range(10000):
            if self._stop.is_set():
                return
            name = f"Doc-{which}-{number}"
            try:
                self._clients[which].create_document(
                    Name=name, DocumentType="Command", Content=shell_document("x" * self._size),
                    Tags=[{"Key": "made-by", "Value": name}])
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as e:
                self.failures.append((name, e))
                return
            self.acknowledged.append(name)

    def join(self):
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def end(self):
        self._stop.set()
        self.join()


# --- the programs ------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_tells_its_version_and_its_use(name):
    for option, start in (("--version", f"{name} "), ("--help", "usage: ")):
        done = subprocess.run([PROGRAMS[name], option], capture_output=True, text=True, timeout=10)
        assert done.returncode == 0 and done.stdout.startswith(start), (option, done)
        assert name in done.stdout and done.stderr == ""
        assert max(map(len, done.stdout.splitlines())) <= 100


# --- starting -----------------------------------------------------------------------------------------

def test_it_says_where_it_is_ready_and_is_healthy(make_plane):
    plane = make_plane()
    assert plane.url.startswith("http://127.0.0.1:") and not plane.url.endswith(":0")
    status, body = health(plane.url)
    assert status == 200 and body["status"] == "ok" and body["version"] == "0.1.0"
    assert body["pendingTasks"] == 0


def test_what_only_its_owner_may_read(make_plane):
    plane = make_plane("--management-account", "123456789012")
    for name in ("credentials", "master.key", "patchbay.db"):
        assert stat.S_IMODE((plane.data / name).stat().st_mode) == 0o600, name
    sts = plane.client("sts")
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/admin"
    root = plane.client("sts", profile="management-root").get_caller_identity()
    assert root["Arn"] == "arn:aws:iam::123456789012:root"


def test_the_root_user_cannot_assume_roles(make_plane):
    plane = make_plane()
    iam = plane.client("iam")
    account = plane.management_account
    iam.create_role(RoleName="Any", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}))
    role = f"arn:aws:iam::{account}:role/Any"
    plane.assume(role)
    with fails_with("AccessDenied", 403) as e:
        plane.assume(role, keys=plane.keys("management-root"))
    assert "root" in e.message.lower()


@pytest.mark.parametrize("args, sentence", [
    ([], "--data DIR is required"),
    (["--data", "x", "--no-such-thing"], "unknown option --no-such-thing"),
    (["--data", "x", "--tls-crt=y"], "unknown option --tls-crt=y"),
    (["--data", "x", "stray"], "stray"),
    (["--data"], "--data needs a value"),
    (["--config"], "--config needs a file"),
    (["--data", "x", "--config", "/nonexistent/file"], "/nonexistent/file: no such file"),
    (["--data", "x", "--listen", "127.0.0.1"], "--listen must be ADDR:PORT"),
    (["--data", "x", "--listen", "127.0.0.1:65536"], "--listen must be ADDR:PORT"),
    (["--data", "x", "--threads", "0"], "threads must be a number from 1 to 64"),
    (["--data", "x", "--workers", "many"], "workers must be a number"),
    (["--data", "x", "--insecure-http=yes"], "must be true or false"),
    (["--data", "x", "--management-account", "12345"], "must be 12 digits"),
    (["--data", "x", "--public-url", "ftp://here"], "must start with http"),
    (["--data", "x", "--tls-cert", "c.pem"], "--tls-cert and --tls-key go together"),
    (["--data", "x", "--log-level", "loud"], "loud"),
])
def test_wrong_use_is_told(args, sentence, tmp_path):
    done = patchbayd(*args, cwd=tmp_path)
    assert done.returncode == 2, done
    assert sentence in done.stderr and "--help" in done.stderr
    assert done.stdout == "" and not list(tmp_path.iterdir())


def test_an_unknown_key_of_the_configuration_is_an_error(tmp_path):
    file = tmp_path / "patchbayd.conf"
    file.write_text("# where\ndata = x\n\nlisen = 127.0.0.1:0\n")
    for option in (["--config", file], [f"--config={file}"]):
        done = patchbayd(*option, cwd=tmp_path)
        assert done.returncode == 2
        assert f'{file}: line 4: unknown key "lisen"' in done.stderr
    file.write_text("data x\n")
    assert "line 1: expected key = value" in patchbayd("--config", file).stderr


def test_options_win_over_the_configuration(make_plane, tmp_path):
    file = tmp_path / "patchbayd.conf"
    file.write_text("management_account = 111111111111\nlisten = 127.0.0.1:1\n"
                    "public_url = http://plane.example:8080/\nworkers = 2\n")
    plane = make_plane("--management-account=222222222222", "--config", str(file))
    assert plane.management_account == "222222222222"
    assert "clients reach this plane at http://plane.example:8080\n" in plane.log_text()


def snapshot_url(plane, url=None):
    """A URL that the plane hands out to a node."""
    agent = make_agent(plane)
    agent.url = urllib.parse.urlsplit(url) if url else agent.url
    return agent.ssm("GetDeployablePatchSnapshotForInstance", InstanceId=agent.id,
                     SnapshotId=str(uuid.uuid4()))["SnapshotDownloadUrl"]


def test_a_public_url_is_what_is_handed_out(make_plane):
    plane = make_plane("--public-url", "http://plane.example:8080/")
    assert snapshot_url(plane).startswith("http://plane.example:8080/")


def test_without_one_it_is_the_name_that_the_client_used(make_plane):
    plane = make_plane("--insecure-http", start=False).start("0.0.0.0:0")
    plane.url = plane.url.replace("0.0.0.0", "127.0.0.5")
    assert snapshot_url(plane).startswith(f"{plane.url}/")
    assert urllib.request.urlopen(snapshot_url(plane), timeout=5).status == 200


# --- who may reach it -----------------------------------------------------------------------------------

def test_plain_http_is_for_loopback(make_plane, tmp_path):
    done = patchbayd("--data", tmp_path / "x", "--listen", "0.0.0.0:0")
    assert done.returncode == 2
    assert "0.0.0.0 is not a loopback address" in done.stderr
    assert "--tls-cert" in done.stderr and "--insecure-http" in done.stderr
    plane = make_plane("--insecure-http", start=False).start("0.0.0.0:0")
    assert health(plane.url.replace("0.0.0.0", "127.0.0.1"))[0] == 200


def test_an_address_in_use_is_told(make_plane, tmp_path):
    plane = make_plane()
    done = patchbayd("--data", tmp_path / "other", "--listen", plane.url.split("//")[1])
    assert done.returncode == 1 and done.stdout == ""
    assert plane.url.split(":")[-1] in done.stderr and "in use" in done.stderr


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A folder with ca.pem, and cert.pem and key.pem for 127.0.0.1 that it has signed."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*args):
        done = subprocess.run(["openssl", *args], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=Test authority",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=plane", "-keyout", "key.pem", "-out", "plane.csr")
    (folder / "names").write_text("subjectAltName = IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "plane.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-CAcreateserial", "-extfile", "names", "-out", "cert.pem")
    return folder


def test_tls_under_an_authority_of_ones_own(make_plane, authority):
    plane = make_plane("--tls-cert", str(authority / "cert.pem"),
                       "--tls-key", str(authority / "key.pem"))
    assert plane.url.startswith("https://127.0.0.1:")
    ca = str(authority / "ca.pem")
    assert health(plane.url, context=ssl.create_default_context(cafile=ca))[0] == 200
    session = plane.session()
    client = session.client("sts", endpoint_url=plane.url, config=CLIENT, verify=ca)
    assert client.get_caller_identity()["Arn"].endswith(":user/admin")
    with pytest.raises(botocore.exceptions.SSLError):
        session.client("sts", endpoint_url=plane.url, config=CLIENT).get_caller_identity()


def test_a_key_that_is_not_the_certificates_is_refused(authority, tmp_path):
    for key, sentence in ((authority / "ca.key", ""), (tmp_path / "none.pem", "none.pem")):
        done = patchbayd("--data", tmp_path / "x", "--listen", "127.0.0.1:0",
                         "--tls-cert", authority / "cert.pem", "--tls-key", key)
        assert done.returncode == 1 and done.stdout == "" and done.stderr
        assert sentence in done.stderr


# --- whose data directory ---------------------------------------------------------------------------------

def test_one_patchbayd_at_a_time(make_plane):
    plane = make_plane()
    for args in (["--listen", "127.0.0.1:0"], None):
        done = (patchbayd("--data", plane.data, *args) if args
                else patchbayd("admin", "new-keys", "--data", plane.data))
        assert done.returncode == 1 and done.stdout == ""
        assert f"{plane.data} is in use by another patchbayd" in done.stderr
    assert health(plane.url)[0] == 200


def test_a_newer_schema_is_refused(make_plane):
    plane = make_plane()
    plane.stop()
    with sqlite3.connect(plane.data / "patchbay.db") as db:
        db.execute("UPDATE schema_version SET version = version + 1 WHERE module = 'ssm'")
    db.close()
    done = patchbayd("--data", plane.data, "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and done.stdout == ""
    assert "newer patchbayd" in done.stderr and '"ssm"' in done.stderr
    with sqlite3.connect(plane.data / "patchbay.db") as db:
        db.execute("UPDATE schema_version SET version = version - 1 WHERE module = 'ssm'")
    db.close()
    assert plane.start().management_account


def test_a_lost_master_key_is_told(make_plane):
    plane = make_plane()
    plane.stop()
    key = plane.data / "master.key"
    bytes = key.read_bytes()
    key.unlink()
    done = patchbayd("--data", plane.data, "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and done.stdout == ""
    assert "master.key is missing" in done.stderr and not key.exists()
    key.write_bytes(bytes[:-1])
    done = patchbayd("--data", plane.data, "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "is not a master key" in done.stderr
    key.write_bytes(bytes[::-1])
    done = patchbayd("--data", plane.data, "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "is not the key that this database" in done.stderr
    key.write_bytes(bytes)
    assert plane.start().management_account


def test_the_keys_outlive_a_restart(make_plane):
    plane = make_plane()
    keys, account = plane.keys(), plane.management_account
    assert plane.stop() == 0
    plane.start()
    assert plane.keys() == keys and plane.management_account == account


# --- stopping -----------------------------------------------------------------------------------------------

def test_a_stop_answers_who_waits(make_plane):
    plane = make_plane()
    agent = make_agent(plane)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        polls = [pool.submit(agent.poll) for _ in range(3)]
        time.sleep(0.5)  # what is looked at: half a second in which nobody is answered
        assert not any(p.done() for p in polls)
        began = time.monotonic()
        assert plane.stop() == 0
        assert [p.result(5) for p in polls] == [[], [], []]
        assert time.monotonic() - began < 5


def test_a_stop_finishes_what_is_in_flight(make_plane):
    plane = make_plane()
    writers = Writers(plane)
    wait_for(lambda: len(writers.acknowledged) > 40)
    assert plane.stop() == 0
    writers.join()
    # Who came too late was sent away, or found nobody any more; no answer was cut short.
    for _, failure in writers.failures:
        assert "shutting down" in str(failure) or isinstance(
            failure, (botocore.exceptions.EndpointConnectionError,
                      botocore.exceptions.ConnectionClosedError)), failure
    plane.start()
    late = {n for n, e in writers.failures if "shutting down" in str(e)}
    assert set(writers.acknowledged) <= document_names(plane) and writers.acknowledged
    assert not late & document_names(plane)


def test_a_second_start_goes_on_with_what_is_pending(make_plane):
    plane = make_plane()
    organizations = plane.client("organizations")
    organizations.create_organization()
    requests = [organizations.create_account(AccountName=f"a{i}", Email=f"a{i}@example.com")
                ["CreateAccountStatus"]["Id"] for i in range(3)]
    agent = make_agent(plane)
    command = plane.client("ssm").send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=[agent.id],
        Parameters={"commands": ["true"]})["Command"]["CommandId"]
    plane.kill()
    plane.restart()
    organizations, ssm = plane.client("organizations"), plane.client("ssm")
    wait_for(lambda: {organizations.describe_create_account_status(
        CreateAccountRequestId=r)["CreateAccountStatus"]["State"] for r in requests}
        == {"SUCCEEDED"})
    agent.run(agent.next_message())
    wait_for(lambda: ssm.list_commands(CommandId=command)["Commands"][0]["Status"] == "Success")
    assert health(plane.url)[1]["status"] == "ok"


def test_systemd_is_told(make_plane, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(10)
        plane = make_plane(env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert listener.recv(100) == b"READY=1"
        assert plane.stop() == 0
        assert listener.recv(100) == b"STOPPING=1"


# --- crashes ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("after", [1, 60, 200])
def test_what_was_acknowledged_outlives_a_crash(make_plane, after):
    plane = make_plane()
    writers = Writers(plane)
    wait_for(lambda: len(writers.acknowledged) >= after)
    plane.kill()
    writers.join()
    plane.start()
    there = document_names(plane)
    assert set(writers.acknowledged) <= there
    # What was under way is there as a whole or not at all.
    ssm = plane.client("ssm")
    for name, _ in writers.failures:
        if name in there:
            tags = ssm.list_tags_for_resource(ResourceType="Document", ResourceId=name)["TagList"]
            assert tags == [{"Key": "made-by", "Value": name}]


def test_blobs_that_nothing_refers_to_are_swept(make_plane):
    plane = make_plane()
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="sweep")
    for key in ("kept", "gone", "young"):
        s3.put_object(Bucket="sweep", Key=key, Body=key.encode())
    s3.put_object(Bucket="sweep", Key="again", Body=b"gone")
    blob = {key: next(plane.data.glob(f"blobs/*/{hashlib.sha256(key.encode()).hexdigest()}"))
            for key in ("kept", "gone", "young")}
    for key in ("gone", "young"):
        s3.delete_object(Bucket="sweep", Key=key)
    plane.stop()
    for key in ("kept", "gone"):
        os.utime(blob[key], (0, 0))
    plane.start()
    plane.client("s3").delete_object(Bucket="sweep", Key="again")
    plane.stop()
    assert all(b.exists() for b in blob.values())
    plane.start()
    wait_for(lambda: "blobs swept: 1" in plane.log_text())
    assert not blob["gone"].exists() and blob["kept"].exists() and blob["young"].exists()
    assert plane.client("s3").get_object(Bucket="sweep", Key="kept")["Body"].read() == b"kept"


# --- a full disk ------------------------------------------------------------------------------------------------

class SmallDisk(Plane):
    """A plane whose data directory is a file system of its own, in a mount namespace that is
    gone with the process."""

    def start(self, *args, **more):
        unshare = shutil.which("unshare")
        assert unshare, "unshare is missing: install util-linux"
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self.wrapper = (unshare, *user, "--mount", "sh", "-c",
                        f"mount -t tmpfs -o size=6m tmpfs '{self.data}' && exec \"$@\"", "sh")
        return super().start(*args, **more)

    @property
    def inside(self):
        return pathlib.Path(f"/proc/{self.process.pid}/root{self.data}")

    def keys(self, profile="management"):
        outside = Plane(self.inside)
        return outside.keys(profile)

    def fill(self):
        with open(self.inside / "ballast", "ab", buffering=0) as ballast:
            for size in (65536, 4096):
                try:
                    while True:
                        ballast.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        (self.inside / "ballast").unlink()


def internal_error(failure):
    answer = getattr(failure, "response", None)
    return answer and answer["ResponseMetadata"]["HTTPStatusCode"] >= 500


def test_a_full_disk_fails_writes_and_heals(tmp_path):
    plane = SmallDisk(tmp_path / "small").start()
    try:
        s3 = plane.client("s3")
        s3.create_bucket(Bucket="kept")
        plane.fill()
        writers = Writers(plane, size=20000)
        writers.join()
        assert writers.failures and all(internal_error(e) for _, e in writers.failures)
        with pytest.raises(botocore.exceptions.ClientError) as e:
            s3.put_object(Bucket="kept", Key="big", Body=b"y" * 1000000)
        assert internal_error(e.value)

        # What was there can be read, and nothing is half done.
        assert document_names(plane) == set(writers.acknowledged)
        assert health(plane.url)[0] == 200
        assert s3.list_objects_v2(Bucket="kept")["KeyCount"] == 0

        plane.free()
        ssm = plane.client("ssm")
        for name, _ in writers.failures:
            ssm.create_document(Name=name, DocumentType="Command", Content=shell_document(),
                                Tags=[{"Key": "made-by", "Value": name}])
        s3.put_object(Bucket="kept", Key="big", Body=b"y" * 1000000)
        assert s3.get_object(Bucket="kept", Key="big")["Body"].read() == b"y" * 1000000
        names = {name for name, _ in writers.failures}
        assert document_names(plane) == names | set(writers.acknowledged)
        assert plane.stop() == 0
    finally:
        plane.kill()
