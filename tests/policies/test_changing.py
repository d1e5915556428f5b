"""A saved policy is a version; what it moves was shown before, and the running deadlines follow."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from inbox import policy_changes, policy_preview, proposing, recomputing
from inbox.hours import parse_hours
from inbox.models import Conversation, Deadline, Event, Heard, Recomputation, SlaPolicy
from inbox.proposing import Wish
from inbox.recomputing import carry_on
from tests.world import World, conversation_of, make_account

NOW = timezone.now().replace(microsecond=0)
WEEK = ["09:00-12:30, 13:30-17:00"] * 5 + [""] * 2


def wish(**fields: Any) -> Wish:
    return Wish(**{"marketplace": "walmart", "kind": "reply", "allowance_minutes": 24 * 60, **fields})


def talks(world: World, *hours: float) -> list[Conversation]:
    """Walmart conversations whose clocks began so many hours ago."""
    return [
        conversation_of(
            world.walmart,
            relay=f"{number:032x}",
            order=f"2000{number:011d}",
            sent_at=NOW - timedelta(hours=ago),
        )
        for number, ago in enumerate(hours)
    ]


def save(world: World, wanted: Wish, *, now: datetime = NOW) -> SlaPolicy:
    with tenant_tx(world.acme.pk):
        return policy_changes.save_policy(wanted, by=world.leo, now=now)


def carry_out(world: World) -> Recomputation:
    with tenant_tx(world.acme.pk):
        asked = Recomputation.objects.get(wanted_at__isnull=False)
    carry_on(asked.pk, tenant_id=world.acme.pk, now=asked.asked_at)
    with tenant_tx(world.acme.pk):
        asked.refresh_from_db()
    return asked


def test_the_preview_counts_what_then_moves(world: World) -> None:
    # Late already; late at once with 24 h; under 2 h with 24 h; calm.
    rows = talks(world, 49, 30, 23, 5)
    with tenant_tx(world.acme.pk):
        shown = policy_preview.moves(proposing.proposed(wish(), by=world.leo, now=NOW), now=NOW)
        assert not SlaPolicy.objects.filter(saved_at__isnull=False).exists()
    assert (shown.running, shown.moved, shown.late_at_once, shown.critical_at_once) == (4, 4, 1, 1)
    assert shown.by_account == [("Lumen US", 4)]
    assert [each.number for each in shown.examples] == [row.number for row in rows]
    assert shown.examples[1].left.text == "Late 6 h 00 m"
    save(world, wish())
    assert carry_out(world).moved == shown.moved
    with tenant_tx(world.acme.pk):
        due = list(Deadline.objects.order_by("started_at").values_list("due_at", flat=True))
    assert due[: len(shown.examples)] == [each.new_due_at for each in shown.examples]


def test_the_preview_minds_which_account_has_a_policy_of_its_own(world: World) -> None:
    other = make_account(world.acme, "Brightside US", "walmart-us")
    talks(world, 10, 20)
    conversation_of(other, sent_at=NOW - timedelta(hours=10))
    save(world, wish(account=other, allowance_minutes=12 * 60))
    assert carry_out(world).moved == 1
    with tenant_tx(world.acme.pk):
        shown = policy_preview.moves(proposing.proposed(wish(), by=world.leo, now=NOW), now=NOW)
    assert (shown.running, shown.by_account) == (3, [("Lumen US", 2)])
    save(world, wish(), now=NOW + timedelta(minutes=1))
    assert carry_out(world).moved == 2
    back = wish(account=other, withdrawn=True)
    later = NOW + timedelta(minutes=2)
    with tenant_tx(world.acme.pk):
        shown = policy_preview.moves(proposing.proposed(back, by=world.leo, now=later), now=later)
    assert shown.moved == 1
    save(world, back, now=later)
    assert carry_out(world).moved == 1
    with tenant_tx(world.acme.pk):
        assert set(Deadline.objects.values_list("rule", flat=True)) == {"Walmart 24 h, our rule"}


def test_a_policy_from_now_on_moves_nothing_that_runs(world: World) -> None:
    talks(world, 10)
    save(world, wish(running_too=False), now=NOW - timedelta(hours=1))
    assert carry_out(world).moved == 0
    sent_at = NOW - timedelta(minutes=30)
    fresh = conversation_of(world.walmart, relay="f" * 32, order="200099999999999", sent_at=sent_at)
    assert fresh.due_at == sent_at + timedelta(hours=24)


def test_a_later_version_outranks_an_earlier_one_whatever_they_are_valid_from(world: World) -> None:
    save(world, wish(running_too=False), now=NOW - timedelta(hours=20))
    carry_out(world)
    (talk,) = talks(world, 10)
    assert talk.due_at == NOW + timedelta(hours=14)
    conversation_of(world.walmart, relay="f" * 32, order="200099999999999", sent_at=NOW - timedelta(hours=30))
    save(world, wish(allowance_minutes=36 * 60))
    assert carry_out(world).moved == 2
    with tenant_tx(world.acme.pk):
        assert set(Deadline.objects.values_list("rule", flat=True)) == {"Walmart 36 h, our rule"}
        assert SlaPolicy.objects.filter(marketplace="walmart").count() == 3


def test_a_moment_stated_in_the_source_stays_and_gets_the_target(world: World) -> None:
    talks(world, 10)
    with tenant_tx(world.acme.pk):
        Deadline.objects.update(stated_in_source=True)
        stated = Deadline.objects.get().due_at
    save(world, wish(target_minutes=480))
    assert carry_out(world).moved == 0
    with tenant_tx(world.acme.pk):
        deadline = Deadline.objects.get()
        assert deadline.due_at == stated
        assert deadline.target_at is not None


def test_a_target_is_counted_in_business_hours_and_moves_no_due_moment(world: World) -> None:
    monday = datetime.combine(NOW.date() - timedelta(days=NOW.weekday() + 7), time(11), tzinfo=NOW.tzinfo)
    week = parse_hours("UTC", WEEK, f"{monday.date() + timedelta(days=1)} Founders' Day")
    (talk,) = talks(world, (NOW - monday).total_seconds() / 3600)
    before = talk.due_at, talk.queue_at
    with tenant_tx(world.acme.pk):
        policy_changes.save_hours(week, by=world.leo, now=NOW)
    save(world, wish(allowance_minutes=48 * 60, target_minutes=480))
    assert carry_out(world).moved == 0
    with tenant_tx(world.acme.pk):
        talk.refresh_from_db()
        # Five hours of Monday without its lunch, none of the holiday, three of Wednesday.
        assert talk.target_at == Deadline.objects.get().target_at == monday + timedelta(days=2, hours=1)
        assert (talk.due_at, talk.queue_at) == before
        assert not Event.objects.filter(kind="deadlines_moved").exists()


def test_other_hours_move_the_targets_that_run_and_the_preview_counts_them(world: World) -> None:
    talks(world, 10, 20)
    save(world, wish(allowance_minutes=48 * 60, target_minutes=480))
    carry_out(world)
    week = parse_hours("UTC", ["00:00-23:59"] * 7, "")
    with tenant_tx(world.acme.pk):
        before = set(Deadline.objects.values_list("target_at", flat=True))
        assert policy_preview.target_moves(week) == 2
        policy_changes.save_hours(week, by=world.leo, now=NOW + timedelta(minutes=1))
    carry_out(world)
    with tenant_tx(world.acme.pk):
        assert not before & set(Deadline.objects.values_list("target_at", flat=True))


def test_a_moved_deadline_says_so_in_its_conversation_and_is_told_of_anew(world: World) -> None:
    (talk,) = talks(world, 30)
    save(world, wish())
    carry_out(world)
    with tenant_tx(world.acme.pk):
        Deadline.objects.update(heard=Heard.LATE, tell_at=None)
    save(world, wish(allowance_minutes=47 * 60), now=NOW + timedelta(minutes=1))
    carry_out(world)
    with tenant_tx(world.acme.pk):
        deadline = Deadline.objects.get()
        assert (deadline.heard, deadline.tell_at) == (Heard.NOTHING, deadline.due_at - timedelta(hours=4))
        assert Event.objects.filter(conversation=talk, kind="deadlines_moved").count() == 2


def test_a_recomputation_goes_on_where_it_was_cut_off_and_is_done_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recomputing, "BATCH", 2)
    talks(world, 5, 6, 7, 8, 9)
    save(world, wish())
    with tenant_tx(world.acme.pk):
        asked = Recomputation.objects.get()
        assert (asked.total, asked.percent) == (5, 0)
        ids = list(Deadline.objects.order_by("pk").values_list("pk", flat=True))
        # Somebody died after two of them, and their lease has ended.
        Recomputation.objects.update(last_id=ids[1], seen=2)
    done = carry_out(world)
    assert (done.seen, done.moved, done.percent) == (5, 3, 100)
    carry_on(asked.pk, tenant_id=world.acme.pk, now=NOW)
    with tenant_tx(world.acme.pk):
        done.refresh_from_db()
        assert (done.seen, done.moved) == (5, 3)
    carry_on(asked.pk, tenant_id=world.acme.pk, now=NOW + timedelta(hours=1))
    with tenant_tx(world.acme.pk):
        done.refresh_from_db()
        # The second look finds the two that were never moved, and is the last.
        assert (done.seen, done.moved, done.wanted_at) == (5, 5, None)


def test_a_clock_that_began_behind_the_batches_is_moved_at_the_second_look(world: World) -> None:
    _, talk = talks(world, 6, 5)
    with tenant_tx(world.acme.pk):
        # Written by whoever had read the old policies, and not to be seen before the batches were through.
        late_comer = Deadline.objects.get(conversation=talk)
        Deadline.objects.filter(pk=late_comer.pk).update(stopped_at=NOW)
    save(world, wish())
    asked = carry_out(world)
    assert (asked.seen, asked.moved, asked.percent, asked.finished_at) == (1, 1, 100, NOW)
    with tenant_tx(world.acme.pk):
        Deadline.objects.update(stopped_at=None)
    carry_on(asked.pk, tenant_id=world.acme.pk, now=NOW + timedelta(minutes=2))
    with tenant_tx(world.acme.pk):
        asked.refresh_from_db()
        assert (asked.seen, asked.moved, asked.wanted_at) == (1, 2, None)
        moved = Deadline.objects.get(pk=late_comer.pk)
        assert moved.due_at == moved.started_at + timedelta(hours=24)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"allowance_minutes": 72 * 60}, "The marketplace allows 48 h; with 3 days its deadline passes"),
        ({"allowance_minutes": 4}, "at least 5 minutes"),
        ({"allowance_minutes": 60, "warn_minutes": 60}, "Warn less than 1 h before"),
        ({"kind": "atoz_claim"}, "no such deadline at this marketplace"),
        ({"allowance_minutes": 48 * 60, "target_minutes": 60 * 24 * 365 * 12}, "never come to"),
        ({"allowance_minutes": 48 * 60}, "Nothing would change"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_and_nothing_is_stored(
    world: World, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused) as refused:
        save(world, wish(**fields))
    assert words in str(refused.value)
    with tenant_tx(world.acme.pk):
        assert not SlaPolicy.objects.filter(saved_at__isnull=False).exists()
        assert not Recomputation.objects.exists()
        assert not AuditEntry.objects.exists()


def test_longer_than_the_marketplace_allows_takes_a_word_of_its_own(world: World) -> None:
    assert save(world, wish(allowance_minutes=72 * 60, longer=True)).rule == "Walmart 3 days, our rule"


def test_every_change_is_in_the_audit_with_before_and_after(world: World) -> None:
    save(world, wish(target_minutes=480, warn_minutes=120))
    with tenant_tx(world.acme.pk):
        entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id) == ("policy_saved", world.leo.pk)
    assert entry.subject == "Walmart: Answer the buyer"
    assert entry.details == {
        "before": "48 h, no target, warns 4 h before, tells whoever has it, else the leads",
        "after": "24 h, target 8 h, warns 2 h before, tells whoever has it, else the leads",
        "from": "what runs now",
    }


def test_hours_in_which_a_target_never_comes_are_refused(world: World) -> None:
    save(world, wish(target_minutes=480))
    with tenant_tx(world.acme.pk):
        SlaPolicy.objects.filter(saved_at__isnull=False).update(target_minutes=60_000)
        with pytest.raises(Refused, match="never come"):
            policy_changes.save_hours(
                parse_hours("UTC", ["09:00-09:01"] + [""] * 6, ""), by=world.leo, now=NOW
            )
