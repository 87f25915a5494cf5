# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch on hosts with dnf and zypper as the document runs it: what it tells the plane."""

import datetime
import json

import pytest

from rpm_host import installed, new_host
from patch_plane import KEYS, NODE, Plane, PlaneElsewhen, run

RELEASED = datetime.date(2024, 1, 1)
RULES = [
    {"filterGroup": {"filters": [{"key": "CLASSIFICATION", "values": ["Security"]}]},
     "approveAfterDays": 0, "complianceLevel": "HIGH"},
    {"filterGroup": {"filters": [{"key": "CLASSIFICATION", "values": ["Security"]},
                                 {"key": "SEVERITY", "values": ["Critical"]}]},
     "approveAfterDays": 0, "complianceLevel": "CRITICAL"}]


OS = {"rocky": "ROCKY_LINUX", "sles": "SUSE"}
both = pytest.mark.parametrize("system", OS, indirect=True)


@pytest.fixture
def clock():
    return 0  # days that the plane's is ahead


@pytest.fixture
def system(request):
    return getattr(request, "param", "rocky")


@pytest.fixture
def plane(clock, system):
    plane = PlaneElsewhen(clock) if clock else Plane()
    plane.baseline |= {"operatingSystem": OS[system], "approvalRules": {"rules": RULES}}
    yield plane
    plane.server.shutdown()


@pytest.fixture
def host(plane, system):
    with new_host(system) as host:
        host.write("/etc/patchbay/patch.conf", f"endpoint = {plane.url}/\nregion = eu-west-1\n")
        host.write("/var/lib/amazon/ssm/registration", json.dumps(
            {"ManagedInstanceID": NODE, "Region": "us-west-2"}))
        host.write("/root/.aws/credentials", "[default]\naws_access_key_id = %s\n"
                   "aws_secret_access_key = %s\naws_session_token = %s\n" % KEYS, mode="600")
        yield host


def items(plane):
    return {item["Id"]: item for item in plane.reports[-1][1]}


def test_a_scan_reports_titles_notices_and_cves(host, plane):
    run(host, "Scan")
    found = items(plane)
    assert found["pb-critical.noarch"] == {
        "Id": "pb-critical.noarch", "Title": "pb-critical.noarch:0:1.0-2.el9",
        "Severity": "CRITICAL", "Status": "NON_COMPLIANT",
        "PatchBaselineId": "pb-0123456789abcdef0", "PatchState": "Missing", "PatchGroup": "web",
        "DocumentName": "", "DocumentVersion": "", "InstalledTime": "",
        "Classification": "Security", "PatchSeverity": "Critical",
        "CVEIds": "CVE-2024-0001,CVE-2024-0002"}
    assert found["pb-epoch.x86_64"]["Title"] == "pb-epoch.x86_64:2:0.5-1.el9"
    assert found["pb-low.noarch"]["Severity"] == "HIGH"
    assert found["pb-low.noarch"]["PatchSeverity"] == "Low"
    other = found["pb-nonotice.noarch"]
    assert (other["PatchState"], other["Status"], other["Classification"]) == (
        "InstalledOther", "COMPLIANT", "")
    assert other["Title"] == "pb-nonotice.noarch:0:1.0-1.el9" and other["InstalledTime"]
    current = found["pb-current.noarch"]
    assert (current["PatchState"], current["Classification"], current["CVEIds"]) == (
        "Installed", "Security", "")  # "CVEIds only for Missing/Failed"
    assert len(found) == len(installed(host))
    summary = plane.summary
    assert summary["NotApplicableCount"] == "2"  # pb-absent and pb-new-name
    assert summary["CriticalNonCompliantCount"] == "1"
    assert int(summary["SecurityNonCompliantCount"]) == int(summary["MissingCount"])
    assert summary["NonCompliantSeverity"] == "CRITICAL"


@both
def test_an_install_reports_after_the_reboot(host, plane):
    run(host, "Install", expect=194)
    assert plane.reports == []
    host.reboot()
    run(host, "Install")
    found = items(plane)
    assert found["pb-critical.noarch"]["PatchState"] == "Installed"
    assert found["pb-critical.noarch"]["Title"] == "pb-critical.noarch:0:1.0-2.el9"
    assert found["kernel-core.x86_64"]["Title"] == "kernel-core.x86_64:0:5.14.0-3.el9"
    assert "pb-old-name.noarch" not in found
    assert found["pb-new-name.noarch"]["PatchState"] == "Installed"
    assert plane.summary["MissingCount"] == plane.summary["FailedCount"] == "0"


