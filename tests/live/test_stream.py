"""The live stream over a real server and a real broker: who hears what, and that nothing is missed."""

import json
import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.announcing import MOST_AT_ONCE, announce, broker_url, channel
from accounts.models import Membership
from accounts.tenancy import tenant_tx
from helpdesk.embedded.children import Child
from helpdesk.embedded.servers import start_valkey
from inbox import actions, presence
from inbox.models import Conversation
from tests.live.conftest import Listen, Listener, cookie_of, start_live
from tests.outbox.processes import kill, until
from tests.world import World, conversation_of

BROKEN = (
    *(b"", b"\xff\xfe", b"[]", b"7", b'{"tenant": 1}', b"[" * 5000),
    b'{"tenant": "1", "what": "conversation", "ids": {"number": 1}}',
    b'{"tenant": 1, "what": "conversation", "ids": {"number": "x"}}',
    b'{"tenant": 1, "what": "conversation", "ids": [1]}',
    b'{"tenant": 1, "what": "presence", "ids": {"number": 1, "member": 1, "doing": "dancing"}}',
    b'{"tenant": 1, "what": ["conversation"], "ids": {}}',
)


def publish(*frames: bytes) -> None:
    with redis.Redis.from_url(broker_url()) as broker:
        for frame in frames:
            broker.publish(channel(), frame)


def test_only_members_with_a_session_listen(world: World, listen: Listen) -> None:
    assert listen(world.alice).status == 200
    assert listen(None).status == 401
    assert listen(None, cookie=f"sessionid={'x' * 32}").status == 401
    assert listen(world.sam).status == 404
    assert listen(world.gus).status == 404
    assert listen(world.alice, "globex").status == 404
    assert listen(world.alice, "nowhere").status == 404


def test_whoever_was_put_out_cannot_listen(world: World, listen: Listen) -> None:
    Membership.objects.filter(pk=world.alice.pk).update(is_active=False)
    assert listen(world.alice).status == 404
    cookie = cookie_of(world.leo)
    world.leo.user.set_password("another password")
    world.leo.user.save()
    assert listen(None, cookie=cookie).status == 401


def test_a_change_is_told_after_its_commit_and_once(world: World, listen: Listen) -> None:
    talk = conversation_of(world.walmart)
    alice = listen(world.alice)
    with tenant_tx(world.acme.pk):
        for _ in range(20):
            announce(world.acme.pk, "conversation", number=talk.number)
        announce(world.acme.pk, "order", order=7)
    alice.wait("order", order=7)
    assert alice.named("conversation") == [{"number": talk.number}]


def test_what_is_rolled_back_is_not_told(world: World, listen: Listen) -> None:
    alice = listen(world.alice)
    with tenant_tx(world.acme.pk):
        try:
            with transaction.atomic():
                announce(world.acme.pk, "conversation", number=1)
                raise ValueError
        except ValueError:
            announce(world.acme.pk, "conversation", number=2)
    with pytest.raises(ValueError, match="nothing of it"), tenant_tx(world.acme.pk):
        announce(world.acme.pk, "conversation", number=3)
        raise ValueError("nothing of it")
    announce(world.acme.pk, "conversation", number=4)
    alice.wait("conversation", number=4)
    assert alice.named("conversation") == [{"number": 2}, {"number": 4}]


def test_mail_and_acts_are_told_by_themselves(world: World, listen: Listen) -> None:
    alice = listen(world.alice)
    talk = conversation_of(world.walmart)
    alice.wait("conversation", number=talk.number)
    heard = len(alice.named("conversation"))
    with tenant_tx(world.acme.pk):
        mine = Conversation.objects.get(pk=talk.pk)
        actions.assign(mine, by=world.alice, assignee=world.leo, now=timezone.now())
    alice.wait("conversation", number=talk.number, times=heard + 1)


def test_more_changes_than_a_page_could_follow_are_one_resync(world: World, listen: Listen) -> None:
    alice = listen(world.alice)
    with tenant_tx(world.acme.pk):
        for number in range(MOST_AT_ONCE + 1):
            announce(world.acme.pk, "conversation", number=number)
    alice.wait("resync")
    assert alice.named("conversation") == []


def test_a_neighbours_stream_has_no_byte_of_ours(world: World, listen: Listen) -> None:
    gus, alice = listen(world.gus, "globex"), listen(world.alice)
    canary = f"canary{uuid4().hex}"
    world.leo.user.name = canary
    presence.tell(987654, account_id=1, by=world.leo, doing="replying", tab=canary)
    announce(world.acme.pk, "conversation", number=987654)
    publish(json.dumps({"tenant": world.acme.pk, "what": "order", "ids": {"order": 987654}}).encode())
    alice.wait("presence", conversation=987654, name=canary)
    alice.wait("order", order=987654)
    announce(world.globex.pk, "conversation", number=5)
    gus.wait("conversation", number=5)
    late = listen(world.gus, "globex")
    for listener in (gus, late):
        assert canary.encode() not in listener.content
        assert b"987654" not in listener.content


