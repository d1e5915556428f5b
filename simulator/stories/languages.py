"""Buyers who write in another language."""

from simulator.stories.registry import story
from simulator.stories.telling import Telling

_WORDS = {
    "de": (
        'Sehr geehrte Damen und Herren,\n\nder Artikel "{item}" funktioniert nach zwei Tagen nicht mehr. Ich '
        "möchte ihn gerne umtauschen. Wie gehe ich vor?\n\nMit freundlichen Grüßen\n{name}",
        "Hallo, können Sie mir bitte eine Rechnung mit ausgewiesener MwSt. für die Bestellung {order} "
        "schicken? Danke.",
    ),
    "ja": (
        "はじめまして。注文番号 {order} の商品ですが、電源が入りません。"
        "初期不良でしょうか。交換または返金をお願いいたします。",
        "領収書の発行をお願いできますでしょうか。宛名は「株式会社さくら商事」でお願いいたします。",
    ),
    "it": (
        'Buongiorno,\nil prodotto "{item}" è arrivato ma manca il cavo. Com\'è possibile averlo? È un '
        "regalo per martedì.\nGrazie mille, {first}",
        "Vorrei restituire l'articolo perché è troppo piccolo. Chi paga la spedizione?",
    ),
    "pt": (
        'Olá! O produto "{item}" chegou com defeito, não liga. Gostaria de trocar ou receber o dinheiro de '
        "volta. Aguardo retorno, obrigado. {first}",
        "Bom dia, a nota fiscal não veio na caixa. Podem enviar por aqui?",
    ),
    "es": (
        "Buenas tardes, el artículo llegó pero le falta una pieza. ¿Cómo puedo conseguirla? Muchas gracias, "
        "{first}",
        "Hola, quiero devolver el producto, no es lo que esperaba. ¿Me explican cómo hacerlo?",
    ),
    "fr": (
        "Bonjour, l'article reçu ne correspond pas à la description. Je souhaite être remboursé. "
        "Cordialement, {name}",
        "Bonjour, pouvez-vous m'envoyer une facture pour la commande {order} ? Merci d'avance.",
    ),
}


@story("A buyer who does not write English (the site's language, or one by seed).", age_minutes=260)
def other_language(t: Telling) -> None:
    if t.language == "en" or t.account.marketplace == "walmart":
        asked = str(t.options.get("language") or "")
        spoken = (
            "es" if t.account.marketplace == "walmart" else t.rng.choice(("de", "ja", "it", "pt", "es", "fr"))
        )
        language = asked if asked in _WORDS else spoken
        t.settle_language(language)
    if t.language == "ja" and not t.options.get("charset"):
        t.options = {**t.options, "charset": t.rng.choice(("iso-2022-jp", "shift_jis"))}
    t.buyer_writes(t.say({**_WORDS, "en": _WORDS["es"]}))
