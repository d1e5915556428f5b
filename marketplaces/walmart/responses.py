"""Walmart's response-rate report: which messages count, and whether they were answered (an .xlsx file).

No page of Walmart's names its columns, so they are found by what their titles say. Bounded: a file that
would unpack to too much, or has no end, is refused before it is read.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from marketplaces.ratings import ResponseRateRow
from marketplaces.wire import believed, written_moment

LARGEST = 8 * 2**20
LARGEST_UNPACKED = 32 * 2**20
MOST_PARTS = 200
MOST_ROWS = 50_000
MOST_COLUMNS = 60
HEADER_WITHIN = 20  # rows: a title may stand above the columns
ORDER_NUMBER = re.compile(r"\d{10,17}")
# Titles in lower case, without punctuation; the first that fits a column names it.
COLUMNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("in_time", re.compile(r"within|on time|in time|sla met|48 ?h(ou)?rs?")),
    ("answered_at", re.compile(r"(respon(se|ded)|answer(ed)?|repl(y|ied)).*(date|time|at\b|timestamp)")),
    ("received_at", re.compile(r"(receiv|created|inquiry|message|contact|sent).*(date|time|at\b|timestamp)")),
    ("order_id", re.compile(r"(customer|sales) ?order|^order (id|no|number|#)|^order$")),
    ("purchase", re.compile(r"purchase order|^po\b")),
)
YES, NO = (
    ("y", "yes", "true", "1", "met", "responded", "on time"),
    ("n", "no", "false", "0", "missed", "late"),
)
DATES = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S")


class NoReport(Exception):
    """What came is not this report, or one no reader should open."""


def rows(content: bytes) -> tuple[tuple[ResponseRateRow, ...], int]:
    """The rows that name an order, and how many did not; raises NoReport."""
    _check_size(content)
    found: list[ResponseRateRow] = []
    unread = 0
    columns: dict[str, int] | None = None
    for number, cells in enumerate(_cells(content)):
        if columns is None:
            columns = _columns(cells)
            if columns is None and number >= HEADER_WITHIN:
                break
            continue
        if all(cell is None for cell in cells):
            continue
        row = _row(cells, columns)
        if row is None:
            unread += 1
        else:
            found.append(row)
    if columns is None:
        raise NoReport("The response-rate report has no column with order numbers.")
    return tuple(found), unread


def _check_size(content: bytes) -> None:
    """Refuse what is no workbook, or would unpack to more than a workbook of orders ever does."""
    if len(content) > LARGEST:
        raise NoReport("The response-rate report is too large.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise NoReport("The response-rate report is no .xlsx file.") from error
    # Nothing more than a part says of itself is ever unpacked of it.
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise NoReport("The response-rate report would unpack to too much.")


def _cells(content: bytes) -> Iterator[tuple[Any, ...]]:
    try:
        with warnings.catch_warnings():
            # It warns of missing styles and print settings, which nobody here reads.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            try:
                if not book.worksheets:
                    raise NoReport("The response-rate report is empty.")
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # what the file says of its own size need not be true
                lines = sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
                yield from lines
            finally:
                book.close()
    except NoReport:
        raise
    except (
        *(zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError),
        *(IndexError, AttributeError, OSError, EOFError, NotImplementedError, OverflowError, RuntimeError),
    ) as error:
        # A reader of a format this large fails in many ways; each means that it is not such a file.
        raise NoReport("The response-rate report cannot be read.") from error


def _columns(cells: Iterable[Any]) -> dict[str, int] | None:
    """Where each of our columns stands; None for a row that is not the titles."""
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if not isinstance(cell, str):
            continue
        title = re.sub(r"[^a-z0-9# ]+", " ", cell.lower()).strip()
        name = next((name for name, pattern in COLUMNS if pattern.search(title)), "")
        if name:
            found.setdefault(name, place)
    if "order_id" not in found and "purchase" in found:
        found["order_id"] = found["purchase"]
    return found if "order_id" in found else None


def _row(cells: tuple[Any, ...], columns: dict[str, int]) -> ResponseRateRow | None:
    def cell(name: str) -> Any:
        place = columns.get(name)
        return cells[place] if place is not None and place < len(cells) else None

    order = cell("order_id")
    # A spreadsheet may hold the number as one; a float of that length has lost its last digits.
    number = ORDER_NUMBER.fullmatch(str(order).replace("-", "").strip()) if order is not None else None
    if number is None or isinstance(order, float):
        return None
    return ResponseRateRow(
        order_id=number.group(),
        received_at=_moment(cell("received_at")),
        answered_at=_moment(cell("answered_at")),
        in_time=_yes_or_no(cell("in_time")),
    )


def _moment(cell: Any) -> datetime | None:
    """A moment as the sheet or a text has it; without a zone it is UTC. None for anything else."""
    if isinstance(cell, datetime):
        return believed(cell)
    return written_moment(cell.strip(), DATES) if isinstance(cell, str) else None


def _yes_or_no(cell: Any) -> bool | None:
    if isinstance(cell, bool):
        return cell
    said = str(cell).strip().lower() if cell is not None else ""
    return True if said in YES else False if said in NO else None
