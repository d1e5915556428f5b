"""The marketplace's own number beside ours, and which of its messages are not here."""

from collections.abc import Sequence

from inbox import auditing
from marketplaces import performance
from marketplaces.models import SellerAccount
from reports.shapes import OfficialRate


def official_rates(accounts: Sequence[SellerAccount]) -> dict[tuple[int, int], OfficialRate]:
    """By account and window of days, where the marketplace has given one; in four statements at most."""
    found = {pk: rate for pk, rate in performance.latest_response_rates(accounts).items() if rate.figure}
    known = [account for account in accounts if account.pk in found]
    reports = {}
    for account in known:
        report = auditing.report_in(account, found[account.pk])
        if report is not None:
            reports[account.pk] = report
    missing, extra = auditing.unheard(reports), auditing.unreported(reports)
    rates = {}
    for account in known:
        figure = found[account.pk].figure
        if figure is not None and figure.rate is not None:
            rates[account.pk, figure.period_days] = OfficialRate(
                rate=figure.rate / 100,
                as_of=figure.as_of,
                unknown_here=len(missing.get(account.pk, ())),
                unknown_there=len(extra.get(account.pk, ())),
                unknown_orders=tuple(missing.get(account.pk, ())),
            )
    return rates
