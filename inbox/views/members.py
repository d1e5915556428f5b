"""Who belongs to the organization, as what, and which seller accounts they see; for admins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts import inviting, mails, places
from accounts.access import needs
from accounts.forms import InvitationForm, RoleForm, sentences
from accounts.middleware import TenantRequest
from accounts.models import AuditEntry, Invitation, MailState, Membership, Role, SystemMail
from accounts.refusals import Refused
from inbox.handing_back import hand_back
from inbox.views.frame import answer, frame
from marketplaces import seeing
from marketplaces.models import AccountAccess, SellerAccount

SHOWN_ENTRIES = 20


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation that waits, what became of its mail, and its link where no mail can carry it."""

    row: Invitation
    mail: SystemMail | None
    link: str

    @property
    def failed(self) -> bool:
        """Whether its mail was given up."""
        return self.mail is not None and self.mail.state == MailState.FAILED


@needs("manage_members")
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: TenantRequest, slug: str) -> HttpResponse:
    """All members and open invitations; a new invitation."""
    if request.method != "POST":
        return _page(request)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, errors=sentences(form), status=422)
    given = form.cleaned_data
    place = inviting.Place(given["email"], given["name"], Role(given["role"]), given["restricted"])
    return _done(request, lambda now: inviting.invite(place, by=request.membership, now=now))


@needs("manage_members")
@require_POST
def invitation_sending(request: TenantRequest, slug: str, invitation_id: int) -> HttpResponse:
    """Mail an invitation again, with a fresh link."""
    found = get_object_or_404(Invitation, pk=invitation_id)
    return _done(request, lambda now: inviting.send_again(found, by=request.membership, now=now))


@needs("manage_members")
@require_POST
def invitation_withdrawal(request: TenantRequest, slug: str, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    found = get_object_or_404(Invitation, pk=invitation_id)
    return _done(request, lambda now: inviting.withdraw(found, by=request.membership, now=now))


@needs("manage_members")
@require_POST
def member_role(request: TenantRequest, slug: str, member_id: int) -> HttpResponse:
    """Give a member another role."""
    member, form = _member(request, member_id), RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, errors=sentences(form), status=422)

    def act(now: datetime) -> None:
        places.change_role(member, Role(form.cleaned_data["role"]), by=request.membership, now=now)
        hand_back(member, by=request.membership, now=now)

    return _done(request, act)


@needs("manage_members")
@require_POST
def member_accounts(request: TenantRequest, slug: str, member_id: int) -> HttpResponse:
    """Choose which seller accounts a member sees: ?sees=all, or some with an `account` for each."""
    member, sees = _member(request, member_id), request.POST.get("sees")
    if sees not in ("all", "some"):
        return _page(request, errors=["Say whether they see all accounts or only some."], status=422)
    chosen = None if sees == "all" else _accounts(request.POST.getlist("account"))
    if chosen is not None and not chosen:
        words = "Choose at least one account, or deactivate the member."
        return _page(request, errors=[words], status=422)

    def act(now: datetime) -> None:
        seeing.choose(member, chosen, by=request.membership, now=now)
        hand_back(member, by=request.membership, now=now)

    return _done(request, act)


@needs("manage_members")
@require_POST
def member_deactivation(request: TenantRequest, slug: str, member_id: int) -> HttpResponse:
    """Put a member out."""
    member = _member(request, member_id)

    def act(now: datetime) -> None:
        places.deactivate(member, by=request.membership, now=now)
        hand_back(member, by=request.membership, now=now)

    return _done(request, act)


@needs("manage_members")
@require_POST
def member_reactivation(request: TenantRequest, slug: str, member_id: int) -> HttpResponse:
    """Let a deactivated member in again."""
    member = _member(request, member_id)
    return _done(request, lambda now: places.reactivate(member, by=request.membership, now=now))


def _member(request: TenantRequest, member_id: int) -> Membership:
    ours = Membership.objects.select_related("user").filter(tenant=request.membership.tenant)
    return get_object_or_404(ours, pk=member_id)


def _accounts(given: list[str]) -> list[SellerAccount]:
    """The seller accounts of these ids; one that is not there is nobody's business: 404."""
    ids = {int(each) for each in given if each.isascii() and each.isdecimal() and len(each) < 19}
    found = list(SellerAccount.objects.filter(pk__in=ids))
    if len(found) != len(set(given)):
        raise Http404
    return found


def _done(request: TenantRequest, act: Callable[[datetime], object]) -> HttpResponse:
    try:
        act(timezone.now())
    except Refused as refused:
        return _page(request, errors=[str(refused)], status=409)
    response = redirect("members", slug=request.membership.tenant.slug)
    response.status_code = 303
    return response


def _page(request: TenantRequest, *, errors: list[str] | None = None, status: int = 200) -> HttpResponse:
    tenant = request.membership.tenant
    context = {
        "members": Membership.objects.select_related("user")
        .filter(tenant=tenant)
        .order_by("-is_active", "user__name", "pk"),
        "seen": _seen(),
        "invitations": _invitations(),
        "accounts": list(SellerAccount.objects.order_by("name", "pk")),
        "roles": Role.choices,
        "can_send": mails.can_send(),
        "entries": AuditEntry.objects.select_related("actor__user").order_by("-at", "-id")[:SHOWN_ENTRIES],
        "typed": request.POST if status != 200 and "email" in request.POST else {},
        "errors": errors or [],
    }
    around = frame(request, place="members", now=timezone.now())
    return answer(request, "inbox/members.html", around | context, status=status)


def _seen() -> dict[int, set[int]]:
    seen: dict[int, set[int]] = {}
    for member_id, account_id in AccountAccess.objects.values_list("membership_id", "account_id"):
        seen.setdefault(member_id, set()).add(account_id)
    return seen


def _invitations() -> list[OpenInvitation]:
    rows = list(inviting.open_invitations().select_related("invited_by__user").order_by("-created_at", "-id"))
    by_key = {mail.key: mail for mail in SystemMail.objects.filter(key__in=map(inviting.mail_key, rows))}
    return [
        # With a server only whoever reads the invited mailbox has the link: that is what proves the address.
        OpenInvitation(
            row, by_key.get(inviting.mail_key(row)), "" if mails.can_send() else inviting.link_of(row)
        )
        for row in rows
    ]
