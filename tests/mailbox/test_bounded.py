import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil  # type: ignore[import-untyped]
import pytest

from inbox import reading
from marketplaces.mailbox.bounded import ROOT, BoundedParser, ParseFailed
from marketplaces.mailbox.child import MAX_MAILS
from marketplaces.mailbox.parse import parse
from tests.mailbox.samples import AMAZON, WALMART, WORDINGS, buyer_mail, mail, walmart_html, walmart_mail
from tests.mailbox.test_mime import PNG, with_files

SAMPLE = buyer_mail(WORDINGS[0])


@pytest.fixture(autouse=True)
def _alone() -> None:
    """Other tests of this process have left the inbox's own child running."""
    reading.close()


@pytest.fixture
def parser() -> Iterator[BoundedParser]:
    with BoundedParser(wall_seconds=60) as parser:
        yield parser


def children() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children():
        try:
            if "marketplaces.mailbox.child" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_the_child_reads_as_the_function_does(parser: BoundedParser) -> None:
    for raw, context in (
        (SAMPLE, AMAZON),
        (walmart_mail(html=walmart_html()), WALMART),
        (with_files(("a.png", "image/png", PNG), ("empty", "application/x", b"")).as_bytes(), AMAZON),
        (b"", AMAZON),
    ):
        assert parser.parse(raw, context) == parse(raw, context)


def test_one_child_reads_many_mails(parser: BoundedParser) -> None:
    parser.parse(SAMPLE, AMAZON)
    (first,) = children()
    for _ in range(20):
        parser.parse(SAMPLE, AMAZON)
    assert [child.pid for child in children()] == [first.pid]


def test_a_child_is_replaced_after_its_share_of_mails(parser: BoundedParser) -> None:
    parser.parse(SAMPLE, AMAZON)
    (first,) = children()
    for _ in range(MAX_MAILS):
        parser.parse(b"Subject: x\n\nHello", AMAZON)
    assert [child.pid for child in children()] != [first.pid]
    assert len(children()) <= 1


def test_large_mails_go_both_ways_without_a_deadlock(parser: BoundedParser) -> None:
    content = os.urandom(12 * 2**20)
    raw = with_files(("a.bin", "application/x", content)).as_bytes()
    for _ in range(2):
        assert parser.parse(raw, AMAZON).attachments[0].content == content


def test_a_mail_that_takes_too_long_is_refused_and_the_next_one_is_read() -> None:
    slow = with_files(("a.bin", "application/x", bytes(20 * 2**20))).as_bytes()
    with BoundedParser(wall_seconds=0.01) as parser:
        with pytest.raises(ParseFailed) as failure:
            parser.parse(slow, AMAZON)
        assert failure.value.reason == "took longer than 0.01 s"
        assert children() == []
        parser.wall_seconds = 60
        assert parser.parse(SAMPLE, AMAZON).text


def test_a_mail_that_needs_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    large = mail(text="Hello") + b"x" * (90 * 2**20)
    with BoundedParser(wall_seconds=60, memory_bytes=160 * 2**20) as parser:
        with pytest.raises(ParseFailed) as failure:
            parser.parse(large, AMAZON)
        assert failure.value.reason == "needed more than 160 MB"
        assert parser.parse(SAMPLE, AMAZON).text


def test_input_beyond_all_limits_is_refused_in_plain_words(parser: BoundedParser) -> None:
    with pytest.raises(ParseFailed) as failure:
        parser.parse(bytes(161 * 2**20), AMAZON)
    assert failure.value.reason == "The mail is larger than 160 MB."


def test_a_child_that_was_killed_is_replaced(parser: BoundedParser) -> None:
    parser.parse(SAMPLE, AMAZON)
    (first,) = children()
    first.kill()
    first.wait(10)
    assert parser.parse(SAMPLE, AMAZON).text


def test_a_child_that_dies_over_a_mail_is_a_failed_mail(parser: BoundedParser) -> None:
    parser.parse(SAMPLE, AMAZON)
    (first,) = children()
    first.suspend()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(parser.parse, SAMPLE, AMAZON)
        await_input(first.pid)
        first.kill()
        with pytest.raises(ParseFailed) as failure:
            reading.result(60)
    assert failure.value.reason == "crashed"
    assert parser.parse(SAMPLE, AMAZON).text


def await_input(pid: int) -> None:
    """Wait until something lies in the pipe to a suspended child."""
    pipe = os.open(f"/proc/{pid}/fd/0", os.O_RDONLY)
    try:
        assert select.select([pipe], [], [], 20)[0]
    finally:
        os.close(pipe)


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, where forking disturbs nobody's threads."""
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + script], capture_output=True, text=True, timeout=120, cwd=ROOT
    )


PRELUDE = """
import os, signal, sys
from marketplaces.mailbox.bounded import BoundedParser
from tests.mailbox.test_bounded import AMAZON, SAMPLE, children
"""


def test_a_forked_process_starts_a_child_of_its_own() -> None:
    done = run(
        """
parser = BoundedParser()
parser.parse(SAMPLE, AMAZON)
(first,) = children()
pid = os.fork()
parser.parse(SAMPLE, AMAZON)
if pid == 0:
    (mine,) = children()
    parser.close()
    parser.parse(SAMPLE, AMAZON)
    sys.exit(0 if mine.pid != first.pid and first.is_running() else 3)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(status, [child.pid for child in children()] == [first.pid])
parser.close()
"""
    )
    assert (done.stdout.strip(), done.stderr) == ("0 True", "")


def test_a_child_leaves_when_its_owner_is_killed() -> None:
    done = run(
        """
parser = BoundedParser()
parser.parse(SAMPLE, AMAZON)
print(children()[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    assert done.returncode == -signal.SIGKILL
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(done.stdout)).wait(30)


def test_a_child_leaves_although_a_sibling_holds_its_pipes() -> None:
    done = run(
        """
parser = BoundedParser()
parser.parse(SAMPLE, AMAZON)
print(children()[0].pid, flush=True)
sibling = os.fork()
if sibling == 0:
    os.close(1)
    os.close(2)
    signal.alarm(60)
    signal.pause()
print(sibling, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    child, sibling = (int(line) for line in done.stdout.split())
    try:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(child).wait(30)
    finally:
        os.kill(sibling, signal.SIGKILL)


def test_the_child_loads_neither_the_web_nor_the_queue() -> None:
    code = (
        "import sys, marketplaces.mailbox.child\n"
        "print([name for name in ('django', 'celery', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_closing_leaves_no_process(parser: BoundedParser) -> None:
    parser.parse(SAMPLE, AMAZON)
    parser.close()
    parser.close()
    assert children() == []
