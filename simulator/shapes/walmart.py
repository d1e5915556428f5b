"""Walmart's relay mails: sections 1.1 to 1.3 of the Walmart field notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from simulator.accounts import SellerAccount
from simulator.shapes.body import Attachment, Form, body, escaped
from simulator.shapes.transport import Draft

_ORIGIN = "mail-out.relay.walmart.com"
_FORMS: tuple[Form, ...] = ("html", "html", "alternative")
# No subject line is confirmed anywhere (section 1.2), so they differ and say little.
_SUBJECTS = (
    "A customer has a question about their order",
    "Customer question: {title}",
    "Message from {name} - Walmart.com",
    "New message about order {order}",
)
# The note's deadline is that of the sample of 2020; later wording is not known.
_NOTES = (
    "Please respond within 1 business day.",
    "Please respond within 48 hours.",
    "Please respond to the customer as soon as possible.",
)


@dataclass(frozen=True)
class About:
    """What a Walmart message is about; the order is empty before a purchase."""

    order_id: str
    item_id: str
    title: str
    ref_id: str


def buyer_message(
    account: SellerAccount,
    relay: str,
    buyer_name: str,
    text: str,
    about: About,
    message_id: str,
    rng: Random,
    *,
    form: Form | None = None,
    attachments: Sequence[Attachment] = (),
) -> Draft:
    """The first message of a buyer (section 1.2), before a purchase from a `pc-` address (section 1.1)."""
    shown: Form = form if form is not None else rng.choice(_FORMS)
    first, _, last = buyer_name.partition(" ")
    subject = rng.choice(_SUBJECTS if about.order_id else _SUBJECTS[:2])
    top, labels, note, bottom = _parts(account, buyer_name, about, rng.choice(_NOTES))
    return Draft(
        sender_name=rng.choice((f"{first} {last[:1]}.", buyer_name, "Walmart Customer", "")),
        sender=relay,
        subject=subject.format(title=about.title, name=buyer_name, order=about.order_id),
        message_id=message_id,
        body=body(
            shown,
            _plain(top, labels, text, note, bottom),
            _markup(top, labels, text, note, bottom),
            rng,
            attachments=attachments,
        ),
        origin=_ORIGIN,
        envelope_from=f"bounce-{about.ref_id[:12]}@relay.walmart.com",
    )


def later_turn(
    account: SellerAccount,
    relay: str,
    buyer_name: str,
    text: str,
    subject: str,
    message_id: str,
    rng: Random,
    *,
    quoted: str,
    quoted_at: datetime,
    quoted_id: str,
    attachments: Sequence[Attachment] = (),
) -> Draft:
    """A buyer's later message: a plain quoted reply from the relay address (section 1.2, later turns)."""
    if rng.random() < 0.7:
        lead = f"On {quoted_at:%a, %b} {quoted_at.day}, {quoted_at:%Y at %H:%M} {account.name} wrote:"
        quote = lead + "\n\n" + "\n".join(f"> {line}".rstrip() for line in quoted.splitlines())
    else:
        quote = (
            f"-----Original Message-----\nFrom: {account.name}\nSent: {quoted_at:%A, %B} {quoted_at.day}, "
            f"{quoted_at:%Y}\n"
            f"Subject: {subject}\n\n{quoted}"
        )
    headers = [("In-Reply-To", quoted_id), ("References", quoted_id)] if quoted_id else []
    return Draft(
        sender_name=buyer_name,
        sender=relay,
        subject=_answering(subject),
        message_id=message_id,
        body=body("plain", f"{text}\n\n{quote}\n", "", rng, attachments=attachments),
        origin=_ORIGIN,
        envelope_from=f"bounce-{relay[:12]}@relay.walmart.com",
        headers=headers,
    )


def customer_care(relay: str, subject: str, text: str, about: About, message_id: str, rng: Random) -> Draft:
    """Walmart Customer Care about an order (section 1.3): no buyer, but with the clock."""
    plain = (
        f"Hello Marketplace Seller,\n\n{text}\n\nSales Order ID: {about.order_id}\nItem: {about.title}\n\n"
        f"Thank you,\nWalmart Customer Care\n\nRefID: {about.ref_id}\n"
    )
    markup = "".join(f"<div>{escaped(line) or '&nbsp;'}</div>\r\n" for line in plain.splitlines())
    return Draft(
        sender_name="Walmart Customer Care",
        sender="customercare@walmart.com",
        subject=subject,
        message_id=message_id,
        body=body(rng.choice(("plain", "alternative")), plain, f"<html><body>{markup}</body></html>", rng),
        origin="mail-out.walmart.com",
        envelope_from="bounces@walmart.com",
        headers=[("Reply-To", relay)],
    )


def notice(subject: str, text: str, message_id: str, rng: Random) -> Draft:
    """A partner notice without a buyer (section 1.3)."""
    domain = rng.choice(("walmart.com", "wal-mart.com"))
    return Draft(
        sender_name="Walmart Marketplace",
        sender=f"marketplace-noreply@{domain}",
        subject=subject,
        message_id=message_id,
        body=body("alternative", text, f"<html><body><p>{escaped(text)}</p></body></html>", rng),
        origin=f"mail-out.{domain}",
        envelope_from=f"bounces@{domain}",
        headers=[("Auto-Submitted", "auto-generated"), ("Precedence", "bulk")],
    )


def _answering(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _parts(
    account: SellerAccount, buyer_name: str, about: About, deadline: str
) -> tuple[list[str], list[tuple[str, str]], str, list[str]]:
    thing = "order" if about.order_id else "item"
    top = [f"Hi {account.name},", f"{buyer_name} wants to connect with you regarding the following {thing}:"]
    labels = [("Sales Order ID", about.order_id)] if about.order_id else []
    labels += [("Item ID", about.item_id), ("Item", about.title)]
    site = account.site.site.capitalize()
    if about.order_id:
        note = (
            "**Note: You have received this message from the customer, who has made a purchase from your "
            "company on "
            f"{site}. {deadline}**"
        )
    else:
        note = f"**Note: You have received this message from a customer shopping on {site}. {deadline}**"
    bottom = [
        "Thank you,",
        "Walmart Customer Service Team",
        "",
        "When you reply, a copy of your message will be sent to the customer without your email address. "
        "Both your "
        "message and the customer's are retained and may be reviewed by Walmart.",
        f"A copy of this message will be sent to {account.address}",
        f"RefID: {about.ref_id}",
    ]
    return top, labels, note, bottom


def _plain(top: list[str], labels: list[tuple[str, str]], text: str, note: str, bottom: list[str]) -> str:
    named = [f"{label}:  {value}" for label, value in labels]
    return "\n".join([*top, *named, "Message:", text, note, *bottom, ""])


def _markup(top: list[str], labels: list[tuple[str, str]], text: str, note: str, bottom: list[str]) -> str:
    lines = [escaped(line) for line in top]
    lines += [f"<b>{label}:</b>&nbsp;&nbsp;{escaped(value)}" for label, value in labels]
    lines += ["<b>Message:</b>&nbsp;"]
    lines += [escaped(line) or "<br>" for line in text.splitlines()]
    lines += ["&nbsp;", f"<b>{escaped(note)}</b>", "&nbsp;"]
    lines += [escaped(line) or "&nbsp;" for line in bottom]
    divs = "\r\n".join(f"<div>{line}</div>" for line in lines)
    style = "font-family: Arial, sans-serif; font-size: 13px"
    return f'<html>\r\n<body style="{style}">\r\n{divs}\r\n</body>\r\n</html>\r\n'
