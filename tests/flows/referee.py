"""What the marketplaces have, and what we have, in the same shape: the two must be equal."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accounts.tenancy import tenant_tx
from inbox.models import Message
from marketplaces.models import InboundRaw, SellerAccount
from marketplaces.types import Marketplace
from orders.models import OrderLine, PurchaseOrder, Return, Shipment
from tests.flows.stack import Superuser
from tests.simulator_client import Control

STATUS = {"created": "unshipped", "acknowledged": "unshipped"}
RETURN_STATUS = {"INITIATED": "started", "DELIVERED": "received", "COMPLETED": "completed"}
Facts = dict[str, tuple[Any, ...]]


def orders_there(control: Control, account: SellerAccount) -> Facts:
    """Each purchase order: its order, status, lines, parcels. Those Amazon ships (MCF) are judged apart."""
    return {
        each["id"]: (
            each["customer_order_id"],
            STATUS.get(each["status"], each["status"]),
            sorted((line["sku"], line["quantity"]) for line in each["lines"]),
            [each["tracking"]] if each["tracking"] and not each["mcf_id"] else [],
        )
        for each in control.orders(account.sender_address)
        if each["fulfilment"] != "mcf"
    }


def orders_here(control: Control, account: SellerAccount) -> Facts:
    """The same from our tables."""
    apart = {each["id"] for each in control.orders(account.sender_address) if each["mcf_id"]}
    with tenant_tx(account.tenant_id):
        lines: dict[int, list[tuple[str, int]]] = {}
        for key, sku, quantity in OrderLine.objects.filter(order__account=account).values_list(
            "purchase_order_id", "sku", "quantity"
        ):
            lines.setdefault(key, []).append((sku, quantity))
        parcels: dict[int, list[str]] = {}
        own = Shipment.objects.filter(order__account=account, by_mcf=False)
        own = own.exclude(purchase_order__external_id__in=apart)
        for key, number in own.values_list("purchase_order_id", "tracking_number"):
            parcels.setdefault(key, []).append(number)
        rows = PurchaseOrder.objects.filter(account=account)
        return {
            number: (order, status, sorted(lines.get(pk, [])), sorted(parcels.get(pk, [])))
            for pk, number, order, status in rows.values_list(
                "pk", "external_id", "order__external_id", "status"
            )
        }


def returns_there(control: Control, account: SellerAccount) -> Facts:
    """Each return: its order, status, tracking number. Amazon's report has the seller's own orders only."""
    amazon = account.marketplace is Marketplace.AMAZON
    return {
        back["id"]: (each["customer_order_id"], _return_status(back), back["tracking"])
        for each in control.orders(account.sender_address)
        for back in each["returns"]
        if not amazon or each["fulfilment"] == "seller"
    }


def _return_status(back: dict[str, Any]) -> str:
    if back["refunded_at"]:
        return "completed"
    return "received" if back["received_at"] else "started"


def returns_here(account: SellerAccount) -> Facts:
    """The same from our tables."""
    with tenant_tx(account.tenant_id):
        rows = Return.objects.filter(account=account)
        return {
            number: (order, status, tracking)
            for number, order, status, tracking in rows.values_list(
                "external_id", "order__external_id", "status", "tracking_number"
            )
        }


def sent_by_amazon_there(control: Control, amazon: SellerAccount) -> set[tuple[str, str]]:
    """The tracking number of each order Amazon ships for the seller's other shops."""
    return {
        (each["customer_order_id"], each["tracking"])
        for each in control.orders(amazon.sender_address)
        if each["fulfilment"] == "mcf" and each["tracking"]
    }


def sent_by_amazon_here(amazon: SellerAccount) -> set[tuple[str, str]]:
    """The same from our tables."""
    with tenant_tx(amazon.tenant_id):
        rows = Shipment.objects.filter(by_mcf=True)
        return set(rows.values_list("order__external_id", "tracking_number"))


def mails_here(account: SellerAccount) -> Counter[tuple[str, str | None]]:
    """How many messages there are of each Message-ID and order."""
    with tenant_tx(account.tenant_id):
        rows = Message.objects.filter(account=account, direction="in")
        return Counter(rows.values_list("message_id", "conversation__order__external_id"))


def kept_twice(superuser: Superuser) -> list[tuple[object, ...]]:
    """Mails of one place in a mailbox that lie in the archive more than once."""
    return superuser.execute(
        f"SELECT account_id, source_key FROM {InboundRaw._meta.db_table} GROUP BY 1, 2 HAVING count(*) > 1"
    ).fetchall()


@contextmanager
def watched_versions(superuser: Superuser) -> Iterator[None]:
    """Have the database itself note each order whose version goes back; raises AssertionError if one did."""
    superuser.execute(
        """
        CREATE TABLE flow_backwards (number text, had timestamptz, got timestamptz);
        CREATE FUNCTION flow_backwards() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO public.flow_backwards VALUES (OLD.external_id, OLD.modified_at, NEW.modified_at);
            RETURN NEW;
        END $$;
        CREATE TRIGGER flow_backwards BEFORE UPDATE ON orders_purchaseorder FOR EACH ROW
        WHEN (NEW.modified_at < OLD.modified_at) EXECUTE FUNCTION flow_backwards();
        """
    )
    try:
        yield
        went_back = superuser.execute("SELECT * FROM flow_backwards").fetchall()
    finally:
        superuser.execute(
            "DROP TRIGGER flow_backwards ON orders_purchaseorder; DROP FUNCTION flow_backwards;"
            "DROP TABLE flow_backwards"
        )
    assert went_back == [], "an older version has overwritten a newer one"
