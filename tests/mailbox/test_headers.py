from datetime import UTC, datetime

import pytest

from marketplaces.mailbox.headers import addresses, message_ids, moment, parameters, words
from marketplaces.mailbox.parse import parse
from tests.mailbox.samples import AMAZON, mail

WORDS = {
    "plain": "plain",
    "=?utf-8?q?caf=C3=A9_au_lait?=": "café au lait",
    "=?UTF-8?B?Y2Fmw6k=?=": "café",
    "=?utf-8?B?Y2Fmw6k?=": "café",
    "=?utf-8?b?Y2Fmw6?= =?utf-8?q?=A9?=": "caf\ufffd\ufffd",
    "=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=": "café",
    "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=": "日本",
    "=?gb18030?B?1tDOxA==?=": "中文",
    "=?gb2312?B?1tDOxA==?=": "中文",
    "=?x-foo?q?caf=E9?=": "café",
    "=?iso-8859-1*fr?q?caf=E9?=": "café",
    "a =?utf-8?q?b?= c": "a b c",
    "=?utf-8?q?a?= =?iso-8859-1?q?b?=": "ab",
    "=?utf-8?x?broken?=": "=?utf-8?x?broken?=",
    "=?utf-8?q?open": "=?utf-8?q?open",
}


@pytest.mark.parametrize("value", WORDS)
def test_encoded_words_are_decoded_or_left_as_they_are(value: str) -> None:
    expected = WORDS[value]
    if "\ufffd" in expected:
        assert words(value).startswith("caf")
    else:
        assert words(value) == expected


ADDRESSES = {
    "a@b.example": [("", "a@b.example")],
    "Jane Roe <a@b.example>": [("Jane Roe", "a@b.example")],
    '"Roe, Jane" <a@b.example>, c@d.example': [("Roe, Jane", "a@b.example"), ("", "c@d.example")],
    "=?utf-8?q?Roe=2C_Jane?= <a@b.example>": [("Roe, Jane", "a@b.example")],
    "a@b.example (Jane (x) Roe)": [("", "a@b.example")],
    "Team: a@b.example, c@d.example;": [("", "a@b.example"), ("", "c@d.example")],
    '"Jane \\"J\\" Roe" <A+b@C.example>': [('Jane "J" Roe', "A+b@C.example")],
    "Jane <a@b.example> <c@d.example>": [("Jane <a@b.example>", "c@d.example")],
    "<a@ b.example>": [("", "a@b.example")],
    "nobody, @x, x@, a@b@c": [],
    "": [],
}


@pytest.mark.parametrize("value", ADDRESSES)
def test_addresses_are_read_as_people_write_them(value: str) -> None:
    assert [(each.name, each.address) for each in addresses(value)] == ADDRESSES[value]


def test_message_ids_lose_their_white_space() -> None:
    assert message_ids("<a@b>\r\n <c\t@d> text <a@b>") == ("<a@b>", "<c@d>")
    assert message_ids("a@b") == ("<a@b>",)
    assert message_ids("no id") == ()
    assert len(message_ids(" ".join(f"<{n}@x>" for n in range(500)))) == 100


def test_parameters_follow_rfc_2231() -> None:
    value = "text/plain; charset=utf-8; name*0*=utf-8''caf%C3%A9; name*1=\" a;b\".txt; format=flowed"
    assert parameters('text/Plain; name="a;b.txt" (note)') == ("text/plain", {"name": "a;b.txt"})
    assert parameters(value)[1]["charset"] == "utf-8"
    assert parameters("x; name*=iso-8859-1'fr'caf%E9")[1] == {"name": "café"}
    assert parameters("x; name*1=b; name*0=a")[1] == {"name": "ab"}
    assert parameters("") == ("", {})


DATES = {
    "Mon, 16 Nov 2026 10:00:00 +0100": datetime(2026, 11, 16, 9, tzinfo=UTC),
    "16 Nov 2026 10:00 GMT": datetime(2026, 11, 16, 10, tzinfo=UTC),
    "Mon, 16 Nov 2026 10:00:00 -0000": datetime(2026, 11, 16, 10, tzinfo=UTC),
    "Mon, 16 Nov 2026 10:00:00 +0000 (UTC)": datetime(2026, 11, 16, 10, tzinfo=UTC),
    "yesterday": None,
    "Mon, 99 Nov 2026 10:00:00 +0000": None,
    "Mon, 16 Nov 99999 10:00:00 +0000": None,
    "": None,
}


@pytest.mark.parametrize("value", DATES)
def test_dates_are_utc_or_absent(value: str) -> None:
    assert moment(value) == DATES[value]


@pytest.mark.parametrize(
    "date", ["Mon, 16 Nov 1981 10:00:00 +0000", "Mon, 23 Nov 2026 10:00:00 +0000", "soon"]
)
def test_a_date_that_cannot_be_true_is_absent_and_said_so(date: str) -> None:
    raw = mail(text="Hello").replace(b"Mon, 16 Nov 2026 10:00:00 +0000", date.encode())
    found = parse(raw, AMAZON)
    assert found.date is None
    assert any("date" in oddity for oddity in found.oddities)


def test_the_earliest_stamp_of_a_marketplace_host_is_kept() -> None:
    stamps = (
        b"Received: from mx2 by mx.shop.example; Mon, 16 Nov 2026 10:09:00 +0000\r\n"
        b"Received: from a1.smtp-out.amazonses.com\r\n by mx2; Mon, 16 Nov 2026 10:05:00 +0000\r\n"
        b"Received: from sqs by a1.amazon.com with SMTP; Mon, 16 Nov 2026 02:04:00 -0800\r\n"
        b"Received: from pc by evil.example; Mon, 16 Nov 2026 01:00:00 +0000\r\n"
    )
    found = parse(stamps + mail(text="Hello"), AMAZON)
    assert found.relay_received == datetime(2026, 11, 16, 10, 4, tzinfo=UTC)
    assert parse(mail(text="Hello"), AMAZON).relay_received is None


@pytest.mark.parametrize(
    ("header", "value", "machine"),
    [
        ("Auto-Submitted", "auto-replied; owner=x", True),
        ("Auto-Submitted", "no", False),
        ("Return-Path", "<>", True),
        ("X-Autoreply", "yes", True),
        ("X-Autorespond", "1", True),
        ("Precedence", "auto_reply", True),
        ("Precedence", "bulk", False),
        ("X-Auto-Response-Suppress", "All", False),
    ],
)
def test_what_counts_as_written_by_a_machine(header: str, value: str, machine: bool) -> None:
    assert parse(mail(headers={header: value}, text="Hello"), AMAZON).machine is machine
