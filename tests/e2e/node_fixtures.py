# SPDX-License-Identifier: Apache-2.0
"""A plane a module, and nodes of it that speak for themselves, one a test. A test module
imports the fixtures by name."""

import pytest

import agent as agents
from conftest import Plane


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane(tmp_path_factory.mktemp("plane") / "data").start()
    yield plane
    assert plane.stop() == 0, plane.log_text()


@pytest.fixture(scope="module")
def ssm(plane):
    return plane.client("ssm")


@pytest.fixture(scope="module")
def role(plane):
    return agents.make_node_role(plane.client("iam"))


@pytest.fixture
def make_agents(plane, ssm, role):
    """Makes nodes of one activation, which has the tags [(key, value)]."""
    made = []

    def make(count=1, tags=()):
        activation = ssm.create_activation(
            IamRole=role, RegistrationLimit=count,
            **({"Tags": [{"Key": k, "Value": v} for k, v in tags]} if tags else {}))
        new = [agents.Agent(plane.url).start(activation["ActivationId"],
                                             activation["ActivationCode"])
               for _ in range(count)]
        made.extend(new)
        return new

    yield make
    for one in made:
        ssm.deregister_managed_instance(InstanceId=one.id)


@pytest.fixture
def make_node(make_agents):
    """Makes a node, of Debian 12 unless a system is named."""
    def make(name="", version="", tags=()):
        new, = make_agents(tags=tags)
        if name:
            new.ping(PlatformName=name, PlatformVersion=version)
        return new

    return make


@pytest.fixture
def node(make_node):
    return make_node()
