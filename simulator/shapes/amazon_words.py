"""The fixed words of Amazon's buyer mails in each language (section 1.3 of the Amazon field notes).

Seen in real mails: the English, German, Japanese and Portuguese subjects, and the English, Portuguese and
Spanish markers. The other markers, and subjects in other languages, are made up in their manner.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The frame around a buyer's text; `markers` are pairs of (what opens, what closes)."""

    subject: str
    subject_without_order: str
    topics: tuple[str, ...]
    order_label: str
    quantity: str
    markers: tuple[tuple[str, str], ...]
    arbitration: str
    resolve: str
    report: str
    charset: str = "utf-8"


WORDS = {
    "en": Words(
        "{topic} inquiry from Amazon customer {name} (Order: {order})",
        "{topic} inquiry from Amazon customer {name}",
        ("Where is my order", "Product details", "Shipping", "Order"),
        "Order ID {order}:",
        "{quantity} of",
        (("Begin message", "End message"), ("Message:", "End message")),
        "To help arbitrate disputes and preserve trust and safety, we retain all messages buyers and "
        "sellers send through Amazon. This includes your response to the message below.",
        "Resolve case / no response needed",
        "Report questionable activity",
    ),
    "de": Words(
        "Frage von Amazon-Kunde {name} (Bestellung: {order})",
        "Frage von Amazon-Kunde {name}",
        ("Bestellung",),
        "Bestellnummer {order}:",
        "{quantity} von",
        (("Nachricht:", "Ende der Nachricht"),),
        "Um bei Streitfällen zu vermitteln und Vertrauen und Sicherheit zu wahren, bewahren wir alle "
        "Nachrichten auf, die Käufer und Verkäufer über Amazon senden.",
        "Fall lösen / keine Antwort erforderlich",
        "Verdächtige Aktivität melden",
        "iso-8859-1",
    ),
    "ja": Words(
        "{topic}に関するお問い合わせ (注文: {order})",
        "{topic}に関するお問い合わせ",
        ("商品の詳細", "配送", "注文"),
        "注文番号 {order}:",
        "{quantity} /",
        (("メッセージ:", "メッセージここまで"),),
        "紛争の仲裁と信頼と安全の維持のため、Amazonを通じて送信されたすべてのメッセージを保管しています。",
        "ケースを解決 / 返信不要",
        "不審な行為を報告",
        "iso-2022-jp",
    ),
    "pt": Words(
        "{topic} Amazon {name} pergunta do cliente (Pedido: {order})",
        "{topic} Amazon {name} pergunta do cliente",
        ("Detalhes do produto", "Entrega"),
        "# {order}:",
        "{quantity} de",
        (("Mensagem:", "Encerrar mensagem"), ("Iniciar mensagem", "Mensagem final")),
        "Para ajudar a arbitrar disputas e preservar a confiança e a segurança, guardamos todas as "
        "mensagens trocadas entre compradores e vendedores.",
        "Resolver caso / resposta não necessária",
        "Denunciar atividade suspeita",
    ),
    "es": Words(
        "Consulta de {topic} del cliente de Amazon {name} (Pedido: {order})",
        "Consulta de {topic} del cliente de Amazon {name}",
        ("pedido", "envío"),
        "# {order}:",
        "{quantity} de",
        (("Mensaje:", "Finalizar mensaje"),),
        "Para ayudar a resolver disputas y mantener la confianza y la seguridad, guardamos todos los "
        "mensajes que compradores y vendedores se envían por Amazon.",
        "Resolver caso / no se necesita respuesta",
        "Denunciar actividad sospechosa",
        "iso-8859-1",
    ),
    "it": Words(
        "Richiesta del cliente Amazon {name} (Ordine: {order})",
        "Richiesta del cliente Amazon {name}",
        ("ordine",),
        "Ordine # {order}:",
        "{quantity} di",
        (("Messaggio:", "Fine messaggio"),),
        "Per aiutare a risolvere le controversie e mantenere fiducia e sicurezza, conserviamo tutti i "
        "messaggi che acquirenti e venditori si scambiano tramite Amazon.",
        "Risolvi il caso / nessuna risposta necessaria",
        "Segnala attività sospetta",
    ),
    "fr": Words(
        "Question du client Amazon {name} (Commande : {order})",
        "Question du client Amazon {name}",
        ("commande",),
        "# {order}:",
        "{quantity} de",
        (("Message :", "Fin du message"),),
        "Afin d'aider à arbitrer les litiges et de préserver la confiance et la sécurité, nous conservons "
        "tous les messages que les acheteurs et les vendeurs s'envoient par Amazon.",
        "Résoudre le cas / aucune réponse nécessaire",
        "Signaler une activité suspecte",
    ),
}

# Section 1.3: on .ca the markers are bilingual.
CANADIAN_MARKERS = (("Begin message / Début du message", "End message / Fin du message"),)
