"""The ways in which plain ministack 1.5.33 is not AWS, and that `shim.py` puts right.

Each function observes one of them on the emulator that it is given. Above it stand the patch, what AWS answers, and what
plain ministack answers. The AWS documents are named at the patches.
"""

import datetime
import json
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import cbor2

from emulator import ACCOUNT, REGION, Emulator, wait_for


@dataclass
class Difference:
    patch: str
    observe: Callable[[Emulator], Any]
    aws: Any
    plain: Any

    @property
    def name(self):
        return self.observe.__name__.replace("_", " ")


DIFFERENCES = []


def difference(patch, aws, plain):
    def note(observe):
        DIFFERENCES.append(Difference(patch, observe, aws, plain))
        return observe

    return note


@difference("run_parallel_in_jsonata", aws={"kept": ["a", "b"]}, plain={"kept": []})
def parallel_assigns(emulator):
    return output_of(
        emulator,
        Begin={"Type": "Pass", "Assign": {"kept": []}, "Next": "Both"},
        Both={
            "Type": "Parallel",
            "Branches": [branch(A={"Type": "Pass", "Output": "a"}), branch(B={"Type": "Pass", "Output": "b"})],
            "Assign": {"kept": "{% $append($kept, $states.result) %}"},
            "Next": "Tell",
        },
        Tell={"Type": "Pass", "Output": {"kept": "{% $kept %}"}, "End": True},
    )


@difference("run_parallel_in_jsonata", aws="b", plain=["a", "b"])
def parallel_has_an_output(emulator):
    return output_of(
        emulator,
        Both={
            "Type": "Parallel",
            "Branches": [branch(A={"Type": "Pass", "Output": "a"}), branch(B={"Type": "Pass", "Output": "b"})],
            "Output": "{% $states.result[1] %}",
            "End": True,
        },
    )


@difference("run_parallel_in_jsonata", aws=[{"given": 1}], plain=[{}])
def parallel_hands_arguments_in(emulator):
    return output_of(
        emulator,
        One={
            "Type": "Parallel",
            "Arguments": {"given": "{% 1 %}"},
            "Branches": [branch(A={"Type": "Pass"})],
            "End": True,
        },
    )


@difference(
    "run_parallel_in_jsonata",
    aws={"branches": ["a", "b"], "leaked": False},
    plain={"branches": ["b", "b"], "leaked": True},
)
def branches_have_own_variables(emulator):
    return output_of(
        emulator,
        Both={
            "Type": "Parallel",
            "Branches": [
                branch(
                    A={"Type": "Pass", "Assign": {"mine": "a"}},
                    WaitLonger={"Type": "Wait", "Seconds": 2, "Output": "{% $mine %}"},
                ),
                branch(
                    WaitShorter={"Type": "Wait", "Seconds": 1},
                    B={"Type": "Pass", "Assign": {"mine": "b"}},
                    Tell={"Type": "Pass", "Output": "{% $mine %}"},
                ),
            ],
            "Next": "Tell",
        },
        Tell={"Type": "Pass", "Output": {"branches": "{% $states.input %}", "leaked": "{% $exists($mine) %}"}, "End": True},
    )


@difference("run_parallel_in_jsonata", aws=["Shorter", "Longer"], plain=["Longer", "Longer"])
def branches_know_their_own_state(emulator):
    name = "{% $states.context.State.Name %}"
    return output_of(
        emulator,
        Both={
            "Type": "Parallel",
            "Branches": [
                branch(Shorter={"Type": "Wait", "Seconds": 2, "Output": name}),
                branch(First={"Type": "Wait", "Seconds": 1}, Longer={"Type": "Wait", "Seconds": 2, "Output": name}),
            ],
            "End": True,
        },
    )


@difference("give_succeed_its_output", aws={"told": "by Done"}, plain={"told": "by the state before"})
def succeed_has_an_output(emulator):
    return output_of(
        emulator,
        Begin={"Type": "Pass", "Output": {"told": "by the state before"}, "Next": "Done"},
        Done={"Type": "Succeed", "Output": {"told": "{% 'by ' & $states.context.State.Name %}"}},
    )


