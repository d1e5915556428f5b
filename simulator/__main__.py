"""`python -m simulator`: start, say where, run until a signal."""

import argparse
import asyncio
import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from simulator import clock
from simulator.mistakes import Mistake
from simulator.server import Endpoints, Ports, Simulator

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="simulator", description="Walmart's and Amazon's mail and APIs, simulated."
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--data", type=Path, help="folder that keeps mailboxes and log over restarts")
    where.add_argument("--memory", action="store_true", help="keep nothing")
    parser.add_argument("--http-port", type=int, default=0)
    parser.add_argument("--imap-port", type=int, default=0)
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--ready-file", type=Path, help="gets the addresses as JSON once all of them listen")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--behind", type=float, default=0, help="seconds its clocks are behind")
    args = parser.parse_args()
    _die_with_parent()
    clock.run_behind(args.behind)
    ports = Ports(http=args.http_port, imap=args.imap_port, smtp=args.smtp_port)
    try:
        asyncio.run(_run(args.data, ports, args.ready_file, args.seed))
    except (Mistake, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(data: Path | None, ports: Ports, ready_file: Path | None, seed: int) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Set explicitly: a child started in the background of a shell script inherits an ignored SIGINT.
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    simulator = Simulator(data, seed=seed)
    try:
        endpoints = await simulator.start(ports)
        _announce(endpoints, ready_file)
        await stopping.wait()
    finally:
        await simulator.stop()


def _announce(endpoints: Endpoints, ready_file: Path | None) -> None:
    if ready_file is not None:
        half = ready_file.with_name(f"{ready_file.name}.{endpoints.pid}")
        half.write_text(json.dumps(endpoints.as_dict()))
        half.replace(ready_file)
    print(
        f"simulator: control {endpoints.control}, IMAP {endpoints.imap_host}:{endpoints.imap_port}, "
        f"SMTP {endpoints.smtp_host}:{endpoints.smtp_port}",
        flush=True,
    )


def _die_with_parent() -> None:
    """Have the kernel end this process when the one that started it goes, however it goes (Linux only)."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have gone before the kernel knew.
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