def test_the_warehouse_hears_of_no_conversation(world: World, listen: Listen) -> None:
    wendy, alice = listen(world.wendy), listen(world.alice)
    presence.tell(1, account_id=1, by=world.leo, doing="viewing", tab="t")
    announce(world.acme.pk, "conversation", number=1)
    announce(world.acme.pk, "account", account=1)
    alice.wait("conversation", number=1)
    publish(json.dumps({"tenant": world.acme.pk, "what": "resync", "ids": {}}).encode())
    wendy.wait("resync")
    assert {name for name, _ in wendy.events} == {"hello", "resync"}
    assert listen(world.wendy).named("hello")[0]["presence"] == []
    assert len(listen(world.alice).named("hello")[0]["presence"]) == 1


def test_whoever_answers_checks_hears_of_them_and_a_neighbour_does_not(world: World, listen: Listen) -> None:
    wendy, gus = listen(world.wendy), listen(world.gus, "globex")
    announce(world.acme.pk, "check", check=77, account=world.walmart.pk)
    wendy.wait("check", check=77)
    announce(world.globex.pk, "check", check=5, account=world.foreign.pk)
    gus.wait("check", check=5)
    assert gus.named("check") == [{"check": 5}]


def test_a_broken_frame_harms_nothing(world: World, listen: Listen) -> None:
    alice = listen(world.alice)
    for number, frame in enumerate(BROKEN, start=1):
        publish(frame)
        announce(world.acme.pk, "conversation", number=100 + number)
        alice.wait("conversation", number=100 + number)
        assert [name for name, _ in alice.events] == ["hello", *["conversation"] * number], frame


def test_a_stream_ends_when_its_member_is_put_out(world: World, listen: Listen) -> None:
    alice, leo = listen(world.alice), listen(world.leo)
    Membership.objects.filter(pk=world.alice.pk).update(is_active=False)
    announce(world.acme.pk, "membership")
    alice.wait("bye")
    alice.wait_end()
    announce(world.acme.pk, "conversation", number=1)
    leo.wait("conversation", number=1)


def test_a_stream_ends_when_its_session_is_gone(world: World, listen: Listen) -> None:
    alice = listen(world.alice)
    Session.objects.all().delete()
    announce(world.acme.pk, "membership")
    alice.wait("bye")
    alice.wait_end()


def test_whoever_has_left_is_forgotten_and_a_stream_costs_no_thread(
    world: World, live: Child, listen: Listen
) -> None:
    listen(world.alice)
    worker = children_of(live.process.pid)[0]
    threads, files = threads_of(worker), files_of(worker)
    many = [listen(world.alice) for _ in range(40)]
    assert files_of(worker) >= files + 40
    assert threads_of(worker) <= threads + 4
    for listener in many:
        listener.close()
    until(lambda: files_of(worker) <= files + 4, what="the streams are closed")


def test_a_lost_broker_is_said_and_its_return_too(
    world: World, live_env: dict[str, str], tmp_path: Path, port: int, settings: Settings
) -> None:
    broker, settings.REDIS_URL = start_valkey(tmp_path / "own")
    process = start_live({**live_env, "REDIS_URL": settings.REDIS_URL}, tmp_path, port)
    until(lambda: b"listening to the live" in process.log.read_bytes(), what="it listens")
    until(lambda: _connects(port, world), what="it serves")
    alice = Listener(port, cookie_of(world.alice), "acme")
    try:
        alice.wait("hello")
        os.kill(broker.process.pid, signal.SIGKILL)
        broker.process.wait()
        alice.wait("paused")
        # Lost on the way, and made up for: an announcement that fails costs nobody an error.
        announce(world.acme.pk, "conversation", number=1)
        late = Listener(port, cookie_of(world.alice), "acme")
        late.wait("paused")
        broker, _ = start_valkey(tmp_path / "own")
        alice.wait("resumed")
        late.wait("resumed")
        # Processes that were resting when it came back have said nothing yet.
        alice.wait("resync")
        # The first one says that something was lost; from then on it is as before.
        announce(world.acme.pk, "conversation", number=2)
        announce(world.acme.pk, "conversation", number=3)
        alice.wait("conversation", number=3)
        names = [name for name, _ in alice.events]
        assert names.index("paused") < names.index("resumed") < names.index("resync")
        late.close()
    finally:
        alice.close()
        kill(process)
        kill(broker)


def test_whoever_connects_hears_everything_from_then_on(world: World, listen: Listen) -> None:
    """Between two connections of a browser lies nothing that the second one's hello does not make it read."""
    first = listen(world.alice)
    announce(world.acme.pk, "conversation", number=1)
    first.wait("conversation", number=1)
    first.close()
    second = listen(world.alice)
    for number in range(2, 12):
        announce(world.acme.pk, "conversation", number=number)
    second.wait("conversation", number=11)
    assert [data["number"] for data in second.named("conversation")] == list(range(2, 12))
    assert second.events[0][0] == "hello"
    assert first.named("hello")[0]["generation"] == second.named("hello")[0]["generation"]


def _connects(port: int, world: World) -> bool:
    try:
        listener = Listener(port, cookie_of(world.alice), "acme")
    except OSError:
        return False
    listener.close()
    return listener.status == 200


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def threads_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def files_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))
