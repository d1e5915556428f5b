"""Tenants, people and their places, and what is written and mailed about them."""

from accounts.models.audit import AuditEntry
from accounts.models.invitation import Invitation
from accounts.models.mail import MailState, SystemMail
from accounts.models.people import Membership, Role, Tenant, User, initials_of

__all__ = [
    "AuditEntry",
    "Invitation",
    "MailState",
    "Membership",
    "Role",
    "SystemMail",
    "Tenant",
    "User",
    "initials_of",
]
