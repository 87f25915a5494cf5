# SPDX-License-Identifier: Apache-2.0
"""What botocore signs we verify, and what we sign is what botocore would have signed."""
import base64
import datetime
import itertools
import random
import string
from urllib.parse import urlsplit

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

MISMATCH, SKEWED, EXPIRED = 3, 4, 5
NOW = datetime.datetime(2026, 11, 23, 16, 0, 0)
NOW_MS = int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = Credentials("ASIAEXAMPLE", "s3cr3t/+", "FwoGZX/token+with==")

REQUESTS = {
    "json": ("ssm", "POST", "http://127.0.0.1:8080/", b'{"Name":"x"}',
             {"X-Amz-Target": "AmazonSSM.GetDocument",
              "Content-Type": "application/x-amz-json-1.1"}),
    "query": ("iam", "POST", "https://iam.example:8443/", b"Action=ListUsers&Version=2010-05-08",
              {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}),
    "get": ("sts", "GET", "http://localhost/?Version=2011-06-15&Action=GetCallerIdentity", b"", {}),
    "rest path": ("lambda", "GET", "http://127.0.0.1:1/2015-03-31/functions/"
                  "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/policy?Qualifier=%24LATEST",
                  b"", {}),
    "odd path": ("lambda", "GET", "http://127.0.0.1:1//a/./b/../c%20d//", b"", {}),
    "odd query": ("lambda", "GET", "http://h/?b=2&a=%2F%20&a=1&B=&empty&%C3%A4=%C3%B6", b"", {}),
    "odd headers": ("ssm", "POST", "http://h/", b"{}",
                    {"X-Amz-Meta-Spaces": "  a   b  ", "X-Other": "c\td", "x-amz-empty": ""}),
    "s3 get": ("s3", "GET", "http://127.0.0.1:8080/bucket/a//b/../c%20%7E%2Bd%3A", b"", {}),
    "s3 put": ("s3", "PUT", "http://bucket.s3.localhost:8080/key", b"\x00\xff body",
               {"Content-MD5": "x", "x-amz-acl": "private"}),
    "s3 list": ("s3", "GET", "http://h/bucket?list-type=2&prefix=a%2Fb&delimiter=%2F&max-keys=5",
                b"", {}),
}


@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return NOW
    monkeypatch.setattr(auth.datetime, "datetime", Clock)


def signer(service, keys, region="eu-west-1"):
    kind = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
    return kind(keys, service, region)


def presigner(service, keys, expires=3600):
    kind = auth.S3SigV4QueryAuth if service == "s3" else auth.SigV4QueryAuth
    return kind(keys, service, "eu-west-1", expires=expires)


def as_sent(request):
    """The request as the server gets it: Host is there, and only bytes matter."""
    url = urlsplit(request.url)
    headers = [[name, value.decode("latin-1") if isinstance(value, bytes) else value]
               for name, value in request.headers.items()]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.append(["Host", url.netloc])
    body = request.body or b""
    return {"method": request.method, "path": url.path, "query": url.query, "headers": headers,
            "body": base64.b64encode(body).decode()}


def verify(checker, request, keys, later=0):
    sent = request if isinstance(request, dict) else as_sent(request)
    return checker.ask("verify", secret=keys.secret_key, now=NOW_MS + later, **sent)


def make(name):
    service, method, url, body, headers = REQUESTS[name]
    return service, AWSRequest(method=method, url=url, data=body, headers=dict(headers))


EACH = pytest.mark.parametrize("name, keys", list(itertools.product(REQUESTS, [KEYS, SESSION])),
                               ids=lambda v: v if isinstance(v, str) else v.access_key)


@EACH
def test_botocores_headers_verify(checker, name, keys):
    service, request = make(name)
    signer(service, keys).add_auth(request)
    answer = verify(checker, request, keys)
    assert answer["outcome"] == 0, answer
    assert answer["access_key"] == keys.access_key
    assert answer["token"] == (keys.token or "")


@EACH
def test_botocores_presigned_urls_verify_and_expire(checker, name, keys):
    service, request = make(name)
    request = AWSRequest(method=request.method, url=request.url)
    presigner(service, keys).add_auth(request)
    if service == "s3":
        request.data = b"whatever is uploaded"
    answer = verify(checker, request, keys)
    assert answer["outcome"] == 0, answer
    assert answer["token"] == (keys.token or "")
    assert verify(checker, request, keys, later=3600_000)["outcome"] == 0
    assert verify(checker, request, keys, later=3600_001)["outcome"] == EXPIRED


