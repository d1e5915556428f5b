"""What the apps above hear of the inbox; every signal is sent inside the transaction of what it tells."""

from django.dispatch import Signal

# Mails are in their conversations, new or filed again by a person: `account`, `messages` (stored rows).
mails_filed = Signal()
# Clocks of a conversation were stopped or run again, by a reply, a mail or a person: `conversation`.
clocks_changed = Signal()
# Somebody closes a conversation: `conversation`. Whoever still needs it raises Refused.
closing = Signal()
# Conversations whose texts are gone: `ids`, `now`. What hangs on them goes with them.
conversations_forgotten = Signal()
