"""Replies: send one, take it back, decide about one that did not clearly arrive."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox import replying
from inbox.forms import ReplyForm, ReplySettlementForm, SendForm, first_error
from inbox.models import Conversation, OutboundReply
from inbox.views.frame import wants_part
from inbox.views.pane import Typed, perform, show


@needs("converse")
@require_POST
def replies(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Send a reply; it waits out the undo time first."""
    form = ReplyForm(request.POST)
    typed = Typed("reply", request.POST.get("body", ""), then_close=request.POST.get("then_close") == "1")
    if not form.is_valid():
        typed = Typed("reply", typed.text, first_error(form))
        return show(request, number, now=timezone.now(), typed=typed, status=422)

    def act(conversation: Conversation, now: datetime) -> OutboundReply:
        return replying.queue_reply(conversation, by=request.membership, now=now, **form.cleaned_data)

    return perform(request, number, act, typed=typed, then_next=form.cleaned_data["then_close"])


@needs("converse")
@require_POST
def courtesy(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Answer with one key what only needs an answer for the marketplace's sake."""
    form = SendForm(request.POST)
    typed = Typed("reply", request.POST.get("body", ""))
    if not form.is_valid():
        typed = Typed("reply", typed.text, first_error(form))
        return show(request, number, now=timezone.now(), typed=typed, status=422)

    def act(conversation: Conversation, now: datetime) -> OutboundReply:
        return replying.courtesy_reply(conversation, by=request.membership, now=now, **form.cleaned_data)

    return perform(request, number, act, typed=typed, then_next=True)


@needs("converse")
@require_POST
def reply_undo(request: TenantRequest, slug: str, number: int, reply_id: int) -> HttpResponse:
    """Take a reply back; its text comes back into the composer."""
    reply = _reply(number, reply_id)

    def act(conversation: Conversation, now: datetime) -> None:
        replying.undo_reply(reply, by=request.membership, now=now)

    response = perform(request, number, act)
    return trigger_client_event(response, "reply:settled", {"id": reply_id})


@needs("converse")
@require_POST
def reply_settlement(request: TenantRequest, slug: str, number: int, reply_id: int) -> HttpResponse:
    """Decide about a reply; "edit" discards it and puts its text into the composer."""
    form, reply = ReplySettlementForm(request.POST), _reply(number, reply_id)
    decision = form.cleaned_data["decision"] if form.is_valid() else ""

    def act(conversation: Conversation, now: datetime) -> None:
        wanted = "discard" if decision == "edit" else decision
        replying.settle_reply(reply, by=request.membership, decision=wanted, now=now)

    response = perform(request, number, act)
    if decision == "edit" and response.status_code < 400:
        return _with_text(request, number, reply)
    return response


def _with_text(request: TenantRequest, number: int, reply: OutboundReply) -> HttpResponse:
    if wants_part(request):
        response = show(request, number, now=timezone.now(), typed=Typed("reply", reply.body))
        return trigger_client_event(response, "queue:refresh")
    to_composer = redirect("conversation", slug=request.membership.tenant.slug, number=number)
    to_composer["Location"] += f"?edit={reply.pk}#composer"
    to_composer.status_code = 303
    return to_composer


def _reply(number: int, reply_id: int) -> OutboundReply:
    replies = OutboundReply.objects.select_related("conversation__account", "conversation__order")
    return get_object_or_404(replies, pk=reply_id, conversation__number=number)
