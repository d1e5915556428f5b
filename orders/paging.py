"""Read a window of one kind of record from a marketplace and store it, a page in a transaction."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError

from accounts.tenancy import tenant_tx
from marketplaces import registry
from marketplaces.models import SellerAccount
from marketplaces.records import Oddity, Page, Strange, Window
from orders.account_lock import lock_account
from orders.models import Order, PurchaseOrder
from orders.storing import Stored, orders_by_number, store_orders
from orders.storing_fulfilments import store_fulfilments
from orders.storing_returns import store_returns

# What storing a page may raise; the text of such an error may hold a record's words.
STORING_FAULTS = (ValueError, LookupError, ArithmeticError, TypeError, DataError, IntegrityError)


def stored_pages(
    account: SellerAccount,
    name: str,
    adapter: registry.Adapter,
    window: Window,
    *,
    now: datetime,
    along: Callable[[Stored], None],
    pending: str = "",
    before: Callable[[Page[Any]], None] = lambda page: None,
) -> Iterator[tuple[Page[Any], Stored]]:
    """The pages of a stream's window, each stored; `before` and `along` are called in its transaction.

    To be used outside of any transaction. Raises ApiError and STORING_FAULTS.
    """
    sources: dict[str, tuple[Callable[[], Iterator[Page[Any]]], Callable[[Any], Stored]]] = {
        "orders": (
            lambda: adapter.orders(window),
            lambda records: store_orders(account, records, now=now),
        ),
        "returns": (
            lambda: adapter.returns(window, pending=pending),
            lambda records: store_returns(account, records, now=now),
        ),
        "fulfilments": (
            lambda: adapter.fulfilments(window),
            lambda records: store_fulfilments(account, records, now=now),
        ),
    }
    pages, store = sources[name]
    for page in pages():
        with tenant_tx(account.tenant_id):
            lock_account(account.tenant_id, account.pk)
            before(page)
            stored = store(page.records)
            along(stored)
        yield page, stored


def ask_singly(account: SellerAccount, name: str, strange: Iterable[Strange], *, now: datetime) -> None:
    """Records that could not be read, or not in full: each is asked for by itself, by its number."""
    numbers = {each.external_id for each in strange if each.external_id and each.oddity is not Oddity.FOREIGN}
    if name != "orders" or not numbers:
        return
    with tenant_tx(account.tenant_id):
        known = PurchaseOrder.objects.filter(account=account, external_id__in=numbers)
        orders = dict(known.values_list("external_id", "order_id"))
        made = orders_by_number(account, numbers - orders.keys(), now=now)
        asked = {*orders.values(), *(row.pk for row in made.values())}
        Order.objects.filter(pk__in=asked).update(wanted_at=now)
