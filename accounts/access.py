"""Who may do what: one table, and one decorator that every view under a tenant wears."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase

from accounts.middleware import TenantRequest
from accounts.models import Membership, Role

P = ParamSpec("P")
TenantView = Callable[Concatenate[TenantRequest, P], HttpResponseBase]

PERMISSIONS: dict[str, frozenset[Role]] = {
    "converse": frozenset({Role.AGENT, Role.LEAD, Role.ADMIN}),
    # Orders without their buyers' words; those, and acting on an order, take "converse".
    "see_orders": frozenset(Role),
    "see_accounts": frozenset({Role.AGENT, Role.LEAD, Role.ADMIN}),
    "manage_accounts": frozenset({Role.ADMIN}),
    # Renaming, merging and removing tags; whoever converses may put them and make new ones.
    "manage_tags": frozenset({Role.LEAD, Role.ADMIN}),
    "manage_policies": frozenset({Role.LEAD, Role.ADMIN}),
    "manage_members": frozenset({Role.ADMIN}),
    # Answering what an agent asks the warehouse; asking takes "converse".
    "answer_checks": frozenset(Role),
    "see_board": frozenset({Role.LEAD, Role.ADMIN}),
    "belong": frozenset(Role),
}
# What reaches beyond the seller accounts that a restricted member sees.
OF_THE_WHOLE = frozenset({"manage_accounts", "manage_tags", "manage_policies", "manage_members"})


def may(membership: Membership, permission: str) -> bool:
    """Whether the member's role holds the permission; raises KeyError for an unknown one.

    What concerns the whole organization takes somebody who sees all of it.
    """
    if membership.restricted and permission in OF_THE_WHOLE:
        return False
    return membership.role in PERMISSIONS[permission]


def needs(permission: str) -> Callable[[TenantView[P]], TenantView[P]]:
    """Answer 403 to members without the permission; the name stays on the view for the route test."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def decorate(view: TenantView[P]) -> TenantView[P]:
        @wraps(view)
        def checked(request: TenantRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not may(request.membership, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]
        return checked

    return decorate
