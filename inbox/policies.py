"""SLA policies: how long each marketplace allows, as rows a tenant owns."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from accounts.models import Tenant
from accounts.tenancy import current_tenant_id
from inbox.hours import Hours
from inbox.models import BusinessHours, SlaPolicy
from inbox.promises import BEGINNING, REPLY, promises
from marketplaces.models import SellerAccount
from marketplaces.types import FACTS

OFFICE = (time(9), time(17))


def seed(tenant: Tenant) -> None:
    """Give a new tenant the marketplaces' own allowances, valid for whatever history comes in."""
    for marketplace, facts in FACTS.items():
        SlaPolicy.objects.get_or_create(
            tenant=tenant,
            marketplace=marketplace,
            account=None,
            kind=REPLY,
            defaults={
                "valid_from": BEGINNING,
                "allowance_minutes": facts.reply_hours * 60,
                "rule": f"{facts.name} {facts.reply_hours} h",
            },
        )


def policy_for(
    policies: list[SlaPolicy], account: SellerAccount, kind: str, at: datetime
) -> SlaPolicy | None:
    """The policy in force for a deadline of this account that began then; None where nothing is promised."""
    return in_force(policies, marketplace=account.marketplace, account_id=account.pk, kind=kind, at=at)


def promised_reply(policies: list[SlaPolicy], account: SellerAccount, at: datetime) -> SlaPolicy:
    """What holds for answering a buyer who wrote then: every marketplace promises that.

    Raises LookupError where its promise is missing, so that no buyer is ever without a clock unnoticed.
    """
    policy = policy_for(policies, account, REPLY, at)
    if policy is None:
        raise LookupError(f"no SLA policy for {account.marketplace} {REPLY} at {at:%Y-%m-%d}")
    return policy


def in_force(
    policies: list[SlaPolicy], *, marketplace: str, account_id: int | None, kind: str, at: datetime
) -> SlaPolicy | None:
    """What holds for a deadline that began then, of an account or of one that has no policy of its own.

    The account's own before the marketplace's, and of each the one saved last; a withdrawn one gives way to
    what stands above it.
    """
    fitting = [
        policy
        for policy in policies
        if policy.kind == kind and policy.marketplace == marketplace and policy.valid_from <= at
    ]
    own = [policy for policy in fitting if policy.account_id is not None and policy.account_id == account_id]
    shared = [policy for policy in fitting if policy.account_id is None]
    promised_only = [policy for policy in shared if policy.saved_at is None]
    for level in (own, shared, promised_only):
        newest = max(level, key=_rank, default=None)
        if newest is not None and not newest.withdrawn:
            return newest
    return None


def all_policies() -> list[SlaPolicy]:
    """The tenant's policies and, behind them, what holds without; few enough to hold in the hand."""
    stored = list(SlaPolicy.objects.all())
    if any(policy.target_minutes is not None for policy in stored):
        hours = business_hours()
        for policy in stored:
            policy.hours = hours  # type: ignore[misc]
    return [*stored, *promised()]


def promised() -> list[SlaPolicy]:
    """What holds where the tenant has no policy of its own; rows that are stored nowhere."""
    return [
        SlaPolicy(
            marketplace=promise.marketplace,
            kind=promise.kind,
            valid_from=promise.valid_from,
            allowance_minutes=promise.allowance_minutes,
            rule=promise.rule,
        )
        for promise in promises()
    ]


def business_hours() -> Hours:
    """When the team works: what was saved last, else Monday to Friday from nine to five at the tenant's."""
    saved = BusinessHours.objects.order_by("-saved_at").first()
    if saved is not None:
        return saved.hours
    zone = Tenant.objects.values_list("time_zone", flat=True).get(pk=current_tenant_id())
    return Hours(ZoneInfo(zone), ((OFFICE,),) * 5 + ((),) * 2, {})


def _rank(policy: SlaPolicy) -> tuple[datetime, datetime]:
    return policy.saved_at or BEGINNING, policy.valid_from
