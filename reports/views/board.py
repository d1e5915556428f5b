"""The SLA board, what its figures mean, and its tables to take away."""

from datetime import datetime
from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox import narrowing, sla
from inbox.rail import Rail
from inbox.views.frame import answer, frame, wants_part
from reports import words
from reports.board import Board, read
from reports.charts import cause_bar, load_bars, rate_bar
from reports.exports import TABLES, export
from reports.filters import GROUPS, PERIODS, Filters, filters_of
from reports.metrics import metrics


@needs("see_board")
@require_GET
def board(request: TenantRequest, slug: str) -> HttpResponse:
    """The board as its address narrows it; htmx asks for its figures alone."""
    now, filters = timezone.now(), filters_of(request.GET.dict())
    around = frame(request, place="board", now=now)
    found = read(filters, now=now, zone=request.membership.time_zone) if around["rail"].accounts else None
    context = around | _shown(found, filters, around["rail"], now=now)
    return answer(
        request, "reports/board_read.html" if wants_part(request) else "reports/board.html", context
    )


@needs("see_board")
@require_GET
def board_definitions(request: TenantRequest, slug: str) -> HttpResponse:
    """What each figure of the board means and how it is reckoned."""
    context = frame(request, place="board", now=timezone.now()) | {"metrics": metrics()}
    return answer(request, "reports/definitions.html", context)


@needs("see_board")
@require_GET
def board_table(request: TenantRequest, slug: str, table: str) -> HttpResponse:
    """A table of the board as CSV, as narrow as the board it is taken from."""
    if table not in TABLES:
        raise Http404
    now, member = timezone.now(), request.membership
    text = export(table, filters_of(request.GET.dict()), by=member, now=now)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="board-{table}-{now:%Y-%m-%d}.csv"'
    add_never_cache_headers(response)
    return response


def _shown(found: Board | None, filters: Filters, rail: Rail, *, now: datetime) -> dict[str, Any]:
    rows = [row.shown for row in found.rates] if found else []
    most = max((max(cause.count, cause.before) for cause in found.causes), default=0) if found else 0
    return {
        "board": found,
        "filters": filters,
        "account": rail.account(filters.account),
        "tag": rail.tag(filters.tag),
        "periods": PERIODS,
        "groups": GROUPS,
        "metrics": metrics(),
        "words": words,
        "left_of": sla.time_left,
        "of_hour": narrowing.of_hour,
        "scale_begins": rate_bar.scale_of(rows),
        "falls_short": rate_bar.falls_short,
        "rate_bar": partial(rate_bar.rate_bar, begins=rate_bar.scale_of(rows)),
        "cause_bar": partial(cause_bar.cause_bar, most=most, days=filters.days),
        "load_bars": load_bars.load_bars,
        "load_words": load_bars.describe,
        "widths": {"wide": load_bars.WIDE, "narrow": load_bars.NARROW},
    }
