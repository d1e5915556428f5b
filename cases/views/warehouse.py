"""The warehouse's board, one check on it, its photo, and what answers may do by themselves."""

from datetime import datetime
from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import push_url

from accounts.access import may, needs
from accounts.cursors import BadCursor
from accounts.files import serve_picture
from accounts.middleware import TenantRequest
from accounts.refusals import Refused
from cases.models import CheckAnswer, WarehouseCheck
from cases.warehouse import answering, board, ruling
from cases.warehouse.board import Board
from cases.warehouse.forms import AnswerForm, RuleForm
from inbox.views.frame import answer, frame, wants_part


@needs("answer_checks")
@require_GET
def warehouse(request: TenantRequest, slug: str) -> HttpResponse:
    """The board: open checks, ?list=answered, or what ?q= finds; htmx gets the list alone."""
    template = "cases/warehouse_looked_at.html" if wants_part(request) else "cases/warehouse.html"
    return answer(request, template, _board(request, now=timezone.now()))


@needs("answer_checks")
@require_GET
def warehouse_check(request: TenantRequest, slug: str, check_id: int) -> HttpResponse:
    """One check, to be answered."""
    return answer(request, "cases/warehouse_check.html", _check(request, check_id, now=timezone.now()))


@needs("answer_checks")
@require_POST
def check_answer(request: TenantRequest, slug: str, check_id: int) -> HttpResponse:
    """Answer a check; what cannot be taken stands above the form with all that was typed."""
    form, now = AnswerForm(request.POST, request.FILES), timezone.now()
    try:
        answering.answer(check_id, form.found(), by=request.membership, now=now)
    except WarehouseCheck.DoesNotExist as gone:
        raise Http404 from gone
    except Refused as refused:
        template = "cases/warehouse_refused.html" if wants_part(request) else "cases/warehouse_check.html"
        context = _check(request, check_id, now=now) | {"refusal": str(refused), "given": request.POST.dict()}
        return answer(request, template, context, status=409)
    return _done(request, "?done=1")


@needs("answer_checks")
@require_GET
def check_photo(request: TenantRequest, slug: str, check_id: int) -> FileResponse:
    """The photo of an answer."""
    check = get_object_or_404(WarehouseCheck.objects.exclude(photo_path=""), pk=check_id)
    return serve_picture(check.photo_path, name="photo")


@needs("manage_policies")
@require_POST
def warehouse_rule(request: TenantRequest, slug: str) -> HttpResponse:
    """Let pure tracking updates leave by themselves, or not any more."""
    form = RuleForm(request.POST)
    form.is_valid()
    allowed = bool(form.cleaned_data["allowed"])
    ruling.let_tracking_leave(allowed, by=request.membership, now=timezone.now())
    return _done(request, "")


def _done(request: TenantRequest, query: str) -> HttpResponse:
    address = reverse("warehouse", kwargs={"slug": request.membership.tenant.slug})
    if not wants_part(request):
        response = redirect(address + query)
        response.status_code = 303
        return response
    context = _board(request, now=timezone.now()) | {"done": bool(query)}
    return push_url(answer(request, "cases/warehouse_done.html", context), address)


def _board(request: TenantRequest, *, now: datetime) -> dict[str, Any]:
    typed, listing = request.GET.get("q", "").strip(), request.GET.get("list", "")
    key = "found" if typed else "answered" if listing == "answered" else "open"
    managing = may(request.membership, "manage_policies")
    return frame(request, place="checks", now=now) | {
        "board": _listing(request, key, typed, now=now),
        "key": key,
        "after": request.GET.get("after", ""),
        "typed": typed,
        "done": request.GET.get("done") == "1",
        "managing": managing,
        "tracking_leaves": managing and ruling.tracking_leaves(),
    }


def _listing(request: TenantRequest, key: str, typed: str, *, now: datetime) -> Board:
    if key == "found":
        return board.found_checks(typed, membership=request.membership, now=now)
    if key == "open":
        return board.open_checks(now=now)
    try:
        return board.answered_checks(now=now, after=request.GET.get("after", ""))
    except BadCursor as error:
        raise Http404 from error


def _check(request: TenantRequest, check_id: int, *, now: datetime) -> dict[str, Any]:
    try:
        row = board.one(check_id, now=now)
    except WarehouseCheck.DoesNotExist as gone:
        raise Http404 from gone
    return frame(request, place="checks", now=now) | {
        "row": row,
        "check": row.check,
        "answers": CheckAnswer.choices,
        "given": {},
        "refusal": "",
    }
