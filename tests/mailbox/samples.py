"""Mails as the marketplaces write them, by what is publicly known of their form; all names are invented."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

from marketplaces.mailbox.parsed import MailContext

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AMAZON = MailContext("amazon", ("service@shop.example",), ("mx.shop.example",), "inbox", NOW)
WALMART = MailContext("walmart", ("service@shop.example",), ("mx.shop.example",), "inbox", NOW)
CASE = "11111111-2222-4333-8444-555555555555"
ALIAS = "a1b2c3d4e5f6g7@marketplace.amazon.com"
RELAY = f"a1b2c3d4e5f6g7+{CASE}@marketplace.amazon.com"
ORDER = "111-1234567-7654321"
HEX = "0123456789abcdef0123456789abcdef"
WALMART_RELAY = f"{HEX}@relay.walmart.com"
REF = "CFB3AF9BD4F64299A86742C482665D44"
DASHES = "-------------"
NO_RESPONSE = "https://sellercentral.amazon.com/messaging/no-response-needed?t=A1&m=B2&h=00"
REPORT = f"https://sellercentral.amazon.com/messaging/inbox?fi=caseId&ss={CASE}&cc={CASE}"


def mail(
    *,
    headers: dict[str, str] | None = None,
    text: str | None = None,
    html: str | None = None,
) -> bytes:
    """Compose a mail with the standard library."""
    message = EmailMessage()
    defaults = {
        "From": f'"Jane Roe - Amazon Marketplace" <{RELAY}>',
        "To": "service@shop.example",
        "Date": "Mon, 16 Nov 2026 10:00:00 +0000",
        "Message-ID": "<0100.abc@email.amazonses.com>",
    }
    for name, value in {**defaults, **(headers or {})}.items():
        if value:
            message[name] = value
    if text is not None:
        message.set_content(text, cte="8bit")
    if html is not None and text is not None:
        message.add_alternative(html, subtype="html", cte="8bit")
    elif html is not None:
        message.set_content(html, subtype="html", cte="8bit")
    return message.as_bytes()


@dataclass(frozen=True)
class Wording:
    """How Amazon frames a buyer's message in one language."""

    language: str
    opening: str
    block: str
    begin: str
    end: str
    subject: str
    question: str


WORDINGS = [
    Wording(
        "english",
        "You have received a message.",
        f"# {ORDER}:\n1 of / Blue Mug [ASIN: B0TESTMUG1]",
        "Message:",
        "End message",
        f"Where is my order inquiry from Amazon customer Jane Roe (Order: {ORDER})",
        "Where is my mug?\nIt was due on Friday.",
    ),
    Wording(
        "english of 2016",
        "",
        f"Order ID {ORDER}:\n1 of Blue Mug [ASIN: B0TESTMUG1]",
        "Begin message",
        "End message",
        f"Product details inquiry from Amazon customer Jane Roe (Order: {ORDER})",
        "Does it go into the dishwasher?",
    ),
    Wording(
        "bilingual",
        "",
        f"Order ID/Commande N°: {ORDER}:\n1 of/sur Blue Mug [ASIN: B0TESTMUG1]",
        "Begin message / Début du message",
        "End message / Fin du message",
        f"inquiry from Amazon customer Jane Roe (Order: {ORDER})",
        "Ordered the wrong size.",
    ),
    Wording(
        "portuguese",
        "Você recebeu uma mensagem.",
        f"# {ORDER}:\n1 de / Caneca azul [ASIN: B0TESTMUG1]",
        "Mensagem: ",
        "Encerrar mensagem",
        "Detalhes do produto Amazon Jane Roe pergunta do cliente",
        "Olá, a caneca é azul?\n\nCabe 300 ml?",
    ),
    Wording(
        "spanish",
        "Ha recibido un mensaje.",
        f"# {ORDER}:\n1 / Taza azul [ASIN: B0TESTMUG1]",
        "Iniciar mensaje",
        "Finalizar mensaje",
        f"Consulta (Pedido: {ORDER})",
        "¿Dónde está mi taza?",
    ),
    Wording(
        "a language nobody translated",
        "Olet saanut viestin.",
        f"# {ORDER}:\n1 / Sininen muki [ASIN: B0TESTMUG1]",
        "Viesti alkaa",
        "Viesti päättyy",
        f"Kysymys (Tilaus: {ORDER})",
        "Missä mukini on?",
    ),
    Wording(
        "japanese",
        "メッセージが届きました。",
        f"注文番号: {ORDER}\n1 / 青いマグ [ASIN: B0TESTMUG1]",
        "メッセージ:",
        "メッセージ終了",
        f"商品に関するお問い合わせ (注文: {ORDER})",
        "いつ届きますか。",
    ),
]


