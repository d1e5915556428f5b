"""What a list of cases is narrowed to, as its address says it; the lists behind the board's numbers."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q

from cases.models import CaseOutcome
from cases.types import types

NO_CURRENCY = "none"  # as addresses name the cases whose currency is not known


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is set narrows the list; `days` are whole days of the reader's zone, today among them."""

    type: str = ""
    account: int = 0
    tag: int = 0
    currency: str = ""
    outcome: str = ""
    days: int = 0

    @property
    def named(self) -> dict[str, str | int]:
        """What is set, by its name in the address."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def everywhere(self) -> "Narrowing":
        """The part of it that makes sense in every list."""
        return replace(self, outcome="", days=0)

    @property
    def rows(self) -> Q:
        """The cases it leaves; the days are the list's to say of which moment."""
        columns = {
            "type": self.type,
            "account": self.account,
            "conversation__tags__tag": self.tag,
            "outcome": self.outcome,
        }
        found = Q(**{name: value for name, value in columns.items() if value})
        if self.currency:
            found &= Q(currency="" if self.currency == NO_CURRENCY else self.currency)
        return found

    def query(self, tab: str, **more: str) -> str:
        """What the address of a list needs at its end to be as narrow."""
        return f"?{urlencode({'tab': tab} | self.named | more)}"


def narrowing_of(given: Mapping[str, str]) -> Narrowing:
    """Read it from an address; what is no such thing narrows nothing."""
    kind, currency, outcome = (given.get(name, "") for name in ("type", "currency", "outcome"))
    return Narrowing(
        type=kind if kind in types() else "",
        account=_number(given.get("account", "")),
        tag=_number(given.get("tag", "")),
        currency=currency if currency == NO_CURRENCY or re.fullmatch("[A-Z]{3}", currency) else "",
        outcome=outcome if outcome in CaseOutcome.values else "",
        days=_number(given.get("days", ""), longest=3),
    )


def _number(given: str, *, longest: int = 18) -> int:
    return int(given) if given.isdecimal() and given.isascii() and len(given) <= longest else 0
