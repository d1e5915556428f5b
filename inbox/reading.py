"""One bounded parser per process, made when the first mail needs it."""

import atexit
import threading

from marketplaces.mailbox.bounded import BoundedParser
from marketplaces.mailbox.parsed import MailContext, ParsedMail

_parser = BoundedParser()
_one_at_a_time = threading.Lock()


def read_bounded(content: bytes, context: MailContext) -> ParsedMail:
    """Read a mail in the child process; raises ParseFailed, UnreadableMail."""
    with _one_at_a_time:
        return _parser.parse(content, context)


@atexit.register
def close() -> None:
    """End the child process; the next mail would make a new one."""
    _parser.close()
