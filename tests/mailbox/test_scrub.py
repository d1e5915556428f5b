"""A scrubbed mail tells nothing and is read as the original was."""

import re
from dataclasses import replace

import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.mailbox.scrub import scrubbed
from tests.mailbox.rule_samples import samples
from tests.mailbox.samples import (
    AMAZON,
    CASE,
    RELAY,
    WALMART,
    WORDINGS,
    Wording,
    buyer_mail,
    mail,
    walmart_html,
    walmart_mail,
)

SECRET = b"s" * 32
QUESTION = (
    "Guten Tag, hier Zebulon Quickenbush, Kumquatstraße 4711, Tel. +49 (171) 555 0123 oder 0171 22 33 44 55, "
    "zebulon@quickenbush.example, siehe https://quickenbush.example/zebulon?kid=Ottilie und "
    "999-1112223-4445556"
)
CANARIES = (
    *("zebulon", "quickenbush", "kumquat", "4711", "5550123", "555 0123", "22 33 44", "ottilie", "1112223"),
    *("a1b2c3d4e5f6g7", CASE, "guten", "siehe", "lauren", "brady", "pajama", "5921679250664", "162457985"),
)


def survivors(scrubbed_mail: bytes) -> list[str]:
    found = parse(scrubbed_mail, AMAZON)
    everything = "\n".join([scrubbed_mail.decode("utf-8", "replace"), repr(found)]).lower()
    return [canary for canary in CANARIES if canary in everything]


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda each: each.language)
@pytest.mark.parametrize("form", ["text", "html", "both"])
@pytest.mark.parametrize("with_header", [True, False])
def test_a_buyers_mail_in_any_language_keeps_its_frame_and_nothing_else(
    wording: Wording, form: str, with_header: bool
) -> None:
    raw = buyer_mail(replace(wording, question=QUESTION), form=form, with_header=with_header)
    raw = raw.replace(b"Jane Roe", b"Zebulon Quickenbush")
    clean = scrubbed(raw, rulebook(), "amazon", secret=SECRET)
    assert survivors(clean) == []
    before, after = parse(raw, AMAZON), parse(clean, AMAZON)
    assert (after.kind, after.verdict, after.text_is_excerpt) == (before.kind, before.verdict, True)
    assert bool(after.case_ref)
    assert bool(after.no_response_link) == bool(before.no_response_link)
    assert len(after.order_ids) == len(before.order_ids)
    assert re.fullmatch(r"[a-z0-9]+@marketplace\.amazon\.com", after.relay_alias)
    assert len(after.text) == len(before.text) or "http" in after.text
    assert len(after.item_id) == 10
    assert len(after.buyer_name.split()) == 2


def test_a_name_is_replaced_by_the_same_name_everywhere() -> None:
    raw = mail(
        headers={
            "From": f'"Zebulon Quickenbush - Amazon Marketplace" <{RELAY}>',
            "Subject": "zebulon QUICKENBUSH",
        },
        text="Zebulon here. 999-1112223-4445556, again 999-1112223-4445556.",
    )
    found = parse(scrubbed(raw, rulebook(), "amazon", secret=SECRET), AMAZON)
    first, last = found.buyer_name.split()
    assert found.text.startswith(f"{first} ")
    assert found.subject == f"{first.lower()} {last.upper()}"
    assert len(found.order_ids) == 1
    other = scrubbed(raw, rulebook(), "amazon", secret=b"t" * 32)
    assert first.encode() not in other


def test_a_walmart_mail_is_scrubbed_too() -> None:
    raw = walmart_mail(html=walmart_html())
    clean = scrubbed(raw, rulebook(), "walmart", secret=SECRET)
    assert survivors(clean) == []
    found = parse(clean, WALMART)
    assert found.kind is MailKind.BUYER_MESSAGE
    assert len(found.order_ids) == 1
    assert re.fullmatch(r"[0-9A-F]{32}", found.case_ref)
    assert found.text_is_excerpt


def test_every_sample_is_still_read_as_the_kind_it_was() -> None:
    changed = []
    for sample in samples():
        before = parse(sample.raw, sample.context)
        after = parse(
            scrubbed(sample.raw, rulebook(), sample.context.marketplace, secret=SECRET), sample.context
        )
        if after.kind is not before.kind:
            changed.append((sample.rule, before.kind, after.kind, after.subject))
    assert changed == []


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff" * 50, b"Content-Type: multipart/mixed\r\n\r\nx", b"From: <\r\n\r\n<a"]
)
def test_odd_bytes_are_no_fault(raw: bytes) -> None:
    parse(scrubbed(raw, rulebook(), "amazon", secret=SECRET), AMAZON)
