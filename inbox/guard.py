"""Check a reply against the rules a marketplace punishes, before it can leave. Pure; the rules are data."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplaces.types import FACTS, Marketplace

LONGEST_CHECKED = 20_000  # characters; a reply is refused as too long before it comes here
# What a seller typed in as a tracking number may be a "1" or an address: blanking it would blind the guard.
NUMBER = re.compile(r"[A-Za-z0-9-]{8,}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in a text that must go: the rule's name, why, what to do, and the words themselves."""

    rule: str
    title: str
    sentence: str
    fix: str
    excerpt: str


class Blocked(Exception):
    """The reply may not leave as it is."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(", ".join(finding.rule for finding in findings))
        self.findings = findings


def load_rules() -> dict[str, Any]:
    """Read the rules beside this file; a pattern that does not compile stops the start."""
    data = tomllib.loads((Path(__file__).parent / "guard.toml").read_text(encoding="utf-8"))
    for rule in data["rule"]:
        rule["compiled"] = re.compile(rule["pattern"])
    return data


RULES = load_rules()


def check(text: str, marketplace: Marketplace, *, known_ids: tuple[str, ...] = ()) -> list[Finding]:
    """What forbids the text to leave, in the order of the rules, at most one finding for the same words.

    `known_ids` are order numbers and the like, which look like phone numbers and may be named; what is
    too short to be one is checked as any other words.
    """
    findings = []
    name = FACTS[marketplace].name
    # A full stop between digits of an id must not hide it, so ids are blanked at the same length.
    for known in sorted(filter(NUMBER.fullmatch, known_ids), key=len, reverse=True):
        text = text.replace(known, "x" * len(known))
    taken: list[range] = []
    for rule in RULES["rule"]:
        for match in rule["compiled"].finditer(text[:LONGEST_CHECKED]):
            if any(match.start() in span for span in taken) or harmless(rule["key"], match, marketplace):
                continue
            taken.append(range(match.start(), match.end()))
            findings.append(
                Finding(
                    rule["key"],
                    rule["title"].format(marketplace=name),
                    rule["policy"].format(marketplace=name),
                    rule["fix"],
                    match[0].strip()[:100],
                )
            )
    return findings


def harmless(rule: str, match: re.Match[str], marketplace: Marketplace) -> bool:
    """Whether what looks like a breach is none: the marketplace's own link, a word with a dot, a date."""
    if rule == "foreign_link":
        host = (match["named"] or match["host"]).lower().rpartition("@")[2].partition(":")[0].rstrip(".")
        if any(host == own or host.endswith(f".{own}") for own in RULES["allowed_hosts"][marketplace]):
            return True
        bare = match["named"] is None and not host.startswith("www.")
        return bare and match["tld"].lower() not in RULES["bare"]["endings"]
    if rule == "phone_number":
        written = match[0].strip()
        digits = re.sub(r"\D", "", written)
        if re.fullmatch(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", written):
            return True
        # Without a sign of dialling (+, brackets, a leading zero) only North America's 10 or 11 digits count:
        # carriers print tracking numbers in groups of four.
        dialled = written[0] in "+(0"
        return not (7 <= len(digits) <= 15 if dialled else len(digits) in (10, 11))
    return False
