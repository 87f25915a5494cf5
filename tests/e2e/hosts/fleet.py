# SPDX-License-Identifier: Apache-2.0
"""A fleet as the tutorial has it: an organization, member accounts, Regions, a real host for each
pair with a real agent, a resource group everywhere. Tests deploy templates and let it run."""

import contextlib
import datetime
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "testbed"))

import testbed  # noqa: E402

from agent import make_node_role  # noqa: E402
from conftest import BUILD, REGION, Organization, wait_for  # noqa: E402
from schedule_function import ARCHIVE  # noqa: E402

AGENT = BUILD / "src/agent/patchbay-agent"
PATCH = BUILD / "src/patch/patchbay-patch"
MODULE = "patchbay-apt.so"  # what it knows Debian packages by
PROGRAMS = {"/usr/bin/patchbay-agent": AGENT, "/usr/bin/patchbay-patch": PATCH,
            f"/usr/lib/patchbay/{MODULE}": PATCH.parent / MODULE}
STATE = "/var/lib/patchbay/agent"
GROUP = "PatchFleet"
ROLE = "PatchbayNode"
QUERY = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps({
    "ResourceTypeFilters": ["AWS::SSM::ManagedInstance"],
    "TagFilters": [{"Key": "Fleet", "Values": ["Yes"]}]})}
OVER = {"Success", "Failed", "TimedOut", "Cancelled"}


class Fleet:
    def __init__(self, plane, regions, repository=None):
        self.plane, self.regions, self.repository = plane, regions, repository
        self.organization = Organization(plane)
        self.accounts = self.organization.members
        self.hosts = {}  # (account, region) -> Host
        self.nodes = {}  # (account, region) -> mi-...

    @property
    def pairs(self):
        return [(account, region) for account in self.accounts for region in self.regions]

    def client(self, service, pair=None):
        account, region = pair or (None, self.regions[0])
        return self.plane.client(service, account=account, region=region)

    # --- hosts ---

    def start(self):
        for account in self.accounts:
            make_node_role(self.plane.client("iam", account=account), ROLE)
        for number, pair in enumerate(self.pairs):
            self._start_host(f"host{number}", pair)
        wait_for(self._all_online, timeout=60)
        return self

    def _start_host(self, name, pair):
        binds = dict(PROGRAMS)
        if self.repository:
            binds["/srv/repository"] = self.repository.directory
        host = testbed.Host(name, binds=binds, start=[
            (f"/usr/bin/patchbay-agent run --state {STATE}", f"{STATE}/identity.json")])
        host.start()
        self.hosts[pair] = host
        if self.repository:
            self._only_repository(host)
        activation = self.client("ssm", pair).create_activation(
            IamRole=ROLE, Tags=[{"Key": "Fleet", "Value": "Yes"}])
        host.exec("/usr/bin/patchbay-agent", "register", "--endpoint", self.plane.url,
                  "--region", pair[1], "--activation-id", activation["ActivationId"],
                  "--activation-code", activation["ActivationCode"], "--state", STATE)

    def _only_repository(self, host):
        """Updates come from the test's own repository alone: quick, and the same every time."""
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        self.repository.enable(host, "/srv/repository")

    def _all_online(self):
        for pair in self.pairs:
            found = self.client("ssm", pair).describe_instance_information()
            online = [n["InstanceId"] for n in found["InstanceInformationList"]
                      if n["PingStatus"] == "Online"]
            if len(online) != 1:
                return False
            self.nodes[pair] = online[0]
        return True

    def close(self):
        for host in self.hosts.values():
            host.close()

    # --- what is deployed ---

    def make_groups(self):
        for pair in self.pairs:
            self.client("resource-groups", pair).create_group(Name=GROUP, ResourceQuery=QUERY)

    def stack(self, name, template, **parameters):
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=name, TemplateBody=template.read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=_parameters(parameters))
        self._wait_for_stack(cloudformation, name)

    def _wait_for_stack(self, cloudformation, name):
        def over():
            stack, = cloudformation.describe_stacks(StackName=name)["Stacks"]
            return stack if not stack["StackStatus"].endswith("IN_PROGRESS") else None

        stack = wait_for(over, timeout=90)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            raise AssertionError([(e["LogicalResourceId"], e.get("ResourceStatusReason"))
                                  for e in events])

    def execution_role(self, template, **parameters):
        """By a self-managed stack set: the administration role here, the access role there."""
        self.stack("stackset-administration",
                   ROOT / "templates/stackset-administration-role.yaml",
                   ExecutionRoleName="OrganizationAccountAccessRole")
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack_set(
            StackSetName="execution-role", TemplateBody=template.read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=_parameters(parameters),
            ExecutionRoleName="OrganizationAccountAccessRole")
        operation = cloudformation.create_stack_instances(
            StackSetName="execution-role", Accounts=self.accounts,
            Regions=self.regions[:1])["OperationId"]

        def over():
            found = cloudformation.describe_stack_set_operation(
                StackSetName="execution-role", OperationId=operation)["StackSetOperation"]
            return found["Status"] if found["Status"] not in ("RUNNING", "QUEUED") else None

        assert wait_for(over, timeout=90) == "SUCCEEDED"

    def upload_function(self):
        s3 = self.client("s3")
        s3.create_bucket(Bucket="fleet-code")
        s3.put_object(Bucket="fleet-code", Key="schedule-patching.zip", Body=ARCHIVE.read_bytes())
        return {"LambdaCodeBucket": "fleet-code", "LambdaCodeKey": "schedule-patching.zip"}

    # --- the run ---

    def executions(self):
        return self.client("ssm").describe_automation_executions()[
            "AutomationExecutionMetadataList"]

    def wait_for_execution(self, timeout=150):
        return wait_for(self.executions, timeout=timeout, pause=0.5)[0]["AutomationExecutionId"]

    def wait_for_end(self, execution, timeout=420):
        def over():
            found = self.client("ssm").get_automation_execution(
                AutomationExecutionId=execution)["AutomationExecution"]
            return found if found["AutomationExecutionStatus"] in OVER else None

        return wait_for(over, timeout=timeout, pause=1)

    def patch_state(self, pair):
        states = self.client("ssm", pair).describe_instance_patch_states(
            InstanceIds=[self.nodes[pair]])["InstancePatchStates"]
        return states[0] if states else None

    def times_upgraded(self, pair, package):
        """How often dpkg really changed the package on that host."""
        log = self.hosts[pair].sh("cat /var/log/dpkg.log 2>/dev/null || true")
        return sum(f" upgrade {package}:" in line for line in log.splitlines())

    def story(self):
        """What to read when a run did not end well."""
        return "\n".join([self.plane.log_text()] + [
            f"--- {pair}\n{host.console()[-3000:]}" for pair, host in self.hosts.items()])


