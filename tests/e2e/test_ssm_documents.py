# SPDX-License-Identifier: Apache-2.0
"""Documents: what is accepted, what comes back, versions, lists, the built-in ones."""

import hashlib
import json

import pytest

from conftest import RAW_CLIENT, fails_with

COMMAND = {"schemaVersion": "2.2", "description": "says it",
           "parameters": {"Word": {"type": "String", "default": "hi", "description": "what",
                                   "allowedPattern": "[a-z]+"}},
           "mainSteps": [{"action": "aws:runShellScript", "name": "say",
                          "precondition": {"StringEquals": ["platformType", "Linux"]},
                          "inputs": {"runCommand": ["echo {{ Word }}"],
                                     "timeoutSeconds": "60"}}]}
RUNBOOK = {"schemaVersion": "0.3", "description": "runs it",
           "mainSteps": [{"action": "aws:runCommand", "name": "run",
                          "inputs": {"DocumentName": "AWS-RunShellScript",
                                     "InstanceIds": ["mi-01234567890123456"],
                                     "Parameters": {"commands": "true"}}}]}
YAML = """\
schemaVersion: '2.2'
description: in YAML
mainSteps:
- action: aws:runShellScript
  name: say
  inputs:
    runCommand:
    - echo 10%
"""


@pytest.fixture
def ssm(plane):
    return plane.client("ssm", region="ap-northeast-3")  # nobody else's documents are there


@pytest.fixture
def make(ssm):
    made = []

    def make(name, content=COMMAND, **more):
        text = content if isinstance(content, str) else json.dumps(content)
        answer = ssm.create_document(Name=name, Content=text, **more)["DocumentDescription"]
        made.append(name)
        return answer

    yield make
    for name in made:
        ssm.delete_document(Name=name)


def changed(**more):
    return {**json.loads(json.dumps(COMMAND)), **more}


def test_a_document_comes_back_as_it_was_given(ssm, make, plane):
    made = make("Say", Tags=[{"Key": "a", "Value": "b"}], TargetType="/AWS::SSM::ManagedInstance")
    assert made["Owner"] == plane.management_account
    assert made["Hash"] == hashlib.sha256(json.dumps(COMMAND).encode()).hexdigest()
    assert (made["HashType"], made["Status"], made["DocumentType"]) == ("Sha256", "Active",
                                                                        "Command")
    assert made["PlatformTypes"] == ["Linux"] and made["SchemaVersion"] == "2.2"
    assert made["Parameters"] == [{"Name": "Word", "Type": "String", "Description": "what",
                                   "DefaultValue": "hi"}]
    got = ssm.get_document(Name="Say")
    assert json.loads(got["Content"]) == COMMAND and got["DocumentVersion"] == "1"
    described = ssm.describe_document(Name="Say")["Document"]
    assert described == made and described["Tags"] == [{"Key": "a", "Value": "b"}]
    with fails_with("DocumentAlreadyExists"):
        ssm.create_document(Name="Say", Content=json.dumps(COMMAND))


def test_yaml_is_kept_and_converted(ssm, make):
    make("InYaml", YAML, DocumentFormat="YAML")
    assert ssm.get_document(Name="InYaml")["Content"] == YAML
    as_json = json.loads(ssm.get_document(Name="InYaml", DocumentFormat="JSON")["Content"])
    assert as_json["mainSteps"][0]["inputs"]["runCommand"] == ["echo 10%"]
    with fails_with("InvalidDocumentContent"):
        ssm.create_document(Name="NotJson", Content=YAML, DocumentFormat="JSON")


def test_a_runbook_is_taken(ssm, make):
    made = make("Runbook", RUNBOOK, DocumentType="Automation")
    assert (made["DocumentType"], made["SchemaVersion"]) == ("Automation", "0.3")