@EACH
def test_our_headers_are_botocores(checker, name, keys):
    service, request = make(name)
    sent = as_sent(AWSRequest(method=request.method, url=request.url, data=request.data,
                              headers=dict(request.headers)))
    ours = dict(checker.ask("sign", access_key=keys.access_key, secret=keys.secret_key,
                            token=keys.token, region="eu-west-1", service=service, now=NOW_MS,
                            **sent)["headers"])
    signer(service, keys).add_auth(request)
    # botocore has its own list of headers; with the same ones, the same signature.
    assert ours["Authorization"] == request.headers["Authorization"]
    assert ours["X-Amz-Date"] == request.headers["X-Amz-Date"]


@pytest.mark.parametrize("service", ["s3", "sts"])
@pytest.mark.parametrize("keys", [KEYS, SESSION], ids=lambda k: k.access_key)
def test_our_presigned_urls_are_botocores(checker, service, keys):
    request = AWSRequest(method="GET", url="http://127.0.0.1:8080/bucket/a%20b?versionId=7",
                         headers={"Host": "127.0.0.1:8080"})
    presigner(service, keys, expires=900).add_auth(request)
    query = checker.ask("presign", method="GET", host="127.0.0.1:8080", path="/bucket/a%20b",
                        query="versionId=7", access_key=keys.access_key, secret=keys.secret_key,
                        token=keys.token, region="eu-west-1", service=service, now=NOW_MS,
                        expires=900_000)["query"]
    theirs = urlsplit(request.url).query
    assert sorted(query.split("&")) == sorted(theirs.split("&"))


@pytest.mark.parametrize("name", REQUESTS)
def test_another_secret_or_time_does_not_verify(checker, name):
    service, request = make(name)
    signer(service, KEYS).add_auth(request)
    other = Credentials(KEYS.access_key, KEYS.secret_key + "x")
    assert verify(checker, request, other)["outcome"] == MISMATCH
    assert verify(checker, request, KEYS, later=16 * 60_000)["outcome"] == SKEWED
    assert verify(checker, request, KEYS, later=-16 * 60_000)["outcome"] == SKEWED


@pytest.mark.parametrize("name", REQUESTS)
def test_no_part_of_a_request_can_be_changed(checker, name):
    service, request = make(name)
    signer(service, KEYS).add_auth(request)
    sent = as_sent(request)
    changes = [("method", "PATCH"), ("path", sent["path"] + "x"),
               ("query", sent["query"] + "&more=1"), ("body", base64.b64encode(b"!").decode()),
               ("headers", sent["headers"] + [["X-Amz-Target", "Other.Op"]]),
               ("headers", [h if h[0].lower() != "host" else ["Host", "evil"]
                            for h in sent["headers"]])]
    for part, value in changes:
        assert verify(checker, {**sent, part: value}, KEYS)["outcome"] == MISMATCH, part


def test_random_requests_verify(checker):
    """Any path, query and header value that botocore can sign."""
    rng = random.Random(7)
    safe = string.ascii_letters + string.digits + "-._~"
    escapes = [f"%{n:02X}" for n in range(256) if chr(n) not in safe]  # as botocore writes them

    def text(most):
        return "".join(rng.choice(safe) if rng.random() < .6 else rng.choice(escapes)
                       for _ in range(rng.randrange(most)))

    for _ in range(500):
        path = "/" + "/".join(text(6) for _ in range(rng.randrange(5)))
        query = "&".join(f"{text(5)}x={text(8)}" for _ in range(rng.randrange(4)))
        headers = {f"X-Amz-{i}": "".join(rng.choice(safe + "  \t=,;") for _ in range(12))
                   for i in range(rng.randrange(4))}
        request = AWSRequest(method="POST", url=f"http://h:1{path}?{query}",
                             data=rng.randbytes(20), headers=headers)
        signer(rng.choice(["s3", "ssm", "lambda"]), KEYS).add_auth(request)
        answer = verify(checker, request, KEYS)
        assert answer["outcome"] == 0, (answer, request.url, headers)
