"""Which seller accounts a member sees: all, or those somebody has chosen for them."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts import audit, places
from accounts.announcing import announce
from accounts.models import Membership, Role
from accounts.refusals import Refused
from marketplaces.models import AccountAccess, SellerAccount


def choose(
    member: Membership, accounts: Collection[SellerAccount] | None, *, by: Membership, now: datetime
) -> None:
    """Let a member see these seller accounts only, or all of them (None); raises Refused.

    It holds from their next request on, and open pages are looked at again at once.
    """
    held = places.hold(member, by=by)
    if accounts is not None and held.role == Role.ADMIN:
        raise Refused(f"{member.user.name} is an admin, and admins see every account. Change the role first.")
    before = chosen(held)
    wanted = sorted(account.pk for account in accounts or ())
    if held.restricted == (accounts is not None) and before == wanted:
        return
    AccountAccess.objects.filter(membership=held).exclude(account__in=wanted).delete()
    AccountAccess.objects.bulk_create(
        AccountAccess(tenant_id=held.tenant_id, membership=held, account_id=account_id)
        for account_id in wanted
        if account_id not in before
    )
    held.restricted = member.restricted = accounts is not None
    held.save(update_fields=["restricted"])
    audit.record(
        tenant_id=held.tenant_id,
        by=by,
        action="member_accounts_chosen",
        subject=f"{held.user.name} (member {held.pk})",
        details={"all": accounts is None, "accounts": wanted, "accounts_before": before},
        now=now,
    )
    announce(held.tenant_id, "membership")


def chosen(member: Membership) -> list[int]:
    """The seller accounts that were chosen for a restricted member."""
    return sorted(AccountAccess.objects.filter(membership=member).values_list("account_id", flat=True))


def sees(member: Membership, account_id: int) -> bool:
    """Whether a member sees what hangs on a seller account."""
    return (
        not member.restricted or AccountAccess.objects.filter(membership=member, account=account_id).exists()
    )


def who_see(account_id: int) -> Q:
    """The memberships that see a seller account."""
    rows = AccountAccess.objects.filter(membership=OuterRef("pk"), account=account_id)
    return Q(restricted=False) | Q(Exists(rows))
