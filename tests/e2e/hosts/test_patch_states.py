# SPDX-License-Identifier: Apache-2.0
"""One real host on a real plane: AWS-RunPatchBaseline scans, installs and reboots it, and the plane
says of it what is true."""

import json
import subprocess

import pytest

import fleet as fleets  # which knows where the testbed is
from conftest import BUILD
from fleet import patch, state_of
from testbed import LocalRepo

FAILING = "#!/bin/sh\necho no\nexit 1\n"


@pytest.fixture
def ssm(plane):
    return plane.client("ssm")


@pytest.fixture
def host(plane, tmp_path):
    repo = LocalRepo(tmp_path / "repo")
    repo.upgrade("pb-good")
    repo.upgrade("pb-postinst", scripts={"postinst": FAILING})
    repo.publish()
    with fleets.managed_host(plane, "states", repo) as host:
        host.sh("dpkg -i /srv/repo/pool/pb-good_1_all.deb")
        yield host


def patches(ssm, host):
    found = ssm.describe_instance_patches(InstanceId=host.node, MaxResults=100)["Patches"]
    return {p["KBId"]: p["State"] for p in found if p["KBId"].startswith("pb-")}


def patchbay(plane, *arguments):
    """The CLI's answer, a JSON object."""
    done = subprocess.run(
        [BUILD / "src/cli/patchbay", "--output", "json", *arguments], capture_output=True,
        text=True, timeout=60, env={
            "PATCHBAY_ENDPOINT": plane.url, "AWS_PROFILE": "management",
            "AWS_SHARED_CREDENTIALS_FILE": str(plane.data / "credentials")})
    assert done.returncode in (0, 3), done
    return json.loads(done.stdout)


def why(plane, host, package):
    """The state that the plane finds, and its chain by step."""
    answer = patchbay(plane, "why", host.node, package)
    assert answer["Notes"] == []
    only, = answer["Packages"]
    return only["State"], {link["Step"]: link["Text"] for link in only["Chain"]}


def entries(ssm, host, name):
    return ssm.list_inventory_entries(InstanceId=host.node, TypeName=f"Custom:{name}")["Entries"]


def test_the_plane_knows_the_host_as_it_is(plane, ssm, host):
    assert ssm.describe_instance_patch_states(InstanceIds=[host.node])[
        "InstancePatchStates"] == []
    assert patch(ssm, host, "Scan")[:2] == ("Success", 0)
    state = state_of(ssm, host)
    assert (state["MissingCount"], state["Operation"]) == (1, "Scan")
    assert patches(ssm, host) == {"pb-good.all": "MISSING"}
    state, chain = why(plane, host, "pb-good")
    assert state == "MISSING" and "a security source" in chain["Source"]
    assert "rule 1 approves" in chain["Rule"]
    offered, = [p for p in ssm.describe_available_patches()["Patches"] if p["Name"] == "pb-good"]
    assert (offered["Version"], offered["Product"]) == ("2", "Debian12")
    state = state_of(ssm, host)
    baseline = ssm.get_default_patch_baseline(OperatingSystem="DEBIAN")["BaselineId"]
    assert baseline.endswith(state["BaselineId"]) or state["BaselineId"].endswith(baseline)

    assert patch(ssm, host, "Install", "NoReboot")[:2] == ("Success", 0)
    state = state_of(ssm, host)
    assert (state["MissingCount"], state["InstalledPendingRebootCount"]) == (0, 1)
    assert state["LastNoRebootInstallOperationTime"]
    assert patches(ssm, host) == {"pb-good.all": "INSTALLED_PENDING_REBOOT"}
    state, chain = why(plane, host, "pb-good")
    assert state == "INSTALLED_PENDING_REBOOT" and "Reboot" in chain
    assert host.boots == 1

    status, code, output = patch(ssm, host, "Install")
    assert (status, code) == ("Success", 0), output
    assert "the host was rebooted" in output
    assert host.boots == 2
    assert patches(ssm, host) == {"pb-good.all": "INSTALLED"}
    facts, = entries(ssm, host, "PatchbayHost")
    assert (facts["RunningKernel"], facts["BootId"]) == (host.sh("uname -r"), host.boot_id)
    assert [(e["Operation"], e["Changed"]) for e in entries(ssm, host, "PatchbayRuns")] == [
        ("Install", "1")]
    assert why(plane, host, "pb-good")[0] == "INSTALLED"
    effective = ssm.describe_effective_patches_for_patch_baseline(BaselineId=baseline)
    assert {p["Patch"]["Name"]: p["PatchStatus"]["DeploymentStatus"]
            for p in effective["EffectivePatches"]}["pb-good"] == "APPROVED"
    compliance, = [s for s in ssm.list_resource_compliance_summaries()[
        "ResourceComplianceSummaryItems"]
        if s["ResourceId"] == host.node and s["ComplianceType"] == "Patch"]
    assert compliance["Status"] == "COMPLIANT"

    host.sh("dpkg -i /srv/repo/pool/pb-postinst_1_all.deb")
    status, code, output = patch(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Failed", 1)
    assert "post-installation script" in output
    assert state_of(ssm, host)["FailedCount"] == 1
    assert patches(ssm, host)["pb-postinst.all"] == "FAILED"
    state, chain = why(plane, host, "pb-postinst")
    assert state == "FAILED" and "post-installation script" in chain["Failure"]
    runs = patchbay(plane, "history", host.node)
    assert [(r["Operation"], r["Rebooted"], r["FailedCount"]) for r in runs] == [
        ("Install", False, 1), ("Install", True, 0), ("Install", False, 0), ("Scan", False, 0)]
