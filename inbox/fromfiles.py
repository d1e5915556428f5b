"""Mail from files: the same archive, the same reading and the same clocks as mail from a mailbox."""

import hashlib
import mailbox
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from accounts.tenancy import tenant_tx
from inbox import intake
from inbox.models import Attachment, Message
from marketplaces import polling
from marketplaces.models import InboundRaw, RawState, SellerAccount

MAIL_ENDINGS = (".eml", ".mbox", ".mbx", ".msg", ".txt", "")


@dataclass(frozen=True, slots=True)
class Source:
    """One mail in a file; `fault` says why its bytes could not be had."""

    name: str
    content: bytes = field(repr=False)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail: stored, duplicate, already here, unreadable, or failed."""

    outcome: str
    kind: str = ""
    conversation: int | None = None
    message: Message | None = None
    attachments: tuple[Attachment, ...] = ()
    error: str = ""

    def facts(self, source: str) -> dict[str, Any]:
        """The JSON line of a mail."""
        message = self.message
        return {
            "source": source,
            "outcome": self.outcome,
            "kind": self.kind,
            "conversation": self.conversation,
            "from": message.from_address if message else "",
            "subject": message.subject if message else "",
            "text": message.text if message else "",
            "html": bool(message and message.html),
            "attachments": [
                {"name": part.name, "type": part.content_type, "size": part.size} for part in self.attachments
            ],
            "error": self.error,
        }


def sources_in(path: Path) -> Iterator[Source]:
    """Every mail in a file or, sorted by name, in a folder and those below it."""
    if path.is_dir():
        for entry in sorted(path.rglob("*")):
            if entry.is_file() and entry.suffix.lower() in MAIL_ENDINGS:
                yield from sources_in(entry)
        return
    try:
        with path.open("rb") as file:
            is_mbox = file.read(5) == b"From "
        if not is_mbox:
            yield Source(str(path), path.read_bytes())
            return
        with closing(mailbox.mbox(path, create=False)) as box:
            for key in box.iterkeys():
                yield Source(f"{path}#{int(key) + 1}", box.get_bytes(key))
    except OSError as error:
        yield Source(str(path), b"", f"cannot be read: {error.strerror}")


def take_in(account: SellerAccount, source: Source, *, folder: str, now: datetime) -> Taken:
    """Keep and read one mail; the same bytes a second time change nothing. Never raises for bad input."""
    if source.fault:
        return Taken("failed", error=source.fault)
    tenant_id = account.tenant_id
    key = f"{folder}:{hashlib.sha256(source.content).hexdigest()}"
    with tenant_tx(tenant_id):
        raw, new = polling.keep(
            account,
            source.content,
            source="file",
            source_key=key,
            folder=folder,
            received_at=received_at(source.content, now),
        )
    read_before = raw.state != RawState.NEW
    tries = 0 if read_before else intake.TRIES + 1
    while tries and intake.read_raw(raw.pk, tenant_id=tenant_id) is None:
        tries -= 1
    with tenant_tx(tenant_id):
        return _told(InboundRaw.objects.get(pk=raw.pk), "already here" if not new and read_before else "")


def received_at(content: bytes, now: datetime) -> datetime:
    """When the old mailbox had it: topmost Received, else Date, else now; never in the future (UTC)."""
    head = content[:65536].replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("latin-1")
    unfolded = head.replace("\n ", " ").replace("\n\t", " ").split("\n")
    for name, part in (("received:", -1), ("date:", 0)):
        for line in unfolded:
            if line.lower().startswith(name):
                text = line.partition(":")[2].split(";")[part]
                try:
                    moment = parsedate_to_datetime(text.strip())
                    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                    return min(moment.astimezone(UTC), now)
                except (ValueError, TypeError, IndexError, OverflowError):
                    break
    return now


def _told(raw: InboundRaw, outcome: str) -> Taken:
    names = {RawState.PARSED: "stored", RawState.DUPLICATE: "duplicate", RawState.QUARANTINED: "unreadable"}
    message = Message.objects.filter(raw=raw).select_related("conversation").first()
    return Taken(
        outcome=outcome or names.get(RawState(raw.state), "failed"),
        kind=message.kind if message else "",
        conversation=message.conversation.number if message else None,
        message=message,
        attachments=tuple(Attachment.objects.filter(message=message).order_by("pk")) if message else (),
        error=raw.error,
    )