def framed_text(wording: Wording) -> str:
    """Return Amazon's plain text around a question."""
    return (
        f"{wording.opening}\n\n{wording.block}\n\n{DASHES} {wording.begin} {DASHES}\n\n"
        f"{wording.question}\n\n{DASHES} {wording.end} {DASHES}\n\n"
        f"Was this email helpful? https://sellercentral.amazon.com/gp/satisfaction/survey-form.html\n\n"
        f"Resolve case {NO_RESPONSE}\n\nReport questionable activity {REPORT}\n\n"
        "To help arbitrate disputes and preserve trust and safety, we retain all\n[commMgrTok:A1B2]\n"
    )


def framed_html(wording: Wording) -> str:
    """Return Amazon's HTML around a question: the words stand in the one styled block."""
    escaped_link = NO_RESPONSE.replace("&", "&amp;")
    return (
        f"<html><head><style>td{{color:#333}}</style></head><body><table><tr><td><p>{wording.opening}</p>"
        f"<p>{wording.block}</p><p>Hello Shop,</p>"
        f'<pre style="white-space:pre-wrap;font-family:inherit">{wording.question}</pre>'
        f'<p><a href="{escaped_link}">Resolve case</a></p><p>Was this email helpful?</p>'
        "</td></tr></table></body></html>"
    )


def buyer_mail(wording: Wording, *, with_header: bool = True, form: str = "both") -> bytes:
    """Return a buyer's message as plain text, HTML or both."""
    return mail(
        headers={
            "Subject": wording.subject,
            "X-Space-Notification-Type": "BBC_MESSAGE_SENT_TO_MERCHANT" if with_header else "",
        },
        text=framed_text(wording) if form in ("both", "text") else None,
        html=framed_html(wording) if form in ("both", "html") else None,
    )


def walmart_html(question: str = "Can I cancel this order?<br />Thank you, Lauren") -> str:
    """Return Walmart's HTML around a question."""
    return (
        "<div dir='ltr'><div>Hi Shop,&nbsp;</div><div><br></div>"
        "<div>Lauren Brady wants to connect with you regarding the following order:</div><div><br></div>"
        "<div>Sales Order ID:&nbsp; 5921679250664</div><div>Item ID:&nbsp; 162457985</div>"
        "<div>Item:&nbsp; Blue Pajama Set, Sizes 4-10</div><div><br><br></div><div>Message:<br/></div>"
        f"{question}<div><br></div>"
        "<div><i>**Note: You have received this message from the customer, who has made a purchase from your "
        "company on\n Walmart.com. Please respond within 1 business day.**</i></div><div><br></div>"
        "<div>Thank you,&nbsp;</div><div>Walmart Customer Service Team</div><br>"
        "<i>We will send a copy of your message to the customer, but we will not include your email address."
        "</i><br><br>"
        f"<div>RefID: {REF}</div></div>"
    )


def walmart_mail(*, html: str | None = None, text: str | None = None, **headers: str) -> bytes:
    """Return a mail from a buyer's relay address at Walmart."""
    return mail(
        headers={"From": f"Lauren Brady <{WALMART_RELAY}>", "Subject": "A message", **headers},
        html=html,
        text=text,
    )
