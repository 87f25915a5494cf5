# SPDX-License-Identifier: Apache-2.0
"""docs/coverage.md is what the tables say."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_coverage_page_is_up_to_date():
    build = os.environ.get("PATCHBAY_BUILD", ROOT / "build")
    done = subprocess.run([sys.executable, ROOT / "tools/coverage.py", build, "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
