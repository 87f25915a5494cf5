# SPDX-License-Identifier: Apache-2.0
"""Buckets and objects with boto3, presigned URLs and the AWS CLI."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import pytest

from conftest import CLIENT, REGION, fails_with

# boto3 presigns with Signature Version 2 unless it is told otherwise.
V4 = CLIENT.merge(botocore.config.Config(signature_version="s3v4"))


@pytest.fixture
def s3(plane):
    return plane.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


def fetch(url, method="GET", data=None, headers=None):
    request = urllib.request.Request(url, method=method, data=data, headers=headers or {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


def status_of(url, **more):
    try:
        fetch(url, **more)
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()
    return 200, ""


# --- buckets ---

def test_a_bucket_is_made_listed_and_deleted(s3, plane):
    name = f"test-{uuid.uuid4()}"
    assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
    answer = s3.list_buckets()
    assert name in [b["Name"] for b in answer["Buckets"]]
    assert answer["Owner"]["ID"] == plane.management_account
    head = s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]
    assert head["x-amz-bucket-region"] == REGION
    s3.delete_bucket(Bucket=name)
    with fails_with("404"):
        s3.head_bucket(Bucket=name)


def test_a_bucket_may_be_put_into_a_region(s3, plane):
    name = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    there = plane.client("s3", region="eu-central-1")
    with fails_with("IllegalLocationConstraintException"):
        there.create_bucket(Bucket=f"test-{uuid.uuid4()}")
    with fails_with("IllegalLocationConstraintException"):
        there.create_bucket(Bucket=f"test-{uuid.uuid4()}",
                            CreateBucketConfiguration={"LocationConstraint": "us-west-2"})


def test_the_oldest_region_has_no_location(s3, bucket):
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


@pytest.mark.parametrize("name", ["Upper", "a..b", "1.2.3.4", "-a-", "patchbay-snapshots-x"])
def test_a_bad_name_is_refused(s3, name):
    with fails_with("InvalidBucketName", 400):
        s3.create_bucket(Bucket=name)


def test_names_are_shared_by_all_accounts(s3, plane, organization, bucket):
    with fails_with("BucketAlreadyOwnedByYou", 409):
        s3.create_bucket(Bucket=bucket)
    other = plane.client("s3", account=organization.members[0])
    with fails_with("BucketAlreadyExists", 409):
        other.create_bucket(Bucket=bucket)
    with fails_with("AccessDenied", 403):
        other.put_object(Bucket=bucket, Key="k", Body=b"")
    with fails_with("AccessDenied", 403):
        other.list_objects_v2(Bucket=bucket)


def test_a_full_bucket_is_not_deleted(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with fails_with("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("call, more", [
    ("put_bucket_policy", {"Policy": "{}"}),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
    ("get_bucket_acl", {}),
    ("create_multipart_upload", {"Key": "k"}),
])
def test_what_is_not_done_is_refused(s3, bucket, call, more):
    with fails_with("NotImplemented", 501):
        getattr(s3, call)(Bucket=bucket, **more)


# --- objects ---

def test_an_object_comes_back_as_it_went(s3, bucket):
    body = os.urandom(100_000)
    put = s3.put_object(Bucket=bucket, Key="a/b c/ä+.bin", Body=body, ContentType="text/x-odd",
                        Metadata={"Colour": "blue", "n": "1"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="a/b c/ä+.bin")
    assert got["Body"].read() == body
    assert got["ContentType"] == "text/x-odd"
    assert got["Metadata"] == {"colour": "blue", "n": "1"}
    assert got["ETag"] == put["ETag"]
    head = s3.head_object(Bucket=bucket, Key="a/b c/ä+.bin")
    assert head["ContentLength"] == len(body)
    assert head["Metadata"] == got["Metadata"]
    assert head["LastModified"] == got["LastModified"]


def test_an_empty_object_is_one(s3, bucket):
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""
    assert s3.head_object(Bucket=bucket, Key="empty")["ContentLength"] == 0


def test_a_later_put_replaces_and_a_delete_removes(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"one", Metadata={"a": "b"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"two")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["Metadata"]) == (b"two", {})
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k")
    with fails_with("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="k")
    with fails_with("404", 404):
        s3.head_object(Bucket=bucket, Key="k")


def test_what_is_in_no_bucket_is_not_found(s3):
    with fails_with("NoSuchBucket", 404):
        s3.get_object(Bucket=f"test-{uuid.uuid4()}", Key="k")


@pytest.mark.parametrize("asked, part", [
    ("bytes=0-3", b"0123"), ("bytes=4-", b"456789"), ("bytes=-3", b"789"),
    ("bytes=8-100", b"89"), ("bytes=-100", b"0123456789")])
def test_a_range_is_a_part(s3, bucket, asked, part):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert got["Body"].read() == part
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["ContentRange"].endswith("/10")


def test_a_range_past_the_end_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    with fails_with("InvalidRange", 416):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-12")


def test_conditions_are_kept(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=tag)["ETag"] == tag
    with fails_with("PreconditionFailed", 412):
        s3.get_object(Bucket=bucket, Key="k", IfMatch='"other"')
    with fails_with("304", 304):
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=tag)


def test_a_wrong_digest_is_refused(s3, bucket):
    good = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentMD5=good)
    with fails_with("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"y", ContentMD5=good)
    with fails_with("InvalidDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"y", ContentMD5="nonsense")


# The check values of "123456789" (catalogue of CRC algorithms).
@pytest.mark.parametrize("member, value", [
    ("ChecksumCRC32", (0xcbf43926).to_bytes(4, "big")),
    ("ChecksumCRC32C", (0xe3069283).to_bytes(4, "big")),
    ("ChecksumSHA1", hashlib.sha1(b"123456789").digest()),
    ("ChecksumSHA256", hashlib.sha256(b"123456789").digest())])
def test_a_checksum_is_checked_and_kept(s3, bucket, member, value):
    value = base64.b64encode(value).decode()
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", **{member: value})[member] \
        == value
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[member] == value
    assert member not in s3.head_object(Bucket=bucket, Key="k")
    with fails_with("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"12345678", **{member: value})


@pytest.mark.parametrize("more", [
    {"ServerSideEncryption": "AES256"}, {"StorageClass": "STANDARD_IA"}, {"Tagging": "a=b"},
    {"CacheControl": "no-store"}, {"ContentEncoding": "gzip"}, {"GrantRead": "id=x"}])
def test_a_header_that_is_not_done_is_refused(s3, bucket, more):
    with fails_with("NotImplemented", 501):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", **more)
    with fails_with("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="k")


def test_the_bucket_owner_owns_all(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-full-control")
    with fails_with("AccessControlListNotSupported", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")


def test_the_expected_owner_is_checked(s3, bucket, plane):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x",
                  ExpectedBucketOwner=plane.management_account)
    with fails_with("AccessDenied", 403):
        s3.get_object(Bucket=bucket, Key="k", ExpectedBucketOwner="123456789012")


# --- bodies in chunks, as SDKs send them over TLS ---

def put_chunked(plane, bucket, body, length, **headers):
    """As botocore from 1.36 on does; Debian's is older."""
    keys = plane.keys()
    url = f"{plane.url}/{bucket}/chunked"
    request = botocore.awsrequest.AWSRequest("PUT", url, data=body, headers={
        "Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(length),
        "X-Amz-Trailer": "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm": "CRC32",
        "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", **headers})
    credentials = botocore.credentials.Credentials(keys["aws_access_key_id"],
                                                   keys["aws_secret_access_key"])

    class Auth(botocore.auth.S3SigV4Auth):
        def payload(self, request):
            return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

        def _should_sha256_sign_payload(self, request):
            return True

    Auth(credentials, "s3", REGION).add_auth(request)
    return status_of(url, method="PUT", data=body, headers=dict(request.headers))


