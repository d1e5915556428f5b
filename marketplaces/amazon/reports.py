"""Have Amazon make the returns report, and fetch it when it is there (Reports API, version 2021-06-30)."""

import zlib
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import structlog

from marketplaces import pictures
from marketplaces.amazon import returns as report
from marketplaces.errors import NotFound, NotReady, Temporary
from marketplaces.http import Api, expect
from marketplaces.records import Page, ReturnRecord, Window

log = structlog.get_logger(__name__)

REPORT = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
PATH = "/reports/2021-06-30"
# The report chooses by the day a return was asked for, not by its last change, and spans 60 days at most: ask
# for all of them each time, so that a change to an old return is seen.
SPAN = timedelta(days=59)
LOOK_AGAIN_SECONDS = 60.0
LARGEST_REPORT = 64 * 2**20


def returns(
    api: Api, window: Window, pending: str, marketplace_id: str, document_hosts: list[str]
) -> Page[ReturnRecord]:
    """The returns in the report `pending`; without one it is asked for. Raises NotReady."""
    if not pending:
        raise NotReady(
            "The returns report was asked for.",
            pending=_ask_for(api, window, marketplace_id),
            retry_after=LOOK_AGAIN_SECONDS,
        )
    try:
        answer = api.request("getReport", f"{PATH}/reports/{quote(pending, safe='')}")
        data = expect(answer.data, dict, "report")
    except NotFound:
        data = {"processingStatus": "gone"}
    status = data.get("processingStatus")
    if status in ("IN_QUEUE", "IN_PROGRESS"):
        raise NotReady(
            "Amazon is making the returns report.", pending=pending, retry_after=LOOK_AGAIN_SECONDS
        )
    if status == "CANCELLED":
        return Page(())  # Amazon's way to say that there is nothing to report
    if status in ("FATAL", "gone"):
        log.warning("report not made", account=api.account.pk, status=status)
        raise NotReady(
            "Amazon could not make the returns report; it was asked for again.",
            pending=_ask_for(api, window, marketplace_id),
            retry_after=5 * LOOK_AGAIN_SECONDS,
        )
    if status != "DONE":
        raise Temporary("The state of the returns report is none we know.")
    content = _document(api, str(data.get("reportDocumentId") or ""), document_hosts)
    try:
        return report.returns(content)
    except report.NoReport as error:
        raise Temporary(str(error)) from error


def _ask_for(api: Api, window: Window, marketplace_id: str) -> str:
    body = {
        "reportType": REPORT,
        "marketplaceIds": [marketplace_id],
        "dataStartTime": _iso(window.until - SPAN),
        "dataEndTime": _iso(window.until),
    }
    answer = api.request("createReport", f"{PATH}/reports", method="POST", body=body)
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
        raise Temporary("The address of the returns report has expired.") from error
    if data.get("compressionAlgorithm") == "GZIP" or content.startswith(b"\x1f\x8b"):
        content = _unpacked(content)
    return content


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(content, LARGEST_REPORT + 1)
    except zlib.error as error:
        raise Temporary("The returns report is damaged.") from error
    if len(plain) > LARGEST_REPORT or not unpacker.eof:
        raise Temporary("The returns report is cut short or too large.")
    return plain


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
