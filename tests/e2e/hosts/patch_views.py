# SPDX-License-Identifier: Apache-2.0
"""Everything that tells of one node's patches, held against each other: the six operations of the
SSM API, the inventory, and the operator's command line. The account has no other node."""
import collections
import json
import subprocess

from conftest import BUILD

COUNTS = {"InstalledCount": "INSTALLED", "InstalledOtherCount": "INSTALLED_OTHER",
          "InstalledPendingRebootCount": "INSTALLED_PENDING_REBOOT",
          "InstalledRejectedCount": "INSTALLED_REJECTED", "MissingCount": "MISSING",
          "FailedCount": "FAILED"}
COMPLIANT = ("INSTALLED", "INSTALLED_OTHER")
IN_GROUP = {"InstancesWithInstalledPatches": "INSTALLED",
            "InstancesWithInstalledOtherPatches": "INSTALLED_OTHER",
            "InstancesWithInstalledPendingRebootPatches": "INSTALLED_PENDING_REBOOT",
            "InstancesWithInstalledRejectedPatches": "INSTALLED_REJECTED",
            "InstancesWithMissingPatches": "MISSING", "InstancesWithFailedPatches": "FAILED"}
WELL, NOT_WELL = 0, 3


def pages(ssm, operation, key, **request):
    return [item for page in ssm.get_paginator(operation).paginate(**request)
            for item in page[key]]


def patchbay(plane, *arguments):
    """The CLI's exit status and answer."""
    done = subprocess.run(
        [BUILD / "src/cli/patchbay", "--output", "json", *arguments], capture_output=True,
        text=True, timeout=60, env={
            "PATCHBAY_ENDPOINT": plane.url, "AWS_PROFILE": "management",
            "AWS_SHARED_CREDENTIALS_FILE": str(plane.data / "credentials")})
    assert done.returncode in (WELL, NOT_WELL), done
    return done.returncode, json.loads(done.stdout)


class Views:
    def __init__(self, plane, host, group):
        self.plane, self.node, self.group = plane, host.node, group
        self.ssm = plane.client("ssm")

    def told(self, last_run_failed=False):
        """{package: state} of what the test made, once all have told the same."""
        patches = pages(self.ssm, "describe_instance_patches", "Patches", InstanceId=self.node)
        states = {p["KBId"]: p["State"] for p in patches}
        assert len(states) == len(patches)
        self.counts = collections.Counter(states.values())
        self.bad = {id for id, state in states.items() if state not in COMPLIANT}
        row = self._states()
        self._items(states, row)
        self._sums(states)
        self._inventory(states, row)
        self._command_line(row, last_run_failed)
        ours = {id.split(".")[0]: s for id, s in states.items() if id.startswith("pb-")}
        for package, state in ours.items():
            _, why = patchbay(self.plane, "why", self.node, package)
            assert [p["State"] for p in why["Packages"]] == [state], why
        return ours

    def _states(self):
        row, = self.ssm.describe_instance_patch_states(InstanceIds=[self.node])[
            "InstancePatchStates"]
        assert {key: row[key] for key in COUNTS} == {
            key: self.counts[state] for key, state in COUNTS.items()}
        assert sum(row[key] for key in ("CriticalNonCompliantCount", "OtherNonCompliantCount",
                                        "SecurityNonCompliantCount")) >= len(self.bad)
        assert self.ssm.describe_instance_patch_states_for_patch_group(PatchGroup=self.group)[
            "InstancePatchStates"] == [row]
        group = self.ssm.describe_patch_group_state(PatchGroup=self.group)
        assert {key: group[key] for key in ("Instances", *IN_GROUP)} == {
            "Instances": 1, **{key: int(self.counts[s] > 0) for key, s in IN_GROUP.items()}}
        return row

    def _items(self, states, row):
        items = pages(self.ssm, "list_compliance_items", "ComplianceItems",
                      ResourceIds=[self.node], ResourceTypes=["ManagedInstance"],
                      Filters=[{"Key": "ComplianceType", "Values": ["Patch"]}])
        assert {i["Id"]: i["Details"]["PatchState"].upper() for i in items} == {
            id: state.replace("_", "") for id, state in states.items()}
        assert {i["Id"] for i in items if i["Status"] == "NON_COMPLIANT"} == self.bad
        assert {i["ExecutionSummary"]["ExecutionTime"] for i in items} == {
            row["OperationEndTime"]}

    def _sums(self, states):
        only_patch = [{"Key": "ComplianceType", "Values": ["Patch"]}]
        one, = self.ssm.list_resource_compliance_summaries(Filters=only_patch)[
            "ResourceComplianceSummaryItems"]
        assert (one["ResourceId"], one["Status"]) == (
            self.node, "NON_COMPLIANT" if self.bad else "COMPLIANT")
        assert (one["NonCompliantSummary"]["NonCompliantCount"],
                one["CompliantSummary"]["CompliantCount"]) == (
                    len(self.bad), len(states) - len(self.bad))
        all_of_them, = self.ssm.list_compliance_summaries(Filters=only_patch)[
            "ComplianceSummaryItems"]
        assert (all_of_them["NonCompliantSummary"]["NonCompliantCount"],
                all_of_them["CompliantSummary"]["CompliantCount"]) == (
                    (1, 0) if self.bad else (0, 1))

    def _inventory(self, states, row):
        def entries(type):
            found, token = [], {}
            while True:
                page = self.ssm.list_inventory_entries(InstanceId=self.node, TypeName=type,
                                                       MaxResults=50, **token)
                found += page["Entries"]
                if not page.get("NextToken"):
                    return found
                token = {"NextToken": page["NextToken"]}

        summary, = entries("AWS:PatchSummary")
        assert {key: int(summary[key]) for key in COUNTS} == {key: row[key] for key in COUNTS}
        assert summary["OperationType"] == row["Operation"]
        assert {e["Id"] for e in entries("AWS:ComplianceItem")
                if e["Status"] == "NON_COMPLIANT"} == self.bad

    def _command_line(self, row, last_run_failed):
        status, told = patchbay(self.plane, "compliance")
        mine, = told
        is_well = not self.bad and not last_run_failed
        assert (status, mine["Compliant"]) == (
            WELL if is_well else NOT_WELL, is_well), mine
        assert "LastRunFailed" in mine or not last_run_failed
        assert {key: mine[key] for key in COUNTS} == {key: row[key] for key in COUNTS}
        _, runs = patchbay(self.plane, "history", self.node)
        kept = ("InstalledCount", "InstalledPendingRebootCount", "MissingCount", "FailedCount",
                "SecurityNonCompliantCount", "Operation", "BaselineId", "SnapshotId")
        assert {key: runs[0].get(key) for key in kept} == {key: row.get(key) for key in kept}
