"""What went wrong with a stream of a seller account: each fault once, with when it was met first and last."""

import hashlib
import re
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from marketplaces.models import AccountAlarm, AccountFault

SENDING = "sending"
LONGEST_WORDS = 500


def met(account_id: int, stream: str, words: str, *, now: datetime) -> None:
    """Note a fault inside the caller's transaction: a new row, or once more of one that is still open."""
    words = words[:LONGEST_WORDS]
    # A peer likes to put a number or the time of day into what is the same fault.
    key = hashlib.blake2b(re.sub(r"\d+", "#", words).encode(), digest_size=16).hexdigest()
    same = AccountFault.objects.filter(account_id=account_id, stream=stream, key=key, cleared_at__isnull=True)
    again = {"count": F("count") + 1, "last_seen": now, "words": words}
    if same.update(**again):
        return
    try:
        with transaction.atomic():
            AccountFault(
                account_id=account_id, stream=stream, key=key, words=words, first_seen=now, last_seen=now
            ).save(force_insert=True)
    except IntegrityError:
        # Another worker has met it in the same moment.
        same.update(**again)


def cleared(account_id: int, *streams: str, now: datetime) -> None:
    """What ailed these streams is over; inside the caller's transaction."""
    AccountFault.objects.filter(account_id=account_id, stream__in=streams, cleared_at__isnull=True).update(
        cleared_at=now
    )


def forget(account_id: int, *, before: datetime) -> None:
    """Faults and alarms that were over before then are of no use any more."""
    AccountFault.objects.filter(account_id=account_id, cleared_at__lt=before).delete()
    AccountAlarm.objects.filter(account_id=account_id, ended_at__lt=before).delete()
