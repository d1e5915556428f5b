"""The connect wizard: account, key, mailbox, checks. What is entered here is tried by workers."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox.account_forms import KEY_FORMS, MailboxForm, StartForm, security_choices
from inbox.views.frame import answer, frame, wants_part
from marketplaces import checking, connecting, mail_consent, mail_hosts, trying
from marketplaces.backfills import HISTORY_DAYS
from marketplaces.models import (
    BackfillEstimate,
    CheckName,
    CheckState,
    MailSignIn,
    SellerAccount,
    TrialKind,
    TrialState,
)
from marketplaces.switches import KEY_PAGES, SWITCHES
from marketplaces.types import FACTS, Marketplace

DAYS_OF_HISTORY = 30
STEPS = ("start", "key", "mailbox", "checks")
PAGES = {
    "start": "inbox/connect/start.html",
    "key": "inbox/connect/key.html",
    "mailbox": "inbox/connect/mailbox.html",
    "checks": "inbox/connect/checks.html",
}
# What of the last page looks again by itself.
PARTS = {"checks": "inbox/connect/checks_part.html", "history": "inbox/connect/history_part.html"}


@needs("manage_accounts")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_new(request: TenantRequest, slug: str, marketplace: str) -> HttpResponse:
    """Begin to connect an account of a marketplace."""
    return _start(request, Marketplace(marketplace), SellerAccount())


@needs("manage_accounts")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_start(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Which seller this is, to be changed."""
    account = _account(account_id)
    return _start(request, account.marketplace, account)


