"""Give a seller account the key to its marketplace's API."""

from collections.abc import Mapping
from datetime import datetime

from marketplaces import credentials, streams, tokens
from marketplaces.models import SellerAccount


def store(account: SellerAccount, secrets: Mapping[str, str], *, now: datetime) -> None:
    """Seal the fields of `credentials.API_FIELDS` inside the caller's transaction; reading begins at once."""
    for field in credentials.API_FIELDS[account.marketplace]:
        credentials.seal(account, field, secrets[field])
    tokens.forget(account)
    streams.begin(account, now=now)
