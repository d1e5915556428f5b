"""Make tenants and give people their places in them."""

from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from accounts.announcing import announce
from accounts.models import Membership, Role, Tenant, User


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be given a place; the password is needed only for a mail address nobody uses yet."""

    email: str
    name: str
    password: str


def make_tenant(*, slug: str, name: str, time_zone: str = "UTC") -> Tenant:
    """Store a tenant; raises ValidationError with a sentence per field."""
    tenant = Tenant(slug=slug, name=name, time_zone=time_zone)
    tenant.full_clean()
    tenant.save()
    return tenant


def add_member(tenant: Tenant, person: NewPerson, role: Role) -> Membership:
    """Give a person a place, making the user if the address is new; raises ValidationError."""
    with transaction.atomic():
        user = User.objects.filter(email=person.email.lower()).first()
        if user is None:
            user = User(email=person.email.lower(), name=person.name)
            user.full_clean(exclude=["password"])
            validate_password(person.password, user)
            user.set_password(person.password)
            user.save()
        sees_all = {"restricted": False} if role == Role.ADMIN else {}
        membership, _ = Membership.objects.update_or_create(
            tenant=tenant, user=user, defaults={"role": role, "is_active": True, **sees_all}
        )
        announce(tenant.pk, "membership")
    return membership
