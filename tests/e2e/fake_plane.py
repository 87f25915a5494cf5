# SPDX-License-Identifier: Apache-2.0
"""A plane small enough to be read in one go, for tests of patchbay-agent alone.

It speaks the hybrid-activation and ec2messages calls, checks every signature (the
node's RSA-PSS one and SigV4) against its own computation, redelivers what is not
acknowledged, and remembers all that it was told. Faults are switched on by the test.

Run as a program it prints its URL and serves until killed; on SIGUSR1 it sends SCRIPT to
every node and prints what became of it:
    fake_plane.py [--tls CERT KEY] [--hold S] [--script SCRIPT]
"""

import base64
import calendar
import collections
import hashlib
import hmac
import http.server
import json
import signal
import ssl
import sys
import threading
import time
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

ACTIVATION_ID = "11111111-2222-3333-4444-555555555555"
ACTIVATION_CODE = "ABCDEFGHIJKLMNOPQRST"
REGION = "eu-west-1"

RUN_SHELL_SCRIPT = {
    "schemaVersion": "1.2", "description": "Run a shell script.",
    "parameters": {
        "commands": {"type": "StringList", "minItems": 1},
        "workingDirectory": {"type": "String", "default": ""},
        "executionTimeout": {"type": "String", "default": "3600",
                             "allowedPattern": "([1-9][0-9]{0,4})|(172800)"}},
    "runtimeConfig": {"aws:runShellScript": {"properties": [{
        "id": "0.aws:runShellScript", "runCommand": "{{ commands }}",
        "workingDirectory": "{{ workingDirectory }}",
        "timeoutSeconds": "{{ executionTimeout }}"}]}}}

Reply = collections.namedtuple("Reply", "at message_id id payload")


