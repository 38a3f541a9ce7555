"""The stacks that `evenkeel template` renders, created on an emulator, with all of Evenkeel's own functions in them.

The functions are built for this machine, whatever architecture the template declares, because the emulator starts them
here.
"""

import concurrent.futures
import io
import json
import pathlib
import subprocess
import zipfile

from emulator import wait_for
from shop import REGIONS, client

ROOT = pathlib.Path(__file__).parents[2]
BUILT = ROOT / "target" / "debug"
NAME, PREFIX = "evenkeel", "1"


def create(url, files):
    """Creates both Regions' stacks for those system files. What is wrong, or nothing."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        rendered = dict(zip(REGIONS, pool.map(lambda region: render(region, files), REGIONS)))
        keys = {
            one["Properties"]["Code"]["S3Key"]["Fn::Sub"]
            for template in rendered.values()
            for one in of_type(template, "AWS::Lambda::Function")
        }
        packed = dict(zip(keys, pool.map(lambda key: package(key, files), keys)))
        return "; ".join(wrong for region in REGIONS for wrong in create_one(url, region, rendered[region], packed))


def render(region, files):
    command = [BUILT / "evenkeel", "template", "--region", region, *files]
    template = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    template["Resources"] = {name: one for name, one in template["Resources"].items() if is_known(one)}
    return template


def is_known(resource):
    """Whether the emulator knows such a resource: composite alarms and metric math it does not, and so not what shows them."""
    kind, properties = resource["Type"], resource.get("Properties", {})
    shows_alarms = properties.get("DashboardName", "").startswith("evenkeel-itself")
    return kind != "AWS::CloudWatch::CompositeAlarm" and "Metrics" not in properties and not shows_alarms


def of_type(template, kind):
    return [resource for resource in template["Resources"].values() if resource["Type"] == kind]


def package(key, files):
    """A function as a deployment package: its program, and the system files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.write(BUILT / pathlib.Path(key).stem, "bootstrap")
        for file in files:
            package.write(file, f"systems/{file.name}")
    return packed.getvalue()


def create_one(url, region, template, packed):
    bucket = f"code-of-evenkeel-{region}"
    upload(client(url, "s3", region), bucket, region, template, packed)
    status = create_by_change_set(client(url, "cloudformation", region), bucket, f"{url}/{bucket}/template.json")
    if status != "CREATE_COMPLETE":
        yield f"the stack in {region} ended as {status}"
        return
    left = [name for name, text in definitions(client(url, "stepfunctions", region)) if "${" in text]
    if left:
        yield f"placeholders are left in {', '.join(left)}"
    functions = client(url, "lambda", region)
    for function in of_type(template, "AWS::Lambda::Function"):
        name = function["Properties"]["FunctionName"]

        def active():
            return functions.get_function_configuration(FunctionName=name)["State"] == "Active"

        wait_for(f"the function {name} to become active", active, 20)


def upload(s3, bucket, region, template, packed):
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(template))
    for key, body in packed.items():
        s3.put_object(Bucket=bucket, Key=key.replace("${CodePrefix}", PREFIX), Body=body)
    for path in (ROOT / "statemachines").glob("*.asl.json"):
        s3.put_object(Bucket=bucket, Key=f"{PREFIX}/{path.name}", Body=path.read_bytes())


def create_by_change_set(cloudformation, bucket, template_url):
    """Creates the stack by way of a change set, as a deployment does. Its status in the end."""
    names = {"StackName": NAME, "ChangeSetName": "first"}
    given = {"CodeBucket": bucket, "CodePrefix": PREFIX}
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


def physical(url, region, logical):
    """What a resource of the stack is called in the account."""
    described = client(url, "cloudformation", region).describe_stack_resource(StackName=NAME, LogicalResourceId=logical)
    return described["StackResourceDetail"]["PhysicalResourceId"]