@difference("assign_from_values_on_entry", aws={"x": 2, "y": 1}, plain={"x": 2, "y": 2})
def assign_sees_values_on_entry(emulator):
    return output_of(
        emulator,
        Begin={"Type": "Pass", "Assign": {"x": 1}, "Next": "Both"},
        Both={"Type": "Pass", "Assign": {"x": "{% $x + 1 %}", "y": "{% $x %}"}, "Next": "Tell"},
        Tell={"Type": "Pass", "Output": {"x": "{% $x %}", "y": "{% $y %}"}, "End": True},
    )


@difference("fail_with_the_function_that_gets_a_token", aws="Refused", plain="States.Timeout")
def asking_fails_with_its_function(emulator):
    function = emulator.function("asks")
    return output_of(
        emulator,
        Ask={
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {
                "FunctionName": function,
                "Payload": {"error": "Refused", "token": "{% $states.context.Task.Token %}"},
            },
            "TimeoutSeconds": 5,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Done"}],
            "End": True,
        },
        Done={"Type": "Pass", "End": True},
    )


ALARM = {
    "resource": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:writer-unreachable",
    "name": "writer-unreachable",
    "from": ("INSUFFICIENT_DATA", "OK"),
    "to": ("OK", "ALARM"),
    "reasons": ("it was well", "it is down"),
    "data": '{"version":"1.0"}',
    "metric": {"namespace": "Shop", "name": "WriteFailures", "dimensions": {"System": "shop"}},
}


