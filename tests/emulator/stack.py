"""The stacks as `evenkeel deploy` makes them on an emulator, with all of Evenkeel's own functions in them.

The functions are built for this machine, whatever architecture the template declares, because the emulator starts them
here.
"""

import pathlib
import subprocess

from shop import ACCOUNT, PRIMARY, REGIONS, STANDBY, client

ROOT = pathlib.Path(__file__).parents[2]
BUILT = ROOT / "target" / "debug"
NAME = "evenkeel"


def create(url, files):
    """Deploys both Regions for those system files, twice. What was seen; AssertionError says what is wrong."""
    first = deploy(url, files)
    status = {region: described(url, region)["StackStatus"] for region in REGIONS}
    assert set(status.values()) == {"CREATE_COMPLETE"}, f"the stacks ended as {status}"
    left = [name for region in REGIONS for name, text in definitions(url, region) if "${" in text]
    assert not left, f"placeholders are left in {', '.join(left)}"
    passed = [line for line in first.stderr.splitlines() if "self-test passed" in line]
    order = [line.split(":")[0] for line in passed]
    assert order == [STANDBY, PRIMARY], f"self-tests were passed in {order}"
    yield "evenkeel deploy: CREATE_COMPLETE in the standby Region, then in the primary, and no placeholder left"
    yield from passed
    again = deploy(url, files)
    unchanged = [line for line in again.stdout.splitlines() if line.endswith("no changes")]
    assert len(unchanged) == len(REGIONS), f"a second deploy said {again.stdout}"
    assert "sent to" not in again.stderr, f"a second deploy said {again.stderr}"
    yield "again: no changes, and nothing sent"


def deploy(url, files):
    """Packing unstripped programs for both Regions takes fifteen seconds of a core, and minutes where cores are busy."""
    command = [BUILT / "evenkeel", "deploy", "--yes", "--endpoint-url", url, "--binaries", BUILT]
    command += [word for file in files for word in ("--system-file", file)]
    # ministack takes the account from the key.
    environment = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "not checked"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, f"evenkeel deploy ended with {ended.returncode}: {ended.stderr}"
    return ended


def described(url, region):
    return client(url, "cloudformation", region).describe_stacks(StackName=NAME)["Stacks"][0]


def definitions(url, region):
    states = client(url, "stepfunctions", region)
    for machine in states.list_state_machines()["stateMachines"]:
        described = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
        yield machine["name"], described["definition"]


def physical(url, region, logical):
    """What a resource of the stack is called in the account."""
    described = client(url, "cloudformation", region).describe_stack_resource(StackName=NAME, LogicalResourceId=logical)
    return described["StackResourceDetail"]["PhysicalResourceId"]
