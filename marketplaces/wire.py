"""Read values out of decoded JSON: tolerant of how they are written, strict about what they are.

What is absent or null is empty; what has the wrong type raises Odd, so that the record is left out by name.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplaces.records import Money, Oddity, Strange

Json = Mapping[str, Any]

LONGEST_ID = 40
LONGEST_TEXT = 500
LONGEST_WORD = 60
# A moment outside these years is no moment but some other number.
FIRST_YEAR, LAST_YEAR = 2000, 2100
LARGEST_AMOUNT = Decimal(10) ** 9
MOST_UNITS = 1_000_000


class Odd(Exception):
    """A field is missing or has the wrong type; the message names the field, never its value."""


def written_moment(written: str, forms: Sequence[str]) -> datetime | None:
    """A moment as a report writes it, ISO 8601 or in one of these forms; UTC where it names no zone."""
    for form in ("", *forms):
        try:
            found = datetime.strptime(written, form) if form else datetime.fromisoformat(written)
        except ValueError:
            continue
        return believed(found)
    return None


def believed(found: datetime) -> datetime | None:
    """A moment in UTC; None where its year says that it is some other number."""
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def decoded(content: bytes) -> Any:
    """The decoded body with exact numbers; None when it is empty or no JSON."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_no_number) if content else None
    except (ValueError, RecursionError):
        return None


def _no_number(text: str) -> None:
    raise ValueError(text)


def part(value: Json, key: str) -> Json:
    """An object inside; empty where it is absent."""
    inner = value.get(key)
    if inner is None:
        return {}
    if not isinstance(inner, dict):
        raise Odd(f"{key} is no object")
    return inner


def parts(value: Json, key: str) -> list[Json]:
    """A list of objects inside; empty where it is absent."""
    inner = value.get(key)
    if inner is None:
        return []
    if not isinstance(inner, list) or not all(isinstance(each, dict) for each in inner):
        raise Odd(f"{key} is no list of objects")
    return inner


def text(value: Json, key: str, longest: int = LONGEST_TEXT) -> str:
    """A text, or a number as text; cut to `longest`, without what a database cannot hold."""
    inner = value.get(key)
    if inner is None:
        return ""
    if isinstance(inner, bool) or not isinstance(inner, (str, int, Decimal)):
        raise Odd(f"{key} is no text")
    whole = str(inner).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return whole.strip()[:longest]


def word(value: Json, key: str) -> str:
    """A status, a reason or a name: a short text."""
    return text(value, key, LONGEST_WORD)


def link(value: Json, key: str, longest: int = LONGEST_TEXT) -> str:
    """A web address; empty where it is anything else, because people will click on it."""
    found = text(value, key, longest + 1)
    return found if found.lower().startswith(("https://", "http://")) and len(found) <= longest else ""


def ident(value: Json, key: str) -> str:
    """A record's own number, which it must have; printable and of sensible length."""
    found = text(value, key, LONGEST_ID + 1)
    if not found:
        raise Odd(f"{key} is missing")
    if len(found) > LONGEST_ID or not found.isprintable():
        raise Odd(f"{key} is no number of a record")
    return found


def flag(value: Json, key: str) -> bool:
    """Yes or no, as JSON's own or as a word."""
    inner = value.get(key)
    if isinstance(inner, bool):
        return inner
    return text(value, key).lower() in ("true", "yes", "y", "1")


def whole(value: Json, key: str, default: int = 0) -> int:
    """A count, also as text or as 1.0."""
    written = text(value, key)
    if not written:
        return default
    try:
        number = Decimal(written)
        if not number.is_finite() or number != number.to_integral_value() or not 0 <= number <= MOST_UNITS:
            raise Odd(f"{key} is no count")
    except InvalidOperation as error:
        raise Odd(f"{key} is no count") from error
    return int(number)


def amount(value: Json, key: str) -> Decimal:
    """An exact amount, as number or text."""
    written = text(value, key)
    try:
        number = Decimal(written)
        if not number.is_finite() or abs(number) > LARGEST_AMOUNT:
            raise Odd(f"{key} is no amount")
    except InvalidOperation as error:
        raise Odd(f"{key} is no amount") from error
    return number


def money(value: Json, key: str, *, amount_key: str, currency_key: str) -> Money | None:
    """An amount with its currency; None where there is none."""
    inner = part(value, key)
    if not inner or inner.get(amount_key) is None:
        return None
    currency = text(inner, currency_key, 4).upper()
    if len(currency) != 3 or not currency.isalpha():
        raise Odd(f"{key} has no currency")
    return Money(amount(inner, amount_key), currency)


def moment(value: Json, key: str) -> datetime | None:
    """A moment as milliseconds since 1970 or in ISO 8601 (without a zone: UTC); None where it is absent."""
    written = text(value, key)
    if not written:
        return None
    try:
        if written.lstrip("-").isdecimal():
            found = datetime.fromtimestamp(int(written) / 1000, UTC)
        else:
            found = datetime.fromisoformat(written)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Odd(f"{key} is no moment") from error
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        raise Odd(f"{key} is no moment of our time")
    return found


def left_out(value: object, key: str, odd: Odd, what: str) -> Strange:
    """The remark for a record that could not be read; with its number, where that can be read."""
    number = ""
    if isinstance(value, dict):
        try:
            number = ident(value, key)
        except Odd:
            number = ""
    return Strange(Oddity.LEFT_OUT, f"{what} could not be read: {odd}.", number)


def unknown(what: str, said: str, number: str) -> Strange:
    """The remark for a word nobody here knows. Only a word is repeated, never a sentence."""
    shown = said if len(said) <= 40 and re.fullmatch(r"[\w-]+", said) else "not a single word"
    return Strange(Oddity.UNKNOWN_VALUE, f"{what}: {shown}", number)
