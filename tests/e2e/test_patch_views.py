# SPDX-License-Identifier: Apache-2.0
"""A host's patch compliance is told in many ways. Whatever has happened to it, they say the same,
and what is so on the host."""

import collections
import json
import re

import pytest

from cli_host import NOT_WELL, WELL, make_patchbay, rows
from node_fixtures import make_agents, make_node, plane, role, ssm  # noqa: F401 (fixtures)
from patch_host import FAILING, PATCH, LocalRepo, scan, version
from patch_nodes import host, log_in  # noqa: F401 (fixtures)

GROUP = "web"
NON_COMPLIANT = {"MISSING", "FAILED", "INSTALLED_PENDING_REBOOT", "INSTALLED_REJECTED"}
COUNTS = {"INSTALLED": "InstalledCount", "INSTALLED_OTHER": "InstalledOtherCount",
          "MISSING": "MissingCount", "FAILED": "FailedCount",
          "INSTALLED_PENDING_REBOOT": "InstalledPendingRebootCount",
          "INSTALLED_REJECTED": "InstalledRejectedCount"}
GROUP_COUNTS = {"INSTALLED": "InstancesWithInstalledPatches",
                "INSTALLED_OTHER": "InstancesWithInstalledOtherPatches",
                "MISSING": "InstancesWithMissingPatches", "FAILED": "InstancesWithFailedPatches",
                "INSTALLED_PENDING_REBOOT": "InstancesWithInstalledPendingRebootPatches",
                "INSTALLED_REJECTED": "InstancesWithInstalledRejectedPatches"}


@pytest.fixture
def nodes(make_node):
    return [make_node("Debian GNU/Linux", "12", tags=[("PatchGroup", GROUP)])]


@pytest.fixture
def mirror(tmp_path):
    mirror = LocalRepo(tmp_path / "mirror")
    mirror.upgrade("pb-good")
    mirror.upgrade("pb-fails", scripts={"postinst": FAILING})
    mirror.upgrade("pb-other")
    mirror.publish()
    return mirror


@pytest.fixture
def node(host, nodes, ssm):  # noqa: F811
    """The host, as a node with a baseline of its own, of which pb-other is not approved."""
    host.sh("dpkg -i /srv/repo/pool/pb-good_1_all.deb /srv/repo/pool/pb-other_1_all.deb")
    log_in(host, nodes[0])
    baseline = ssm.create_patch_baseline(
        Name="views", OperatingSystem="DEBIAN", ApprovedPatches=["pb-good", "pb-fails"],
        ApprovedPatchesComplianceLevel="CRITICAL", RejectedPatches=["pb-other"])["BaselineId"]
    ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=GROUP)
    yield nodes[0]
    ssm.deregister_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=GROUP)
    ssm.delete_patch_baseline(BaselineId=baseline)


def run(host, operation, *more, expect=0):  # noqa: F811
    done = host.exec("env", "SSM_COMMAND_ID=", PATCH, "run", "--operation", operation, *more,
                     check=False)
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return done


def pages(client, operation, key, **members):
    return [item for page in client.get_paginator(operation).paginate(**members)
            for item in page[key]]


def api(state):
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", state).upper()


