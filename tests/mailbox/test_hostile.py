"""Whatever the bytes, reading them ends, says something, and invents nothing."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import ParsedMail
from tests.mailbox.samples import (
    AMAZON,
    DASHES,
    WALMART,
    WORDINGS,
    buyer_mail,
    framed_text,
    mail,
    walmart_html,
    walmart_mail,
)
from tests.mailbox.test_bounces import report

SAMPLES = [
    *(buyer_mail(wording) for wording in WORDINGS),
    buyer_mail(WORDINGS[0], form="html"),
    walmart_mail(html=walmart_html()),
    walmart_mail(text="Thanks!\n\nOn Mon, 16 Nov, Shop wrote:\n> one\nyes\n> two\n"),
    report(),
]
LINES = st.sampled_from(
    [
        f"{DASHES} Message: {DASHES}",
        f"{DASHES} End message {DASHES}",
        f"{DASHES} Whatever {DASHES}",
        "-----Original Message-----",
        "On Mon, 16 Nov 2026, Shop wrote:",
        "> quoted",
        "From: a",
        "Sent: b",
        "To: c",
        "Sales Order ID: 200012345678901",
        "Item: Mug",
        "Message:",
        "Message: inline",
        "**Note: You",
        "RefID: CFB3AF9BD4F64299A86742C482665D44",
        "Was this email helpful?",
        "You have received a message.",
        "1 of / Mug [ASIN: B0TESTMUG1]",
        "Details: x",
        "",
        "",
        "words",
        "more words",
    ]
)


def check(found: ParsedMail) -> None:
    """Assert what holds for every mail there is."""
    assert found.text.strip()
    assert found.reason
    assert "\0" not in found.text + found.full_text + found.html + found.subject
    assert "\n" not in found.subject
    assert len(found.subject) <= 500
    for value in (found.text, found.full_text, found.html, found.subject, found.from_name):
        value.encode("utf-8")
    if found.full_text.strip():
        at = 0
        for line in found.text.split("\n"):
            if line.strip():
                place = found.full_text.find(line.strip(), at)
                assert place >= 0
                at = place + len(line.strip())
    assert found.text_is_excerpt == (found.text != found.full_text.strip()) or not found.full_text.strip()


@pytest.mark.parametrize("context", [AMAZON, WALMART], ids=["amazon", "walmart"])
@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=2000))
def test_any_bytes_are_a_mail(context: object, raw: bytes) -> None:
    assert context in (AMAZON, WALMART)
    check(parse(raw, AMAZON if context is AMAZON else WALMART))


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(LINES, max_size=25), walmart=st.booleans(), html=st.booleans())
def test_any_order_of_the_frames_lines_keeps_the_words_in_order(
    lines: list[str], walmart: bool, html: bool
) -> None:
    text = "\n".join(lines)
    markup = "<br>".join(line.replace(">", "&gt;") for line in lines) if html else None
    raw = (walmart_mail if walmart else mail)(text=None if html else text, html=markup)
    check(parse(raw, WALMART if walmart else AMAZON))


HEADERS = st.sampled_from(
    [
        "From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "References", "Received",
        "Return-Path", "Authentication-Results", "Content-Type", "Content-Transfer-Encoding",
        "Content-Disposition",
        "Content-ID", "X-Space-Notification-Type", "Delivered-To",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=80),
    st.text(alphabet="<>@\"();,:=?*'\\ \t%abqBQ0-9", max_size=80).map(str.encode),
    st.sampled_from(
        [
            b"multipart/mixed; boundary=x",
            b"multipart/alternative; boundary=x",
            b"text/html; charset=utf-16",
            b"message/delivery-status",
            b"=?utf-8?b?////?= =?x?q?=?=",
            b"mx.shop.example; dmarc=pass",
            b"base64",
            b"quoted-printable",
            b"a@marketplace.amazon.com",
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    head=st.lists(st.tuples(HEADERS, VALUES), max_size=8),
    inner=st.lists(st.tuples(HEADERS, VALUES), max_size=4),
    body=st.binary(max_size=200),
)
def test_any_headers_are_read(
    head: list[tuple[str, bytes]], inner: list[tuple[str, bytes]], body: bytes
) -> None:
    def lines(pairs: list[tuple[str, bytes]]) -> bytes:
        return b"".join(name.encode() + b": " + value + b"\n" for name, value in pairs)

    check(parse(lines(head) + b"\n--x\n" + lines(inner) + b"\n" + body + b"\n--x--\n", AMAZON))


def mutant(sample: bytes, dice: random.Random) -> bytes:
    """Return a sample with a few bytes flipped, cut, doubled or moved."""
    data = bytearray(sample)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(data) or 1)
        length = dice.choice([1, 1, 2, 20, 200])
        match dice.randrange(6):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at:at] = dice.choice(
                    [b"\0", b"\r", b"\n", b"\n\n", b"=", b"<", b'"', b"\xff\xfe", b";", b"-" * 30]
                )
            case 4:
                start = dice.randrange(len(data) or 1)
                data[at:at] = data[start : start + length]
            case _:
                lines = bytes(data).split(b"\n")
                dice.shuffle(lines) if dice.random() < 0.2 else lines.pop(dice.randrange(len(lines)))
                data = bytearray(b"\n".join(lines))
    return bytes(data)


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_mutants_of_real_forms_are_read(number: int) -> None:
    dice = random.Random(number)
    for _ in range(150):
        raw = mutant(SAMPLES[number], dice)
        check(parse(raw, AMAZON))
        check(parse(raw, WALMART))


MEGABYTE = 1_000_000
NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(10_000))
HUGE = {
    "nested multiparts": NESTED + b"\nHello",
    "nested messages": b"Content-Type: message/rfc822\n\n" * 10_000,
    "one boundary again and again": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n" * 250_000,
    "almost the boundary": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x--x" * 160_000,
    "one long line": b"From: a@b.example\n\n" + b"x" * MEGABYTE,
    "one long line of blanks": b"From: a@b.example\n\n" + b" " * MEGABYTE,
    "dashes": b"From: a@b.example\n\n" + b"-" * MEGABYTE,
    "dashes and words": b"From: a@marketplace.amazon.com\n\n" + b"--- Message: " * 80_000,
    "markers": b"From: a@marketplace.amazon.com\n\n" + b"--- Message: ---\n--- End message ---\n" * 25_000,
    "labels": f"From: {'0' * 32}@relay.walmart.com\n\n".encode() + b"Message:\nItem: x\n" * 60_000,
    "inline labels": f"From: {'0' * 32}@relay.walmart.com\n\n".encode() + b"Item: x Message: y " * 50_000,
    "orders": b"From: a@marketplace.amazon.com\n\n" + b"111-1234567-1234567 " * 50_000,
    "digits": f"From: {'0' * 32}@relay.walmart.com\n\n".encode() + b"1" * MEGABYTE,
    "hex": f"From: {'0' * 32}@relay.walmart.com\n\n".encode() + b"RefID: " + b"a" * MEGABYTE,
    "wrote": b"From: a@marketplace.amazon.com\n\n" + b"On On On wrote:\n" * 60_000,
    "quotes": b"From: a@marketplace.amazon.com\n\n" + b"> x\ny\n" * 160_000,
    "links": b"From: a@marketplace.amazon.com\n\n--- Message: ---\nx\n--- End message ---\n"
    + b"https://www.amazon.com/" * 40_000,
    "asins": b"From: a@marketplace.amazon.com\n\n" + b"[ASIN:" * 160_000,
    "asin and blanks": b"From: a@marketplace.amazon.com\n\n[ASIN:" + b" " * MEGABYTE,
    "a huge header": b"Subject: " + b"x" * MEGABYTE + b"\n\nHello",
    "a folded header": b"Subject: x\n" + b" y\n" * 300_000 + b"\nHello",
    "comments": b"From: "
    + b"(" * 90_000
    + b" a@b.example\nAuthentication-Results: "
    + b"(" * 90_000
    + b"\n\nHello",
    "addresses": b"To: " + b"<a@b.example>," * 7_000 + b"\n\nHello",
    "angles": b"From: " + b"<" * 90_000 + b"\nReferences: " + b"<" * 90_000 + b"\n\nHello",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 7_000 + b"\n\nHello",
    "half encoded words": b"Subject: " + b"=?" * 45_000 + b"\n\nHello",
    "parameters": b"Content-Type: text/plain" + b"; a*1*=x" * 12_000 + b"\n\nHello",
    "semicolons in quotes": b'Content-Type: text/plain; a="' + b";" * 90_000 + b"\n\nHello",
    "a parameter's number": b"Content-Type: text/plain; a*" + b"9" * 6_000 + b"=x\n\nHello",
    "headers": b"X: y\n" * 200_000 + b"\nHello",
    "received": b"Received: from from from by by ; x\n" * 900 + b"\nHello",
    "quoted-printable": b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * MEGABYTE,
    "nested tags": b"Content-Type: text/html\n\n" + b"<div><b>" * 10_000 + b"Hello",
    "open tags": b"Content-Type: text/html\n\n" + b"<" * MEGABYTE,
    "entities": b"Content-Type: text/html\n\n" + b"&" * MEGABYTE,
    "styled blocks": b"Content-Type: text/html\n\n" + b"<pre style=x>" * 70_000,
    "foreign bytes": bytes(range(128, 256)) * 8_000,
    "nul": b"\0" * MEGABYTE,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_megabyte_of_malice_is_read(name: str) -> None:
    for context in (AMAZON, WALMART):
        found = parse(HUGE[name], context)
        assert found.text.strip()


def test_what_is_deeper_than_we_go_is_still_shown() -> None:
    found = parse(NESTED + b"\nHello", AMAZON)
    assert any("deeper than 20" in oddity for oddity in found.oddities)
    assert "Hello" in found.full_text


def test_frames_in_every_language_survive_losing_any_line() -> None:
    for wording in WORDINGS:
        lines = framed_text(wording).split("\n")
        for lost in range(len(lines)):
            text = "\n".join(lines[:lost] + lines[lost + 1 :])
            found = parse(mail(text=text), AMAZON)
            check(found)
            kept = [line for line in wording.question.split("\n") if line in text]
            assert all(line in found.text for line in kept)
