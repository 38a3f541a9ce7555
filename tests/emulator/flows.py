"""What Evenkeel does on the emulator from beginning to end, with its own functions.

Each flow has an application to itself, and answers with what it saw. What was not as it must be raises `Wrong`. Everything
is read back from the emulator, or is what people got; nothing is taken from what a function says of itself.
"""

import datetime
import json
import os
import pathlib
import subprocess

import stack
from emulator import wait_for
from shop import ACCOUNT, PRIMARY, STANDBY

SAMPLES = pathlib.Path(__file__).parents[2] / "events" / "samples"
# How long a recovery may take here, in seconds. The longest takes a quarter of that on two cores.
RECOVERED_WITHIN = 120


class Wrong(Exception):
    pass


def an_alarm_moves_the_writer(house):
    """A documented alarm event comes over the bus; the machine moves the writer, and the write check passes again."""
    shop, application = house["shop"]
    before = shop.writer()
    application.broken_writers.add(before)
    alarms = hear_alarms(shop)
    shop.change_alarm("writer-unreachable", "ALARM", 100.0)
    execution = started(shop, PRIMARY, "fail-over-database")
    ended(shop, PRIMARY, execution)
    after = shop.writer()
    expect("the cluster has another writer", after != before, after)
    expect("the application writes again", application.why_not(PRIMARY) is None, application.why_not(PRIMARY))
    yield f"the alarm's event started {execution['name']}"
    yield f"FailoverDBCluster: the writer was {before}, and is {after}"
    yield from journal_and_people(shop, PRIMARY, execution, "fail-over-database")
    yield repeated(shop, alarms)


def a_person_moves_the_system_there_and_back(house):
    """A planned move, twice: the global cluster is switched over, the name's records are changed, users are served there."""
    shop, application = house["store"]
    for recovery, left, region in (("switch-over-region", PRIMARY, STANDBY), ("fail-back-region", STANDBY, PRIMARY)):
        standing = shop.group(region)["DesiredCapacity"]
        if recovery == "switch-over-region":
            ran = program(shop, region, "run", recovery, "--by", "the suite", "--because", "it is a test", "--json")
            expect("the program starts it", ran.returncode == 0, ran.stderr)
        else:
            ask_router(shop, region, recovery)
        execution = started(shop, region, recovery)
        ended(shop, region, execution)
        yield writes_in(shop, region)
        yield f"UpdateAutoScalingGroup: {region} had {standing} instance, and has {serves(shop, region)} healthy targets"
        yield leads_to(shop, region)
        expect("the edge that was left is open again", shop.edge(left) is None, shop.edge(left))
        size = shop.group(left)["DesiredCapacity"]
        expect("the Region that was left has the size of a standby", size == 1, size)
        expect("users are served", application.why_not(region) is None, application.why_not(region))
        yield from journal_and_people(shop, region, execution, recovery)


def a_lost_region_is_left_when_a_person_approves(house):
    """An unplanned move: the source is fenced, a person is asked and accepts the risks, the global cluster fails over.

    And the way back, once the lost Region is there again, still fenced.
    """
    shop, application = house["market"]
    application.lost_regions.add(PRIMARY)
    ask_router(shop, STANDBY, "fail-over-region")
    execution = started(shop, STANDBY, "fail-over-region")
    wait_for("the question in the journal", lambda: items(shop, STANDBY, "asked#"), 60)
    still = shop.writing_region()
    expect("nothing is promoted before a person says so", still == PRIMARY, still)
    expect("the source's database is fenced", shop.is_isolated(PRIMARY), shop.cluster(PRIMARY)["VpcSecurityGroups"])
    expect("the source's edge is frozen", shop.edge(PRIMARY) == "503", shop.edge(PRIMARY))
    yield "ModifyDBCluster and ModifyListener: the source is fenced and its edge answers 503, before anybody is asked"
    yield approve(shop, execution)
    ended(shop, STANDBY, execution)
    yield writes_in(shop, STANDBY)
    yield f"{STANDBY} has {serves(shop, STANDBY)} healthy targets"
    yield leads_to(shop, STANDBY)
    expect("users are served", application.why_not(STANDBY) is None, application.why_not(STANDBY))
    yield from journal_and_people(shop, STANDBY, execution, "fail-over-region", messages=2)

    application.lost_regions.clear()
    ask_router(shop, PRIMARY, "fail-back-region")
    execution = started(shop, PRIMARY, "fail-back-region")
    ended(shop, PRIMARY, execution)
    yield writes_in(shop, PRIMARY)
    expect("nothing fences it any more", not shop.is_isolated(PRIMARY), shop.cluster(PRIMARY)["VpcSecurityGroups"])
    yield leads_to(shop, PRIMARY)
    expect("users are served", application.why_not(PRIMARY) is None, application.why_not(PRIMARY))
    yield from journal_and_people(shop, PRIMARY, execution, "fail-back-region")


