"""Where a long list goes on: a place in an index, written into an address."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

LONGEST = 200
Row = TypeVar("Row", bound=Model)


class BadCursor(Exception):
    """The address names a place in the list that we did not give out."""


def cursor_after(row: Model, order: tuple[str, str]) -> str:
    """The place after a row of a list ordered by a moment and the id."""
    moment = getattr(row, order[0].lstrip("-"))
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), row.pk]).encode()).decode().rstrip("=")


def rows_after(rows: QuerySet[Row], order: tuple[str, str], cursor: str) -> QuerySet[Row]:
    """The rows after that place, all of them for an empty cursor; raises BadCursor."""
    if not cursor:
        return rows
    try:
        if len(cursor) > LONGEST:
            raise ValueError
        moment_text, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(moment_text)
        if moment.tzinfo is None or not isinstance(pk, int) or not 0 < pk < 2**63:
            raise ValueError
        moment = moment.astimezone(UTC)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadCursor from error
    column = order[0].lstrip("-")
    way = "lt" if order[0].startswith("-") else "gt"
    # The first condition alone lets the index begin at the right place; the second breaks ties.
    return rows.filter(**{f"{column}__{way}e": moment}).exclude(
        Q(**{column: moment}) & ~Q(**{f"id__{way}": pk})
    )
