"""Cursors that are whole query strings, and only good exactly as they were given out."""

from collections.abc import Mapping
from urllib.parse import quote

from simulator.api import Refused
from simulator.http import Request


def written(parameters: Mapping[str, str]) -> str:
    """The query string of a next page, with its question mark; only what must be escaped is."""
    return "?" + "&".join(f"{name}={quote(value, safe=':.@')}" for name, value in parameters.items())


def check(request: Request) -> None:
    """Refuse a cursor that was taken apart and put together again."""
    if f"?{request.raw_query}" != written(request.query):
        raise Refused(
            400,
            "INVALID_CURSOR.GMP_ORDER_API",
            "nextCursor is not as it was given out: append it to the path untouched.",
        )


def number(request: Request, name: str, *, default: int, most: int) -> int:
    """A whole number of the query within 1 and `most`."""
    given = request.query.get(name, str(default))
    if not given.isdigit() or not 1 <= int(given) <= most:
        raise Refused(400, "INVALID_REQUEST_PARAM.GMP_ORDER_API", f"{name} is a number from 1 to {most}.")
    return int(given)