def a_high_load_brings_more_instances(house):
    """An alarm says how high the load is: the group grows in proportion, and the new targets are healthy."""
    shop, _ = house["stall"]
    before = shop.healthy_targets(PRIMARY)
    shop.change_alarm("load", "ALARM", 105.0)
    execution = started(shop, PRIMARY, "scale-out")
    ended(shop, PRIMARY, execution)
    after = shop.healthy_targets(PRIMARY)
    expect("the load of one and a half times the threshold has as many more instances", after == 5, after)
    yield f"UpdateAutoScalingGroup: {before} targets were healthy, and {after} are"
    yield from journal_and_people(shop, PRIMARY, execution, "scale-out")


def a_bad_event_ends_in_the_dead_letter_queue(house):
    """What is no event of ours is refused by the router three times, and kept with the reason."""
    shop, _ = house["shop"]
    event = json.loads((SAMPLES / "rejected" / "example-ec2-instance-state-change.json").read_text())
    events = shop.client("events")
    events.put_rule(Name="bad-events", EventPattern=json.dumps({"source": ["the.suite"]}))
    target = {"Id": "router", "Arn": router(PRIMARY), "Input": json.dumps(event)}
    events.put_targets(Rule="bad-events", Targets=[target])
    events.put_events(Entries=[{"Source": "the.suite", "DetailType": "Any", "Detail": "{}"}])
    queue = stack.physical(shop.url, PRIMARY, "DeadLetters")

    def kept():
        found = shop.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    letters = wait_for("the dead letter", kept, 30)
    expect("it is kept once", len(letters) == 1, letters)
    expect("it is kept as it came", letters[0]["requestPayload"] == event, letters[0]["requestPayload"])
    why = letters[0]["responsePayload"]
    expect("the reason is kept with it", why["errorType"] == "InvalidEvent", why)
    yield f"the router's queue keeps the event, and why: {why['errorMessage'].split(';')[0]}"


FLOWS = [
    an_alarm_moves_the_writer,
    a_person_moves_the_system_there_and_back,
    a_lost_region_is_left_when_a_person_approves,
    a_high_load_brings_more_instances,
    a_bad_event_ends_in_the_dead_letter_queue,
]


def expect(what, holds, seen):
    if not holds:
        raise Wrong(f"It does not hold that {what}. Seen: {seen}")


def alarm_of(shop):
    return {"source": ["aws.cloudwatch"], "detail": {"alarmName": [{"prefix": f"{shop.name}-"}]}}


