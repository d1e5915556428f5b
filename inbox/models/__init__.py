"""The inbox's tables: conversations, what arrived and left in them, and the clocks on them."""

from inbox.models.conversation import Conversation, ConversationKind, ConversationNumber, ConversationState
from inbox.models.deadline import Deadline, Outcome, SlaPolicy
from inbox.models.message import Attachment, Direction, DoomedFile, Message
from inbox.models.reply import Draft, OutboundReply, ReplyAttempt, ReplyChannel
from inbox.models.search import DocumentKind, SearchDocument
from inbox.models.tag import ConversationTag, Tag, TagColour
from inbox.models.timeline import Event, Note

__all__ = [
    "Attachment",
    "Conversation",
    "ConversationKind",
    "ConversationNumber",
    "ConversationState",
    "ConversationTag",
    "Deadline",
    "Direction",
    "DocumentKind",
    "DoomedFile",
    "Draft",
    "Event",
    "Message",
    "Note",
    "OutboundReply",
    "Outcome",
    "ReplyAttempt",
    "ReplyChannel",
    "SearchDocument",
    "SlaPolicy",
    "Tag",
    "TagColour",
]
