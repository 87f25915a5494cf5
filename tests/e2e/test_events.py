# SPDX-License-Identifier: Apache-2.0
"""EventBridge rules: what they say of themselves, and that they fire."""

import pytest

from conftest import fails_with, wait_for

FUNCTION = "arn:aws:lambda:us-east-1:{}:function:nobody"


@pytest.fixture
def events(plane):
    return plane.client("events", region="us-west-2")


def put(events, name, expression="rate(5 minutes)", **more):
    return events.put_rule(Name=name, ScheduleExpression=expression, **more)["RuleArn"]


def test_a_rule_lives_and_dies(events, plane):
    arn = put(events, "weekly", "cron(15 22 ? * TUE *)", Description="patch day")
    assert arn == f"arn:aws:events:us-west-2:{plane.management_account}:rule/weekly"
    rule = events.describe_rule(Name="weekly")
    assert rule["ScheduleExpression"] == "cron(15 22 ? * TUE *)"
    assert (rule["State"], rule["Description"]) == ("ENABLED", "patch day")
    assert [r["Name"] for r in events.list_rules(NamePrefix="week")["Rules"]] == ["weekly"]
    events.delete_rule(Name="weekly")
    with fails_with("ResourceNotFoundException"):
        events.describe_rule(Name="weekly")
    events.delete_rule(Name="weekly")  # once more does no harm


@pytest.mark.parametrize("expression", [
    "cron(0 12 * * * *)", "cron(15 12 ? * 0 *)", "rate(1 minutes)", "rate(0 minutes)", "daily"])
def test_a_bad_schedule_is_refused_in_amazons_words(events, expression):
    with fails_with("ValidationException", 400) as refused:
        put(events, "bad", expression)
    assert refused.value.response["Error"]["Message"] == \
        "Parameter ScheduleExpression is not valid."


def test_putting_a_rule_again_replaces_all_of_it(events):
    put(events, "replaced", State="DISABLED", Description="old")
    put(events, "replaced")
    rule = events.describe_rule(Name="replaced")
    assert rule["State"] == "ENABLED" and "Description" not in rule
    events.delete_rule(Name="replaced")


def test_a_rule_can_be_switched(events):
    put(events, "switched")
    events.disable_rule(Name="switched")
    assert events.describe_rule(Name="switched")["State"] == "DISABLED"
    events.enable_rule(Name="switched")
    assert events.describe_rule(Name="switched")["State"] == "ENABLED"
    events.delete_rule(Name="switched")


def test_event_patterns_and_other_buses_are_refused(events):
    with fails_with("UnsupportedOperationException"):
        events.put_rule(Name="pattern", EventPattern='{"source":["aws.ssm"]}')
    with fails_with("ResourceNotFoundException"):
        put(events, "elsewhere", EventBusName="mine")


def test_targets_are_put_listed_and_removed(events, plane):
    put(events, "targets")
    arn = FUNCTION.format(plane.management_account)
    put_again = {"Id": "one", "Arn": arn, "Input": '{"a":1}',
                 "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}}
    assert events.put_targets(Rule="targets", Targets=[put_again])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(Rule="targets")["Targets"] == [put_again]
    assert events.list_rule_names_by_target(TargetArn=arn)["RuleNames"] == ["targets"]
    with fails_with("ValidationException"):
        events.delete_rule(Name="targets")
    events.remove_targets(Rule="targets", Ids=["one"])
    events.delete_rule(Name="targets")


def test_a_target_nobody_can_serve_is_refused(events):
    put(events, "refused")
    with fails_with("ValidationException"):
        events.put_targets(Rule="refused", Targets=[
            {"Id": "q", "Arn": "arn:aws:sqs:us-west-2:111111111111:queue"}])
    with fails_with("ValidationException"):
        events.put_targets(Rule="refused", Targets=[
            {"Id": "j", "Arn": FUNCTION.format("111111111111"), "Input": "{no json"}])
    with fails_with("UnsupportedOperationException"):
        events.put_targets(Rule="refused", Targets=[
            {"Id": "p", "Arn": FUNCTION.format("111111111111"), "InputPath": "$.detail"}])
    assert events.list_targets_by_rule(Rule="refused")["Targets"] == []
    events.delete_rule(Name="refused")


def test_a_sixth_target_is_refused_and_the_others_stay(events, plane):
    arn = FUNCTION.format(plane.management_account)
    put(events, "five")
    events.put_targets(Rule="five", Targets=[{"Id": f"t{i}", "Arn": arn} for i in range(5)])
    with fails_with("LimitExceededException"):
        events.put_targets(Rule="five", Targets=[{"Id": "t5", "Arn": arn}])
    assert len(events.list_targets_by_rule(Rule="five")["Targets"]) == 5
    events.remove_targets(Rule="five", Ids=[f"t{i}" for i in range(5)])
    events.delete_rule(Name="five")


def test_a_due_tick_outlives_a_crash_and_is_dropped_aloud_without_permission(make_plane):
    """The plane is down when the minute comes: it fires once, late, after the restart."""
    plane = make_plane()
    events = plane.client("events")
    put(events, "soon", "cron(* * * * ? *)")
    events.put_targets(Rule="soon", Targets=[
        {"Id": "f", "Arn": FUNCTION.format(plane.management_account)}])
    plane.kill()
    plane.restart()
    wait_for(lambda: "did not reach" in plane.log_text(), timeout=90, pause=0.5)
    assert "rule/soon" in plane.log_text()
