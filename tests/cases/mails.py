"""Mail that opens and decides cases, as the marketplaces write it; every name and number is invented."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import uuid4

from django.utils import timezone

from marketplaces.models import SellerAccount

AMAZON_ORDER = "302-1234567-7654321"
WALMART_ORDER = "200011874402913"


def amazon(
    account: SellerAccount,
    kind: str,
    text: str,
    *,
    sender: str = "atoz-guarantee-no-reply@amazon.de",
    subject: str = "Action required on your order",
    sent_at: datetime | None = None,
    vouched: bool = True,
    **headers: str,
) -> bytes:
    """A mail of Amazon's own; `kind` is its notification type, empty for none."""
    mail = EmailMessage()
    domain = sender.rpartition("@")[2]
    if vouched:
        mail["Authentication-Results"] = (
            f"{account.authserv_id}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
        )
    mail["From"] = f"Amazon <{sender}>"
    mail["To"] = account.sender_address
    mail["Subject"] = subject
    mail["Date"] = format_datetime(sent_at or timezone.now())
    mail["Message-ID"] = f"<{uuid4()}@amazon.de>"
    if kind:
        mail["X-Space-Notification-Type"] = kind
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return bytes(mail).replace(b"\n", b"\r\n")


def claim(account: SellerAccount, *, order: str = AMAZON_ORDER, said: str = "", **more: object) -> bytes:
    """An A-to-z claim was opened; the subject does not say so."""
    text = (
        f"Dear {account.name},\n\nJane Roe has filed an A-to-z Guarantee claim for order {order}.\n\n"
        f"Item: Arched floor lamp [ASIN: B0TESTMUG1]\nClaim amount: 119,00 EUR\nClaim ID: A2Z-5501\n"
        f"Buyer comments: it never came.\n\n{said}\n"
    )
    return amazon(account, "A_Z_CLAIM_RESPONDENT_NOTIFY", text, **more)  # type: ignore[arg-type]


def decision(account: SellerAccount, *, granted: bool, order: str = AMAZON_ORDER, **more: object) -> bytes:
    """The claim was decided."""
    outcome = (
        "The claim was granted and 119,00 EUR will be debited from your account. You may appeal within 30 "
        "calendar days."
        if granted
        else "The claim was denied. No action is needed."
    )
    text = (
        f"Dear {account.name},\n\nWe have decided the A-to-z Guarantee claim on order {order}.\n\n{outcome}\n"
    )
    given = {"subject": f"Claim Decision on Order {order}", **more}
    return amazon(account, "A_Z_CLAIM_RESPONDENT_CLOSE", text, **given)  # type: ignore[arg-type]


def customer_care(
    account: SellerAccount,
    text: str,
    *,
    order: str = WALMART_ORDER,
    sent_at: datetime | None = None,
) -> bytes:
    """Walmart Customer Care about an order; answers go to the buyer's relay address."""
    mail = EmailMessage()
    mail["Authentication-Results"] = (
        f"{account.authserv_id}; dkim=pass header.d=walmart.com; dmarc=pass header.from=walmart.com"
    )
    mail["From"] = "Walmart Customer Care <customercare@walmart.com>"
    mail["Reply-To"] = "0123456789abcdef0123456789abcdef@relay.walmart.com"
    mail["To"] = account.sender_address
    mail["Subject"] = f"About order {order}"
    mail["Date"] = format_datetime(sent_at or timezone.now())
    mail["Message-ID"] = f"<{uuid4()}@walmart.com>"
    mail.set_content(
        f"Hello Marketplace Seller,\n\n{text}\n\nSales Order ID: {order}\nItem: Arched floor lamp\n\n"
        f"Thank you,\nWalmart Customer Care\n\nRefID: {uuid4().hex}\n"
    )
    return bytes(mail).replace(b"\n", b"\r\n")
