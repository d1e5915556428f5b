from dataclasses import replace
from datetime import UTC, datetime

import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import MailKind, ParsedMail
from tests.mailbox.samples import (
    ALIAS,
    AMAZON,
    CASE,
    DASHES,
    NO_RESPONSE,
    ORDER,
    RELAY,
    WORDINGS,
    Wording,
    buyer_mail,
    framed_html,
    framed_text,
    mail,
)

ENGLISH = WORDINGS[0]
by_language = pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: wording.language)


def read(raw: bytes) -> ParsedMail:
    return parse(raw, AMAZON)


@by_language
@pytest.mark.parametrize("form", ["both", "text", "html"])
@pytest.mark.parametrize("with_header", [True, False], ids=["header", "no header"])
def test_the_buyers_words_are_found_in_every_language_and_form(
    wording: Wording, form: str, with_header: bool
) -> None:
    found = read(buyer_mail(wording, form=form, with_header=with_header))
    assert found.kind is MailKind.BUYER_MESSAGE
    assert found.text == wording.question
    assert found.text_is_excerpt
    assert wording.question.split("\n")[0] in found.full_text
    assert found.order_ids == (ORDER,)
    assert found.item_id == "B0TESTMUG1"
    assert found.item_title in ("Blue Mug", "Caneca azul", "Taza azul", "Sininen muki", "青いマグ")
    assert found.buyer_name == "Jane Roe"
    assert found.relay_address == RELAY
    assert found.relay_alias == ALIAS
    assert found.case_ref == CASE


@pytest.mark.parametrize(
    "wording",
    [wording for wording in WORDINGS if not wording.language.startswith("a language")],
    ids=lambda wording: wording.language,
)
def test_the_words_are_found_when_the_whole_mail_is_one_line(wording: Wording) -> None:
    one = " ".join(framed_text(wording).split())
    found = read(mail(headers={"Subject": wording.subject}, text=one))
    assert found.text == " ".join(wording.question.split())
    assert found.order_ids[0] == ORDER
    assert found.no_response_link == NO_RESPONSE


def test_the_no_response_link_counts_only_behind_the_last_marker_and_on_amazons_own_host() -> None:
    typed = replace(ENGLISH, question=f"See {NO_RESPONSE.replace('t=A1', 't=TYPED')} please")
    assert read(buyer_mail(typed, form="text")).no_response_link == NO_RESPONSE
    assert read(buyer_mail(ENGLISH, form="html")).no_response_link == NO_RESPONSE
    for host in (
        "sellercentral.amazon.com.evil.example",
        "sellercentral.amazon.com@evil.example",
        "evil.example",
    ):
        forged = framed_text(ENGLISH).replace(
            "https://sellercentral.amazon.com/messaging/no", f"https://{host}/messaging/no"
        )
        assert read(mail(text=forged)).no_response_link == ""
    unframed = f"Hello\nResolve case {NO_RESPONSE}"
    assert read(mail(text=unframed)).no_response_link == ""


def test_a_closing_marker_typed_by_the_buyer_does_not_cut_the_message() -> None:
    typed = replace(
        ENGLISH, question=f"First.\n{DASHES} End message {DASHES}\nResolve case https://x.example\nSecond."
    )
    assert read(buyer_mail(typed, form="text")).text == typed.question


def test_without_the_first_marker_the_frame_above_is_left_out() -> None:
    text = framed_text(ENGLISH).replace(f"{DASHES} Message: {DASHES}\n", "")
    assert read(mail(text=text)).text == ENGLISH.question


def test_without_the_last_marker_the_frame_below_is_left_out() -> None:
    text = framed_text(ENGLISH).replace(f"{DASHES} End message {DASHES}\n", "")
    assert read(mail(text=text)).text == ENGLISH.question


def test_without_any_marker_the_known_lines_of_the_frame_are_left_out() -> None:
    text = (
        framed_text(ENGLISH)
        .replace(f"{DASHES} End message {DASHES}\n", "")
        .replace(f"{DASHES} Message: {DASHES}\n", "")
    )
    assert read(mail(text=text)).text == ENGLISH.question


