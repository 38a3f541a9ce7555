"""What was covered where: every call that the functions' roles permit, and every state machine.

    coverage.py FOLDER

The calls are those of the policies of every rendered stack, so that a call that is added is in the table. `shim.py` has
written down which of them our own functions made on ministack, and the differential test which ones it compared.
"""

import json
import pathlib
import re
import subprocess
import sys

import machines
from shop import REGIONS
from stack import BUILT, ROOT

# What Lambda does with a function's role, not the function.
NOT_OURS = ("logs", "xray", "sqs")
CALLED, COMPARED = "called.json", "compared.txt"
LINE = re.compile(r"^ok +(ministack|moto) +([a-z0-9-]+:\w+): \d+ fields?(?:, (\d+) listed difference)?")


def main(folder):
    called = json.loads((folder / CALLED).read_text())
    compared = {}
    for line in (folder / COMPARED).read_text().splitlines():
        if found := LINE.match(line):
            emulator, action, differences = found.groups()
            compared[emulator, action] = f"compared, but for {differences}" if differences else "compared"
    covered = set()
    print(f"{'call of a function':<50} {'ministack':<29} moto")
    for action in permitted():
        here = [word for word in ("called" if action in called["actions"] else "", compared.get(("ministack", action))) if word]
        there = compared.get(("moto", action), "")
        covered |= {action} if here or there else set()
        print(f"{action:<50} {', '.join(here) or '-':<29} {there or '-'}".rstrip())
    total = permitted()
    print(f"{len(covered)} of {len(total)} calls; the others are covered in the embedded cloud alone")
    print()
    print(f"{'state machine':<50} on ministack")
    for name in machines.NAMES:
        own = name in called["machines"]
        print(f"{name:<50} {'with our own functions' if own else 'with a stand-in for the functions'}")


def permitted():
    """Every action that the roles of the functions permit, in any stack of any example."""
    actions = set()
    for file in sorted((ROOT / "rehearsal" / "systems").glob("*.toml")):
        for region in REGIONS:
            command = [BUILT / "evenkeel", "template", "--region", region, file]
            rendered = subprocess.run(command, capture_output=True, text=True)
            if rendered.returncode == 0:  # a system in one Region has no stack in the other
                actions |= set(of_functions(json.loads(rendered.stdout)))
    return sorted(actions)


def of_functions(template):
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role" or not name.endswith("FunctionRole"):
            continue
        for policy in resource["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                named = statement["Action"]
                for action in [named] if isinstance(named, str) else named:
                    if action.split(":")[0] not in NOT_OURS:
                        yield action


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
