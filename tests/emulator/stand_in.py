"""A function in place of Evenkeel's, for runs without a compiled one: a program that speaks Lambda's Runtime API.

Every event is one line of the function's log. What is answered depends on the event alone:

- `error`: fails with that type;
- `ensure`: a step of a recovery. One answer serves them all: it has every field that a state machine reads. The two steps
  named below fail once with `NotYet`, as a step does that has acted and has not seen the effect yet;
- anything else is answered as it came.

AWS: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

import json
import os
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
AT = "2026-01-01T00:00:00Z"
ANSWER = {
    "at": AT,
    "seen": ["the stand-in says so"],
    "epoch": 7,
    "verdict": "recover",
    "outcome": "recovered",
    "fence": "fenced",
    "taken": True,
    "in_place": True,
    "ttl_seconds": 1,
    "capacity": {"min": 1, "desired": 2, "max": 3},
    "what": {"zone": "eu-central-1a", "away_from": "eu-central-1a"},
}
NOT_YET_AT_FIRST = {"failover-started", "writer-moved"}

acted = set()


def serve():
    while True:
        with urllib.request.urlopen(f"{API}/next") as invocation:
            request = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(invocation)
        print(json.dumps(event), flush=True)
        kind, body = answer(event)
        urllib.request.urlopen(
            urllib.request.Request(f"{API}/{request}/{kind}", data=json.dumps(body).encode(), method="POST")
        ).close()


def answer(event):
    if "error" in event:
        return "error", {"errorType": event["error"], "errorMessage": "the event asked for it"}
    if "ensure" not in event:
        return "response", event
    step = (event["ensure"], event["run"]["incident"])
    if event["ensure"] in NOT_YET_AT_FIRST and step not in acted:
        acted.add(step)
        return "error", {"errorType": "NotYet", "errorMessage": "the effect is not seen yet"}
    return "response", ANSWER


serve()