def chunks(*parts, checksum):
    framed = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)
    return framed + b"0\r\nx-amz-checksum-crc32:" + checksum + b"\r\n\r\n"


CRC = base64.b64encode((0xcbf43926).to_bytes(4, "big"))


def test_a_body_in_chunks_is_put_together(plane, s3, bucket):
    body = chunks(b"12345", b"6789", checksum=CRC)
    assert put_chunked(plane, bucket, body, 9) == (200, "")
    got = s3.get_object(Bucket=bucket, Key="chunked", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"123456789"
    assert got["ChecksumCRC32"] == CRC.decode()


@pytest.mark.parametrize("body, length, code", [
    (chunks(b"12345", b"678", checksum=CRC), 8, "BadDigest"),
    (chunks(b"123456789", checksum=CRC), 8, "IncompleteBody"),
    (chunks(b"123456789", checksum=CRC)[:-20], 9, "IncompleteBody"),
    (chunks(b"123456789", checksum=CRC) + b"more", 9, "IncompleteBody"),
    (b"ffffffffffffffff\r\nx\r\n0\r\n\r\n", 1, "IncompleteBody"),
    (b"123456789", 9, "IncompleteBody"), (b"", 0, "IncompleteBody")])
def test_bad_chunks_are_refused(plane, bucket, body, length, code):
    status, text = put_chunked(plane, bucket, body, length)
    assert status == 400 and f"<Code>{code}</Code>" in text


# --- lists ---

def test_a_list_has_prefixes_delimiters_and_pages(s3, bucket):
    keys = ["a.txt", "b/1", "b/2", "b/c/3", "d/4", "z&<>.txt"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())

    answer = s3.list_objects_v2(Bucket=bucket)
    assert [o["Key"] for o in answer["Contents"]] == keys
    assert answer["KeyCount"] == 6 and not answer["IsTruncated"]
    assert answer["Contents"][1]["Size"] == 3

    answer = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [o["Key"] for o in answer["Contents"]] == ["a.txt", "z&<>.txt"]
    assert [p["Prefix"] for p in answer["CommonPrefixes"]] == ["b/", "d/"]

    answer = s3.list_objects_v2(Bucket=bucket, Prefix="b/", Delimiter="/")
    assert [o["Key"] for o in answer["Contents"]] == ["b/1", "b/2"]
    assert [p["Prefix"] for p in answer["CommonPrefixes"]] == ["b/c/"]

    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="x")
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, StartAfter="b/2")["Contents"]] \
        == keys[3:]


