# SPDX-License-Identifier: Apache-2.0
"""What hosts know, at the plane: the facts behind their reports, the patches on offer by
that, and why a package is in its state."""

import copy
import hashlib
import json
import os
import time
import uuid

import pytest

import agent as agents
from cli_host import FAILED, NOT_WELL, USAGE, Host, make_patchbay, rows
from conftest import fails_with, wait_for
from node_facts import (DEFAULT, SECURITY, available, compact, effective, facts_of, package, put,
                        version)
from node_fixtures import plane, ssm  # noqa: F401 (fixtures)


@pytest.fixture
def make_host(plane, ssm):
    made = []

    def make():
        host = Host(plane, None, f"host-{uuid.uuid4()}")
        made.append(host)
        return host

    yield make
    for host in made:
        ssm.deregister_managed_instance(InstanceId=host.id)


@pytest.fixture
def host(make_host):
    return make_host()


@pytest.fixture
def patchbay(plane, tmp_path):
    return make_patchbay(plane, tmp_path)


def refused(call, *args, **more):
    with pytest.raises(agents.Refused) as e:
        call(*args, **more)
    return e.value.code.split("#")[-1]


def make_baseline(ssm, **more):
    return ssm.create_patch_baseline(Name=f"b-{uuid.uuid4()}", **more)["BaselineId"]


# --- what a node tells -------------------------------------------------------------------------

def test_the_same_facts_are_sent_once(host):
    document = facts_of(package("zlib1g"))
    assert refused(put, host, document, known=True) == "PatchFactsMismatch"
    put(host, document)
    put(host, document, known=True)
    other = facts_of(package("zlib1g", "1.0-2"))
    assert refused(put, host, other, known=True) == "PatchFactsMismatch"


def test_a_node_tells_of_itself_only(make_host, plane):
    one, two = make_host(), make_host()
    document = facts_of(package("zlib1g"))
    stolen = copy.copy(two)
    stolen.id = one.id
    assert refused(put, stolen, document) == "AccessDeniedException"
    stolen.id = "mi-00000000000000000"
    assert refused(put, stolen, document) == "InvalidInstanceId"
    administrator = copy.copy(one)
    administrator.agent = copy.copy(one.agent)
    keys = plane.keys()
    administrator.agent.credentials = agents.botocore.credentials.Credentials(
        keys["aws_access_key_id"], keys["aws_secret_access_key"])
    assert refused(put, administrator, document) == "AccessDeniedException"


def test_a_role_that_may_not_report_may_not_tell(make_host, plane):
    host = make_host()
    iam = plane.client("iam")
    iam.put_role_policy(RoleName="NodeRole", PolicyName="no", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "ssm:PutInventory", "Resource": "*"}]}))
    try:
        assert refused(put, host, facts_of(package("a"))) == "AccessDeniedException"
    finally:
        iam.delete_role_policy(RoleName="NodeRole", PolicyName="no")
    put(host, facts_of(package("a")))


@pytest.mark.parametrize("document", [
    [], {}, {"operatingSystem": "WINDOWS", "product": "x", "packages": []},
    facts_of({"name": "a", "arch": "b"}), facts_of(package("a" * 300)),
    facts_of(*[package(f"p{i}") for i in range(20001)]),
    facts_of(package("a", update=True)), facts_of(package("a", held="yes")),
])
def test_what_is_no_facts_is_refused_and_kept_nowhere(host, ssm, document):
    assert refused(put, host, document) == "InvalidPatchFacts"
    assert refused(put, host, document, known=True) == "PatchFactsMismatch"
    assert available(ssm) == []


def test_a_wrong_hash_is_refused(host):
    assert refused(put, host, facts_of(package("a")), digest="0" * 64) == "InvalidPatchFacts"
    assert refused(put, host, facts_of(package("a")), digest="x" * 64) == "ValidationException"


# --- what is on offer --------------------------------------------------------------------------

