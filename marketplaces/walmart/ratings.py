"""Read how Walmart rates a seller: a summary for each figure, and the report behind the response rate."""

from datetime import datetime

from marketplaces.errors import ApiError, NotFound, Permanent, Temporary
from marketplaces.http import Api, expect
from marketplaces.ratings import Figure, Performance, ResponseRateRow
from marketplaces.walmart import responses
from marketplaces.walmart.performance import METRICS, figure
from marketplaces.wire import Odd

PATH = "/v3/insights/performance"
REPORT_DAYS = 30


def performance(api: Api, *, now: datetime) -> Performance:
    """What can be read; raises the first fault when nothing can.

    A figure Walmart has no data for yet (204, in older ones 404) is none, and no fault.
    """
    figures: list[Figure] = []
    faults: list[ApiError] = []
    remarks: list[str] = []
    for name, metric in METRICS.items():
        try:
            found = _summary(api, name, metric.path, now=now)
        except ApiError as fault:
            faults.append(fault)
            remarks.append(f"The figure {name.replace('_', ' ')} could not be read: {fault}")
            if isinstance(fault, Permanent):
                continue
            # What hinders one of them will hinder the rest: they are asked for together, later.
            break
        figures += [found] if found else []
    if faults and not figures:
        raise faults[0]
    rows: tuple[ResponseRateRow, ...] | None = None
    if not any(isinstance(fault, Temporary) for fault in faults):
        try:
            rows, unread = _responses(api)
            if unread:
                remarks.append(f"{unread} rows of the response-rate report name no order.")
        except ApiError as fault:
            remarks.append(f"The response-rate report could not be read: {fault}")
    return Performance(tuple(figures), rows, REPORT_DAYS, tuple(remarks))


def _summary(api: Api, name: str, path: str, *, now: datetime) -> Figure | None:
    query = {"reportDuration": str(METRICS[name].days)}
    try:
        answer = api.request(f"performance {path}", f"{PATH}/{path}/summary", query)
    except NotFound:
        return None
    if answer.status == 204:
        return None
    try:
        return figure(name, expect(answer.data, dict, "summary"), now=now)
    except Odd as odd:
        raise Temporary(f"The summary could not be read: {odd}.") from odd


def _responses(api: Api) -> tuple[tuple[ResponseRateRow, ...] | None, int]:
    """The rows of the report and how many were unreadable; None when Walmart has none yet."""
    query = {"reportDuration": str(REPORT_DAYS)}
    try:
        answer = api.request("response rate report", f"{PATH}/srr/report", query, file=True)
    except NotFound:
        return None, 0
    if answer.status == 204 or not answer.content:
        return None, 0
    try:
        return responses.rows(answer.content)
    except responses.NoReport as error:
        raise Temporary(str(error)) from error
