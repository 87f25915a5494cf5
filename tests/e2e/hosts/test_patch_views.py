# SPDX-License-Identifier: Apache-2.0
"""A real host through what can befall it: after each run all views of it agree with each other, and
with what dpkg says."""
import json
import time

import pytest

import fleet as fleets  # which knows where the testbed is
from conftest import Plane, wait_for
from fleet import outcome, send
from patch_views import Views
from testbed import LocalRepo

FAILING = "#!/bin/sh\necho no\nexit 1\n"
GROUP = "views"
LIST = "patches:\n  - id: pb-other.all\n"


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    """One of its own: some views are of all nodes there are."""
    plane = Plane(tmp_path_factory.mktemp("views") / "data").start()
    yield plane
    assert plane.stop() == 0, plane.log_text()


@pytest.fixture
def repo(tmp_path):
    repo = LocalRepo(tmp_path / "repo")
    repo.upgrade("pb-good")
    repo.upgrade("pb-other")
    repo.upgrade("pb-bad", scripts={"postinst": FAILING})
    repo.publish()
    return repo


@pytest.fixture
def host(plane, repo):
    with fleets.managed_host(plane, "views", repo) as host:
        plane.client("ssm").add_tags_to_resource(
            ResourceType="ManagedInstance", ResourceId=host.node,
            Tags=[{"Key": "PatchGroup", "Value": GROUP}])
        host.sh("dpkg -i /srv/repo/pool/pb-good_1_all.deb /srv/repo/pool/pb-other_1_all.deb")
        yield host


@pytest.fixture
def override(plane, host):
    """An InstallOverrideList where the node may read it."""
    s3, iam = plane.client("s3"), plane.client("iam")
    s3.create_bucket(Bucket="lists")
    s3.put_object(Bucket="lists", Key="list.yaml", Body=LIST.encode())
    iam.put_role_policy(RoleName=host.role, PolicyName="lists", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::lists/*"}]}))
    return "s3://lists/list.yaml"


def versions(host):
    lines = host.sh("dpkg-query -W -f '${Package} ${Version}\\n' 'pb-*'").splitlines()
    return dict(line.split() for line in lines)


def test_all_views_agree_with_the_host(plane, repo, host, override):
    ssm, views = plane.client("ssm"), Views(plane, host, GROUP)

    def run(operation, expect="Success", **parameters):
        status, _, output = outcome(ssm, send(ssm, host, "AWS-RunPatchBaseline",
                                              Operation=operation, **parameters))
        assert status == expect, output

    run("Scan")
    assert versions(host) == {"pb-good": "1", "pb-other": "1"}
    assert views.told() == {"pb-good": "MISSING", "pb-other": "MISSING"}

    # What the list excludes stays Missing: compliance is the baseline's.
    run("Install", RebootOption="NoReboot", InstallOverrideList=override)
    assert versions(host) == {"pb-good": "1", "pb-other": "2"}
    assert views.told() == {"pb-good": "MISSING", "pb-other": "INSTALLED_PENDING_REBOOT"}

    run("Install")  # and the reboot that the other waits for
    assert host.boots == 2 and versions(host) == {"pb-good": "2", "pb-other": "2"}
    assert views.told() == {"pb-good": "INSTALLED", "pb-other": "INSTALLED"}

    # The mirror is gone: the report before stands, and is no longer what is known.
    (repo.directory / "gone").mkdir()
    for kept in ("dists", "Packages", "Release", "InRelease"):
        if (repo.directory / kept).exists():
            (repo.directory / kept).rename(repo.directory / "gone" / kept)
    run("Scan", "Failed")
    assert views.told(last_run_failed=True) == {"pb-good": "INSTALLED", "pb-other": "INSTALLED"}
    failed_by = time.time()
    for moved in (repo.directory / "gone").iterdir():
        moved.rename(repo.directory / moved.name)
    # Reports tell whole seconds: one that ends in the second of the failure does not say which
    # was first, and is not believed.
    wait_for(lambda: int(time.time()) > int(failed_by))
    run("Scan")
    assert views.told() == {"pb-good": "INSTALLED", "pb-other": "INSTALLED"}

    # One that cannot be installed: the run failed, and reported.
    host.sh("dpkg -i /srv/repo/pool/pb-bad_1_all.deb")
    run("Scan")
    assert views.told() == {"pb-good": "INSTALLED", "pb-other": "INSTALLED", "pb-bad": "MISSING"}
    run("Install", "Failed", RebootOption="NoReboot")
    assert views.told() == {"pb-good": "INSTALLED", "pb-other": "INSTALLED", "pb-bad": "FAILED"}
