"""Stories about the thing itself: broken, wrong, unclear, or simply good."""

from datetime import timedelta

from simulator.shapes import photo
from simulator.shapes.body import Attachment
from simulator.stories.registry import story
from simulator.stories.telling import Telling

_DAMAGED = {
    "en": (
        "My {item} arrived today and its broken. Box was fine but inside there is a big crack. See photo.",
        "Very disappointed. The {item} came damaged, picture attached. It was a gift and now I have nothing "
        "to give. What are you going to do about this?",
        "Hi, the {item} has a dent on the side and one corner is broken. I attached a picture. Can I get a "
        "replacement?",
    ),
    "de": ("Der Artikel ist leider beschädigt angekommen, siehe Foto. Bitte um Ersatz oder Erstattung.",),
    "it": ("L'articolo è arrivato rotto, allego una foto. Vorrei una sostituzione.",),
    "ja": ("届いた商品が破損していました。写真を添付します。交換をお願いできますか。",),
}
_WRONG = {
    "en": (
        "You sent me the wrong item. I ordered a {item} and got something completely different.",
        "I ordered the {item} and received a phone case?? Please send the right one ASAP",
        "Hello, the packing slip says {title} but that is not what is in the box. How do we fix that?",
    ),
}
_PHOTO = {
    "en": (
        "Is this part supposed to look like this? See the picture, bottom left. Everything else is ok.",
        "There was this extra piece in the box of my {item}. Where does it go?",
    ),
}
_PRESALE = {
    "en": (
        "Hi, before I buy: is the {item} this year's model? And is the warranty 1 or 2 years?",
        "does this ship to Alaska",
        "What are the exact measurements of {title}? The listing says two different things.",
        "Will you have this in other colors soon? I need 6 of them for our church.",
    ),
    "de": ("Guten Tag, passt der Artikel auch für 230 V und wie lang ist das Kabel? Danke!",),
    "ja": ("購入を検討しています。保証期間はどのくらいですか。",),
}
_THANKS = {
    "en": (
        "Got it today, works great. Thank you!!",
        "Thanks for the fast help, the replacement arrived. You can close this :)",
        "Just wanted to say the {item} is perfect. My mom loves it.",
    ),
    "de": ("Vielen Dank für die schnelle Lieferung, alles bestens!",),
}
_ASKED = (
    "Thank you for your message. Could you tell us:\n1. Is the outer box damaged too?\n2. Would you like a "
    "replacement or a refund?\n"
)
_INLINE = {
    "en": (
        "> 1. Is the outer box damaged too?\nno the box looks fine\n> 2. Would you like a replacement or a "
        "refund?\nReplacement please, but only if it gets here before the 20th. Otherwise refund.\n",
        "> 1. Is the outer box damaged too?\nYES, one corner was crushed.\n\n> 2. Would you like a "
        "replacement or a refund?\nrefund\n\n{first}\n",
    ),
}


def _picture(t: Telling) -> Attachment:
    return Attachment(f"IMG_{t.rng.randrange(1000, 9999)}.png", "image/png", photo.png(t.rng))


@story("It came broken; a photo is attached.", age_minutes=300)
def damaged(t: Telling) -> None:
    t.buyer_writes(t.say(_DAMAGED), attachments=[_picture(t)])


@story("Something else was in the box.", age_minutes=420)
def wrong_item(t: Telling) -> None:
    t.buyer_writes(t.say(_WRONG))


@story("A question with one or two photos.", age_minutes=90)
def photo_attached(t: Telling) -> None:
    t.buyer_writes(t.say(_PHOTO), attachments=[_picture(t) for _ in range(t.rng.choice((1, 2)))])


@story("A question before buying: no order (Walmart: a pc- address).", age_minutes=75)
def presale(t: Telling) -> None:
    t.presale()
    t.buyer_writes(t.say(_PRESALE), topic="Product details" if t.language == "en" else "")


@story("The buyer says thank you; Amazon counts it, Walmart wants it answered.", age_minutes=120)
def thank_you(t: Telling) -> None:
    t.buyer_writes(t.say(_THANKS))


@story("The seller asked two questions and the buyer answers between the quoted lines.", age_minutes=150)
def inline_answers(t: Telling) -> None:
    before = t.sent_at - timedelta(hours=7)
    first = t.buyer_writes(t.say(_DAMAGED), at=before, attachments=[_picture(t)])
    reply = t.seller_replies(_ASKED, to=first, at=before + timedelta(hours=2))
    if t.account.marketplace == "amazon" and t.account.confirmations:
        t.confirmation_comes(_ASKED, at=before + timedelta(hours=2, seconds=20))
    t.buyer_answers(
        t.say(_INLINE), at=t.sent_at, quoted=_ASKED, quoted_at=reply.sent_at, quoted_id=reply.message_id
    )
