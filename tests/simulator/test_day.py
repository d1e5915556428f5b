"""A day's traffic, and more of it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.simulator.conftest import OpenAccount, OpenImap, mails, read, stamps
from tests.simulator_client import Control, ControlError


@pytest.fixture
def sellers(seller: OpenAccount) -> list[str]:
    return [seller(), seller("amazon"), seller("amazon", "de"), seller("walmart", "ca")]


def _age(told: dict[str, str]) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(told["sent_at"])


def _left(told: dict[str, str]) -> timedelta:
    return timedelta(hours=48 if told["marketplace"] == "walmart" else 24) - _age(told)


def test_a_day_is_believable(control: Control, sellers: list[str]) -> None:
    day = control.day(accounts=sellers)
    stories = day["stories"]
    marks = Counter(told["mark"] for told in stories)
    assert day["count"] == len(stories) >= 40
    assert {told["account"] for told in stories} == set(sellers)
    assert len({told["story"] for told in stories}) >= 18
    assert {"newsletter", "spam", "public_question", "performance_notice", "forged", "unreadable"} <= {
        told["story"] for told in stories
    }
    assert marks["late"] == 2
    assert marks["due_in_two_minutes"] == 1
    assert marks["due_within_two_hours"] >= 3
    assert marks["answered"] >= 3
    for told in stories:
        if told["mark"] == "late":
            assert _left(told) < timedelta(0)
        elif told["mark"] == "due_within_two_hours":
            assert timedelta(minutes=10) < _left(told) < timedelta(hours=2)
        elif told["mark"] == "due_in_two_minutes":
            assert timedelta(0) < _left(told) <= timedelta(minutes=2)
            assert day["due_in_two_minutes"] == told["story_id"]
        else:
            assert timedelta(minutes=2) < _left(told)


def test_nothing_of_a_day_lies_in_the_future_and_all_its_moments_agree(
    control: Control, sellers: list[str], imap: OpenImap
) -> None:
    control.day(accounts=sellers)
    out_of_order = 0
    for address in sellers:
        for folder in ("INBOX", "Spam", "Sent"):
            client = imap(address, folder)
            client.normalise_times = False
            latest = datetime.min.replace(tzinfo=UTC)
            for _, parts in sorted(client.fetch(client.search(), ["INTERNALDATE", "BODY.PEEK[]"]).items()):
                arrived = parts[b"INTERNALDATE"]
                sent, *received = stamps(read(parts[b"BODY[]"]))
                assert arrived <= datetime.now(UTC)
                assert sent <= arrived
                assert folder == "Sent" or received[0] == arrived
                assert all(sent <= moment <= arrived for moment in received)
                out_of_order += sent < latest
                latest = max(latest, sent)
    assert out_of_order > 0


def test_a_day_has_mail_in_spam_and_in_sent_and_some_twice(
    control: Control, sellers: list[str], imap: OpenImap
) -> None:
    control.day(accounts=sellers)
    inboxes = [raw for address in sellers for raw in mails(imap(address)).values()]
    assert len(inboxes) > len(set(inboxes))
    assert any(mails(imap(address, "Spam")) for address in sellers)
    assert any(mails(imap(address, "Sent")) for address in sellers)


def test_a_day_needs_a_known_account(control: Control) -> None:
    with pytest.raises(ControlError, match="no seller account"):
        control.day(accounts=["who@acme.test"])


def test_a_drip_brings_new_mail_until_it_is_stopped(control: Control, seller: OpenAccount) -> None:
    seller()
    before = control.last()
    control.drip(0.05)
    first = control.wait_for("placed", after=before)
    control.wait_for("placed", after=first["n"])
    control.drip(0)
    with pytest.raises(ControlError, match="every_seconds"):
        control.drip(-1)
