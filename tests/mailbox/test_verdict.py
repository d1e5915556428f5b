import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import MailContext, Verdict
from tests.mailbox.samples import AMAZON, RELAY, mail

OURS = "mx.shop.example; "
CASES = {
    "dmarc pass": (OURS + "dmarc=pass (p=QUARANTINE) header.from=marketplace.amazon.com", Verdict.PASS),
    "dmarc pass without a domain": (OURS + "dmarc=pass", Verdict.PASS),
    "dmarc pass for someone else": (OURS + "dmarc=pass header.from=evil.example", Verdict.NONE),
    "someone else's dmarc hides no refusal": (
        OURS + "spf=fail; dkim=pass header.d=evil.example; dmarc=pass header.from=evil.example",
        Verdict.FAIL,
    ),
    "aligned dkim": (OURS + "dkim=pass header.d=marketplace.amazon.com; spf=none", Verdict.PASS),
    "aligned dkim of the parent": (OURS + "dkim=pass header.i=@amazon.com", Verdict.PASS),
    "dkim of someone else": (OURS + "dkim=pass header.d=amazonses.com", Verdict.NONE),
    "dkim of a top level": (OURS + "dkim=pass header.d=com", Verdict.NONE),
    "dkim pass without a domain": (OURS + "dkim=pass", Verdict.NONE),
    "dmarc fail beats dkim": (OURS + "dkim=pass header.d=amazon.com; dmarc=fail header.from=x", Verdict.FAIL),
    "dkim fail": (OURS + "dkim=fail header.d=amazon.com", Verdict.FAIL),
    "spf fail alone": (OURS + "spf=fail smtp.mailfrom=x.example", Verdict.FAIL),
    "spf fail of a forwarded mail": (OURS + "spf=fail; dkim=pass header.d=amazon.com", Verdict.PASS),
    "softfail": (OURS + "spf=softfail", Verdict.NONE),
    "temporary error": (OURS + "dmarc=temperror", Verdict.NONE),
    "none": (OURS + "none", Verdict.NONE),
    "another server": ("mx.evil.example; dmarc=pass header.from=amazon.com", Verdict.NONE),
    "a pass in a comment": (OURS + "dmarc=none (dmarc=pass; dmarc=pass)", Verdict.NONE),
    "a pass in a version": ("mx.shop.example 1; DMARC=Pass header.from=amazon.com", Verdict.PASS),
    "nonsense": (";;;((((", Verdict.NONE),
    "empty": ("", Verdict.NONE),
}


def with_results(*lines: str, sender: str = RELAY) -> bytes:
    head = "".join(f"Authentication-Results: {line}\r\n" for line in lines)
    return (
        head.encode()
        + b"Received: from a by b; Mon, 16 Nov 2026 10:00:00 +0000\r\n"
        + mail(headers={"From": sender}, text="Hello")
    )


@pytest.mark.parametrize("name", CASES)
def test_only_proof_about_the_marketplace_passes(name: str) -> None:
    line, expected = CASES[name]
    assert parse(with_results(line), AMAZON).verdict is expected


def test_only_the_topmost_line_of_our_server_counts() -> None:
    passed, failed = OURS + "dmarc=pass header.from=amazon.com", OURS + "dmarc=fail"
    assert parse(with_results(failed, passed), AMAZON).verdict is Verdict.FAIL
    assert parse(with_results("mx.other.example; dmarc=fail", passed), AMAZON).verdict is Verdict.PASS


def test_a_second_sender_is_refused_whatever_the_server_has_proved() -> None:
    line = OURS + "dkim=pass header.d=amazon.com; dmarc=pass header.from=evil.example"
    twice = with_results(line).replace(b"From:", b"From: Mallory <m@evil.example>\r\nFrom:", 1)
    for content in (twice, with_results(line).replace(b"Date:", b"From: m@evil.example\r\nDate:", 1)):
        assert parse(content, AMAZON).verdict is not Verdict.PASS
    assert (
        parse(with_results(line).replace(b"Date:", b"From: m@evil.example\r\nDate:", 1), AMAZON).verdict
        is Verdict.FAIL
    )


def test_another_domain_never_passes_as_the_marketplace() -> None:
    line = OURS + "dmarc=pass header.from=evil.example; dkim=pass header.d=evil.example"
    found = parse(
        with_results(line, sender="evil@evil.example").replace(
            b"Date:", f"Reply-To: {RELAY}\nDate:".encode()
        ),
        AMAZON,
    )
    assert found.claims_relay
    assert found.verdict is Verdict.NONE


def test_with_no_server_named_only_a_line_above_everything_received_counts() -> None:
    unnamed = MailContext("amazon", received_at=AMAZON.received_at)
    line = "mx.any.example; dmarc=pass header.from=marketplace.amazon.com"
    assert parse(with_results(line), unnamed).verdict is Verdict.PASS
    below = b"Received: from a by b; Mon, 16 Nov 2026 10:00:01 +0000\r\n" + with_results(line)
    assert parse(below, unnamed).verdict is Verdict.NONE
    alone = mail(headers={"Authentication-Results": line}, text="Hello")
    assert parse(alone, unnamed).verdict is Verdict.NONE