@both
def test_an_install_override_list_in_the_form_of_rpm(host, plane, system):
    plane.list = ("patches:\n"
                  "  - id: 'pb-mul*.i686'\n"
                  "  - id: pb-epoch.x86_64\n    title: 'pb-epoch.x86_64:2:0.5-*'\n"
                  "  - id: '*'\n    title: '*:0:1.1-1.el9'\n"    # pb-hidden, which is in no notice
                  "  - id: pb-low.noarch\n    title: '*:1:*'\n"  # not that epoch
                  "  - id: pb-absent.noarch\n")
    options = ["--install-override-list", "s3://bucket/lists/one two.yaml", "--reboot-option",
               "NoReboot"]
    before = installed(host)
    run(host, "Install", *options)
    now = installed(host)
    changed = {key: max(now[key])[1] for key in now if now[key] != before.get(key)}
    if system == "rocky":  # SUSE's 32-bit packages have names of their own
        assert changed.pop(("pb-multi", "i686")) == "1.0-2.el9"
        # rpm keeps both architectures of a package at one version.
        changed.pop(("pb-multi", "x86_64"), None)
    assert changed == {("pb-epoch", "x86_64"): "0.5-1.el9", ("pb-hidden", "noarch"): "1.1-1.el9"}
    found = items(plane)
    assert found["pb-epoch.x86_64"]["PatchState"] == "InstalledPendingReboot"
    assert found["pb-critical.noarch"]["PatchState"] == "Missing"
    host.reboot()
    run(host, "Scan", command="command-2")
    found = items(plane)
    assert found["pb-hidden.noarch"]["PatchState"] == "InstalledOther"
    assert found["pb-epoch.x86_64"]["PatchState"] == "Installed"


@both
def test_no_reboot_leaves_the_node_pending(host, plane):
    run(host, "Install", "--reboot-option", "NoReboot")
    assert items(plane)["pb-critical.noarch"]["PatchState"] == "InstalledPendingReboot"
    run(host, "Install", command="command-2", expect=194)  # only because something is pending
    host.reboot()
    run(host, "Install", command="command-2")
    assert items(plane)["pb-critical.noarch"]["PatchState"] == "Installed"


@both
def test_a_list_wants_dependencies_whatever_is_rejected(host, plane):
    plane.baseline |= {"rejectedPatches": ["pb-library"], "rejectedPatchesAction": "BLOCK"}
    plane.list = "patches:\n  - id: pb-program.noarch\n"
    run(host, "Install", "--install-override-list", "s3://bucket/lists/one two.yaml",
        "--reboot-option", "NoReboot")
    now = installed(host)
    assert now["pb-program", "noarch"] == now["pb-library", "x86_64"] == {("0", "2.0-1.el9")}


def test_what_is_too_large_is_told_without_cves(host, plane):
    plane.errors = [("PutInventory", "ItemSizeLimitExceededException")]
    run(host, "Scan")
    assert items(plane)["pb-critical.noarch"]["CVEIds"] == ""
    assert items(plane)["pb-critical.noarch"]["PatchState"] == "Missing"
    run(host, "Scan")  # and in full, where there is room
    assert items(plane)["pb-critical.noarch"]["CVEIds"] != ""


# --- what must never look compliant ---

@pytest.mark.parametrize("line", ["rm /etc/yum.repos.d/*", "sed -i 's/^enabled.*//; /^\\[/a enabled=0' "
                                  "/etc/yum.repos.d/*"])
def test_without_an_enabled_repository_a_host_is_not_up_to_date(host, plane, line):
    run(host, "Scan")
    host.sh(line)
    assert "repositor" in run(host, "Scan", expect=1).stderr
    assert len(plane.reports) == 1 and items(plane)["pb-critical.noarch"]["PatchState"] == "Missing"


@pytest.mark.parametrize("clock", [100 - (datetime.date.today() - RELEASED).days])
def test_the_planes_clock_says_when_an_approval_comes(host, plane, clock):
    """For the plane it is 100 days since, whatever the host takes for today."""
    for days, state in ((95, "Missing"), (105, "InstalledOther")):
        plane.baseline["approvalRules"] = {"rules": [dict(r, approveAfterDays=days) for r in RULES]}
        run(host, "Scan")
        assert items(plane)["pb-critical.noarch"]["PatchState"] == state
