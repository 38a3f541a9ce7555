"""The stack that `evenkeel template` renders, created on an emulator, and one of Evenkeel's own functions invoked in it.

The function is the journal's: what it needs of AWS is DynamoDB alone. It is built for this machine, whatever architecture
the template declares, because the emulator starts it here.
"""

import io
import json
import pathlib
import subprocess
import zipfile

import boto3

from emulator import REGION, wait_for

ROOT = pathlib.Path(__file__).parents[2]
BUILT = ROOT / "target" / "debug"
SYSTEM = ROOT / "rehearsal" / "systems" / "two-regions.toml"
# The account of that system file: ministack takes it from the access key.
ACCOUNT = "111122223333"
NAME, BUCKET, PREFIX = "evenkeel", "code-of-evenkeel", "1"
RUN = {
    "system": "shop",
    "incident": "shop-by-hand",
    "recovery": "fail-over-database",
    "opened_at": "2026-01-01T00:00:00Z",
    "because": "it is a test",
}


def check(url):
    """Creates the stack and asks its journal for a lock. What is wrong, or nothing."""

    def client(service):
        return boto3.client(
            service, endpoint_url=url, region_name=REGION, aws_access_key_id=ACCOUNT, aws_secret_access_key="not checked"
        )

    command = [BUILT / "evenkeel", "template", "--region", REGION, SYSTEM]
    template = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    template["Resources"] = {name: one for name, one in template["Resources"].items() if is_known(one)}
    upload(client("s3"), template)
    status = create(client("cloudformation"), f"{url}/{BUCKET}/template.json")
    if status != "CREATE_COMPLETE":
        return f"the stack ended as {status}"
    left = [name for name, text in definitions(client("stepfunctions")) if "${" in text]
    if left:
        return f"placeholders are left in {', '.join(left)}"
    return "; ".join(wrong_answers(client("lambda")))


def is_known(resource):
    """Whether the emulator knows such a resource: composite alarms and metric math it does not."""
    return resource["Type"] != "AWS::CloudWatch::CompositeAlarm" and "Metrics" not in resource.get("Properties", {})


def upload(s3, template):
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(template))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.write(BUILT / "journal", "bootstrap")
        package.write(SYSTEM, f"systems/{SYSTEM.name}")
    keys = [one["Properties"]["Code"]["S3Key"]["Fn::Sub"] for one in of_type(template, "AWS::Lambda::Function")]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key.replace("${CodePrefix}", PREFIX), Body=packed.getvalue())
    for path in (ROOT / "statemachines").glob("*.asl.json"):
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{path.name}", Body=path.read_bytes())


def of_type(template, kind):
    return [resource for resource in template["Resources"].values() if resource["Type"] == kind]


def create(cloudformation, template_url):
    """Creates the stack by way of a change set, as a deployment does. Its status in the end."""
    names = {"StackName": NAME, "ChangeSetName": "first"}
    given = {"CodeBucket": BUCKET, "CodePrefix": PREFIX}
    cloudformation.create_change_set(
        **names,
        ChangeSetType="CREATE",
        TemplateURL=template_url,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    wait_for("the change set", lambda: cloudformation.describe_change_set(**names)["Status"] == "CREATE_COMPLETE", 20)
    cloudformation.execute_change_set(**names)

    def ended():
        status = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]
        return status if not status.endswith("IN_PROGRESS") else None

    return wait_for("the stack", ended, 60)


def definitions(states):
    for machine in states.list_state_machines()["stateMachines"]:
        described = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
        yield machine["name"], described["definition"]


def wrong_answers(functions):
    """Asks for the lock, twice, and gives it back, twice: what is not answered as it must be."""

    def active():
        return functions.get_function_configuration(FunctionName="evenkeel-journal")["State"] == "Active"

    wait_for("the journal's function to become active", active, 20)
    taken, again, released, gone, unknown = (
        json.loads(functions.invoke(FunctionName="evenkeel-journal", Payload=json.dumps(asked))["Payload"].read())
        for asked in (
            {"ensure": condition, "run": RUN}
            for condition in ("lock-taken", "lock-taken", "lock-released", "lock-released", "lock-stolen")
        )
    )
    if taken.get("epoch") != 1 or again != taken:
        yield f"the lock was taken as {taken}, and then as {again}"
    if (released, gone) != ({"was_held": True}, {"was_held": False}):
        yield f"the lock was released as {released}, and then as {gone}"
    if unknown.get("errorType") != "InvalidInput":
        yield f"a condition that is none was answered with {unknown}"
