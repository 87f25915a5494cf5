# SPDX-License-Identifier: Apache-2.0
"""RPM hosts on a real plane: registered by a hybrid activation, scanned, installed and rebooted by
AWS-RunPatchBaseline under their own system's baseline."""

import pytest

import fleet as fleets  # which knows where the testbed is
from agent import make_node_role
from conftest import REGION, wait_for
from fleet import patch, state_of
from rpm_world import SYSTEMS
from testbed import Host, rpm_root

OS = {"rocky": "ROCKY_LINUX", "amzn": "AMAZON_LINUX_2023", "sles": "SUSE"}


@pytest.fixture
def ssm(plane):
    return plane.client("ssm")


@pytest.fixture(params=OS)
def host(request, plane, ssm):
    role = make_node_role(plane.client("iam"), "PatchRpmNode-" + request.param)
    activation = ssm.create_activation(IamRole=role)
    state = fleets.STATE
    module = "patchbay-zypp.so" if request.param == "sles" else "patchbay-rpm.so"
    binds = {**fleets.PROGRAMS,
             f"/usr/lib/patchbay/{module}": fleets.PATCH.parent / module}
    with Host("rpm", base=rpm_root(request.param), binds=binds, start=[
            (f"/usr/bin/patchbay-agent run --state {state}", f"{state}/identity.json")]) as host:
        host.exec("patchbay-agent", "register", "--endpoint", plane.url, "--region", REGION,
                  "--activation-id", activation["ActivationId"], "--activation-code",
                  activation["ActivationCode"], "--state", state)
        host.node = host.sh(f"grep -o 'mi-[0-9a-f]*' {state}/identity.json")
        host.system = request.param
        wait_for(lambda: information(ssm, host)["PingStatus"] == "Online", timeout=30)
        yield host


def information(ssm, host):
    return ssm.describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [host.node]}])["InstanceInformationList"][0]


def patches(ssm, host):
    found = ssm.get_paginator("describe_instance_patches").paginate(InstanceId=host.node)
    return {p["KBId"]: p for page in found for p in page["Patches"]}


def test_the_baseline_of_its_system_from_end_to_end(ssm, host):
    os, system = OS[host.system], SYSTEMS[host.system]
    node = information(ssm, host)
    assert (node["PlatformType"], node["PlatformVersion"]) == ("Linux", system.version)
    assert patch(ssm, host, "Scan")[:2] == ("Success", 0)
    state = state_of(ssm, host)
    baseline = ssm.get_default_patch_baseline(OperatingSystem=os)["BaselineId"]
    assert baseline.endswith(state["BaselineId"]) or state["BaselineId"].endswith(baseline)
    assert state["MissingCount"] > 10 and state["NotApplicableCount"] == 2

    found = patches(ssm, host)
    critical = found["pb-critical.noarch"]
    assert {k: critical[k] for k in ("Title", "Classification", "State", "CVEIds")} == {
        "Title": "pb-critical.noarch:0:1.0-2.el9", "Classification": "Security",
        "State": "MISSING", "CVEIds": "CVE-2024-0001,CVE-2024-0002"}
    assert critical["Severity"] == system.severity(0).capitalize()
    assert found["pb-epoch.x86_64"]["Title"] == "pb-epoch.x86_64:2:0.5-1.el9"
    if host.system != "sles":  # whose baseline approves security alone
        assert found["pb-bugfix.noarch"]["Classification"] == "Bugfix"
    assert found["pb-moderate.noarch"]["State"] == "INSTALLED_OTHER"
    assert (found["pb-moderate.noarch"]["Classification"],
            found["pb-moderate.noarch"]["Severity"]) == ("", "")

    status, code, output = patch(ssm, host, "Install")
    assert (status, code) == ("Success", 0), output
    assert host.boots == 2
    state = state_of(ssm, host)
    assert (state["MissingCount"], state["FailedCount"]) == (0, 0)
    found = patches(ssm, host)
    assert found["pb-critical.noarch"]["State"] == "INSTALLED"
    assert "pb-old-name.noarch" not in found
    assert found["pb-new-name.noarch"]["State"] == "INSTALLED"
    compliance, = [s for s in ssm.list_resource_compliance_summaries()[
        "ResourceComplianceSummaryItems"]
        if s["ResourceId"] == host.node and s["ComplianceType"] == "Patch"]
    assert compliance["Status"] == "COMPLIANT"
