"""The inbox's tables: conversations, what arrived and left in them, and the clocks on them."""

from inbox.models.conversation import Conversation, ConversationKind, ConversationNumber, ConversationState
from inbox.models.deadline import Deadline, Heard, Outcome
from inbox.models.message import Attachment, Direction, DoomedFile, Message
from inbox.models.notice import Notice, NoticeKind
from inbox.models.policy import BusinessHours, Recomputation, SlaPolicy, Told
from inbox.models.reply import Draft, OutboundReply, ReplyAttempt, ReplyChannel
from inbox.models.search import DocumentKind, SearchDocument
from inbox.models.tag import ConversationTag, Tag, TagColour
from inbox.models.timeline import Event, Note

__all__ = [
    "Attachment",
    "BusinessHours",
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
    "Heard",
    "Message",
    "Note",
    "Notice",
    "NoticeKind",
    "OutboundReply",
    "Outcome",
    "Recomputation",
    "ReplyAttempt",
    "ReplyChannel",
    "SearchDocument",
    "SlaPolicy",
    "Tag",
    "TagColour",
    "Told",
]
