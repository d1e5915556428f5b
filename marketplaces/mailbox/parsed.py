"""What a mail becomes once it is read: plain values, no behaviour."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class MailKind(StrEnum):
    """What a mail is to a seller; decides its route and whether a clock starts."""

    BUYER_MESSAGE = "buyer_message"
    ON_BEHALF = "on_behalf"  # the marketplace's customer service writes for a buyer
    CLAIM = "claim"
    CANCEL_REQUEST = "cancel_request"
    RETURN_REQUEST = "return_request"
    REFUND_NOTICE = "refund_notice"
    CONFIRMATION = "confirmation"  # the marketplace's copy of what the seller sent
    SENT_COPY = "sent_copy"  # the seller's own mail, from the Sent folder or from an own address
    BOUNCE = "bounce"
    OPT_OUT = "opt_out"
    NOTICE = "notice"
    PUBLIC_QUESTION = "public_question"
    COMPLAINT = "complaint"  # Better Business Bureau, attorney general
    UNRECOGNISED = "unrecognised"


class Verdict(StrEnum):
    """What the receiving server proved about the sender; NONE means nothing either way."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailContext:
    """What the reader must know about the mailbox a mail was found in.

    `marketplace` is walmart or amazon, `folder` inbox, spam or sent. `authserv_ids` names the servers whose
    Authentication-Results we believe. `received_at` is when the mailbox took the mail (UTC): what is dated
    more than a day later is not believed; without it the present moment is taken.
    """

    marketplace: str
    own_addresses: tuple[str, ...] = ()
    authserv_ids: tuple[str, ...] = ()
    folder: str = "inbox"
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """One file of a mail. `content_type` is sniffed from the bytes where possible; `size` is in bytes."""

    name: str
    content_type: str
    declared_type: str
    size: int
    content: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class BouncedMail:
    """A delivery that failed: which of our mails, to whom, and the peer's own words for why."""

    message_ids: tuple[str, ...] = ()
    recipient: str = ""
    reason: str = ""
    permanent: bool = True
    text_excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """The formal matter a mail is about: a type of case, and what the mail says of it.

    `step` is opened or decided; `outcome` is won or lost for the seller, empty where the text does not say.
    `reference` is the marketplace's number of it, `currency` an ISO code; both empty where it names none.
    """

    type: str
    step: str = "opened"
    outcome: str = ""
    reference: str = ""
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """Everything the helpdesk knows about one mail. Text never holds NUL, moments are UTC, absent is empty.

    `text` is the writer's own words and never empty; `full_text` is all there was. `relay_address` is where a
    reply must go, exactly as received; `relay_alias` is the same without its case part, in lower case.
    `guess` is what a mail looks like that was not, or only half, understood; None where the kind is sure.
    `order_ids` come most trusted first. `oddities` are short sentences about what was wrong with the mail.
    """

    kind: MailKind
    reason: str
    guess: MailKind | None
    guess_reason: str
    verdict: Verdict
    claims_relay: bool

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    from_name: str
    from_address: str
    reply_to: str
    to: tuple[str, ...]
    delivered_to: tuple[str, ...]
    subject: str
    date: datetime | None
    relay_received: datetime | None

    text: str
    full_text: str
    text_is_excerpt: bool
    html: str

    relay_address: str
    relay_alias: str
    case_ref: str
    order_ids: tuple[str, ...]
    item_title: str
    item_id: str
    sku: str
    buyer_name: str
    on_behalf_reason: str
    on_behalf_details: str
    stated_due: datetime | None
    no_response_link: str

    machine: bool
    bounced: BouncedMail | None
    attachments: tuple[AttachmentPart, ...]
    oddities: tuple[str, ...]
    matter: Matter | None = None


class UnreadableMail(Exception):
    """The input is so far beyond every limit that reading even a part of it makes no sense."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
