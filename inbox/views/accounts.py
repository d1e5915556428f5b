"""The seller accounts: how each does, and what an admin does about its reading."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, OuterRef, Q, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import needs
from accounts.days import day_of, midnight
from accounts.middleware import TenantRequest
from inbox import account_facts
from inbox.account_forms import RefetchForm
from inbox.forms import first_error
from inbox.views.frame import answer, frame, wants_part
from marketplaces import (
    account_acts,
    auditing,
    backfill_progress,
    backfills,
    connecting,
    disconnecting,
    performance,
)
from marketplaces.models import ApiStream, Backfill, Health, HookSubscription, SellerAccount
from marketplaces.types import FACTS, STREAM_TITLES

# What an act that shows nothing at once says meanwhile, by ?told=.
TOLD = {"checked": "Mailbox and marketplace are tried now. What comes of it appears below by itself."}
Act = Callable[[SellerAccount, datetime], object]


@needs("see_accounts")
@require_GET
def accounts(request: TenantRequest, slug: str) -> HttpResponse:
    """Every seller account with its figures, those that need somebody first, and what is half connected."""
    now, zone = timezone.now(), request.membership.time_zone
    ill = ApiStream.objects.filter(account=OuterRef("pk")).exclude(health=Health.OK)
    well = Q(health=Health.OK, silent_since__isnull=True) & ~Exists(ill)
    found = SellerAccount.objects.order_by(Case(When(well, then=1), default=0), "name", "pk")
    rows = list(found)
    connected = [row for row in rows if row.is_connected]
    facts = account_facts.facts(connected, now=now, zone=zone)
    context = {
        "accounts": connected,
        "unfinished": _unfinished(rows),
        "disconnected": [row for row in rows if row.disconnected_at is not None],
        "facts": facts,
        "lately": account_facts.lately(connected, facts),
        "marketplaces": FACTS,
        "connected_at": {key: sum(row.marketplace == key for row in connected) for key in FACTS},
        "weekday": now.astimezone(ZoneInfo(zone)).strftime("%a"),
    }
    return answer(request, "inbox/accounts.html", frame(request, place="accounts", now=now) | context)


def _unfinished(rows: list[SellerAccount]) -> list[tuple[SellerAccount, str]]:
    """What is half connected, each with the page to go on at."""
    drafts = [row for row in rows if row.connecting_since is not None]
    held = connecting.entered(drafts) if drafts else {}
    missing = {row.pk: [step for step in ("key", "mailbox") if step not in held[row.pk]] for row in drafts}
    return [(row, f"connection_{(missing[row.pk] or ['checks'])[0]}") for row in drafts]


@needs("see_accounts")
@require_GET
def account(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """One seller account with all that is known of it."""
    return _page(request, _account(account_id))


@needs("see_accounts")
@require_GET
def account_history(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """How far the history has come; a part of the account's page, which asks for it by itself."""
    found = _account(account_id)
    if not wants_part(request):
        return redirect("account", slug=slug, account_id=found.pk)
    now = timezone.now()
    context = frame(request, place="accounts", now=now) | _history(request, found, now)
    return answer(request, "inbox/_backfill.html", context)


