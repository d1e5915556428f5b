"""Offer somebody a place by mail, and give it to whoever comes with the link.

The link is signed and names tenant, invitation and sending, so that it can be found before the tenant is
known. It works once, for seven days, and only the newest one does. A mail address that has a login already
keeps it: its owner signs in and takes the place as themselves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts import audit, mails, places
from accounts.announcing import announce
from accounts.models import Invitation, MailState, Membership, Role, SystemMail, Tenant, User
from accounts.refusals import Refused
from accounts.tenancy import tenant_tx

HOLDS = timedelta(days=7)
# A second mail follows the first no sooner, and no more invitations than this are open at once.
REST = timedelta(minutes=1)
MOST_OPEN = 100
SALT = "accounts.invitation"
TEXT = """\
{inviter} has invited you to {tenant}, as {role}.

Open this link to take your place. It works once, until {until:%d %B %Y, %H:%M} UTC:

{link}

If you do not know what this is about, do nothing: nobody is signed up by this mail.
"""


class NoInvitation(Exception):
    """The link opens nothing; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody to be offered a place."""

    email: str
    name: str
    role: Role
    restricted: bool = False


def invite(place: Place, *, by: Membership, now: datetime) -> Invitation:
    """Write down an invitation and mail its link; raises Refused."""
    places.hold_places(by)
    email = place.email.lower()
    member = Membership.objects.select_related("user").filter(tenant=by.tenant_id, user__email=email).first()
    if member is not None and member.is_active:
        raise Refused(f"{member.user.name} ({email}) is a member already.")
    if member is not None:
        raise Refused(f"{member.user.name} ({email}) was a member. Reactivate them instead.")
    if place.restricted and place.role == Role.ADMIN:
        raise Refused("An admin sees every account. Choose another role, or let them see all.")
    waiting = open_invitations()
    if waiting.filter(email=email).exists():
        raise Refused(f"{email} is invited already. Send that invitation again instead.")
    if waiting.count() >= MOST_OPEN:
        raise Refused(f"{MOST_OPEN} invitations are open. Withdraw some first.")
    invitation = Invitation.objects.create(
        tenant_id=by.tenant_id,
        email=email,
        name=place.name,
        role=place.role,
        restricted=place.restricted,
        invited_by=by,
        created_at=now,
        expires_at=now + HOLDS,
    )
    _mail(invitation, by=by, now=now)
    _record("member_invited", invitation, by=by, now=now)
    return invitation


def send_again(invitation: Invitation, *, by: Membership, now: datetime) -> None:
    """Mail a fresh link, good for another seven days; older ones are dead. Raises Refused."""
    invitation = _hold_open(invitation, by=by)
    if now - (invitation.expires_at - HOLDS) < REST:
        raise Refused("This invitation has just been sent. Wait a minute before you send it again.")
    _forget_mails(invitation)
    invitation.round += 1
    invitation.expires_at = now + HOLDS
    invitation.invited_by = by
    invitation.save(update_fields=["round", "expires_at", "invited_by"])
    _mail(invitation, by=by, now=now)
    _record("invitation_sent_again", invitation, by=by, now=now)


def withdraw(invitation: Invitation, *, by: Membership, now: datetime) -> None:
    """Take an invitation back: its link opens nothing from now on. Raises Refused."""
    invitation = _hold_open(invitation, by=by)
    _forget_mails(invitation)
    invitation.withdrawn_at = now
    invitation.save(update_fields=["withdrawn_at"])
    _record("invitation_withdrawn", invitation, by=by, now=now)


def open_invitations() -> QuerySet[Invitation]:
    """Those of the open tenant that were neither accepted nor withdrawn."""
    return Invitation.objects.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)


def mail_key(invitation: Invitation) -> str:
    """The key of the mail that carries the newest link."""
    return f"invitation:{invitation.pk}:{invitation.round}"


def link_of(invitation: Invitation) -> str:
    """The newest link: whoever has it can take the place."""
    facts = {"t": invitation.tenant_id, "i": invitation.pk, "r": invitation.round}
    query = urlencode({"token": signing.dumps(facts, salt=SALT)})
    return f"{settings.PUBLIC_URL}{reverse('invitation')}?{query}"


def read(token: str, *, now: datetime) -> Invitation:
    """The invitation a link stands for, with tenant and inviter; raises NoInvitation."""
    tenant_id, invitation_id, _ = _facts(token)
    with tenant_tx(tenant_id):
        found = (
            Invitation.objects.select_related("tenant", "invited_by__user").filter(pk=invitation_id).first()
        )
    return _checked(found, token, now=now)


def accept_as_new(token: str, *, name: str, password: str, now: datetime) -> Membership:
    """Make a login for the invited address and take the place.

    Raises NoInvitation, Refused where the address has a login, and ValidationError with a sentence for each
    thing that is wrong with name or password.
    """
    tenant_id, _, _ = _facts(token)
    with tenant_tx(tenant_id):
        invitation = _take(token, now=now)
        user = User(email=invitation.email, name=name)
        if User.objects.filter(email=invitation.email).exists():
            raise Refused(f"There is a login for {invitation.email} already. Sign in with it first.")
        user.full_clean(exclude=["password"], validate_unique=False)
        validate_password(password, user)
        user.set_password(password)
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError:
            raise Refused(f"There is a login for {invitation.email} by now. Sign in with it first.") from None
        return _settle(invitation, user, now=now)


def accept_as(user: User, token: str, *, now: datetime) -> Membership:
    """Take the place as somebody who has a login; raises NoInvitation and Refused."""
    tenant_id, _, _ = _facts(token)
    with tenant_tx(tenant_id):
        invitation = _take(token, now=now)
        if user.email != invitation.email:
            raise Refused(
                f"This invitation is for {invitation.email}, and you are signed in as {user.email}."
            )
        return _settle(invitation, user, now=now)


def _settle(invitation: Invitation, user: User, *, now: datetime) -> Membership:
    # Whoever has got a place another way meanwhile keeps it as it is.
    member, _ = Membership.objects.get_or_create(
        tenant_id=invitation.tenant_id,
        user=user,
        defaults={"role": invitation.role, "restricted": invitation.restricted},
    )
    if not member.is_active:
        raise Refused("Your place here was deactivated. Ask an admin to reactivate it.")
    invitation.accepted_at, invitation.accepted_by = now, member
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    _forget_mails(invitation)
    _record("invitation_accepted", invitation, by=member, now=now)
    announce(invitation.tenant_id, "membership")
    return member


def _take(token: str, *, now: datetime) -> Invitation:
    """The invitation, held until the commit: two who come with one link come one after the other."""
    tenant_id, invitation_id, _ = _facts(token)
    # Held like every change of places; the row of the tenant first, as everybody does.
    Tenant.objects.select_for_update(no_key=True).filter(pk=tenant_id).first()
    found = Invitation.objects.select_for_update(no_key=True).filter(pk=invitation_id).first()
    return _checked(found, token, now=now)


def _checked(found: Invitation | None, token: str, *, now: datetime) -> Invitation:
    if found is None or found.withdrawn_at is not None:
        raise NoInvitation("This invitation was withdrawn. Ask whoever invited you for another.")
    if found.accepted_at is not None:
        raise NoInvitation("This invitation was used already. Sign in with your mail address.")
    if found.round != _facts(token)[2]:
        raise NoInvitation("A newer invitation was sent to you. Use the link in that mail.")
    if found.expires_at <= now:
        raise NoInvitation("This invitation has run out: it held for seven days. Ask for another.")
    return found


def _facts(token: str) -> tuple[int, int, int]:
    try:
        facts = signing.loads(token, salt=SALT)
        return int(facts["t"]), int(facts["i"]), int(facts["r"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        raise NoInvitation("This link is not whole. Copy all of it from the mail.") from None


def _hold_open(invitation: Invitation, *, by: Membership) -> Invitation:
    places.hold_places(by)
    held = open_invitations().select_for_update(no_key=True).filter(pk=invitation.pk).first()
    if held is None:
        raise Refused("This invitation is no longer open.")
    return held


def _mail(invitation: Invitation, *, by: Membership, now: datetime) -> None:
    tenant = by.tenant
    mails.enqueue(
        invitation.tenant_id,
        to=invitation.email,
        subject=f"{by.user.name} has invited you to {tenant.name}",
        text=TEXT.format(
            inviter=by.user.name,
            tenant=tenant.name,
            role=invitation.get_role_display().lower(),
            until=invitation.expires_at,
            link=link_of(invitation),
        ),
        key=mail_key(invitation),
        now=now,
    )


def _forget_mails(invitation: Invitation) -> None:
    """What waits to be sent with a link that is dead by now goes nowhere."""
    waiting = SystemMail.objects.filter(
        state=MailState.QUEUED, key__startswith=f"invitation:{invitation.pk}:"
    )
    waiting.delete()


def _record(action: str, invitation: Invitation, *, by: Membership, now: datetime) -> None:
    audit.record(
        tenant_id=invitation.tenant_id,
        by=by,
        action=action,
        subject=f"{invitation.email} (invitation {invitation.pk})",
        details={"role": str(invitation.role), "restricted": invitation.restricted},
        now=now,
    )
