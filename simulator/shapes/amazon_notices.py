"""Amazon's other mails to sellers: section 1.4 of the Amazon field notes, by notification type or sender."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from simulator.accounts import SellerAccount
from simulator.shapes.amazon import origin
from simulator.shapes.body import Form, body, escaped
from simulator.shapes.transport import Draft


@dataclass(frozen=True)
class Item:
    """One line of an order as the notices print it."""

    title: str
    asin: str
    sku: str
    quantity: int = 1


def _notice(
    account: SellerAccount,
    sender: str,
    sender_name: str,
    subject: str,
    text: str,
    unique: str,
    *,
    kind: str = "",
    form: Form = "alternative",
    markup: str = "",
    headers: tuple[tuple[str, str], ...] = (),
) -> Draft:
    named = (
        (("X-Space-Notification-Type", kind), ("X-Marketplace-ID", account.site.marketplace_id))
        if kind
        else ()
    )
    lines = "".join(f"<p>{escaped(line)}</p>\n" for line in text.splitlines() if line)
    return Draft(
        sender_name=sender_name,
        sender=sender,
        subject=subject,
        message_id=f"<{unique}.{kind.lower() or 'notice'}.{account.market}@{account.site.site}>",
        body=body(form, text, markup or f"<html><body>\n{lines}</body></html>\n", Random(unique)),
        origin=origin(account),
        envelope_from=f"{unique}@bounces.{account.site.site}",
        headers=[*named, *headers],
    )


def confirmation(account: SellerAccount, buyer_name: str, order_id: str, reply: str, unique: str) -> Draft:
    """`BBC_MESSAGE_CONFIRMATION_TO_MERCHANT`: HTML only, from donotreply@amazon.com, without a relay address.

    Whether the order is named is not known; here it is, where there is one.
    """
    order = f"<p>Order ID: {order_id}</p>\n" if order_id else ""
    markup = (
        f"<html><body>\n<p>Dear {escaped(account.name)},</p>\n<p>This is a copy of the e-mail you sent to "
        f"{escaped(buyer_name)}.</p>\n{order}<pre>{escaped(reply)}</pre>\n</body></html>\n"
    )
    return _notice(
        account,
        "donotreply@amazon.com",
        "Amazon.com",
        f"Your email to {buyer_name}",
        "",
        unique,
        kind="BBC_MESSAGE_CONFIRMATION_TO_MERCHANT",
        form="html",
        markup=markup,
    )


def opted_out(account: SellerAccount, buyer_name: str, order_id: str, message_id: str, unique: str) -> Draft:
    """`BUYER_OPTED_OUT_BSM_MESSAGES`: our message was blocked because the buyer wants no messages."""
    about = f" regarding order {order_id}" if order_id else ""
    text = (
        f"Hello {account.name},\n\nThe message you sent to {buyer_name}{about} was not delivered, because "
        "this buyer has "
        "opted out of receiving unsolicited messages from sellers.\n\nRegards,\nAmazon\n"
    )
    return _notice(
        account,
        f"donotreply@{account.site.site}",
        "Amazon",
        f"Your message was not delivered: buyer {buyer_name} has opted out",
        text,
        unique,
        kind="BUYER_OPTED_OUT_BSM_MESSAGES",
        headers=(("In-Reply-To", message_id), ("References", message_id)),
    )


def undeliverable(account: SellerAccount, message_id: str, subject: str, rcpt: str, unique: str) -> Draft:
    """A failed delivery: "We were unable to deliver the message you sent"."""
    text = (
        f"Hello,\n\nWe were unable to deliver the message you sent to {rcpt}.\n\nSubject: {subject}\n"
        f"Message-ID: {message_id}\n\nPlease try again from Seller Central.\n\nAmazon Services\n"
    )
    return _notice(
        account,
        f"donotreply@{account.site.site}",
        "Amazon Services",
        "Message delivery failure",
        text,
        unique,
        form="plain",
        headers=(("In-Reply-To", message_id), ("References", message_id), ("Auto-Submitted", "auto-replied")),
    )


def cancel_request(
    account: SellerAccount, relay: str, buyer_name: str, order_id: str, item: Item, reason: str, unique: str
) -> Draft:
    """`BRC_SELLER_NOTIFICATION`: the buyer asks to cancel before shipping."""
    text = (
        f"Hello {account.name},\n\n{buyer_name} has requested to cancel the following order before it "
        "ships.\n\n"
        f"Order ID: {order_id}\nItem: {item.title} [ASIN: {item.asin}]\nSKU: {item.sku}\nQuantity: "
        f"{item.quantity}\n"
        f"Cancellation reason: {reason}\n\nPlease cancel the order, or ship it if it is already on its way.\n"
    )
    return _notice(
        account,
        relay,
        f"{buyer_name} - Amazon Marketplace",
        f"Order cancellation request from Amazon customer {buyer_name} (Order: {order_id})",
        text,
        unique,
        kind="BRC_SELLER_NOTIFICATION",
    )


def return_request(
    account: SellerAccount,
    buyer_name: str,
    order_id: str,
    item: Item,
    *,
    requested_at: datetime,
    reason: str,
    comment: str,
    carrier: str,
    tracking: str,
    unique: str,
) -> Draft:
    """`RETURN_REQUEST`: date, policy check, authorisation, item table, return carrier and tracking in one."""
    day = f"{requested_at:%b} {requested_at.day}, {requested_at:%Y}"
    text = (
        f"Dear {account.name},\n\n{buyer_name} has requested a return for order # {order_id}.\n\n"
        f"Return request date: {day}\nWithin return policy: Yes\nAuthorized by: Amazon\n\n"
        f"Item: {item.title}\nASIN: {item.asin}\nSKU: {item.sku}\nQuantity: {item.quantity}\nReturn reason: "
        f"{reason}\n"
        f"Buyer comment: {comment}\n\nReturn carrier: {carrier}\nTracking ID: {tracking}\n"
    )
    cells = (item.title, item.asin, item.sku, str(item.quantity), reason, comment)
    heads = ("Item", "ASIN", "SKU", "Qty", "Return reason", "Buyer comment")
    table = (
        "".join(f"<th>{head}</th>" for head in heads),
        "".join(f"<td>{escaped(cell)}</td>" for cell in cells),
    )
    markup = (
        f"<html><body>\n<p>Dear {escaped(account.name)},</p>\n"
        f"<p>{escaped(buyer_name)} has requested a return for order # {order_id}.</p>\n"
        f"<p>Return request date: {day}<br>Within return policy: Yes<br>Authorized by: Amazon</p>\n"
        f"<table border=1>\n<tr>{table[0]}</tr>\n<tr>{table[1]}</tr>\n</table>\n"
        f"<p>Return carrier: {carrier}<br>Tracking ID: {tracking}</p>\n</body></html>\n"
    )
    return _notice(
        account,
        f"order-update@{account.site.site}",
        account.site.site.capitalize(),
        f"Return authorization request for order # {order_id}",
        text,
        unique,
        kind="RETURN_REQUEST",
        markup=markup,
    )


def refund_issued(
    account: SellerAccount, order_id: str, item: Item, amount: str, reason: str, unique: str
) -> Draft:
    """`REFUND_ISSUED`; the amount is written with a point even where a claim's has a comma."""
    text = (
        f"Dear {account.name},\n\nA refund was initiated for order {order_id}.\n\nItem: {item.title}\nSKU: "
        f"{item.sku}\n"
        f"Refund amount: {amount} {account.site.currency}\nReason: {reason}\n"
    )
    return _notice(
        account,
        "do-not-reply@amazon.com",
        "Amazon",
        f"Refund initiated for order {order_id}",
        text,
        unique,
        kind="REFUND_ISSUED",
    )


