"""Let go of what people wrote about cases, together with the conversation; stages and outcomes stay."""

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from cases.models import Case, CaseSource, CaseStage
from inbox.models import Conversation
from inbox.signals import conversations_forgotten


@receiver(conversations_forgotten)
def forget_with_conversations(sender: type[Conversation], *, ids: Collection[int], **kwargs: Any) -> None:
    """Blank the notes on stages that a person entered, and the lessons: either can name the buyer."""
    stays = CaseStage.objects.filter(case__conversation__in=ids, source=CaseSource.HAND)
    stays.exclude(why="").update(why="")
    Case.objects.filter(conversation__in=ids).exclude(lesson="").update(lesson="")
