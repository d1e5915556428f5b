import json
from dataclasses import replace

import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import BouncedMail
from marketplaces.mailbox.wire import context_from_json, context_to_json, parsed_from_json, parsed_to_json
from tests.mailbox.samples import AMAZON, WALMART, WORDINGS, buyer_mail, walmart_html, walmart_mail
from tests.mailbox.test_bounces import report
from tests.mailbox.test_mime import PNG, with_files

MAILS = [
    *(parse(buyer_mail(wording), AMAZON) for wording in WORDINGS),
    parse(walmart_mail(html=walmart_html()), WALMART),
    parse(report(), AMAZON),
    parse(with_files(("a.png", "image/png", PNG), ("b", "application/x", b"")).as_bytes(), AMAZON),
    replace(parse(b"", AMAZON), bounced=BouncedMail(), stated_due=AMAZON.received_at),
]


@pytest.mark.parametrize("number", range(len(MAILS)))
def test_a_mail_survives_the_way_through_json(number: int) -> None:
    data, contents = parsed_to_json(MAILS[number])
    assert parsed_from_json(json.loads(json.dumps(data)), contents) == MAILS[number]


def test_a_context_survives_the_way_through_json() -> None:
    for context in (AMAZON, replace(WALMART, received_at=None)):
        assert context_from_json(json.loads(json.dumps(context_to_json(context)))) == context


def test_contents_that_belong_to_another_mail_are_refused() -> None:
    data, _ = parsed_to_json(MAILS[-2])
    with pytest.raises(ValueError, match="shorter|longer"):
        parsed_from_json(data, ())
