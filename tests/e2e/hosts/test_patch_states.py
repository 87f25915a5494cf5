# SPDX-License-Identifier: Apache-2.0
"""One real host on a real plane: AWS-RunPatchBaseline scans, installs and reboots it, and the plane
says of it what is true."""

import pytest

import fleet as fleets  # which knows where the testbed is
from conftest import REGION, wait_for
from testbed import Host, LocalRepo

FAILING = "#!/bin/sh\necho no\nexit 1\n"


@pytest.fixture
def ssm(plane):
    return plane.client("ssm")


@pytest.fixture
def host(plane, ssm, tmp_path):
    repo = LocalRepo(tmp_path / "repo")
    for name, scripts in (("pb-good", {}), ("pb-postinst", {"postinst": FAILING})):
        repo.package(name, "1")
        repo.package(name, "2", scripts=scripts)
    repo.publish()
    iam = plane.client("iam")
    iam.create_role(RoleName="PatchStatesNode", AssumeRolePolicyDocument=fleets.TRUST)
    iam.attach_role_policy(RoleName="PatchStatesNode",
                           PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    activation = ssm.create_activation(IamRole="PatchStatesNode")
    state = fleets.STATE
    binds = {**fleets.PROGRAMS, "/srv/repo": repo.directory}
    with Host("states", binds=binds, start=[
            (f"/usr/bin/patchbay-agent run --state {state}", f"{state}/identity.json")]) as host:
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        repo.enable(host, "/srv/repo")
        host.sh("dpkg -i /srv/repo/pool/pb-good_1_all.deb")
        host.exec("patchbay-agent", "register", "--endpoint", plane.url, "--region", REGION,
                  "--activation-id", activation["ActivationId"], "--activation-code",
                  activation["ActivationCode"], "--state", state)
        host.node = host.sh(f"grep -o 'mi-[0-9a-f]*' {state}/identity.json")
        wait_for(lambda: ssm.describe_instance_information(
            Filters=[{"Key": "InstanceIds", "Values": [host.node]}])["InstanceInformationList"]
            [0]["PingStatus"] == "Online", timeout=30)
        yield host


def run(ssm, host, operation, reboot="RebootIfNeeded"):
    """The Patch step's (status, exit code, output) of a run, once it is over."""
    command = ssm.send_command(
        DocumentName="AWS-RunPatchBaseline", InstanceIds=[host.node],
        Parameters={"Operation": [operation], "RebootOption": [reboot]})["Command"]["CommandId"]

    def over():
        found = ssm.list_command_invocations(
            CommandId=command, Details=True)["CommandInvocations"]
        if not found or found[0]["Status"] in ("Pending", "InProgress", "Delayed"):
            return None
        return found[0]

    plugins = wait_for(over, timeout=120, pause=0.2)["CommandPlugins"]
    linux = next(p for p in plugins if p["Name"] == "PatchLinux")
    assert {p["Status"] for p in plugins if p is not linux} == {"Success"}  # they were skipped
    return linux["Status"], linux["ResponseCode"], linux["Output"]


def patches(ssm, host):
    found = ssm.describe_instance_patches(InstanceId=host.node, MaxResults=100)["Patches"]
    return {p["KBId"]: p["State"] for p in found if p["KBId"].startswith("pb-")}


def state_of(ssm, host):
    state, = ssm.describe_instance_patch_states(InstanceIds=[host.node])["InstancePatchStates"]
    return state


def test_the_plane_knows_the_host_as_it_is(ssm, host):
    assert ssm.describe_instance_patch_states(InstanceIds=[host.node])[
        "InstancePatchStates"] == []
    assert run(ssm, host, "Scan")[:2] == ("Success", 0)
    state = state_of(ssm, host)
    assert (state["MissingCount"], state["Operation"]) == (1, "Scan")
    assert patches(ssm, host) == {"pb-good.all": "MISSING"}
    baseline = ssm.get_default_patch_baseline(OperatingSystem="DEBIAN")["BaselineId"]
    assert baseline.endswith(state["BaselineId"]) or state["BaselineId"].endswith(baseline)

    assert run(ssm, host, "Install", "NoReboot")[:2] == ("Success", 0)
    state = state_of(ssm, host)
    assert (state["MissingCount"], state["InstalledPendingRebootCount"]) == (0, 1)
    assert state["LastNoRebootInstallOperationTime"]
    assert patches(ssm, host) == {"pb-good.all": "INSTALLED_PENDING_REBOOT"}
    assert host.boots == 1

    status, code, output = run(ssm, host, "Install")
    assert (status, code) == ("Success", 0), output
    assert "the host was rebooted" in output
    assert host.boots == 2
    assert patches(ssm, host) == {"pb-good.all": "INSTALLED"}
    compliance, = [s for s in ssm.list_resource_compliance_summaries()[
        "ResourceComplianceSummaryItems"]
        if s["ResourceId"] == host.node and s["ComplianceType"] == "Patch"]
    assert compliance["Status"] == "COMPLIANT"

    host.sh("dpkg -i /srv/repo/pool/pb-postinst_1_all.deb")
    status, code, output = run(ssm, host, "Install", "NoReboot")
    assert (status, code) == ("Failed", 1)
    assert "post-installation script" in output
    assert state_of(ssm, host)["FailedCount"] == 1
    assert patches(ssm, host)["pb-postinst.all"] == "FAILED"
