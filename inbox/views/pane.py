"""One conversation: its pane, and how an act on it answers with and without htmx."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import push_url, trigger_client_event

from accounts.middleware import TenantRequest
from inbox import drafts, recognising
from inbox.actions import Refused
from inbox.guard import Blocked, Finding
from inbox.models import Conversation, OutboundReply
from inbox.queue import queue_page
from inbox.replying import ThreadMoved
from inbox.timeline import conversation_page
from inbox.views.frame import answer, frame, reader, view_of, view_query, wants_part
from marketplaces.mailbox.rulebook import rulebook

ON_THE_WAY = ("leaving", "sending")
Act = Callable[[Conversation, datetime], OutboundReply | None]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the member had typed and what was wrong with it, so that nothing typed is lost.

    `tab` is the place it was typed in; "" is an act without text, whose refusal stands beside the acts.
    """

    tab: str = ""
    text: str = ""
    error: str = ""
    findings: list[Finding] = field(default_factory=list)
    # What happened while it was typed, by type and id of the timeline, and the button that was pressed.
    news: frozenset[tuple[str, int]] = frozenset()
    then_close: bool = False

    def context(self, draft: str) -> dict[str, Any]:
        """The same for the template; a draft fills the reply where nothing was typed."""
        return {
            "tab": self.tab,
            "reply_text": self.text if self.tab == "reply" else draft,
            "note_text": self.text if self.tab == "note" else "",
            "errors": {tab: self.error if tab == self.tab else "" for tab in ("reply", "note")},
            "refusal": self.error if not self.tab else "",
            "findings": self.findings,
            "then_close": self.then_close,
        }


NOTHING_TYPED = Typed()


def pane(
    request: TenantRequest, number: int, *, now: datetime, typed: Typed = NOTHING_TYPED
) -> dict[str, Any]:
    """Everything the pane of a conversation shows; raises Http404."""
    try:
        page = conversation_page(number, membership=request.membership, now=now)
    except Conversation.DoesNotExist as error:
        raise Http404 from error
    view = view_of(request)
    who = page.conversation.buyer_name or page.conversation.subject or "Conversation"
    return {
        **reader(request, now=now),
        **typed.context(page.draft_body),
        "page": page,
        "kinds": rulebook().kinds,
        "guess": recognising.guess_of(page.half_understood) if page.half_understood else "",
        "news": [item for item in page.items if (item.type, item.id) in typed.news],
        "view": view,
        "view_query": view_query(view),
        "client_key": uuid.uuid4(),
        "keeps_composer": False,
        "undo_seconds": settings.UNDO_SECONDS,
        "moving": any(item.phase in ON_THE_WAY for item in page.items),
        "conversation_title": f"{who}, conversation {number} - {request.membership.tenant.name}",
    }


def show(
    request: TenantRequest,
    number: int,
    *,
    now: datetime,
    typed: Typed = NOTHING_TYPED,
    leaving: OutboundReply | None = None,
    keeps_composer: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The conversation as it is now: a part for htmx, else the whole page.

    `keeps_composer`: the browser leaves the composer on the page as it is, with its text and caret.
    """
    context = pane(request, number, now=now, typed=typed)
    context |= {"leaving": leaving, "keeps_composer": keeps_composer}
    if wants_part(request):
        return answer(request, "inbox/acted.html", context, status=status)
    around = frame(request, place=context["view"].key, now=now)
    return answer(request, "inbox/conversation.html", context | around | {"listing": None}, status=status)


def perform(
    request: TenantRequest,
    number: int,
    act: Act,
    *,
    typed: Typed = NOTHING_TYPED,
    then_next: bool = False,
    keeps_composer: bool = False,
) -> HttpResponse:
    """Do one act and answer it: 409 with the reason when refused, else the conversation or the next one.

    The act stands in a savepoint, so that a refusal half way leaves nothing behind.
    """
    now = timezone.now()
    # Held, so that what the act looks at (a running clock, a newer message) cannot change under it.
    held = Conversation.objects.select_for_update(of=("self",), no_key=True)
    conversation = get_object_or_404(held.select_related("account", "order"), number=number)
    try:
        with transaction.atomic():
            reply = act(conversation, now)
    except (Refused, Blocked) as refused:
        if typed.tab == "reply":
            drafts.keep(conversation, by=request.membership, body=typed.text)
        return show(request, number, now=now, typed=_told(typed, refused), status=409)
    if not wants_part(request):
        return _redirect(request, number, now=now, then_next=then_next and reply is None)
    if then_next:
        response = _next(request, number, now=now, leaving=reply)
    else:
        shown = show(request, number, now=now, leaving=reply, keeps_composer=keeps_composer)
        response = push_url(shown, _address(request, number))
    return trigger_client_event(response, "queue:refresh")


def _told(typed: Typed, refused: Refused | Blocked) -> Typed:
    """What was typed, with what is wrong with it."""
    if isinstance(refused, Blocked):
        return replace(typed, findings=refused.findings)
    news = refused.news if isinstance(refused, ThreadMoved) else frozenset()
    return replace(typed, error=str(refused), news=news)


def _redirect(request: TenantRequest, number: int, *, now: datetime, then_next: bool) -> HttpResponse:
    following = _next_number(request, number, now=now) if then_next else number
    if following is None:
        response = redirect(_list_address(request))
    else:
        response = redirect(_address(request, following))
    response.status_code = 303
    return response


def _next(
    request: TenantRequest, number: int, *, now: datetime, leaving: OutboundReply | None
) -> HttpResponse:
    following = _next_number(request, number, now=now)
    if following is not None:
        return push_url(show(request, following, now=now, leaving=leaving), _address(request, following))
    view, tenant = view_of(request), request.membership.tenant
    context = {"view": view, "leaving": leaving, "list_title": f"{view.title} - {tenant.name}"}
    extras = {"view_query": view_query(view), "undo_seconds": settings.UNDO_SECONDS}
    response = answer(request, "inbox/finished.html", reader(request, now=now) | context | extras)
    return push_url(response, _list_address(request))


def _next_number(request: TenantRequest, number: int, *, now: datetime) -> int | None:
    # Two rows, because what was just dealt with may still stand on top until its reply has left.
    view = view_of(request)
    listing = queue_page(
        view.key,
        membership=request.membership,
        now=now,
        limit=2,
        tag_id=view.tag_id,
        account_id=view.account_id,
        assignee_id=view.assignee_id,
        due=view.due,
    )
    return next((row.number for row in listing.rows if row.number != number), None)


def _list_address(request: TenantRequest) -> str:
    view, slug = view_of(request), request.membership.tenant.slug
    return reverse("queue", kwargs={"slug": slug, "view": view.key}) + view.query


def _address(request: TenantRequest, number: int) -> str:
    path = reverse("conversation", kwargs={"slug": request.membership.tenant.slug, "number": number})
    return path + view_query(view_of(request))
