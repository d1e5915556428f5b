"""Going out to ask for consent, and coming back with it.

The owner comes back to an address outside every organization. Where the answer belongs stands in a signed
state that only the browser which went out can use, once: a code somebody else obtained cannot be slipped into
an account, nor can an answer be replayed.
"""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import may, needs
from accounts.middleware import TenantRequest
from accounts.models import Membership
from accounts.tenancy import tenant_tx
from marketplaces import mail_consent, registry, trying
from marketplaces.models import ConnectionTrial, SellerAccount, TrialKind, TrialState
from marketplaces.remedies import Remedy

SALT = "inbox.views.consent"
LONGEST_SECONDS = 3600
MOST_OPEN = 5
LONGEST_CODE = 2000
RETURNS = {TrialKind.KEY: "consent_amazon", TrialKind.MAILBOX: "consent_mailbox"}
PAGES = {TrialKind.KEY: "connection_key", TrialKind.MAILBOX: "connection_mailbox"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a state says: for whose account consent was asked."""

    tenant_id: int
    account_id: int
    kind: TrialKind


@needs("manage_accounts")
@require_GET
def connection_consent(request: TenantRequest, slug: str, account_id: int, kind: str) -> HttpResponse:
    """Send the owner to the page that asks: Seller Central, or the mail provider."""
    account = get_object_or_404(SellerAccount, pk=account_id)
    trial = get_object_or_404(ConnectionTrial, account=account, kind=kind, state=TrialState.CONSENT)
    nonce = secrets.token_urlsafe(16)
    open_nonces = request.session.get("consents", [])
    request.session["consents"] = [*open_nonces[1 - MOST_OPEN :], nonce]
    state = signing.dumps([account.tenant_id, account.pk, kind, nonce], salt=SALT)
    back = return_address(TrialKind(kind))
    if kind == TrialKind.KEY:
        application_id = str(trial.settings.get("application_id", ""))
        return redirect(
            registry.consent_url(account, application_id=application_id, state=state, redirect_uri=back)
        )
    provider = mail_consent.providers()[str(trial.settings["mail_sign_in"])]
    address = str(trial.settings["imap_user"])
    return redirect(mail_consent.consent_url(provider, redirect_uri=back, state=state, address=address))


@require_GET
@login_required
def consent_amazon(request: HttpRequest) -> HttpResponse:
    """The seller is back from Seller Central."""
    code = request.GET.get("spapi_oauth_code", "")
    return _back(request, TrialKind.KEY, code, {"seller_id": request.GET.get("selling_partner_id", "")[:64]})


@require_GET
@login_required
def consent_mailbox(request: HttpRequest) -> HttpResponse:
    """The mailbox's owner is back from the mail provider."""
    return _back(request, TrialKind.MAILBOX, request.GET.get("code", ""), {})


def _back(request: HttpRequest, kind: TrialKind, code: str, told: dict[str, str]) -> HttpResponse:
    asked = _asked(request, kind)
    membership = Membership.objects.select_related("tenant").filter(
        tenant_id=asked.tenant_id, user_id=int(request.user.pk or 0), is_active=True
    )
    member = membership.first()
    if member is None or not may(member, "manage_accounts"):
        raise Http404
    with tenant_tx(asked.tenant_id, member_id=member.pk if member.restricted else None):
        trial = (
            ConnectionTrial.objects.select_for_update(of=("self",))
            .select_related("account__tenant")
            .filter(account_id=asked.account_id, kind=kind, state=TrialState.CONSENT)
            .first()
        )
        if trial is None:
            raise Http404
        if code and len(code) <= LONGEST_CODE:
            back = return_address(kind)
            trying.consented(trial, code=code, settings={**told, "redirect_uri": back}, now=timezone.now())
        else:
            trying.refused(
                trial,
                Remedy("The consent was not given.", "Ask for it again, and allow the access there."),
            )
    return redirect(PAGES[kind], slug=member.tenant.slug, account_id=asked.account_id)


def _asked(request: HttpRequest, kind: TrialKind) -> Asked:
    """What was asked for, if this browser asked and has not been answered yet; raises Http404."""
    try:
        tenant_id, account_id, said, nonce = signing.loads(
            request.GET.get("state", ""), salt=SALT, max_age=LONGEST_SECONDS
        )
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    open_nonces = request.session.get("consents", [])
    if nonce not in open_nonces or said != kind:
        raise Http404
    request.session["consents"] = [each for each in open_nonces if each != nonce]
    return Asked(tenant_id, account_id, kind)


def return_address(kind: TrialKind) -> str:
    """The address registered with the company that asks, to come back to."""
    return f"{settings.PUBLIC_URL}{reverse(RETURNS[kind])}"
