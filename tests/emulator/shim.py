"""ministack 1.5.33, with AWS's behaviour put back where this version differs and Evenkeel depends on it.

Start it instead of `python -m ministack`, with the same environment. It replaces private functions of ministack before
it hands over to ministack's own `main`, so it refuses to start with any other version.

One function below is one patch. Its docstring says what AWS does and which AWS document says so. `check_shim.py` holds
each patch against a plain ministack (is it still needed?) and against a patched one (does it do what it says?).
"""

import contextvars
import importlib.metadata
import json
import os
import sys
import threading
import time

VERSION = "1.5.33"

found = importlib.metadata.version("ministack")
if found != VERSION:
    sys.exit(
        f"shim.py replaces private functions of ministack {VERSION}, and found {found}.\n"
        "Install the pinned version: pip install --require-hashes -r requirements.txt.\n"
        "Or move to the new version on purpose: read its changes to the functions that shim.py replaces, set VERSION,\n"
        "run ./run, and delete each patch that it reports as no longer needed."
    )

from ministack.core.responses import get_account_id, get_region  # noqa: E402
from ministack.services import alb, autoscaling, cloudwatch, eventbridge, lambda_svc  # noqa: E402
from ministack.services import stepfunctions as sfn  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402


def run_parallel_in_jsonata():
    """A Parallel state in JSONata has `Arguments`, `Output` and `Assign`, and each branch has variables of its own.

    A branch reads the variables of the state machine around it. What it assigns is seen by no other branch, and is gone
    when the branch ends. `$states.context.State` is the state that a branch is in, not one of another branch.
    AWS: Step Functions Developer Guide, "Parallel workflow state" and "Passing data between states with variables".

    As in plain ministack, a failure is raised only when all the branches have ended. AWS stops the others at once.
    """
    plain = sfn._run_parallel_branches

    def run_parallel_branches(state, raw_input, execution, context):
        if not is_jsonata(state, context):
            return plain(state, raw_input, execution, context)
        given = sfn._apply_jsonata_arguments(state, raw_input, context)
        results = run_branches(state["Branches"], given, execution, context)
        output = sfn._apply_jsonata_output(state, raw_input, context, result=results, default=results)
        sfn._apply_state_assign(state, raw_input, context, result=results)
        return output, sfn._next_or_end(state)

    def run_branches(branches, given, execution, context):
        results, errors = [None] * len(branches), [None] * len(branches)

        def run_branch(index, branch):
            # A copy: the branch's state and variables do not reach the context of the state machine around it.
            own = {**context, "variables": dict(context["variables"])}
            try:
                results[index] = sfn._run_sub_machine(branch["States"], branch["StartAt"], given, execution, own)
            except Exception as error:
                errors[index] = error

        threads = [
            # ministack keeps the account and the Region in context variables.
            threading.Thread(target=contextvars.copy_context().run, args=(run_branch, *numbered), daemon=True)
            for numbered in enumerate(branches)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in errors:
            if isinstance(error, sfn._ExecutionError):
                raise error
            if error is not None:
                raise sfn._ExecutionError("States.BranchFailed", str(error))
        return results

    sfn._run_parallel_branches = run_parallel_branches


def give_succeed_its_output():
    """A Succeed state in JSONata has `Output`, and that is the output of the execution.

    AWS: Step Functions Developer Guide, "Succeed workflow state".
    """
    plain = sfn._apply_output_path

    def apply_output_path(state, data, context=None):
        if state.get("Type") == "Succeed" and is_jsonata(state, context):
            return sfn._apply_jsonata_output(state, data, context, default=data)
        return plain(state, data, context)

    sfn._apply_output_path = apply_output_path


def assign_from_values_on_entry():
    """Every expression of one `Assign` sees the variables as they were when the state was entered.

    AWS: Step Functions Developer Guide, "Passing data between states with variables", on the order of evaluation.
    """

    def apply_state_assign(state, raw_input, context, result=None, error_output=None):
        if context is None or not is_jsonata(state, context) or not isinstance(state.get("Assign"), dict):
            return
        assigned = {
            name: sfn._apply_jsonata_template(value, raw_input, context, result=result, error_output=error_output)
            for name, value in state["Assign"].items()
        }
        context.setdefault("variables", {}).update(assigned)

    sfn._apply_state_assign = apply_state_assign


def fail_with_the_function_that_gets_a_token():
    """When the function of a `lambda:invoke.waitForTaskToken` fails, the task fails with the function's error at once.

    `Retry` and `Catch` see it. Plain ministack swallows it, and waits until `TimeoutSeconds` for an answer that nobody
    was asked for. AWS: Step Functions Developer Guide, "Handling errors in Step Functions workflows" and "Discover
    service integration patterns in Step Functions".
    """
    plain_wait, plain_call = sfn._invoke_with_callback, sfn._call_lambda
    waiting = threading.local()

    def invoke_with_callback(resource, data, token, state):
        waiting.token = token
        try:
            return plain_wait(resource, data, token, state)
        finally:
            waiting.token = None

    def call_lambda(function, event):
        try:
            return plain_call(function, event)
        except sfn._ExecutionError as failure:
            task = sfn._task_tokens.get(getattr(waiting, "token", None))
            # An answer that came before the failure stands.
            if task and not task["event"].is_set():
                task["error"] = {"Error": failure.error, "Cause": failure.cause}
                task["event"].set()
            raise

    sfn._invoke_with_callback = invoke_with_callback
    sfn._call_lambda = call_lambda


def send_alarm_state_changes():
    """An alarm that changes its state puts `CloudWatch Alarm State Change` on the account's default event bus.

    For alarms on one metric and for composite alarms. The event of an alarm on metric math has no `metrics`, and that of
    an alarm whose actions are suppressed does not say so. AWS: CloudWatch User Guide, "Alarm events and EventBridge".
    """
    plain = cloudwatch._record_history
    last = {}  # by the alarm's ARN: the state that the event before told

    def record_history(name, old, new, reason, alarm_type="MetricAlarm", reason_data=None):
        plain(name, old, new, reason, alarm_type, reason_data)
        if old == new:
            return
        alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name) or {}
        arn = f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime())
        state = {"value": new, "reason": reason, "timestamp": now}
        data = reason_data or alarm.get("StateReasonData")
        if data:
            state["reasonData"] = data if isinstance(data, str) else json.dumps(data)
        previous = last.get(arn, {})
        if previous.get("value") != old:
            previous = {"value": old, "reason": "Unchecked: Initial alarm creation", "timestamp": now}
        last[arn] = state
        detail = {
            "alarmName": name,
            "configuration": configuration(alarm),
            "previousState": previous,
            "state": state,
        }
        entry = {
            "Source": "aws.cloudwatch",
            "DetailType": "CloudWatch Alarm State Change",
            "Resources": [arn],
            "Detail": json.dumps(detail),
        }
        # ministack's own way in for events of AWS's services, as its Step Functions uses it.
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    def configuration(alarm):
        described = {"description": alarm.get("AlarmDescription") or ""}
        if "AlarmRule" in alarm:
            return {**described, "alarmRule": alarm["AlarmRule"]}
        if not alarm.get("MetricName"):
            return described
        metric = {
            "namespace": alarm.get("Namespace"),
            "name": alarm["MetricName"],
            "dimensions": {pair["Name"]: pair["Value"] for pair in alarm.get("Dimensions") or []},
        }
        statistic = {"metric": metric, "period": alarm.get("Period"), "stat": alarm.get("Statistic")}
        return {**described, "metrics": [{"id": "m1", "metricStat": statistic, "returnData": True}]}

    cloudwatch._record_history = record_history