def test_swapped_markers_still_give_the_words() -> None:
    text = (
        framed_text(ENGLISH)
        .replace("End message", "X")
        .replace(" Message: ", " End message ")
        .replace(" X ", " Message: ")
    )
    assert ENGLISH.question in read(mail(text=text)).text


def test_a_quoted_conversation_inside_the_frame_is_folded() -> None:
    question = (
        "Yes please, the large one.\n\n-----Original Message-----\nFrom: Shop - Amazon Marketplace\n"
        f"Sent: Tuesday\nTo: Jane\n\n{DASHES} Begin message {DASHES}\n"
        f"Which one?\n{DASHES} End message {DASHES}"
    )
    found = read(buyer_mail(replace(ENGLISH, question=question), form="text"))
    assert found.text == "Yes please, the large one."
    assert "Which one?" in found.full_text


def test_a_plain_reply_that_quotes_a_frame_gives_the_reply() -> None:
    text = "Thanks, that works.\n\n-----Original Message-----\nFrom: Shop\nSent: Tuesday\n\n" + framed_text(
        ENGLISH
    )
    assert read(mail(text=text)).text == "Thanks, that works."
    quoted = "Thanks, that works.\n\nOn Mon, 16 Nov 2026, Shop wrote:\n" + "\n".join(
        f"> {line}" for line in framed_text(ENGLISH).split("\n")
    )
    assert read(mail(text=quoted)).text == "Thanks, that works."


def test_the_frames_order_goes_before_one_the_buyer_typed() -> None:
    other = "222-2222222-2222222"
    typed = replace(ENGLISH, question=f"Order ID: {other} never came, like {other}.", subject="A question")
    assert read(buyer_mail(typed, form="text")).order_ids == (ORDER, other)
    unframed = mail(headers={"Subject": f"Re: question (Order: {ORDER})"}, text=f"Order ID: {other}")
    assert read(unframed).order_ids == (ORDER, other)


def test_numbers_that_only_look_like_orders_are_left_alone() -> None:
    text = "Tracking 1111-1234567-1234567, phone 111-123-4567, 111-1234567-12345678"
    assert read(mail(text=text)).order_ids == ()


def test_the_reply_address_goes_before_the_sender() -> None:
    raw = mail(headers={"Reply-To": f"Other+{CASE}@marketplace.amazon.co.uk"}, text="Hello")
    found = read(raw)
    assert found.relay_address == f"Other+{CASE}@marketplace.amazon.co.uk"
    assert found.relay_alias == "other@marketplace.amazon.co.uk"


def test_a_reply_address_elsewhere_is_never_answered() -> None:
    assert read(mail(headers={"Reply-To": "jane@evil.example"}, text="Hello")).relay_address == RELAY


def test_the_case_is_found_in_the_delivery_address_and_in_the_footer() -> None:
    bare = {"From": f"Jane <{ALIAS}>"}
    assert read(mail(headers={**bare, "X-Original-To": RELAY}, text="Hello")).case_ref == CASE
    assert read(mail(headers=bare, text=framed_text(ENGLISH))).case_ref == CASE
    assert read(mail(headers=bare, text=f"fi=caseId&cc={CASE}")).case_ref == ""


def test_a_machine_address_at_the_relay_is_no_buyer() -> None:
    found = read(mail(headers={"From": "donotreply@marketplace.amazon.com"}, text="Hello"))
    assert found.kind is MailKind.NOTICE
    assert found.relay_address == ""


KINDS = [
    ("BBC_MESSAGE_CONFIRMATION_TO_MERCHANT", MailKind.CONFIRMATION),
    ("BUYER_OPTED_OUT_BSM_MESSAGES", MailKind.OPT_OUT),
    ("BRC_SELLER_NOTIFICATION", MailKind.CANCEL_REQUEST),
    ("RETURN_REQUEST", MailKind.RETURN_REQUEST),
    ("REFUND_ISSUED", MailKind.REFUND_NOTICE),
    ("A_Z_CLAIM_RESPONDENT_NOTIFY", MailKind.CLAIM),
    ("A_Z_CLAIM_RESPONDENT_CLOSE", MailKind.NOTICE),
]


