"""The mail a reply becomes, read back by the standard library."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplaces.mailbox.compose import CannotCompose, OutgoingMail, compose

DATE = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)


def mail(**changed: Any) -> OutgoingMail:
    fields = {
        "sender": "care@lumen.example",
        "recipient": "a1b2c3+57d23f3d-7a26-49c9-a4ab-cfaea7c63122@marketplace.amazon.de",
        "subject": "Re: Your order 302-1234567-1234567",
        "message_id": "<0f8c@helpdesk.example>",
        "in_reply_to": "<buyer@amazon.example>",
        "references": "<first@amazon.example> <buyer@amazon.example>",
        "body": "Hello,\nit is on its way.",
        "date": DATE,
    }
    return OutgoingMail(**{**fields, **changed})


def read(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_the_headers_the_relay_looks_at() -> None:
    parsed = read(compose(mail()))
    assert parsed["From"] == "care@lumen.example"
    assert parsed["To"] == "a1b2c3+57d23f3d-7a26-49c9-a4ab-cfaea7c63122@marketplace.amazon.de"
    assert parsed["Subject"] == "Re: Your order 302-1234567-1234567"
    assert parsed["Message-ID"] == "<0f8c@helpdesk.example>"
    assert parsed["In-Reply-To"] == "<buyer@amazon.example>"
    assert parsed["References"] == "<first@amazon.example> <buyer@amazon.example>"
    assert parsed["Date"].datetime == DATE
    assert parsed.get_content_type() == "text/plain"
    assert parsed.get_content() == "Hello,\r\nit is on its way.\r\n"


def test_it_does_not_look_like_a_machines() -> None:
    parsed = read(compose(mail()))
    assert not {"auto-submitted", "precedence", "x-auto-response-suppress"} & {k.lower() for k in parsed}


def test_a_long_message_id_survives() -> None:
    long = f"<{'0100018f3c5d7e2a-' * 12}000000@eu-west-1.amazonses.example>"
    raw = compose(mail(in_reply_to=long, references=f"<first@amazon.example> {long}"))
    assert raw.count(long.encode()) == 2
    assert b"=?" not in raw.partition(b"\r\n\r\n")[0]


def test_a_long_thread_keeps_its_first_and_its_newest() -> None:
    ids = [f"<m{n}@x.example>" for n in range(40)]
    kept = read(compose(mail(references=" ".join(ids), in_reply_to=ids[-1])))["References"].split()
    assert kept == [ids[0], *ids[-19:]]


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Re: lamp\r\nBcc: everybody@evil.example"},
        {"subject": "Re: lamp\nBcc: everybody@evil.example"},
        {"subject": "Re: lamp\u2028Bcc: everybody@evil.example\x85Cc: x@evil.example"},
        {"in_reply_to": "<a@b.example>\r\nBcc: everybody@evil.example"},
        {"references": "<a@b.example>\r\n\r\nBcc: everybody@evil.example"},
        {"body": "\r\nBcc: everybody@evil.example\r\n.\r\nMAIL FROM:<x@evil.example>"},
    ],
)
def test_no_field_can_add_a_header(changed: dict[str, str]) -> None:
    assert [name.lower() for name in read(compose(mail(**changed)))] == [
        name.lower() for name in read(compose(mail()))
    ]


@pytest.mark.parametrize("field", ["sender", "recipient", "message_id"])
@pytest.mark.parametrize(
    "value",
    ["", "nobody", "a@b.example\r\nBcc: x@evil.example", "a@b.example>, <x@evil.example", "ä@b.example"],
)
def test_an_address_that_is_none_is_refused_in_words(field: str, value: str) -> None:
    with pytest.raises(CannotCompose, match=r"^The .*\.$"):
        compose(mail(**{field: value}))


@given(subject=TEXTS, body=TEXTS)
def test_any_text_arrives_as_it_was_written(subject: str, body: str) -> None:
    raw = compose(mail(subject=subject, body=body))
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert b"\r" not in b"".join(lines)
    assert b"\n" not in b"".join(lines)
    assert max(len(line) for line in lines) <= 998
    parsed = message_from_bytes(raw)
    sent = (parsed.get_payload(decode=True) or b"").decode()  # type: ignore[union-attr]
    assert sent == body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\n", "\r\n") + "\r\n"


@given(
    subject=st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=120
    )
)
def test_any_subject_without_white_space_arrives_whole(subject: str) -> None:
    parsed = message_from_bytes(compose(mail(subject=subject)))
    assert str(make_header(decode_header(parsed["Subject"]))).replace("\r\n ", "") == subject
