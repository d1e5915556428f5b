"""Tags: the picker of a conversation, and the page on which they are kept in order."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from accounts.access import may, needs
from accounts.middleware import TenantRequest
from inbox import tagging
from inbox.actions import Refused
from inbox.forms import TagForm, TaggingForm, TagMergingForm, first_error
from inbox.models import Conversation, Tag, TagColour
from inbox.views.frame import answer, frame, reader, view_of, view_query, wants_part
from inbox.views.pane import perform


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def conversation_tags(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Offer the tags, put one on or take one off; with ?from=list the list is all that is shown again."""
    if request.method != "POST":
        return _picker(request, number)
    form = TaggingForm(request.POST)
    if not form.is_valid():
        return _picker(request, number, error="Choose one of the tags.", status=422)
    wanted = form.cleaned_data
    known = wanted["put"] or wanted["take"]
    chosen = get_object_or_404(Tag, pk=known) if known else None
    refusals = []

    def act(conversation: Conversation, now: datetime) -> None:
        try:
            tag = chosen or tagging.named(wanted["name"])
            change = tagging.take if wanted["take"] else tagging.put
            change(conversation, tag, by=request.membership, now=now)
        except Refused as refused:
            refusals.append(str(refused))
            raise

    response = perform(request, number, act, keeps_composer=True)
    if refusals:
        return _picker(request, number, error=refusals[0], status=409)
    if wants_part(request) and _from_list(request):
        response = HttpResponse(status=204)
        trigger_client_event(response, "queue:refresh")
        return trigger_client_event(response, "sheet:done")
    return response


def _picker(request: TenantRequest, number: int, *, error: str = "", status: int = 200) -> HttpResponse:
    conversation = get_object_or_404(Conversation.objects.only("pk"), number=number)
    context = {
        "number": number,
        "choices": tagging.choices(conversation),
        "view_query": view_query(view_of(request)),
        "from_list": _from_list(request),
        "typed": request.POST.get("name", "")[: tagging.LONGEST],
        "refusal": error,
    }
    part = wants_part(request)
    template = "inbox/tags_asked.html" if part else "inbox/conversation_tags.html"
    response = answer(request, template, reader(request, now=timezone.now()) | context, status=status)
    return reswap(retarget(response, "#sheet"), "innerHTML") if part else response


def _from_list(request: TenantRequest) -> bool:
    return request.GET.get("from") == "list"


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def tags(request: TenantRequest, slug: str) -> HttpResponse:
    """All tags with how often each is used; a new one."""
    if request.method != "POST":
        return _page(request)
    form = TagForm(request.POST)
    if not form.is_valid():
        return _page(request, error=first_error(form), status=422)
    return _done(request, lambda: tagging.named(**form.cleaned_data))


@needs("manage_tags")
@require_POST
def tag(request: TenantRequest, slug: str, tag_id: int) -> HttpResponse:
    """Another name or colour for a tag."""
    found, form = get_object_or_404(Tag, pk=tag_id), TagForm(request.POST)
    if not form.is_valid():
        return _page(request, error=first_error(form), status=422)
    return _done(request, lambda: tagging.rename(found, **form.cleaned_data))


@needs("manage_tags")
@require_POST
def tag_merging(request: TenantRequest, slug: str, tag_id: int) -> HttpResponse:
    """One tag becomes another."""
    found, form = get_object_or_404(Tag, pk=tag_id), TagMergingForm(request.POST)
    if not form.is_valid():
        return _page(request, error="Choose the tag that stays.", status=422)
    into = get_object_or_404(Tag, pk=form.cleaned_data["into"])
    by, now = request.membership, timezone.now()
    return _done(request, lambda: tagging.merge(found, into=into, by=by, now=now))


@needs("manage_tags")
@require_POST
def tag_removal(request: TenantRequest, slug: str, tag_id: int) -> HttpResponse:
    """A tag goes, and leaves every conversation."""
    found, by = get_object_or_404(Tag, pk=tag_id), request.membership
    return _done(request, lambda: tagging.remove(found, by=by, now=timezone.now()))


def _done(request: TenantRequest, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        return _page(request, error=str(refused), status=409)
    response = redirect("tags", slug=request.membership.tenant.slug)
    response.status_code = 303
    return response


def _page(request: TenantRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    context = {
        "tags": list(tagging.counted()),
        "most_counted": tagging.MOST_COUNTED,
        "colours": TagColour.choices,
        "may_manage": may(request.membership, "manage_tags"),
        "refusal": error,
    }
    around = frame(request, place="tags", now=timezone.now())
    return answer(request, "inbox/tags.html", around | context, status=status)
