"""Ask a marketplace to tell us of changes, and to stop it; how that went is kept in words."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings

from accounts.tenancy import tenant_tx
from marketplaces import credentials, registry, tokens
from marketplaces.errors import ApiError, AuthRevoked, Temporary
from marketplaces.hooks import EVENTS, HEADER, SECRET, address
from marketplaces.models import Credential, HookState, HookSubscription, SellerAccount
from marketplaces.records import Subscription
from marketplaces.types import Marketplace

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(days=1)
TRY_AGAIN = timedelta(minutes=10)
KEY_KEPT = timedelta(hours=1)
# A worker that dies while asking holds its account no longer than this.
HELD = timedelta(minutes=2)
NO_ADDRESS = (
    "This helpdesk has no public HTTPS address (HELPDESK_URL), so Walmart cannot call it. Orders and returns"
    " are read every few minutes all the same."
)


def want(account: SellerAccount, *, now: datetime) -> None:
    """Have the account's webhooks asked for soon, inside the caller's transaction; Walmart alone has any."""
    if account.marketplace is not Marketplace.WALMART:
        return
    HookSubscription.objects.update_or_create(
        tenant_id=account.tenant_id,
        account=account,
        defaults={"wanted": True, "next_at": now},
        create_defaults={"key": secrets.token_urlsafe(24), "since": now, "next_at": now},
    )
    if not Credential.objects.filter(account=account, field=SECRET).exists():
        credentials.seal(account, SECRET, secrets.token_hex(32))


def unwant(account: SellerAccount, *, now: datetime) -> bool:
    """From this moment nothing is taken any more; whether the marketplace still has to be told."""
    rows = HookSubscription.objects.filter(account=account)
    rows.exclude(state=HookState.OFF).update(wanted=False, next_at=now)
    return rows.filter(next_at=now).exclude(subscriptions={}).exists()


def claim(account_id: int, *, tenant_id: int, now: datetime) -> HookSubscription | None:
    """Take an account whose webhooks are due to be looked at; None when they are not."""
    with tenant_tx(tenant_id):
        rows = HookSubscription.objects.filter(account_id=account_id, next_at__lte=now)
        if not rows.update(next_at=now + HELD):
            return None
        return HookSubscription.objects.select_related("account").get(account_id=account_id)


def look_after(account_id: int, *, tenant_id: int, now: datetime) -> None:
    """Ask for what is wanted and missing, or take back what is not wanted; faults are kept in words."""
    row = claim(account_id, tenant_id=tenant_id, now=now)
    if row is not None:
        (subscribe if row.wanted else unsubscribe)(row, now=now)


def subscribe(row: HookSubscription, *, now: datetime) -> None:
    """Bring the marketplace's subscriptions to what we want; what it already has stays."""
    if not _can_be_called():
        _note(row, HookState.NO_ADDRESS, NO_ADDRESS, {}, now=now, again_in=LOOK_AGAIN)
        return
    url, held, faults = address(row), dict[str, str](), list[ApiError]()
    try:
        with tenant_tx(row.tenant_id):
            secret = credentials.secret_of(row.account, SECRET)
        with registry.adapter(row.account) as adapter:
            found = adapter.subscriptions()
            for each in _ours(found, row):
                if each.url == url and each.active and each.event in EVENTS and each.event not in held:
                    held[each.event] = each.external_id
                else:
                    adapter.unsubscribe(each.external_id)
            for event in EVENTS.keys() - held.keys():
                try:
                    made = adapter.subscribe(event, url, header=HEADER, secret=secret)
                    held[event] = made.external_id
                except AuthRevoked:
                    raise
                except ApiError as fault:
                    faults.append(fault)
    except (ApiError, credentials.CredentialFault) as fault:
        faults.insert(0, fault if isinstance(fault, ApiError) else AuthRevoked(str(fault)))
    state = HookState.ON if not faults else HookState.PARTLY if held else HookState.FAILED
    _note(row, state, " ".join(dict.fromkeys(map(str, faults))), held, now=now, again_in=_pause(faults))


def unsubscribe(row: HookSubscription, *, now: datetime) -> None:
    """Take everything back. Where the marketplace cannot be told any more, its calls are refused."""
    fault = ""
    try:
        with registry.adapter(row.account) as adapter:
            ours = {each.external_id for each in _ours(adapter.subscriptions(), row)}
            for number in ours | set(row.subscriptions.values()):
                adapter.unsubscribe(number)
    except Temporary as error:
        if not _is_over(row.account, now):
            _note(row, row.state, str(error), row.subscriptions, now=now, again_in=_pause([error]))
            return
        fault = f"Walmart could not be told to stop ({error}); what it sends is not taken."
    except ApiError as error:
        fault = f"Walmart could not be told to stop ({error}); what it sends is not taken."
    with tenant_tx(row.tenant_id):
        # Read anew: somebody may have begun to connect the account again while Walmart was told.
        account = SellerAccount.objects.select_for_update(no_key=True).get(pk=row.account_id)
        stored = Credential.objects.filter(account=account)
        # A new key: the old address leads nowhere from now on.
        over = HookSubscription.objects.filter(pk=row.pk, wanted=False).update(key=secrets.token_urlsafe(24))
        if account.disconnected_at is not None:
            tokens.forget(account)
            stored.filter(changed_at__lte=account.disconnected_at).delete()
        elif over:
            stored.filter(field=SECRET).delete()
    _note(row, HookState.OFF, fault, {}, now=now, again_in=None)


def _is_over(account: SellerAccount, now: datetime) -> bool:
    """A disconnected account's key is not kept longer than this, whether or not Walmart has heard."""
    return account.disconnected_at is not None and now - account.disconnected_at > KEY_KEPT


def _can_be_called() -> bool:
    """A public HTTPS address, or any at all where the operator has opened private ranges."""
    parts = urlsplit(settings.PUBLIC_URL)
    if settings.ALLOW_PRIVATE_HOSTS:
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    return parts.scheme == "https" and bool(parts.hostname) and parts.hostname != "localhost"


def _ours(found: list[Subscription], row: HookSubscription) -> list[Subscription]:
    """Those we once made for this account; a seller's other programs keep theirs."""
    own = {str(number) for number in row.subscriptions.values()}
    return [each for each in found if each.external_id in own or each.url == address(row)]


def _pause(faults: list[ApiError]) -> timedelta:
    if any(isinstance(fault, Temporary) for fault in faults):
        return max(TRY_AGAIN, timedelta(seconds=max(fault.retry_after for fault in faults)))
    return LOOK_AGAIN


def _note(
    row: HookSubscription,
    state: str,
    fault: str,
    held: Mapping[str, str],
    *,
    now: datetime,
    again_in: timedelta | None,
) -> None:
    log.info("webhooks looked after", account=row.account_id, state=str(state), events=sorted(held))
    with tenant_tx(row.tenant_id):
        # Somebody may have changed their mind meanwhile: then it is due already, and stays so.
        rows = HookSubscription.objects.filter(pk=row.pk)
        rows.exclude(state=state).update(since=now)
        rows.update(state=state, fault=fault[:500], subscriptions=dict(held))
        rows.filter(wanted=row.wanted).update(next_at=None if again_in is None else now + again_in)
