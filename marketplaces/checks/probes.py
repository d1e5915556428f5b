"""Message-IDs of our own test mails: nobody else can make one, so that no buyer's mail passes for one."""

import re
from collections.abc import Iterable
from uuid import uuid4

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from marketplaces.models import CheckName, SellerAccount

PROBE_ID = re.compile(
    r"<check\.(?P<name>\w{1,20})\.(?P<unique>[0-9a-f]{32})\.(?P<proof>[0-9a-f]{32})@[^@>]+>"
)


def new_id(account: SellerAccount, name: CheckName | str) -> str:
    """A Message-ID for a test mail of this account."""
    unique = uuid4().hex
    return f"<check.{name}.{unique}.{_proof(account, unique)}@{settings.MESSAGE_ID_DOMAIN}>"


def is_probe(account: SellerAccount, message_ids: Iterable[str]) -> bool:
    """Whether one of these ids is a test mail of this account."""
    for found in filter(None, (PROBE_ID.fullmatch(each.strip()) for each in message_ids)):
        if constant_time_compare(found["proof"], _proof(account, found["unique"])):
            return True
    return False


def _proof(account: SellerAccount, unique: str) -> str:
    said = f"{account.tenant_id}|{account.pk}|{unique}"
    return salted_hmac("marketplaces.checks.probes", said, algorithm="sha256").hexdigest()[:32]
