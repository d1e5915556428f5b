"""An agent's side of a check: ask, take it back, and send what the answer has filled."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from accounts.access import needs
from accounts.middleware import TenantRequest
from accounts.refusals import Refused
from cases.models import WarehouseCheck
from cases.warehouse import asking, ruling, sending, talk
from cases.warehouse.forms import AskForm, SeenForm
from cases.warehouse.holes import HOLES
from inbox.models import Conversation, OutboundReply
from inbox.views.frame import answer, reader, view_of, view_query, wants_part
from inbox.views.pane import Typed, perform


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def checks(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """The checks of a conversation beside it; a POST asks the warehouse."""
    if request.method == "POST":
        return _ask(request, number)
    now = timezone.now()
    try:
        found = talk.checks_of(number, now=now)
    except Conversation.DoesNotExist as error:
        raise Http404 from error
    template = "cases/warehouse_checks_seen.html" if wants_part(request) else "cases/warehouse_checks.html"
    return answer(request, template, _around(request, number, now=now) | {"found": found})


@needs("converse")
@require_GET
def check_asking(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """The form that asks the warehouse."""
    get_object_or_404(Conversation.objects.only("pk"), number=number)
    return _form(request, number)


@needs("converse")
@require_POST
def check_withdrawal(request: TenantRequest, slug: str, number: int, check_id: int) -> HttpResponse:
    """Take a question back."""
    check = _check(number, check_id)

    def act(conversation: Conversation, now: datetime) -> None:
        asking.withdraw(check, by=request.membership, now=now)

    return perform(request, number, act, keeps_composer=True)


@needs("converse")
@require_POST
def check_reply(request: TenantRequest, slug: str, number: int, check_id: int) -> HttpResponse:
    """Send the prepared reply; what stops it stands in the composer, with the text."""
    check, form = _check(number, check_id), SeenForm(request.POST)
    seen = form.cleaned_data if form.is_valid() else dict.fromkeys(form.fields, 0)

    def act(conversation: Conversation, now: datetime) -> OutboundReply:
        return sending.send(check, conversation, by=request.membership, now=now, **seen)

    typed = Typed("reply", sending.above_draft(check, by=request.membership))
    return perform(request, number, act, typed=typed)


@needs("converse")
@require_POST
def check_reply_editing(request: TenantRequest, slug: str, number: int, check_id: int) -> HttpResponse:
    """Put the prepared reply into the composer."""
    check = _check(number, check_id)

    def act(conversation: Conversation, now: datetime) -> None:
        sending.take_over(check, conversation, by=request.membership, now=now)

    return perform(request, number, act)


@needs("converse")
@require_POST
def check_reply_cancellation(request: TenantRequest, slug: str, number: int, check_id: int) -> HttpResponse:
    """Throw the prepared reply away."""
    check = _check(number, check_id)

    def act(conversation: Conversation, now: datetime) -> None:
        sending.throw_away(check, conversation, by=request.membership, now=now)

    return perform(request, number, act, keeps_composer=True)


def _ask(request: TenantRequest, number: int) -> HttpResponse:
    asked, refusals = AskForm(request.POST).asked(), []

    def act(conversation: Conversation, now: datetime) -> None:
        try:
            asking.ask(conversation, by=request.membership, now=now, **asked)
        except Refused as refused:
            refusals.append(str(refused))
            raise

    response = perform(request, number, act, keeps_composer=True)
    return _form(request, number, refusal=refusals[0], status=409) if refusals else response


def _form(request: TenantRequest, number: int, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "common": asking.COMMON.items(),
        "longest": asking.LONGEST_QUESTION,
        "holes": HOLES,
        "tracking_leaves": ruling.tracking_leaves(),
        "given": request.POST.dict(),
        "refusal": refusal,
    }
    part = wants_part(request)
    template = "cases/warehouse_asked.html" if part else "cases/warehouse_ask.html"
    around = _around(request, number, now=timezone.now())
    response = answer(request, template, around | context, status=status)
    return reswap(retarget(response, "#sheet"), "innerHTML") if part else response


def _around(request: TenantRequest, number: int, *, now: datetime) -> dict[str, Any]:
    return reader(request, now=now) | {"number": number, "view_query": view_query(view_of(request))}


def _check(number: int, check_id: int) -> WarehouseCheck:
    rows = WarehouseCheck.objects.select_related("conversation")
    return get_object_or_404(rows, pk=check_id, conversation__number=number)
