"""What the frame around a message tells: order, item, buyer, case, and where an answer must go."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from marketplaces.mailbox.bodies import Body
from marketplaces.mailbox.charsets import one_line
from marketplaces.mailbox.classify import is_person
from marketplaces.mailbox.headers import Address
from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.rules import MarketplaceRules, SharedRules, folded

MAX_ORDERS = 20
MAX_TITLE = 300
MAX_NAME = 100
LOOKED_AT = 100_000
# Kinds whose text a person wrote: what is labelled in it is no more than that person's word.
WRITTEN = frozenset({MailKind.BUYER_MESSAGE, MailKind.SENT_COPY, MailKind.UNRECOGNISED, MailKind.COMPLAINT})
UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
CASE_IN_ADDRESS = re.compile(rf"\+({UUID})@")
CASE = re.compile(UUID)
LINK = re.compile(r"https?://[^\s<>\"')\]]{1,2000}", re.IGNORECASE)
LABELLED_NUMBER = re.compile(r"#?\s{0,5}([0-9][0-9 -]{6,22}[0-9])(?![0-9])")
ITEM_ID = re.compile(r"[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True, slots=True)
class Item:
    """What the message is about, as far as its frame says."""

    title: str = ""
    id: str = ""
    sku: str = ""


def order_ids(body: Body, subject: str, kind: MailKind, rules: MarketplaceRules) -> tuple[str, ...]:
    """Return the order ids of a mail, canonical: the frame's before the subject's before the writer's."""
    outside = body.outside[:LOOKED_AT]
    labelled = list(_labelled_orders(body, outside, rules))
    in_subject = rules.order_pattern.findall(subject)
    elsewhere = rules.order_pattern.findall(outside)
    inside = rules.order_pattern.findall(body.text[:LOOKED_AT]) if body.frame else []
    if body.frame is None and kind in WRITTEN:
        ordered = [*in_subject, *labelled, *elsewhere, *inside]
    else:
        ordered = [*labelled, *in_subject, *elsewhere, *inside]
    return tuple(dict.fromkeys(canonical(each, rules) for each in ordered))[:MAX_ORDERS]


def numbers_in(text: str, rules: MarketplaceRules) -> tuple[str, ...]:
    """Return every order number of a text, canonical, in the order of the text."""
    found = rules.order_pattern.findall(text[:LOOKED_AT])
    return tuple(dict.fromkeys(canonical(each, rules) for each in found))[:MAX_ORDERS]


def canonical(number: str, rules: MarketplaceRules) -> str:
    """Return an order number as the marketplace writes it."""
    return number if rules.order_keeps_dashes else number.replace("-", "")


def item(body: Body, rules: MarketplaceRules) -> Item:
    """Return the item the frame names."""
    title = body.label("item")
    item_id = body.label("item_id")
    text = body.outside[:LOOKED_AT]
    match = rules.item_pattern.search(text)
    if match is not None:
        item_id = match.group(1)
        title = _title_before(text, match.start(), rules) or title
    found = ITEM_ID.match(item_id)
    return Item(
        title=one_line(rules.item_pattern.split(title, maxsplit=1)[0], MAX_TITLE),
        id=found.group() if found else "",
        sku=one_line(body.label("sku"), 100),
    )


def buyer_name(
    body: Body, kind: MailKind, sender: Address, subject: str, rules: MarketplaceRules, shared: SharedRules
) -> str:
    """Return the buyer's name as far as the mail has one; it is text, never an identity."""
    name = _name_in_body(body, rules)
    if not name and is_person(sender, rules, shared):
        name = _without_suffix(sender.name, rules)
    if not name and (kind is MailKind.CONFIRMATION or is_person(sender, rules, shared)):
        name = _name_in_subject(subject, rules)
    return one_line(name, MAX_NAME)


def relay_address(
    kind: MailKind,
    sender: Address,
    reply_to: Address,
    recipients: Sequence[Address],
    rules: MarketplaceRules,
    shared: SharedRules,
) -> str:
    """Return where an answer must go, as received: the relay's reply address before its sender address."""
    candidates = recipients if kind is MailKind.SENT_COPY else (reply_to, sender)
    for candidate in candidates:
        if is_person(candidate, rules, shared):
            return candidate.address
    if kind is MailKind.ON_BEHALF:
        for candidate in candidates:
            if rules.is_sender(candidate.domain) and candidate.local not in shared.machine_local_parts:
                return candidate.address
    return ""