def test_what_repositories_of_hosts_offer_is_available(ssm, host):
    put(host, facts_of(
        package("openssl", "3.0.1-1", version("1:3.0.2-1+deb12u1", True, releasedAt=1700000000000,
                                              cves=["CVE-2026-1"])),
        package("bash"), {"name": "mine", "arch": "amd64", "installed": {"version": "7"}}))
    found = {p["Name"]: p for p in available(ssm)}
    assert set(found) == {"openssl", "bash"}  # `mine` is in no repository
    patch = found["openssl"]
    assert (patch["Epoch"], patch["Version"], patch["Release"]) == (1, "3.0.2", "1+deb12u1")
    assert (patch["Arch"], patch["Product"], patch["ProductFamily"]) == ("amd64", "Debian12",
                                                                         "Debian")
    assert (patch["Repository"], patch["Classification"]) == (SECURITY, "Security")
    assert patch["CVEIds"] == ["CVE-2026-1"] and patch["ReleaseDate"].year == 2023
    assert patch["Title"] == "openssl.amd64:1:3.0.2-1+deb12u1"
    assert found["bash"]["Epoch"] == 0 and "CVEIds" not in found["bash"]


def test_an_offer_goes_with_the_last_host_that_told_of_it(ssm, make_host):
    one, two = make_host(), make_host()
    both, only = package("both"), package("only")
    put(one, facts_of(both, only))
    put(two, facts_of(both))
    put(two, facts_of(both), known=True)
    assert [p["Name"] for p in available(ssm)] == ["both", "only"]
    put(one, facts_of(package("new")))
    assert [p["Name"] for p in available(ssm)] == ["both", "new"]
    put(two, facts_of())
    assert [p["Name"] for p in available(ssm)] == ["new"]


def test_offers_go_with_a_registration(ssm, plane):
    host = Host(plane, None, "short-lived")
    put(host, facts_of(package("a"), package("b")))
    assert len(available(ssm)) == 2
    ssm.deregister_managed_instance(InstanceId=host.id)
    assert available(ssm) == []


def test_available_patches_are_filtered(ssm, make_host):
    put(make_host(), facts_of(package("a"), package("b", "2:1.5-9")))
    put(make_host(), facts_of(
        {"name": "kernel", "arch": "x86_64", "update": True,
         "installed": {"version": "5-1.el9", "origin": "baseos"},
         "candidate": {"version": "5-2.el9", "origin": "updates", "severity": "Important",
                       "classification": "Security", "security": True,
                       "notices": [{"id": "RLSA-1"}], "cves": ["CVE-1", "CVE-2"], "bugs": ["77"]}},
        os="ROCKY_LINUX", product="RockyLinux9.3"))

    def named(*filters):
        return [p["Name"] for p in available(ssm, Filters=[
            {"Key": k, "Values": v} for k, v in filters])]

    debian, rocky = ("PRODUCT", ["Debian12"]), ("PRODUCT", ["RockyLinux9.3"])
    assert named(debian) == ["a", "b"] and named(rocky) == ["kernel"]
    assert named(("PRODUCT", ["Debian12", "RockyLinux9.3"])) == ["a", "b", "kernel"]
    assert named(debian, ("NAME", ["b", "c"])) == ["b"]
    assert named(debian, ("EPOCH", ["2"]), ("VERSION", ["1.5"]), ("RELEASE", ["9"])) == ["b"]
    assert named(rocky, ("CVE_ID", ["CVE-2"]), ("ADVISORY_ID", ["RLSA-1"])) == ["kernel"]
    assert named(rocky, ("BUGZILLA_ID", ["77"]), ("SEVERITY", ["Important"])) == ["kernel"]
    assert named(rocky, ("ARCH", ["i686"])) == [] == named(rocky, ("REPOSITORY", ["baseos"]))
    with fails_with("ValidationException"):
        named(("NAME", ["a"]))
    with fails_with("ValidationException"):
        named(debian, ("PATCH_SET", ["OS"]))


def test_available_patches_come_in_pages(ssm, host):
    put(host, facts_of(*[package(f"p{i:03}") for i in range(230)]))
    pages = list(ssm.get_paginator("describe_available_patches").paginate(
        PaginationConfig={"PageSize": 50}))
    assert [len(p["Patches"]) for p in pages] == [50, 50, 50, 50, 30]
    names = [p["Name"] for page in pages for p in page["Patches"]]
    assert names == [f"p{i:03}" for i in range(230)]
    with fails_with("ValidationException"):
        ssm.describe_available_patches(NextToken="nonsense")


