# SPDX-License-Identifier: Apache-2.0
"""The rows marked NEWER, which Debian's botocore does not know, against the newest AWS SDK for
JavaScript from npm. Only the clients of services with such rows are fetched, once a build
directory."""
import functools
import json
import pathlib
import shutil
import subprocess
import tarfile

import pytest

from conftest import BUILD
from tables import modelled

JS_NAMES = {"events": "eventbridge", "logs": "cloudwatch-logs",
            "tagging": "resource-groups-tagging-api"}
SAME = {"TRISTATE": "BOOLEAN", "DOUBLE": "INTEGER"}  # what that SDK does not tell apart


def newer_rows(service):
    """(operation, side, path of names, field) of each member to look at."""
    def walk(operation, side, path, shape, all_of_it):
        for field in shape["fields"]:
            here = (*path, field["name"])
            if all_of_it or field["newer"]:
                yield operation["name"], side, here, field
            yield from walk(operation, side, here, field.get("shape", {"fields": ()}),
                            all_of_it or field["newer"])

    for operation in service["operations"]:
        if not operation["ours"] and not operation["internal"]:
            for side in ("input", "output"):
                yield from walk(operation, side, (), operation[side], operation["newer"])


def rows():
    for service in modelled():
        for row in newer_rows(service):
            yield pytest.param(service["name"], *row,
                               id=f"{service['name']}.{row[0]}.{row[1]}.{'.'.join(row[2])}")


@functools.cache
def sdk(service):
    assert shutil.which("npm"), "npm is needed to fetch the SDK that NEWER rows are checked against"
    package = "client-" + JS_NAMES.get(service, service)
    home = BUILD.resolve() / "js-sdk"
    folder = home / package
    if not folder.exists():
        home.mkdir(exist_ok=True)
        archive = subprocess.run(["npm", "pack", "--silent", f"@aws-sdk/{package}"], cwd=home,
                                 check=True, capture_output=True, text=True, timeout=300).stdout
        with tarfile.open(home / archive.split()[-1]) as tar:
            tar.extractall(folder, [m for m in tar.getmembers() if m.name.endswith(".js")])
    reader = pathlib.Path(__file__).with_name("read_sdk.mjs")
    return json.loads(subprocess.run(["node", reader, folder / "package"], check=True,
                                     capture_output=True, text=True).stdout)


@pytest.mark.parametrize("service, operation, side, path, field", rows())
def test_newer_rows_are_amazons(service, operation, side, path, field):
    theirs = sdk(service)
    assert operation in theirs["operations"]
    shape = theirs["operations"][operation][side]
    for name in path:
        member = theirs["structures"][shape][name]
        shape = member["shape"]
    ours = SAME.get(field["type"], field["type"])
    assert ours in ("DOCUMENT", member["type"])
    if side == "input":
        assert field["required"] == member["required"]
