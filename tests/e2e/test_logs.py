# SPDX-License-Identifier: Apache-2.0
"""CloudWatch Logs: written in order, read forwards and backwards."""

import time

import pytest

from conftest import fails_with

GROUP, STREAM = "/aws/lambda/thing", "2026/11/23/[$LATEST]abc"


@pytest.fixture(scope="module")
def logs(plane):
    logs = plane.client("logs", region="ca-central-1")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    return logs


def now():
    return int(time.time() * 1000)


def test_events_are_read_as_they_were_written(logs):
    start = now() - 10000
    logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[
        {"timestamp": start + i, "message": f"line {i}"} for i in range(25)])
    seen, token = [], None
    while True:
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True,
                                   limit=10, **({"nextToken": token} if token else {}))
        seen += [e["message"] for e in page["events"]]
        if page["nextForwardToken"] == token or not page["events"]:
            break
        token = page["nextForwardToken"]
    assert seen == [f"line {i}" for i in range(25)]


def test_without_startfromhead_the_latest_come(logs):
    page = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, limit=3)
    assert [e["message"] for e in page["events"]] == ["line 22", "line 23", "line 24"]
    before = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, limit=2,
                                 nextToken=page["nextBackwardToken"])
    assert [e["message"] for e in before["events"]] == ["line 20", "line 21"]


def test_a_batch_out_of_order_is_refused(logs):
    with fails_with("InvalidParameterException"):
        logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[
            {"timestamp": now(), "message": "b"}, {"timestamp": now() - 5000, "message": "a"}])


def test_events_from_another_time_are_rejected_and_counted(logs):
    answer = logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[
        {"timestamp": now() - 20 * 86400000, "message": "old"},
        {"timestamp": now() + 3 * 3600000, "message": "new"}])
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 1}


def test_groups_and_streams_are_described(logs):
    group = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/th")["logGroups"][0]
    assert group["logGroupName"] == GROUP and group["storedBytes"] > 0
    stream = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime",
                                       descending=True)["logStreams"][0]
    assert stream["logStreamName"] == STREAM
    assert stream["firstEventTimestamp"] <= stream["lastEventTimestamp"]


def test_what_is_there_or_is_not_is_said(logs):
    with fails_with("ResourceAlreadyExistsException", 400):
        logs.create_log_group(logGroupName=GROUP)
    with fails_with("ResourceNotFoundException"):
        logs.create_log_stream(logGroupName="none", logStreamName="s")
    with fails_with("ResourceNotFoundException"):
        logs.get_log_events(logGroupName=GROUP, logStreamName="none")
