"""The holes of a prepared reply, which the warehouse's answer fills; pure."""

import re

HOLES = ("carrier", "tracking", "answer", "note")
HOLE = re.compile(r"\{([^{}\n]{0,40})\}")
# A reply that only says what was shipped how; the warehouse's own words are for a person to read first.
TRACKING_HOLES = frozenset({"carrier", "tracking", "answer"})


def holes_in(text: str) -> list[str]:
    """What stands in braces, in the text's order, each once."""
    return list(dict.fromkeys(name.strip().lower() for name in HOLE.findall(text)))


def unknown_holes(text: str) -> list[str]:
    """Those that no answer fills."""
    return [name for name in holes_in(text) if name not in HOLES]


def fill(text: str, values: dict[str, str]) -> str:
    """The text with every hole filled that has a value; the others stay as they are, to be seen."""

    def value(match: re.Match[str]) -> str:
        return values.get(match[1].strip().lower(), "") or match[0]

    return HOLE.sub(value, text)


def only_tells_tracking(text: str) -> bool:
    """Whether a prepared reply is a pure tracking update: it names the number and no free words."""
    names = set(holes_in(text))
    return "tracking" in names and names <= TRACKING_HOLES
