"""The marketplaces' mail relay: who may write to which buyer, and what comes back afterwards.

Rules from section 1.5 of the Amazon field notes and section 1.3 of the Walmart field notes.
"""

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any

from simulator import clock
from simulator.accounts import Accounts, SellerAccount
from simulator.eventlog import EventLog
from simulator.folders import INBOX, SPAM
from simulator.mailboxes import Mailboxes, header
from simulator.mistakes import Mistake
from simulator.shapes import amazon_notices, provider
from simulator.shapes.transport import Draft, stamped
from simulator.store import Store

AMAZON_LIMIT = 10 * 1024 * 1024
OUTCOMES = ("bounce", "amazon_undeliverable", "opt_out")
# What can become of a mail to a seller's own mailbox.
OWN_OUTCOMES = ("bounce", "lost", "spam")


@dataclass(frozen=True)
class Refusal:
    """An SMTP reply that says no."""

    reply: str

    @property
    def code(self) -> int:
        """The reply's three digits."""
        return int(self.reply[:3])


@dataclass
class _Outcome:
    account: str
    alias: str
    outcome: str
    times: int
    match: str = ""


def alias_of(address: str) -> str:
    """The part of a relay address that names the buyer: lower case, without Amazon's `+case`."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def is_relay_address(address: str) -> bool:
    """Whether mail to this address would have to pass a marketplace's relay."""
    domain = address.strip().lower().rpartition("@")[2]
    return domain == "relay.walmart.com" or domain.startswith("marketplace.amazon.")


