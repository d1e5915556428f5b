"""Search: a page of its own, and the part that stands in place of a list while somebody types."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox.searching import MOST_PAGES, parse
from inbox.searching import search as find
from inbox.views.frame import answer, frame, reader, wants_part


@needs("see_orders")
@require_GET
def search(request: TenantRequest, slug: str) -> HttpResponse:
    """What ?q= finds, by pages; orders alone for whoever does not answer buyers."""
    now, given = timezone.now(), request.GET.get("page", "")
    page = int(given) if given in {str(number) for number in range(1, MOST_PAGES + 1)} else 1
    results = find(parse(request.GET.get("q", "")), membership=request.membership, now=now, page=page)
    context = {"results": results, "typed": results.query.text}
    if wants_part(request):
        return answer(request, "inbox/searched.html", reader(request, now=now) | context)
    return answer(request, "inbox/search.html", frame(request, place="search", now=now) | context)