def invoke_rule_targets_asynchronously():
    """EventBridge invokes a function asynchronously: Lambda tries again twice, then keeps the event.

    Lambda hands it to the function's on-failure destination or dead-letter queue. Plain ministack tries once and drops
    the event. AWS: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation".
    """

    def dispatch_to_lambda(arn, payload):
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            eventbridge.logger.warning("EventBridge: function %s not found", name)
            return
        record = lambda_svc._execution_record_for_config(function, config)
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch_to_lambda


def answer_metric_data_newest_first():
    """GetMetricData answers the newest data point first, unless `ScanBy` says `TimestampAscending`.

    For CBOR and JSON, which the SDKs speak. AWS: CloudWatch API Reference, GetMetricData, ScanBy.
    """
    plain = cloudwatch._get_metric_data
    request = threading.local()

    def get_metric_data(params, body, is_cbor, is_json=False):
        request.newest_first = (body or {}).get("ScanBy") != "TimestampAscending"
        try:
            return plain(params, body, is_cbor, is_json)
        finally:
            request.newest_first = False

    def in_order(encode):
        def ordered(answer):
            if getattr(request, "newest_first", False):
                for result in answer.get("MetricDataResults", []):
                    result["Timestamps"] = result["Timestamps"][::-1]
                    result["Values"] = result["Values"][::-1]
            return encode(answer)

        return ordered

    cloudwatch._get_metric_data = get_metric_data
    cloudwatch._cbor_ok = in_order(cloudwatch._cbor_ok)
    cloudwatch._json_ok = in_order(cloudwatch._json_ok)