def test_offers_are_of_one_account_and_region(plane, ssm, host):
    put(host, facts_of(package("a")))
    assert available(plane.client("ssm", region="eu-west-1")) == []


def test_properties_are_those_of_the_hosts(ssm, make_host):
    put(make_host(), facts_of(package("a"), {"name": "b", "arch": "all",
                                              "installed": version("1", priority="required")}))
    put(make_host(), facts_of(package("a"), product="Debian13"))

    def values(os, of, **more):
        answer = ssm.describe_patch_properties(OperatingSystem=os, Property=of, **more)
        assert "NextToken" not in answer or "MaxResults" in more
        return [p["Name"] for p in answer["Properties"]]

    assert values("DEBIAN", "PRODUCT") == ["Debian12", "Debian13"]
    assert values("DEBIAN", "PRIORITY") == ["optional", "required"]
    assert values("UBUNTU", "PRODUCT") == []
    assert values("DEBIAN", "PRODUCT", MaxResults=1) == ["Debian12"]
    pages = ssm.get_paginator("describe_patch_properties").paginate(
        OperatingSystem="DEBIAN", Property="PRODUCT", PaginationConfig={"PageSize": 1})
    assert [p["Properties"] for p in pages] == [[{"Name": "Debian12"}], [{"Name": "Debian13"}]]
    for os, of in (("DEBIAN", "SEVERITY"), ("ROCKY_LINUX", "PRIORITY"), ("DEBIAN", "MSRC_SEVERITY")):
        with fails_with("ValidationException"):
            values(os, of)
    with fails_with("UnsupportedOperationException"):
        values("WINDOWS", "PRODUCT")


# --- what a baseline makes of it ---------------------------------------------------------------

def rocky(name, released_days, severity="Important"):
    return {"name": name, "arch": "x86_64", "update": True,
            "installed": {"version": "1-1", "origin": "baseos"},
            "candidate": {"version": "1-2", "origin": "updates", "security": True,
                          "classification": "Security", "severity": severity,
                          "releasedAt": int((time.time() - released_days * 86400) * 1000)}}


def test_effective_patches_are_what_the_baseline_decides(ssm, host):
    put(host, facts_of(rocky("old", 10), rocky("young", 2), rocky("low", 10, "Low"),
                       rocky("listed", 10, "Low"), rocky("rejected", 10),
                       os="ROCKY_LINUX", product="RockyLinux9.3"))
    baseline = make_baseline(
        ssm, OperatingSystem="ROCKY_LINUX", ApprovedPatches=["listed"],
        ApprovedPatchesComplianceLevel="LOW", RejectedPatches=["rejected"],
        ApprovalRules={"PatchRules": [{
            "PatchFilterGroup": {"PatchFilters": [{"Key": "SEVERITY", "Values": ["Important"]}]},
            "ApproveAfterDays": 7, "ComplianceLevel": "HIGH"}]})
    found = effective(ssm, baseline)
    status = {name: (p["PatchStatus"]["DeploymentStatus"], p["PatchStatus"]["ComplianceLevel"])
              for name, p in found.items()}
    assert status == {"old": ("APPROVED", "HIGH"), "young": ("PENDING_APPROVAL", "HIGH"),
                      "listed": ("EXPLICIT_APPROVED", "LOW"),
                      "rejected": ("EXPLICIT_REJECTED", "UNSPECIFIED")}
    now = time.time()
    assert abs(found["old"]["PatchStatus"]["ApprovalDate"].timestamp() - now + 3 * 86400) < 3600
    assert abs(found["young"]["PatchStatus"]["ApprovalDate"].timestamp() - now - 5 * 86400) < 3600
    assert "ApprovalDate" not in found["listed"]["PatchStatus"]
    assert found["old"]["Patch"]["Severity"] == "Important"
    assert effective(ssm, baseline, PaginationConfig={"PageSize": 1}).keys() == found.keys()


def test_what_came_too_late_for_a_rule_is_not_pending(ssm, host):
    put(host, facts_of(rocky("late", 1), os="ROCKY_LINUX", product="RockyLinux9.3"))
    baseline = make_baseline(ssm, OperatingSystem="ROCKY_LINUX", ApprovalRules={"PatchRules": [{
        "PatchFilterGroup": {"PatchFilters": []}, "ApproveUntilDate": "2020-01-01"}]})
    assert effective(ssm, baseline) == {}


