"""Amazon's buyer messages: section 1.3 of the Amazon field notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from simulator.accounts import SellerAccount
from simulator.shapes.amazon_words import CANADIAN_MARKERS, WORDS, Words
from simulator.shapes.body import Attachment, Form, body, escaped
from simulator.shapes.transport import Draft

CaseStands = Literal["from", "reply_to", "original_recipient"]

_FORMS: tuple[Form, ...] = ("html", "alternative", "alternative", "plain")

# The one `pre` whose inline style is the same in every language (section 1.3, row "HTML").
_PRE = (
    "white-space: pre-wrap; word-wrap: break-word; font-family: Arial, sans-serif; font-size: 14px; margin: 0"
)


@dataclass(frozen=True)
class About:
    """What an Amazon message is about; the order is empty before a purchase."""

    order_id: str
    quantity: int
    title: str
    asin: str
    case: str


def origin(account: SellerAccount) -> str:
    """The host that hands Amazon's mail over."""
    return f"a{len(account.address) % 30 + 1}-{len(account.name) + 40}.smtp-out.{account.site.site}"


def buyer_message(
    account: SellerAccount,
    alias: str,
    buyer_name: str,
    text: str,
    about: About,
    message_id: str,
    rng: Random,
    *,
    language: str,
    topic: str = "",
    form: Form | None = None,
    charset: str = "",
    case_stands: CaseStands = "from",
    seller_named: bool = False,
    attachments: Sequence[Attachment] = (),
) -> Draft:
    """A buyer's message; `alias` is the bare relay address, to which the case's id is added where it stands.

    With `seller_named` the seller's own name stands in the subject and the order is missing, as happens.
    """
    words = WORDS[language]
    suffix = rng.choice(("Amazon Marketplace", "Amazon Marketplace", account.site.site))
    shown: Form = form if form is not None else rng.choice(_FORMS)
    markers = rng.choice(CANADIAN_MARKERS if account.market == "ca" and language == "en" else words.markers)
    named = words.subject if about.order_id and not seller_named else words.subject_without_order
    subject = named.format(
        topic=topic or rng.choice(words.topics),
        name=account.name if seller_named else buyer_name,
        order=about.order_id,
    )
    with_case = alias.replace("@", f"+{about.case}@")
    headers = [
        ("X-Space-Notification-Type", "BBC_MESSAGE_SENT_TO_MERCHANT"),
        ("X-Marketplace-ID", account.site.marketplace_id),
    ]
    if case_stands == "reply_to" or (case_stands == "from" and rng.random() < 0.5):
        headers.append(("Reply-To", with_case))
    elif case_stands == "original_recipient":
        headers.append(("X-Original-To", with_case))
    footer = _footer(account, words, about)
    return Draft(
        sender_name=f"{buyer_name} - {suffix}",
        sender=with_case if case_stands == "from" else alias,
        subject=subject,
        message_id=message_id,
        body=body(
            shown,
            _plain(words, markers, text, about, footer, rng),
            _markup(words, markers, text, about, footer, rng),
            rng,
            charset=charset or words.charset,
            attachments=attachments,
        ),
        origin=origin(account),
        envelope_from=f"{message_id[1:17].lower()}@bounces.{account.site.site}",
        headers=headers,
        charset=charset or words.charset,
        to_name=account.name,
    )


@dataclass(frozen=True)
class _Footer:
    arbitration: str
    links: tuple[tuple[str, str], ...]
    token: str


def _footer(account: SellerAccount, words: Words, about: About) -> _Footer:
    site = account.site.site
    console = f"https://sellercentral.{site}"
    return _Footer(
        f"[{words.arbitration}]",
        (
            (
                words.resolve,
                f"{console}/messaging/resolve-case?caseId={about.case}&mp={account.site.marketplace_id}"
                f"&v=1&t={about.case.replace('-', '')[::-1]}",
            ),
            (words.report, f"{console}/messaging/report?fi=caseId&ss={about.case}&cc={about.case}"),
            ("Survey", f"https://www.{site}/gp/help/survey?p={about.case[:8]}"),
        ),
        f"[commMgrTok:A{about.case.replace('-', '')[:14].upper()}]",
    )


def _plain(
    words: Words, markers: tuple[str, str], text: str, about: About, footer: _Footer, rng: Random
) -> str:
    dashes = "-" * 13
    # The blanks around the words vary from one template to the next.
    gap = rng.choice((" ", " ", "  ", ""))
    quantity = words.quantity.format(quantity=about.quantity)
    item = [f"{quantity}{rng.choice((' ', chr(10)))}{about.title} [ASIN: {about.asin}]"]
    order = [words.order_label.format(order=about.order_id)] if about.order_id else []
    closing = f"{dashes}{gap}{markers[1]}{gap}{dashes}"
    opening = f"{dashes}{gap}{markers[0]}{gap}{dashes}"
    links = [f"{label}: {target}" for label, target in footer.links]
    return "\n".join(
        [
            *order,
            *item,
            "",
            opening,
            "",
            text,
            "",
            closing,
            "",
            footer.arbitration,
            "",
            *links,
            "",
            footer.token,
            "",
        ]
    )


def _markup(
    words: Words, markers: tuple[str, str], text: str, about: About, footer: _Footer, rng: Random
) -> str:
    with_markers = rng.random() < 0.5
    dashes = "-" * 13
    order = f"<p>{escaped(words.order_label.format(order=about.order_id))}</p>" if about.order_id else ""
    quantity = escaped(words.quantity.format(quantity=about.quantity))
    links = "<br>\n".join(
        f'<a href="{escaped(target)}">{escaped(label)}</a>' for label, target in footer.links
    )
    opening = f"<p>{dashes} {escaped(markers[0])} {dashes}</p>" if with_markers else ""
    closing = f"<p>{dashes} {escaped(markers[1])} {dashes}</p>" if with_markers else ""
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"></head>
<body style="font-family: Arial, sans-serif">
<table width="600" cellpadding="0" cellspacing="0"><tr><td>
{order}
<table><tr><td>{quantity}</td><td>{escaped(about.title)} [ASIN: {about.asin}]</td></tr></table>
{opening}
<pre style="{_PRE}">{escaped(text)}</pre>
{closing}
<p style="font-size: 11px; color: #767676">{escaped(footer.arbitration)}</p>
<p style="font-size: 11px">{links}</p>
<span style="color: #ffffff; font-size: 1px">{footer.token}</span>
</td></tr></table>
</body></html>
"""