def check(plane, ssm, node, host):  # noqa: F811
    """{name: state} of what all agree on."""
    listed = pages(ssm, "describe_instance_patches", "Patches", InstanceId=node.id)
    patches = {p["KBId"]: p["State"] for p in listed}
    counts = collections.Counter(patches.values())
    bad = sum(counts[s] for s in NON_COMPLIANT)

    items = {i["Id"]: i for i in pages(
        ssm, "list_compliance_items", "ComplianceItems", ResourceIds=[node.id],
        ResourceTypes=["ManagedInstance"],
        Filters=[{"Key": "ComplianceType", "Values": ["Patch"]}])}
    assert {k: api(i["Details"]["PatchState"]) for k, i in items.items()} == patches
    assert {k for k, i in items.items() if i["Status"] == "NON_COMPLIANT"} == {
        k for k, s in patches.items() if s in NON_COMPLIANT}

    state, = ssm.describe_instance_patch_states(InstanceIds=[node.id])["InstancePatchStates"]
    of_group, = ssm.describe_instance_patch_states_for_patch_group(PatchGroup=GROUP)[
        "InstancePatchStates"]
    assert of_group == state
    assert {s: state[k] for s, k in COUNTS.items()} == {s: counts[s] for s in COUNTS}
    critical = [i for i in items.values()
                if i["Status"] == "NON_COMPLIANT" and i["Severity"] == "CRITICAL"]
    assert state["CriticalNonCompliantCount"] == len(critical)

    group = ssm.describe_patch_group_state(PatchGroup=GROUP)
    assert group["Instances"] == 1
    assert {s: group[k] for s, k in GROUP_COUNTS.items()} == {
        s: int(counts[s] > 0) for s in GROUP_COUNTS}

    resource, = pages(ssm, "list_resource_compliance_summaries", "ResourceComplianceSummaryItems")
    assert resource["Status"] == ("NON_COMPLIANT" if bad else "COMPLIANT")
    assert resource["NonCompliantSummary"]["NonCompliantCount"] == bad
    assert resource["CompliantSummary"]["CompliantCount"] == len(patches) - bad
    assert resource["OverallSeverity"] == ("CRITICAL" if critical else "UNSPECIFIED")
    summary, = pages(ssm, "list_compliance_summaries", "ComplianceSummaryItems")
    assert (summary["NonCompliantSummary"]["NonCompliantCount"],
            summary["CompliantSummary"]["CompliantCount"]) == (int(bad > 0), int(bad == 0))

    patchbay = make_patchbay(plane, plane.data)
    row, = rows(patchbay("compliance", status=NOT_WELL if bad else WELL))
    assert (row["COMPLIANT"], row["MISSING"], row["FAILED"], row["PENDING REBOOT"]) == (
        "NO" if bad else "yes", str(counts["MISSING"]), str(counts["FAILED"]),
        str(counts["INSTALLED_PENDING_REBOOT"]))
    latest = json.loads(patchbay("history", node.id, "--output", "json").stdout)[0]
    assert latest["Operation"] == state["Operation"]
    return {k.split(".")[0]: s for k, s in patches.items() if k.startswith("pb-")}


def test_all_views_are_one(plane, ssm, node, host, mirror):  # noqa: F811
    run(host, "Scan")
    said = {"pb-good": "MISSING", "pb-other": "INSTALLED_OTHER"}
    assert check(plane, ssm, node, host) == said

    host.sh("mv /etc/apt/sources.list.d /root/; rm -rf /var/lib/apt/lists/*")
    run(host, "Scan", expect=1)  # nothing is known now, and nothing is told
    assert check(plane, ssm, node, host) == said
    host.sh("mv /root/sources.list.d /etc/apt/")

    host.sh("dpkg -i /srv/repo/pool/pb-fails_1_all.deb")
    run(host, "Install", "--reboot-option", "NoReboot", expect=1)
    assert check(plane, ssm, node, host) == {
        "pb-good": "INSTALLED_PENDING_REBOOT", "pb-fails": "FAILED", "pb-other": "INSTALLED_OTHER"}

    host.reboot()
    run(host, "Scan")
    said = {"pb-good": "INSTALLED", "pb-fails": "FAILED", "pb-other": "INSTALLED_OTHER"}
    assert check(plane, ssm, node, host) == said  # half installed is not installed
    local = {n: api(p["state"]) for n, p in scan(host).items() if n in said}
    assert local["pb-fails"] == "FAILED"

    host.sh("dpkg --purge --force-remove-reinstreq pb-fails")
    run(host, "Scan")
    assert check(plane, ssm, node, host) == {"pb-good": "INSTALLED", "pb-other": "INSTALLED_OTHER"}

    mirror.package("pb-good", "3")
    mirror.publish()
    ssm.update_patch_baseline(BaselineId=ssm.describe_instance_patch_states(
        InstanceIds=[node.id])["InstancePatchStates"][0]["BaselineId"],
        RejectedPatches=["pb-good"], RejectedPatchesAction="BLOCK")
    run(host, "Install", "--reboot-option", "NoReboot")
    assert check(plane, ssm, node, host) == {"pb-good": "INSTALLED_REJECTED",
                                             "pb-other": "INSTALLED_OTHER"}
    assert version(host, "pb-good") == "2"
