# SPDX-License-Identifier: Apache-2.0
"""A real patchbayd and real AWS clients for the end-to-end tests.

    plane         one daemon for the whole run; its management account is fresh
    make_plane    a factory of daemons of one's own (arguments, restarts, SIGKILL)
    organization  an organization on `plane` with one OU and two member accounts

A test makes its clients with plane.client("ssm", account=..., region=...): with no
account they act as the administrator of the management account, with one as
OrganizationAccountAccessRole in it. PATCHBAY_BUILD names another build directory.
"""

import configparser
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PATCHBAY_BUILD", ROOT / "build"))
PATCHBAYD = BUILD / "src" / "daemon" / "patchbayd"
READY = "patchbayd ready on "
REGION = "us-east-1"
MEMBER_ROLE = "OrganizationAccountAccessRole"

# No answer is taken twice and nothing but the plane is ever asked.
for name in [n for n in os.environ if n.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

CLIENT = botocore.config.Config(
    retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60,
    s3={"addressing_style": "path"}, parameter_validation=True)
RAW_CLIENT = CLIENT.merge(botocore.config.Config(parameter_validation=False))


def agent_environment(**more):
    """For a real agent. It ends while threads of it are ending, which the sanitizer's search for
    leaks now and then takes for one or breaks off at; valgrind looks for its leaks."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return {**os.environ, "ASAN_OPTIONS": f"{options}:detect_leaks=0", **more}


def wait_for(what, timeout=20.0, pause=0.05):
    """The first true answer of what(), within `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < end, f"nothing after {timeout} s: {what}"
        time.sleep(pause)


class Plane:
    """One patchbayd on a data directory, started, stopped and started again."""

    wrapper = ()  # a command that ends by executing what follows it

    def __init__(self, data, *args, env=None):
        self.data = pathlib.Path(data)
        self.args = args
        self.env = env or {}
        self.log = self.data.with_name(self.data.name + ".log")
        self.url = self.process = None
        self._members = {}

    # --- the process ---

    def start(self, listen="127.0.0.1:0", timeout=20.0):
        assert self.process is None
        self.data.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, PATCHBAYD, "--data", self.data, "--listen", listen, *self.args],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, **self.env})
        self.url = self._ready_line(timeout)[len(READY):]
        self._members = {}
        return self

    def _ready_line(self, timeout):
        lines = queue.Queue()

        def read(stdout):
            for line in stdout:
                lines.put(line.rstrip("\n"))
            lines.put(None)

        threading.Thread(target=read, args=[self.process.stdout], daemon=True).start()
        try:
            line = lines.get(timeout=timeout)
        except queue.Empty:
            line = None
        if line is None or not line.startswith(READY):
            self.kill()
            raise AssertionError(f"patchbayd said {line!r}\n{self.log_text()}")
        return line

    def restart(self):
        """On the same port, so that URLs handed out before stay good."""
        listen = self.url.split("//")[1]
        if self.process:
            self.stop()
        return self.start(listen)

    def stop(self, timeout=20.0):
        """SIGTERM; returns the exit status."""
        return self._end(signal.SIGTERM, timeout)

    def kill(self):
        """SIGKILL, as a crash."""
        return self._end(signal.SIGKILL, 10.0)

    def _end(self, how, timeout):
        process, self.process = self.process, None
        if process is None:
            return None
        process.send_signal(how)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"patchbayd did not end\n{self.log_text()}")

    def log_text(self):
        return self.log.read_text(errors="replace")[-8000:]

    # --- its accounts ---

    def keys(self, profile="management"):
        """The access key of a profile of DIR/credentials, as boto3 takes it."""
        file = configparser.ConfigParser()
        file.read(self.data / "credentials")
        return {k: file[profile][k] for k in ("aws_access_key_id", "aws_secret_access_key")}

    @property
    def management_account(self):
        return self.client("sts").get_caller_identity()["Account"]

    def session(self, profile="management", region=REGION):
        return boto3.Session(region_name=region, **self.keys(profile))

    def client(self, service, account=None, region=REGION, profile="management", config=CLIENT):
        keys = self.member_keys(account) if account else self.keys(profile)
        return self.client_with(keys, service, region, config)

    def client_with(self, keys, service, region=REGION, config=CLIENT):
        """A client with the given keys: of keys(), assume() or create_access_key()."""
        return boto3.Session(region_name=region, **keys).client(
            service, endpoint_url=self.url, config=config)

    def assume(self, role_arn, session_name="test", keys=None, **more):
        answer = self.client_with(keys or self.keys(), "sts").assume_role(
            RoleArn=role_arn, RoleSessionName=session_name, **more)["Credentials"]
        return {"aws_access_key_id": answer["AccessKeyId"],
                "aws_secret_access_key": answer["SecretAccessKey"],
                "aws_session_token": answer["SessionToken"]}

    def member_keys(self, account):
        if account not in self._members:
            self._members[account] = self.assume(f"arn:aws:iam::{account}:role/{MEMBER_ROLE}")
        return self._members[account]

    def create_account(self, name):
        """A new member account, once it is there; its id."""
        organizations = self.client("organizations")
        request = organizations.create_account(
            AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["Id"]

        def done():
            status = organizations.describe_create_account_status(
                CreateAccountRequestId=request)["CreateAccountStatus"]
            return status if status["State"] != "IN_PROGRESS" else None

        status = wait_for(done)
        assert status["State"] == "SUCCEEDED", status
        return status["AccountId"]


class Organization:
    """What `organization` gives: ids of the tree and its accounts."""

    def __init__(self, plane):
        organizations = plane.client("organizations")
        self.id = organizations.create_organization()["Organization"]["Id"]
        self.management = plane.management_account
        self.root = organizations.list_roots()["Roots"][0]["Id"]
        self.unit = organizations.create_organizational_unit(
            ParentId=self.root, Name="fleet")["OrganizationalUnit"]["Id"]
        self.members = [plane.create_account("one"), plane.create_account("two")]
        for member in self.members:
            organizations.move_account(AccountId=member, SourceParentId=self.root,
                                       DestinationParentId=self.unit)


def fails_with(code, status=None):
    """with fails_with("NoSuchEntity", 404) as e: ...; e.value is the ClientError."""
    return _Fails(code, status)


class _Fails:
    def __init__(self, code, status):
        self.code, self.status, self.value = code, status, None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            raise AssertionError(f"it did not fail with {self.code}")
        if not issubclass(kind, botocore.exceptions.ClientError):
            return False
        self.value = value
        assert value.response["Error"]["Code"] == self.code, value
        if self.status:
            assert value.response["ResponseMetadata"]["HTTPStatusCode"] == self.status, value
        return True

    @property
    def message(self):
        return self.value.response["Error"]["Message"]


@pytest.fixture(scope="session")
def plane(tmp_path_factory):
    plane = Plane(tmp_path_factory.mktemp("plane") / "data").start()
    yield plane
    if plane.process:
        assert plane.stop() == 0, plane.log_text()


@pytest.fixture
def make_plane(tmp_path):
    planes = []

    def make(*args, name=None, start=True, env=None):
        plane = Plane(tmp_path / (name or f"plane{len(planes)}"), *args, env=env)
        planes.append(plane)
        return plane.start() if start else plane

    yield make
    for plane in planes:
        plane.kill()


@pytest.fixture(scope="session")
def organization(plane):
    return Organization(plane)
