# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the plane at random moments of one tick, with our own templates: nothing is lost,
nothing is done twice."""

import random
import time

import pytest

from fleet import GROUP, ROOT, Fleet, next_minute, testbed

KILLS = 6


@pytest.fixture
def repository(tmp_path):
    repository = testbed.LocalRepo(tmp_path / "repository")
    for version in ("1.0-1", "1.0-1+deb12u1"):
        repository.package("patch-me", version)
    repository.publish()
    return repository


@pytest.fixture
def fleet(make_plane, repository):
    fleet = Fleet(make_plane(), ["us-east-1"], repository)
    try:
        fleet.start()
        for host in fleet.hosts.values():
            host.sh("apt-get install -y patch-me=1.0-1")
        yield fleet
    finally:
        fleet.close()


def kill_at_random(fleet, seed, until):
    """Kills and restarts until `until()` is true; every pause is the seed's choice."""
    dice = random.Random(seed)
    for _ in range(KILLS):
        end = time.monotonic() + dice.uniform(0.2, 6.0)
        while time.monotonic() < end:
            if until():
                return
            time.sleep(0.1)
        fleet.plane.kill()
        fleet.plane.restart()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_plane_killed_during_a_tick_patches_every_host_once(fleet, seed):
    fleet.make_groups()
    fleet.execution_role(ROOT / "templates/execution-role.yaml",
                         ManagementAccountNumber=fleet.organization.management)
    fleet.stack("schedule", ROOT / "templates/scheduled-patching.yaml",
                EventBridgeRuleSchedule=next_minute(), ExistingAutomationAdministrationRole="",
                ResourceGroupName=GROUP, TargetAccounts=",".join(fleet.accounts),
                TargetRegionIds=",".join(fleet.regions), TargetLocationMaxConcurrency="4",
                RunPatchBaselineOperation="Install",
                RunPatchBaselineRebootOption="RebootIfNeeded", MaximumConcurrency="100%",
                **fleet.upload_function())

    time_to_tick = 60 - time.time() % 60
    time.sleep(max(0.0, time_to_tick - 2))  # the minute itself is among the moments
    kill_at_random(fleet, seed, lambda: False)
    execution = fleet.wait_for_execution()
    end = fleet.wait_for_end(execution)

    assert len(fleet.executions()) == 1, "the tick started more than one run"
    assert end["AutomationExecutionStatus"] == "Success", fleet.story()
    for pair in fleet.pairs:
        assert fleet.times_upgraded(pair, "patch-me") == 1, fleet.story()
        assert fleet.hosts[pair].boots <= 2, "it rebooted more than once"
        assert fleet.patch_state(pair)["MissingCount"] == 0
