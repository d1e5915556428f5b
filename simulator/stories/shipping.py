"""Stories about a parcel: late, lost, to be stopped or sent elsewhere."""

from simulator.shapes import amazon_notices
from simulator.stories.registry import story
from simulator.stories.telling import Telling

_WHERE = {
    "en": (
        "Hi, I ordered the {item} {days} days ago and the tracking hasnt moved since friday. Can you tell "
        "me where it is?",
        "Where is my order??? It said it would arrive by now. I need the {item} for the weekend.",
        'Hello,\n\nmy {item} was supposed to be here on Tuesday. The carrier says "label created" and '
        "nothing else. Has it actually shipped?\n\nThanks\n{first}",
        "still waiting on my package. its been {days} days. pls check thank you",
        "Good morning. I am writing about order {order}. My daughter's birthday is on Saturday and the "
        "{item} is her gift. Tracking has not updated for four days. Could you please look into it?",
    ),
    "de": (
        'Guten Tag,\nich warte seit {days} Tagen auf den Artikel "{item}". Die Sendungsverfolgung bewegt '
        "sich nicht mehr. Können Sie bitte nachsehen?\nMit freundlichen Grüßen\n{name}",
        "Hallo, wo bleibt mein Paket? Laut DHL wurde noch nichts übergeben.",
    ),
    "ja": (
        "お世話になっております。{days}日前に注文した商品がまだ届きません。配送状況を確認していただけますか。",
        "商品が届かないのですが、いつ発送されますか?追跡番号が更新されていません。",
    ),
    "it": (
        'Buongiorno, ho ordinato "{item}" {days} giorni fa e non è ancora arrivato. Potete verificare? '
        "Grazie, {first}",
    ),
    "pt": ('Olá, comprei "{item}" há {days} dias e o rastreamento não atualiza. Já foi enviado?',),
    "es": (
        "Hola, hice el pedido hace {days} días y todavía no llega. ¿Me pueden decir dónde está el paquete? "
        "Gracias.",
    ),
    "fr": (
        "Bonjour, j'attends mon colis depuis {days} jours et le suivi ne bouge plus. Pouvez-vous vérifier ?",
    ),
}
_NOT_RECEIVED = {
    "en": (
        "The tracking says my {item} was delivered yesterday but there is nothing here. I checked with the "
        "neighbors and the office of my building. Nobody has it.",
        "It says delivered, handed to resident. I was at work and nobody else lives here!! I want my money "
        "back or a new one.",
        "Hello, {order} is marked as delivered at 2:14 pm to the front porch. Our camera shows no one came. "
        "What do we do now?",
    ),
    "de": (
        "Laut Sendungsverfolgung wurde das Paket zugestellt, hier ist aber nichts angekommen. Auch die "
        "Nachbarn haben nichts.",
    ),
}
_ADDRESS = {
    "en": (
        "Hi! I just noticed the order went to my OLD address. Can you please send it to 48 Maple Court, "
        "{town}? It hasn't shipped yet I think.",
        "I moved last month and forgot to change it in the app. New address: 1912 Birch Street Apt 4B, "
        "{town}. Can you change it please before it ships",
        "please add apartment number 312 to my address, otherwise the driver sends it back every time",
    ),
    "de": (
        "Ich habe leider die falsche Lieferadresse angegeben. Könnten Sie bitte an Gartenweg 7, {town} "
        "liefern?",
    ),
}
_CANCEL = {
    "en": (
        "Please cancel my order, I found it in a store today. Thanks.",
        "I ordered two by mistake. Can you cancel this one before it ships?",
        "Hi, my husband already ordered the same {item} yesterday :( please cancel {order} if it is not to "
        "late",
    ),
}
_IMPATIENT = {
    "en": (
        "Any news about my {item}?",
        "Hello, has my order shipped? It still says preparing.",
    ),
}
_IMPATIENT_MORE = {
    "en": (
        "Hello??? I wrote you yesterday and nobody answers. If I don't hear back today I want a refund.",
        "second message. please respond. this is really bad service",
    ),
}


@story("The parcel does not move and the buyer asks where it is.", age_minutes=180)
def where_is_my_order(t: Telling) -> None:
    t.buyer_writes(t.say(_WHERE), topic="Where is my order" if t.language == "en" else "")


@story("The carrier says delivered, the buyer has nothing.", age_minutes=240)
def delivered_not_received(t: Telling) -> None:
    t.buyer_writes(t.say(_NOT_RECEIVED), topic="Where is my order" if t.language == "en" else "")


@story("The buyer wants it sent to another address.", age_minutes=45)
def address_change(t: Telling) -> None:
    t.buyer_writes(t.say(_ADDRESS), topic="Shipping" if t.language == "en" else "")


@story("The buyer wants to cancel before shipping (Amazon: BRC_SELLER_NOTIFICATION).", age_minutes=30)
def cancel_before_shipping(t: Telling) -> None:
    if t.account.marketplace == "walmart":
        t.buyer_writes(t.say(_CANCEL))
        return
    reason = t.rng.choice(
        ("Ordered by mistake", "Item would not arrive on time", "Found cheaper somewhere else")
    )
    t.plot = {"reason": reason}
    draft = amazon_notices.cancel_request(
        t.account, t.relay_with_case(), t.buyer_name, t.order_id, t.notice_item(), reason, t.notice_id()
    )
    t.receive(draft, text=reason)


@story("The buyer writes twice: the clock is that of the first mail.", age_minutes=600)
def impatient(t: Telling) -> None:
    first = t.buyer_writes(t.say(_IMPATIENT))
    later = t.sent_at + (t.now - t.sent_at) * 0.6
    t.buyer_answers(
        t.say(_IMPATIENT_MORE), at=later, quoted=first.text, quoted_at=first.sent_at, quoted_id=""
    )
