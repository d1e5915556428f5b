"""Stories with rules of their own: returns, claims, chargebacks, complaints, customer service stepping in."""

from datetime import timedelta

from simulator.shapes import amazon_notices, walmart
from simulator.stories.registry import story
from simulator.stories.telling import Telling

_RETURN = {
    "en": (
        "I would like to return the {item}. It is not what I expected. How does that work?",
        "Hi, wrong size for our needs, unopened. Can I send it back and who pays for shipping?",
        "how do i return this",
    ),
}
_REASONS = (
    ("Defective or does not work", "stopped working on the second day"),
    ("No longer needed", ""),
    ("Inaccurate website description", "color is not like the picture"),
    ("Arrived too late", "needed it for a trip last week"),
)
_CLAIM_WORDS = (
    "I never received my package and the seller does not help.",
    "Item is not as described, the seller refuses a refund.",
    "Package says delivered but it is not here.",
)
_SERVICE = {
    "en": (
        (
            "Where is my stuff",
            "Customer says the parcel was due two days ago and asks for the current status.",
        ),
        ("Damaged item", "Customer received the item with a broken part and would like a replacement."),
        ("Product information", "Customer would like to know how to activate the warranty."),
    ),
    "it": (
        ("Articolo non ricevuto", "Il cliente segnala che il pacco non è arrivato entro la data prevista."),
        (
            "Articolo danneggiato",
            "Il cliente ha ricevuto l'articolo danneggiato e chiede una sostituzione.",
        ),
    ),
}
_BBB = (
    "We have received a complaint about you through the Better Business Bureau (BBB). The customer states "
    "that the item arrived defective and that two messages were left unanswered. BBB and Attorney General "
    "complaints must be answered within 1 hour. Reply to this e-mail with the resolution you offer.",
    "A complaint filed with the Better Business Bureau names your company: the customer was refused a "
    "return within the 30 day window. Please contact the customer and reply to this e-mail within 1 hour.",
)


_STEPS_IN = (
    "The customer contacted us because the parcel has not moved for four days. Please tell us within 48 "
    "hours how you will solve this.",
    "The customer says that your refund has not arrived. Please check it and answer us.",
)
_AT_RISK = (
    "Your rate of late shipments was 6.1 % in the last 30 days, the standard is 4 %. Your account is at "
    "risk. Send us a plan of action that says what you changed."
)


@story("The buyer wants to return it (Amazon: RETURN_REQUEST with the return's tracking).", age_minutes=360)
def return_request(t: Telling) -> None:
    if t.account.marketplace == "walmart":
        t.buyer_writes(t.say(_RETURN))
        return
    reason, comment = t.rng.choice(_REASONS)
    carrier, tracking = t.rng.choice(("UPS", "USPS", "DHL")), f"1Z{t.digits(16)}"
    t.plot = {"reason": reason, "comment": comment, "carrier": carrier, "tracking": tracking}
    draft = amazon_notices.return_request(
        t.account,
        t.buyer_name,
        t.order_id,
        t.notice_item(),
        requested_at=t.sent_at,
        reason=reason,
        comment=comment,
        carrier=carrier,
        tracking=tracking,
        unique=t.notice_id(),
    )
    t.receive(draft, text=comment)
    t.no_relay()


@story("An A-to-z claim whose subject does not say so.", marketplaces=("amazon",), age_minutes=700)
def a_to_z_claim(t: Telling) -> None:
    words = t.rng.choice(_CLAIM_WORDS)
    t.plot = {"words": words}
    draft = amazon_notices.claim_opened(
        t.account,
        t.buyer_name,
        t.order_id,
        t.notice_item(),
        amount=t.total().replace(".", ","),
        words=words,
        unique=t.notice_id(),
    )
    t.receive(draft, text=words)
    t.no_relay()


