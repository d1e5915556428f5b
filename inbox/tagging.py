"""Tags: put on a conversation and taken off, made, renamed, merged and removed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef, QuerySet, Subquery

from accounts.models import Membership
from inbox import events
from inbox.actions import Refused
from inbox.models import Conversation, ConversationTag, Event, Tag, TagColour

LONGEST = 40
# Of a tenant: a rail and a picker hold no more.
MOST_TAGS = 200
MOST_ON_ONE = 20
MOST_COUNTED = 100
EVENTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """A tag as a conversation's picker offers it."""

    tag: Tag
    on: bool


def put(
    conversation: Conversation, tag: Tag, *, by: Membership | None, now: datetime, told: bool = True
) -> None:
    """Put a tag on a conversation, by nobody for the helpdesk; one that is there stays. Raises Refused.

    `told`: the history says so; not where another line of it says as much.
    """
    here = ConversationTag.objects.filter(conversation=conversation)
    if here.filter(tag=tag).exists():
        return
    if here.count() >= MOST_ON_ONE:
        raise Refused(f"A conversation holds {MOST_ON_ONE} tags at most. Take one off first.")
    ConversationTag.objects.create(conversation=conversation, tag=tag, put_by=by, put_at=now)
    if told:
        events.record(conversation, "tagged", at=now, actor=by, tag=tag.name)


def take(
    conversation: Conversation, tag: Tag, *, by: Membership | None, now: datetime, told: bool = True
) -> None:
    """Take a tag off a conversation."""
    gone, _ = ConversationTag.objects.filter(conversation=conversation, tag=tag).delete()
    if gone and told:
        events.record(conversation, "untagged", at=now, actor=by, tag=tag.name)


def named(name: str, *, colour: str = "") -> Tag:
    """The tag of that name, made where there is none; raises Refused."""
    name = clean(name)
    found = Tag.objects.filter(key=key_of(name)).first()
    if found is not None:
        return found
    count = Tag.objects.count()
    if count >= MOST_TAGS:
        raise Refused(f"There are {MOST_TAGS} tags already. Use one of them, or have a lead remove some.")
    colours = TagColour.values
    # Two people may make the same one in the same moment: the second finds the first one's.
    tag, _ = Tag.objects.get_or_create(
        key=key_of(name), defaults={"name": name, "colour": colour or colours[count % len(colours)]}
    )
    return tag


def rename(tag: Tag, *, name: str, colour: str = "") -> None:
    """Give a tag another name or colour, everywhere at once; raises Refused where the name is taken."""
    name = clean(name)
    if Tag.objects.filter(key=key_of(name)).exclude(pk=tag.pk).exists():
        raise Refused(f"There is a tag “{name}” already. Merge the two instead.")
    tag.name, tag.key, tag.colour = name, key_of(name), colour or tag.colour
    tag.save(update_fields=["name", "key", "colour"])


def merge(tag: Tag, *, into: Tag, by: Membership, now: datetime) -> None:
    """Let one tag become another: its conversations bear the other from now on. Raises Refused."""
    if tag.pk == into.pk:
        raise Refused("Choose another tag to merge it into.")
    _tell(tag, "tag_merged", by=by, now=now, into=into.name)
    both = ConversationTag.objects.filter(tag=into).values("conversation_id")
    ConversationTag.objects.filter(tag=tag).exclude(conversation_id__in=both).update(tag=into)
    tag.delete()


def remove(tag: Tag, *, by: Membership, now: datetime) -> None:
    """Take a tag off every conversation and forget it."""
    _tell(tag, "tag_removed", by=by, now=now)
    tag.delete()


def choices(conversation: Conversation) -> list[Choice]:
    """All tags of the tenant by name, those on the conversation first, in one statement."""
    on = ConversationTag.objects.filter(conversation=conversation, tag=OuterRef("pk"))
    found = Tag.objects.annotate(on=Subquery(on.values("tag_id")[:1])).order_by("key")[:MOST_TAGS]
    offered = [Choice(tag, on=getattr(tag, "on") is not None) for tag in found]  # noqa: B009 - annotated
    return sorted(offered, key=lambda each: not each.on)


def counted() -> QuerySet[Tag]:
    """All tags by name with how many conversations bear each, counted up to MOST_COUNTED."""
    uses = ConversationTag.objects.filter(tag=OuterRef("pk")).order_by().values("pk")[:MOST_COUNTED]
    number = Func(ArraySubquery(uses), function="cardinality", output_field=IntegerField())
    return Tag.objects.annotate(count=number).order_by("key")[:MOST_TAGS]


def clean(name: str) -> str:
    """A name as it is stored: single spaces, no control characters. Raises Refused."""
    name = " ".join("".join(each if each.isprintable() else " " for each in name).split())
    if not name:
        raise Refused("Give the tag a name.")
    if len(name) > LONGEST:
        raise Refused(f"A tag's name holds {LONGEST} characters at most; this one has {len(name)}.")
    return name


def key_of(name: str) -> str:
    """The name as it is compared."""
    return name.casefold()


def _tell(tag: Tag, kind: str, *, by: Membership, now: datetime, **data: str) -> None:
    """A line in the history of every conversation that bears the tag."""
    bearers = Conversation.objects.filter(tags__tag=tag).only("pk", "tenant_id")
    lines = (
        events.event(each, kind, at=now, actor=by, data={"tag": tag.name, **data}) for each in _each(bearers)
    )
    Event.objects.bulk_create(lines, batch_size=EVENTS_AT_ONCE)


def _each(bearers: QuerySet[Conversation]) -> Iterable[Conversation]:
    return bearers.iterator(chunk_size=EVENTS_AT_ONCE)
