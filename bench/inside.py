"""A process of ours on one database: `python -m bench.inside` takes a request a line and answers a line.

The benchmark itself knows no Django, because each of its databases needs a Django of its own.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.db.models import F  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import NoReverseMatch, reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.cursors import cursor_after  # noqa: E402
from accounts.models import Membership  # noqa: E402
from accounts.tenancy import tenant_tx  # noqa: E402
from bench import filling, mails  # noqa: E402
from bench.hearing import heard  # noqa: E402
from inbox.intake import read_many  # noqa: E402
from inbox.models import Conversation, ConversationKind, ConversationState, SlaPolicy  # noqa: E402
from inbox.queue import VIEWS, queue_page  # noqa: E402
from inbox.rail import rail  # noqa: E402
from inbox.recomputing import recompute  # noqa: E402
from inbox.timeline import conversation_page  # noqa: E402
from marketplaces.mailbox.imap import BATCH_MAILS  # noqa: E402
from marketplaces.models import InboundRaw, RawState, SellerAccount  # noqa: E402
from marketplaces.polling import Arrival, keep_all  # noqa: E402
from orders.listing import order_list  # noqa: E402

MOST_PLACES = 400


def me() -> Membership:
    """The agent whose browser the benchmark is."""
    members = Membership.objects.select_related("user", "tenant")
    return members.get(tenant__slug=filling.SLUG, user__email=filling.EMAIL)


def fill(superuser: str, conversations: int, messages: int) -> None:
    """Make the rows."""
    filling.fill(superuser, conversations=conversations, messages=messages)


def places() -> dict[str, Any]:
    """Which conversations to look at and to answer, where long lists go on, and whether there is a search."""
    member = me()
    with tenant_tx(member.tenant_id):
        queued = Conversation.objects.filter(queue_at__isnull=False, kind=ConversationKind.BUYER)
        closed = Conversation.objects.filter(state=ConversationState.CLOSED)
        return {
            "tenant": member.tenant_id,
            "queued": list(queued.order_by("?").values_list("number", flat=True)[:MOST_PLACES]),
            "closed": list(closed.order_by("?").values_list("number", flat=True)[:MOST_PLACES]),
            "deep_in_queue": _deep("all", member),
            "deep_in_closed": _deep("closed", member),
            "search": _search_path(),
        }


def _deep(key: str, member: Membership) -> str:
    """The cursor after the row at two thirds of a list."""
    view = VIEWS[key]
    found = Conversation.objects.filter(view.rows(member)).order_by(*view.order)
    return cursor_after(found[found.count() * 2 // 3], view.order)


def _search_path() -> str:
    try:
        return reverse("search", kwargs={"slug": filling.SLUG})
    except NoReverseMatch:
        return ""


def statements_of_rows(what: str, number: int = 0, after: str = "") -> list[str]:
    """The statements that bring the rows of a page, with their values, and nothing of what stands around."""
    member, now = me(), timezone.now()
    reads: dict[str, Callable[[], object]] = {
        "queue": lambda: queue_page("all", membership=member, now=now, after=after),
        "closed": lambda: queue_page("closed", membership=member, now=now, after=after),
        "rail": lambda: rail(member, now),
        "conversation": lambda: conversation_page(number, membership=member, now=now),
        "orders": lambda: order_list("all", zone=member.time_zone, now=now),
    }
    with tenant_tx(member.tenant_id), heard() as seen:
        reads[what]()
    return seen


def statements_of_page(path: str, htmx: bool) -> list[str]:
    """All statements of a request, as the web process sends them; BEGIN and COMMIT are none of them."""
    client = Client(SERVER_NAME="localhost", headers={"HX-Request": "true"} if htmx else {})
    client.force_login(me().user)
    with heard() as seen:
        answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return seen


def prepare_mails(marketplace: str, count: int, seed: int) -> int:
    """Write mails to take in later, so that making them is not measured; returns their mean bytes."""
    member = me()
    with tenant_tx(member.tenant_id):
        accounts = SellerAccount.objects.select_related("tenant").order_by("pk")
        account = next(each for each in accounts if each.marketplace == marketplace)
    made = mails.mails(marketplace, account.sender_address, count, seed=seed, now=timezone.now())
    WAITING.append((account, made, seed))
    return sum(map(len, made)) // count


WAITING: list[tuple[SellerAccount, list[bytes], int]] = []


def intake() -> dict[str, Any]:
    """Take the prepared mails in as a poll does: batches are stored, read in the bounded parser and filed."""
    account, made, seed = WAITING.pop()
    now = timezone.now()
    began = time.perf_counter()
    stored: list[int] = []
    for first in range(0, len(made), BATCH_MAILS):
        arrivals = [
            Arrival(f"inbox:{seed}:{first + place}", content, len(content), now)
            for place, content in enumerate(made[first : first + BATCH_MAILS])
        ]
        with tenant_tx(account.tenant_id):
            ids = keep_all(account, arrivals, source="imap", folder="inbox")
        read_many(ids, tenant_id=account.tenant_id)
        stored += ids
    seconds = time.perf_counter() - began
    with tenant_tx(account.tenant_id):
        filed = InboundRaw.objects.filter(pk__in=stored, state=RawState.PARSED).count()
    if filed != len(made):
        raise RuntimeError(f"of {len(made)} mails {filed} were filed")
    return {"seconds": seconds, "mails": len(made)}


def move_policies(minutes: int) -> dict[str, Any]:
    """Change what all policies allow and bring the running deadlines in line."""
    tenant_id = me().tenant_id
    with tenant_tx(tenant_id):
        SlaPolicy.objects.update(allowance_minutes=F("allowance_minutes") + minutes)
    began = time.perf_counter()
    moved = recompute(tenant_id, now=timezone.now())
    return {"seconds": time.perf_counter() - began, "moved": moved}


REQUESTS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (fill, places, statements_of_rows, statements_of_page, prepare_mails, intake, move_policies)
}


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is printed is not an answer
    for line in sys.stdin:
        asked = json.loads(line)
        answer = REQUESTS[asked.pop("do")](**asked)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
