# SPDX-License-Identifier: Apache-2.0
"""In random worlds patchbay-patch sees what the native manager sees. A seed that fails is in the
test's name; apt_world.py and dnf_world.py try others."""

import pytest

import apt_world
import dnf_world


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_random_world_is_apts_own(seed):
    differences, compared = apt_world.compare_world(seed)
    assert not differences, "\n".join([f"seed {seed}:", *differences])
    assert compared > 100


@pytest.fixture(scope="module")
def dnf_worlds():
    with dnf_world.Worlds() as worlds:
        yield worlds


@pytest.mark.parametrize("seed", [*range(1, 13), 45, 54])
def test_a_random_world_is_dnfs_own(dnf_worlds, seed):
    differences, compared = dnf_worlds.compare(seed)
    assert not differences, "\n".join([f"seed {seed}:", *differences])
    assert compared > 100