def _start(request: TenantRequest, marketplace: Marketplace, account: SellerAccount) -> HttpResponse:
    given = {
        "name": account.name,
        "market": account.market,
        "seller_id": account.seller_id,
        "sender_address": account.sender_address,
    }
    form = StartForm(marketplace, request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        for field, value in form.cleaned_data.items():
            setattr(account, field, value)
        if SellerAccount.objects.filter(name=account.name).exclude(pk=account.pk).exists():
            form.add_error(
                "name", "Another account has this name. Choose one you can tell apart in the list."
            )
        else:
            _keep_start(account)
            return _see(request, "connection_key", account)
    return _step(request, "start", account, {"form": form}, marketplace=marketplace)


def _keep_start(account: SellerAccount) -> None:
    if account.pk is None:
        connecting.start(account, now=timezone.now())
    else:
        account.save(update_fields=["name", "market", "seller_id", "sender_address"])


@needs("manage_accounts")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_key(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """The key to the marketplace's API: entered, or asked for at Seller Central."""
    account = _account(account_id)
    form = KEY_FORMS[account.marketplace](request.POST or None)
    if request.method == "POST":
        if account.marketplace is Marketplace.AMAZON and request.POST.get("way") == "consent":
            application_id = _operators_application()
            _begin(request, account, TrialKind.KEY, {"application_id": application_id}, {}, by_consent=True)
            return _see(request, "connection_key", account)
        if form.is_valid():
            _try_key(request, account, form.cleaned_data)
            return _see(request, "connection_key", account)
    context = {"form": form, "operators_application": _operators_application()}
    return _tried(request, "key", account, TrialKind.KEY, context)


def _operators_application() -> str:
    return settings.AMAZON_APP["application_id"] if settings.AMAZON_APP["lwa_client_id"] else ""


def _try_key(request: TenantRequest, account: SellerAccount, entered: dict[str, str]) -> None:
    secrets = {field: value for field, value in entered.items() if value and field != "application_id"}
    application_id = entered.get("application_id", "")
    by_consent = account.marketplace is Marketplace.AMAZON and "refresh_token" not in secrets
    kept = {"application_id": application_id}
    _begin(request, account, TrialKind.KEY, kept, secrets, by_consent=by_consent)


@needs("manage_accounts")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_mailbox(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """The mailbox and the server that sends for it, by password or by the provider's consent."""
    account = _account(account_id)
    providers = mail_consent.providers()
    form = MailboxForm(request.POST or None, initial=_mailbox_now(account), providers=list(providers))
    if request.method == "POST" and form.is_valid():
        _try_mailbox(request, account, form.cleaned_data)
        return _see(request, "connection_mailbox", account)
    context = {"form": form, "providers": providers, "securities": security_choices()}
    return _tried(request, "mailbox", account, TrialKind.MAILBOX, context)


def _mailbox_now(account: SellerAccount) -> dict[str, Any]:
    """What the form shows first: what was tried last, what the account has, or a guess by its address."""
    trial = account.trials.filter(kind=TrialKind.MAILBOX).exclude(state=TrialState.PASSED).first()
    if trial is not None:
        return dict(trial.settings)
    if account.imap_host:
        return {field: getattr(account, field) for field in trying.MAIL_SETTINGS}
    guess = mail_hosts.guess(account.sender_address)
    shown = {name: getattr(guess, name) for name in guess.__slots__}
    return {**shown, "mail_sign_in": MailSignIn.PASSWORD.value, "imap_user": account.sender_address}


def _try_mailbox(request: TenantRequest, account: SellerAccount, entered: dict[str, Any]) -> None:
    way = entered["mail_sign_in"]
    user = entered["imap_user"]
    kept = {"mail_sign_in": way, "sender_address": account.sender_address, "imap_user": user}
    kept["authserv_id"] = entered["authserv_id"]
    if way == MailSignIn.PASSWORD:
        names = ("imap_host", "imap_port", "imap_security", "smtp_host", "smtp_port", "smtp_security")
        kept |= {name: entered[name] for name in names} | {"smtp_user": entered["smtp_user"] or user}
        password = entered["imap_password"]
        secrets = {"imap_password": password, "smtp_password": entered["smtp_password"] or password}
        _begin(request, account, TrialKind.MAILBOX, kept, secrets)
        return
    provider = mail_consent.providers()[way]
    for name, place in (("imap", provider.imap), ("smtp", provider.smtp)):
        kept |= {f"{name}_host": place.host, f"{name}_port": place.port, f"{name}_security": place.security}
    _begin(request, account, TrialKind.MAILBOX, {**kept, "smtp_user": user}, {}, by_consent=True)


@needs("manage_accounts")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_checks(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """The live checks; asked for anew by a POST, of which ?name= runs only one check's own group."""
    account = _account(account_id)
    if request.method == "POST":
        name = request.POST.get("name", "")
        leaders = [checking.leader_of(CheckName(name))] if name in CheckName else list(checking.LEADERS)
        checking.ask(account, leaders, now=timezone.now())
        if not wants_part(request):
            return _see(request, "connection_checks", account)
        # The rest of the step, ticked and chosen but not kept, stays as it is.
        return answer(request, PARTS["checks"], _around(request, "checks", account, _checks(account)))
    context = _checks(account, request.GET.get("days", ""))
    part = request.GET.get("part", "")
    if wants_part(request) and part in PARTS:
        return answer(request, PARTS[part], _around(request, "checks", account, context))
    return _step(request, "checks", account, context)


def _checks(account: SellerAccount, days: str = "") -> dict[str, Any]:
    """The checks in their order, and what still keeps the account from being finished."""
    rows = {row.name: row for row in account.checks.all()}
    checks = [rows[name] for name in CheckName if name in rows]
    return {
        "checks": checks,
        "passed": sum(check.state == CheckState.PASSED for check in checks),
        "busy": any(check.state == CheckState.RUNNING for check in checks),
        "open_points": connecting.open_points(account),
        "estimate": BackfillEstimate.objects.filter(account=account).first(),
        "history_days": HISTORY_DAYS,
        "days_chosen": _days(days),
    }


@needs("manage_accounts")
@require_POST
def connection_switches(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Keep what the admin has ticked off of the marketplace's own switches."""
    account = _account(account_id)
    _keep_ticks(account, request.POST.getlist("switch"))
    response = _see(request, "connection_checks", account)
    if days := request.POST.get("days", ""):
        response["Location"] += f"?days={_days(days)}"
    return response


def _days(given: str) -> int:
    """How many days of history were chosen."""
    return int(given) if given in map(str, HISTORY_DAYS) else DAYS_OF_HISTORY


def _keep_ticks(account: SellerAccount, given: list[str]) -> None:
    account.ticked = sorted({switch.key for switch in SWITCHES[account.marketplace]}.intersection(given))
    account.save(update_fields=["ticked"])


@needs("manage_accounts")
@require_POST
def connection_completion(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Finish: from now on the account is read and sends."""
    account = _account(account_id)
    _keep_ticks(account, request.POST.getlist("switch"))
    days = request.POST.get("days", "")
    try:
        connecting.finish(
            account,
            history_days=_days(days),
            by=request.membership,
            now=timezone.now(),
        )
    except connecting.NotReady as fault:
        context = {**_checks(account, days), "refusal": str(fault)}
        return _step(request, "checks", account, context, status=409)
    return redirect("account", slug=slug, account_id=account.pk)


@needs("manage_accounts")
@require_POST
def connection_cancellation(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Give up connecting an account: everything entered for it goes."""
    connecting.discard(_account(account_id))
    return redirect("accounts", slug=slug)


def _account(account_id: int) -> SellerAccount:
    return get_object_or_404(SellerAccount, pk=account_id)


def _begin(
    request: TenantRequest,
    account: SellerAccount,
    kind: TrialKind,
    kept: dict[str, Any],
    secrets: dict[str, str],
    *,
    by_consent: bool = False,
) -> None:
    trying.begin(
        account,
        kind,
        settings=kept,
        secrets=secrets,
        by=request.membership,
        now=timezone.now(),
        by_consent=by_consent,
    )


def _see(request: TenantRequest, name: str, account: SellerAccount) -> HttpResponse:
    response = redirect(name, slug=request.membership.tenant.slug, account_id=account.pk)
    response.status_code = 303
    return response


def _tried(
    request: TenantRequest, step: str, account: SellerAccount, kind: TrialKind, context: dict[str, Any]
) -> HttpResponse:
    """A step whose settings are tried by a worker: its page, and the part that waits for the outcome."""
    trial = account.trials.filter(kind=kind).first()
    state = trial.state if trial else ""
    if wants_part(request) and "part" in request.GET:
        if state == TrialState.PASSED:
            return HttpResponseClientRedirect(_address(request, _following(step, account), account))
        if state != TrialState.RUNNING:
            return HttpResponseClientRefresh()
        return answer(
            request, "inbox/connect/trial_part.html", _around(request, step, account, {"trial": trial})
        )
    return _step(request, step, account, {**context, "trial": trial, "kind": kind.value})


def _following(step: str, account: SellerAccount) -> str:
    """The step after one that is through; a new key of a connected account leaves its mailbox alone."""
    if step == "key" and account.is_connected and "mailbox" in connecting.entered([account])[account.pk]:
        return "checks"
    return STEPS[STEPS.index(step) + 1]


def _step(
    request: TenantRequest,
    step: str,
    account: SellerAccount,
    context: dict[str, Any],
    *,
    marketplace: Marketplace | None = None,
    status: int = 0,
) -> HttpResponse:
    form = context.get("form")
    invalid = isinstance(form, forms.Form) and form.is_bound and bool(form.errors)
    around = _around(request, step, account, context, marketplace=marketplace)
    return answer(request, PAGES[step], around, status=status or (422 if invalid else 200))


def _around(
    request: TenantRequest,
    step: str,
    account: SellerAccount,
    context: dict[str, Any],
    *,
    marketplace: Marketplace | None = None,
) -> dict[str, Any]:
    kind = marketplace or account.marketplace
    steps = [(key, _address(request, key, account) if account.pk else "") for key in STEPS]
    held = connecting.entered([account])[account.pk] | {"start"} if account.pk else set()
    return {
        **frame(request, place="accounts", now=timezone.now()),
        "account": account,
        "marketplace": kind,
        "facts": FACTS[kind],
        "switches": SWITCHES[kind],
        "key_page": KEY_PAGES[kind],
        "step": step,
        "steps": steps,
        "steps_done": held,
        **context,
    }


def _address(request: TenantRequest, step: str, account: SellerAccount) -> str:
    slug = request.membership.tenant.slug
    return reverse(f"connection_{step}", kwargs={"slug": slug, "account_id": account.pk})
