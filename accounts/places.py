"""Change what somebody is in a tenant, or end and renew it. Only an admin does, and one always remains.

Whoever changes places holds the tenant's row until the commit, so that two admins who put each other out in
the same moment do so one after the other.
"""

from datetime import datetime

from django.db.models import F, QuerySet

from accounts import audit
from accounts.announcing import announce
from accounts.models import Invitation, Membership, Role, Tenant, User
from accounts.refusals import Refused


def change_role(member: Membership, role: Role, *, by: Membership, now: datetime) -> None:
    """Give a member another role from their next request on; raises Refused."""
    member = hold(member, by=by)
    if member.role == role:
        return
    if member.role == Role.ADMIN:
        _refuse_the_last_admin(member)
    if member.pk == by.pk:
        raise Refused("Nobody changes their own role. Ask another admin.")
    if role == Role.ADMIN and member.restricted:
        raise Refused(f"An admin sees every account. Let {member.user.name} see all of them first.")
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    details: dict[str, audit.Detail] = {"role": str(role), "role_before": str(before)}
    if before == Role.ADMIN:
        details["invitations_withdrawn"] = _withdraw_invitations(member, now=now)
    _record("member_role_changed", member, by=by, now=now, details=details)


def deactivate(member: Membership, *, by: Membership, now: datetime) -> None:
    """Put a member out at once: pages, the live stream, and every session of whoever has no other place.

    Raises Refused.
    """
    member = hold(member, by=by)
    if not member.is_active:
        return
    if member.role == Role.ADMIN:
        _refuse_the_last_admin(member)
    if member.pk == by.pk:
        raise Refused("Nobody deactivates themselves. Ask another admin.")
    member.is_active = False
    member.save(update_fields=["is_active"])
    if not Membership.objects.filter(user=member.user_id, is_active=True).exists():
        User.objects.filter(pk=member.user_id).update(sign_ins_ended=F("sign_ins_ended") + 1)
    withdrawn = _withdraw_invitations(member, now=now)
    _record("member_deactivated", member, by=by, now=now, details={"invitations_withdrawn": withdrawn})


def reactivate(member: Membership, *, by: Membership, now: datetime) -> None:
    """Let a deactivated member in again, as what they were; they sign in anew. Raises Refused."""
    member = hold(member, by=by)
    if member.is_active:
        return
    if not member.user.is_active:
        raise Refused(f"The login of {member.user.name} is switched off. Ask whoever runs this helpdesk.")
    member.is_active = True
    member.save(update_fields=["is_active"])
    _record("member_reactivated", member, by=by, now=now, details={"role": str(member.role)})


def hold(member: Membership, *, by: Membership) -> Membership:
    """The member as they are now, and nobody else changes a place meanwhile; raises Refused."""
    hold_places(by)
    held: Membership = Membership.objects.select_related("user").get(pk=member.pk, tenant=by.tenant_id)
    return held


def hold_places(by: Membership) -> None:
    """Keep everybody else from changing the tenant's places until the commit; raises Refused.

    It is looked at again whether `by` still is an admin.
    """
    Tenant.objects.select_for_update(no_key=True).get(pk=by.tenant_id)
    if not _admins(by.tenant_id).filter(pk=by.pk).exists():
        raise Refused("You are no longer an admin here.")


def _admins(tenant_id: int) -> QuerySet[Membership]:
    return Membership.objects.filter(tenant=tenant_id, role=Role.ADMIN, is_active=True, user__is_active=True)


def _refuse_the_last_admin(member: Membership) -> None:
    if not _admins(member.tenant_id).exclude(pk=member.pk).exists():
        raise Refused(f"{member.user.name} is the only admin. Make somebody else an admin first.")


def _withdraw_invitations(member: Membership, *, now: datetime) -> int:
    """An invitation holds no longer than whoever sent it is an admin."""
    open_ones = Invitation.objects.filter(
        invited_by=member, accepted_at__isnull=True, withdrawn_at__isnull=True
    )
    return open_ones.update(withdrawn_at=now)


def _record(
    action: str,
    member: Membership,
    *,
    by: Membership,
    now: datetime,
    details: dict[str, audit.Detail],
) -> None:
    audit.record(
        tenant_id=member.tenant_id,
        by=by,
        action=action,
        subject=f"{member.user.name} (member {member.pk})",
        details=details,
        now=now,
    )
    announce(member.tenant_id, "membership")
