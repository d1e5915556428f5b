"""Have Amazon make a report, and fetch it when it is there (Reports API, version 2021-06-30)."""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import structlog

from marketplaces import pictures
from marketplaces.amazon import performance
from marketplaces.amazon import returns as report
from marketplaces.errors import NotFound, NotReady, Temporary
from marketplaces.http import Api, expect
from marketplaces.ratings import Performance
from marketplaces.records import Page, ReturnRecord, Window

log = structlog.get_logger(__name__)

RETURNS = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
PERFORMANCE = "GET_V2_SELLER_PERFORMANCE_REPORT"
PATH = "/reports/2021-06-30"
# The report chooses by the day a return was asked for, not by its last change, and spans 60 days at most: ask
# for all of them each time, so that a change to an old return is seen.
SPAN = timedelta(days=59)
LOOK_AGAIN_SECONDS = 60.0
LARGEST_REPORT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Wish:
    """A report, as people call it and as it is asked for."""

    name: str
    body: dict[str, object]


def returns(
    api: Api, window: Window, pending: str, marketplace_id: str, document_hosts: list[str]
) -> Page[ReturnRecord]:
    """The returns in the report `pending`; without one it is asked for. Raises NotReady."""
    wish = Wish(
        "returns report",
        {
            "reportType": RETURNS,
            "marketplaceIds": [marketplace_id],
            "dataStartTime": _iso(window.until - SPAN),
            "dataEndTime": _iso(window.until),
        },
    )
    content = _content(api, wish, pending, document_hosts)
    if content is None:
        return Page(())
    try:
        return report.returns(content)
    except report.NoReport as error:
        raise Temporary(str(error)) from error


def ratings(
    api: Api, pending: str, marketplace_id: str, document_hosts: list[str], *, now: datetime
) -> Performance:
    """The account's health in the report `pending`; without one it is asked for. Raises NotReady."""
    wish = Wish("seller performance report", {"reportType": PERFORMANCE, "marketplaceIds": [marketplace_id]})
    content = _content(api, wish, pending, document_hosts)
    if content is None:
        return Performance(())
    try:
        figures, remarks = performance.figures(content, marketplace_id, now=now)
    except performance.NoReport as error:
        raise Temporary(str(error)) from error
    return Performance(figures, remarks=remarks)


def _content(api: Api, wish: Wish, pending: str, document_hosts: list[str]) -> bytes | None:
    """The report's bytes; None when there is nothing to report. Raises NotReady until it is made."""
    if not pending:
        raise NotReady(
            f"The {wish.name} was asked for.", pending=_ask_for(api, wish), retry_after=LOOK_AGAIN_SECONDS
        )
    try:
        answer = api.request("getReport", f"{PATH}/reports/{quote(pending, safe='')}")
        data = expect(answer.data, dict, "report")
    except NotFound:
        data = {"processingStatus": "gone"}
    status = data.get("processingStatus")
    if status in ("IN_QUEUE", "IN_PROGRESS"):
        raise NotReady(f"Amazon is making the {wish.name}.", pending=pending, retry_after=LOOK_AGAIN_SECONDS)
    if status == "CANCELLED":
        return None  # Amazon's way to say that there is nothing to report
    if status in ("FATAL", "gone"):
        log.warning("report not made", account=api.account.pk, report=wish.name, status=status)
        raise NotReady(
            f"Amazon could not make the {wish.name}; it was asked for again.",
            pending=_ask_for(api, wish),
            retry_after=5 * LOOK_AGAIN_SECONDS,
        )
    if status != "DONE":
        raise Temporary(f"The state of the {wish.name} is none we know.")
    return _document(api, str(data.get("reportDocumentId") or ""), document_hosts)


def _ask_for(api: Api, wish: Wish) -> str:
    answer = api.request("createReport", f"{PATH}/reports", method="POST", body=wish.body)
    return expect(expect(answer.data, dict, "report").get("reportId"), str, "number of the report")


def _document(api: Api, number: str, document_hosts: list[str]) -> bytes:
    """The report's bytes, from a host that is told nothing about us."""
    answer = api.request("getReportDocument", f"{PATH}/documents/{quote(number, safe='')}")
    data = expect(answer.data, dict, "document")
    url = expect(data.get("url"), str, "address of the document")
    try:
        content = pictures.download(url, api_host=api.host, suffixes=document_hosts, largest=LARGEST_REPORT)
    except NotFound as error:
        # The address lives five minutes; the next try is given another.
        raise Temporary("The address of the report has expired.") from error
    if data.get("compressionAlgorithm") == "GZIP" or content.startswith(b"\x1f\x8b"):
        content = _unpacked(content)
    return content


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(content, LARGEST_REPORT + 1)
    except zlib.error as error:
        raise Temporary("The report is damaged.") from error
    if len(plain) > LARGEST_REPORT or not unpacker.eof:
        raise Temporary("The report is cut short or too large.")
    return plain


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