def create_alarms_on_metric_math():
    """A template may have an alarm on metric math: `Metrics` in place of one metric and its statistic.

    It is kept and told, and never evaluated: it stays as `SetAlarmState` leaves it. AWS: CloudFormation Template Reference,
    AWS::CloudWatch::Alarm, `Metrics`.
    """
    plain = provisioners._cw_metric_alarm_record

    def metric_alarm_record(name, props):
        if not props.get("Metrics"):
            return plain(name, props)
        # A metric that nobody has, so that nothing that is put moves the alarm.
        alarm = plain(name, {**props, "Metrics": None, "MetricName": "metric math", "Namespace": "metric math"})
        return {**alarm, "MetricName": None, "Namespace": None, "Statistic": None, "Metrics": props["Metrics"]}

    provisioners._cw_metric_alarm_record = metric_alarm_record


def create_composite_alarms():
    """A template may have a composite alarm, which ministack itself knows: PutCompositeAlarm.

    AWS: CloudFormation Template Reference, AWS::CloudWatch::CompositeAlarm. A new name is a new alarm there, and the old one
    goes; here a template that renames one is refused.
    """

    def put(name, props):
        said = {**props, "AlarmName": name, "Tags": []}
        status, _, body = cloudwatch._put_composite_alarm({}, said, False, is_json=True)
        if status != 200:
            raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
        return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}

    def create(logical_id, props, stack_name):
        return put(props.get("AlarmName") or f"{stack_name}-{logical_id}", props)

    def update(physical_id, old_props, new_props, stack_name):
        if old_props.get("AlarmName") != new_props.get("AlarmName"):
            raise ValueError("the shim renames no composite alarm")
        return put(physical_id, new_props)

    def delete(physical_id, props):
        cloudwatch._composite_alarms.pop(physical_id, None)

    handlers = {"create": create, "update": update, "delete": delete}
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = handlers


def register_instances_of_groups_as_targets():
    """An Auto Scaling group registers the instances that it launches with its target groups, and takes them out again.

    Plain ministack forgets `TargetGroupARNs`. AWS: EC2 Auto Scaling User Guide, "Use Elastic Load Balancing to distribute
    incoming application traffic in your Auto Scaling group".
    """
    plain_create, plain_reconcile = autoscaling._create_asg, autoscaling._reconcile_instances

    def create_asg(parameters):
        answer = plain_create(parameters)
        if answer[0] == 200:
            group = autoscaling._asgs[autoscaling._p(parameters, "AutoScalingGroupName")]
            group["TargetGroupARNs"] = autoscaling._parse_member_list(parameters, "TargetGroupARNs")
            register(group, gone=set())
        return answer

    def reconcile_instances(group):
        before = {instance["InstanceId"] for instance in group["Instances"]}
        plain_reconcile(group)
        register(group, gone=before - {instance["InstanceId"] for instance in group["Instances"]})

    def register(group, gone):
        for arn in group.get("TargetGroupARNs", []):
            known = [target for target in alb._targets.get(arn, []) if target["Id"] not in gone]
            there = {target["Id"] for target in known}
            new = [{"Id": one["InstanceId"]} for one in group["Instances"] if one["InstanceId"] not in there]
            alb._targets[arn] = known + new

    autoscaling._ACTION_MAP["CreateAutoScalingGroup"] = create_asg
    autoscaling._reconcile_instances = reconcile_instances


def write_down_calls(path):
    """No patch: notes which calls Evenkeel's functions make, as IAM names them, one a line. `coverage.py` reads it."""
    from ministack import app
    from ministack.core.iam_actions import extract_iam_action

    plain = app._dispatch_service_request
    noted = set()

    async def dispatch(method, target, headers, body, query_params, request_id):
        if "app/evenkeel" in headers.get("user-agent", ""):
            parameters = app._routing_params(method, target, headers, body, query_params)
            service = app.detect_service(method, target, headers, parameters)
            action = extract_iam_action(service, method, target, headers, body, parameters)
            # Its IAM knows nothing of CBOR.
            if action is None and "/operation/" in target:
                action = f"cloudwatch:{target.rsplit('/', 1)[1]}"
            if action and action not in noted:
                noted.add(action)
                with open(path, "a") as calls:
                    calls.write(f"{action}\n")
        return await plain(method, target, headers, body, query_params, request_id)

    app._dispatch_service_request = dispatch


def is_jsonata(state, context):
    return sfn._state_query_language(state, context) == "JSONata"


PATCHES = [
    run_parallel_in_jsonata,
    give_succeed_its_output,
    assign_from_values_on_entry,
    fail_with_the_function_that_gets_a_token,
    send_alarm_state_changes,
    invoke_rule_targets_asynchronously,
    answer_metric_data_newest_first,
    create_alarms_on_metric_math,
    create_composite_alarms,
    register_instances_of_groups_as_targets,
]

if __name__ == "__main__":
    from ministack.app import main

    for patch in PATCHES:
        patch()
    if "EVENKEEL_CALLS" in os.environ:
        write_down_calls(os.environ["EVENKEEL_CALLS"])
    main()
