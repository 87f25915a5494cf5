# SPDX-License-Identifier: Apache-2.0
"""The wire itself: requests no SDK would send, and what becomes of them."""

import datetime
import http.client
import json
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlsplit

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conftest import REGION

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
WHOAMI = "Action=GetCallerIdentity&Version=2011-06-15"


class Wire:
    def __init__(self, plane):
        self.host = urlsplit(plane.url).netloc
        keys = plane.keys()
        self.keys = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])

    def send(self, method, path, body=b"", headers=None, chunked=False):
        """(status, headers, body) of a request sent as it is."""
        connection = http.client.HTTPConnection(self.host, timeout=20)
        body = body.encode() if isinstance(body, str) else body
        if chunked:
            body = iter([body[:3], body[3:]])
        try:
            connection.request(method, path, body=body, headers=headers or {},
                               encode_chunked=chunked)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer came before all was sent
        response = connection.getresponse()
        answer = response.status, dict(response.getheaders()), response.read()
        connection.close()
        return answer

    def sign(self, service, method, path, body=b"", headers=None, keys=None):
        body = body.encode() if isinstance(body, str) else body
        request = AWSRequest(method=method, url=f"http://{self.host}{path}", data=body,
                             headers=dict(headers or {}))
        auth.SigV4Auth(keys or self.keys, service, REGION).add_auth(request)
        return dict(request.headers.items())

    def call(self, service, method, path, body=b"", headers=None, keys=None, **how):
        signed = self.sign(service, method, path, body, headers, keys)
        return self.send(method, path, body, signed, **how)

    def json(self, target, body, service="organizations", **how):
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        status, headers, answer = self.call(service, "POST", "/", body, headers, **how)
        assert headers["Content-Type"] == "application/x-amz-json-1.1"
        assert headers["x-amzn-RequestId"]
        return status, json.loads(answer)

    def form(self, body, service="sts", **how):
        status, _, answer = self.call(service, "POST", "/", body, FORM, **how)
        return status, ElementTree.fromstring(answer)


@pytest.fixture(scope="module")
def wire(plane, organization):
    return Wire(plane)


LIST_ROOTS = "AWSOrganizationsV20161128.ListRoots"


def error_of(answer):
    status, body = answer
    if isinstance(body, dict):
        assert body["message"] == body["Message"]
        return status, body["__type"]
    return status, body.findtext("{*}Error/{*}Code")


def test_a_chunked_body_is_read(wire):
    assert wire.json(LIST_ROOTS, '{"MaxResults":1}', chunked=True)[0] == 200


@pytest.mark.parametrize("body", ["{", "[]", '{"MaxResults":"1"}', '{"MaxResults":1}x',
                                  "[" * 200, '{"a":' * 200 + "1" + "}" * 200, b"\xff", b"\x00"])
def test_what_is_not_the_json_meant_is_a_serialization_error(wire, body):
    assert error_of(wire.json(LIST_ROOTS, body)) == (400, "SerializationException")


def test_a_constraint_is_refused_in_amazons_words(wire):
    status, body = wire.json(LIST_ROOTS, '{"MaxResults":21}')
    assert (status, body["__type"]) == (400, "ValidationException") or \
        body["__type"] == "InvalidInputException"
    assert "Value '21' at 'maxResults' failed to satisfy constraint: Member must have value " \
        "less than or equal to 20" in body["message"]


def test_a_parameter_nobody_knows_is_refused(wire):
    status, body = wire.json(LIST_ROOTS, '{"Colour":"red"}')
    assert (status, body["__type"]) == (400, "UnsupportedOperationException")
    assert "Colour" in body["message"]


def test_an_operation_nobody_knows_is_refused(wire):
    assert error_of(wire.json("AWSOrganizationsV20161128.Nonsense", "{}")) == \
        (400, "UnknownOperationException")
    assert error_of(wire.json("Nonsense.ListRoots", "{}"))[0] == 400
    assert error_of(wire.form("Action=Nonsense&Version=2011-06-15")) == (400, "InvalidAction")
    assert wire.form("Action=GetCallerIdentity&Version=1999-01-01")[0] == 400


def test_a_form_may_stand_in_the_query_string(wire):
    status, _, body = wire.call("sts", "GET", "/?" + WHOAMI)
    assert status == 200
    assert ElementTree.fromstring(body).findtext("{*}GetCallerIdentityResult/{*}Account")


