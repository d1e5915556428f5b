"""Tenants, people, and who has which place where."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.zones import known_time_zone


class Role(models.TextChoices):
    """What a person does in a tenant."""

    AGENT = "agent", "Agent"
    LEAD = "lead", "Lead"
    ADMIN = "admin", "Admin"
    WAREHOUSE = "warehouse", "Warehouse"


class Tenant(models.Model):
    """The customer organization that owns all rows; "Organization" on the screen."""

    name = models.CharField(max_length=100)
    slug = models.CharField(
        max_length=50,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9](-?[a-z0-9])*$", "Use lower-case letters, digits and single hyphens.")
        ],
    )
    time_zone = models.CharField(max_length=50, default="UTC", validators=[known_time_zone])
    # Amazon's rule is fixed (30 days after delivery); Walmart's is the tenant's own to set.
    walmart_retention_days = models.PositiveIntegerField(default=365)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug


class UserManager(BaseUserManager["User"]):
    """Makes users known by their mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store a user with a hashed password; without one nobody can sign in as them."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person who signs in with a mail address; may have places in several tenants."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=50, blank=True, default="", validators=[known_time_zone])
    is_active = models.BooleanField(default=True)
    # Raised to end every session of this person; it is part of what a session must match.
    sign_ins_ended = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_user_email_lower")
        ]

    def __str__(self) -> str:
        return f"user {self.pk}"

    def get_session_auth_hash(self) -> str:
        """What a session must hold: a changed password ends it, and so does `sign_ins_ended`."""
        return self._ended(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under the secret keys of before."""
        return map(self._ended, super().get_session_auth_fallback_hash())

    def _ended(self, known: str) -> str:
        return f"{known}.{self.sign_ins_ended}" if self.sign_ins_ended else known


class Membership(models.Model):
    """A person's place and role in a tenant.

    It is read before the tenant is known, so it stands outside row level security.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    is_active = models.BooleanField(default=True)
    # Sees only the seller accounts somebody has chosen for them; held by the database (accounts.tenancy).
    restricted = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="accounts_membership_once"),
            models.UniqueConstraint(fields=["tenant", "id"], name="accounts_membership_tenant_id"),
        ]

    def __str__(self) -> str:
        return f"membership {self.pk}"

    @property
    def time_zone(self) -> str:
        """The zone this person reads times in: their own, else the tenant's."""
        return self.user.time_zone or self.tenant.time_zone

    @property
    def initials(self) -> str:
        """Two letters for the round picture of this person."""
        return initials_of(self.user.name)


def initials_of(name: str) -> str:
    """Two letters for the round picture of a person."""
    words = name.split()
    return ((words[0][0] + words[-1][0]) if len(words) > 1 else name[:2]).upper()