@pytest.mark.parametrize(("header", "kind"), KINDS)
def test_the_notification_type_decides_the_kind(header: str, kind: MailKind) -> None:
    headers = {"From": "donotreply@amazon.de", "X-Space-Notification-Type": header, "Subject": "Hallo"}
    found = read(mail(headers=headers, text=f"Bestellung {ORDER}"))
    assert found.kind is kind
    assert header in found.reason
    assert found.order_ids == (ORDER,)


def test_a_notification_type_from_elsewhere_is_not_believed() -> None:
    headers = {"From": "donotreply@amazon.com.evil.example", "X-Space-Notification-Type": KINDS[0][0]}
    found = read(mail(headers=headers, text="A copy"))
    assert found.kind is MailKind.UNRECOGNISED
    assert found.claims_relay


def test_a_new_notification_type_goes_to_people() -> None:
    headers = {"From": "donotreply@amazon.com", "X-Space-Notification-Type": "BRAND_NEW"}
    found = read(mail(headers=headers, text="Something"))
    assert found.kind is MailKind.UNRECOGNISED
    assert found.claims_relay


SENDERS = [
    ("atoz-guarantee-no-reply@amazon.it", "Azione richiesta", "Testo", MailKind.CLAIM),
    ("seller-guarantee@amazon.com", "Hello", "Text", MailKind.CLAIM),
    ("cb-seller-notification@amazon.com", "Chargeback", "Text", MailKind.CLAIM),
    (
        "order-update@amazon.com",
        f"Return authorization request for order # {ORDER}",
        "x",
        MailKind.RETURN_REQUEST,
    ),
    ("do-not-reply@amazon.com", f"Refund initiated for order {ORDER}", "x", MailKind.REFUND_NOTICE),
    ("auto-communication@amazon.co.uk", "Your message", "x", MailKind.CONFIRMATION),
    ("donotreply@amazon.com", "Your email to Jane Roe", "x", MailKind.CONFIRMATION),
    ("community-help@amazon.com", "A question about your product", "x", MailKind.PUBLIC_QUESTION),
    (
        "no-reply@amazon.com",
        "Sorry",
        "We were unable to deliver the message you sent to Jane.",
        MailKind.BOUNCE,
    ),
    ("no-reply@amazon.com", "Sorry", "The buyer has opted out of receiving messages.", MailKind.OPT_OUT),
    ("cs@amazon.com", "An inquiry from one of our customers", "x", MailKind.ON_BEHALF),
    (
        "marketplace-messages@amazon.com",
        "Order cancellation request from Amazon customer Jane",
        "x",
        MailKind.CANCEL_REQUEST,
    ),
    ("sc-noreply@amazon.com", "Your weekly summary", "x", MailKind.NOTICE),
    ("friend@shop.example", "Lunch?", "x", MailKind.UNRECOGNISED),
    ("complaints@chicago.bbb.org", "Complaint 1234", "x", MailKind.COMPLAINT),
    ("consumerprotection@texasattorneygeneral.gov", "Complaint", "x", MailKind.COMPLAINT),
    ("service@shop.example", "Re: hello", "x", MailKind.SENT_COPY),
]


@pytest.mark.parametrize(("sender", "subject", "text", "kind"), SENDERS)
def test_sender_and_subject_decide_without_the_header(
    sender: str, subject: str, text: str, kind: MailKind
) -> None:
    found = read(mail(headers={"From": sender, "Subject": subject}, text=text))
    assert found.kind is kind
    assert found.reason.endswith(".")


def test_customer_service_writing_for_a_buyer() -> None:
    text = (
        "Hello,\nWe've been contacted by a customer regarding the order identified below.\n\n------------\n"
        f"Order#: {ORDER}\nItem: Blue Mug, large\nReason: Tracking info\n\nDetails: \nHello,\n\n"
        "Please send the tracking number.\n\nWas this email helpful?"
    )
    found = read(
        mail(
            headers={"From": "cust.service@amazon.com", "Subject": "An inquiry from one of our customers"},
            text=text,
        )
    )
    assert found.kind is MailKind.ON_BEHALF
    assert found.on_behalf_reason == "Tracking info"
    assert found.on_behalf_details == "Hello,\n\nPlease send the tracking number."
    assert found.text == found.on_behalf_details
    assert found.order_ids == (ORDER,)
    assert found.item_title == "Blue Mug, large"
    assert found.relay_address == "cust.service@amazon.com"
    assert found.relay_alias == ""


