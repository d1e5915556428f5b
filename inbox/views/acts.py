"""The acts on a conversation besides replying, one resource each."""

from datetime import datetime
from typing import Any

from django.db.models import Case, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import PERMISSIONS, needs
from accounts.middleware import TenantRequest
from accounts.models import Membership
from inbox import actions, recognising
from inbox.actions import Refused
from inbox.forms import AssignmentForm, NoteForm, RecognitionForm, SettlementForm, first_error
from inbox.models import Conversation
from inbox.views.frame import answer, reader, view_of, view_query, wants_part
from inbox.views.pane import Typed, perform, show
from marketplaces import seeing
from marketplaces.mailbox.parsed import MailKind


@needs("converse")
@require_POST
def closure(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Put a conversation away."""

    def act(conversation: Conversation, now: datetime) -> None:
        actions.close(conversation, by=request.membership, now=now)

    return perform(request, number, act, then_next=True)


@needs("converse")
@require_POST
def reopening(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Take a closed conversation back."""

    def act(conversation: Conversation, now: datetime) -> None:
        actions.reopen(conversation, by=request.membership, now=now)

    return perform(request, number, act)


@needs("converse")
@require_POST
def settlement(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Stop the clocks because a person says that no answer is due."""
    form = SettlementForm(request.POST)
    if not form.is_valid():
        typed = Typed(error=first_error(form))
        return show(request, number, now=timezone.now(), typed=typed, status=422)

    def act(conversation: Conversation, now: datetime) -> None:
        actions.settle_clock(conversation, by=request.membership, now=now, **form.cleaned_data)

    return perform(request, number, act, then_next=True)


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def recognition(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Ask what kind of mail it is, and file it so."""
    if request.method != "POST":
        return _ask_what(request, number)
    form = RecognitionForm(request.POST)
    form.is_valid()
    kind = form.cleaned_data.get("kind") or MailKind.BUYER_MESSAGE
    order = form.cleaned_data.get("order", "") if "order" in request.POST else None

    asked_about = form.cleaned_data.get("message_id")

    def act(conversation: Conversation, now: datetime) -> None:
        recognising.file_as(
            conversation, by=request.membership, kind=kind, number=order, asked_about=asked_about, now=now
        )

    return perform(request, number, act)


def _ask_what(request: TenantRequest, number: int) -> HttpResponse:
    rows = Conversation.objects.select_related("account", "order")
    conversation = get_object_or_404(rows, number=number)
    context: dict[str, Any] = {"number": number, "view_query": view_query(view_of(request)), "refusal": ""}
    try:
        context["asked"] = recognising.question(conversation)
    except Refused as refused:
        context |= {"asked": None, "refusal": str(refused)}
    template = "inbox/recognition_asked.html" if wants_part(request) else "inbox/recognition.html"
    return answer(request, template, reader(request, now=timezone.now()) | context)


@needs("converse")
@require_POST
def notes(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Leave a note for the team."""
    form = NoteForm(request.POST)
    typed = Typed("note", request.POST.get("body", ""))
    if not form.is_valid():
        typed = Typed("note", typed.text, first_error(form))
        return show(request, number, now=timezone.now(), typed=typed, status=422)

    def act(conversation: Conversation, now: datetime) -> None:
        actions.add_note(conversation, by=request.membership, now=now, **form.cleaned_data)

    return perform(request, number, act, typed=typed)


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def assignment(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Ask whom to make responsible, and do it."""
    return _assign(request, number) if request.method == "POST" else _ask_whom(request, number)


def _assign(request: TenantRequest, number: int) -> HttpResponse:
    form = AssignmentForm(request.POST)
    members = Membership.objects.select_related("user", "tenant").filter(tenant=request.membership.tenant)
    if not form.is_valid():
        typed = Typed(error="Choose one of the members.")
        return show(request, number, now=timezone.now(), typed=typed, status=422)
    chosen = form.cleaned_data["assignee"]
    assignee = get_object_or_404(members, pk=chosen) if chosen is not None else None

    def act(conversation: Conversation, now: datetime) -> None:
        actions.assign(conversation, by=request.membership, assignee=assignee, now=now)

    return perform(request, number, act, keeps_composer=True)


def _ask_whom(request: TenantRequest, number: int) -> HttpResponse:
    talk = get_object_or_404(Conversation.objects.only("account_id"), number=number)
    me = request.membership
    members = (
        Membership.objects.select_related("user")
        .filter(
            seeing.who_see(talk.account_id),
            tenant=me.tenant,
            is_active=True,
            user__is_active=True,
            role__in=PERMISSIONS["converse"],
        )
        .order_by(Case(When(pk=me.pk, then=0), default=1), "user__name", "pk")
    )
    context = {
        "number": number,
        "members": members,
        "view_query": view_query(view_of(request)),
        "refusal": "",
    }
    template = "inbox/assignment_asked.html" if wants_part(request) else "inbox/assignment.html"
    return answer(request, template, reader(request, now=timezone.now()) | context)
