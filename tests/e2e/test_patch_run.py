# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch as the document runs it, against a plane of a few lines that checks it."""

import datetime
import uuid

import pytest

from patch_host import PATCH, STATE, begin, have
from patch_plane import host, plane, repo, run  # noqa: F401 (fixtures)


def test_a_scan_reports_in_the_shape_of_the_plane(host, plane):
    have(host, "pb-good")
    said = run(host, "Scan").stdout
    assert "pb-good.all" in said and "NON_COMPLIANT" in said
    summary, items, context = plane.reports[0]
    assert summary["MissingCount"] == "1" and summary["NonCompliantSeverity"] == "HIGH"
    assert summary["SecurityNonCompliantCount"] == "1"
    assert summary["CriticalNonCompliantCount"] == summary["OtherNonCompliantCount"] == "0"
    assert summary["NotApplicableCount"] == "2"  # pb-slow and pb-postinst
    assert summary["PatchGroup"] == "web" and summary["ExecutionId"] == "command-1"
    assert summary["OperationType"] == "Scan" and "RebootOption" not in summary
    assert summary["SnapshotId"] == plane.snapshots[0] == context["ExecutionId"]
    assert (context["ComplianceType"], context["ExecutionType"]) == ("Patch", "Command")
    item = next(i for i in items if i["Id"] == "pb-good.all")
    assert item == {
        "Id": "pb-good.all", "Title": "pb-good.all:2", "Severity": "HIGH",
        "Status": "NON_COMPLIANT", "PatchBaselineId": "pb-0123456789abcdef0",
        "PatchState": "Missing", "PatchGroup": "web", "DocumentName": "", "DocumentVersion": "",
        "InstalledTime": "", "Classification": "Security", "PatchSeverity": "", "CVEIds": ""}
    assert len(items) == int(host.sh("dpkg-query -W | wc -l"))
    assert all(i["InstalledTime"] for i in items if i["PatchState"] != "Missing")