@needs("manage_accounts")
@require_POST
def account_check(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Try everything of an account now."""
    response = _done(
        request, account_id, lambda row, now: account_acts.check_again(row, by=request.membership, now=now)
    )
    response["Location"] += "?told=checked"
    return response


@needs("manage_accounts")
@require_POST
def account_pause(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Read and send nothing for the time being."""
    return _done(
        request, account_id, lambda row, now: account_acts.pause(row, by=request.membership, now=now)
    )


@needs("manage_accounts")
@require_POST
def account_resumption(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Read and send again."""
    return _done(
        request, account_id, lambda row, now: account_acts.resume(row, by=request.membership, now=now)
    )


@needs("manage_accounts")
@require_POST
def account_comparison(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Count mailbox and orders on both sides now."""
    return _done(
        request, account_id, lambda row, now: account_acts.compare(row, by=request.membership, now=now)
    )


@needs("manage_accounts")
@require_POST
def account_names(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Ask the marketplace for buyers' names and places, or do without."""
    wanted, by = request.POST.get("wanted") == "1", request.membership
    return _done(
        request, account_id, lambda row, now: account_acts.ask_for_names(row, wanted=wanted, by=by, now=now)
    )


@needs("manage_accounts")
@require_POST
def account_refetching(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Fetch everything since a day that is not here."""
    form = RefetchForm(request.POST)
    if not form.is_valid():
        return _page(request, _account(account_id), refusal=first_error(form), status=422)
    since = midnight(form.cleaned_data["since"], request.membership.time_zone)
    if since >= timezone.now():
        refusal = "Choose a day that has begun already."
        return _page(request, _account(account_id), refusal=refusal, status=422)
    by = request.membership
    return _done(request, account_id, lambda row, now: account_acts.refetch_from(row, since, by=by, now=now))


@needs("manage_accounts")
@require_POST
def account_history_stop(
    request: TenantRequest, slug: str, account_id: int, backfill_id: int
) -> HttpResponse:
    """Stop fetching history."""
    row = get_object_or_404(Backfill, pk=backfill_id, account=account_id)
    backfills.stop(row, by=request.membership, now=timezone.now())
    if wants_part(request):
        now, found = timezone.now(), _account(account_id)
        context = frame(request, place="accounts", now=now) | _history(request, found, now)
        return answer(request, "inbox/_backfill.html", context)
    return _see(request, account_id)


@needs("manage_accounts")
@require_http_methods(["GET", "HEAD", "POST"])
def account_disconnection(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """Say what disconnecting deletes and when, and do it."""
    found, now = _account(account_id), timezone.now()
    if request.method == "POST":
        disconnecting.disconnect(found, by=request.membership, now=now)
        return redirect("accounts", slug=slug)
    context = {"account": found, "preview": disconnecting.preview(found, now=now)}
    return answer(
        request, "inbox/account_disconnection.html", frame(request, place="accounts", now=now) | context
    )


def _account(account_id: int) -> SellerAccount:
    return get_object_or_404(
        SellerAccount.objects.select_related("tenant").prefetch_related("folders", "streams"), pk=account_id
    )


def _done(request: TenantRequest, account_id: int, act: Act) -> HttpResponse:
    act(_account(account_id), timezone.now())
    return _see(request, account_id)


def _see(request: TenantRequest, account_id: int) -> HttpResponse:
    response = redirect("account", slug=request.membership.tenant.slug, account_id=account_id)
    response.status_code = 303
    return response


def _page(
    request: TenantRequest, found: SellerAccount, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    now, zone = timezone.now(), request.membership.time_zone
    today = day_of(now, request.membership.tenant.time_zone)
    context = {
        "account": found,
        "facts": account_facts.facts([found], now=now, zone=zone)[found.pk],
        "audit_days": auditing.last_days([found.pk], today=today)[found.pk],
        "figures": performance.shown(found),
        "hooks": HookSubscription.objects.filter(account=found).first(),
        "stream_titles": STREAM_TITLES,
        "refusal": refusal,
        "told": TOLD.get(request.GET.get("told", ""), ""),
        "comparing": found.disconnected_at is None and auditing.under_way(found, now=now),
        "weekday": now.astimezone(ZoneInfo(zone)).strftime("%a"),
        **_history(request, found, now),
    }
    around = frame(request, place="accounts", now=now)
    return answer(request, "inbox/account.html", around | context, status=status)


def _history(request: TenantRequest, found: SellerAccount, now: datetime) -> dict[str, Any]:
    slug = request.membership.tenant.slug

    def stop_url(each: backfill_progress.Progress) -> str:
        ids = {"slug": slug, "account_id": found.pk, "backfill_id": each.id}
        return reverse("account_history_stop", kwargs=ids)

    return {
        "backfill": backfill_progress.progress([found.pk], now=now).get(found.pk, []),
        "backfill_url": reverse("account_history", kwargs={"slug": slug, "account_id": found.pk}),
        "backfill_stop_url": stop_url,
    }
