"""What cases came to, in the period, and how many are open now."""

from django.db.models import Count as CountOf

from cases.models import Case
from cases.types import type_of
from reports.figures.reading import case_totals
from reports.shapes import CaseFigures, Narrowed, Period
from reports.tally import CaseCount


def case_figures(period: Period, narrowed: Narrowed) -> list[CaseFigures]:
    """One entry a case type and currency, by title; in two statements."""
    counts, open_now = case_totals(period.begins_at, period.ends_at, narrowed), _open(narrowed)
    figures = []
    for type_, currency in counts.keys() | open_now.keys():
        count = counts.get((type_, currency), CaseCount())
        figures.append(
            CaseFigures(
                type=type_,
                title=type_of(type_).title,
                currency=currency,
                opened=count.opened,
                open_now=open_now.get((type_, currency), 0),
                won=count.won,
                partly=count.partly,
                lost=count.lost,
                at_stake=count.at_stake,
                paid=count.paid,
                saved=count.saved,
            )
        )
    return sorted(figures, key=lambda each: (each.title, each.currency))


def _open(narrowed: Narrowed) -> dict[tuple[str, str], int]:
    rows = Case.objects.filter(closed_at__isnull=True, decided_at__isnull=True)
    if narrowed.account_id:
        rows = rows.filter(account=narrowed.account_id)
    if narrowed.tag_id:
        rows = rows.filter(conversation__tags__tag=narrowed.tag_id)
    counted = rows.order_by().values_list("type", "currency").annotate(count=CountOf("pk"))
    return {(type_, currency): count for type_, currency, count in counted}
