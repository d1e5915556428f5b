"""What a row and the head of a conversation show of its tags, read with the conversation itself."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from inbox.models import ConversationTag


@dataclass(frozen=True, slots=True)
class TagMark:
    """A tag as it is shown."""

    id: int
    name: str
    colour: str


def tag_marks(conversation: str = "pk") -> ArraySubquery:
    """The tags of a conversation by name, for the statement that reads the conversation."""
    found = ConversationTag.objects.filter(conversation=OuterRef(conversation)).order_by("tag__key")
    return ArraySubquery(
        found.values(data=JSONObject(id=F("tag_id"), name=F("tag__name"), colour=F("tag__colour")))
    )


def marks(rows: list[dict[str, Any]]) -> list[TagMark]:
    """What tag_marks has read."""
    return [TagMark(**row) for row in rows]
