"""Tells stories: finds out who and when, lets the story write its mails, delivers them and remembers them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulator import clock
from simulator.accounts import Accounts, SellerAccount
from simulator.eventlog import EventLog
from simulator.mailboxes import Mailboxes
from simulator.mistakes import Mistake
from simulator.orders.ordering import Ordering
from simulator.relay import alias_of
from simulator.store import Store
from simulator.stories import STORIES, Story
from simulator.stories.telling import Letter, Telling

_ANSWERS = (
    "Hello,\n\nthank you for your message. We have looked into it and a replacement is on its way to "
    "you.\n\nKind regards\n{seller}\n",
    "Hello,\n\nwe are sorry for the trouble. Your parcel left our warehouse and should reach you within two "
    "days.\n\n{seller}\n",
    "Hi, thanks for letting us know! We have taken care of it.\n{seller}\n",
)
_REPLIES = {
    "en": (
        "ok thanks, how long will that take?",
        "That does not help me at all. I want a refund.",
        "Thank you! I will wait for it then.",
        "Sorry to bother you again, it still did not arrive.",
    ),
    "de": ("Danke für die Antwort. Wie lange dauert das?",),
    "ja": ("ご返信ありがとうございます。いつ頃になりますか。",),
    "it": ("Grazie. Quanto tempo ci vorrà?",),
    "pt": ("Obrigado. Quanto tempo vai demorar?",),
    "es": ("Gracias. ¿Cuánto tardará?",),
    "fr": ("Merci. Combien de temps cela prendra-t-il ?",),
}


@dataclass(frozen=True)
class Told:
    """A story whose mails are ready but not yet delivered."""

    facts: dict[str, Any]
    letters: list[Letter]


class Teller:
    """Turns a request for a story into mail in a seller's mailbox."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        mailboxes: Mailboxes,
        log: EventLog,
        ordering: Ordering,
        *,
        seed: int,
    ) -> None:
        self._store, self._accounts, self._mailboxes, self._log = store, accounts, mailboxes, log
        self._ordering, self._seed = ordering, seed

    async def tell(
        self,
        name: object,
        address: object,
        *,
        age_minutes: float | None = None,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Tell a story now; returns what the control API answers."""
        story = STORIES.get(name) if isinstance(name, str) else None
        if story is None:
            raise Mistake(f"There is no story {name!r}. Known: {', '.join(STORIES)}.", status=404)
        account = self._accounts.need(address)
        age = timedelta(minutes=story.age_minutes if age_minutes is None else age_minutes)
        told = self.prepare(story, account, sent_at=clock.now() - age, seed=seed, options=options or {})
        await self.deliver(account, told.letters)
        return told.facts

    def prepare(
        self,
        story: Story,
        account: SellerAccount,
        *,
        sent_at: datetime,
        seed: int | None = None,
        options: Mapping[str, Any],
    ) -> Told:
        """Write a story's mails and remember it; `sent_at` is when its first unanswered mail was sent."""
        if account.marketplace not in story.marketplaces:
            raise Mistake(f"The story {story.name} is not told at {account.marketplace}.")
        now = clock.now()
        if sent_at > now:
            raise Mistake("A story cannot begin in the future: age_minutes is 0 or more.")
        like = self._like(options, account)
        if like is not None and "same_sku" in like:
            options = {"sku": like["same_sku"], **options}
        number = self._store.next_number("story")
        telling = Telling(
            account=account,
            number=number,
            rng=Random(f"{self._seed}/{story.name}/{number if seed is None else seed}"),
            unique=Random(f"{self._seed}/unique/{number}"),
            now=now,
            sent_at=sent_at,
            folder=str(options.get("folder") or story.folder),
            options=options,
            like=like,
        )
        story.tell(telling)
        self._answer(telling)
        self._ordering.behind(telling, story.name, seed)
        return Told(self._remember(story.name, telling), self._doubled(telling))

    async def reply(
        self, story_id: str, *, text: str | None = None, age_minutes: float = 0, threaded: bool = True
    ) -> dict[str, Any]:
        """Let the buyer of a story write again.

        At Walmart it is a quoted reply, with In-Reply-To unless `threaded` is false; at Amazon one more
        notification that belongs to nothing by its headers.
        """
        facts = self.story(story_id)
        known = self._store.relay(facts["alias"]) if facts["relay_address"] else None
        if known is None:
            raise Mistake(f"Nobody can write again in the story {story_id} ({facts['story']}).")
        account = self._accounts.need(facts["account"])
        now = clock.now()
        number = self._store.next_number("story")
        telling = Telling(
            account=account,
            number=number,
            rng=Random(f"{self._seed}/reply/{number}"),
            unique=Random(f"{self._seed}/unique/{number}"),
            now=now,
            sent_at=now - timedelta(minutes=age_minutes),
            folder=facts["folder"],
            options={"sku": facts["sku"], **facts["options"]},
            like=facts,
        )
        for name in ("order_id", "case", "ref_id", "quantity", "subject", "relay_address", "language"):
            setattr(telling, name, facts[name])
        last = known.get("last_reply") or {
            "text": facts["texts"][-1],
            "at": facts["sent_at"],
            "message_id": "",
        }
        letter = telling.buyer_answers(
            telling.say(_REPLIES) if text is None else text,
            at=telling.sent_at,
            quoted=last["text"],
            quoted_at=datetime.fromisoformat(last["at"]),
            quoted_id=last["message_id"] if threaded else "",
        )
        await self.deliver(account, telling.letters)
        facts["message_ids"].append(letter.message_id)
        facts["texts"].append(letter.text)
        facts["received"].append(letter.at.isoformat())
        self._store.save_story(story_id, facts)
        return {
            "story_id": story_id,
            "message_id": letter.message_id,
            "text": letter.text,
            "sent_at": letter.sent_at.isoformat(),
            "relay_address": facts["relay_address"],
        }

    async def deliver(self, account: SellerAccount, letters: list[Letter]) -> None:
        """Put letters into the seller's mailbox in this order."""
        for letter in letters:
            await self._mailboxes.place(account, letter.folder, letter.raw, at=letter.at, seen=letter.seen)

    def story(self, story_id: str) -> dict[str, Any]:
        """What is remembered of a story; raises Mistake when there is none of that id."""
        facts = self._store.story(story_id)
        if facts is None:
            raise Mistake(f"There is no story with the id {story_id}.", status=404)
        return facts

    def _like(self, options: Mapping[str, Any], account: SellerAccount) -> dict[str, Any] | None:
        if "about" in options:
            return self._ordering.buyer_of(account, str(options["about"]))
        if "like" not in options:
            return None
        facts = self.story(str(options["like"]))
        if facts["account"] != account.address:
            raise Mistake(
                "A buyer's relay address belongs to one seller account; name a story of this one in like."
            )
        return facts

    def _answer(self, telling: Telling) -> None:
        how = telling.options.get("answered")
        if how is None:
            return
        if how != "sent" and telling.account.marketplace != "amazon":
            raise Mistake("Only Amazon sends confirmations: answered is sent.")
        if not telling.relay_address:
            raise Mistake("Only a story with a buyer can have been answered.")
        last = telling.letters[-1]
        third = (telling.now - last.sent_at).total_seconds() / 180
        after = timedelta(minutes=float(telling.options.get("answered_after_minutes") or third))
        text = telling.rng.choice(_ANSWERS).format(seller=telling.account.name)
        if how in ("sent", "both"):
            telling.seller_replies(text, to=last, at=last.sent_at + after)
        if how in ("confirmation", "both"):
            telling.confirmation_comes(text, at=last.sent_at + after + timedelta(seconds=15))

    def _doubled(self, telling: Telling) -> list[Letter]:
        if not telling.options.get("twice"):
            return telling.letters
        return [letter for letter in telling.letters for _ in range(1 if letter.seen else 2)]

    def _remember(self, name: str, telling: Telling) -> dict[str, Any]:
        story_id = f"s{telling.number}"
        if telling.relay_address and telling.known_to_relay:
            alias = alias_of(telling.alias)
            known = self._store.relay(alias) or {
                "account": telling.account.address,
                "cases": [],
                "opted_out": False,
            }
            self._store.save_relay(
                alias,
                {
                    **known,
                    "cases": [*known["cases"], telling.case],
                    "buyer_name": telling.buyer_name,
                    "order_id": telling.order_id,
                    "opted_out": known["opted_out"] or bool(telling.options.get("opted_out")),
                },
            )
        # Everything the buyer or the marketplace wrote, but not what the seller answered.
        inbound = [letter for letter in telling.letters if not letter.seen]
        kept = {
            key: telling.options[key]
            for key in ("language", "form", "charset", "case_stands")
            if key in telling.options
        }
        facts = {
            "story_id": story_id,
            "story": name,
            "account": telling.account.address,
            "marketplace": telling.account.marketplace,
            "market": telling.account.market,
            "relay_address": telling.relay_address,
            "order_id": telling.order_id,
            "purchase_order_id": telling.purchase_order_id,
            "buyer_name": telling.buyer_name,
            "language": telling.language,
            "message_ids": [letter.message_id for letter in inbound],
            "texts": [letter.text for letter in inbound],
            "received": [letter.at.isoformat() for letter in inbound],
            "answered": [letter.at.isoformat() for letter in telling.letters if letter.seen],
            "folder": telling.folder,
            "subject": telling.subject,
            "sent_at": telling.sent_at.replace(microsecond=0).isoformat(),
            "sku": telling.item.sku,
            "item": telling.item.title_in(telling.account.site.language),
            "asin": telling.item.asin,
            "item_id": telling.item.item_id,
            "quantity": telling.quantity,
            "price": str(telling.item.price),
            "alias": alias_of(telling.alias),
            "case": telling.case,
            "ref_id": telling.ref_id,
            "options": kept,
        }
        self._store.save_story(story_id, facts)
        return facts
