"""What the apps above hear of the inbox; every signal is sent inside the transaction of what it tells."""

from django.db.models import Model
from django.dispatch import Signal

from accounts.refusals import Refused

# Mails are in their conversations: `account`, `messages` (stored rows), and `again` where they were before,
# filed as something else now by a person or by newer rules.
mails_filed = Signal()
# Clocks of a conversation were stopped or run again, by a reply, a mail or a person: `conversation`.
clocks_changed = Signal()
# A conversation's only mail belongs to another one: `emptied`, `target`. What hangs on it goes along.
conversation_emptied = Signal()
# Somebody closes a conversation: `conversation`. Whoever still needs it raises Refused.
closing = Signal()
# Conversations whose texts are gone: `ids`, `now`. What hangs on them goes with them.
conversations_forgotten = Signal()


def still_needed(conversation: Model) -> bool:
    """Whether somebody refuses that the conversation be put away; asked where it would be shut by the way."""
    try:
        closing.send(type(conversation), conversation=conversation)
    except Refused:
        return True
    return False
