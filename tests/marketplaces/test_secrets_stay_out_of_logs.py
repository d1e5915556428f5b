"""Whatever an API does, a log line holds no key, no token and nothing of a buyer."""

import io
import logging
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
import structlog
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import credentials, registry, tokens
from marketplaces.errors import ApiError
from marketplaces.models import ApiToken, SellerAccount
from marketplaces.records import Window
from tests.simulator_client import Control


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the product's own chain writes, as an operator sees it who wants to know everything."""
    root = logging.getLogger()
    formatter = next(
        handler.formatter
        for handler in root.handlers
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    )
    lines = io.StringIO()
    ear = logging.StreamHandler(lines)
    ear.setFormatter(formatter)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(ear)
    root.setLevel(level)


@pytest.mark.parametrize("which", ["walmart", "amazon"])
def test_nothing_secret_and_nobody_is_logged(
    which: str,
    control: Control,
    request: pytest.FixtureRequest,
    log: io.StringIO,
    superuser: psycopg.Connection[tuple[object, ...]],
) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    account.restricted_data = True
    placed = control.place_orders(
        account.sender_address, 3, buyer_name="Zebulon Quix", state="in_transit", fulfilment="seller"
    )
    now = timezone.now()
    faults = ["none", "server_error", "html", "cut", "forbidden", "expired", "garble"]
    said = []
    for fault in faults:
        if fault != "none":
            how = {"how": "wrong_type"} if fault == "garble" else {}
            control.fault("api.orders", fault, account=account.sender_address, **how)
        with registry.adapter(account, interactive=True) as api:
            try:
                found = [
                    record
                    for page in api.orders(Window(now - timedelta(days=30), now))
                    for record in page.records
                ]
                addresses = [record.relay_address for record in found if record.relay_address]
                assert api.order(placed[0])
            except ApiError as error:
                said.append(str(error))
    with registry.adapter(account, interactive=True) as api, pytest.raises(ApiError):
        api.order(placed[0][:-1] + "x")
    words = log.getvalue() + "".join(said)
    with tenant_tx(account.tenant_id):
        secrets = [credentials.secret_of(account, f) for f in credentials.API_FIELDS[account.marketplace]]
        row = ApiToken.objects.get(account=account)
    secrets.append(credentials.opened(account, tokens.FIELD, row.key_id, bytes(row.sealed)))
    assert addresses
    assert len(said) >= 4
    assert words.count('"event": "api call"') >= len(faults)
    for secret in [*secrets, "Zebulon", "Quix", account.sender_address, *addresses, *placed]:
        assert secret not in words