@pytest.mark.parametrize("delimiter, parts", [("", 50), ("/", 12)])
def test_pages_have_everything_once(s3, bucket, delimiter, parts):
    for i in range(50):
        s3.put_object(Bucket=bucket, Key=f"{i // 5:02}/{i}" if i < 48 else f"x{i}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Delimiter=delimiter, PaginationConfig={"PageSize": 3})
    seen = []
    for page in pages:
        assert page["KeyCount"] <= 3
        seen += [o["Key"] for o in page.get("Contents", [])]
        seen += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
    assert len(seen) == len(set(seen)) == parts


# --- who may ---

def test_only_what_the_policies_allow_is_done(plane, s3, bucket):
    iam = plane.client("iam")
    iam.create_user(UserName="s3-reader")
    iam.put_user_policy(UserName="s3-reader", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject",
                       "Resource": f"arn:aws:s3:::{bucket}/open/*"},
                      {"Effect": "Allow", "Action": "s3:ListBucket",
                       "Resource": f"arn:aws:s3:::{bucket}",
                       "Condition": {"StringLike": {"s3:prefix": "open/*"}}}]}))
    key = iam.create_access_key(UserName="s3-reader")["AccessKey"]
    reader = plane.client_with({"aws_access_key_id": key["AccessKeyId"],
                                "aws_secret_access_key": key["SecretAccessKey"]}, "s3")
    for name in ("open/k", "shut/k"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")

    assert reader.get_object(Bucket=bucket, Key="open/k")["Body"].read() == b"x"
    assert reader.list_objects_v2(Bucket=bucket, Prefix="open/")["KeyCount"] == 1
    for call, more in [("get_object", {"Key": "shut/k"}), ("delete_object", {"Key": "open/k"}),
                       ("put_object", {"Key": "open/k"}), ("list_objects_v2", {}),
                       ("get_object", {"Key": "open/none"})]:
        with fails_with("AccessDenied", 403):
            getattr(reader, call)(Bucket=bucket, **more)


# --- presigned ---

def test_presigned_urls_need_no_credentials(plane, bucket):
    s3 = plane.client("s3", config=V4)
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b"})
    fetch(put, "PUT", b"hello")
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b"})
    assert fetch(get) == b"hello"
    assert status_of(get.replace("a%20b", "other"))[0] == 403
    assert status_of(get, method="DELETE")[0] == 403
    assert status_of(get.split("?")[0])[0] == 403


def test_a_presigned_url_cannot_smuggle_headers(plane, bucket):
    s3 = plane.client("s3", config=V4)
    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k",
                                                   "StorageClass": "STANDARD_IA"})
    status, body = status_of(url, method="PUT", data=b"x",
                             headers={"x-amz-storage-class": "STANDARD_IA"})
    assert status == 501 and "x-amz-storage-class" in body.lower()


