"""Give a seller account the key to its marketplace's API."""

from collections.abc import Mapping
from datetime import datetime

from marketplaces import credentials, streams, tokens
from marketplaces.models import Credential, SellerAccount


def store(account: SellerAccount, secrets: Mapping[str, str], *, now: datetime) -> None:
    """Seal a key of the fields in `credentials.API_FIELDS` inside the caller's transaction.

    What it does not hold the operator's application brings. Reading begins at once, except of an account
    that is being connected, or is disconnected.
    """
    for field in credentials.API_FIELDS[account.marketplace]:
        if secrets.get(field):
            credentials.seal(account, field, secrets[field])
        else:
            Credential.objects.filter(account=account, field=field).delete()
    tokens.forget(account)
    if account.is_connected:
        streams.begin(account, now=now)
