"""One synthetic mail for each rule, made from the rules' own files; all names are invented.

`samples()` walks every word of the files; a key that no maker below knows is an error, so that a rule cannot
be added without saying what a mail looks like that it is for.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marketplaces.mailbox.parsed import MailContext, MailKind
from marketplaces.mailbox.rulebook import FOLDER, rulebook
from tests.mailbox.samples import AMAZON, CASE, DASHES, HEX, ORDER, REF, WALMART, mail

ALIAS = "a1b2c3d4e5f6g7"
WORDS = "Where is my mug?"
SENT = "Mon, 16 Nov 2026 10:00:00 +0000"
WALMART_ORDER = "200011874402913"
NOBODY = "somebody@shop-of-others.example"
CONTEXTS = {"amazon": AMAZON, "walmart": WALMART}
RELAYS = {"amazon": f"{ALIAS}@marketplace.amazon.com", "walmart": f"{HEX}@relay.walmart.com"}
OWN_DOMAIN = {"amazon": "amazon.com", "walmart": "walmart.com"}
ORDERS = {"amazon": ORDER, "walmart": WALMART_ORDER}
# Not about mail but about reading the files themselves, or tried by the samples of all other rules.
NO_SAMPLE = re.compile(
    r"\w+\.(version|marketplace|name|tlds)|(amazon|walmart)\.(order_keeps_dashes|senders\.\d+\.(name|kind|worded|why))"
    r"|(amazon|walmart)\.matters\.\d+\.(name|type|step|worded)|\w+\.notification_header|kinds\..*"
)


@dataclass(frozen=True)
class Sample:
    """A mail and what must be read out of it."""

    rule: str
    raw: bytes
    context: MailContext
    expected: dict[str, Any]


Maker = Callable[..., Iterator[tuple[bytes, dict[str, Any]]]]
MAKERS: list[tuple[re.Pattern[str], Maker]] = []


def samples() -> Iterator[Sample]:
    """A sample for each word of each rule; raises LookupError for a key that no maker knows."""
    for path in (*sorted(FOLDER.glob("*.toml")), *sorted((FOLDER / "languages").glob("*.toml"))):
        stem = "word" if path.parent.name == "languages" else path.stem
        for key, value in _leaves(tomllib.loads(path.read_text()), stem):
            if NO_SAMPLE.fullmatch(key):
                continue
            made = list(_made(key, value))
            if not made:
                raise LookupError(f"{path.name}: no sample is made for {key}")
            for raw, expected in made:
                place = "walmart" if "walmart" in key else "amazon"
                yield Sample(f"{path.stem} {key}: {value}", raw, CONTEXTS[place], expected)


def _leaves(data: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(data, list) and data and isinstance(data[0], dict):
        for number, entry in enumerate(data):
            yield from _leaves(entry, f"{path}.{number}")
    elif isinstance(data, list):
        for value in data:
            yield path, value
    else:
        yield path, data


def _made(key: str, value: Any) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for pattern, maker in MAKERS:
        if match := pattern.fullmatch(key):
            yield from maker(value, *match.groups())


def _makes(pattern: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        MAKERS.append((re.compile(pattern), maker))
        return maker

    return register


def _mail(sender: str, subject: str = "A message", text: str = "x", **headers: str) -> bytes:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return mail(headers={"From": sender, "Subject": subject, "Date": SENT, **given}, text=text)


def _framed(marketplace: str, words: str = WORDS, below: str = "") -> str:
    if marketplace == "walmart":
        return f"Sales Order ID: {WALMART_ORDER}\nMessage:\n{words}\n{below}"
    return f"# {ORDER}:\n\n{DASHES} Message: {DASHES}\n{words}\n{DASHES} End message {DASHES}\n{below}"


def _domains(marketplace: str, pattern: str) -> list[str]:
    tlds = tomllib.loads((FOLDER / f"{marketplace}.toml").read_text())["tlds"]
    return [pattern.replace("{tld}", tld) for tld in tlds] if "{tld}" in pattern else [pattern]


@_makes(r"(amazon|walmart)\.relay_domains")
def _relay(value: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    forms = {"amazon": (ALIAS, f"{ALIAS}+{CASE}"), "walmart": (HEX, f"pc-{HEX}")}[place]
    for domain in _domains(place, value):
        for form in forms:
            address = f"{form}@{domain}"
            yield (
                _mail(f"Jane Roe <{address}>", text=_framed(place)),
                {
                    "kind": MailKind.BUYER_MESSAGE,
                    "text": WORDS,
                    "relay_address": address,
                    "relay_alias": f"{form.partition('+')[0]}@{domain}",
                    "order_ids": (ORDERS[place],),
                    "claims_relay": True,
                },
            )


@_makes(r"(amazon|walmart)\.sender_domains")
def _sender_domain(value: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for domain in _domains(place, value):
        yield _mail(f"news@{domain}", "Holiday selling"), {"kind": MailKind.NOTICE, "claims_relay": True}


@_makes(r"(amazon|walmart)\.stamp_domains")
def _stamp(value: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for domain in _domains(place, value):
        stamp = f"from a1.{domain} by mx.shop.example; Mon, 16 Nov 2026 09:59:00 +0000"
        at = datetime(2026, 11, 16, 9, 59, tzinfo=UTC)
        yield _mail(RELAYS[place], Received=stamp), {"relay_received": at}


@_makes(r"amazon\.link_hosts")
def _link(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for host in _domains("amazon", value):
        link = f"https://{host}/messaging/no-response-needed?t=A1"
        yield _mail(RELAYS["amazon"], text=_framed("amazon", below=link)), {"no_response_link": link}


@_makes(r"amazon\.no_response_paths")
def _path(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    link = f"https://sellercentral.amazon.com/x/{value}?t=A1"
    yield _mail(RELAYS["amazon"], text=_framed("amazon", below=link)), {"no_response_link": link}


@_makes(r"amazon\.case_parameters")
def _case(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    link = f"https://sellercentral.amazon.com/messaging/inbox?{value}={CASE}"
    yield _mail(RELAYS["amazon"], text=_framed("amazon", below=link)), {"case_ref": CASE}


@_makes(r"(amazon|walmart)\.order_pattern")
def _order(_: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    yield _mail(RELAYS[place], text=f"About {ORDERS[place]} please"), {"order_ids": (ORDERS[place],)}


@_makes(r"(amazon|walmart)\.item_pattern")
def _item(_: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    if place == "walmart":
        yield _mail(RELAYS[place], text="Mug [ASIN: B0TESTMUG1]"), {"item_id": ""}
    else:
        text = f"# {ORDER}:\n1 / Blue Mug [ASIN: B0TESTMUG1]"
        yield _mail(RELAYS[place], text=text), {"item_id": "B0TESTMUG1", "item_title": "Blue Mug"}


@_makes(r"(amazon|walmart)\.name_suffixes")
def _suffix(value: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    yield _mail(f'"Jane Roe {value}" <{RELAYS[place]}>'), {"buyer_name": "Jane Roe"}


@_makes(r"(amazon|walmart)\.refused_addresses")
def _refused(value: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    yield _mail(value), {"kind": MailKind.NOTICE, "relay_address": ""}


@_makes(r"amazon\.notification_kinds\.(\w+)")
def _notification(kind: str, name: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    yield _mail("x@amazon.de", X_Space_Notification_Type=name), {"kind": MailKind(kind)}


@_makes(r"amazon\.senders\.(\d+)\.local_parts")
def _local_part(value: str, number: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    rule = rulebook().marketplaces["amazon"].senders[int(number)]
    said = [*rule.subjects, *rule.phrases, "Anything"][0]
    yield _mail(f"{value}@amazon.co.uk", said), {"kind": rule.kind}


@_makes(r"word\.amazon\.senders\.(\w+)\.(subjects|phrases)")
def _said(value: str, name: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    rule = next(each for each in rulebook().marketplaces["amazon"].senders if each.name == name)
    sender = f"{next(iter(sorted(rule.local_parts)), 'somebody')}@amazon.it"
    yield _mail(sender, f"Hello: {value.upper()} {ORDER}"), {"kind": rule.kind}
    if place == "phrases":
        yield _mail(sender, text=f"Hello Shop,\n\nsomething {value} there."), {"kind": rule.kind}


@_makes(r"walmart\.on_behalf\.local_parts")
def _care(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    text = f"Please call the customer about order {WALMART_ORDER}."
    yield _mail(f"{value}@walmart.com", text=text), {"kind": MailKind.ON_BEHALF}


@_makes(r"word\.(amazon|walmart)\.on_behalf\.(?:phrases|domain_phrases)")
def _on_behalf(value: str, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    text = f"Hello,\n\n{value} {ORDERS[place]}.\n"
    yield _mail(f"x1@{OWN_DOMAIN[place]}", text=text), {"kind": MailKind.ON_BEHALF}


@_makes(r"word\.amazon\.on_behalf\.beside_reason")
def _beside_reason(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    text = f"Il {value} di Amazon.\nOrdine #: {ORDER}\nASIN: B0TESTMUG1\nMotivo: Ritardo\nDettagli: {WORDS}\n"
    expected = {"on_behalf_reason": "Ritardo", "on_behalf_details": WORDS, "item_id": "B0TESTMUG1"}
    yield _mail("x1@amazon.it", text=text), {"kind": MailKind.ON_BEHALF, **expected}
    plain = f"Il {value} di Amazon.\nOrdine #: {ORDER}\n"
    yield _mail("x1@amazon.it", text=plain), {"kind": MailKind.NOTICE}


@_makes(r"shared\.machine_local_parts")
def _machine(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    sender = f"{value}@marketplace.amazon.de"
    yield _mail(sender, "Holiday selling"), {"kind": MailKind.NOTICE, "relay_alias": ""}


@_makes(r"shared\.bounce_senders")
def _bounce_sender(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    yield _mail(f"{value}@mx.example", "Undeliverable: Re"), {"kind": MailKind.BOUNCE}


@_makes(r"word\.bounce\.(subjects|bodies|delayed)")
def _bounce(value: str, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    sender = "MAILER-DAEMON@mx.example"
    if key == "subjects":
        yield _mail(sender, value.title()), {"kind": MailKind.BOUNCE}
    elif key == "bodies":
        yield _mail(sender, text=f"Sorry, {value}."), {"kind": MailKind.BOUNCE}
    else:
        raw = _mail(sender, f"Mail delivery failed: {value}")
        yield raw, {"kind": MailKind.BOUNCE, "bounced.permanent": False}


@_makes(r"shared\.complaint\.(domains|official_domains|local_parts)")
def _authority(value: str, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    sender = {"domains": f"x@mail.{value}", "official_domains": f"oag@state.{value}"}.get(key)
    yield _mail(sender or f"{value}@state.gov"), {"kind": MailKind.COMPLAINT}


@_makes(r"word\.complaint\.subjects")
def _complaint(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    yield _mail("clerk@state.gov", f"Your {value} 77"), {"kind": MailKind.COMPLAINT}


@_makes(r"word\.quotes\.(originals|wrote_starts|wrote_ends|head_labels)")
def _quote(value: str, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    others = [label for label in ("sent", "to", "subject", "from") if label != value.lower()]
    quoted = {
        "originals": f"-----{value}-----\nOld words.",
        "wrote_starts": f"{value}16.11.2026\nJane Roe <jane@x.example> wrote:\n\nOld words.",
        "wrote_ends": f"16.11.2026 Jane Roe {value}\n\nOld words.",
        "head_labels": f"{value}: a\n{others[0]}: b\n{others[1]}: c\n\nOld words.",
    }[key]
    yield _mail(NOBODY, text=f"New words.\n\n{quoted}\n"), {"text": "New words."}


@_makes(r"word\.months")
def _month(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    month = rulebook().shared.months[value]
    year = 2026 if month > 10 else 2027
    raw = _mail("atoz-guarantee-no-reply@amazon.de", text=f"Respond by 20 {value.title()} {year} please.")
    yield raw, {"stated_due": datetime(year, month, 20, 23, 59, 59, tzinfo=UTC)}


@_makes(r"word\.amazon\.markers\.(begin|end)")
def _marker(value: str, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    begin, end = (value, "End message") if key == "begin" else ("Begin message", value)
    # On one line only the known words frame a message.
    text = f"Hello # {ORDER}: {DASHES} {begin.title()}: {DASHES} {WORDS} {DASHES} {end} {DASHES} Bye"
    yield _mail(RELAYS["amazon"], text=text), {"text": WORDS}


@_makes(r"word\.(amazon|walmart)\.labels\.(\w+)")
def _label(value: str, place: str, field: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    label = value.title()
    sender = f"x1@{OWN_DOMAIN[place]}"
    if field == "order":
        other = "999-7654321-1234567" if place == "amazon" else "200000000000001"
        text = f"Not {other}.\n{label}: {ORDERS[place]}\n"
        yield _mail(sender, text=text), {"order_ids": (ORDERS[place], other)}
    elif field in ("item", "item_id", "sku"):
        name = {"item": "item_title"}.get(field, field)
        yield _mail(sender, text=f"{label}: B0-BLUE\n"), {name: "B0-BLUE"}
    elif field == "message":
        text = f"Item: Mug\n{label}:\n{WORDS}\nRefID: {REF}\n"
        yield _mail(RELAYS[place], text=text), {"text": WORDS}
    elif field == "ref":
        yield _mail(RELAYS[place], text=f"Message:\n{WORDS}\n{label}: {REF}\n"), {"case_ref": REF}
    else:
        reason, details = (label, "Details") if field == "reason" else ("Reason", label)
        said = {
            "amazon": "We have been contacted by a customer regarding the order",
            "walmart": "on behalf of a customer",
        }
        text = f"{said[place]} below.\nOrder ID: {ORDERS[place]}\n{reason}: Late\n{details}: {WORDS}\n"
        yield (
            _mail(sender, text=text),
            {
                "kind": MailKind.ON_BEHALF,
                "on_behalf_reason": "Late",
                "on_behalf_details": WORDS,
            },
        )


@_makes(r"word\.(amazon|walmart)\.frame\.(openings|footers|terminators)")
def _frame(value: str, place: str, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    if place == "walmart":
        text = (
            f"{value}\nItem: Mug\nMessage:\n{WORDS}"
            if key == "openings"
            else _framed(place, below=f"{value} x")
        )
    elif key == "openings":
        text = f"{value}\n\n{WORDS}\n\n{DASHES} End message {DASHES}\n"
    else:
        text = f"{DASHES} Message: {DASHES}\n{WORDS}\n\n{value} and so on\n"
    yield _mail(RELAYS[place], text=text), {"text": WORDS}


@_makes(r"word\.amazon\.frame\.quantity_words")
def _quantity(value: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for between in (f"{value} /", value):
        text = f"# {ORDER}:\n1 {between} Blue Mug [ASIN: B0TESTMUG1]"
        yield _mail(RELAYS["amazon"], text=text), {"item_title": "Blue Mug"}


@_makes(r"word\.(amazon|walmart)\.buyers\.(body_after|subject_before|subject_stops)")
def _buyer(value: str, place: str, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    if key == "body_after":
        sender = "atoz-guarantee-no-reply@amazon.fr" if place == "amazon" else RELAYS[place]
        yield _mail(sender, text=f"Hello,\nJane Roe {value} 1.\n"), {"buyer_name": "Jane Roe"}
    elif key == "subject_before":
        yield _mail(RELAYS[place], f"{value.title()} Jane Roe"), {"buyer_name": "Jane Roe"}
    else:
        subject = f"Inquiry from Amazon customer Jane Roe {value} x"
        yield _mail(RELAYS[place], subject), {"buyer_name": "Jane Roe"}


@_makes(r"word\.amazon\.deadlines\.(days|hours|date)")
def _deadline(value: str, unit: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    if unit == "date":
        said, due = f"{value} 2026-11-20", datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
    else:
        said = value.replace("{n}", "48" if unit == "hours" else "2")
        due = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
    yield _mail("atoz-guarantee-no-reply@amazon.es", text=f"Please answer {said}."), {"stated_due": due}


# What a mail of each kind looks like at each marketplace: sender, subject, text.
OF_KIND = {
    ("amazon", MailKind.CLAIM): ("atoz-guarantee-no-reply@amazon.com", "Action required", "Please answer."),
    ("amazon", MailKind.NOTICE): ("news@amazon.com", "Claim decision on order", "Please read."),
    ("amazon", MailKind.CANCEL_REQUEST): ("x@amazon.com", "Cancellation request", "Please cancel."),
    ("amazon", MailKind.RETURN_REQUEST): ("returns@amazon.com", "Return request", "Please answer."),
    ("amazon", MailKind.COMPLAINT): ("x@bbb.org", "About you", "Please answer."),
    ("walmart", MailKind.ON_BEHALF): ("care@walmart.com", "An order", f"About order {WALMART_ORDER}."),
    ("walmart", MailKind.NOTICE): ("news@walmart.com", "News", "Please read."),
    ("walmart", MailKind.COMPLAINT): ("x@bbb.org", "About you", "Please answer."),
}


def _about(place: str, number: int, kind: MailKind, said: str = "", **other: str) -> bytes:
    """A mail of a kind that fits a rule about matters, by its first local part and words."""
    rule = rulebook().marketplaces[place].matters[number]
    sender, subject, text = OF_KIND[place, kind]
    local = other.get("local") or next(iter(sorted(rule.local_parts)), "")
    sender = f"{local}@{OWN_DOMAIN[place]}" if local else sender
    phrase = said or next(iter(rule.phrases), "")
    if rule.step == "decided" and phrase:
        return _mail(sender, phrase.title(), text)
    return _mail(sender, subject, f"{text}\n{phrase}\n{other.get('below', '')}")


@_makes(r"(amazon|walmart)\.matters\.(\d+)\.kinds")
def _matter_of_kind(value: str, place: str, number: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    rule = rulebook().marketplaces[place].matters[int(number)]
    kind = MailKind(value)
    yield (
        _about(place, int(number), kind),
        {"kind": kind, "matter.type": rule.type, "matter.step": rule.step},
    )


@_makes(r"amazon\.matters\.(\d+)\.local_parts")
def _matter_from(value: str, number: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    rule = rulebook().marketplaces["amazon"].matters[int(number)]
    kind = next(iter(sorted(rule.kinds)))
    raw = _about("amazon", int(number), kind, local=value)
    yield raw, {"kind": kind, "matter.type": rule.type, "matter.step": rule.step}


@_makes(r"amazon\.matters\.(\d+)\.notifications")
def _matter_marked(value: str, number: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    rule = rulebook().marketplaces["amazon"].matters[int(number)]
    raw = _mail("x@amazon.de", X_Space_Notification_Type=value)
    yield raw, {"matter.type": rule.type, "matter.step": rule.step}


@_makes(r"word\.(amazon|walmart)\.matters\.(\w+)\.phrases")
def _matter_said(value: str, place: str, name: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    rules = rulebook().marketplaces[place].matters
    number = next(at for at, rule in enumerate(rules) if rule.name == name)
    kind = next(iter(sorted(rules[number].kinds)))
    raw = _about(place, number, kind, value)
    yield raw, {"kind": kind, "matter.type": rules[number].type, "matter.step": rules[number].step}


@_makes(r"word\.amazon\.outcomes\.(won|lost)")
def _decided(value: str, outcome: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    raw = _mail("atoz-guarantee-no-reply@amazon.de", "Claim decision on order", f"Hello,\n\nThe {value}.")
    yield raw, {"matter.type": "atoz_claim", "matter.outcome": outcome}


@_makes(r"word\.(amazon|walmart)\.sums\.(amount|reference)")
def _sum_of(value: str, place: str, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    said, wanted = ("1.234,50 EUR", Decimal("1234.50")) if key == "amount" else ("AB-77123", "AB-77123")
    sender = {"amazon": "atoz-guarantee-no-reply@amazon.de", "walmart": "care@walmart.com"}[place]
    text = f"About order {ORDERS[place]}.\n{value.title()}: {said}\n"
    yield _mail(sender, "Action required", text), {f"matter.{key}": wanted}
