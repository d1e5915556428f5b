"""What waits for a slow browser, and who is present: the parts of the live process without a server."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.live.door import Seat
from helpdesk.live.hub import MOST_PENDING, Hub, Stream, event
from helpdesk.live.presence import DROP_SECONDS, MOST_TABS, TYPING_SECONDS, Presence

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEAT = Seat(1, 1, frozenset({"conversation", "presence", "resync"}))


def says(doing: str, *, number: int = 5, member: int = 7, tab: str = "a") -> dict[str, int | str]:
    return {
        "number": number,
        "member": member,
        "tab": tab,
        "doing": doing,
        "name": "Ana Ruiz",
        "initials": "AR",
    }


def played(scene: Callable[[], Coroutine[None, None, bytes]]) -> bytes:
    """What a scene ends with; in a thread, because a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(scene())).result()


async def stream_in(hub: Hub) -> Stream:
    stream = Stream(SEAT, "key", "acme")
    hub.add(stream)
    return stream


def test_a_browser_that_does_not_read_is_told_to_read_everything() -> None:
    async def scene() -> bytes:
        hub = Hub()
        stream = await stream_in(hub)
        for number in range(MOST_PENDING + 1):
            hub.heard(b'{"tenant": 1, "what": "conversation", "ids": {"number": %d}}' % number)
        return stream.take()

    assert played(scene) == event("resync", {})


def test_a_browser_that_did_not_read_learns_anew_who_is_present_and_whether_all_is_well() -> None:
    async def scene() -> bytes:
        hub = Hub()
        hub.resumed()
        stream = await stream_in(hub)
        hub.heard(json.dumps({"tenant": 1, "what": "presence", "ids": says("replying")}).encode())
        hub.paused()
        for number in range(MOST_PENDING + 1):
            hub.heard(b'{"tenant": 1, "what": "conversation", "ids": {"number": %d}}' % number)
        first = hub.take(stream)
        hub.heard(b'{"tenant": 1, "what": "conversation", "ids": {"number": 1}}')
        assert hub.take(stream) == event("conversation", {"number": 1})
        return first

    hello, *rest = played(scene).split(b"\n\n")
    assert b"event: hello" in hello
    assert b"Ana Ruiz" in hello
    assert [each.partition(b"\n")[0] for each in rest[:2]] == [b"event: paused", b"event: resync"]


def test_the_same_change_twenty_times_is_one_event() -> None:
    async def scene() -> bytes:
        hub = Hub()
        stream = await stream_in(hub)
        for _ in range(20):
            hub.heard(b'{"tenant": 1, "what": "conversation", "ids": {"number": 3, "text": "secret"}}')
        return stream.take()

    assert played(scene) == event("conversation", {"number": 3})


def test_the_strongest_of_a_persons_tabs_is_shown_and_a_change_is_told_once() -> None:
    presence = Presence()
    first = presence.hear(1, says("viewing"), at=0, now=NOW)
    assert first is not None
    assert first.event() == {
        "conversation": 5,
        "member": 7,
        "name": "Ana Ruiz",
        "initials": "AR",
        "doing": "viewing",
        "since": NOW.isoformat(),
    }
    assert presence.hear(1, says("viewing"), at=1, now=NOW) is None
    writing = presence.hear(1, says("replying", tab="b"), at=2, now=NOW)
    assert writing is not None
    assert writing.doing == "replying"
    assert presence.hear(1, says("away"), at=3, now=NOW) is None
    gone = presence.hear(1, says("gone", tab="b"), at=4, now=NOW)
    assert gone is not None
    assert gone.doing == "away"
    assert [change.doing for change in presence.of_tenant(1)] == ["away"]
    assert presence.of_tenant(2) == []


def test_whoever_falls_silent_stops_writing_and_then_is_gone() -> None:
    presence = Presence()
    presence.hear(1, says("replying"), at=0, now=NOW)
    assert presence.let_go(at=TYPING_SECONDS, now=NOW) == []
    later = NOW + timedelta(seconds=9)
    (change,) = presence.let_go(at=TYPING_SECONDS + 1, now=later)
    assert (change.doing, change.since) == ("viewing", later.isoformat())
    assert presence.let_go(at=DROP_SECONDS, now=NOW) == []
    (change,) = presence.let_go(at=DROP_SECONDS + 1, now=NOW)
    assert change.doing == "gone"
    assert presence.of_tenant(1) == []


def test_a_last_word_of_somebody_unknown_is_none() -> None:
    assert Presence().hear(1, says("gone"), at=0, now=NOW) is None


def test_nobody_fills_the_memory_with_tabs() -> None:
    presence = Presence()
    for tab in range(MOST_TABS + 5):
        presence.hear(1, says("viewing", tab=str(tab)), at=tab, now=NOW)
    for tab in range(5, MOST_TABS + 5):
        assert presence.of_tenant(1)
        presence.hear(1, says("gone", tab=str(tab)), at=100, now=NOW)
    assert presence.of_tenant(1) == []


@pytest.mark.parametrize("missing", ["number", "member", "tab", "doing", "name", "initials"])
def test_what_lacks_a_part_is_refused(missing: str) -> None:
    said = says("viewing")
    del said[missing]
    presence = Presence()
    with pytest.raises(KeyError):
        presence.hear(1, said, at=0, now=NOW)
    assert presence.of_tenant(1) == []


def test_whoever_sees_some_accounts_hears_of_those_and_reads_again_where_none_is_said() -> None:
    def told(what: str, **ids: object) -> bytes:
        return json.dumps({"tenant": 1, "what": what, "ids": ids}).encode()

    async def scene() -> bytes:
        hub = Hub()
        hub.resumed()
        hub.heard(told("presence", **says("viewing", number=6), account=2))
        limited = Stream(Seat(1, 1, SEAT.hears | {"order"}, frozenset({4})), "key", "acme")
        hello = hub.add(limited)
        hub.heard(told("conversation", number=5, account=4))
        hub.heard(told("conversation", number=66, account=2))
        hub.heard(told("order", order=67, account=2))
        hub.heard(told("presence", **says("replying", number=68), account=2))
        hub.heard(told("presence", **says("replying", number=69)))
        heard = limited.take()
        hub.heard(told("order", order=70))
        return b"|".join((hello, heard, limited.take()))

    hello, heard, later = played(scene).split(b"|")
    assert b'"presence": []' in hello
    assert heard == event("conversation", {"number": 5})
    assert later == event("resync", {})
