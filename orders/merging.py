"""Two rows turned out to be one order: whoever points at the placeholder is told, before it goes."""

from django.dispatch import Signal

# Sent by Order with `placeholder` and `order`, inside the transaction that removes the placeholder.
order_merged = Signal()
