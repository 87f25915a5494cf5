# SPDX-License-Identifier: Apache-2.0
"""`patchbayd admin`: accounts and keys made on the data directory of a stopped plane."""

import stat
import subprocess

import pytest

from conftest import PATCHBAYD, fails_with


def admin(plane, *args):
    return subprocess.run([PATCHBAYD, "admin", args[0], "--data", plane.data, *args[1:]],
                          capture_output=True, text=True, timeout=20)


def identity(plane, profile):
    return plane.client("sts", profile=profile).get_caller_identity()


def test_the_first_start_makes_two_profiles(make_plane):
    plane = make_plane("--management-account", "111122223333")
    assert identity(plane, "management")["Arn"] == "arn:aws:iam::111122223333:user/admin"
    assert identity(plane, "management-root")["Arn"] == "arn:aws:iam::111122223333:root"
    assert stat.S_IMODE((plane.data / "credentials").stat().st_mode) == 0o600


def test_a_stand_alone_account_is_outside_the_organization(make_plane):
    plane = make_plane()
    plane.client("organizations").create_organization()
    plane.stop()
    made = admin(plane, "create-account", "--account", "444455556666", "--name", "apart")
    assert made.returncode == 0, made.stderr
    again = admin(plane, "create-account", "--account", "444455556666")
    assert again.returncode == 1 and "exists" in again.stderr
    plane.start()
    assert identity(plane, "account-444455556666")["Account"] == "444455556666"
    with fails_with("AWSOrganizationsNotInUseException"):
        plane.client("organizations",
                     profile="account-444455556666").describe_organization()


def test_lost_keys_are_replaced(make_plane):
    plane = make_plane()
    account = plane.management_account
    lost = plane.keys()
    plane.stop()
    (plane.data / "credentials").unlink()
    for _ in range(2):  # more often than an owner has room for keys
        made = admin(plane, "new-keys")
        assert made.returncode == 0, made.stderr
    plane.start()
    assert identity(plane, f"account-{account}")["Arn"].endswith(":user/admin")
    assert identity(plane, f"account-{account}-root")["Arn"].endswith(":root")
    with fails_with("InvalidClientTokenId", 403):
        plane.client_with(lost, "sts").get_caller_identity()
    assert admin(plane, "new-keys", "--account", "999999999999").returncode == 1


@pytest.mark.parametrize("command", ["new-keys", "create-account"])
def test_a_folder_that_is_no_planes_stays_as_it_is(tmp_path, command):
    for folder in (tmp_path / "none", tmp_path):
        made = subprocess.run([PATCHBAYD, "admin", command, "--data", folder],
                              capture_output=True, text=True, timeout=20)
        assert made.returncode == 1 and "no plane has kept its data there" in made.stderr
    assert list(tmp_path.iterdir()) == []
