"""One running ministack, as the checks see it: SDK clients, and what they make of them again and again."""

import io
import itertools
import json
import pathlib
import shlex
import sys
import time
import zipfile

import boto3
import botocore.config

REGION = "eu-central-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/stand-in"
STAND_IN = pathlib.Path(__file__).with_name("stand_in.py")


class Emulator:
    def __init__(self, url):
        self.url = url
        self.numbers = itertools.count(1)  # for names that nobody needs to know
        self.balancing = self._client("elbv2")
        self.groups = self._client("autoscaling")
        self.cloudwatch = self._client("cloudwatch")
        self.events = self._client("events")
        self.functions = self._client("lambda")
        self.logs = self._client("logs")
        self.queues = self._client("sqs")
        self.stacks = self._client("cloudformation")
        self.machines = self._client("stepfunctions")

    def _client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,  # ministack takes the account from the key
            aws_secret_access_key="not checked",
            config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=30, max_pool_connections=50),
        )

    def function(self, name):
        """Creates a function that is the stand-in, and waits until it may be invoked. Its ARN."""
        arn = self.functions.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=ROLE,
            Code={"ZipFile": package()},
            Timeout=10,
        )["FunctionArn"]

        def active():
            return self.functions.get_function_configuration(FunctionName=name)["State"] == "Active"

        wait_for(f"the function {name} to become active", active, seconds=20)
        return arn

    def invocations(self, function):
        """The events that a function was invoked with, in order."""
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
        try:
            lines = [event["message"] for page in pages for event in page["events"]]
        except self.logs.exceptions.ResourceNotFoundException:
            return []  # the first invocation creates the log group
        return [json.loads(line) for line in lines if line.startswith("{")]

    def queue(self, name):
        """Creates a queue. Its URL and its ARN."""
        url = self.queues.create_queue(QueueName=name)["QueueUrl"]
        attributes = self.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return url, attributes["QueueArn"]

    def messages(self, url):
        """The bodies of the messages that wait in a queue, which they leave."""
        found = self.queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    def start(self, name, definition, given=None):
        """Creates a state machine and starts it. The ARN of the execution."""
        machine = self.machines.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        started = self.machines.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given or {}))
        return started["executionArn"]

    def ended(self, execution, seconds, meanwhile=lambda: None):
        """Waits until an execution has ended. Its description."""

        def described():
            meanwhile()
            description = self.machines.describe_execution(executionArn=execution)
            return description if description["status"] != "RUNNING" else None

        return wait_for(f"the end of {execution.rsplit(':', 2)[1]}", described, seconds)


def wait_for(what, look, seconds):
    """What `look` finds, as soon as it finds anything."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.1)


def package():
    """The stand-in as a deployment package. `bootstrap` is a shell script: an interpreter's path may hold spaces."""
    bootstrap = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S "$LAMBDA_TASK_ROOT/stand_in.py"\n'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        executable = zipfile.ZipInfo("bootstrap")
        executable.external_attr = 0o100755 << 16
        package.writestr(executable, bootstrap)
        package.write(STAND_IN, "stand_in.py")
    return packed.getvalue()
