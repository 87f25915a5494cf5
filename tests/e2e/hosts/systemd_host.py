# SPDX-License-Identifier: Apache-2.0
"""A host that Debian's real systemd runs, with the project's own packages on it, and what to ask
systemd of a unit."""

import contextlib

from fleet import outcome, send  # which knows where the testbed is
import testbed
from agent import make_node_role
from conftest import REGION, wait_for

UNIT = "patchbay-agent.service"
STATE = "/var/lib/patchbay-agent"


def show(host, unit, *properties):
    """One property's value, or all of them by name."""
    said = host.exec("systemctl", "show", unit, *(f"-p{name}" for name in properties)).stdout
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return found[properties[0]] if len(properties) == 1 else found


def journal(host, unit, *options):
    return host.sh(" ".join(["journalctl", "-b", "--no-pager", "-o", "cat", "-u", unit, *options]))


@contextlib.contextmanager
def systemd_node(plane, name, packages, repository=None):
    """A host with the agent's .deb, registered and enabled as the manual says: host.node is its
    id. `packages` is the folder of the packages, `repository` the only one that apt has."""
    ssm = plane.client("ssm")
    activation = ssm.create_activation(IamRole=make_node_role(plane.client("iam"), f"Node-{name}"))
    binds = {"/srv/packages": packages.directory}
    if repository:
        binds["/srv/repo"] = repository.directory
    with testbed.Host(name, systemd=True, binds=binds) as host:
        if repository:
            host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
            repository.enable(host, "/srv/repo")
        host.sh("apt-get -q -y --no-install-recommends install /srv/packages/patchbay-agent_*.deb")
        host.exec("patchbay-agent", "register", "--endpoint", plane.url, "--region", REGION,
                  "--activation-id", activation["ActivationId"], "--activation-code", "-",
                  input=activation["ActivationCode"] + "\n")
        host.node = host.sh(f"grep -o 'mi-[0-9a-f]*' {STATE}/identity.json")
        host.exec("systemctl", "enable", "--now", UNIT)
        wait_for(lambda: is_online(ssm, host), timeout=30)
        yield host


def is_online(ssm, host):
    found = ssm.describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [host.node]}])["InstanceInformationList"]
    return found[0]["PingStatus"] == "Online" and found[0].get("AgentVersion")


def run(ssm, host, line):
    return outcome(ssm, send(ssm, host, "AWS-RunShellScript", commands=line))
