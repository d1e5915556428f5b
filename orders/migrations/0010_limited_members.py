"""What members see of orders who see some seller accounts only; their buyers follow in the inbox."""

from django.db import migrations

from accounts.rls import LimitMembers


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_arrivals"), ("marketplaces", "0006_account_access")]

    operations = [
        LimitMembers("orders_order", account="account_id"),
        LimitMembers("orders_item", account="account_id"),
        LimitMembers("orders_buyeridentity", account="account_id"),
        LimitMembers("orders_purchaseorder", account="account_id"),
        LimitMembers("orders_return", account="account_id"),
        LimitMembers("orders_orderline", through=["order_id = orders_order.id"]),
        LimitMembers("orders_refund", through=["order_id = orders_order.id"]),
        LimitMembers("orders_shipment", through=["order_id = orders_order.id"]),
        LimitMembers("orders_trackingevent", through=["shipment_id = orders_shipment.id"]),
        LimitMembers("orders_returnline", through=["parent_id = orders_return.id"]),
    ]
