# SPDX-License-Identifier: Apache-2.0
"""What an RPM host knows, from its scan to what a plane says of it."""

import json

import pytest

import patch_plane as runs
from conftest import Plane
from cli_host import NOT_WELL, Host, make_patchbay
from node_facts import effective, put
from patch_host import BUILD
from testbed import Host as RealHost, rpm_root

BASELINE = "pb-0123456789abcdef0"


@pytest.fixture(scope="module")
def told():
    """The facts that a real host told a small plane, and its compliance items."""
    small = runs.Plane()
    small.baseline |= {"operatingSystem": "ROCKY_LINUX"}
    with RealHost("rpm", base=rpm_root("rocky"),
                  binds={"/opt/patchbay": BUILD / "src" / "patch"}) as host:
        host.write("/etc/patchbay/patch.conf", f"endpoint = {small.url}/\nregion = eu-west-1\n")
        host.write("/var/lib/amazon/ssm/registration",
                   json.dumps({"ManagedInstanceID": runs.NODE, "Region": "us-west-2"}))
        host.write("/root/.aws/credentials",
                   "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
                   "aws_session_token = %s\n" % runs.KEYS, mode="600")
        runs.run(host, "Scan")
    small.server.shutdown()
    return small.facts[-1][1], {item["Id"]: item for item in small.reports[-1][1]}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane(tmp_path_factory.mktemp("rpm facts") / "data").start()
    yield plane
    assert plane.stop() == 0, plane.log_text()


def test_a_plane_decides_of_an_rpm_host_as_the_host_does(plane, told, tmp_path):
    facts, items = told
    host, ssm = Host(plane, None, "rocky"), plane.client("ssm")
    host.agent.ping(AgentStatus="Active", ComputerName="rocky", IPAddress="192.0.2.7",
                    PlatformName="Rocky Linux", PlatformVersion="9.4")
    baseline = ssm.create_patch_baseline(
        Name="everything", OperatingSystem="ROCKY_LINUX", ApprovalRules={"PatchRules": [{
            "PatchFilterGroup": {"PatchFilters": []}, "ApproveAfterDays": 0,
            "ComplianceLevel": "HIGH"}]})["BaselineId"]
    ssm.register_default_patch_baseline(BaselineId=baseline)
    put(host, facts, BaselineId=BASELINE)
    assert len(facts["packages"]) == len(items)

    patchbay = make_patchbay(plane, tmp_path)
    for name in ("pb-critical.noarch", "pb-nonotice.noarch", "pb-current.noarch"):
        status = NOT_WELL if items[name]["Status"] == "NON_COMPLIANT" else 0
        answer = json.loads(patchbay("--output", "json", "why", host.id, name,
                                     status=status).stdout)
        state = answer["Packages"][0]["State"]
        assert state.replace("_", "").lower() == items[name]["PatchState"].lower()
    assert "classification Security; severity Critical" in patchbay(
        "why", host.id, "pb-critical", status=NOT_WELL).stdout

    critical = effective(ssm, baseline)["pb-critical"]
    assert critical["PatchStatus"]["DeploymentStatus"] == "APPROVED"
    assert critical["PatchStatus"]["ComplianceLevel"] == "HIGH"
    assert critical["PatchStatus"]["ApprovalDate"] == critical["Patch"]["ReleaseDate"]
    assert critical["Patch"]["CVEIds"] == items["pb-critical.noarch"]["CVEIds"].split(",")
    assert critical["Patch"]["AdvisoryIds"] and critical["Patch"]["Release"].endswith(".el9")
    found, = ssm.describe_available_patches(Filters=[
        {"Key": "PRODUCT", "Values": ["RockyLinux9.4"]},
        {"Key": "CVE_ID", "Values": [critical["Patch"]["CVEIds"][0]]}])["Patches"]
    assert found["Name"] == "pb-critical"
    for of, value in (("SEVERITY", "Critical"), ("CLASSIFICATION", "Security"),
                      ("PRODUCT", "RockyLinux9.4")):
        properties = ssm.describe_patch_properties(OperatingSystem="ROCKY_LINUX", Property=of)
        assert {"Name": value} in properties["Properties"]
