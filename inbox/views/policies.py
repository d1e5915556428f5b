"""The SLA policies and the business hours; for leads and admins."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import needs
from accounts.forms import sentences
from accounts.middleware import TenantRequest
from accounts.models import AuditEntry
from accounts.refusals import Refused
from inbox import policy_changes, policy_listing, policy_preview, proposing, targets
from inbox.hours import WEEKDAYS, Hours, HoursFault, parse_hours, windows_text
from inbox.models import Recomputation, Told
from inbox.policies import all_policies, business_hours
from inbox.policy_forms import HoursForm, PlaceForm, PolicyForm
from inbox.proposing import Wish
from inbox.views.frame import answer, frame, reader, wants_part
from marketplaces.models import CONNECTED, SellerAccount
from marketplaces.types import FACTS

SHOWN_ENTRIES = 20


@needs("manage_policies")
@require_http_methods(["GET", "HEAD", "POST"])
def policies(request: TenantRequest, slug: str) -> HttpResponse:
    """All policies with the hours and what was changed lately; a new version of one."""
    if request.method != "POST":
        return _list(request)
    form, now = PolicyForm(request.POST), timezone.now()
    if not form.is_valid():
        return _form(request, request.POST, errors=sentences(form), status=422)
    try:
        policy_changes.save_policy(_wish(form.cleaned_data), by=request.membership, now=now)
    except Refused as refused:
        return _form(request, request.POST, errors=[str(refused)], status=409)
    return _back(request)


@needs("manage_policies")
@require_GET
def policy_form(request: TenantRequest, slug: str) -> HttpResponse:
    """One policy to be changed: ?marketplace=&kind=, and &account= for one of its own."""
    return _form(request, request.GET)


@needs("manage_policies")
@require_POST
def policy_preview_shown(request: TenantRequest, slug: str) -> HttpResponse:
    """What a policy would move; nothing is stored."""
    form, now = PolicyForm(request.POST), timezone.now()
    if not form.is_valid():
        return _moves(request, errors=sentences(form), status=422)
    try:
        row = proposing.proposed(_wish(form.cleaned_data), by=request.membership, now=now)
    except Refused as refused:
        return _moves(request, errors=[str(refused)], status=409)
    return _moves(request, row=row, moves=policy_preview.moves(row, now=now))


@needs("manage_policies")
@require_POST
def policy_withdrawal(request: TenantRequest, slug: str) -> HttpResponse:
    """Go back to what holds above it: the marketplace's policy, or its promise."""
    form, now = PlaceForm(request.POST), timezone.now()
    if not form.is_valid():
        return _list(request, errors=sentences(form), status=422)
    place = form.cleaned_data
    wish = Wish(place["marketplace"], place["kind"], _account(place["account"]), withdrawn=True)
    try:
        policy_changes.save_policy(wish, by=request.membership, now=now)
    except Refused as refused:
        return _list(request, errors=[str(refused)], status=409)
    return _back(request)


@needs("manage_policies")
@require_http_methods(["GET", "HEAD", "POST"])
def policy_hours(request: TenantRequest, slug: str) -> HttpResponse:
    """The business hours, and new ones."""
    if request.method != "POST":
        return _hours_page(request)
    try:
        policy_changes.save_hours(_hours(request), by=request.membership, now=timezone.now())
    except HoursFault as fault:
        return _hours_page(request, errors=[str(fault)], status=422)
    except Refused as refused:
        return _hours_page(request, errors=[str(refused)], status=409)
    return _back(request)


@needs("manage_policies")
@require_POST
def policy_hours_preview(request: TenantRequest, slug: str) -> HttpResponse:
    """How many running targets other hours would move; nothing is stored."""
    try:
        hours = _hours(request)
    except HoursFault as fault:
        return _hours_moves(request, errors=[str(fault)], status=422)
    moved, words = policy_preview.target_moves(hours), policy_changes.hours_words(hours)
    return _hours_moves(request, targets_moved=moved, words=words)


@needs("manage_policies")
@require_GET
def policy_progress(request: TenantRequest, slug: str) -> HttpResponse:
    """How far the running deadlines have been brought in line; looks again until they are."""
    context = reader(request, now=timezone.now()) | {"recomputation": _newest()}
    if not wants_part(request):
        return redirect("policies", slug=slug)
    return answer(request, "inbox/_policy_progress.html", context)


def _wish(given: dict[str, Any]) -> Wish:
    return Wish(
        given["marketplace"],
        given["kind"],
        _account(given["account"]),
        allowance_minutes=int(given["allowance"] * 60),
        target_minutes=int(given["target"] * 60) if given["target"] else None,
        warn_minutes=given["warn"],
        told=given["told"],
        running_too=given["reach"] == "running",
        longer=given["longer"],
    )


