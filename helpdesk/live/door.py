"""Who may listen to a tenant's stream: the same checks as for a page, and what the person's role may hear."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import close_old_connections

from accounts.access import may
from accounts.middleware import find_membership, session_holds
from accounts.tenancy import tenant_tx
from marketplaces import seeing

# The one place where the live process reads the database; two connections serve any number of streams.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="door")
# What may be announced, and what it takes to hear of it.
PERMISSION_TO_HEAR = {
    "conversation": "converse",
    "presence": "converse",
    "order": "converse",
    "account": "see_accounts",
    "check": "answer_checks",
    "resync": "belong",
}


class Refused(Exception):
    """Nobody listens here with this cookie; `status` is the answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place in a tenant, and what of its changes they may hear."""

    tenant_id: int
    member_id: int
    hears: frozenset[str]
    # The seller accounts of which they hear; None: of all.
    accounts: frozenset[int] | None = None

    def sees(self, account_id: int) -> bool:
        """Whether what hangs on a seller account is theirs to hear of."""
        return self.accounts is None or account_id in self.accounts


async def seat_of(session_key: str, slug: str) -> Seat:
    """The place of whoever has this session; raises Refused (401, 404) and Django's database errors."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _seat_of, session_key, slug)


def _seat_of(session_key: str, slug: str) -> Seat:
    close_old_connections()
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user_id = session.get(SESSION_KEY)
    if user_id is None:
        raise Refused(401)
    membership = find_membership(user_id=user_id, slug=slug)
    if membership is None:
        # Also where there is no such tenant, and for a user who was switched off.
        raise Refused(404)
    if not session_holds(session, membership):
        raise Refused(401)
    heard = {what for what, permission in PERMISSION_TO_HEAR.items() if may(membership, permission)}
    accounts = None
    if membership.restricted:
        with tenant_tx(membership.tenant_id):
            accounts = frozenset(seeing.chosen(membership))
    return Seat(membership.tenant_id, membership.pk, frozenset(heard), accounts)