@contextlib.contextmanager
def managed_host(plane, name, repo):
    """A host that a plane manages, with the test's own repository alone: host.node is its id,
    host.role its role, host.agent what starts the agent with each boot."""
    ssm, role = plane.client("ssm"), make_node_role(plane.client("iam"), f"Node-{name}")
    activation = ssm.create_activation(IamRole=role)
    agent = f"exec /usr/bin/patchbay-agent run --state {STATE}"
    with testbed.Host(name, binds={**PROGRAMS, "/srv/repo": repo.directory},
                      start=[(agent, f"{STATE}/identity.json")]) as host:
        host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
        repo.enable(host, "/srv/repo")
        host.exec("patchbay-agent", "register", "--endpoint", plane.url, "--region", REGION,
                  "--activation-id", activation["ActivationId"], "--activation-code",
                  activation["ActivationCode"], "--state", STATE)
        host.agent, host.role = agent, role
        host.node = host.sh(f"grep -o 'mi-[0-9a-f]*' {STATE}/identity.json")
        wait_for(lambda: ssm.describe_instance_information(
            Filters=[{"Key": "InstanceIds", "Values": [host.node]}])["InstanceInformationList"]
            [0]["PingStatus"] == "Online", timeout=30)
        yield host


def invocation(ssm, command):
    """The one invocation of a command, with its steps, once it is over."""
    def over():
        found = ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
        return found[0] if found and found[0]["Status"] not in (
            "Pending", "InProgress", "Delayed", "Cancelling") else None

    return wait_for(over, timeout=120, pause=0.1)


def send(ssm, host, document, **parameters):
    """The command's id; a parameter is one value or a list."""
    return ssm.send_command(InstanceIds=[host.node], DocumentName=document, Parameters={
        k: v if isinstance(v, list) else [v] for k, v in parameters.items()})[
            "Command"]["CommandId"]


def outcome(ssm, command):
    """Status, exit code and output of the step that ran, once the command is over."""
    steps = invocation(ssm, command)["CommandPlugins"]
    step = next((s for s in steps if s["Name"] == "PatchLinux"), steps[0])
    assert {s["Status"] for s in steps if s is not step} <= {"Success"}  # they were skipped
    return step["Status"], step["ResponseCode"], step["Output"]


def patch(ssm, host, operation, reboot="RebootIfNeeded"):
    """The outcome of AWS-RunPatchBaseline."""
    return outcome(ssm, send(ssm, host, "AWS-RunPatchBaseline", Operation=operation,
                             RebootOption=reboot))


def state_of(ssm, host):
    state, = ssm.describe_instance_patch_states(InstanceIds=[host.node])["InstancePatchStates"]
    return state


def _parameters(parameters):
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]


def next_minute(more=1):
    """A cron expression that fires once, in the minute after next second's."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=more)
    return f"cron({at.minute} {at.hour} {at.day} {at.month} ? {at.year})"
