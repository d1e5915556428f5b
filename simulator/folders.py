"""The sellers' mail folders: pymap's in-memory folders, kept on disk mail by mail.

pymap's own maildir backend writes every mail anew through Python's `email` package, which changes bytes;
a mailbox provider does not, and a broken mail must stay exactly as broken as it came.
"""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
from pymap.backend.session import BaseSession
from pymap.concurrent import Event
from pymap.config import BackendCapability, IMAPConfig
from pymap.exceptions import NotSupportedError
from pymap.flags import FlagOp
from pymap.interfaces.message import CachedMessage
from pymap.mailbox import MailboxSnapshot
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import ObjectId
from pymap.parsing.specials.flag import Flag
from pymap.selected import SelectedMailbox
from pysasl import SASLAuth

from simulator import clock
from simulator.store import Store, StoredMail

INBOX, SPAM, SENT = "INBOX", "Spam", "Sent"
FOLDERS = (INBOX, SPAM, SENT)
_SPECIAL_USE = {SPAM: b"Junk", SENT: b"Sent"}


class KeptFolder(MailboxData):
    """A folder whose mails, UIDs and UIDVALIDITY survive a restart."""

    def __init__(self, like: MailboxSet, store: Store, account: str, name: str) -> None:
        super().__init__(like._content_cache, like._thread_cache)
        self._store, self._account, self._name = store, account, name

    def load(self, uidvalidity: int, last_uid: int) -> None:
        """Take over what is on disk."""
        self._uid_validity, self._max_uid = uidvalidity, last_uid
        for mail in self._store.mail(self._account, self._name):
            content = MessageContent.parse(mail.raw)
            self._messages[mail.uid] = Message(
                mail.uid,
                mail.at,
                frozenset(Flag(flag.encode()) for flag in mail.flags),
                email_id=self._content_cache.add(content),
                thread_id=self._thread_cache.add(content),
                recent=True,
                content=content,
            )
            self._mod_sequences.update([mail.uid])

    def begin(self) -> None:
        """Start as an empty folder."""
        self._uid_validity, self._max_uid = MailboxSnapshot.new_uid_validity(), 0
        self._save_counters()

    def renumbered(self, like: MailboxSet) -> "KeptFolder":
        """The same mails in a folder with a new UIDVALIDITY and new UIDs, as after a provider's repair."""
        mails = self._store.mail(self._account, self._name)
        self._store.drop_folder(self._account, self._name)
        fresh = KeptFolder(like, self._store, self._account, self._name)
        fresh._uid_validity = max(MailboxSnapshot.new_uid_validity(), self._uid_validity + 1)
        # UIDs begin elsewhere, so that an old one never happens to name the same mail.
        fresh._max_uid = 1000 + len(mails)
        fresh._save_counters()
        for uid, mail in enumerate(mails, start=1001):
            self._store.save_mail(self._account, self._name, StoredMail(uid, mail.at, mail.flags, mail.raw))
        fresh.load(fresh._uid_validity, fresh._max_uid)
        return fresh

    def _save_counters(self) -> None:
        self._store.save_folder(
            self._account, self._name, uidvalidity=self._uid_validity, last_uid=self._max_uid
        )

    def _save(self, message: Message) -> None:
        flags = tuple(sorted(str(flag) for flag in message.permanent_flags))
        raw = b"" if message._content is None else bytes(message._content)
        at = message.internal_date.astimezone(UTC)
        self._store.save_mail(self._account, self._name, StoredMail(message.uid, at, flags, raw))

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        when = append_msg.when or clock.now()
        dated = AppendMessage(append_msg.literal, when.astimezone(UTC), append_msg.flag_set)
        message = await super().append(dated, recent=recent)
        self._save(message)
        return message

    async def copy(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        new_uid = await super().copy(uid, destination, recent=recent)
        _save_arrival(destination, new_uid)
        return new_uid

    async def move(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        new_uid = await super().move(uid, destination, recent=recent)
        _save_arrival(destination, new_uid)
        self._store.drop_mail(self._account, self._name, uid)
        return new_uid

    async def update(
        self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp
    ) -> Message:
        message = await super().update(uid, cached_msg, flag_set, mode)
        flags = tuple(sorted(str(flag) for flag in message.permanent_flags))
        self._store.save_flags(self._account, self._name, uid, flags)
        return message

    async def delete(self, uids: Iterable[int]) -> None:
        gone = list(uids)
        await super().delete(gone)
        for uid in gone:
            self._store.drop_mail(self._account, self._name, uid)

    async def update_selected(
        self, selected: SelectedMailbox, *, wait_on: Event | None = None
    ) -> SelectedMailbox:
        # A mail that came between the last look and IDLE must not wait for the next one.
        if selected.mod_sequence != self._mod_sequences.highest:
            wait_on = None
        return await super().update_selected(selected, wait_on=wait_on)


def _save_arrival(folder: MailboxData, uid: int | None) -> None:
    if uid is not None and isinstance(folder, KeptFolder):
        folder._save(folder._messages[uid])


class KeptFolders(MailboxSet):
    """All folders of one mailbox."""

    def __init__(self, store: Store, account: str) -> None:
        super().__init__()
        self._store, self._account = store, account
        self.hidden: set[str] = set()
        known = {name: (validity, last) for name, validity, last in store.folders(account)}
        for name in (*FOLDERS, *(name for name in known if name not in FOLDERS)):
            folder = KeptFolder(self, store, account, name)
            if name in known:
                folder.load(*known[name])
            else:
                folder.begin()
            self._put(name, folder)

    def _put(self, name: str, folder: KeptFolder) -> None:
        if name == INBOX:
            self._inbox = folder
        else:
            self._set[name] = folder

    async def renumber(self, name: str) -> int:
        """Give a folder a new UIDVALIDITY, which is returned; raises KeyError when there is none."""
        old = await self.get_mailbox(name)
        if not isinstance(old, KeptFolder):
            raise KeyError(name)
        fresh = old.renumbered(self)
        self._put(name, fresh)
        return fresh.uid_validity

    async def add_mailbox(self, name: str) -> ObjectId:
        if name in self._set:
            raise ValueError(name)
        folder = KeptFolder(self, self._store, self._account, name)
        folder.begin()
        self._put(name, folder)
        return folder.mailbox_id

    async def delete_mailbox(self, name: str) -> None:
        await super().delete_mailbox(name)
        self._store.drop_folder(self._account, name)

    async def rename_mailbox(self, before: str, after: str) -> None:
        raise NotSupportedError("This provider does not rename folders.")


class MailboxConfig(IMAPConfig):
    """What the IMAP server offers."""

    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=True, object_id=True, multi_append=True)

    @property
    def tls_auth(self) -> SASLAuth:
        return SASLAuth.named([b"PLAIN", b"LOGIN", b"XOAUTH2"])

    @property
    def greeting(self) -> bytes:
        return b"IMAP4rev1 ready"


class MailboxSession(BaseSession[Message]):
    """One logged-in IMAP session; LIST marks the Spam and Sent folders (RFC 6154)."""

    def __init__(self, owner: str, config: MailboxConfig, folders: KeptFolders) -> None:
        super().__init__(owner)
        self._config, self._folders = config, folders

    @property
    def config(self) -> MailboxConfig:
        return self._config

    @property
    def mailbox_set(self) -> KeptFolders:
        return self._folders

    async def list_mailboxes(
        self, ref_name: str, filter_: str, subscribed: bool = False, selected: SelectedMailbox | None = None
    ) -> Any:
        entries, selected = await super().list_mailboxes(ref_name, filter_, subscribed, selected)
        marked = [
            (name, delimiter, [*attributes, _SPECIAL_USE[name]] if name in _SPECIAL_USE else attributes)
            for name, delimiter, attributes in entries
            if name not in self._folders.hidden
        ]
        return marked, selected
