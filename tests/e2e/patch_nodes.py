# SPDX-License-Identifier: Apache-2.0
"""A real host that is, one after the other, two nodes of a real plane."""

import json

import pytest

from patch_host import PATCH, LocalRepo, have, new_host, use


@pytest.fixture
def nodes(make_node):
    return [make_node(), make_node()]


@pytest.fixture
def mirror(tmp_path):
    mirror = LocalRepo(tmp_path / "mirror")
    mirror.upgrade("pb-good")
    mirror.upgrade("pb-other")
    mirror.publish()
    return mirror


@pytest.fixture
def host(plane, mirror, nodes):
    """One host that is two nodes of the plane, one after the other: become() says which."""
    with new_host(mirror) as host:
        use(host, mirror)
        host.write("/etc/patchbay/patch.conf", f"endpoint = {plane.url}\nregion = us-east-1\n")
        yield host


def log_in(host, node):
    host.sh("rm -rf /var/lib/patchbay")
    keys = node.credentials
    host.write("/var/lib/amazon/ssm/registration", json.dumps(
        {"ManagedInstanceID": node.id, "Region": "us-east-1"}))
    host.write("/root/.aws/credentials", "[default]\naws_access_key_id = "
               f"{keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
               f"aws_session_token = {keys.token}\n", mode="600")


def become(host, node):
    have(host, "pb-good", "pb-other")
    log_in(host, node)


def run(host, snapshot, expect=0, pinned="true"):
    done = host.exec("env", "SSM_COMMAND_ID=", PATCH, "run", "--operation", "Install",
                     "--reboot-option", "NoReboot", "--snapshot-id", snapshot, "--pin-versions",
                     pinned, check=False)
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return done


def states(ssm, node, prefix="pb-"):
    found = ssm.describe_instance_patches(InstanceId=node.id)["Patches"]
    return {p["KBId"]: p["State"] for p in found if p["KBId"].startswith(prefix)}