def claim_opened(
    account: SellerAccount,
    buyer_name: str,
    order_id: str,
    item: Item,
    *,
    amount: str,
    words: str,
    unique: str,
) -> Draft:
    """`A_Z_CLAIM_RESPONDENT_NOTIFY`: the subject does not name the claim, the text has the days to answer."""
    text = (
        f"Dear {account.name},\n\n{buyer_name} has filed an A-to-z Guarantee claim for order {order_id}.\n\n"
        f"Item: {item.title} [ASIN: {item.asin}]\nClaim amount: {amount} {account.site.currency}\n"
        f"Buyer comments: {words}\n\nPlease respond to this claim in Seller Central within 3 calendar days. "
        "If you do not, "
        "the claim may be granted and debited from your account.\n"
    )
    return _notice(
        account,
        f"atoz-guarantee-no-reply@{account.site.site}",
        account.site.site.capitalize(),
        f"Action required on your order {order_id}",
        text,
        unique,
        kind="A_Z_CLAIM_RESPONDENT_NOTIFY",
    )


def claim_decided(account: SellerAccount, order_id: str, *, granted: bool, amount: str, unique: str) -> Draft:
    """`A_Z_CLAIM_RESPONDENT_CLOSE`: a claim was decided."""
    outcome = (
        f"The claim was granted and {amount} {account.site.currency} will be debited from your account. You "
        "may appeal "
        "within 30 calendar days."
        if granted
        else "The claim was denied. No action is needed."
    )
    text = (
        f"Dear {account.name},\n\nWe have decided the A-to-z Guarantee claim on order {order_id}.\n\n"
        f"{outcome}\n"
    )
    return _notice(
        account,
        f"atoz-guarantee-no-reply@{account.site.site}",
        account.site.site.capitalize(),
        f"Claim Decision on Order {order_id}",
        text,
        unique,
        kind="A_Z_CLAIM_RESPONDENT_CLOSE",
    )


