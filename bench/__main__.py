"""`bin/bench`: fill a database, and measure pages, replies, intake and clocks beside raw SQL in one run."""

import argparse
import fcntl
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import IO

import httpx
import psycopg

from bench.machine import machine
from bench.measuring import Pace, measure
from bench.samples import table
from bench.stack import ROOT, Stack, say
from bench.visitor import BadAnswer
from helpdesk.embedded.servers import ServerFault

SIZES = (10_000, 100_000)
LARGE = 1_000_000
# Who looks at the pages; bench/filling.py makes them.
EMAIL, PASSWORD = "agent@bench.example", "bench bench bench"


class Stopped(Exception):
    """The person pressed Ctrl-C."""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument(
        "--conversations",
        type=int,
        action="append",
        metavar="N",
        help="a size to measure, any number of times (default 10000 and 100000)",
    )
    parser.add_argument("--large", action="store_true", help="1000000 conversations as well")
    parser.add_argument("--messages", type=int, default=10, metavar="N", help="messages of each (default 10)")
    parser.add_argument(
        "--rounds", type=int, default=8, metavar="N", help="repetitions of everything (default 8)"
    )
    parser.add_argument("--quick", action="store_true", help="so few repetitions that figures mean little")
    parser.add_argument("--keep", action="store_true", help="keep the databases for the next run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "bench", help="where the data lies (default var/bench)"
    )
    asked = parser.parse_args()
    sizes = set(asked.conversations or SIZES) | ({LARGE} if asked.large else set())
    if min(sizes) < 100 or asked.messages < 1 or asked.rounds < 1:
        parser.error("at least 100 conversations, one message and one round")
    asked.sizes = sorted(sizes)
    return asked


def held(folder: Path) -> IO[str]:
    """The folder, held against a second benchmark in it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ServerFault(f"A benchmark already runs in {folder}.") from None
    return lock


def run(stack: Stack, asked: argparse.Namespace) -> None:
    """Fill, measure, print."""
    say("starting PostgreSQL and Valkey")
    stack.servers()
    for size in asked.sizes:
        stack.site(size, asked.messages)
    for site in stack.sites:
        stack.web(site)
    head = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), **machine(stack.superuser)}
    head["data"] = ", ".join(f"{site.conversations:,} made {site.made_at}" for site in stack.sites)
    head["data"] += f", {asked.messages} messages each"
    pace = Pace(2, 3, 2, 50) if asked.quick else Pace(asked.rounds, 12, 4, 300)
    figures = measure(stack, pace, email=EMAIL, password=PASSWORD).figures()
    head["load_after"] = "load average at the end {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())
    print("\n".join(head.values()), "", table(figures), sep="\n", flush=True)
    if asked.json:
        asked.json.write_text(
            json.dumps({**head, "figures": [asdict(figure) for figure in figures]}, indent=2)
        )


def main() -> int:
    """Returns the exit code."""
    asked = arguments()

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    folder = asked.folder.resolve()
    stack = None
    try:
        lock = held(folder)
        stack = Stack(folder, keep=asked.keep)
        run(stack, asked)
    except Stopped:
        say("stopping")
        return 130
    except (ServerFault, psycopg.Error, httpx.HTTPError, BadAnswer, OSError) as fault:
        print(f"bin/bench: {fault}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if stack is not None:
            stack.stop()
    lock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
