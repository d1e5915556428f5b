"""Read single orders somebody waits for: a person pressed refresh, or a mail named one we do not have."""

from datetime import datetime, timedelta

import structlog

from accounts.announcing import announce
from accounts.tenancy import tenant_tx
from marketplaces import registry
from marketplaces.errors import (
    ApiError,
    AuthRevoked,
    CircuitOpen,
    NotFound,
    Permanent,
    Temporary,
    Throttled,
)
from marketplaces.models import SellerAccount
from marketplaces.records import RefundRecord
from orders.account_lock import lock_account
from orders.models import Order
from orders.storing import store_orders
from orders.storing_refunds import store_refunds

log = structlog.get_logger(__name__)

AT_ONCE = 20
STALE_CLAIM = timedelta(seconds=60)
# Somebody waits in front of a screen, or only a mail has named the order.
SOON, LATER = timedelta(minutes=1), timedelta(minutes=10)


def read_wanted(account_id: int, *, tenant_id: int, now: datetime) -> int:
    """Read the wanted orders of an account, those of persons first; returns how many were tried."""
    with tenant_tx(tenant_id):
        account = SellerAccount.objects.select_related("tenant").get(pk=account_id)
        due = Order.objects.filter(account=account, wanted_at__lte=now)
        rows = list(
            due.order_by("-wanted_by_person", "wanted_at", "pk")[:AT_ONCE].select_for_update(skip_locked=True)
        )
        Order.objects.filter(pk__in=[row.pk for row in rows]).update(wanted_at=now + STALE_CLAIM)
    done = 0
    if not rows:
        return done
    if account.barred:
        for row in rows:
            _settle(row, account.barred, now=now)
        return done
    try:
        with registry.adapter(account, interactive=any(row.wanted_by_person for row in rows)) as adapter:
            for row in rows:
                try:
                    _read_one(adapter, account, row, now=now)
                except Temporary as fault:
                    if isinstance(fault, (Throttled, CircuitOpen)):
                        raise
                    # One that cannot be read must not keep those behind it waiting for ever.
                    _postpone(row, str(fault), now=now, seconds=fault.retry_after)
                done += 1
    except AuthRevoked as fault:
        for row in rows[done:]:
            _settle(row, str(fault), now=now)
    except ApiError as fault:
        # The rest of them would meet the same fault.
        for row in rows[done:]:
            _postpone(row, str(fault), now=now, seconds=fault.retry_after)
    return done


def _read_one(adapter: registry.Adapter, account: SellerAccount, row: Order, *, now: datetime) -> None:
    try:
        records = adapter.order(row.external_id)
        actions = adapter.message_actions(row.external_id) if row.message_actions_wanted else None
    except NotFound:
        _settle(row, f"{account.facts.name} knows no order {row.external_id} in this account.", now=now)
        return
    except AuthRevoked:
        raise
    except Permanent as fault:
        _settle(row, str(fault), now=now)
        return
    with tenant_tx(row.tenant_id):
        lock_account(row.tenant_id, account.pk)
        for changed in store_orders(account, records, now=now).changed:
            announce(row.tenant_id, "order", order=changed, account=account.pk)
        if actions is not None:
            Order.objects.filter(pk=row.pk).update(
                message_actions=[{"name": each.name, "longest": each.longest} for each in actions],
                message_actions_as_of=now,
                message_actions_wanted=False,
            )
    try:
        _read_beside(adapter, row, now=now)
    except Throttled as fault:
        # The order is here; the others need not wait until what stands beside it may be asked for.
        _come_back(row, now=now, seconds=fault.retry_after)
        return
    _settle(row, "", now=now)


def _read_beside(adapter: registry.Adapter, row: Order, *, now: datetime) -> None:
    """What the order's own record does not bring: refunds each time, the buyer's language once.

    Only for an order somebody waits for, never for all of them. What the key may not read is left out.
    """
    found: dict[str, str | datetime] = {"refunds_as_of": now}
    refunds: list[RefundRecord] = []
    try:
        refunds = adapter.refunds(row.external_id)
    except AuthRevoked:
        raise
    except Permanent:
        found = {}
    if row.buyer_locale_as_of is None:
        found["buyer_locale_as_of"] = now
        try:
            found["buyer_locale"] = adapter.buyer_locale(row.external_id)[:20]
        except AuthRevoked:
            raise
        except Permanent as fault:
            log.info("no language of the buyer", account=row.account_id, fault=type(fault).__name__)
    with tenant_tx(row.tenant_id):
        lock_account(row.tenant_id, row.account_id)
        order = Order.objects.filter(pk=row.pk).select_for_update(no_key=True).first()
        if order is not None:
            store_refunds((order, refund) for refund in refunds)
            Order.objects.filter(pk=row.pk).update(**found)


def _settle(row: Order, fault: str, *, now: datetime) -> None:
    """The question is answered, unless somebody has asked again meanwhile."""
    with tenant_tx(row.tenant_id):
        Order.objects.filter(pk=row.pk).update(fault=fault[:300])
        asked = Order.objects.filter(pk=row.pk, wanted_at=now + STALE_CLAIM)
        asked.update(wanted_at=None, wanted_by_person=False)
        announce(row.tenant_id, "order", order=row.pk, account=row.account_id)


def _postpone(row: Order, fault: str, *, now: datetime, seconds: float) -> None:
    with tenant_tx(row.tenant_id):
        Order.objects.filter(pk=row.pk).update(fault=fault[:300])
    _come_back(row, now=now, seconds=seconds)


def _come_back(row: Order, *, now: datetime, seconds: float) -> None:
    with tenant_tx(row.tenant_id):
        wait = max(SOON if row.wanted_by_person else LATER, timedelta(seconds=seconds))
        Order.objects.filter(pk=row.pk).update(wanted_at=now + wait)
        announce(row.tenant_id, "order", order=row.pk, account=row.account_id)