def test_the_facts_behind_a_report_are_told_once(host, plane):
    have(host, "pb-good")
    host.sh("apt-mark hold pb-good")
    for _ in range(2):
        run(host, "Scan")
    (request, facts), (again, nothing) = plane.facts
    assert nothing is None and again["Hash"] == request["Hash"]
    summary = plane.summary
    assert datetime.datetime.fromtimestamp(again["CaptureTime"], datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ") == summary["OperationEndTime"]
    assert (request["Operation"], request["BaselineId"], request["Rebooted"]) == (
        "Scan", "pb-0123456789abcdef0", False)
    assert facts["operatingSystem"] == "DEBIAN" and facts["securitySources"] == 1
    assert len(facts["packages"]) == int(host.sh("dpkg-query -W | wc -l"))
    good = next(p for p in facts["packages"] if p["name"] == "pb-good")
    assert (good["installed"]["version"], good["candidate"]["version"]) == ("1", "2")
    assert good["update"] and good["held"] and good["candidate"]["security"]


def test_calls_are_signed_by_the_clock_that_the_agent_learnt(host, plane):
    host.sh("mkdir -p /var/lib/patchbay-agent; read up rest < /proc/uptime; "
            "echo $(cat /proc/sys/kernel/random/boot_id) ${up%.*}000 $(($(date +%s) + 18000))000 "
            "> /var/lib/patchbay-agent/clock")
    run(host, "Scan")
    ahead = [(date - datetime.datetime.utcnow()).total_seconds() for date in plane.dates]
    assert 4 * 3600 < ahead[0] < 6 * 3600
    assert abs(ahead[-1]) < 600  # the plane's refusal told it better


def test_a_plane_that_takes_no_facts_fails_no_run(host, plane):
    plane.knows_facts = False
    done = run(host, "Scan")
    assert "not the facts behind it: PutPatchFacts: UnknownOperationException" in done.stderr
    assert len(plane.reports) == 1


def test_an_unchanged_report_sends_the_hash_alone_until_the_plane_forgets_it(host, plane):
    for _ in range(2):
        run(host, "Scan")
    assert plane.reports[0][1] and plane.reports[1][1] is None
    plane.held = None
    run(host, "Scan")
    assert plane.reports[2][1] == plane.reports[0][1]


def test_an_install_reboots_reports_once_and_installs_no_more(host, plane):
    have(host, "pb-good")
    snapshot = str(uuid.uuid4())
    said = run(host, "Install", "--snapshot-id", snapshot, expect=194).stdout
    assert "installed pb-good 2 over 1" in said
    assert plane.reports == []

    host.reboot()
    have(host, "pb-slow")  # new work that came meanwhile is the next command's
    run(host, "Install", "--snapshot-id", snapshot)
    assert plane.snapshots == [snapshot] * 2
    assert plane.states == {"pb-good": "Installed", "pb-slow": "Missing"}
    assert plane.facts[-1][0]["Rebooted"] is True
    assert plane.summary["OperationType"] == "Install"
    assert plane.summary["RebootOption"] == "RebootIfNeeded"
    # Whole seconds: on a quick host both may be in the same one.
    assert plane.summary["OperationStartTime"] <= plane.summary["OperationEndTime"]

    run(host, "Install", command="command-2", expect=194)
    host.reboot()
    run(host, "Install", command="command-2")
    assert plane.states == {"pb-good": "Installed", "pb-slow": "Installed"}
    run(host, "Install", command="command-3")  # nothing installed, nothing pending: no reboot


def test_no_reboot_leaves_the_node_pending_until_it_boots_and_scans(host, plane):
    have(host, "pb-good")
    run(host, "Install", "--reboot-option", "NoReboot")
    assert plane.states == {"pb-good": "InstalledPendingReboot"}
    assert plane.summary["InstalledPendingRebootCount"] == "1"
    assert plane.summary["LastNoRebootInstallOperationTime"]
    run(host, "Scan", command="command-2")
    assert plane.summary["InstalledPendingRebootCount"] == "1"
    run(host, "Install", command="command-3", expect=194)  # only because something is pending
    host.reboot()
    run(host, "Install", command="command-3")
    assert plane.states == {"pb-good": "Installed"}


def test_a_host_that_does_not_reboot_is_not_asked_for_ever(host, plane):
    have(host, "pb-good")
    run(host, "Install", expect=194)
    assert "did not" in run(host, "Install", expect=1).stdout
    assert plane.states == {"pb-good": "InstalledPendingReboot"}


def test_what_failed_before_the_reboot_is_reported_after_it(host, plane):
    have(host, "pb-good", "pb-postinst")
    run(host, "Install", expect=194)
    host.reboot()
    run(host, "Install", expect=1)
    assert plane.states == {"pb-good": "Installed", "pb-postinst": "Failed"}
    assert plane.summary["FailedCount"] == "1"


def test_power_lost_in_the_middle_is_repaired_by_the_same_command(host, plane):
    have(host, "pb-good", "pb-slow")
    begin(host, f"SSM_COMMAND_ID=command-1 {PATCH} run --operation Install")
    host.powerfail()
    run(host, "Install", expect=194)
    host.reboot()
    run(host, "Install")
    assert plane.states == {"pb-good": "Installed", "pb-slow": "Installed"}


def test_what_a_killed_run_brought_in_is_pending_all_the_same(host, plane):
    have(host, "pb-good", "pb-slow")
    begin(host, f"SSM_COMMAND_ID=command-1 {PATCH} run --operation Install "
          "--reboot-option NoReboot & echo $! > /run/pid")
    host.sh("kill -9 $(cat /run/pid); "
            "while test -e /proc/$(cat /run/pid); do sleep 0.05; done; rm /run/hold")
    run(host, "Install", "--reboot-option", "NoReboot", command="command-2")
    assert plane.states == {"pb-good": "InstalledPendingReboot",
                            "pb-slow": "InstalledPendingReboot"}


@pytest.mark.parametrize("operation, code, expect", [
    ("GetDeployablePatchSnapshotForInstance", "AccessDeniedException", 145),
    ("GetDeployablePatchSnapshotForInstance", "UnsupportedOperatingSystem", 146),
    ("GetDeployablePatchSnapshotForInstance", "InternalServerError", 143),
    ("PutInventory", "InvalidTypeNameException", 149)])
def test_exit_codes_name_what_went_wrong(host, plane, operation, code, expect):
    plane.errors = [(operation, code)]
    assert code in run(host, "Scan", expect=expect).stderr


def test_a_bad_snapshot_changes_nothing(host, plane):
    have(host, "pb-good")
    plane.baseline["rejectedPatchesAction"] = "MAYBE"
    assert "rejectedPatchesAction" in run(host, "Install", expect=143).stderr
    assert host.sh("dpkg-query -W -f='${Version}' pb-good") == "1"


def test_a_scan_ignores_the_list(host, plane):
    run(host, "Scan", "--install-override-list", "https://x/y")
    assert plane.summary["InstallOverrideList"] == "https://x/y"
    assert len(plane.reports) == 1


def test_a_list_replaces_the_selection_and_not_the_compliance(host, plane, repo):
    have(host, "pb-good", "pb-postinst", "pb-slow")
    plane.baseline["approvalRules"] = {"rules": []}
    plane.baseline["approvedPatches"] = ["pb-slow"]
    plane.list = ("patches:\n  - id: 'pb-g*.all'\n    title: 'pb-good.all:2*'\n    extra: 1\n"
                  "  - id: pb-postinst.all\n    title: '*:3'\n  - id: pb-absent.all\n")
    options = ["--install-override-list", "s3://bucket/lists/one two.yaml", "--reboot-option",
               "NoReboot"]
    run(host, "Install", *options)
    assert host.sh("dpkg-query -W -f='${Package}=${Version} ' 'pb-*'") == \
        "pb-good=2 pb-postinst=1 pb-slow=1 "[:-1] + " "
    assert plane.states == {"pb-good": "InstalledPendingReboot", "pb-postinst": "InstalledOther",
                            "pb-slow": "Missing"}
    assert plane.summary["InstallOverrideList"] == "s3://bucket/lists/one two.yaml"
    host.reboot()
    run(host, "Scan", command="command-2")
    assert plane.states["pb-good"] == "InstalledOther"
    plane.list = "patches:\n  - title: x\n"
    assert "patches[0] has no id" in run(host, "Install", *options, command="command-3",
                                         expect=1).stderr


def test_expired_credentials_are_read_again(host, plane):
    plane.errors = [("PutInventory", "ExpiredTokenException")]
    run(host, "Scan")
    assert len(plane.reports) == 1


def test_without_a_plane_it_says_what_is_missing(host):
    host.sh("rm /etc/patchbay/patch.conf")
    assert "/etc/patchbay/patch.conf" in run(host, "Scan", expect=1).stderr
    host.write("/etc/patchbay/patch.conf", "endpiont = http://127.0.0.1:1\n")
    assert "endpiont" in run(host, "Scan", expect=1).stderr
    assert not host.has(STATE + "/state.json")
