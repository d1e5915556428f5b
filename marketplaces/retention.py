"""How long we may keep what names a buyer; pure.

Amazon's Data Protection Policy: personal data goes 30 days after delivery. Until an order's delivery is
known, 60 days after receipt is the bound. Walmart sets no term for mail; the tenant's own setting holds.
"""

from datetime import datetime, timedelta

from marketplaces.types import Marketplace

AMAZON_AFTER_DELIVERY = timedelta(days=30)
AMAZON_WITHOUT_DELIVERY = timedelta(days=60)


def expires_at(marketplace: Marketplace, received_at: datetime, *, walmart_days: int) -> datetime:
    """The moment after which a row with a buyer's data received then must be gone (UTC)."""
    if marketplace is Marketplace.AMAZON:
        return received_at + AMAZON_WITHOUT_DELIVERY
    return received_at + timedelta(days=walmart_days)


def order_expires_at(
    marketplace: Marketplace, *, delivered_at: datetime | None, otherwise: datetime, walmart_days: int
) -> datetime:
    """The moment after which an order's buyer must be forgotten (UTC); `otherwise` counts until delivery."""
    if marketplace is Marketplace.AMAZON and delivered_at is not None:
        return delivered_at + AMAZON_AFTER_DELIVERY
    return expires_at(marketplace, delivered_at or otherwise, walmart_days=walmart_days)


def kept_since(marketplace: Marketplace, now: datetime, *, walmart_days: int) -> datetime:
    """What was received before this moment must be gone already, whether or not it was ever here (UTC)."""
    return now - (expires_at(marketplace, now, walmart_days=walmart_days) - now)


def written_until(conversation_expires_at: datetime, *, now: datetime) -> datetime:
    """Until when what is written now may be kept: as long as its conversation, or anew where that is over."""
    return conversation_expires_at if conversation_expires_at > now else now + AMAZON_AFTER_DELIVERY