def _account(account_id: int | None) -> SellerAccount | None:
    return get_object_or_404(SellerAccount, pk=account_id) if account_id else None


def _hours(request: TenantRequest) -> Hours:
    form = HoursForm(request.POST)
    if not form.is_valid():
        raise HoursFault(sentences(form)[0])
    return parse_hours(form.cleaned_data["zone"].strip(), form.days, form.cleaned_data["holidays"])


def _newest() -> Recomputation | None:
    return Recomputation.objects.order_by("-id").first()


def _back(request: TenantRequest) -> HttpResponse:
    response = redirect("policies", slug=request.membership.tenant.slug)
    response.status_code = 303
    return response


def _list(request: TenantRequest, *, errors: list[str] | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    accounts = list(SellerAccount.objects.filter(CONNECTED).order_by("name", "pk"))
    entries = AuditEntry.objects.select_related("actor__user").filter(action__in=policy_changes.ACTIONS)
    context = {
        "groups": policy_listing.groups(all_policies(), accounts, now=now),
        "accounts": accounts,
        "hours": business_hours(),
        "weekdays": WEEKDAYS,
        "windows_text": windows_text,
        "recomputation": _newest(),
        "subject_words": policy_changes.subject_words,
        "entries": entries.order_by("-at", "-id")[:SHOWN_ENTRIES],
        "errors": errors or [],
    }
    around = frame(request, place="policies", now=now)
    return answer(request, "inbox/policies.html", around | context, status=status)


def _form(
    request: TenantRequest,
    given: QueryDict,
    *,
    errors: list[str] | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    now, place = timezone.now(), PlaceForm(given)
    if "marketplace" not in given:
        return redirect("policies", slug=request.membership.tenant.slug)
    if not place.is_valid():
        raise Http404
    wish = Wish(
        place.cleaned_data["marketplace"],
        place.cleaned_data["kind"],
        _account(place.cleaned_data["account"]),
    )
    context = _form_context(wish, given, now=now) | more | {"errors": errors or []}
    around = frame(request, place="policies", now=now)
    return answer(request, "inbox/policy.html", around | context, status=status)


def _form_context(wish: Wish, given: QueryDict, *, now: datetime) -> dict[str, Any]:
    try:
        promise = proposing.promise_of(wish.marketplace, wish.kind, now=now)
    except Refused as unknown:
        raise Http404 from unknown
    policy = policy_changes.holds(wish, now=now)
    if policy is None or (wish.account is not None and wish.account.marketplace != wish.marketplace):
        raise Http404
    return {
        "wish": wish,
        "facts": FACTS[promise.marketplace],  # type: ignore[index]
        "promise": promise,
        "promised": proposing.span(promise.allowance_minutes),
        "policy": policy,
        "own": policy.saved_at is not None and (wish.account is None or policy.account_id is not None),
        "usual_warning": targets.default_warning(policy.allowance_minutes),
        "tellings": Told.choices,
        "typed": given if "allowance" in given else {},
        "accounts": [
            account
            for account in SellerAccount.objects.order_by("name", "pk")
            if account.marketplace == wish.marketplace
        ],
    }


def _moves(
    request: TenantRequest, *, errors: list[str] | None = None, status: int = 200, **shown: Any
) -> HttpResponse:
    if not wants_part(request):
        return _form(request, request.POST, errors=errors, status=status, **shown)
    context = reader(request, now=timezone.now()) | shown | {"errors": errors or []}
    return answer(request, "inbox/_policy_moves.html", context, status=status)


def _hours_page(
    request: TenantRequest, *, errors: list[str] | None = None, status: int = 200, **shown: Any
) -> HttpResponse:
    hours, typed = business_hours(), request.POST
    days = [
        (name, typed.get(f"day{number}", windows_text(hours.week[number])))
        for number, name in enumerate(WEEKDAYS)
    ]
    holidays = "\n".join(f"{day} {name}" for day, name in hours.holidays.items())
    context = {
        "days": days,
        "time_zone": typed.get("zone", hours.zone.key),
        "zones": sorted(
            name for name in available_timezones() if "/" in name and not name.startswith("Etc/")
        ),
        "holidays": typed.get("holidays", holidays),
        "errors": errors or [],
    }
    around = frame(request, place="policies", now=timezone.now())
    return answer(request, "inbox/policy_hours.html", around | context | shown, status=status)


def _hours_moves(
    request: TenantRequest, *, errors: list[str] | None = None, status: int = 200, **shown: Any
) -> HttpResponse:
    if not wants_part(request):
        return _hours_page(request, errors=errors, status=status, **shown)
    context = reader(request, now=timezone.now()) | shown | {"errors": errors or []}
    return answer(request, "inbox/_policy_hours_moves.html", context, status=status)