def test_versions(ssm, make):
    make("Versioned")
    second = changed(description="two")
    ssm.update_document(Name="Versioned", Content=json.dumps(second), VersionName="v2",
                        DocumentVersion="$LATEST")
    assert ssm.get_document(Name="Versioned")["DocumentVersion"] == "1"
    assert ssm.get_document(Name="Versioned", DocumentVersion="$LATEST")["DocumentVersion"] == "2"
    assert ssm.get_document(Name="Versioned", VersionName="v2")["DocumentVersion"] == "2"
    ssm.update_document_default_version(Name="Versioned", DocumentVersion="2")
    described = ssm.describe_document(Name="Versioned")["Document"]
    assert (described["DefaultVersion"], described["Description"]) == ("2", "two")
    versions = ssm.list_document_versions(Name="Versioned")["DocumentVersions"]
    assert [(v["DocumentVersion"], v["IsDefaultVersion"]) for v in versions] == [("2", True),
                                                                                 ("1", False)]
    with fails_with("DuplicateDocumentContent"):
        ssm.update_document(Name="Versioned", Content=json.dumps(second),
                            DocumentVersion="$LATEST")
    with fails_with("InvalidDocumentVersion"):
        ssm.get_document(Name="Versioned", DocumentVersion="3")
    with fails_with("InvalidDocumentOperation"):
        ssm.delete_document(Name="Versioned", DocumentVersion="2")
    ssm.delete_document(Name="Versioned", DocumentVersion="1")
    assert len(ssm.list_document_versions(Name="Versioned")["DocumentVersions"]) == 1


def test_lists_are_filtered_and_paged(ssm, make):
    make("List-One", Tags=[{"Key": "k", "Value": "1"}])
    make("List-Two", RUNBOOK, DocumentType="Automation")

    def names(*filters, **more):
        pages = ssm.get_paginator("list_documents").paginate(
            Filters=[{"Key": k, "Values": v} for k, v in filters],
            PaginationConfig={"PageSize": 1}, **more)
        return [d["Name"] for p in pages for d in p["DocumentIdentifiers"]]

    ours = ["AWS-Noop", "AWS-RunPatchBaseline", "AWS-RunPatchBaselineAssociation",
            "AWS-RunPatchBaselineWithHooks", "AWS-RunShellScript",
            "AWS-UpdateSSMAgent"]
    assert names() == ours + ["List-One", "List-Two"]
    assert names(("Owner", ["Self"])) == ["List-One", "List-Two"]
    assert names(("Owner", ["Amazon"])) == ours
    assert names(("DocumentType", ["Automation"])) == ["List-Two"]
    assert names(("Name", ["List-", "AWS-RunS"])) == ["AWS-RunShellScript", "List-One",
                                                      "List-Two"]
    assert names(("tag:k", ["1"])) == ["List-One"]
    assert names(("PlatformTypes", ["Windows"]), ("Owner", ["Self"])) == ["List-Two"]
    old = ssm.list_documents(DocumentFilterList=[{"key": "Owner", "value": "Self"}])
    assert len(old["DocumentIdentifiers"]) == 2
    with fails_with("InvalidFilterKey"):
        names(("Color", ["red"]))
    with fails_with("InvalidNextToken"):
        ssm.list_documents(NextToken="forged")


def test_built_in_documents_belong_to_amazon(ssm, make):
    for name, step in (("AWS-RunShellScript", "aws:runShellScript"),
                       ("AWS-RunPatchBaseline", "PatchLinux")):
        described = ssm.describe_document(Name=name)["Document"]
        assert described["Owner"] == "Amazon" and "Linux" in described["PlatformTypes"]
        content = json.loads(ssm.get_document(
            Name=f"arn:aws:ssm:ap-northeast-3::document/{name}")["Content"])
        assert step in json.dumps(content)
    baseline = json.loads(ssm.get_document(Name="AWS-RunPatchBaseline")["Content"])
    assert [s["name"] for s in baseline["mainSteps"]] == ["PatchWindows", "PatchLinux",
                                                          "PatchMacOS"]
    assert set(baseline["parameters"]) == {
        "Operation", "AssociationId", "SnapshotId", "InstallOverrideList", "BaselineOverride",
        "RebootOption", "StepTimeoutSeconds", "PinVersions"}
    association = json.loads(
        ssm.get_document(Name="AWS-RunPatchBaselineAssociation")["Content"])
    assert set(association["parameters"]) == {
        "Operation", "AssociationId", "BaselineTags", "InstallOverrideList", "RebootOption"}
    hooks = json.loads(ssm.get_document(Name="AWS-RunPatchBaselineWithHooks")["Content"])
    assert [(s["name"], s["action"]) for s in hooks["mainSteps"]] == [
        ("Scan", "aws:runDocument"), ("VerifyPatchStates", "aws:runShellScript"),
        ("PreInstallHook", "aws:runDocument"), ("InstallNoReboot", "aws:runDocument"),
        ("PostInstallHook", "aws:runDocument"), ("VerifyReboot", "aws:runShellScript"),
        ("RebootAndReport", "aws:runDocument"), ("OnExitHook", "aws:runDocument")]
    assert set(hooks["parameters"]) == {
        "Operation", "RebootOption", "SnapshotId", "PreInstallHookDocName",
        "PostInstallHookDocName", "OnExitHookDocName"}
    for name in [d["Name"] for d in ssm.list_documents(
            Filters=[{"Key": "Owner", "Values": ["Amazon"]}])["DocumentIdentifiers"]]:
        make(f"Like-{name}", json.loads(ssm.get_document(Name=name)["Content"]))  # so it is valid
    with fails_with("InvalidDocumentOperation"):
        ssm.delete_document(Name="AWS-RunShellScript")
    with fails_with("ValidationException"):
        ssm.create_document(Name="AWS-Mine", Content=json.dumps(COMMAND))
    with fails_with("InvalidDocument"):
        ssm.get_document(Name="AWS-Nothing")