def chargeback(
    account: SellerAccount, order_id: str, item: Item, *, amount: str, reason: str, unique: str
) -> Draft:
    """A chargeback by the buyer's bank, recognised by its sender only; to be answered within 7 days."""
    text = (
        f"Dear {account.name},\n\nA chargeback has been filed by the buyer's bank for order {order_id}.\n\n"
        f"Item: {item.title}\nAmount: {amount} {account.site.currency}\nReason: {reason}\n\n"
        "To represent your case, reply in Seller Central within 7 calendar days of this e-mail.\n"
    )
    return _notice(
        account,
        "cb-seller-notification@amazon.com",
        "Amazon Payments",
        f"Chargeback notification for order {order_id}",
        text,
        unique,
    )


def information_request(account: SellerAccount, order_id: str, claim_id: str, unique: str) -> Draft:
    """Amazon asks for the seller's side of a claim: known by sender and words; 72 hours to answer."""
    text = (
        f"Dear {account.name},\n\nWe are looking into an A-to-z Guarantee claim on order {order_id} and need "
        f"more information from you.\n\nClaim ID: {claim_id}\n\nThis is a request for information: tell us "
        "how and when the item was shipped. Please respond in Seller Central within 72 hours.\n"
    )
    return _notice(
        account,
        f"atoz-guarantee-no-reply@{account.site.site}",
        account.site.site.capitalize(),
        f"Request for information on order {order_id}",
        text,
        unique,
    )


def customer_service(
    account: SellerAccount, relay: str, order_id: str, item: Item, reason: str, details: str, unique: str
) -> Draft:
    """Amazon customer service writing for a buyer (section 1.3, last paragraphs), in English or Italian."""
    if account.site.language == "it":
        subject = "Richiesta da parte di un nostro cliente"
        text = (
            "Gentile venditore,\n\nil nostro servizio clienti è stato contattato da un cliente in merito "
            "all'ordine "
            f"indicato di seguito.\n\nOrdine #: {order_id}\nASIN: {item.asin}\nMotivo: {reason}\nDettagli: "
            f"{details}\n\n"
            "Cordiali saluti,\nservizio clienti Amazon.it\n"
        )
    else:
        subject = "An inquiry from one of our customers"
        text = (
            f"Dear {account.name},\n\nWe've been contacted by a customer regarding the order identified "
            "below.\n\n"
            f"Order#: {order_id}\nItem: {item.title}\nReason: {reason}\nDetails: {details}\n\n"
            "Please contact the customer to resolve this.\n\nSincerely,\nAmazon Customer Service\n"
        )
    return _notice(account, relay, "Amazon Customer Service", subject, text, unique, form="plain")


def public_question(account: SellerAccount, item: Item, question: str, unique: str) -> Draft:
    """A public product question from the community: no buyer, no clock."""
    text = (
        f"Hello {account.name},\n\nA shopper has asked a question about {item.title} [ASIN: {item.asin}]:\n\n"
        f'"{question}"\n\nAnswer it on the product page: https://www.{account.site.site}/ask/questions/{unique}\n'
    )
    return _notice(
        account,
        f"community-help@{account.site.site}",
        "Amazon Community",
        f"Can you answer this question about {item.title[:40]}?",
        text,
        unique,
    )


def performance_notice(account: SellerAccount, subject: str, text: str, unique: str) -> Draft:
    """A notice about the account's health: no buyer, no clock."""
    return _notice(
        account,
        f"seller-performance@{account.site.site}",
        "Amazon Seller Performance",
        subject,
        text,
        unique,
        headers=(("Auto-Submitted", "auto-generated"),),
    )
