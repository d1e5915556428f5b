"""Count what fetching 7, 30 or 90 days of an account's history would bring, so that a page can say so."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import structlog

from accounts.tenancy import tenant_tx
from marketplaces import backfills, credentials, health, mail_login, registry
from marketplaces.errors import ApiError, Temporary
from marketplaces.mailbox import imap
from marketplaces.models import BackfillEstimate, SellerAccount
from marketplaces.records import Expected, Window

log = structlog.get_logger(__name__)

# What one worker fetches and files on two cores that are busy with other things too (docs/completeness.md).
MAILS_PER_SECOND = 30
STALE_CLAIM = timedelta(minutes=2)
# While somebody is connecting the account, what a passing fault kept from being counted is counted again.
AGAIN, LONGEST = timedelta(seconds=30), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What so many days would bring; None where it could not be counted. `clamped` says why it is less."""

    mails: int | None
    orders: int | None
    minutes: int
    clamped: str


def make(account_id: int, *, tenant_id: int, now: datetime) -> None:
    """Answer an estimate somebody asked for, and store it; faults end up in its row, in words."""
    with tenant_tx(tenant_id):
        asked = BackfillEstimate.objects.filter(account_id=account_id, wanted_at__lte=now)
        if not asked.update(wanted_at=now + STALE_CLAIM):
            return
        account = SellerAccount.objects.select_related("tenant").get(pk=account_id)
    figures, fault, again_in = estimate(account, now=now)
    begun = account.connecting_since
    again = again_in is not None and begun is not None and now - begun < LONGEST
    with tenant_tx(tenant_id):
        BackfillEstimate.objects.filter(account_id=account_id).update(
            wanted_at=now + max(AGAIN, timedelta(seconds=again_in or 0)) if again else None,
            made_at=now,
            figures={str(days): asdict(each) for days, each in figures.items()},
            fault=fault[:500],
        )


def estimate(account: SellerAccount, *, now: datetime) -> tuple[dict[int, Estimate], str, float | None]:
    """What each of the spans one may choose would bring, and what kept us from counting; no transaction.

    The last is in how many seconds counting again may help; None where it will not.
    """
    spans = {
        days: backfills.kept_span(account, now - timedelta(days=days), now) for days in backfills.HISTORY_DAYS
    }
    faults: list[str] = []
    again_in: float | None = None
    mails: dict[int, int] = {}
    orders: dict[int, Expected] = {}
    try:
        mails = _mails(account, {days: since for days, (since, _) in spans.items()})
    except imap.SignInRefused as fault:
        faults.append(f"{health.REFUSED}: {fault}")
    except (imap.MailboxFault, credentials.CredentialFault) as fault:
        faults.append(str(fault))
    try:
        orders = _orders(account, {days: since for days, (since, _) in spans.items()}, now)
    except Temporary as fault:
        again_in = fault.retry_after
        faults.append(f"Orders are not counted yet: {fault} They are counted again by themselves.")
    except ApiError as fault:
        faults.append(f"Orders cannot be counted: {fault}")
    figures = {
        days: Estimate(
            mails.get(days),
            orders[days].orders if days in orders else None,
            _minutes(mails.get(days, 0), orders.get(days)),
            why,
        )
        for days, (_, why) in spans.items()
    }
    return figures, " ".join(faults), again_in


def _mails(account: SellerAccount, spans: dict[int, datetime]) -> dict[int, int]:
    login = mail_login.imap_login(account)
    found = dict.fromkeys(spans, 0)
    with imap.mailbox(login) as client:
        for name in imap.find_folders(client).values():
            imap.open_folder(client, name)
            for days, since in spans.items():
                found[days] += len(imap.uids_since(client, since.astimezone(UTC).date()))
    return found


def _orders(account: SellerAccount, spans: dict[int, datetime], now: datetime) -> dict[int, Expected]:
    with tenant_tx(account.tenant_id):
        if not credentials.has_key(account):
            return {}
    with registry.adapter(account) as adapter:
        return {days: adapter.expected_orders(Window(since, now)) for days, since in spans.items()}


def _minutes(mails: int, orders: Expected | None) -> int:
    """One after the other, as they are fetched."""
    seconds = mails / MAILS_PER_SECOND + (orders.seconds if orders else 0)
    return max(1, round(seconds / 60))