def hear_alarms(shop):
    """A queue that gets the alarms' events beside the router."""
    queues, events = shop.client("sqs"), shop.client("events")
    queue = queues.create_queue(QueueName="alarms-heard")["QueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    events.put_rule(Name="alarms-heard", EventPattern=json.dumps(alarm_of(shop)))
    events.put_targets(Rule="alarms-heard", Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
    return queue


def repeated(shop, queue):
    """EventBridge delivers at least once: the event that started the recovery comes again, and starts nothing."""
    found = shop.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    heard = [json.loads(message["Body"]) for message in found]
    raised = [event for event in heard if event["detail"]["state"]["value"] == "ALARM"]
    expect("one event says that the alarm rose", len(raised) == 1, heard)
    answer = shop.client("lambda").invoke(FunctionName=router(PRIMARY), Payload=json.dumps(raised[0]))
    routed = json.loads(answer["Payload"].read())
    expect("the router takes it", "FunctionError" not in answer, routed)
    started(shop, PRIMARY, "fail-over-database")
    expect("nobody is told again", not shop.messages(PRIMARY), routed)
    return f"the same event again: {routed[0]['decision']['verdict']}, no other execution, and nobody is told"


def router(region):
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:evenkeel-router"


def ask_router(shop, region, recovery):
    """What a person sends to the router, as in `events/samples/example-person-recover.json`."""
    request = json.loads((SAMPLES / "example-person-recover.json").read_text())
    now = datetime.datetime.now(datetime.timezone.utc)
    request |= {"recovery": recovery, "system": shop.name, "account": ACCOUNT, "region": region}
    request |= {"by": "the suite", "because": "it is a test", "time": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    functions = shop.client("lambda", region)
    functions.invoke(FunctionName=router(region), InvocationType="Event", Payload=json.dumps(request))


def started(shop, region, recovery):
    """The execution of a recovery of this application."""
    machine = f"arn:aws:states:{region}:{ACCOUNT}:stateMachine:evenkeel-{recovery}"

    def found():
        listed = shop.client("stepfunctions", region).list_executions(stateMachineArn=machine)["executions"]
        return [one for one in listed if one["name"].startswith(f"{shop.name}-")]

    try:
        executions = wait_for(f"an execution of {recovery}", found, 30)
    except TimeoutError as error:
        raise Wrong(f"{error}. The router said: {last_words(shop, region, 'router')}") from error
    expect("there is one execution", len(executions) == 1, [one["name"] for one in executions])
    return executions[0]


def ended(shop, region, execution):
    """Waits for the end of an execution, which has to be a recovery."""
    states, arn = shop.client("stepfunctions", region), execution["executionArn"]

    def described():
        description = states.describe_execution(executionArn=arn)
        return description if description["status"] != "RUNNING" else None

    try:
        described = wait_for(f"the end of {execution['name']}", described, RECOVERED_WITHIN)
    except TimeoutError as error:
        raise Wrong(f"{error}. {record(shop, region)}") from error
    if described["status"] != "SUCCEEDED":
        told = " ".join(message["Message"] for message in shop.messages(region))
        raise Wrong(f"{described['status']}: {described.get('error')}: {described.get('cause')}: {told}")
    output = json.loads(described["output"])
    wanted = {"incident": execution["name"], "outcome": "recovered"}
    expect("it recovered", output == wanted, f"{output}. {record(shop, region)}")


def machines_that_ended(shop):
    """The recoveries of which an execution succeeded, in either Region."""
    found = set()
    for region in (PRIMARY, STANDBY):
        states = shop.client("stepfunctions", region)
        for machine in states.list_state_machines()["stateMachines"]:
            arn = machine["stateMachineArn"]
            if states.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"]:
                found.add(machine["name"].removeprefix("evenkeel-"))
    return sorted(found)


def last_words(shop, region, function):
    """The last lines of a function's log."""
    pages = shop.client("logs", region).get_paginator("filter_log_events")
    lines = [
        event["message"].strip()
        for page in pages.paginate(logGroupName=f"/aws/lambda/evenkeel-{function}")
        for event in page["events"]
        if event["message"].startswith("{")
    ]
    return " ".join(lines[-4:]) or "nothing"


def record(shop, region):
    """Where a run stands, for whoever has to find out why it does not go on."""
    spoken = {name: last_words(shop, region, name) for name in ("assess", "database", "traffic", "capacity")}
    return f"The functions said last: {json.dumps(spoken)[:6000]}"


def items(shop, region, prefix):
    """The items of an application in the journal whose sort key begins with that."""
    found = shop.client("dynamodb", region).query(
        TableName="evenkeel-journal",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": f"system#{shop.name}"}, ":sk": {"S": prefix}},
        ConsistentRead=True,
        ScanIndexForward=False,
    )
    return found["Items"]


def journal_and_people(shop, region, execution, recovery, messages=1):
    incidents = items(shop, region, "incident#")
    expect("the journal has one incident", len(incidents) == 1, incidents)
    seen = {name: incidents[0][name]["S"] for name in ("incident", "recovery", "outcome")}
    wanted = {"incident": execution["name"], "recovery": recovery, "outcome": "recovered"}
    expect("the journal has what was done", seen == wanted, seen)
    for where in (PRIMARY, STANDBY):
        for lock in items(shop, where, "state#lock"):
            expect(f"the lock in {where} was given back", "holder" not in lock, lock)
    yield f"journal in {region}: {recovery}, recovered; no lock is held"
    got = shop.messages(region)
    expect("people heard of it as often as they should", len(got) == messages, [one.get("Subject") for one in got])
    yield f"people in {region} got: {'; '.join(one['Subject'] for one in got)}"


def writes_in(shop, region):
    seen = shop.writing_region()
    expect(f"{region} writes", seen == region, seen)
    return f"DescribeGlobalClusters: the writer is in {region}"


def serves(shop, region):
    healthy = shop.healthy_targets(region)
    expect(f"{region} serves with what is needed", healthy >= 3, healthy)
    return healthy


def leads_to(shop, region):
    seen = shop.addresses_of(shop.hostname)
    expect(f"the name leads to {region}", seen == [(shop.addresses[region], 1)], seen)
    by = "an object in S3" if shop.bucket else "ChangeResourceRecordSets"
    return f"{by}: {shop.hostname} leads to {seen[0][0]}, which is {region}"


def approve(shop, execution):
    """A person answers with the program: first without accepting what may be lost, which is refused."""
    answer = ["approve", execution["name"], "--by", "the suite", "--because", "it is a test"]
    refused = program(shop, STANDBY, *answer)
    expect("no approval without accepting the risk", refused.returncode != 0, refused.stdout)
    expect("the risk is named", "data-loss" in refused.stderr, refused.stderr)
    given = program(shop, STANDBY, *answer, "--accept", "data-loss", "--json")
    expect("the approval is given", given.returncode == 0, given.stderr)
    return "evenkeel approve: refused without --accept data-loss, and given with it"


def program(shop, region, *arguments):
    """Evenkeel's own program, asked as a person does."""
    where = ["--endpoint-url", shop.url, "--region", region, "--system-file", shop.file]
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "not checked"}
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **keys}
    command = [stack.BUILT / "evenkeel", *arguments, *where]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
