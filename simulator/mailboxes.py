"""Putting mail into the sellers' mailboxes."""

from collections.abc import Callable
from datetime import datetime
from email.parser import BytesHeaderParser

from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag

from simulator.accounts import SellerAccount
from simulator.eventlog import EventLog
from simulator.folders import KeptFolders
from simulator.mistakes import Mistake
from simulator.store import Store


class Mailboxes:
    """The mailboxes of all sellers, loaded when first needed."""

    def __init__(self, store: Store, log: EventLog) -> None:
        self._store, self._log = store, log
        self._loaded: dict[str, KeptFolders] = {}
        self._listeners: list[Callable[[str], None]] = []

    def of(self, address: str) -> KeptFolders:
        """The folders of a mailbox."""
        if address not in self._loaded:
            self._loaded[address] = KeptFolders(self._store, address)
        return self._loaded[address]

    async def place(
        self, account: SellerAccount, folder: str, raw: bytes, *, at: datetime, seen: bool = False
    ) -> int:
        """Deliver these exact bytes with that INTERNALDATE; returns the UID."""
        try:
            mailbox = await self.of(account.address).get_mailbox(folder)
        except KeyError:
            raise Mistake(f"{account.address} has no folder {folder}.", status=404) from None
        flags = frozenset({Flag(b"\\Seen")} if seen else ())
        message = await mailbox.append(AppendMessage(raw, at.replace(microsecond=0), flags), recent=True)
        self._log.add(
            "placed",
            account=account.address,
            message_id=header(raw, "Message-ID"),
            rcpt=account.address,
            raw=raw,
            folder=folder,
            uid=message.uid,
        )
        return message.uid

    async def renumber(self, account: SellerAccount, folder: str) -> int:
        """Give a folder a new UIDVALIDITY, which is returned, and end the mailbox's sessions."""
        try:
            validity = await self.of(account.address).renumber(folder)
        except KeyError:
            raise Mistake(f"{account.address} has no folder {folder}.", status=404) from None
        for listener in self._listeners:
            listener(account.address)
        self._log.add("renumbered", account=account.address, folder=folder, uidvalidity=validity)
        return validity

    def on_renumbered(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with the address of each mailbox that gets new UIDs."""
        self._listeners.append(listener)


def header(raw: bytes, name: str) -> str:
    """One header of a mail as text, empty when it is not there."""
    return str(BytesHeaderParser().parsebytes(raw)[name] or "").strip()
