"""Holds `shim.py` to what it says, and to what is still needed.

    check_shim.py URL-OF-PLAIN-MINISTACK URL-OF-MINISTACK-WITH-SHIM

Every difference is observed twice. Plain ministack must still be wrong in the way that is known, so that a patch that is
no longer needed is noticed. With the shim it must be as AWS documents. The state machines run on the patched one, with
a stand-in for the functions.
One line per check, a total, and exit code 1 when a check failed.
"""

import concurrent.futures
import functools
import sys
import textwrap

import machines
from differences import DIFFERENCES
from emulator import Emulator


def main(plain_url, patched_url):
    plain, patched = Emulator(plain_url), Emulator(patched_url)
    checks = []
    for difference in DIFFERENCES:
        checks.append(("plain", difference.name, functools.partial(still_differs, difference, plain)))
        checks.append(("shim", difference.name, functools.partial(is_as_aws, difference, patched)))
    for name in machines.NAMES:
        checks.append(("shim", f"machine {name}", functools.partial(machines.run, patched, name)))

    failures = 0
    # A check mostly waits, so all run at once; they are told in the order of the list.
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(checks)) as pool:
        running = [(where, name, pool.submit(tried, check)) for where, name, check in checks]
        for where, name, future in running:
            complaint = future.result()
            failures += bool(complaint)
            print(f"{'FAIL' if complaint else 'ok':<5}{where:<6}{name}", flush=True)
            for line in textwrap.wrap(complaint or "", width=74, break_on_hyphens=False):
                print(f"      {line}", flush=True)
    print(f"{len(checks)} checks, {failures} failed")
    return 1 if failures else 0


def still_differs(difference, emulator):
    seen = difference.observe(emulator)
    if seen == difference.aws:
        return f"Plain ministack does this as AWS now. Delete the patch {difference.patch} when its other checks say so too."
    if seen != difference.plain:
        return f"Plain ministack differs from AWS in another way than is known. It was {difference.plain}, and is {seen}."
    return None


def is_as_aws(difference, emulator):
    seen = difference.observe(emulator)
    if seen != difference.aws:
        return f"The patch {difference.patch} does not do this. AWS: {difference.aws}. Seen: {seen}."
    return None


def tried(check):
    """A check's complaint. An exception is one too."""
    try:
        return check()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: check_shim.py URL-OF-PLAIN-MINISTACK URL-OF-MINISTACK-WITH-SHIM")
    sys.exit(main(sys.argv[1], sys.argv[2]))
