# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch looking at real roots with dnf and with zypper: what both have to hold to."""

import json
import subprocess

import pytest

from rpm_host import (BUILD, PATCH, evr, names_in, new_host, only, packages, patch, rpm_root, rule,
                      scan, updates, version_of)
from rpm_managers import manager  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def world(manager):  # noqa: F811
    """One root that no test changes but for files of its own."""
    with new_host(manager.system) as host:
        yield host


def test_a_scan_changes_nothing_and_needs_no_root(manager):  # noqa: F811
    with new_host(manager.system) as host:
        host.sh("useradd -m somebody")
        looks = (f"rpm -qa | sort; find /var/lib/rpm {manager.keeps} -type f ! -name '*-shm' "
                 "2>/dev/null | sort | xargs sha256sum")
        before = host.sh(looks)
        inside = updates(packages(host))
        said = json.loads(host.sh(f"su somebody -c '{PATCH} scan --json'"))
        assert {(p["name"], p["arch"]): evr(p["candidate"]) for p in said["packages"]
                if p["update"]} == inside
        assert host.sh(looks) == before


def test_another_root_is_scanned_from_outside(world, manager, tmp_path):  # noqa: F811
    done = subprocess.run([BUILD / "src/patch/patchbay-patch", "scan", "--json", "--root",
                           rpm_root(manager.system), "--state", tmp_path],
                          capture_output=True, text=True, check=True)
    found = {(p["name"], p["arch"]): p for p in json.loads(done.stdout)["packages"]}
    assert updates(found) == updates(packages(world))


def test_only_what_is_in_a_notice_counts_unless_a_rule_says_so(world, manager):  # noqa: F811
    path = manager.baseline(world, **only(rule()))
    everything = names_in(packages(world, "--baseline", path), "Missing")
    assert not {"pb-nonotice", "pb-hidden"} & everything
    assert {"pb-none", "pb-newpackage", "pb-low"} <= everything
    path = manager.baseline(world, **only(rule(non_security=True)))
    found = packages(world, "--baseline", path)
    assert names_in(found, "Missing") == everything | {"pb-nonotice", "pb-hidden"}
    assert evr(found["pb-hidden", "noarch"]["candidate"]) == ("0", "1.1-1.el9")


def test_lists_that_were_never_fetched_are_no_clean_bill(manager):  # noqa: F811
    with new_host(manager.system) as host:
        host.sh(f"rm -rf {manager.lists}")
        assert manager.advice in patch(host, "scan", expect=1).stderr
        patch(host, "scan", "--refresh")
        assert scan(host)["pb-critical"]["state"] == "Missing"


def test_a_host_without_its_package_manager_is_refused(manager):  # noqa: F811
    with new_host(manager.system) as host:
        host.sh(f"rm /usr/bin/{manager.name}")
        for command in "scan", "install":
            assert f"no {manager.name}" in patch(host, command, expect=1).stderr
        assert version_of(host, "pb-critical") == ["1.0"]
