"""The rules by which mail is read: data in `rules/*.toml`, checked loudly when this module is loaded."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplaces.mailbox.parsed import MailKind

FOLDER = Path(__file__).parent / "rules"
FIELDS = frozenset({"order", "item", "item_id", "message", "ref", "sku", "reason", "details"})
UNITS = frozenset({"days", "hours", "date"})


class RulesError(Exception):
    """A rules file is wrong; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class SenderRule:
    """Mail from these local parts (any if none), whose subject or text says one of these, is of this kind."""

    kind: MailKind
    local_parts: frozenset[str]
    subjects: tuple[str, ...]
    phrases: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """Phrases that state a deadline; unit is days, hours (group 1 counts them) or date (one follows)."""

    unit: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class SharedRules:
    """What holds for every mail."""

    machine_local_parts: frozenset[str]
    bounce_senders: frozenset[str]
    bounce_subjects: tuple[str, ...]
    bounce_bodies: tuple[str, ...]
    bounce_delayed: tuple[str, ...]
    complaint_domains: frozenset[str]
    complaint_local_parts: frozenset[str]
    complaint_subjects: tuple[str, ...]
    originals: frozenset[str]
    wrote_starts: tuple[str, ...]
    wrote_ends: tuple[str, ...]
    head_labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class MarketplaceRules:
    """How one marketplace writes to its sellers."""

    marketplace: str
    relay_domains: frozenset[str]
    sender_domains: frozenset[str]
    stamp_domains: frozenset[str]
    link_hosts: frozenset[str]
    no_response_paths: tuple[str, ...]
    order_pattern: re.Pattern[str]
    order_keeps_dashes: bool
    item_pattern: re.Pattern[str]
    name_suffixes: tuple[str, ...]
    refused_addresses: frozenset[str]
    notification_kinds: Mapping[str, MailKind]
    senders: tuple[SenderRule, ...]
    on_behalf_local_parts: frozenset[str]
    on_behalf_phrases: tuple[str, ...]
    on_behalf_domain_phrases: tuple[str, ...]
    begin_markers: frozenset[str]
    end_markers: frozenset[str]
    labels: Mapping[str, str]
    openings: tuple[str, ...]
    footers: tuple[str, ...]
    terminators: tuple[str, ...]
    body_after_name: tuple[str, ...]
    subject_before_name: tuple[str, ...]
    subject_stops: tuple[str, ...]
    deadlines: tuple[DeadlineRule, ...]

    def is_relay(self, domain: str) -> bool:
        """Say whether buyers' aliases live at this domain."""
        return domain in self.relay_domains

    def is_sender(self, domain: str) -> bool:
        """Say whether the domain or a parent of it is the marketplace's own."""
        return under(domain, self.sender_domains)


def folded(text: str) -> str:
    """Return text as phrases are compared: case folded, every stretch of white space one blank."""
    return " ".join(text.casefold().split())


def under(domain: str, parents: Iterable[str]) -> bool:
    """Say whether a domain is one of these or below one of them."""
    return any(domain == parent or domain.endswith(f".{parent}") for parent in parents)


class _Table:
    """A table of a rules file that knows its name, so that every complaint can say where."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.data = data
        self.where = where
        self.read: set[str] = set()

    def get(self, key: str, kind: type, *, optional: bool = False) -> Any:
        self.read.add(key)
        value = self.data.get(key)
        if value is None and optional:
            return kind()
        if not isinstance(value, kind):
            raise RulesError(f"{self.where}: {key} must be a {kind.__name__}, not {value!r}")
        return value

    def table(self, key: str) -> "_Table":
        return _Table(self.get(key, dict), f"{self.where} [{key}]")

    def tables(self, key: str) -> list["_Table"]:
        entries = self.get(key, list, optional=True)
        for entry in entries:
            if not isinstance(entry, dict):
                raise RulesError(f"{self.where}: every [[{key}]] must be a table")
        return [_Table(entry, f"{self.where} [[{key}]] {number}") for number, entry in enumerate(entries, 1)]

    def strings(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        values = self.get(key, list, optional=optional)
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise RulesError(f"{self.where}: {key} holds {value!r} where words belong")
        return tuple(values)

    def phrases(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        return tuple(folded(value) for value in self.strings(key, optional=optional))

    def pattern(self, key: str) -> re.Pattern[str]:
        try:
            return re.compile(self.get(key, str))
        except re.error as error:
            raise RulesError(f"{self.where}: {key} is no pattern: {error}") from error

    def done(self) -> None:
        unknown = sorted(set(self.data) - self.read)
        if unknown:
            raise RulesError(f"{self.where}: unknown key {', '.join(unknown)}")


def load_marketplace(path: Path) -> MarketplaceRules:
    """Read and check one marketplace's file; RulesError says what is wrong with it."""
    table = _open(path)
    tlds = table.strings("tlds")

    def domains(key: str) -> frozenset[str]:
        names = table.strings(key)
        return frozenset(name.replace("{tld}", tld).lower() for name in names for tld in tlds)

    on_behalf = table.table("on_behalf")
    markers = table.table("markers")
    frame = table.table("frame")
    buyers = table.table("buyers")
    rules = MarketplaceRules(
        marketplace=table.get("marketplace", str),
        relay_domains=domains("relay_domains"),
        sender_domains=domains("sender_domains"),
        stamp_domains=domains("stamp_domains"),
        link_hosts=domains("link_hosts"),
        no_response_paths=table.strings("no_response_paths"),
        order_pattern=table.pattern("order_pattern"),
        order_keeps_dashes=table.get("order_keeps_dashes", bool),
        item_pattern=table.pattern("item_pattern"),
        name_suffixes=table.phrases("name_suffixes"),
        refused_addresses=frozenset(table.phrases("refused_addresses", optional=True)),
        notification_kinds=_kinds(table),
        senders=tuple(_sender(entry) for entry in table.tables("senders")),
        on_behalf_local_parts=frozenset(on_behalf.phrases("local_parts")),
        on_behalf_phrases=on_behalf.phrases("phrases"),
        on_behalf_domain_phrases=on_behalf.phrases("domain_phrases"),
        begin_markers=frozenset(markers.phrases("begin")),
        end_markers=frozenset(markers.phrases("end")),
        labels=_labels(table.table("labels")),
        openings=frame.phrases("openings"),
        footers=frame.phrases("footers"),
        terminators=frame.phrases("terminators"),
        body_after_name=buyers.phrases("body_after"),
        subject_before_name=buyers.phrases("subject_before"),
        subject_stops=buyers.phrases("subject_stops"),
        deadlines=tuple(_deadline(entry) for entry in table.tables("deadlines")),
    )
    for each in (on_behalf, markers, frame, buyers, table):
        each.done()
    both = rules.begin_markers & rules.end_markers
    if both:
        raise RulesError(f"{path.name} [markers]: {sorted(both)} both begin and end")
    return rules


