"""What the apps above hear of orders; each is sent inside the transaction that stores what it tells."""

from django.dispatch import Signal

# Orders were stored and something of them changed: `account`, `orders` (their ids), `now`.
orders_stored = Signal()
# Returns were stored and something of them changed: `account`, `returns` (stored rows), `now`.
returns_stored = Signal()
# Refunds were stored, old and new ones: `orders` (those they belong to).
refunds_stored = Signal()