class Refused(Exception):
    def __init__(self, code, message, status=400, headers=None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status
        self.headers = headers or {}


def canonical(handler, body, signed):
    headers = "".join(f"{name}:{' '.join(handler.headers[name].split())}\n" for name in signed)
    return "\n".join([handler.command, "/", "", headers, ";".join(signed),
                      hashlib.sha256(body).hexdigest()])


def string_to_sign(handler, body, scope, signed):
    digest = hashlib.sha256(canonical(handler, body, signed).encode()).hexdigest()
    return "\n".join(["AWS4-HMAC-SHA256", handler.headers["X-Amz-Date"], scope, digest])


def sigv4_key(secret, scope):
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


class FakePlane:
    def __init__(self, hold=2.0, visibility=1.0, token_life=3600.0, tls=None):
        self.hold, self.visibility, self.token_life = hold, visibility, token_life
        self.lock = threading.Condition()
        self.keys = {}        # node: (public key, fingerprint)
        self.tokens = {}      # access key: (secret, session, expires)
        self.messages = {}    # message id: [message, invisible until]
        self.calls = collections.Counter()
        self.polls = []       # start of each
        self.replies, self.acks, self.failed, self.heartbeats = [], [], [], []
        self.documents = {}   # (name, version or ""): content
        self.problems = []    # what was wrong with calls
        self.clock = 0.0      # this plane's time minus the host's
        self.unknown = []     # calls of nodes that are none
        self.wants_key, self.changes_keys, self.key_changes = False, False, 0
        self.after_key = None  # callable, once a new key is taken and before that is said
        self.skewed = 0       # calls refused for their time
        self.refused_hands = 0  # TLS handshakes that a client broke off
        self.fault = None     # callable(operation) that may raise Refused or return "drop"
        plane = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                plane.serve(self)

            def date_time_string(self, timestamp=None):
                return super().date_time_string(timestamp or plane.now())

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

            def get_request(self):
                try:
                    return super().get_request()
                except OSError:
                    plane.refused_hands += 1
                    raise

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.tls = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        host = "localhost" if tls else "127.0.0.1"
        self.url = f"{'https' if tls else 'http'}://{host}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def now(self):
        return time.time() + self.clock

    # --- HTTP ---

    def serve(self, handler):
        body = self.read_body(handler)
        operation = handler.headers["X-Amz-Target"].split(".")[-1]
        with self.lock:
            self.calls[operation] += 1
        headers = {}
        try:
            if self.fault and self.fault(operation) == "drop":
                handler.close_connection = True
                return
            answer, status = self.dispatch(handler, operation, body), 200
        except Refused as refusal:
            answer = {"__type": refusal.code, "message": refusal.message}
            status, headers = refusal.status, refusal.headers
        data = json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/x-amz-json-1.1")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    @staticmethod
    def read_body(handler):
        if handler.headers.get("Transfer-Encoding", "") != "chunked":
            return handler.rfile.read(int(handler.headers["Content-Length"]))
        body = b""
        while True:
            size = int(handler.rfile.readline(), 16)
            body += handler.rfile.read(size)
            handler.rfile.readline()
            if size == 0:
                return body

    def dispatch(self, handler, operation, body):
        call = getattr(self, "do_" + operation, None)
        if call is None:
            raise Refused("UnknownOperationException", operation)
        data = json.loads(body)
        if operation == "RegisterManagedInstance":
            return call(data)
        return call(self.authenticate(handler, operation, body), data)

    def problem(self, code, message):
        self.problems.append(f"{code}: {message}")
        return Refused(code, message)

    def authenticate(self, handler, operation, body):
        """The node that calls, proven."""
        algorithm, rest = handler.headers.get("Authorization", " ").split(" ", 1)
        fields = dict(part.strip().split("=", 1) for part in rest.split(", "))
        credential, scope = fields["Credential"].split("/", 1)
        signed = fields["SignedHeaders"].split(";")
        is_rsa = operation in ("RequestManagedInstanceRoleToken",
                               "UpdateManagedInstancePublicKey")
        service = ("ssm" if handler.headers["X-Amz-Target"].startswith("AmazonSSM.")
                   else "ec2messages")
        if (algorithm, scope.split("/")[1:]) != ("AWS4-HMAC-SHA256",
                                                 [REGION, service, "aws4_request"]):
            raise self.problem("InvalidSignatureException", f"{algorithm} {scope}")
        signed_at = calendar.timegm(time.strptime(handler.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        if abs(signed_at - self.now()) > 900:
            self.skewed += 1
            raise Refused("InvalidSignatureException", "Signature expired or not yet current")
        text = string_to_sign(handler, body, scope, signed).encode()
        if is_rsa:
            if signed != ["content-type", "host", "x-amz-date", "x-amz-target"]:
                raise self.problem("InvalidSignatureException", f"signed headers {signed}")
            if credential not in self.keys:
                self.unknown.append(time.monotonic())
                raise Refused("UnrecognizedClientException", "The managed node is not registered.")
            key, _ = self.keys[credential]
            try:
                key.verify(base64.b64decode(fields["Signature"]), text,
                           padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
            except InvalidSignature:
                if self.changes_keys:
                    raise Refused("InvalidSignatureException", "not by this key")
                raise self.problem("InvalidSignatureException", "not by the node's key")
            return credential
        token = self.tokens.get(credential)
        if token is None or self.now() > token[2]:
            raise Refused("ExpiredTokenException", "The security token has expired")
        secret, session, _, node = token
        if node not in self.keys:
            raise Refused("AccessDeniedException", "not a managed node")
        if handler.headers["X-Amz-Security-Token"] != session:
            raise self.problem("UnrecognizedClientException", "session token")
        expected = hmac.new(sigv4_key(secret, scope), text, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, fields["Signature"]):
            raise self.problem("InvalidSignatureException", "SigV4")
        for name in ("host", "x-amz-date", "x-amz-security-token", "x-amz-target"):
            if name not in signed:
                raise self.problem("InvalidSignatureException", f"{name} is not signed")
        return node

    # --- operations ---

    def do_RegisterManagedInstance(self, data):
        if data["ActivationId"] != ACTIVATION_ID or data["ActivationCode"] != ACTIVATION_CODE:
            raise Refused("InvalidActivation", "The activation is not valid")
        if len(data["PublicKey"]) != 392 or data["PublicKeyType"] != "Rsa":
            raise self.problem("ValidationException", "PublicKey")
        key = serialization.load_der_public_key(base64.b64decode(data["PublicKey"]))
        node = "mi-" + uuid.uuid4().hex[:17]
        uuid.UUID(data["Fingerprint"], version=4)
        self.keys[node] = key, data["Fingerprint"]
        return {"InstanceId": node}

    def do_RequestManagedInstanceRoleToken(self, node, data):
        if data["Fingerprint"] != self.keys[node][1]:
            raise Refused("MachineFingerprintDoesNotMatch", "fingerprint")
        access_key = "ASIA" + uuid.uuid4().hex[:16].upper()
        secret, session = uuid.uuid4().hex, base64.b64encode(uuid.uuid4().bytes * 8).decode()
        expires = self.now() + self.token_life
        self.tokens[access_key] = secret, session, expires, node
        return {"AccessKeyId": access_key, "SecretAccessKey": secret, "SessionToken": session,
                "TokenExpirationDate": expires, "UpdateKeyPair": self.wants_key}

    def do_UpdateManagedInstancePublicKey(self, node, data):
        assert data["NewPublicKeyType"] == "Rsa" and len(data["NewPublicKey"]) == 392
        key = serialization.load_der_public_key(base64.b64decode(data["NewPublicKey"]))
        with self.lock:
            if key.public_numbers() != self.keys[node][0].public_numbers():
                self.key_changes += 1
            self.keys[node] = key, self.keys[node][1]
            self.wants_key = False
        if self.after_key:
            self.after_key()
        return {}

    def do_UpdateInstanceInformation(self, node, data):
        assert data["InstanceId"] == node
        self.heartbeats.append(data)
        return {}

    def do_GetDocument(self, node, data):
        content = self.documents.get((data["Name"], data.get("DocumentVersion", "")))
        if content is None:
            raise Refused("InvalidDocument", f"Document with name {data['Name']} does not exist.")
        if data["DocumentFormat"] != "JSON":
            raise self.problem("InvalidDocumentContent", data["DocumentFormat"])
        return {"Name": data["Name"], "DocumentFormat": "JSON", "Content": json.dumps(content)}

    def do_GetMessages(self, node, data):
        end = time.monotonic() + self.hold
        self.polls.append(time.monotonic())
        with self.lock:
            while True:
                now = time.monotonic()
                ready = [m for m in self.messages.values()
                         if m[1] <= now and m[0]["Destination"] == node]
                if ready or now >= end:
                    break
                soonest = min([m[1] for m in self.messages.values()] + [end])
                self.lock.wait(max(0.01, min(soonest, end) - now))
            for message in ready:
                message[1] = time.monotonic() + self.visibility
        return {"Destination": node, "MessagesRequestId": data["MessagesRequestId"],
                "Messages": [m[0] for m in ready]}

    def do_AcknowledgeMessage(self, node, data):
        with self.lock:
            self.acks.append(data["MessageId"])
            self.messages.pop(data["MessageId"], None)
        return {}

    def do_FailMessage(self, node, data):
        with self.lock:
            self.failed.append((data["MessageId"], data["FailureType"]))
            self.messages.pop(data["MessageId"], None)
        return {}

    def do_SendReply(self, node, data):
        payload = json.loads(data["Payload"])
        with self.lock:
            self.replies.append(Reply(time.time(), data["MessageId"], data["ReplyId"], payload))
            if payload["documentTraceOutput"]:
                self.messages.pop(data["MessageId"], None)
            self.lock.notify_all()
        return {}

    # --- what a test does ---

    def post(self, node, topic, payload, message_id=None):
        message_id = message_id or f"aws.ssm.{uuid.uuid4()}.{node}"
        now = self.now()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e3):03}Z"
        message = {"CreatedDate": stamp, "Destination": node, "MessageId": message_id,
                   "Payload": payload if isinstance(payload, str) else json.dumps(payload),
                   "PayloadDigest": "", "Topic": topic}
        with self.lock:
            self.messages[message_id] = [message, 0]
            self.lock.notify_all()
        return message_id

    def send(self, node, document, parameters=None, **more):
        command = str(uuid.uuid4())
        return self.post(node, f"aws.ssm.sendCommand.{REGION.replace('-', '.')}.1", {
            "CommandId": command, "DocumentName": "test", "DocumentContent": document,
            "Parameters": parameters or {}, "OutputS3BucketName": "", "OutputS3KeyPrefix": "",
            "CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": "false", **more},
            f"aws.ssm.{command}.{node}")

    def run(self, node, *commands, **parameters):
        return self.send(node, RUN_SHELL_SCRIPT, {"commands": list(commands), **parameters})

    def cancel(self, node, message_id):
        return self.post(node, f"aws.ssm.cancelCommand.{REGION.replace('-', '.')}.1",
                         {"CancelMessageId": message_id})

    def of(self, message_id):
        """Replies to a message in order of first arrival, doubles left out."""
        with self.lock:
            seen = {}
            for reply in self.replies:
                if reply.message_id == message_id:
                    seen.setdefault(reply.id, reply.payload)
            return list(seen.values())

    def final(self, message_id, timeout=20.0):
        """The payload that ends the command."""
        end = time.monotonic() + timeout
        while True:
            for payload in self.of(message_id):
                if payload["documentStatus"] not in ("InProgress", "SuccessAndReboot"):
                    return payload
            left = end - time.monotonic()
            assert left > 0, f"no final reply to {message_id}: {self.of(message_id)}"
            with self.lock:
                self.lock.wait(min(left, 0.2))


def main(arguments):
    tls, hold, script = None, 15.0, "true"
    while arguments:
        option = arguments.pop(0)
        if option == "--tls":
            tls = arguments.pop(0), arguments.pop(0)
        elif option == "--hold":
            hold = float(arguments.pop(0))
        elif option == "--script":
            script = arguments.pop(0)
        else:
            sys.exit(__doc__)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    plane = FakePlane(hold=hold, tls=tls)
    print(plane.url, flush=True)
    while True:
        signal.sigwait({signal.SIGUSR1})
        for node in list(plane.keys):
            final = plane.final(plane.run(node, script), 60)
            print(node, final["documentStatus"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
