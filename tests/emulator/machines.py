"""The ten state machines of `statemachines/`, run on an emulator with the stand-in in place of Evenkeel's functions.

Nothing is recovered. What is shown is that Step Functions, as somebody else understood it, takes the definitions, and
carries each one from its first state to `Done` with the record complete.
"""

import json
import pathlib
import re

from emulator import Emulator

FOLDER = pathlib.Path(__file__).parents[2] / "statemachines"
NAMES = sorted(path.name.removesuffix(".asl.json") for path in FOLDER.glob("*.asl.json"))
# The answer that `evenkeel approve` gives to a run that asked.
APPROVAL = {"answer": "approved", "by": "anna", "at": "2026-01-01T00:00:00Z", "because": "it is a test", "seen": ["asked"]}


def run(emulator: Emulator, name):
    """Runs one machine to its end. What is wrong with how it ended, or nothing."""
    function = f"steps-{name}"
    arn = emulator.function(function)
    text = re.sub(r"\$\{\w+Function\}", arn, (FOLDER / f"{name}.asl.json").read_text())
    definition = json.loads(text)
    incident = f"incident-{name}"
    given = {
        "system": "shop",
        "incident": incident,
        "recovery": name,
        "opened_at": "2026-01-01T00:00:00Z",
        "because": "it is a test",
    }
    execution = emulator.start(name, definition, given)
    asks = "waitForTaskToken" in text
    ended = emulator.ended(execution, 60, meanwhile=lambda: asks and approve(emulator, function))

    if ended["status"] != "SUCCEEDED":
        return f"{ended['status']}: {ended.get('error')}: {ended.get('cause')}"
    output = json.loads(ended["output"])
    if output != {"incident": incident, "outcome": "recovered"}:
        return f"its output is {output}"
    records = [event["record"] for event in emulator.invocations(function) if event.get("ensure") == "recorded"]
    if len(records) != 1:
        return f"it was recorded {len(records)} times"
    return "; ".join(missing(definition, records[0]))


def approve(emulator, function):
    """Answers whoever asked."""
    for event in emulator.invocations(function):
        if event.get("ensure") == "approval-asked":
            try:
                emulator.machines.send_task_success(taskToken=event["token"], output=json.dumps(APPROVAL))
            except emulator.machines.exceptions.TaskDoesNotExist:
                pass  # answered already


def missing(definition, record):
    """What the Parallel states of a machine should have assigned to the record, and is not in it."""
    noted = {entry["state"] for entry in record.get("timeline", [])}
    for name, state in definition["States"].items():
        if state["Type"] != "Parallel":
            continue
        for branch in state["Branches"]:
            if noted.isdisjoint(branch["States"]):
                yield f"the record's timeline has nothing from {name}, the branch that begins with {branch['StartAt']}"
        for field in ("fencing", "promoted"):
            if f"'{field}':" in state["Assign"]["record"] and field not in record:
                yield f"the record lacks {field}, which {name} assigns"
