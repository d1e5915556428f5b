"""What else lies in a seller's mailbox: notices, newsletters, forgeries and mail that cannot be read."""

import re

from simulator.folders import SPAM
from simulator.shapes import amazon, amazon_notices, provider, walmart
from simulator.stories.options import DAMAGES
from simulator.stories.registry import story
from simulator.stories.telling import Letter, Telling

_QUESTIONS = (
    "Does it come with a spare part?",
    "Is this made in the USA?",
    "Can two of them be stacked?",
    "Will it fit a 2015 model?",
)
_NOTICES = (
    (
        "Your weekly performance report",
        "Your on-time delivery rate was 96.2 % in the last 30 days. Standard: 90 %.",
    ),
    (
        "Action required: review your shipping settings",
        "Some of your shipping templates have no transit time set.",
    ),
    (
        "Policy update: returns in the holiday season",
        "Items bought between November 1 and December 31 may be returned longer.",
    ),
    (
        "Webhook Delivery Failure - Action Required",
        "We could not deliver events to your endpoint in the last 24 hours.",
    ),
)
_NEWSLETTERS = (
    (
        "Parcel Weekly",
        "parcelweekly.example",
        "7 packing tricks that save tape",
        "Boxes, tape and what the pros do.",
    ),
    (
        "Seller Summit",
        "sellersummit.example",
        "Early bird ends Friday",
        "Meet 2,000 sellers in Chicago. Save 30 % today.",
    ),
    (
        "ShipRates",
        "shiprates.example",
        "Rates change on January 5",
        "What the new surcharges mean for your parcels.",
    ),
)
_PHISHING = (
    "Dear seller, your customer has opened a dispute. To keep your account confirm your sign in within 2 "
    "hours: http://seller-verify.example/login",
    "Customer asks refund for order {order}. Approve or decline here: http://refund-center.example/{order}",
)
_UNREADABLE = {
    "en": (
        "Hello the {item} is missing a part, can you send it? Thank you",
        "my order came without the manual. please email it",
    ),
}


@story("A public question on a product page: no buyer, no clock.", marketplaces=("amazon",), age_minutes=400)
def public_question(t: Telling) -> None:
    question = t.rng.choice(_QUESTIONS)
    t.receive(
        amazon_notices.public_question(t.account, t.notice_item(), question, t.notice_id()), text=question
    )
    t.order_id = ""
    t.no_relay()


@story("A notice about the account's performance or the marketplace's rules.", age_minutes=800)
def performance_notice(t: Telling) -> None:
    subject, text = t.rng.choice(_NOTICES)
    if t.account.marketplace == "walmart":
        t.receive(walmart.notice(subject, text, f"<{t.notice_id()}@walmart.com>", t.rng))
    else:
        t.receive(amazon_notices.performance_notice(t.account, subject, text, t.notice_id()))
    t.order_id = ""
    t.no_relay()


@story("A newsletter.", age_minutes=500)
def newsletter(t: Telling) -> None:
    name, domain, subject, text = t.rng.choice(_NEWSLETTERS)
    t.receive(provider.newsletter(name, domain, subject, text, t.notice_id()), text=text)
    t.order_id = ""
    t.no_relay()


@story("Junk that the provider already put into Spam.", age_minutes=350, folder=SPAM)
def spam(t: Telling) -> None:
    subject = t.rng.choice(("Increase your sales 300%", "Invoice overdue", "You have won a pallet"))
    draft = provider.newsletter("Best Deals", "cheap-pallets.example", subject, "Click now!!!", t.notice_id())
    t.receive(draft, verdict="none")
    t.order_id = ""
    t.no_relay()


@story("A mail that claims to come from the relay and fails SPF, DKIM and DMARC.", age_minutes=130)
def forged(t: Telling) -> None:
    """With the option `like` it uses the relay address, buyer and order of an earlier story."""
    if t.like is not None:
        t.order_id = str(t.like["order_id"])
    text = str(t.options.get("text") or t.rng.choice(_PHISHING).format(order=t.order_id))
    if t.account.marketplace == "walmart":
        about = walmart.About(t.order_id, t.item.item_id, t.item.title, t.ref_id)
        draft = walmart.buyer_message(
            t.account, t.alias, t.buyer_name, text, about, t.new_message_id(), t.rng, form="html"
        )
    else:
        title = t.item.title_in(t.account.site.language)
        draft = amazon.buyer_message(
            t.account,
            t.alias,
            t.buyer_name,
            text,
            amazon.About(t.order_id, 1, title, t.item.asin, t.case),
            t.new_message_id(),
            t.rng,
            language=t.language,
            form="alternative",
        )
    draft.origin, draft.envelope_from = "vps-4471.bulkhost.example", "www-data@vps-4471.bulkhost.example"
    # A forger may bring verdicts along; only the provider's own, on top, says anything.
    own_verdict = (
        "Authentication-Results",
        f"{draft.sender.rpartition('@')[2]}; spf=pass; dkim=pass; dmarc=pass",
    )
    t.receive(draft, text=text, verdict="fail", extra_top=[own_verdict])
    t.known_to_relay = False


@story(
    "A buyer's mail that is broken: charset, transfer encoding, boundary, header or a NUL byte.",
    age_minutes=210,
)
def unreadable(t: Telling) -> None:
    damage = str(t.options.get("damage") or t.rng.choice(DAMAGES))
    t.options = {**t.options, "form": "alternative" if damage == "boundary" else "plain"}
    letter = t.buyer_writes(t.say(_UNREADABLE))
    t.broken(letter, _break(letter, damage))


def _break(letter: Letter, damage: str) -> bytes:
    raw = letter.raw
    if damage == "header":
        return re.sub(
            rb"(?m)^Subject: .*$", b"Subject: =?utf-16x?Q?\xff\xfe broken \xe9\xe8 =?=\r", raw, count=1
        )
    if damage == "boundary":
        return raw.replace(b'boundary="', b'boundary="--never-', 1)
    top, _, rest = raw.partition(b"\r\n\r\n")
    if damage == "charset":
        top = re.sub(rb'charset="?[\w-]+"?', b'charset="x-mac-klingon"', top, count=1)
        return top + b"\r\n\r\n" + rest + b"\x80\x81 caf\xe9\r\n"
    if damage == "base64":
        top = re.sub(
            rb"(?mi)^Content-Transfer-Encoding: .*$", b"Content-Transfer-Encoding: base64\r", top, count=1
        )
        return top + b"\r\n\r\nSGVsbG8gdGhlIGl0ZW0gaXMgbWlzc2luZyBh!!!!=IHNj\r\ncmV3\r\n=3D\r\n"
    return top + b"\r\n\r\n" + rest[:40] + b"\x00\x00\x1b" + rest[40:]