def test_the_italian_form_of_customer_service() -> None:
    text = (
        f"Siamo stati contattati da un cliente.\nOrdine #: {ORDER}\nASIN: B0TESTMUG1\n"
        "Motivo: Ritardo\nDettagli: Dov'è?"
    )
    found = read(mail(headers={"From": f"x <{RELAY}>"}, text=text))
    assert (found.kind, found.on_behalf_reason, found.text) == (MailKind.ON_BEHALF, "Ritardo", "Dov'è?")
    assert (found.order_ids, found.item_id) == ((ORDER,), "B0TESTMUG1")


@pytest.mark.parametrize("in_blocks", [True, False])
def test_the_copy_of_an_answer_gives_the_sellers_words(in_blocks: bool) -> None:
    begin, end = f"{DASHES} Iniciar mensagem {DASHES}", f"{DASHES} Mensagem final {DASHES}"
    html = (
        f"<p>Prezado Loja,</p><p>{begin}</p><blockquote>Olá!<br>Sai hoje.</blockquote><p>{end}</p>"
        if in_blocks
        else f"<div>Prezado Loja, {begin} Olá!<br>Sai hoje. {end} Atenciosamente [commMgrTok:A]</div>"
    )
    headers = {
        "From": "donotreply@amazon.com",
        "Subject": "Seu e-mail para Maria Silva",
        "X-Space-Notification-Type": "BBC_MESSAGE_CONFIRMATION_TO_MERCHANT",
    }
    found = read(mail(headers=headers, html=html))
    assert found.kind is MailKind.CONFIRMATION
    assert [line.lstrip("> ") for line in found.text.split("\n")] == ["Olá!", "Sai hoje."]
    assert found.buyer_name == "Maria Silva"
    assert found.relay_address == ""


def test_what_lies_in_the_sent_folder_is_the_sellers_own() -> None:
    text = "It leaves today.\n\nOn Mon, 16 Nov 2026 at 10:00, Jane Roe wrote:\n> Where is it?\n"
    raw = mail(
        headers={"From": "service@shop.example", "To": f"Jane <{RELAY}>", "Subject": "Re: Where"}, text=text
    )
    for context in (AMAZON, replace(AMAZON, folder="sent", own_addresses=())):
        found = parse(raw, context)
        assert found.kind is MailKind.SENT_COPY
        assert found.text == "It leaves today."
        assert found.to == (RELAY,)
        assert (found.relay_address, found.relay_alias, found.case_ref) == (RELAY, ALIAS, CASE)


DEADLINES = [
    ("Please respond within 3 calendar days.", datetime(2026, 11, 19, 10, tzinfo=UTC)),
    ("Rispondi entro 3 giorni di calendario.", datetime(2026, 11, 19, 10, tzinfo=UTC)),
    ("Reply within 72\nhours of this mail.", datetime(2026, 11, 19, 10, tzinfo=UTC)),
    ("You must respond by November 25, 2026.", datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC)),
    ("Respond by 2026-11-25 17:30 UTC.", datetime(2026, 11, 25, 17, 30, tzinfo=UTC)),
    ("Antworten Sie bis zum 25.11.2026.", datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC)),
    ("Respond by Smarch 45, 2026, within 0 days.", None),
    ("Respond when you like.", None),
]


@pytest.mark.parametrize(("text", "due"), DEADLINES)
def test_a_claim_states_its_own_deadline(text: str, due: datetime | None) -> None:
    assert read(mail(headers={"From": "atoz-guarantee-no-reply@amazon.com"}, text=text)).stated_due == due


def test_a_buyers_message_states_no_deadline() -> None:
    assert read(mail(text="Answer within 3 days or else")).stated_due is None


def test_html_kept_for_the_screen_is_harmless() -> None:
    html = framed_html(ENGLISH).replace(
        "<p>Hello", '<img src="http://t.example/p.gif"><p hx-get="/x" onclick="x()">Hello'
    )
    found = read(mail(html=html))
    assert "Where is my mug?" in found.html
    for trace in ("style", "hx-get", "onclick", "t.example", "<img"):
        assert trace not in found.html
