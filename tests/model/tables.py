# SPDX-License-Identifier: Apache-2.0
"""Our operation tables, and AWS's own models as Debian's botocore ships them."""
import functools
import json
import subprocess

import botocore.session

from conftest import BUILD

# Our names, which are those of credential scopes, where botocore's differ.
BOTOCORE_NAMES = {"tagging": "resourcegroupstaggingapi"}
NOT_AWS = {"ec2messages", "ssmmessages", "patchbay"}  # the agent's channel, and our own


@functools.cache
def tables():
    return json.loads(subprocess.run([BUILD / "tests/model/dump_tables"], check=True,
                                     capture_output=True, text=True).stdout)


@functools.cache
def model(service):
    session = botocore.session.get_session()
    return session.get_service_model(BOTOCORE_NAMES.get(service, service))


def modelled():
    return [s for s in tables() if s["name"] not in NOT_AWS]
