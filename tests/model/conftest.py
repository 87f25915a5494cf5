# SPDX-License-Identifier: Apache-2.0
"""Our tables and signatures against botocore's. PATCHBAY_BUILD names another build directory."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PATCHBAY_BUILD", ROOT / "build"))

# Nothing of the environment's AWS set-up plays a part.
for name in [n for n in os.environ if n.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


class Checker:
    """A running sigv4_check."""

    def __init__(self):
        self.process = subprocess.Popen([BUILD / "tests/model/sigv4_check"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, what, **members):
        self.process.stdin.write(json.dumps({"do": what, **members}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0
        self.process.stdout.close()


@pytest.fixture(scope="session")
def checker():
    checker = Checker()
    yield checker
    checker.close()