def test_the_default_debian_baseline_takes_security_updates(ssm, host):
    put(host, facts_of(package("a", "1", version("2", True)), package("b", "1", version("2"))))
    found = effective(ssm, DEFAULT)
    assert {n: p["PatchStatus"]["DeploymentStatus"] for n, p in found.items()} == {"a": "APPROVED"}


def test_effective_patches_of_what_is_no_baseline(ssm):
    with fails_with("DoesNotExistException"):
        ssm.describe_effective_patches_for_patch_baseline(BaselineId="pb-0123456789abcdef0")
    with fails_with("InvalidResourceId"):
        ssm.describe_effective_patches_for_patch_baseline(BaselineId="mw-0123456789abcdef0")
    with fails_with("ValidationException"):
        ssm.describe_effective_patches_for_patch_baseline(BaselineId="pb-not an identifier")


# --- why ---------------------------------------------------------------------------------------

def steps(answer, index=0):
    return [(link["Step"], link["Says"]) for link in answer["Packages"][index]["Chain"]]


def test_why_tells_the_whole_chain(patchbay, ssm, host):
    put(host, facts_of(package("openssl", "1", version("2", True))))
    done = patchbay("--output", "json", "why", host.id, "openssl", status=NOT_WELL)
    answer = json.loads(done.stdout)
    only, = answer["Packages"]
    assert (only["State"], only["InstalledVersion"], only["CandidateVersion"]) == ("MISSING", "1",
                                                                                   "2")
    assert only["WouldInstall"] is True and only["Compliant"] is False
    assert ("Source", "Security") in steps(answer) and ("Rule", "Approves") in steps(answer)
    assert steps(answer)[-1] == ("State", "Missing")
    assert answer["BaselineId"] == DEFAULT and answer["FactsAreOld"] is False
    assert answer["Notes"] == []
    text = patchbay("why", host.name, "openssl.amd64", status=NOT_WELL).stdout
    assert SECURITY in text and "rule 1 approves" in text and "Missing, not compliant" in text


def test_why_names_every_circumstance(patchbay, host):
    put(host, facts_of(package("zlib1g", "1", version("2", True), held=True, hidden="3",
                               failed=True, failure="the disk is full", broken=True,
                               pendingReboot=True, phased=True), sources=0),
        InstallOverrideList="s3://bucket/list.yaml", Operation="Install")
    done = patchbay("--output", "json", "why", host.id, "zlib1g:amd64", status=NOT_WELL)
    answer = json.loads(done.stdout)
    said = dict(steps(answer))
    assert {"Hold", "Pin", "Phased", "Broken", "Failure", "Reboot"} <= said.keys()
    notes = " ".join(answer["Notes"])
    assert "s3://bucket/list.yaml" in notes and "no package lists of a security source" in notes
    assert "the disk is full" in patchbay("why", host.id, "zlib1g", status=NOT_WELL).stdout


def test_why_decides_with_the_baseline_of_now(patchbay, ssm, host):
    put(host, facts_of(package("openssl", "1", version("2", True))))
    baseline = make_baseline(ssm, OperatingSystem="DEBIAN", RejectedPatches=["openssl"],
                             RejectedPatchesAction="BLOCK")
    ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup="careful")
    ssm.add_tags_to_resource(ResourceType="ManagedInstance", ResourceId=host.id,
                             Tags=[{"Key": "Patch Group", "Value": "careful"}])
    answer = json.loads(patchbay("--output", "json", "why", host.id, "openssl",
                                 status=NOT_WELL).stdout)
    assert (answer["BaselineId"], answer["PatchGroup"]) == (baseline, "careful")
    assert answer["ReportedBaselineId"] == DEFAULT
    assert any(DEFAULT in note for note in answer["Notes"])
    assert ("RejectedList", "Rejects") in steps(answer)
    assert answer["Packages"][0]["State"] == "INSTALLED_REJECTED"


def test_why_of_what_is_well_is_status_0(patchbay, host):
    put(host, facts_of(package("bash")))
    assert "InstalledOther, compliant" in patchbay("why", host.id, "bash").stdout


