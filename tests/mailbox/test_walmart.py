import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import MailKind, ParsedMail
from tests.mailbox.samples import HEX, REF, WALMART, WALMART_RELAY, mail, walmart_html, walmart_mail


def read(raw: bytes) -> ParsedMail:
    return parse(raw, WALMART)


QUESTION = "Can I cancel this order?\nThank you, Lauren"


@pytest.mark.parametrize("form", ["html", "text"])
def test_the_buyers_words_and_the_frame_are_told_apart(form: str) -> None:
    text = read(walmart_mail(html=walmart_html())).full_text
    found = read(walmart_mail(html=walmart_html()) if form == "html" else walmart_mail(text=text))
    assert found.kind is MailKind.BUYER_MESSAGE
    assert found.text == QUESTION
    assert found.text_is_excerpt
    assert "**Note:" in found.full_text
    assert found.order_ids == ("5921679250664",)
    assert (found.item_id, found.item_title) == ("162457985", "Blue Pajama Set, Sizes 4-10")
    assert found.buyer_name == "Lauren Brady"
    assert found.case_ref == REF
    assert found.relay_address == found.relay_alias == WALMART_RELAY
    assert found.claims_relay
    assert found.stated_due is None


LABELS = {
    "order": "Sales Order ID: 200012345678901",
    "item": "Item ID: 162457985",
    "title": "Item: Blue Pajama Set",
    "message": "Message:\nWhere is it?",
    "ref": f"RefID: {REF}",
}


@pytest.mark.parametrize(
    "order",
    [
        ("order", "item", "title", "message", "ref"),
        ("title", "order", "message", "item", "ref"),
        ("message", "ref", "order", "item", "title"),
        ("message", "order", "item", "title"),
        ("ref", "message"),
        ("order", "message"),
        ("message",),
    ],
    ids=" ".join,
)
def test_labels_may_stand_in_any_order_or_be_absent(order: tuple[str, ...]) -> None:
    found = read(walmart_mail(text="\n".join(LABELS[name] for name in order)))
    assert found.text == "Where is it?"
    assert found.order_ids == (("200012345678901",) if "order" in order else ())
    assert found.item_id == ("162457985" if "item" in order else "")
    assert found.item_title == ("Blue Pajama Set" if "title" in order else "")
    assert found.case_ref == (REF if "ref" in order else "")


def test_a_frame_run_together_on_one_line_still_gives_the_words() -> None:
    one = " ".join(read(walmart_mail(html=walmart_html())).full_text.split())
    found = read(walmart_mail(text=one))
    assert found.text == "Can I cancel this order? Thank you, Lauren"
    assert found.order_ids[0] == "5921679250664"


def test_a_label_typed_by_the_buyer_stays_in_the_message() -> None:
    question = "Item: broken<br/>Sales Order ID: 1111111111111<br/>Please help"
    found = read(walmart_mail(html=walmart_html(question)))
    assert found.text == "Item: broken\nSales Order ID: 1111111111111\nPlease help"
    assert found.order_ids == ("5921679250664", "1111111111111")
    assert found.item_title == "Blue Pajama Set, Sizes 4-10"


def test_no_label_at_all_gives_the_whole_text() -> None:
    found = read(walmart_mail(text="Where is my parcel?\n\nLauren"))
    assert found.kind is MailKind.BUYER_MESSAGE
    assert found.text == "Where is my parcel?\n\nLauren"
    assert not found.text_is_excerpt
    assert found.buyer_name == "Lauren Brady"


def test_labels_in_a_plain_answer_cut_nothing() -> None:
    text = "Hello,\nmy trouble:\nItem: the mug is broken\nMessage: please help\nbye"
    assert read(walmart_mail(text=text.replace("Message", "Note"))).text == text.replace("Message", "Note")
    alone = "Hello,\nI wrote you a\nMessage: please help\nbye"
    assert read(walmart_mail(text=alone)).text == alone


def test_an_order_quoted_with_a_dash_is_the_same_order() -> None:
    text = "order 2000123-45678901, or 5921679-250664, not 12345678901 nor 2000123-456789012"
    assert read(walmart_mail(text=text)).order_ids == ("200012345678901", "5921679250664")


def test_canadas_short_order_id_is_read_from_its_label() -> None:
    html = walmart_html().replace("5921679250664", "2282223729")
    assert read(walmart_mail(html=html)).order_ids == ("2282223729",)


def test_a_message_before_the_purchase_comes_from_a_prefixed_alias() -> None:
    found = read(walmart_mail(text="Is it blue?", From=f"Lauren <pc-{HEX}@relay.walmart.com>"))
    assert found.kind is MailKind.BUYER_MESSAGE
    assert found.relay_alias == f"pc-{HEX}@relay.walmart.com"


def test_the_placeholder_address_is_never_answered() -> None:
    found = read(walmart_mail(text="Hello", From="nocxemail@walmartone.com"))
    assert found.relay_address == ""


def test_a_quoted_reference_is_kept_when_the_buyer_answers() -> None:
    text = f"Thank you!\n\nOn Mon, 16 Nov 2026, Shop wrote:\n> It left.\n> RefID: {REF}\n"
    found = read(walmart_mail(text=text))
    assert (found.text, found.case_ref) == ("Thank you!", REF)


NOT_BUYERS = [
    ("partner-notices@walmart.com", "Your performance standards have changed.", MailKind.NOTICE),
    ("noreply@wal-mart.com", "Webhook Delivery Failure - Action Required", MailKind.NOTICE),
    ("noreply@walmart.ca", "Holiday hours", MailKind.NOTICE),
    (
        "customercare@walmart.com",
        "About Sales Order ID: 200012345678901, please contact the buyer.",
        MailKind.ON_BEHALF,
    ),
    (
        "help@walmart.com",
        "Walmart Customer Care here.\nSales Order ID: 200012345678901\nWhere is it?",
        MailKind.ON_BEHALF,
    ),
    ("customercare@walmart.com", "Welcome to the new season.", MailKind.NOTICE),
    ("noreply@news.example", "Newsletter", MailKind.UNRECOGNISED),
    ("intake@bbb.org", "A complaint was filed", MailKind.COMPLAINT),
    ("friend@relay.walmart.com.evil.example", "Hello", MailKind.UNRECOGNISED),
]


@pytest.mark.parametrize(("sender", "text", "kind"), NOT_BUYERS)
def test_mail_that_is_not_from_a_buyers_alias(sender: str, text: str, kind: MailKind) -> None:
    found = read(mail(headers={"From": sender, "Subject": "Hello"}, text=text))
    assert found.kind is kind
    assert found.relay_alias == ""


def test_a_frame_from_walmarts_own_address_is_a_buyers_message() -> None:
    found = read(walmart_mail(html=walmart_html(), From="Walmart <messages@walmart.com>"))
    assert found.kind is MailKind.BUYER_MESSAGE
    assert found.text == QUESTION