def alias(address: str, rules: MarketplaceRules, shared: SharedRules) -> str:
    """Return the buyer's alias: the relay address in lower case without what follows a plus sign."""
    if not address or not is_person(Address("", address), rules, shared):
        return ""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def case_ref(body: Body, found: Iterable[Address], rules: MarketplaceRules) -> str:
    """Return Amazon's case id (from an address, else from the footer's links) or Walmart's RefID."""
    if rules.link_hosts:
        for address in found:
            match = CASE_IN_ADDRESS.search(address.address)
            if match is not None:
                return match.group(1).lower()
        for link in _footer_links(body, rules):
            query = parse_qs(urlsplit(link).query, max_num_fields=50)
            for value in [each for name in rules.case_parameters for each in query.get(name, [])]:
                if CASE.fullmatch(value):
                    return value.lower()
        return ""
    after = body.text[body.frame.end :] if body.frame else ""
    references = rules.ref_pattern.findall(after) or rules.ref_pattern.findall(body.text)
    return references[-1].upper() if references else ""


def no_response_link(body: Body, rules: MarketplaceRules) -> str:
    """Return the signed "no response needed" link: behind the frame's end, on the marketplace's own host."""
    for link in _footer_links(body, rules):
        if any(path in urlsplit(link).path.lower() for path in rules.no_response_paths):
            return link
    return ""


def _labelled_orders(body: Body, outside: str, rules: MarketplaceRules) -> Iterator[str]:
    for label in body.labels.found:
        inside = body.frame is not None and body.frame.start <= label.start < body.frame.end
        if label.name != "order" or inside:
            continue
        found = rules.order_pattern.findall(label.value)
        if not found and not rules.order_keeps_dashes:
            number = LABELLED_NUMBER.match(label.value)
            found = [number.group(1).replace(" ", "")] if number else []
        yield from found
    # "Order ID 111-1234567-1234567:" and "# 111-1234567-1234567:" have their colon behind the value.
    for match in rules.order_pattern.finditer(outside):
        before = outside[max(0, match.start() - 40) : match.start()].rpartition("\n")[2]
        if folded(before).rstrip(" :#") in rules.labels or before.strip() == "#":
            yield match.group()


def _title_before(text: str, at: int, rules: MarketplaceRules) -> str:
    line = text[max(0, at - 1000) : at].rstrip().rpartition("\n")[2]
    orders = list(rules.order_pattern.finditer(line))
    if orders:
        line = line[orders[-1].end() :].lstrip(": ")
    label, colon, value = line.replace("：", ":").partition(":")
    if colon and folded(label) in rules.labelled("item"):
        line = value
    return _without_quantity(line, rules).strip(" |-")[-MAX_TITLE:]


def _without_quantity(line: str, rules: MarketplaceRules) -> str:
    """Cut off what says how many: "1 of / Blue Mug", "1 of/sur Blue Mug", "2 x Blue Mug", "1 / Blue Mug"."""
    longest_first = sorted(rules.quantity_words, key=len, reverse=True)
    words = "|".join(re.escape(word) for word in longest_first) or "(?!)"
    return re.sub(
        rf"^\s{{0,20}}[0-9]{{1,5}}\s?(?:x\s|(?:{words})(?:\s?/|\s)|[a-z]{{1,4}}/[a-z]{{1,4}}\s|/)\s{{0,5}}",
        "",
        line,
        flags=re.IGNORECASE,
    )


def _name_in_body(body: Body, rules: MarketplaceRules) -> str:
    opening = body.outside[:4000]
    for phrase in rules.body_after_name:
        match = re.search(r"\s{1,5}".join(map(re.escape, phrase.split(" "))), opening, re.IGNORECASE)
        if match is not None:
            return (
                opening[max(0, match.start() - MAX_NAME) : match.start()]
                .rpartition("\n")[2]
                .rpartition(",")[2]
            )
    return ""


def _name_in_subject(subject: str, rules: MarketplaceRules) -> str:
    for phrase in rules.subject_before_name:
        match = re.search(re.escape(phrase), subject, re.IGNORECASE)
        if match is None:
            continue
        rest = subject[match.end() :]
        for stop in rules.subject_stops:
            found = re.search(re.escape(stop), rest, re.IGNORECASE)
            rest = rest[: found.start()] if found else rest
        return rest.strip(" :-")
    return ""


def _without_suffix(name: str, rules: MarketplaceRules) -> str:
    bare = name.strip()
    for suffix in rules.name_suffixes:
        if bare.lower().endswith(suffix):
            return bare[: -len(suffix)].strip(" -")
    head, dash, tail = bare.rpartition(" - ")
    return head.strip() if dash and tail.lower() in rules.sender_domains else bare


def _footer_links(body: Body, rules: MarketplaceRules) -> Iterator[str]:
    if body.frame is None or not body.frame.closed:
        return
    tail = body.text[body.frame.end : body.frame.end + LOOKED_AT]
    links = LINK.findall(tail) + [link for at, link in body.source.links if at >= body.frame.end]
    for link in links[:200]:
        try:
            parts = urlsplit(link)
            exact = parts.scheme in ("http", "https") and parts.netloc.lower() in rules.link_hosts
        except ValueError:
            continue
        if exact:
            yield link