def load_shared(path: Path) -> SharedRules:
    """Read and check the file that holds for every mail."""
    table = _open(path)
    bounce = table.table("bounce")
    complaint = table.table("complaint")
    quotes = table.table("quotes")
    rules = SharedRules(
        machine_local_parts=frozenset(table.phrases("machine_local_parts")),
        bounce_senders=frozenset(bounce.phrases("senders")),
        bounce_subjects=bounce.phrases("subjects"),
        bounce_bodies=bounce.phrases("bodies"),
        bounce_delayed=bounce.phrases("delayed"),
        complaint_domains=frozenset(complaint.phrases("domains")),
        complaint_local_parts=frozenset(complaint.phrases("local_parts")),
        complaint_subjects=complaint.phrases("subjects"),
        originals=frozenset(quotes.phrases("originals")),
        wrote_starts=tuple(start.casefold() for start in quotes.strings("wrote_starts")),
        wrote_ends=quotes.phrases("wrote_ends"),
        head_labels=frozenset(quotes.phrases("head_labels")),
    )
    for each in (bounce, complaint, quotes, table):
        each.done()
    return rules


def _open(path: Path) -> _Table:
    try:
        return _Table(tomllib.loads(path.read_text("utf-8")), path.name)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesError(f"{path.name} cannot be read: {error}") from error


def _kind(value: object, where: str) -> MailKind:
    try:
        return MailKind(str(value))
    except ValueError:
        raise RulesError(f"{where}: there is no kind of mail called {value!r}") from None


def _kinds(table: _Table) -> Mapping[str, MailKind]:
    entries = table.get("notification_kinds", dict)
    return {
        name: _kind(value, f"{table.where} [notification_kinds] {name}") for name, value in entries.items()
    }


def _sender(table: _Table) -> SenderRule:
    rule = SenderRule(
        kind=_kind(table.get("kind", str), table.where),
        local_parts=frozenset(table.phrases("local_parts")),
        subjects=table.phrases("subjects", optional=True),
        phrases=table.phrases("phrases", optional=True),
        why=table.get("why", str),
    )
    table.done()
    if not (rule.local_parts or rule.subjects or rule.phrases):
        raise RulesError(f"{table.where}: a rule without local parts, subjects and phrases fits every mail")
    return rule


def _labels(table: _Table) -> Mapping[str, str]:
    labels: dict[str, str] = {}
    for name in table.data:
        if name not in FIELDS:
            raise RulesError(f"{table.where}: there is no field called {name!r}")
        for label in table.phrases(name):
            if label in labels:
                raise RulesError(f"{table.where}: {label!r} stands for {labels[label]} and {name}")
            labels[label] = name
    return labels


def _deadline(table: _Table) -> DeadlineRule:
    unit = table.get("unit", str)
    if unit not in UNITS:
        raise RulesError(f"{table.where}: unit must be one of {', '.join(sorted(UNITS))}, not {unit!r}")
    phrases = table.phrases("phrases")
    if unit != "date" and not all("{n}" in phrase for phrase in phrases):
        raise RulesError(f"{table.where}: every phrase needs {{n}}")
    table.done()
    # Longest first, so that a phrase never hides a longer one that starts alike.
    choices = "|".join(
        re.escape(phrase).replace(r"\{n\}", "([0-9]{1,3})").replace(r"\ ", r"\s+")
        for phrase in sorted(phrases, key=len, reverse=True)
    )
    return DeadlineRule(unit=unit, pattern=re.compile(choices, re.IGNORECASE))


SHARED = load_shared(FOLDER / "shared.toml")
MARKETPLACES = {
    rules.marketplace: rules
    for rules in (load_marketplace(FOLDER / f"{name}.toml") for name in ("amazon", "walmart"))
}