def test_the_planes_own_buckets_are_closed(s3):
    name = f"patchbay-snapshots-{REGION}"
    for call, more in [("put_object", {"Key": "k"}), ("list_objects_v2", {})]:
        with fails_with("NoSuchBucket", 404):
            getattr(s3, call)(Bucket=name, **more)


# --- the AWS CLI ---

def cli(plane, **env):
    keys = plane.keys()
    env = {**os.environ, "AWS_ACCESS_KEY_ID": keys["aws_access_key_id"], "AWS_PAGER": "",
           "AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"], "AWS_DEFAULT_REGION": REGION,
           **env}

    def aws(*args):
        done = subprocess.run(["aws", "--endpoint-url", plane.url, *args], env=env, text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return aws


@pytest.fixture(params=["http", "https"])
def aws(request, plane, make_plane, tmp_path):
    """The CLI, which sends bodies in chunks over TLS if it is new enough."""
    if not shutil.which("aws"):
        pytest.skip("needs the AWS CLI")
    if request.param == "http":
        return cli(plane)
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=plane",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    secure = make_plane("--tls-cert", cert, "--tls-key", key)
    assert secure.url.startswith("https://")
    return cli(secure, AWS_CA_BUNDLE=str(cert))


def test_the_cli_copies_lists_and_removes(aws, tmp_path):
    bucket = f"test-{uuid.uuid4()}"
    aws("s3", "mb", f"s3://{bucket}")
    body = os.urandom(200_000)
    (tmp_path / "in").write_bytes(body)
    aws("s3", "cp", str(tmp_path / "in"), f"s3://{bucket}/x/in")
    assert "x/" in aws("s3", "ls", f"s3://{bucket}")
    assert "200000 in" in aws("s3", "ls", f"s3://{bucket}/x/")
    aws("s3", "cp", f"s3://{bucket}/x/in", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == body
    aws("s3api", "put-object", "--bucket", bucket, "--key", "y", "--body", str(tmp_path / "in"))
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "y"))
    assert head["ContentLength"] == 200_000
    aws("s3api", "get-object", "--bucket", bucket, "--key", "y", str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == body
    aws("s3", "rm", f"s3://{bucket}/x/in")
    assert "x/" not in aws("s3", "ls", f"s3://{bucket}")