def test_a_package_of_two_architectures_is_told_twice(patchbay, host):
    put(host, facts_of(package("libc6"), {**package("libc6"), "arch": "i386"}))
    both = json.loads(patchbay("--output", "json", "why", host.id, "libc6").stdout)
    assert [p["Arch"] for p in both["Packages"]] == ["amd64", "i386"]
    one = json.loads(patchbay("--output", "json", "why", host.id, "libc6:i386").stdout)
    assert [p["Arch"] for p in one["Packages"]] == ["i386"]


def test_what_cannot_be_explained_is_said(patchbay, host):
    assert "never scanned" in patchbay("why", host.id, "bash", status=FAILED).stderr
    put(host, facts_of(package("bash")))
    done = patchbay("why", host.id, "emacs", status=FAILED)
    assert "emacs was not installed" in done.stderr and done.stdout == ""
    assert "no node" in patchbay("why", "mi-00000000000000000", "bash", status=FAILED).stderr
    assert "usage" in patchbay("why", host.id, status=USAGE).stderr


def test_facts_of_an_earlier_run_are_said_to_be_so(patchbay, host):
    put(host, facts_of(package("bash")), at=1700000000)
    host.report()
    answer = json.loads(patchbay("--output", "json", "why", host.id, "bash").stdout)
    assert any("told no facts" in note for note in answer["Notes"])


# --- history -----------------------------------------------------------------------------------

def test_history_is_every_run(patchbay, host):
    assert "no patch run" in patchbay("history", host.id, status=NOT_WELL).stdout
    for minute in range(5):
        host.report(missing=minute, OperationEndTime=f"2026-11-23T12:{minute:02}:00Z",
                    OperationType="Install" if minute == 4 else "Scan")
    put(host, facts_of(package("a")), at=1795435440, Rebooted=True, Operation="Install")
    put(host, facts_of(package("a")), at=1795435380, Rebooted=False, known=True)
    shown = rows(patchbay("history", host.name))
    assert [r["MISSING"] for r in shown] == ["4", "3", "2", "1", "0"]
    assert [r["OPERATION"] for r in shown] == ["Install"] + ["Scan"] * 4
    assert [r["REBOOTED"] for r in shown] == ["yes", "no", "-", "-", "-"]
    assert shown[0]["ENDED"] == "2026-11-23T12:04:00Z"
    runs = json.loads(patchbay("--output", "json", "history", host.id).stdout)
    assert [r["MissingCount"] for r in runs] == [4, 3, 2, 1, 0]
    assert runs[0]["Rebooted"] is True and "Rebooted" not in runs[4]
    assert "no node" in patchbay("history", "nowhere", status=FAILED).stderr
    assert "usage" in patchbay("history", status=USAGE).stderr


def test_several_nodes_of_a_name_are_told_apart_by_id(patchbay, plane, ssm):
    one, two = Host(plane, None, "twin"), Host(plane, None, "twin")
    try:
        assert "several nodes" in patchbay("history", "twin", status=FAILED).stderr
    finally:
        for host in (one, two):
            ssm.deregister_managed_instance(InstanceId=host.id)


def test_facts_outlive_the_plane(plane, ssm, patchbay, host):
    document = facts_of(package("openssl", "1", version("2", True)))
    put(host, document)
    plane.kill()
    plane.start(listen=plane.url.removeprefix("http://"))
    assert [p["Name"] for p in available(ssm)] == ["openssl"]
    put(host, document, known=True)
    patchbay("why", host.id, "openssl", status=NOT_WELL)


def test_facts_that_were_replaced_are_swept_and_held_ones_are_not(plane, patchbay, host):
    old, new = facts_of(package(f"old-{uuid.uuid4()}")), facts_of(package("bash"))
    put(host, old)
    put(host, new)
    old, new = (next(plane.data.glob(
        f"blobs/*/{hashlib.sha256(compact(d).encode()).hexdigest()}")) for d in (old, new))
    assert plane.stop() == 0
    for blob in (old, new):
        os.utime(blob, (0, 0))
    plane.start(listen=plane.url.removeprefix("http://"))
    wait_for(lambda: not old.exists())
    assert new.exists()
    patchbay("why", host.id, "bash")
