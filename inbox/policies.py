"""SLA policies: how long each marketplace allows, as rows a tenant owns."""

from datetime import datetime

from accounts.models import Tenant
from inbox.models import SlaPolicy
from inbox.promises import BEGINNING, REPLY, promises
from marketplaces.models import SellerAccount
from marketplaces.types import FACTS


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


def policy_for(policies: list[SlaPolicy], account: SellerAccount, kind: str, at: datetime) -> SlaPolicy:
    """The policy in force for a deadline that began then: the account's own first, then the newest.

    Raises LookupError when the tenant has none.
    """
    fitting = [
        policy
        for policy in policies
        if policy.kind == kind
        and policy.marketplace == account.marketplace
        and policy.account_id in (None, account.pk)
        and policy.valid_from <= at
    ]
    if not fitting:
        raise LookupError(f"no SLA policy for {account.marketplace} {kind} at {at:%Y-%m-%d}")
    return max(fitting, key=lambda policy: (policy.account_id is not None, policy.valid_from))


def all_policies() -> list[SlaPolicy]:
    """The tenant's policies and, behind them, what holds without; few enough to hold in the hand."""
    return [*SlaPolicy.objects.all(), *promised()]


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
