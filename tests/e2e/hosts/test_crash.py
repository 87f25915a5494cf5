# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the plane at random moments of one tick, with our own templates: nothing is lost,
nothing is done twice."""

import os
import pathlib
import random
import time

import pytest

from fleet import GROUP, OVER, ROOT, Fleet, next_minute, testbed

KILLS = 6
SEED = pathlib.Path(os.environ.get("PATCHBAY_SEED", ROOT.parent / "shared" / "seed"))


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


def deploy(fleet, roles, schedule, **parameters):
    fleet.make_groups()
    fleet.execution_role(roles, ManagementAccountNumber=fleet.organization.management)
    fleet.stack("schedule", schedule,
                EventBridgeRuleSchedule=next_minute(), ExistingAutomationAdministrationRole="",
                ResourceGroupName=GROUP, TargetAccounts=",".join(fleet.accounts),
                TargetRegionIds=",".join(fleet.regions), TargetLocationMaxConcurrency="4",
                RunPatchBaselineOperation="Install",
                RunPatchBaselineRebootOption="RebootIfNeeded", MaximumConcurrency="100%",
                **parameters)


def kill_through_the_tick(fleet, seed):
    """The minute itself is among the moments."""
    time.sleep(max(0.0, 58 - time.time() % 60))
    kill_at_random(fleet, seed, lambda: False)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_plane_killed_during_a_tick_patches_every_host_once(fleet, seed):
    deploy(fleet, ROOT / "templates/execution-role.yaml",
           ROOT / "templates/scheduled-patching.yaml", **fleet.upload_function())
    kill_through_the_tick(fleet, seed)
    execution = fleet.wait_for_execution()
    end = fleet.wait_for_end(execution)

    assert len(fleet.executions()) == 1, "the tick started more than one run"
    assert end["AutomationExecutionStatus"] == "Success", fleet.story()
    for pair in fleet.pairs:
        assert fleet.times_upgraded(pair, "patch-me") == 1, fleet.story()
        assert fleet.hosts[pair].boots <= 2, "it rebooted more than once"
        assert fleet.patch_state(pair)["MissingCount"] == 0


@pytest.mark.skipif(not SEED.is_dir(), reason="the seed's templates are not here")
def test_without_a_client_token_the_tick_runs_at_least_once_and_ends_well(fleet):
    """The seed's function sends no ClientToken: a retried event is another run, as on AWS."""
    deploy(fleet, SEED / "AWS-SystemsManager-AutomationExecutionRole.yaml",
           SEED / "Scheduled-Patch-Automation.yaml")
    kill_through_the_tick(fleet, 3)
    fleet.wait_for_execution()
    for execution in fleet.executions():
        end = fleet.wait_for_end(execution["AutomationExecutionId"])
        assert end["AutomationExecutionStatus"] in OVER
    for pair in fleet.pairs:
        assert fleet.times_upgraded(pair, "patch-me") == 1, fleet.story()
        state = fleet.patch_state(pair)
        assert state["MissingCount"] == 0 and state["FailedCount"] == 0
