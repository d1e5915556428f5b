"""The orders' tables: buyers, and by copy the marketplaces' orders, parcels, returns and refunds."""

from orders.models.buyer import Buyer, BuyerIdentity
from orders.models.item import Item
from orders.models.order import AWAITING_SHIPMENT, Order, OrderLine, PurchaseOrder
from orders.models.returns import Refund, Return, ReturnLine
from orders.models.shipment import Shipment, TrackingEvent

__all__ = [
    "AWAITING_SHIPMENT",
    "Buyer",
    "BuyerIdentity",
    "Item",
    "Order",
    "OrderLine",
    "PurchaseOrder",
    "Refund",
    "Return",
    "ReturnLine",
    "Shipment",
    "TrackingEvent",
]
