"""The one job that lets go of whatever has passed its `expires_at`, batch by batch.

It may be stopped and started again at any time: what is gone carries `purged_at` and stands in no index of
what is due. What goes and what stays: docs/retention.md.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Model, QuerySet

from accounts.tenancy import tenant_tx
from inbox import forgetting
from inbox.models import Conversation, Draft, Message, Note, OutboundReply
from marketplaces import forgetting as raw_forgetting
from marketplaces.models import InboundRaw, SellerAccount
from orders import forgetting as orders_forgetting
from orders.models import Buyer, BuyerIdentity, Order, Return

log = structlog.get_logger(__name__)

BATCH = 500
Due = Callable[[datetime], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """What is due of one kind, and how it is let go of; `forget` may say how many really went."""

    name: str
    due: Due
    forget: Callable[..., int | None]


# Orders first: those delivered at Amazon bring the end of what was said about them. Buyers last: they stay
# while anything points at them.
STEPS = [
    Step("orders", orders_forgetting.due_orders, forgetting.forget_orders),
    Step("returns", orders_forgetting.due_returns, orders_forgetting.forget_returns),
    Step("replies", forgetting.due_replies, forgetting.forget_replies),
    Step("notes", forgetting.due_notes, forgetting.forget_notes),
    Step("drafts", forgetting.due_drafts, forgetting.forget_drafts),
    Step("messages", forgetting.due_messages, forgetting.forget_messages),
    Step("raw mails", raw_forgetting.due_raws, raw_forgetting.forget_raws),
    Step("conversations", forgetting.due_conversations, forgetting.forget_conversations),
    Step("buyers", orders_forgetting.due_buyers, forgetting.forget_buyers),
]


def also(step: Step) -> None:
    """Let go of an app's rows above this one, before the conversations they hang on."""
    if all(step.name != known.name for known in STEPS):
        STEPS.insert(0, step)


def purge(tenant_id: int, *, now: datetime) -> Counter[str]:
    """Let go of everything of a tenant whose moment has come; how many of each kind."""
    gone: Counter[str] = Counter()
    for account_id in _accounts_to_empty(tenant_id, now=now):
        _expire_account(tenant_id, account_id, now=now)
        gone["seller accounts"] += 1
    for step in STEPS:
        gone[step.name] += _take(step, tenant_id, now=now)
    while seen := forgetting.remove_doomed_files(tenant_id, now=now, most=BATCH):
        gone["files"] += seen
    gone = +gone
    if gone:
        log.info("purged", tenant=tenant_id, **{name.replace(" ", "_"): n for name, n in gone.items()})
    return gone


def due(tenant_id: int, *, now: datetime) -> Counter[str]:
    """How many of each kind are past their moment now; nothing is changed.

    What only goes along with something else (a delivered order's mails, a disconnected account's rows) is
    counted once that has gone.
    """
    with tenant_tx(tenant_id):
        return +Counter({step.name: step.due(now).count() for step in STEPS})


def _take(step: Step, tenant_id: int, *, now: datetime) -> int:
    total = 0
    while True:
        with tenant_tx(tenant_id):
            held = step.due(now).order_by("expires_at").select_for_update(skip_locked=True, no_key=True)
            ids = list(held.values_list("pk", flat=True)[:BATCH])
            went = step.forget(ids, now=now) if ids else 0
        total += len(ids) if went is None else went
        if len(ids) < BATCH:
            return total


def _accounts_to_empty(tenant_id: int, *, now: datetime) -> list[int]:
    with tenant_tx(tenant_id):
        accounts = SellerAccount.objects.filter(purge_at__lte=now, purged_at__isnull=True)
        return list(accounts.values_list("pk", flat=True))


def _expire_account(tenant_id: int, account_id: int, *, now: datetime) -> None:
    """Everything of a disconnected account is at its end, whatever its own moment was."""

    def talks(ids: Collection[int]) -> None:
        for model in (OutboundReply, Note, Draft):
            model.objects.filter(conversation__in=ids, expires_at__gt=now).update(expires_at=now)
        Buyer.objects.filter(conversations__in=ids, expires_at__gt=now).update(expires_at=now)

    def orders(ids: Collection[int]) -> None:
        Buyer.objects.filter(orders__in=ids, expires_at__gt=now).update(expires_at=now)

    def nothing(ids: Collection[int]) -> None:
        pass

    for model, also in (
        (Conversation, talks),
        (Message, nothing),
        (InboundRaw, nothing),
        (Order, orders),
        (Return, nothing),
    ):
        _expire_rows(model, tenant_id, account_id, also, now=now)
    with tenant_tx(tenant_id):
        BuyerIdentity.objects.filter(account=account_id).delete()
        SellerAccount.objects.filter(pk=account_id).update(purged_at=now)


def _expire_rows(
    model: type[Model],
    tenant_id: int,
    account_id: int,
    also: Callable[[Collection[int]], None],
    *,
    now: datetime,
) -> None:
    rows = model._default_manager
    after = now
    while True:
        with tenant_tx(tenant_id):
            # One pass over the index of what is still there, whoever's it is.
            living = rows.filter(purged_at__isnull=True, expires_at__gt=now, expires_at__gte=after)
            batch = list(
                living.filter(account=account_id)
                .order_by("expires_at")
                .values_list("pk", "expires_at")[:BATCH]
            )
            ids = [pk for pk, _ in batch]
            rows.filter(pk__in=ids).update(expires_at=now)
            also(ids)
        if len(batch) < BATCH:
            return
        after = batch[-1][1]
