"""What kind of mail it is, and the one sentence that says why."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplaces.mailbox.bounces import is_bounce
from marketplaces.mailbox.headers import Address, Headers
from marketplaces.mailbox.mime import MimeMail
from marketplaces.mailbox.parsed import MailContext, MailKind
from marketplaces.mailbox.relay import Labels
from marketplaces.mailbox.rules import MarketplaceRules, SenderRule, SharedRules, folded, under

OPENING = 4_000  # characters of a text in which a mail says what it is


@dataclass(frozen=True, slots=True)
class Seen:
    """What the decision is taken from."""

    mail: MimeMail
    sender: Address
    reply_to: Address
    subject: str
    text: str
    labels: Labels
    has_order: bool
    context: MailContext


@dataclass(frozen=True, slots=True)
class Decision:
    """A kind and the sentence that says why; not `sure` where it is only what was left over."""

    kind: MailKind
    reason: str
    sure: bool = True


def classify(seen: Seen, rules: MarketplaceRules, shared: SharedRules) -> Decision:
    """Decide the kind; the surest signs are asked first, the words of subject and body last."""
    if seen.context.folder == "sent":
        return Decision(MailKind.SENT_COPY, "It lies in the Sent folder.")
    own = {address.lower() for address in seen.context.own_addresses}
    header = rules.notification_header
    notification = seen.mail.headers.first(header).strip().upper() if header else ""
    from_marketplace = rules.is_sender(seen.sender.domain)
    kind = rules.notification_kinds.get(notification)
    if kind is not None and from_marketplace:
        return Decision(kind, f"Its notification type is {notification}.")
    if kind is not None:
        reason = f"It claims to be {notification} and does not come from the marketplace."
        return Decision(MailKind.UNRECOGNISED, reason, sure=False)
    if is_bounce(seen.mail, seen.sender.local, seen.subject, seen.text, shared):
        return Decision(MailKind.BOUNCE, "It reports a failed delivery.")
    if seen.sender.address.lower() in own:
        return Decision(MailKind.SENT_COPY, "It is from one of the seller's own addresses.")
    found = (
        _complaint(seen, shared)
        or _by_sender(seen, rules, shared)
        or _by_relay(seen, rules, shared)
        or _on_behalf(seen, rules)
    )
    return Decision(*found) if found else _rest(seen, rules, notification)


def claims_relay(headers: Headers, sender: Address, reply_to: Address, rules: MarketplaceRules) -> bool:
    """Say whether a mail presents itself as the marketplace's, truly or not."""
    return (
        rules.is_sender(sender.domain)
        or rules.is_sender(reply_to.domain)
        or (bool(rules.notification_header) and headers.has(rules.notification_header))
    )


def is_machine(headers: Headers, content_type: str) -> bool:
    """Say whether a program wrote the mail by itself; mail to many (Precedence: bulk) is not meant."""
    auto_submitted = headers.first("auto-submitted").partition(";")[0].strip().lower()
    return (
        auto_submitted not in ("", "no")
        or headers.first("return-path").strip() == "<>"
        or content_type == "multipart/report"
        or headers.first("precedence").strip().lower() == "auto_reply"
        or any(
            headers.first(name).strip().lower() not in ("", "no") for name in ("x-autoreply", "x-autorespond")
        )
    )


def is_person(address: Address, rules: MarketplaceRules, shared: SharedRules) -> bool:
    """Say whether an address can be a buyer's alias at a relay."""
    return (
        rules.is_relay(address.domain)
        and address.local not in shared.machine_local_parts
        and address.address.lower() not in rules.refused_addresses
    )


def _complaint(seen: Seen, shared: SharedRules) -> tuple[MailKind, str] | None:
    domain = seen.sender.domain
    official = under(domain, shared.official_domains)
    subject = folded(seen.subject)
    if under(domain, shared.complaint_domains):
        return MailKind.COMPLAINT, f"It comes from {domain}."
    if official and (
        seen.sender.local in shared.complaint_local_parts
        or any(phrase in subject for phrase in shared.complaint_subjects)
    ):
        return MailKind.COMPLAINT, "It comes from an authority and is about a complaint."
    return None


