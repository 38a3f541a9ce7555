"""Evenkeel from end to end on the emulator with the shim.

    end_to_end.py URL-OF-MINISTACK-WITH-SHIM FOLDER

Makes the applications, creates the stack that keeps them upright, and runs every flow of `flows.py`. FOLDER holds the
certificates, and takes the system files. One line per flow with its seconds, below it what was seen, and exit code 1 when
one failed.
"""

import concurrent.futures
import json
import pathlib
import sys
import textwrap
import threading
import time

import application
import coverage
import flows
import stack
from shop import NAMES, Shop

# RDS puts its metrics every minute; whoever reads them takes them as fresh for three.
LAG_EVERY_SECONDS = 30


def main(url, folder):
    began = time.monotonic()
    shops = [Shop(url, name) for name in NAMES]
    files = []
    for shop in shops:
        shop.file = folder / f"{shop.name}.toml"
        shop.file.write_text(shop.create())
        files.append(shop.file)
    applications = [application.Application(shop) for shop in shops]
    application.serve(applications, folder / "application.pem")
    threading.Thread(target=measure, args=(shops,), daemon=True).start()

    failures = told("both Regions are deployed, twice", began, tried(lambda: stack.create(url, files)))
    if failures:
        return 1
    house = {shop.name: (shop, application) for shop, application in zip(shops, applications)}
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(flows.FLOWS)) as pool:
        running = [(flow, time.monotonic(), pool.submit(tried, lambda flow=flow: flow(house))) for flow in flows.FLOWS]
        for flow, began, future in running:
            failures += told(flow.__name__.replace("_", " "), began, future.result())
    print(f"{len(flows.FLOWS)} flows, {failures} failed")
    # Before anybody else asks the emulator with the same clients.
    called = {"actions": (folder / "calls.txt").read_text().split(), "machines": flows.machines_that_ended(shops[0])}
    (folder / coverage.CALLED).write_text(json.dumps(called))
    return 1 if failures else 0


def tried(flow):
    """What a flow saw, what was wrong if anything was, and when it ended."""
    seen = []
    try:
        seen.extend(flow())
    except flows.Wrong as error:
        return seen, str(error), time.monotonic()
    except Exception as error:
        return seen, f"{type(error).__name__}: {error}", time.monotonic()
    return seen, None, time.monotonic()


def told(name, began, outcome):
    seen, complaint, at = outcome
    print(f"{'FAIL' if complaint else 'ok':<5}{at - began:5.1f} s  {name}", flush=True)
    for line in (*seen, *([complaint] if complaint else [])):
        print(textwrap.fill(line, 78, initial_indent=" " * 6, subsequent_indent=" " * 8), flush=True)
    return bool(complaint)


def measure(shops):
    while True:
        time.sleep(LAG_EVERY_SECONDS)
        for shop in shops:
            shop.measure_lag()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: end_to_end.py URL-OF-MINISTACK-WITH-SHIM FOLDER")
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
