"""One story while it is being told: who, about what, since when, and the letters written so far."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

from simulator import ids
from simulator.accounts import SellerAccount
from simulator.folders import INBOX, SENT
from simulator.mistakes import Mistake
from simulator.shapes import amazon, amazon_notices, provider, walmart
from simulator.shapes.body import Attachment
from simulator.shapes.transport import Draft, Verdict, stamped
from simulator.stories import cast, catalogue
from simulator.stories.options import check

Words = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Letter:
    """A finished mail; `at` is its INTERNALDATE, `sent_at` its Date, `text` what its author wrote."""

    raw: bytes
    at: datetime
    sent_at: datetime
    folder: str
    message_id: str
    subject: str
    text: str
    seen: bool = False


@dataclass
class Telling:
    """What a story function works with.

    `rng` decides what the seed decides; `unique` gives ids that no other story has. `days` is how long
    ago the buyer says it was ordered; `plot` is what else the mails say that the order must agree with.
    """

    account: SellerAccount
    number: int
    rng: Random
    unique: Random
    now: datetime
    sent_at: datetime
    folder: str
    options: Mapping[str, Any]
    like: Mapping[str, Any] | None = None
    letters: list[Letter] = field(default_factory=list)
    language: str = ""
    buyer_name: str = ""
    town: str = ""
    item: catalogue.CatalogueItem = catalogue.ITEMS[0]
    quantity: int = 1
    order_id: str = ""
    purchase_order_id: str = ""
    alias: str = ""
    case: str = ""
    ref_id: str = ""
    relay_address: str = ""
    subject: str = ""
    known_to_relay: bool = True
    days: int = 6
    plot: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self.options)
        like = self.like or {}
        self.language = str(
            self.options.get("language") or like.get("language") or self.account.site.language
        )
        if self.account.marketplace == "walmart" and "language" not in self.options:
            self.language = "en"
        self.settle_language(self.language)
        sku = self.options.get("sku")
        if sku is not None:
            found = catalogue.by_sku(str(sku))
            if found is None:
                raise Mistake(f"There is no item with the SKU {sku}.")
            self.item = found
        self.quantity = self.rng.choice((1, 1, 1, 2))
        self.quantity = int(like.get("same_quantity") or self.quantity)
        self.order_id = str(
            self.options.get("order_id")
            or like.get("same_order_id")
            or ids.order_id(self.unique, self.account.site)
        )
        self.purchase_order_id = ids.purchase_order_id(self.unique)
        self.purchase_order_id = str(like.get("same_purchase_order_id") or self.purchase_order_id)
        self.ref_id = self.hexes(32)
        self.case = str(self._uuid())
        self.alias = str(like.get("alias") or ids.relay_address(self.unique, self.account.site))

    def settle_language(self, language: str) -> None:
        """Have somebody who speaks this language buy something that has a title in it."""
        self.language = language
        like = self.like or {}
        self.buyer_name = str(
            self.options.get("buyer_name") or like.get("buyer_name") or cast.name(self.rng, language)
        )
        self.town = cast.town(self.rng, language)
        self.item = catalogue.pick(self.rng, language)

    # Things that must be unlike all others.

    def digits(self, count: int, start: str = "") -> str:
        """A number of that many digits."""
        return ids.digits(self.unique, count, start)

    def hexes(self, count: int) -> str:
        """So many hexadecimal digits."""
        return ids.hexes(self.unique, count)

    def new_message_id(self) -> str:
        """A Message-ID of the marketplace's."""
        if self.account.marketplace == "walmart":
            return f"<{self.hexes(24)}.{self.number}@relay.walmart.com>"
        return f"<{self.hexes(16).upper()}-{self.hexes(12)}-{self.number}@email.{self.account.site.site}>"

    def _uuid(self) -> str:
        raw = self.hexes(32)
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"

    # What buyers say.

    def say(self, words: Words) -> str:
        """One way of saying it in the buyer's language (English where none is known), names filled in."""
        chosen = self.rng.choice(list(words.get(self.language) or words["en"]))
        order = self._as_buyers_write_it(self.order_id)
        self.days = self.rng.randrange(4, 12)
        text = chosen.format(
            item=self.item.short
            if self.language == "en"
            else self.item.title_in(self.language).split(",")[0],
            title=self.item.title_in(self.account.site.language),
            order=order,
            name=self.buyer_name,
            first=self.buyer_name.split()[0],
            town=self.town,
            seller=self.account.name,
            days=self.days,
        )
        return str(self.options.get("text") or text) if not self.letters else text

    def _as_buyers_write_it(self, order_id: str) -> str:
        if self.account.marketplace == "walmart" and self.rng.random() < 0.5:
            return f"{order_id[:7]}-{order_id[7:]}"
        return order_id

    def presale(self) -> None:
        """Make this a question before any purchase: no order, and at Walmart a `pc-` address."""
        self.order_id = ""
        if self.account.marketplace == "walmart" and self.like is None:
            self.alias = f"pc-{self.alias}"

    def buyer_writes(
        self,
        text: str,
        *,
        at: datetime | None = None,
        topic: str = "",
        attachments: Sequence[Attachment] = (),
        seller_named: bool = False,
    ) -> Letter:
        """A first message of the buyer through the marketplace, in its layout."""
        message_id, form = self.new_message_id(), self.options.get("form")
        if self.account.marketplace == "walmart":
            about = walmart.About(self.order_id, self.item.item_id, self.item.title, self.ref_id)
            draft = walmart.buyer_message(
                self.account,
                self.alias,
                self.buyer_name,
                text,
                about,
                message_id,
                self.rng,
                form=form,
                attachments=attachments,
            )
        else:
            title = self.item.title_in(self.account.site.language)
            draft = amazon.buyer_message(
                self.account,
                self.alias,
                self.buyer_name,
                text,
                amazon.About(self.order_id, self.quantity, title, self.item.asin, self.case),
                message_id,
                self.rng,
                language=self.language,
                topic=topic,
                form=form,
                charset=str(self.options.get("charset") or ""),
                case_stands=self.options.get("case_stands") or self.rng.choice(("from",) * 6 + ("reply_to",)),
                seller_named=seller_named,
                attachments=attachments,
            )
        return self.receive(draft, text=text, at=at)

    def buyer_answers(
        self,
        text: str,
        *,
        at: datetime,
        quoted: str,
        quoted_at: datetime,
        quoted_id: str,
        attachments: Sequence[Attachment] = (),
    ) -> Letter:
        """A later message: at Walmart a quoted reply, at Amazon one more notification under the same case."""
        if self.account.marketplace == "amazon":
            return self.buyer_writes(text, at=at, attachments=attachments)
        draft = walmart.later_turn(
            self.account,
            self.alias,
            self.buyer_name,
            text,
            self.subject,
            self.new_message_id(),
            self.rng,
            quoted=quoted,
            quoted_at=quoted_at,
            quoted_id=quoted_id,
            attachments=attachments,
        )
        return self.receive(draft, text=text, at=at)

    def receive(
        self,
        draft: Draft,
        *,
        text: str = "",
        at: datetime | None = None,
        verdict: Verdict = "pass",
        extra_top: list[tuple[str, str]] | None = None,
        folder: str = "",
    ) -> Letter:
        """Deliver a mail into the seller's mailbox, sent at `at` (when the story began, if none is given)."""
        sent_at = (at or self.sent_at).replace(microsecond=0)
        delay = timedelta(
            minutes=float(self.options.get("delay_minutes") or 0), seconds=self.rng.randrange(1, 20)
        )
        received_at = max(sent_at, min(sent_at + delay, self.now.replace(microsecond=0)))
        raw = stamped(
            draft,
            self.account,
            sent_at=sent_at,
            received_at=received_at,
            verdict=verdict,
            extra_top=extra_top,
        )
        if not self.relay_address:
            self.relay_address = dict(draft.headers).get("Reply-To", draft.sender)
        if not self.subject:
            self.subject = draft.subject
        letter = Letter(
            raw, received_at, sent_at, folder or self.folder, draft.message_id, draft.subject, text
        )
        self.letters.append(letter)
        return letter

    def seller_replies(self, text: str, *, to: Letter, at: datetime) -> Letter:
        """The seller answered from another mail client: the mail lies in Sent."""
        at = min(at, self.now).replace(microsecond=0)
        number = f"{self.number}-{len(self.letters)}-{self.hexes(8)}"
        raw = provider.own_reply(
            self.account, self.relay_address, to.subject, text, to.message_id, number, format_datetime(at)
        )
        message_id = f"<{number}.client@{self.account.domain}>"
        letter = Letter(raw, at, at, SENT, message_id, f"Re: {to.subject}", text, seen=True)
        self.letters.append(letter)
        return letter

    def confirmation_comes(self, text: str, *, at: datetime) -> Letter:
        """Amazon's copy of a reply arrives, whoever wrote it and wherever."""
        at = min(at, self.now)
        draft = amazon_notices.confirmation(
            self.account, self.buyer_name, self.order_id, text, self.notice_id()
        )
        subject, relay = self.subject, self.relay_address
        letter = self.receive(draft, text=text, at=at, folder=INBOX)
        self.subject, self.relay_address = subject, relay
        return letter

    def notice_id(self) -> str:
        """Something unique for the Message-ID of a notice."""
        return f"{self.hexes(12)}.{self.number}.{len(self.letters)}"

    def notice_item(self) -> amazon_notices.Item:
        """The item as Amazon's notices print it."""
        title = self.item.title_in(self.account.site.language)
        return amazon_notices.Item(title, self.item.asin, self.item.sku, self.quantity)

    def total(self) -> str:
        """What the buyer paid, with a point."""
        return str(self.item.price * self.quantity)

    def relay_with_case(self) -> str:
        """The relay address as Amazon writes it in From."""
        return self.alias.replace("@", f"+{self.case}@")

    def broken(self, letter: Letter, raw: bytes) -> None:
        """Replace a letter's bytes."""
        self.letters[self.letters.index(letter)] = dataclasses.replace(letter, raw=raw)

    def no_relay(self) -> None:
        """This story has no buyer to answer."""
        self.known_to_relay = False
        self.relay_address = ""
