# SPDX-License-Identifier: Apache-2.0
"""A simulated agent: registers, proves itself with its RSA key, polls and replies as
amazon-ssm-agent does. What it makes of a command is up to the test."""

import base64
import datetime
import hashlib
import http.client
import json
import urllib.parse
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SSM = "AmazonSSM"
MESSAGES = "EC2WindowsMessageDeliveryService"
JSON = "application/x-amz-json-1.1"

ROLE_TRUST = {"Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"},
                             "Action": "sts:AssumeRole"}]}
CORE_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def make_node_role(iam, name="NodeRole"):
    """A role that nodes can have."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ROLE_TRUST))
    iam.attach_role_policy(RoleName=name, PolicyArn=CORE_POLICY)
    return name


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


class Agent:
    def __init__(self, url, region="us-east-1", fingerprint=None, key=None):
        self.url = urllib.parse.urlsplit(url)
        self.region = region
        self.fingerprint = fingerprint or str(uuid.uuid4())
        self.key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.id = self.credentials = None

    # --- the wire ---

    def post(self, target, body, headers, chunked=False, path="/"):
        """The status and the text of the answer."""
        connection = http.client.HTTPConnection(self.url.netloc, timeout=30)
        headers = {"Content-Type": JSON, **headers}
        if target:
            headers["X-Amz-Target"] = target
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        try:
            connection.request("POST", path, body=iter([body]) if chunked else body,
                               encode_chunked=chunked, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    @staticmethod
    def opened(answer):
        status, text = answer
        body = json.loads(text) if text else {}
        if status != 200:
            raise Refused(status, body.get("__type"), body.get("message"))
        return body

    def unsigned(self, operation, **members):
        return self.opened(self.post(f"{SSM}.{operation}", json.dumps(members).encode(), {}))

    def rsa_headers(self, target, body, key=None):
        """The agent's variant of Signature Version 4."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{self.region}/ssm/aws4_request"
        signed = "content-type;host;x-amz-date;x-amz-target"
        digest = hashlib.sha256(body).hexdigest()
        canonical = "\n".join([
            "POST", "/", "", f"content-type:{JSON}", f"host:{self.url.netloc}",
            f"x-amz-date:{now}", f"x-amz-target:{target}", "", signed, digest])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                             hashlib.sha256(canonical.encode()).hexdigest()])
        signature = (key or self.key).sign(
            to_sign.encode(), padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
            hashes.SHA256())
        return {"X-Amz-Date": now, "X-Amz-Content-Sha256": digest,
                "Authorization": f"AWS4-HMAC-SHA256 Credential={self.id}/{scope}, "
                                 f"SignedHeaders={signed}, "
                                 f"Signature={base64.b64encode(signature).decode()}"}

    def with_key(self, operation, key=None, **members):
        target, body = f"{SSM}.{operation}", json.dumps(members).encode()
        return self.opened(self.post(target, body, self.rsa_headers(target, body, key),
                                     chunked=True))

    def signed(self, target, body, service, path="/"):
        """POST with the role's temporary credentials."""
        request = botocore.awsrequest.AWSRequest(
            "POST", self.url.geturl() + path, data=body,
            headers={"Content-Type": JSON, **({"X-Amz-Target": target} if target else {})})
        botocore.auth.SigV4Auth(self.credentials, service, self.region).add_auth(request)
        headers = {k: v for k, v in request.headers.items()
                   if k.lower() not in ("content-type", "x-amz-target")}
        return self.post(target, body, headers, path=path)

    def ssm(self, operation, **members):
        return self.opened(self.signed(f"{SSM}.{operation}", json.dumps(members).encode(), "ssm"))

    def messages(self, operation, **members):
        return self.opened(self.signed(f"{MESSAGES}.{operation}", json.dumps(members).encode(),
                                       "ec2messages"))

    # --- a life ---

    def public_key(self, key=None):
        return base64.b64encode((key or self.key).public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)).decode()

    def register(self, activation_id, code):
        self.id = self.unsigned(
            "RegisterManagedInstance", ActivationId=activation_id, ActivationCode=code,
            Fingerprint=self.fingerprint, PublicKey=self.public_key(),
            PublicKeyType="Rsa")["InstanceId"]
        return self

    def refresh(self):
        token = self.with_key("RequestManagedInstanceRoleToken", Fingerprint=self.fingerprint)
        self.credentials = botocore.credentials.Credentials(
            token["AccessKeyId"], token["SecretAccessKey"], token["SessionToken"])
        return token

    def ping(self, **members):
        return self.ssm("UpdateInstanceInformation", InstanceId=self.id,
                        AgentName="amazon-ssm-agent", AgentVersion="3.3.484.0",
                        PlatformType="Linux", **members)

    def start(self, activation_id, code):
        self.register(activation_id, code)
        self.refresh()
        self.ping(AgentStatus="Active", ComputerName="host.example", IPAddress="192.0.2.7",
                  PlatformName="Debian GNU/Linux", PlatformVersion="12")
        return self

    def poll(self, visibility=10):
        """The messages of one poll; it may take 16 seconds."""
        return self.messages("GetMessages", Destination=self.id,
                             MessagesRequestId=str(uuid.uuid4()),
                             VisibilityTimeoutInSeconds=visibility)["Messages"]

    def next_message(self, polls=3, **more):
        for _ in range(polls):
            messages = self.poll(**more)
            if messages:
                assert len(messages) == 1, messages
                return messages[0]
        raise AssertionError("no message")

    def acknowledge(self, message):
        self.messages("AcknowledgeMessage", MessageId=message["MessageId"])

    def reply(self, message, status, steps=None, trace=""):
        """SendReply; steps: name -> dict of status, code, standardOutput..."""
        now = "2026-11-23T03:43:45.735Z"
        runtime = {name: {"status": "Success", "code": 0, "name": "aws:runShellScript",
                          "output": "", "startDateTime": now, "endDateTime": now,
                          "outputS3BucketName": "", "outputS3KeyPrefix": "", "stepName": "",
                          "standardOutput": "", "standardError": "", **step}
                   for name, step in (steps or {}).items()} if steps is not None else None
        payload = {"additionalInfo": {"agent": {"lang": "en-US", "name": "amazon-ssm-agent",
                                                "os": "linux", "osver": "1",
                                                "ver": "3.3.484.0"},
                                      "dateTime": now, "runId": "", "runtimeStatusCounts": None,
                                      "ableToOpenMGSConnection": False},
                   "documentStatus": status, "documentTraceOutput": trace,
                   "runtimeStatus": runtime}
        self.messages("SendReply", MessageId=message["MessageId"], ReplyId=str(uuid.uuid4()),
                      Payload=json.dumps(payload))

    def run(self, message, status="Success", **step):
        """A whole command of one step, as the agent reports it."""
        payload = json.loads(message["Payload"])
        document = payload["DocumentContent"]
        name = (document["mainSteps"][0]["name"] if "mainSteps" in document
                else next(iter(document["runtimeConfig"])))
        step = {name: {"status": status, **step}}
        self.reply(message, "InProgress")
        self.acknowledge(message)
        self.reply(message, "InProgress", step)
        self.reply(message, status, step)
        return payload
