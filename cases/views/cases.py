"""The pages of cases, and the acts on one; each act answers with its conversation as it is then."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import needs
from accounts.cursors import BadCursor
from accounts.middleware import TenantRequest
from accounts.refusals import Refused
from cases import acts
from cases.acts import Wanted
from cases.forms import ClosureForm, DecisionForm, OpeningAboutForm, OpeningForm, StageForm, in_zone
from cases.listing import TABS, case_list
from cases.models import Case, CaseOutcome, Decider
from cases.narrowing import narrowing_of
from cases.opening import Decision
from cases.panel import choices, panels, version
from cases.types import types
from inbox.forms import first_error
from inbox.models import Conversation
from inbox.views.frame import answer, frame, reader, view_of, view_query, wants_part
from inbox.views.pane import perform
from marketplaces.models import SellerAccount


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def cases(request: TenantRequest, slug: str) -> HttpResponse:
    """A list of cases by ?tab= and what narrows it, and where one without a conversation is opened."""
    if request.method != "POST":
        return _list(request)
    form = OpeningAboutForm(request.POST)
    if not form.is_valid():
        return _list(request, refusal=first_error(form))
    try:
        with transaction.atomic():
            case = _open_about(request, form.cleaned_data, now=timezone.now())
    except Refused as refused:
        return _list(request, refusal=str(refused))
    response = redirect("conversation", slug=slug, number=case.conversation.number)
    response.status_code = 303
    return response


def _open_about(request: TenantRequest, given: dict[str, Any], *, now: datetime) -> Case:
    seen = SellerAccount.objects.select_related("tenant").filter(disconnected_at__isnull=True)
    account = get_object_or_404(seen, pk=given["account"])
    due_at = in_zone(given["due_at"], request.membership.time_zone)
    wanted = Wanted(
        *(given["type"], given["reference"], given["amount"]), due_at=due_at, form_key=given["form_key"]
    )
    return acts.open_about(account, given["order"], wanted, by=request.membership, now=now)


def _list(request: TenantRequest, *, refusal: str = "") -> HttpResponse:
    now, given = timezone.now(), request.GET
    try:
        listing = case_list(
            given.get("tab", ""),
            narrowing=narrowing_of(given.dict()),
            after=given.get("after", ""),
            now=now,
            zone=request.membership.time_zone,
        )
    except BadCursor as error:
        raise Http404 from error
    context = {"listing": listing, "tabs": TABS.values(), "types": types().values(), "refusal": refusal}
    # What was typed on a refused sheet stays on it.
    typed = dict.fromkeys(OpeningAboutForm.base_fields, "") | request.POST.dict()
    context |= {"form_key": uuid4(), "typed": typed, "outcomes": dict(CaseOutcome.choices)}
    if wants_part(request) and request.method != "POST":
        return answer(request, "cases/more.html", reader(request, now=now) | context)
    around = frame(request, place="case_pages", now=now)
    return answer(request, "cases/cases.html", around | context, status=409 if refusal else 200)


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def conversation_cases(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """The cases of a conversation, and a way to open one by hand."""
    if request.method != "POST":
        return _panel(request, number)
    form = OpeningForm(request.POST)

    def act(conversation: Conversation, now: datetime) -> None:
        given = form.cleaned_data
        wanted = Wanted(
            type=given["type"],
            reference=given["reference"],
            amount=given["amount"],
            due_at=in_zone(given["due_at"], request.membership.time_zone),
        )
        acts.open_by_hand(conversation, wanted, by=request.membership, now=now)

    return _perform(request, number, form, act)


@needs("converse")
@require_POST
def case_stages(request: TenantRequest, slug: str, number: int, case_id: int) -> HttpResponse:
    """Put a case into another stage, or record that what it asks for was done."""
    form = StageForm(request.POST)

    def act(conversation: Conversation, now: datetime) -> None:
        case, given, by = _case(conversation, case_id), form.cleaned_data, request.membership
        if given["stage"] == "done":
            acts.done_there(case, by=by, note=given["note"], now=now)
        else:
            due_at = in_zone(given["due_at"], by.time_zone)
            acts.move(case, given["stage"], by=by, note=given["note"], due_at=due_at, now=now)

    return _perform(request, number, form, act)


@needs("converse")
@require_POST
def case_decision(request: TenantRequest, slug: str, number: int, case_id: int) -> HttpResponse:
    """Write down what came of a case."""
    form = DecisionForm(request.POST)

    def act(conversation: Conversation, now: datetime) -> None:
        given = form.cleaned_data
        decision = Decision(given["outcome"], Decider(given["decided_by"]), given["paid"])
        acts.record_decision(_case(conversation, case_id), decision, by=request.membership, now=now)

    return _perform(request, number, form, act)


@needs("converse")
@require_POST
def case_closure(request: TenantRequest, slug: str, number: int, case_id: int) -> HttpResponse:
    """Keep the lesson, if one was written, and put the case away."""
    form = ClosureForm(request.POST)

    def act(conversation: Conversation, now: datetime) -> None:
        case, by = _case(conversation, case_id), request.membership
        if form.cleaned_data["lesson"].strip():
            acts.write_lesson(case, form.cleaned_data["lesson"], by=by, now=now)
        acts.finish(case, by=by, now=now)

    return _perform(request, number, form, act)


def _perform(
    request: TenantRequest, number: int, form: Form, act: Callable[[Conversation, datetime], None]
) -> HttpResponse:
    def checked(conversation: Conversation, now: datetime) -> None:
        if not form.is_valid():
            raise Refused(first_error(form))
        act(conversation, now)

    return perform(request, number, checked, keeps_composer=True)


def _case(conversation: Conversation, case_id: int) -> Case:
    rows = Case.objects.select_related("order", "deadline")
    case: Case = get_object_or_404(rows, pk=case_id, conversation=conversation)
    case.conversation = conversation
    return case


def _panel(request: TenantRequest, number: int) -> HttpResponse:
    now = timezone.now()
    talk = get_object_or_404(Conversation.objects.select_related("account"), number=number)
    shown = panels(talk, now=now)
    # What somebody is writing there is taken away only when a case itself has changed.
    if request.GET.get("seen") == (seen := version(shown)):
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "talk": talk,
        "panels": shown,
        "seen": seen,
        "choices": choices(talk),
        "outcomes": CaseOutcome.choices,
        "deciders": Decider.choices,
        "view_query": view_query(view_of(request)),
    }
    template = "cases/panel.html" if wants_part(request) else "cases/conversation_cases.html"
    return answer(request, template, reader(request, now=now) | context)
