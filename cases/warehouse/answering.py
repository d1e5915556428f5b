"""The warehouse answers: first come, first served, and the agent has it at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from accounts.models import Membership
from accounts.refusals import Refused
from cases.models import CheckAnswer, CheckState, WarehouseCheck
from cases.warehouse import photos, sending, standing
from cases.warehouse.asking import is_untrue
from cases.warehouse.holes import fill, only_tells_tracking
from inbox import events
from inbox.models import Conversation

LONGEST_CARRIER, LONGEST_TRACKING, LONGEST_NOTE = 60, 100, 2000


@dataclass(frozen=True, slots=True)
class Found:
    """What somebody in front of the shelf has found."""

    answer: str
    carrier: str = ""
    tracking: str = ""
    note: str = ""
    photo: "UploadedFile[Any] | None" = None

    @property
    def tidy(self) -> "Found":
        """The same without stray white space; a scanner ends a number with a line."""
        carrier, tracking = (" ".join(text.split()) for text in (self.carrier, self.tracking))
        return Found(self.answer, carrier, tracking, self.note.strip(), self.photo)


def answer(check_id: int, found: Found, *, by: Membership, now: datetime) -> WarehouseCheck:
    """Give the answer to an open check; of two the first one counts. Raises Refused and DoesNotExist."""
    found = found.tidy
    photo_type = _check(found)
    check: WarehouseCheck = WarehouseCheck.objects.select_related("asked_by__user", "asked_by__tenant").get(
        pk=check_id
    )
    # Conversation first, as every act holds it, so that two who meet here wait and never lock each other out.
    held = Conversation.objects.select_for_update(of=("self",), no_key=True)
    check.conversation = held.select_related("account", "order").get(pk=check.conversation_id)
    check.refresh_from_db(fields=["state", "answered_by", "answered_at", "prepared_reply"])
    _refuse_if_over(check)
    prepared, template = check.prepared_reply, check.prepared_reply
    if template:
        prepared = "" if is_untrue(template, found.answer) else fill(template, _values(found))
    changes = {
        "state": CheckState.ANSWERED,
        "answer": found.answer,
        "answered_by": by,
        "answered_at": now,
        "carrier": found.carrier,
        "tracking_number": found.tracking,
        "note": found.note,
        "prepared_reply": prepared,
        "photo_type": photo_type,
        "photo_path": photos.keep(check.tenant_id, found.photo) if found.photo else "",
    }
    # The database has the last word, whoever held what.
    if not WarehouseCheck.objects.filter(pk=check.pk, state=CheckState.OPEN).update(**changes):
        raise Refused("Somebody has answered it meanwhile.")
    for name, value in changes.items():
        setattr(check, name, value)
    words = CheckAnswer(found.answer).label
    events.record(check.conversation, "check_answered", at=now, actor=by, check=check.pk, answer=words)
    standing.come_back(check.conversation, by=by, now=now, answered=True)
    if found.answer == CheckAnswer.SHIPPED and not found.note and only_tells_tracking(template):
        sending.leave_by_itself(check, now=now)
    standing.tell(check)
    return check


def _check(found: Found) -> str:
    """Refuse what is no answer; the photo's type, "" without one."""
    if found.answer not in CheckAnswer.values:
        raise Refused("Choose what you found.")
    if found.answer == CheckAnswer.OTHER and not found.note:
        raise Refused("Write a note that says what you found.")
    for name, text, longest in (
        ("carrier", found.carrier, LONGEST_CARRIER),
        ("tracking number", found.tracking, LONGEST_TRACKING),
        ("note", found.note, LONGEST_NOTE),
    ):
        if len(text) > longest:
            raise Refused(f"The {name} holds {longest:,} characters at most; this one has {len(text):,}.")
    return photos.checked(found.photo) if found.photo else ""


def _refuse_if_over(check: WarehouseCheck) -> None:
    if check.state == CheckState.ANSWERED:
        who = check.answered_by.user.name if check.answered_by else "Somebody"
        raise Refused(f"{who} has answered it meanwhile.")
    if check.state == CheckState.WITHDRAWN:
        raise Refused("The question was withdrawn. There is nothing to answer any more.")


def _values(found: Found) -> dict[str, str]:
    return {
        "carrier": found.carrier,
        "tracking": found.tracking,
        "answer": CheckAnswer(found.answer).label,
        "note": found.note,
    }
