"""A case's evidence: the checklist, what people add to it, and the packs made of it."""

from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reselect, reswap, retarget

from accounts.access import needs
from accounts.files import open_stored, serve
from accounts.middleware import TenantRequest
from accounts.refusals import Refused
from cases import types
from cases.evidence import adding, packing
from cases.evidence.dossier import checklist
from cases.evidence.forms import EvidenceForm
from cases.evidence.gathering import gather
from cases.models import Case, EvidenceFile, EvidencePack, PackState
from inbox.forms import first_error
from inbox.views.frame import answer, frame, reader, wants_part

SHOWN_PACKS = 5


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: TenantRequest, slug: str, case_id: int) -> HttpResponse:
    """Show what a case can prove; a POST adds to it."""
    case = _case(case_id)
    if request.method != "POST":
        return _show(request, case)
    form = EvidenceForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, case, refusal=first_error(form), status=422)
    try:
        adding.add(case, by=request.membership, now=timezone.now(), **form.cleaned_data)
    except Refused as refused:
        return _show(request, case, refusal=str(refused), status=422)
    return _done(request, case)


@needs("converse")
@require_POST
def evidence_removal(request: TenantRequest, slug: str, case_id: int, evidence_id: int) -> HttpResponse:
    """Take away what a person added."""
    case = _case(case_id)
    rows = EvidenceFile.objects.select_related("case__conversation")
    row = get_object_or_404(rows, case=case, pk=evidence_id)
    try:
        adding.remove(row, by=request.membership, now=timezone.now())
    except Refused as refused:
        return _show(request, case, refusal=str(refused), status=409)
    return _done(request, case)


@needs("converse")
@require_GET
def evidence_file(request: TenantRequest, slug: str, case_id: int, evidence_id: int) -> FileResponse:
    """A file a person added, to be kept."""
    row = get_object_or_404(EvidenceFile, case=case_id, pk=evidence_id, purged_at__isnull=True)
    if not row.path:
        raise Http404
    return serve(open_stored(row.path), row.content_type, name=row.name, as_attachment=True)


@needs("converse")
@require_POST
def packs(request: TenantRequest, slug: str, case_id: int) -> HttpResponse:
    """Have an evidence pack made."""
    case = _case(case_id)
    try:
        packing.ask(case, by=request.membership, now=timezone.now())
    except Refused as refused:
        return _show(request, case, refusal=str(refused), status=409)
    return _done(request, case)


@needs("converse")
@require_GET
def pack(request: TenantRequest, slug: str, case_id: int, pack_id: int) -> FileResponse:
    """The PDF of a pack that is ready."""
    row = get_object_or_404(EvidencePack, case=case_id, pk=pack_id, state=PackState.READY, path__gt="")
    name = f"evidence-case-{case_id}-{row.asked_at:%Y%m%d-%H%M}.pdf"
    return serve(open_stored(row.path), "application/pdf", name=name, as_attachment=True)


def _case(case_id: int) -> Case:
    rows = Case.objects.select_related("account", "order__account", "conversation")
    return get_object_or_404(rows, pk=case_id)


def _done(request: TenantRequest, case: Case) -> HttpResponse:
    if wants_part(request):
        return _show(request, case)
    return redirect("case_evidence", slug=request.membership.tenant.slug, case_id=case.pk)


def _show(request: TenantRequest, case: Case, *, refusal: str = "", status: int = 200) -> HttpResponse:
    now = timezone.now()
    kind = types.type_of(case.type)
    dossier = gather(case, title=kind.title, with_headers=False)
    made = list(EvidencePack.objects.filter(case=case).order_by("-asked_at", "-pk")[:SHOWN_PACKS])
    added = EvidenceFile.objects.filter(case=case, purged_at__isnull=True).select_related("added_by__user")
    context: dict[str, Any] = {
        "case": case,
        "kind": kind,
        "checklist": checklist(dossier, [(each.key, each.title) for each in kind.evidence]),
        "added": added.order_by("added_at"),
        "packs": made,
        "under_way": any(each.state in packing.UNMADE for each in made),
        "refusal": refusal,
    }
    if wants_part(request):
        shown = reader(request, now=now) | context
        response = answer(request, "cases/evidence_seen.html", shown, status=status)
        if refusal:
            # What was typed, and the file that was chosen, stay in their place.
            here = f"#evidence-refusal-{case.pk}"
            retarget(reselect(reswap(response, "outerHTML"), here), here)
        return response
    return answer(
        request, "cases/evidence.html", frame(request, place="cases", now=now) | context, status=status
    )