def _by_sender(seen: Seen, rules: MarketplaceRules, shared: SharedRules) -> tuple[MailKind, str] | None:
    if not rules.is_sender(seen.sender.domain) or is_person(seen.sender, rules, shared):
        return None
    subject = folded(seen.subject)
    opening = folded(seen.text[:OPENING]).replace("’", "'")
    for rule in rules.senders:
        if _fits(rule, seen.sender.local, subject, opening):
            return rule.kind, f"{rule.why[:1].upper()}{rule.why[1:]}."
    return None


def _fits(rule: SenderRule, local: str, subject: str, opening: str) -> bool:
    if rule.local_parts and local.partition("+")[0] not in rule.local_parts:
        return False
    if not rule.subjects and not rule.phrases:
        return True
    return says(rule.subjects, subject) or says(rule.phrases, subject) or says(rule.phrases, opening)


def says(phrases: Sequence[str], text: str) -> bool:
    """Whether a folded text has one of these phrases."""
    return any(phrase in text for phrase in phrases)


def _by_relay(seen: Seen, rules: MarketplaceRules, shared: SharedRules) -> tuple[MailKind, str] | None:
    for address, place in ((seen.sender, "sender"), (seen.reply_to, "reply address")):
        if is_person(address, rules, shared):
            if _speaks_for_buyer(seen, rules):
                return MailKind.ON_BEHALF, "The marketplace's customer service writes for a buyer."
            return MailKind.BUYER_MESSAGE, f"Its {place} is a buyer's alias at the marketplace's relay."
    return None


def _speaks_for_buyer(seen: Seen, rules: MarketplaceRules) -> bool:
    if rules.is_sender(seen.sender.domain) and seen.sender.local in rules.on_behalf_local_parts:
        return True  # it only has the answer sent to the buyer
    opening = folded(seen.text[:OPENING]).replace("’", "'")
    return says(rules.on_behalf_phrases, folded(seen.subject)) or (
        says(rules.on_behalf_phrases, opening) and bool(seen.labels.found)
    )


def _on_behalf(seen: Seen, rules: MarketplaceRules) -> tuple[MailKind, str] | None:
    """Tell customer service and buyers' frames from other mail of the marketplace's own addresses."""
    if not rules.is_sender(seen.sender.domain):
        return None
    opening = folded(seen.text[:OPENING]).replace("’", "'")
    about_order = seen.has_order or bool(seen.labels.first("ref"))
    if about_order and any(phrase in opening for phrase in rules.body_after_name):
        return MailKind.BUYER_MESSAGE, "It carries the frame of a buyer's message."
    if says(rules.on_behalf_phrases, folded(seen.subject)):
        return MailKind.ON_BEHALF, "Its subject is that of customer service writing for a buyer."
    speaks = (
        seen.sender.local in rules.on_behalf_local_parts
        or says(rules.on_behalf_phrases, opening)
        or says(rules.on_behalf_domain_phrases, opening)
        or (says(rules.on_behalf_beside_reason, opening) and bool(seen.labels.first("reason")))
    )
    if about_order and speaks:
        return MailKind.ON_BEHALF, "The marketplace's customer service writes about an order."
    return None


def _rest(seen: Seen, rules: MarketplaceRules, notification: str) -> Decision:
    if not rules.is_sender(seen.sender.domain):
        reason = "Its sender is neither a relay nor the marketplace."
        return Decision(MailKind.UNRECOGNISED, reason, sure=False)
    if notification:
        reason = f"Its notification type {notification[:60]} is not known."
        return Decision(MailKind.UNRECOGNISED, reason, sure=False)
    reason = "It comes from the marketplace and is none of the kinds that need an answer."
    return Decision(MailKind.NOTICE, reason, sure=False)