@pytest.mark.parametrize("content, code", [
    ("{", "InvalidDocumentContent"),
    ("[]", "InvalidDocumentContent"),
    ({"schemaVersion": "1.1"}, "InvalidDocumentSchemaVersion"),
    (changed(schemaVersion="0.3"), "InvalidDocumentSchemaVersion"),
    (changed(mainSteps=[]), "InvalidDocumentContent"),
    (changed(outputs=[]), "InvalidDocumentContent"),
    (changed(mainSteps=[{"action": "aws:runDocument", "name": "x", "inputs": {
        "documentType": "LocalPath", "documentPath": "downloaded/x.json"}}]),
     "InvalidDocumentContent"),
    (changed(mainSteps=[{"action": "aws:runShellScript", "name": "x", "isEnd": True,
                         "inputs": {"runCommand": ["x"]}}]), "InvalidDocumentContent"),
    (changed(schemaVersion="2.0"), "InvalidDocumentContent"),  # a precondition
    (changed(mainSteps=[{"action": "aws:softwareInventory", "name": "x", "inputs": {}}]),
     "InvalidDocumentContent"),
    (changed(mainSteps=COMMAND["mainSteps"] * 2), "InvalidDocumentContent"),
    (changed(parameters={"a": {"type": "Integer"}}), "InvalidDocumentContent"),
    (changed(parameters={"a": {"type": "String", "default": ["x"]}}), "InvalidDocumentContent"),
    (changed(parameters={"a": {"type": "String", "default": "A", "allowedPattern": "[a-z]"}}),
     "InvalidDocumentContent"),
    (changed(parameters={"a": {"type": "String", "allowedPattern": "(?=x)"}}),
     "InvalidDocumentContent"),
    (changed(description="{{ ssm:secret }}"), "InvalidDocumentContent"),
    (changed(description="x" * 70000), "MaxDocumentSizeExceeded"),
])
def test_what_no_agent_could_run_is_refused(ssm, content, code):
    text = content if isinstance(content, str) else json.dumps(content)
    with fails_with(code):
        ssm.create_document(Name="Refused", Content=text)


def test_what_is_not_done_here_is_refused(ssm):
    with fails_with("UnsupportedOperationException"):
        ssm.create_document(Name="Session", Content="{}", DocumentType="Session")
    with fails_with("UnsupportedOperationException"):
        ssm.create_document(Name="Text", Content="{}", DocumentFormat="TEXT")
    with fails_with("UnsupportedOperationException"):
        ssm.create_document(Name="Needs", Content=json.dumps(COMMAND),
                            Requires=[{"Name": "Other"}])
    with fails_with("UnknownOperationException"):
        ssm.describe_document_permission(Name="AWS-RunShellScript", PermissionType="Share")


def test_documents_stay_in_their_region(plane, ssm, make):
    make("Here")
    with fails_with("InvalidDocument"):
        plane.client("ssm", region="eu-west-1").get_document(Name="Here")
    with fails_with("InvalidDocument"):
        ssm.get_document(Name=f"arn:aws:ssm:ap-northeast-3:{'1' * 12}:document/Here")


def test_names_are_checked(plane):
    raw = plane.client("ssm", config=RAW_CLIENT)
    for name in ("x", "a b", "a/b", "y" * 129):
        with fails_with("ValidationException"):
            raw.create_document(Name=name, Content=json.dumps(COMMAND))