@story("An A-to-z claim was opened a week ago and is now decided.", marketplaces=("amazon",), age_minutes=200)
def claim_decided(t: Telling) -> None:
    words = t.rng.choice(_CLAIM_WORDS)
    opened = amazon_notices.claim_opened(
        t.account,
        t.buyer_name,
        t.order_id,
        t.notice_item(),
        amount=t.total(),
        words=words,
        unique=t.notice_id(),
    )
    t.receive(opened, text=words, at=t.sent_at - timedelta(days=7))
    granted = t.rng.random() < 0.5
    t.plot = {"words": words, "granted": granted}
    decided = amazon_notices.claim_decided(
        t.account, t.order_id, granted=granted, amount=t.total(), unique=t.notice_id()
    )
    t.receive(decided)
    t.no_relay()


@story("The buyer's bank took the money back; 7 days to answer.", marketplaces=("amazon",), age_minutes=900)
def chargeback(t: Telling) -> None:
    draft = amazon_notices.chargeback(
        t.account,
        t.order_id,
        t.notice_item(),
        amount=t.total(),
        reason=t.rng.choice(
            ("Services not provided or merchandise not received", "Transaction not recognized")
        ),
        unique=t.notice_id(),
    )
    t.receive(draft)
    t.no_relay()


@story(
    "Walmart Customer Care passes on a BBB complaint; 1 hour to answer.",
    marketplaces=("walmart",),
    age_minutes=10,
)
def bbb_complaint(t: Telling) -> None:
    text = str(t.options.get("text") or t.rng.choice(_BBB))
    about = walmart.About(t.order_id, t.item.item_id, t.item.title, t.ref_id)
    draft = walmart.customer_care(
        t.alias, f"Urgent: complaint about order {t.order_id}", text, about, t.new_message_id(), t.rng
    )
    t.receive(draft, text=text)


@story(
    "Amazon's customer service writes for a buyer (English, or Italian on .it).",
    marketplaces=("amazon",),
    age_minutes=330,
)
def customer_service(t: Telling) -> None:
    reason, details = t.rng.choice(_SERVICE["it" if t.account.market == "it" else "en"])
    t.plot = {"reason": reason}
    draft = amazon_notices.customer_service(
        t.account, t.relay_with_case(), t.order_id, t.notice_item(), reason, details, t.notice_id()
    )
    t.receive(draft, text=details)


@story("Amazon reports one or two (partial) refunds.", marketplaces=("amazon",), age_minutes=240)
def refund_notice(t: Telling) -> None:
    refunds: list[tuple[str, str]] = []
    for share, reason in (
        ((1, "Buyer returned the item"),) if t.rng.random() < 0.6 else ((2, "Partial"), (2, "Rest"))
    ):
        amount = f"{t.item.price * t.quantity / share:.2f}"
        refunds.append((amount, reason))
        draft = amazon_notices.refund_issued(
            t.account, t.order_id, t.notice_item(), amount, reason, t.notice_id()
        )
        t.receive(draft)
    t.plot = {"refunds": refunds}
    t.no_relay()


@story("Amazon wants the seller's side of a claim; 72 hours.", marketplaces=("amazon",), age_minutes=420)
def information_request(t: Telling) -> None:
    claim_id = f"A2Z-{t.digits(8)}"
    t.plot = {"claim_id": claim_id}
    t.receive(amazon_notices.information_request(t.account, t.order_id, claim_id, t.notice_id()))
    t.no_relay()


@story("Walmart Customer Care steps in about an order; 48 hours.", marketplaces=("walmart",), age_minutes=480)
def escalation(t: Telling) -> None:
    text = str(t.options.get("text") or t.rng.choice(_STEPS_IN))
    about = walmart.About(t.order_id, t.item.item_id, t.item.title, t.ref_id)
    draft = walmart.customer_care(
        t.alias, f"Customer contacted us about order {t.order_id}", text, about, t.new_message_id(), t.rng
    )
    t.receive(draft, text=text)


@story("The marketplace warns that the account is at risk.", age_minutes=600)
def account_at_risk(t: Telling) -> None:
    subject, text = "Your account is at risk of deactivation", _AT_RISK
    if t.account.marketplace == "walmart":
        t.receive(walmart.notice(subject, text, f"<{t.notice_id()}@walmart.com>", t.rng))
    else:
        t.receive(amazon_notices.performance_notice(t.account, subject, text, t.notice_id()))
    t.order_id = ""
    t.no_relay()
