# SPDX-License-Identifier: Apache-2.0
"""In random worlds patchbay-patch sees what the native manager sees. A seed that fails is in the
test's name; apt_world.py tries others."""

import pytest

import apt_world


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_random_world_is_apts_own(seed):
    differences, compared = apt_world.compare_world(seed)
    assert not differences, "\n".join([f"seed {seed}:", *differences])
    assert compared > 100