class Relay:
    """Takes the sellers' replies and lets the outside world react to them."""

    def __init__(self, store: Store, accounts: Accounts, mailboxes: Mailboxes, log: EventLog) -> None:
        self._store, self._accounts, self._mailboxes, self._log = store, accounts, mailboxes, log
        self._outcomes: list[_Outcome] = []

    def expect(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Decide what happens to the next replies of an account or to a relay address."""
        unknown = set(facts) - {"account", "relay_address", "outcome", "times", "own", "match"}
        if unknown:
            raise Mistake(f"An outcome has no {', '.join(sorted(unknown))}.")
        possible = OWN_OUTCOMES if facts.get("own") else OUTCOMES
        if facts.get("outcome") not in possible:
            raise Mistake(f"outcome is one of: {', '.join(possible)}.")
        times = facts.get("times", 1)
        if not isinstance(times, int) or times < 1:
            raise Mistake("times is a number from 1.")
        if facts.get("own"):
            return self._expect_of_own(facts, times)
        alias = alias_of(str(facts.get("relay_address") or ""))
        if facts.get("relay_address"):
            account = self._accounts.need(self._known(alias)["account"])
        else:
            alias = ""
            account = self._accounts.need(facts.get("account"))
        if facts["outcome"] != "bounce" and account.marketplace != "amazon":
            raise Mistake(f"Only Amazon answers with {facts['outcome']}.")
        self._outcomes.append(_Outcome(account.address, alias, facts["outcome"], times))
        return {"account": account.address, "outcome": facts["outcome"], "times": times}

    def _expect_of_own(self, facts: dict[str, Any], times: int) -> dict[str, Any]:
        account = self._accounts.need(facts.get("account"))
        match = str(facts.get("match") or "").lower()
        self._outcomes.append(_Outcome(account.address, account.address, facts["outcome"], times, match))
        return {"account": account.address, "outcome": facts["outcome"], "times": times}

    def buyer(self, address: str) -> dict[str, Any]:
        """A simulated buyer and the mails in that mailbox; raises Mistake when nobody has this address."""
        alias = alias_of(address)
        known = self._known(alias)
        mails = self._store.received(alias)
        return {"relay_address": alias, "buyer_name": known["buyer_name"], "mails": mails}

    def check_recipient(self, account: SellerAccount, mail_from: str, rcpt: str) -> Refusal | None:
        """Why this recipient is refused, if it is."""
        if not is_relay_address(rcpt):
            return None
        known = self._store.relay(alias_of(rcpt))
        case = rcpt.lower().rpartition("@")[0].partition("+")[2]
        if known is None or (case and case not in known["cases"]):
            return Refusal(f"550 5.1.1 <{rcpt}>: Recipient address rejected: no such relay address")
        if known["account"] != account.address:
            return Refusal(f"550 5.7.1 <{rcpt}>: Recipient is not a customer of this seller")
        if mail_from.lower() != account.registered_sender:
            return Refusal(_not_registered(account, mail_from))
        return None

    def check_message(self, account: SellerAccount, rcpts: Sequence[str], raw: bytes) -> Refusal | None:
        """Why the whole mail is refused, if it is."""
        relayed = [rcpt for rcpt in rcpts if is_relay_address(rcpt)]
        if not relayed:
            return None
        senders = [address.lower() for _, address in getaddresses([header(raw, "From")])]
        if senders != [account.registered_sender]:
            return Refusal(_not_registered(account, ", ".join(senders) or "(no From)"))
        if account.marketplace == "amazon" and len(raw) > AMAZON_LIMIT:
            return Refusal("552 5.3.4 Message size exceeds the limit of 10 MB for buyer-seller messages")
        return None

    def accept(self, account: SellerAccount, mail_from: str, rcpts: Sequence[str], raw: bytes) -> list[str]:
        """Take the mail: one log event for each recipient. Returns the relay addresses among them.

        Nothing here waits, so a client that leaves can never leave half of it behind.
        """
        message_id = header(raw, "Message-ID")
        relayed = []
        for rcpt in rcpts:
            self._log.add(
                "accepted" if is_relay_address(rcpt) else "outside",
                account=account.address,
                message_id=message_id,
                mail_from=mail_from,
                rcpt=rcpt,
                reply_code=250,
                raw=raw,
                keep_raw=True,
            )
            if is_relay_address(rcpt):
                relayed.append(rcpt)
        return relayed

    async def follow_up(self, account: SellerAccount, rcpts: Sequence[str], raw: bytes) -> None:
        """Let the buyer get it, or a bounce or an opt-out notice come back; then Amazon's confirmation."""
        for rcpt in rcpts:
            if is_relay_address(rcpt):
                await self._react(account, rcpt, raw)
            elif (other := self._accounts.get(rcpt)) is not None:
                await self._into_mailbox(account, other, raw)

    async def _into_mailbox(self, account: SellerAccount, other: SellerAccount, raw: bytes) -> None:
        """Mail to a seller's own address: into INBOX, unless something else was ordered."""
        message_id = header(raw, "Message-ID")
        outcome = self._next_outcome(other.address, other.address, message_id)
        if outcome in ("lost", "bounce"):
            self._log.add(
                "not_delivered",
                account=account.address,
                message_id=message_id,
                rcpt=other.address,
                why=outcome,
            )
        if outcome == "bounce":
            at = clock.now().replace(microsecond=0)
            unique = f"{self._store.next_number('notice'):06d}"
            draft = provider.bounce(account, other.address, raw, unique)
            mail = stamped(draft, account, sent_at=at, received_at=at)
            await self._mailboxes.place(account, INBOX, mail, at=at)
        elif outcome != "lost":
            await self._mailboxes.place(other, SPAM if outcome == "spam" else INBOX, raw, at=clock.now())

    async def _react(self, account: SellerAccount, rcpt: str, raw: bytes) -> None:
        alias = alias_of(rcpt)
        known = self._known(alias)
        reply = _Reply.read(raw)
        outcome = self._next_outcome(account.address, alias) or ("opt_out" if known["opted_out"] else "")
        draft: Draft | None = None
        at = clock.now().replace(microsecond=0)
        unique = f"{self._store.next_number('notice'):06d}"
        if outcome == "bounce":
            draft = provider.bounce(account, rcpt, raw, unique)
        elif outcome == "amazon_undeliverable":
            draft = amazon_notices.undeliverable(account, reply.message_id, reply.subject, rcpt, unique)
        elif outcome == "opt_out":
            draft = amazon_notices.opted_out(
                account, known["buyer_name"], known["order_id"], reply.message_id, unique
            )
        else:
            self._store.add_received(alias, reply.as_seen_by_buyer(rcpt, at.isoformat()))
            known["last_reply"] = {
                "text": reply.text,
                "at": at.isoformat(),
                "message_id": reply.message_id,
                "subject": reply.subject,
            }
            self._store.save_relay(alias, known)
            if account.marketplace == "amazon" and account.confirmations:
                draft = amazon_notices.confirmation(
                    account, known["buyer_name"], known["order_id"], reply.text, unique
                )
        if outcome:
            self._log.add(
                "not_delivered", account=account.address, message_id=reply.message_id, rcpt=rcpt, why=outcome
            )
        if draft is not None:
            mail = stamped(draft, account, sent_at=at, received_at=at)
            await self._mailboxes.place(account, INBOX, mail, at=at)

    def _known(self, alias: str) -> dict[str, Any]:
        known = self._store.relay(alias)
        if known is None:
            raise Mistake(f"There is no relay address {alias}.", status=404)
        return known

    def _next_outcome(self, account: str, alias: str, message_id: str = "") -> str:
        for expected in self._outcomes:
            meant = ("", alias) if alias != account else (alias,)
            if (
                expected.account == account
                and expected.alias in meant
                and expected.match in message_id.lower()
            ):
                expected.times -= 1
                if expected.times == 0:
                    self._outcomes.remove(expected)
                return expected.outcome
        return ""


def _not_registered(account: SellerAccount, sender: str) -> str:
    if account.marketplace == "amazon":
        return (
            f"550 5.7.1 {sender} is not an approved sender for this selling account; "
            "add it under Messaging Permissions in Seller Central and send the message again"
        )
    return f"550 5.7.1 {sender} is not the Customer Service contact registered for this seller"


@dataclass(frozen=True)
class _Reply:
    """The parts of a seller's mail that the buyer gets to see."""

    message_id: str
    subject: str
    text: str
    in_reply_to: str
    attachments: list[str]

    @classmethod
    def read(cls, raw: bytes) -> "_Reply":
        """Read a mail that may be anything; what cannot be read is empty."""
        text, subject, attachments = "", "", list[str]()
        try:
            message = email.message_from_bytes(raw, policy=email.policy.default)
            subject = str(message["Subject"] or "")
            attachments = [part.get_filename() or "" for part in message.iter_attachments()]
            body = message.get_body(("plain", "html"))
            text = "" if body is None else body.get_content()
        except (LookupError, ValueError, TypeError, AttributeError):
            pass
        return cls(header(raw, "Message-ID"), subject, text, header(raw, "In-Reply-To"), attachments)

    def as_seen_by_buyer(self, rcpt: str, at: str) -> dict[str, Any]:
        """One entry of a simulated buyer's mailbox."""
        return {
            "kind": "mail",
            "to": rcpt,
            "at": at,
            "subject": self.subject,
            "text": self.text,
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "attachments": self.attachments,
        }