def test_a_presigned_url_says_who_made_it(wire):
    request = AWSRequest(method="GET", url=f"http://{wire.host}/?{WHOAMI}")
    auth.SigV4QueryAuth(wire.keys, "sts", REGION, expires=60).add_auth(request)
    url = urlsplit(request.url)
    assert wire.send("GET", f"{url.path}?{url.query}")[0] == 200
    assert wire.send("GET", f"{url.path}?{url.query}&MaxItems=1")[0] == 403
    assert wire.send("POST", f"{url.path}?{url.query}")[0] == 403


def test_an_unsigned_call_is_refused(wire):
    assert 400 <= wire.send("POST", "/", WHOAMI, FORM)[0] < 500
    headers = {"X-Amz-Target": LIST_ROOTS, "Content-Type": "application/x-amz-json-1.1"}
    status, _, body = wire.send("POST", "/", "{}", headers)
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"


def test_a_changed_call_is_refused(wire):
    signed = wire.sign("sts", "POST", "/", WHOAMI, FORM)
    assert wire.send("POST", "/", WHOAMI, signed)[0] == 200
    for path, body, more in [("/", WHOAMI + "&x=1", {}), ("/x", WHOAMI, {}), ("/?x=1", WHOAMI, {}),
                             ("/", WHOAMI, {"X-Amz-Date": "20200101T000000Z"}),
                             ("/", WHOAMI, {"Host": "elsewhere"}),
                             ("/", WHOAMI, {"X-Amz-Security-Token": "x"})]:
        status, _, answer = wire.send("POST", path, body, {**signed, **more})
        assert 400 <= status < 404, (path, body, more, answer)


def test_another_key_is_refused(wire):
    wrong = Credentials(wire.keys.access_key, "not the secret")
    nobody = Credentials("AKIANOBODYNOBODYNOBO", wire.keys.secret_key)
    assert error_of(wire.form(WHOAMI, keys=wrong)) == (403, "SignatureDoesNotMatch")
    assert error_of(wire.form(WHOAMI, keys=nobody)) == (403, "InvalidClientTokenId")
    assert error_of(wire.json(LIST_ROOTS, "{}", keys=wrong)) == (400, "InvalidSignatureException")


def test_an_old_call_is_refused(wire, monkeypatch):
    then = datetime.datetime.utcnow() - datetime.timedelta(minutes=16)

    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return then
    monkeypatch.setattr(auth.datetime, "datetime", Clock)
    assert error_of(wire.form(WHOAMI)) == (403, "SignatureDoesNotMatch")
    assert error_of(wire.json(LIST_ROOTS, "{}")) == (400, "InvalidSignatureException")


STRANGE = {
    "nothing": "AWS4-HMAC-SHA256",
    "no members": "AWS4-HMAC-SHA256 ",
    "empty credential": "AWS4-HMAC-SHA256 Credential=",
    "basic": "Basic YTpi",
    "long": "x" * 8000,
    "long signature": "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, "
                      "Signature=" + "A" * 9000,
    "no such node": "AWS4-HMAC-SHA256 Credential=mi-0123456789abcdef0/20261123/us-east-1/ssm/"
                    "aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "A/+=" * 86,
}


@pytest.mark.parametrize("authorization", STRANGE.values(), ids=STRANGE)
def test_a_strange_authorization_is_refused(wire, authorization):
    headers = {**FORM, "X-Amz-Date": "20261123T160000Z", "Authorization": authorization}
    status, _, _ = wire.send("POST", "/", WHOAMI, headers)
    assert 400 <= status < 500


def test_too_large_a_body_is_refused(wire):
    status, _, _ = wire.call("organizations", "POST", "/", b" " * (3 << 20),
                             {"X-Amz-Target": LIST_ROOTS})
    assert status == 413


def test_too_many_parameters_are_refused(wire):
    body = WHOAMI + "".join(f"&a.{n}=1" for n in range(3000))
    assert wire.form(body)[0] == 400


def test_a_rest_body_does_not_stand_in_for_the_path(wire):
    status, headers, body = wire.call("resource-groups", "POST", "/get-group", '{"Group":1}')
    assert status == 400
    assert headers["x-amzn-ErrorType"] == "SerializationException"
    assert json.loads(body)["Message"]
    assert wire.call("resource-groups", "POST", "/get-group?nonsense=1", "{}")[0] == 400
    assert wire.call("resource-groups", "POST", "/get-nothing", "{}")[0] == 400
