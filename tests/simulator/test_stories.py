"""Every story can be told, says what it says it says, and has happened already."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from simulator.stories import STORIES
from tests.simulator.conftest import (
    OpenAccount,
    OpenImap,
    OpenSmtp,
    mails,
    open_imap,
    read,
    reply_to,
    stamps,
    text_of,
)
from tests.simulator_client import Control, ControlError, SimulatorProcess

_TELLABLE = [(name, marketplace) for name, story in STORIES.items() for marketplace in story.marketplaces]
_BUYERS_OWN = [
    "where_is_my_order",
    "delivered_not_received",
    "address_change",
    "damaged",
    "wrong_item",
    "photo_attached",
    "presale",
    "thank_you",
    "other_language",
]


@pytest.mark.parametrize(("story", "marketplace"), _TELLABLE)
def test_a_story_can_be_told_and_lies_where_it_says(
    control: Control, seller: OpenAccount, imap: OpenImap, story: str, marketplace: str
) -> None:
    address = seller(marketplace)
    told = control.story(story, address)
    assert told["message_ids"]
    found = [raw for folder in ("INBOX", told["folder"]) for raw in mails(imap(address, folder)).values()]
    ids = {match for raw in found for match in re.findall(rb"(?m)^Message-ID: (\S+)", raw)}
    assert {message_id.encode() for message_id in told["message_ids"]} <= ids


@pytest.mark.parametrize("market", ["us", "ca", "de", "it", "jp", "br", "mx", "fr", "uk"])
def test_the_buyers_words_are_in_the_mail_whole(
    control: Control, seller: OpenAccount, imap: OpenImap, market: str
) -> None:
    address = seller("amazon", market)
    told = [control.story(story, address) for story in _BUYERS_OWN]
    messages = [read(raw) for raw in mails(imap(address)).values()]
    for facts, message in zip(told, messages, strict=True):
        assert facts["texts"][0] in text_of(message)
        assert facts["order_id"] in text_of(message)
        assert facts["subject"] == message["Subject"]
        assert message["X-Space-Notification-Type"] == "BBC_MESSAGE_SENT_TO_MERCHANT"


@pytest.mark.parametrize("story", _BUYERS_OWN)
def test_a_walmart_mail_has_the_labels_and_the_words(
    control: Control, seller: OpenAccount, imap: OpenImap, story: str
) -> None:
    address = seller()
    told = control.story(story, address)
    (raw,) = mails(imap(address)).values()
    text = text_of(read(raw))
    assert all(line in text for line in told["texts"][0].splitlines())
    assert f"RefID: {told['ref_id']}" in text
    assert f"Item ID:  {told['item_id']}" in text.replace("\xa0", " ")
    prefix = "pc-" if story == "presale" else ""
    assert re.fullmatch(prefix + r"[0-9a-f]{32}@relay\.walmart\.com", told["relay_address"])


@pytest.mark.parametrize("form", ["plain", "html", "alternative"])
@pytest.mark.parametrize("marketplace", ["walmart", "amazon"])
def test_the_form_of_a_mail_can_be_chosen(
    control: Control, seller: OpenAccount, imap: OpenImap, marketplace: str, form: str
) -> None:
    address = seller(marketplace)
    control.story("wrong_item", address, form=form)
    (raw,) = mails(imap(address)).values()
    expected = {"plain": "text/plain", "html": "text/html", "alternative": "multipart/alternative"}
    assert read(raw).get_content_type() == expected[form]


def test_amazons_html_has_the_text_in_its_only_pre(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    styles = set()
    for market in ("us", "de", "jp"):
        address = seller("amazon", market)
        told = control.story("damaged", address, form="html")
        (raw,) = mails(imap(address)).values()
        (html,) = [part for part in read(raw).walk() if part.get_content_type() == "text/html"]
        ((style, text),) = re.findall(r'<pre style="([^"]+)">(.*?)</pre>', html.get_content(), re.DOTALL)
        assert text == told["texts"][0]
        styles.add(style)
    assert len(styles) == 1


def test_a_damaged_item_comes_with_a_picture(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller()
    control.story("damaged", address)
    (raw,) = mails(imap(address)).values()
    (picture,) = read(raw).iter_attachments()
    assert picture.get_content_type() == "image/png"
    assert picture.get_content().startswith(b"\x89PNG")


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis"])
def test_japanese_mail_comes_in_the_charsets_of_japan(
    control: Control, seller: OpenAccount, imap: OpenImap, charset: str
) -> None:
    address = seller("amazon", "jp")
    told = control.story("other_language", address, charset=charset)
    (raw,) = mails(imap(address)).values()
    message = read(raw)
    assert {part.get_content_charset() for part in message.walk() if not part.is_multipart()} == {charset}
    assert told["texts"][0] in text_of(message)
    assert told["buyer_name"] in message["From"]


def test_a_claim_does_not_show_in_its_subject(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller("amazon")
    control.story("a_to_z_claim", address)
    (raw,) = mails(imap(address)).values()
    message = read(raw)
    assert message["X-Space-Notification-Type"] == "A_Z_CLAIM_RESPONDENT_NOTIFY"
    assert not re.search("a-to-z|claim", message["Subject"], re.IGNORECASE)
    assert "within 3 calendar days" in text_of(message)


def test_a_forged_mail_fails_where_the_provider_says_so(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller("amazon")
    real = control.story("damaged", address)
    forged = control.story("forged", address, like=real["story_id"])
    first, second = (read(raw) for raw in mails(imap(address)).values())
    host = f"mx.{address.partition('@')[2]};"
    assert first["Authentication-Results"].startswith(host)
    assert "dmarc=pass" in first["Authentication-Results"]
    own, brought = second.get_all("Authentication-Results", [])
    assert own.startswith(host)
    assert "dmarc=fail" in own
    assert "dmarc=pass" in brought
    assert real["alias"].partition("@")[0] in second["From"]
    assert forged["order_id"] == real["order_id"]


def test_the_same_buyer_can_write_about_another_order(control: Control, seller: OpenAccount) -> None:
    address = seller("amazon")
    first = control.story("damaged", address)
    second = control.story("where_is_my_order", address, like=first["story_id"])
    assert second["alias"] == first["alias"]
    assert second["buyer_name"] == first["buyer_name"]
    assert second["case"] != first["case"]
    assert second["order_id"] != first["order_id"]


def test_an_unreadable_mail_still_comes_from_a_buyer(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller()
    for damage in ("charset", "base64", "boundary", "header", "nul"):
        told = control.story("unreadable", address, damage=damage)
        assert told["relay_address"].endswith("@relay.walmart.com")
    broken = list(mails(imap(address)).values())
    assert b"x-mac-klingon" in broken[0]
    assert b"!!!!" in broken[1]
    assert b"--never-" in broken[2]
    assert b"utf-16x" in broken[3]
    assert b"\x00" in broken[4]


def test_walmart_buyers_answer_in_the_thread(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, imap: OpenImap
) -> None:
    address = seller()
    told = control.story("damaged", address, seed=1)
    message = reply_to(told, address, "Replacement or refund?")
    smtp(address).send_message(message)
    control.buyer(told["relay_address"])
    again = control.reply(told["story_id"], "A refund please.")
    answer = read(list(mails(imap(address)).values())[-1])
    assert answer["In-Reply-To"] == message["Message-ID"]
    assert told["relay_address"] in answer["From"]
    assert answer.get_content_type() == "text/plain"
    assert answer.get_content().startswith("A refund please.")
    assert "Replacement or refund?" in answer.get_content()
    assert answer["Message-ID"] == again["message_id"]
    control.reply(told["story_id"], "Hello?", threaded=False)
    assert read(list(mails(imap(address)).values())[-1])["In-Reply-To"] is None


def test_amazon_buyers_answer_outside_any_thread(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, imap: OpenImap
) -> None:
    address = seller("amazon", confirmations=False)
    told = control.story("damaged", address)
    smtp(address).send_message(reply_to(told, address))
    again = control.reply(told["story_id"])
    first, answer = (read(raw) for raw in mails(imap(address)).values())
    assert answer["In-Reply-To"] is None
    assert answer["References"] is None
    assert answer["Message-ID"] == again["message_id"] != first["Message-ID"]
    assert told["case"] in answer.as_string()
    assert told["order_id"] in text_of(answer)


def test_an_impatient_buyer_writes_twice(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    for marketplace in ("walmart", "amazon"):
        address = seller(marketplace)
        told = control.story("impatient", address, age_minutes=100)
        first, second = (read(raw) for raw in mails(imap(address)).values())
        assert first["Date"] != second["Date"]
        assert parsedate_to_datetime(first["Date"]) == datetime.fromisoformat(told["sent_at"])


@pytest.mark.parametrize("how", ["sent", "confirmation", "both"])
def test_a_story_can_have_been_answered(
    control: Control, seller: OpenAccount, imap: OpenImap, how: str
) -> None:
    address = seller("amazon")
    told = control.story("damaged", address, age_minutes=600, answered=how)
    sent = [read(raw) for raw in mails(imap(address, "Sent")).values()]
    inbox = [read(raw) for raw in mails(imap(address)).values()]
    kinds = [message["X-Space-Notification-Type"] for message in inbox]
    assert [message["In-Reply-To"] for message in sent] == told["message_ids"][: len(sent)]
    assert len(sent) == (how != "confirmation")
    assert kinds.count("BBC_MESSAGE_CONFIRMATION_TO_MERCHANT") == (how != "sent")


def test_the_age_is_that_of_the_first_mail(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller()
    before = datetime.now(UTC)
    control.story("damaged", address, age_minutes=2878)
    (raw,) = mails(imap(address)).values()
    age = before - stamps(read(raw))[0]
    assert timedelta(minutes=2877) < age < timedelta(minutes=2879)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"story": "nonsense"}, "no story 'nonsense'"),
        ({"story": "bbb_complaint"}, "not told at amazon"),
        ({"story": "damaged", "age_minutes": -5}, "a number from 0"),
        ({"story": "damaged", "options": {"colour": "red"}}, "no option colour"),
        ({"story": "damaged", "options": {"language": "tlh"}}, "language is one of: en, de"),
        ({"story": "damaged", "options": {"twice": "yes"}}, "twice is true or false"),
        ({"story": "damaged", "options": {"delay_minutes": "long"}}, "a number of minutes"),
        ({"story": "damaged", "options": {"text": 5}}, "text is a text"),
        ({"story": "damaged", "options": {"folder": "Attic"}}, "no folder Attic"),
        ({"story": "damaged", "options": {"like": "s0"}}, "no story with the id s0"),
        ({"story": "newsletter", "options": {"answered": "sent"}}, "a story with a buyer"),
        ({"story": "damaged", "seed": "seven"}, "whole number"),
    ],
)
def test_a_story_that_cannot_be_told_is_refused_in_words(
    control: Control, seller: OpenAccount, facts: dict[str, object], words: str
) -> None:
    with pytest.raises(ControlError, match=words):
        control.ask("POST", "stories", {"account": seller("amazon"), **facts})


def test_nobody_writes_again_after_a_newsletter(control: Control, seller: OpenAccount) -> None:
    told = control.story("newsletter", seller())
    with pytest.raises(ControlError, match="Nobody can write again"):
        control.reply(told["story_id"])


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[list[SimulatorProcess]]:
    """Two simulators that were asked the same."""
    pair = [SimulatorProcess(tmp_path / name, seed=11, memory=True) for name in ("one", "other")]
    for process in pair:
        process.start()
        process.control.open_account("care@acme.test", marketplace="amazon")
        for story in ("damaged", "impatient", "other_language", "a_to_z_claim", "return_request"):
            process.control.story(story, "care@acme.test")
    yield pair
    for process in pair:
        process.stop()


def test_the_same_seed_tells_the_same(twins: list[SimulatorProcess]) -> None:
    told = []
    for process in twins:
        client = open_imap(process, "care@acme.test")
        told.append([_without_moments(raw) for raw in mails(client).values()])
        client.shutdown()
    assert told[0] == told[1]


def _without_moments(raw: bytes) -> bytes:
    return re.sub(rb"\w{3}, \d\d \w{3} \d{4} [\d:]{8}|\w{3} \d+, \d{4}", b"", raw)
