"""Which formal matter a mail is about, and what it says of it: its number, the money, who was right."""

import re
from collections.abc import Sequence
from decimal import Decimal

from marketplaces.mailbox.classify import OPENING, says
from marketplaces.mailbox.parsed import MailKind, Matter
from marketplaces.mailbox.rules import MarketplaceRules, MatterRule, folded

LOOKED_AT = 20_000
CURRENCIES = (
    *("USD", "CAD", "MXN", "BRL", "GBP", "EUR", "SEK", "PLN", "TRY", "AED", "SAR", "EGP", "INR", "JPY"),
    *("AUD", "SGD"),
)
# A lone dollar sign is several countries' money: the order's currency says which.
SIGNS = {"us$": "USD", "c$": "CAD", "r$": "BRL", "€": "EUR", "£": "GBP", "¥": "JPY", "$": ""}
NUMBER = r"[0-9]{1,3}(?:[.,\u00a0 ]?[0-9]{3}){0,3}(?:[.,][0-9]{1,2})?(?![0-9])"
MONEY = re.compile(
    rf"(?:(?P<before>{'|'.join(CURRENCIES)}|us\$|c\$|r\$|[€£¥$])\s?(?P<first>{NUMBER})"
    rf"|(?P<second>{NUMBER})\s?(?P<after>{'|'.join(CURRENCIES)}|[€£¥]))",
    re.IGNORECASE,
)
BARE = re.compile(rf"^\s?(?P<number>{NUMBER})")
REFERENCE = re.compile(r"#?\s?([A-Za-z0-9][A-Za-z0-9-]{3,63})")


def matter(
    kind: MailKind, *, sender: str, notification: str, subject: str, text: str, rules: MarketplaceRules
) -> Matter | None:
    """The matter of a mail, None for one that is about none; `sender` is its address."""
    local = sender.lower().rpartition("@")[0].partition("+")[0]
    said = (folded(subject), folded(text[:OPENING]).replace("’", "'"))
    rule = next((each for each in rules.matters if _fits(each, kind, local, notification, said)), None)
    if rule is None:
        return None
    amount, currency = _money(text[:LOOKED_AT], rules)
    return Matter(
        type=rule.type,
        step=rule.step,
        outcome=_outcome(said, rules) if rule.step == "decided" else "",
        reference=_reference(text[:LOOKED_AT], rules),
        amount=amount,
        currency=currency,
    )


def amount_in(number: str) -> Decimal:
    """A number as people of any country write it: what stands behind the last separator, if it is no
    thousand, are its cents."""
    bare = re.sub(r"[\u00a0 ]", "", number)
    whole, separator, cents = re.match(r"^(.*?)(?:([.,])([0-9]{1,2}))?$", bare).groups()  # type: ignore[union-attr]
    digits = re.sub(r"[.,]", "", whole)
    return Decimal(f"{digits}.{cents}") if separator else Decimal(digits)


def _fits(rule: MatterRule, kind: MailKind, local: str, notification: str, said: Sequence[str]) -> bool:
    if kind not in rule.kinds:
        return False
    if rule.local_parts and local not in rule.local_parts and notification not in rule.notifications:
        return False
    return not rule.phrases or any(says(rule.phrases, text) for text in said)


def _outcome(said: Sequence[str], rules: MarketplaceRules) -> str:
    """Who was right; a mail that says both says neither."""
    found = [key for key, phrases in rules.outcomes.items() if any(says(phrases, text) for text in said)]
    return found[0] if len(found) == 1 else ""


def _money(text: str, rules: MarketplaceRules) -> tuple[Decimal | None, str]:
    """The sum behind a label, else the first sum that bears its currency."""
    for value in _labelled(text, rules.amount_labels):
        if found := MONEY.search(value):
            return _sum(found)
        if bare := BARE.match(value):
            return amount_in(bare["number"]), ""
    found = MONEY.search(text)
    return _sum(found) if found else (None, "")


def _sum(found: re.Match[str]) -> tuple[Decimal, str]:
    name = (found["before"] or found["after"]).lower()
    return amount_in(found["first"] or found["second"]), SIGNS.get(name, name.upper())


def _reference(text: str, rules: MarketplaceRules) -> str:
    for value in _labelled(text, rules.reference_labels):
        if found := REFERENCE.match(value.strip()):
            return found[1]
    return ""


def _labelled(text: str, labels: Sequence[str]) -> Sequence[str]:
    """What stands behind these labels, each at the start of a line."""
    if not labels:
        return ()
    choices = "|".join(re.escape(label).replace(r"\ ", r"\s") for label in labels)
    return re.findall(
        rf"^[ \t]{{0,20}}(?:{choices})[ \t]?[:：][ \t]{{0,20}}([^\n]{{1,200}})", text, re.I | re.M
    )