@difference("send_alarm_state_changes", aws=ALARM, plain="no event")
def alarms_reach_the_event_bus(emulator):
    name = ALARM["name"]
    url, arn = emulator.queue("alarms")
    emulator.events.put_rule(Name="alarms", EventPattern=json.dumps({"source": ["aws.cloudwatch", "the.check"]}))
    emulator.events.put_targets(Rule="alarms", Targets=[{"Id": "queue", "Arn": arn}])
    emulator.cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Shop",
        MetricName="WriteFailures",
        Dimensions=[{"Name": "System", "Value": "shop"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    for value, reason in zip(ALARM["to"], ALARM["reasons"]):
        emulator.cloudwatch.set_alarm_state(
            AlarmName=name, StateValue=value, StateReason=reason, StateReasonData=ALARM["data"]
        )
    # Comes after the alarm's events by the same way: once it is here, they will not come any more.
    emulator.events.put_events(Entries=[{"Source": "the.check", "DetailType": "The last", "Detail": "{}"}])
    seen = []

    def the_last_came():
        seen.extend(emulator.messages(url))
        return any(event["source"] == "the.check" for event in seen)

    wait_for("the event after the alarm's", the_last_came, seconds=20)
    events = [event for event in seen if event["source"] == "aws.cloudwatch"]
    if not events:
        return "no event"
    details = sorted((event["detail"] for event in events), key=lambda detail: detail["state"]["value"], reverse=True)
    for state in (state for detail in details for state in (detail["state"], detail["previousState"])):
        datetime.datetime.strptime(state["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    last = details[-1]
    return {
        "resource": events[0]["resources"][0],
        "name": last["alarmName"],
        "from": tuple(detail["previousState"]["value"] for detail in details),
        "to": tuple(detail["state"]["value"] for detail in details),
        "reasons": (last["previousState"]["reason"], last["state"]["reason"]),
        "data": last["state"]["reasonData"],
        "metric": last["configuration"]["metrics"][0]["metricStat"]["metric"],
    }


@difference(
    "invoke_rule_targets_asynchronously",
    aws={"attempts": 3, "kept": {"error": "InvalidEvent"}},
    plain={"attempts": 1, "kept": None},
)
def rules_try_a_function_again(emulator):
    url, queue = emulator.queue("failed-events")
    function = emulator.function("refuses")
    emulator.functions.put_function_event_invoke_config(
        FunctionName="refuses", DestinationConfig={"OnFailure": {"Destination": queue}}
    )
    emulator.events.put_rule(Name="refused", EventPattern=json.dumps({"source": ["the.sender"]}))
    target = {"Id": "function", "Arn": function, "Input": json.dumps({"error": "InvalidEvent"})}
    emulator.events.put_targets(Rule="refused", Targets=[target])
    emulator.events.put_events(Entries=[{"Source": "the.sender", "DetailType": "Any", "Detail": "{}"}])
    wait_for("the first attempt", lambda: emulator.invocations("refuses"), seconds=20)
    # `run` sets the pause before the second attempt to 0.1 s, so five seconds without a message mean that none comes.
    kept = wait_for_message(emulator, url, seconds=5)
    return {"attempts": len(emulator.invocations("refuses")), "kept": kept and kept["requestPayload"]}


@difference("answer_metric_data_newest_first", aws=[2, 1], plain=[1, 2])
def metric_data_newest_first_in_json(emulator):
    put_two_data_points(emulator, "json")
    answer = emulator.cloudwatch.get_metric_data(**metric_query("json"))
    return [int(value) for value in answer["MetricDataResults"][0]["Values"]]


@difference("answer_metric_data_newest_first", aws=[[2, 1], [1, 2]], plain=[[1, 2], [1, 2]])
def metric_data_newest_first_in_cbor(emulator):
    put_two_data_points(emulator, "cbor")
    orders = ("TimestampDescending", "TimestampAscending")
    answers = [call_in_cbor(emulator, "GetMetricData", metric_query("cbor", ScanBy=order)) for order in orders]
    for result in (answer["MetricDataResults"][0] for answer in answers):
        pairs = sorted(zip(result["Timestamps"], result["Values"]))
        assert [value for _, value in pairs] == [1, 2], f"the time stamps do not go with the values: {result}"
    return [[int(value) for value in answer["MetricDataResults"][0]["Values"]] for answer in answers]


@difference("create_alarms_on_metric_math", aws=("CREATE_COMPLETE", "metric math"), plain=("ROLLBACK_COMPLETE", None))
def a_stack_has_an_alarm_on_metric_math(emulator):
    name, status = stack_of(emulator, Sum=alarm_on_a_sum())
    found = emulator.cloudwatch.describe_alarms(AlarmNames=[f"{name}-sum"])["MetricAlarms"]
    return status, found[0]["AlarmDescription"] if found else None


@difference("create_composite_alarms", aws=("CREATE_COMPLETE", "ALARM"), plain=("ValidationError", None))
def a_stack_has_a_composite_alarm(emulator):
    one = {
        "AlarmName": "below-any",
        "Namespace": "Check",
        "MetricName": "nothing",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": 1,
    }
    composite = {"AlarmName": "any", "AlarmRule": {"Fn::Sub": 'ALARM("${One}")'}}
    _, status = stack_of(
        emulator,
        One={"Type": "AWS::CloudWatch::Alarm", "Properties": one},
        Any={"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": composite},
    )
    if status != "CREATE_COMPLETE":
        return status, None
    emulator.cloudwatch.set_alarm_state(AlarmName="below-any", StateValue="ALARM", StateReason="a check")
    described = emulator.cloudwatch.describe_alarms(AlarmNames=["any"], AlarmTypes=["CompositeAlarm"])
    return status, described["CompositeAlarms"][0]["StateValue"]


def alarm_on_a_sum():
    def metric(name):
        stat = {"Metric": {"Namespace": "Check", "MetricName": name}, "Period": 60, "Stat": "Sum"}
        return {"Id": name, "ReturnData": False, "MetricStat": stat}

    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": "${AWS::StackName}-sum"},
            "AlarmDescription": "metric math",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "EvaluationPeriods": 1,
            "Metrics": [metric("a"), metric("b"), {"Id": "all", "Expression": "a + b", "ReturnData": True}],
        },
    }


def stack_of(emulator, **resources):
    """The name of a stack of these resources, and the status in which its creation ended; or the error that refused it."""
    name = f"check-{next(emulator.numbers)}"
    try:
        emulator.stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    except botocore.exceptions.ClientError as error:
        return name, error.response["Error"]["Code"]

    def ended():
        status = emulator.stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return status if not status.endswith("IN_PROGRESS") else None

    return name, wait_for("the stack", ended, 20)


@difference("register_instances_of_groups_as_targets", aws=[2, 3, 1], plain=[0, 0, 0])
def groups_register_their_instances(emulator):
    """Healthy targets of a group that is made with two instances, grown to three, and reduced to one."""
    made = emulator.balancing.create_target_group(Name="check", Protocol="HTTP", Port=80, VpcId="vpc-1")
    arn = made["TargetGroups"][0]["TargetGroupArn"]

    def healthy():
        answer = emulator.balancing.describe_target_health(TargetGroupArn=arn)
        states = [one["TargetHealth"]["State"] for one in answer["TargetHealthDescriptions"]]
        return states.count("healthy")

    emulator.groups.create_auto_scaling_group(
        AutoScalingGroupName="check",
        MinSize=1,
        DesiredCapacity=2,
        MaxSize=3,
        AvailabilityZones=[f"{REGION}a"],
        LaunchTemplate={"LaunchTemplateName": "check", "Version": "1"},
        TargetGroupARNs=[arn],
    )
    seen = [healthy()]
    for desired in (3, 1):
        emulator.groups.update_auto_scaling_group(AutoScalingGroupName="check", DesiredCapacity=desired)
        seen.append(healthy())
    return seen


def branch(**states):
    """A branch of a Parallel state, its states in the order in which they run."""
    names = list(states)
    ways = [{"Next": name} for name in names[1:]] + [{"End": True}]
    return {"StartAt": names[0], "States": {name: state | way for (name, state), way in zip(states.items(), ways)}}


def output_of(emulator, **states):
    """What a small machine in JSONata answers, or the error that it fails with. It begins with the first state."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    name = f"check-{next(emulator.numbers)}"
    ended = emulator.ended(emulator.start(name, definition), seconds=30)
    return json.loads(ended["output"]) if ended["status"] == "SUCCEEDED" else f"{ended['error']}: {ended['cause']}"


def wait_for_message(emulator, url, seconds):
    try:
        return wait_for("a message", lambda: emulator.messages(url), seconds)[0]
    except TimeoutError:
        return None


def put_two_data_points(emulator, metric):
    """One of three minutes ago, 1, and one of two minutes ago, 2."""
    now = datetime.datetime.now(datetime.timezone.utc)
    points = [
        {"MetricName": metric, "Value": value, "Timestamp": now - datetime.timedelta(minutes=minutes)}
        for value, minutes in ((1, 3), (2, 2))
    ]
    emulator.cloudwatch.put_metric_data(Namespace="Check", MetricData=points)


def metric_query(metric, **more):
    now = datetime.datetime.now(datetime.timezone.utc)
    statistic = {"Metric": {"Namespace": "Check", "MetricName": metric}, "Period": 60, "Stat": "Maximum"}
    return {
        "StartTime": now - datetime.timedelta(minutes=10),
        "EndTime": now,
        "MetricDataQueries": [{"Id": "m", "MetricStat": statistic}],
        **more,
    }


def call_in_cbor(emulator, operation, body):
    """Calls CloudWatch in the protocol that the Rust SDK speaks, and boto3 does not: Smithy RPC v2 CBOR."""
    request = botocore.awsrequest.AWSRequest(
        "POST",
        f"{emulator.url}/service/GraniteServiceVersion20100801/operation/{operation}",
        data=cbor2.dumps(body, datetime_as_timestamp=True),
        headers={"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor", "accept": "application/cbor"},
    )
    credentials = botocore.credentials.Credentials(ACCOUNT, "not checked")
    botocore.auth.SigV4Auth(credentials, "monitoring", REGION).add_auth(request)
    sent = urllib.request.Request(request.url, data=request.data, headers=dict(request.headers.items()), method="POST")
    with urllib.request.urlopen(sent, timeout=30) as answer:
        assert answer.headers["smithy-protocol"] == "rpc-v2-cbor", "the answer is not in CBOR"
        return cbor2.loads(answer.read())
