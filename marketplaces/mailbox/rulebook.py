"""Read the rules' files, loudly: a mistake in one of them is a sentence that names the file and the key.

`rules/` holds one file a marketplace, `shared.toml` for every mail and `kinds.toml` for what the screen calls
them; `languages/` one file a language. All languages are read together, since a mail does not say which it is
in: another file there is another language.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.rules import (
    DeadlineRule,
    KindWords,
    MarketplaceRules,
    MatterRule,
    Rulebook,
    SenderRule,
    SharedRules,
    folded,
)

FOLDER = Path(__file__).parent / "rules"
MARKETPLACES = ("amazon", "walmart")
FIELDS = ("order", "item", "item_id", "message", "ref", "sku", "reason", "details")
NEVER = re.compile("(?!)")
# What a language file may say, by table; `senders` is named after the marketplace's own rules.
WORDS = {
    "bounce": ("subjects", "bodies", "delayed"),
    "complaint": ("subjects",),
    "quotes": ("originals", "wrote_starts", "wrote_ends", "head_labels"),
}
MARKETPLACE_WORDS = {
    "on_behalf": ("phrases", "domain_phrases", "beside_reason"),
    "markers": ("begin", "end"),
    "labels": FIELDS,
    "frame": ("openings", "footers", "terminators", "quantity_words"),
    "buyers": ("body_after", "subject_before", "subject_stops"),
    "deadlines": ("days", "hours", "date"),
    "outcomes": ("won", "lost"),
    "sums": ("amount", "reference"),
}
STEPS = ("opened", "decided")
# The marketplace's own rules that want words, by the table they stand in and the keys of those words.
NAMED_RULES = {"senders": ("subjects", "phrases"), "matters": ("phrases",)}
# A blank at the end belongs to these: "on " begins a line, "once" does not.
WITH_BLANKS = ("quotes.wrote_starts",)


class RulesError(Exception):
    """A rules file is wrong; the message names the file and the key."""


@cache
def rulebook() -> Rulebook:
    """The rules this installation reads mail by; raises RulesError."""
    return load(FOLDER)


def load(folder: Path) -> Rulebook:
    """Read and check every file; raises RulesError for the first mistake."""
    languages = sorted((folder / "languages").glob("*.toml"))
    names = ["shared.toml", "kinds.toml", *(f"{name}.toml" for name in MARKETPLACES)]
    paths = [*(folder / name for name in names), *languages]
    tables = {path: _open(path) for path in paths}
    versions = {path.stem: table.version() for path, table in tables.items()}
    wording = Wording()
    marketplaces = {name: tables[folder / f"{name}.toml"] for name in MARKETPLACES}
    worded = {
        name: {kind: _worded(table, kind) for kind in NAMED_RULES} for name, table in marketplaces.items()
    }
    for path in languages:
        wording.add(tables[path], worded)
    book = Rulebook(
        mark=_digest(paths),
        versions=versions,
        shared=_shared(tables[folder / "shared.toml"], wording),
        marketplaces={name: _marketplace(table, name, wording) for name, table in marketplaces.items()},
        kinds=_kind_words(tables[folder / "kinds.toml"]),
    )
    for table in tables.values():
        table.done()
    return book


class Table:
    """A table of a rules file that knows its name, so that every complaint can say where."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.data = data
        self.where = where
        self.read: set[str] = set()
        self.inner: list[Table] = []

    def get(self, key: str, kind: type, *, optional: bool = False) -> Any:
        """A value of that type; its type's empty one where it may be absent and is."""
        self.read.add(key)
        value = self.data.get(key)
        if value is None and optional:
            return kind()
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise RulesError(f"{self.where}: {key} must be a {kind.__name__}, not {value!r}")
        return value

    def version(self) -> int:
        """The version every file has."""
        number = int(self.get("version", int))
        if number < 1:
            raise RulesError(f"{self.where}: version must be 1 or more, not {number}")
        return number

    def table(self, key: str, *, optional: bool = False) -> "Table":
        """A table inside of this one."""
        self.inner.append(Table(self.get(key, dict, optional=optional), f"{self.where} [{key}]"))
        return self.inner[-1]

    def tables(self, key: str) -> list["Table"]:
        """A list of tables inside of this one."""
        entries = self.get(key, list, optional=True)
        for entry in entries:
            if not isinstance(entry, dict):
                raise RulesError(f"{self.where}: every [[{key}]] must be a table")
        found = [Table(entry, f"{self.where} [[{key}]] {number}") for number, entry in enumerate(entries, 1)]
        self.inner += found
        return found

    def strings(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """Words as they are written."""
        values = self.get(key, list, optional=optional)
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise RulesError(f"{self.where}: {key} holds {value!r} where words belong")
        return tuple(values)

    def phrases(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """Words as they are compared."""
        return tuple(folded(value) for value in self.strings(key, optional=optional))

    def pattern(self, key: str) -> re.Pattern[str]:
        """A regular expression."""
        try:
            return re.compile(self.get(key, str))
        except re.error as error:
            raise RulesError(f"{self.where}: {key} is no pattern: {error}") from error

    def done(self) -> None:
        """Complain about what nobody has read."""
        unknown = sorted(set(self.data) - self.read)
        if unknown:
            raise RulesError(f"{self.where}: unknown key {', '.join(unknown)}")
        for table in self.inner:
            table.done()


class Wording:
    """The phrases of all languages by the table and key they stand under, each with the file it came from."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, str]] = {}
        self.months: dict[str, int] = {}

    def of(self, path: str) -> tuple[str, ...]:
        """All phrases under a key such as "amazon.markers.begin"."""
        return tuple(self.found.get(path, ()))

    def add(self, language: Table, worded: Mapping[str, Mapping[str, set[str]]]) -> None:
        """Take in a language's file; `worded` names each marketplace's rules that want words."""
        language.get("name", str)
        self._add_months(language)
        for section, keys in WORDS.items():
            self._add(language.table(section, optional=True), section, keys)
        for marketplace, rules in worded.items():
            own = language.table(marketplace, optional=True)
            for section, keys in MARKETPLACE_WORDS.items():
                self._add(own.table(section, optional=True), f"{marketplace}.{section}", keys)
            for kind, keys in NAMED_RULES.items():
                named = own.table(kind, optional=True)
                for name in named.data:
                    if name not in rules[kind]:
                        raise RulesError(
                            f"{named.where}: {marketplace}.toml has no worded rule called {name}"
                        )
                    self._add(named.table(name), f"{marketplace}.{kind}.{name}", keys)

    def _add(self, table: Table, path: str, keys: Iterable[str]) -> None:
        for key in keys:
            full = f"{path}.{key}"
            words = table.strings(key, optional=True)
            if full in WITH_BLANKS:
                phrases = [word.casefold() for word in words]
            else:
                phrases = [folded(word) for word in words]
            if full.endswith(("deadlines.days", "deadlines.hours")):
                for phrase in phrases:
                    if "{n}" not in phrase:
                        raise RulesError(f"{table.where}: {key}: {phrase!r} needs {{n}} for the number")
            known = self.found.setdefault(full, {})
            for phrase in phrases:
                known.setdefault(phrase, table.where)

    def _add_months(self, language: Table) -> None:
        months = language.phrases("months", optional=True)
        if months and len(months) != 12:
            raise RulesError(f"{language.where}: months must be twelve, not {len(months)}")
        for number, month in enumerate(months, 1):
            if self.months.setdefault(month, number) != number:
                raise RulesError(f"{language.where}: months: {month!r} is another month in another language")

    def only_once(self, one: str, other: str, complaint: str) -> None:
        """Complain about a phrase that stands under both keys."""
        both = self.found.get(one, {}).keys() & self.found.get(other, {}).keys()
        for phrase in sorted(both):
            raise RulesError(f"{self.found[other][phrase]}: {phrase!r} {complaint}")


def _open(path: Path) -> Table:
    name = f"languages/{path.name}" if path.parent.name == "languages" else path.name
    try:
        return Table(tomllib.loads(path.read_text("utf-8")), name)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesError(f"{name} cannot be read: {error}") from error


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: (path.parent.name, path.name)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _worded(table: Table, kind: str) -> set[str]:
    """The names of a marketplace's rules of a kind that languages give words to."""
    rules = [Table(entry, table.where) for entry in table.data.get(kind, []) if isinstance(entry, dict)]
    return {rule.get("name", str) for rule in rules if rule.data.get("worded") is True}


def _shared(table: Table, wording: Wording) -> SharedRules:
    complaint = table.table("complaint")
    return SharedRules(
        machine_local_parts=frozenset(table.phrases("machine_local_parts")),
        bounce_senders=frozenset(table.phrases("bounce_senders")),
        bounce_subjects=wording.of("bounce.subjects"),
        bounce_bodies=wording.of("bounce.bodies"),
        bounce_delayed=wording.of("bounce.delayed"),
        complaint_domains=frozenset(complaint.phrases("domains")),
        official_domains=frozenset(complaint.phrases("official_domains")),
        complaint_local_parts=frozenset(complaint.phrases("local_parts")),
        complaint_subjects=wording.of("complaint.subjects"),
        originals=frozenset(wording.of("quotes.originals")),
        wrote_starts=wording.of("quotes.wrote_starts"),
        wrote_ends=wording.of("quotes.wrote_ends"),
        head_labels=frozenset(wording.of("quotes.head_labels")),
        months=wording.months,
    )


def _marketplace(table: Table, name: str, wording: Wording) -> MarketplaceRules:
    if table.get("marketplace", str) != name:
        raise RulesError(f"{table.where}: marketplace must be {name!r}, as the file is called")
    tlds = table.strings("tlds")

    def domains(key: str) -> frozenset[str]:
        names = table.strings(key)
        return frozenset(each.replace("{tld}", tld).lower() for each in names for tld in tlds)

    def words(path: str) -> tuple[str, ...]:
        return wording.of(f"{name}.{path}")

    wording.only_once(f"{name}.markers.begin", f"{name}.markers.end", "both begins and ends a message")
    labels = _labels(name, wording)
    return MarketplaceRules(
        marketplace=name,
        relay_domains=domains("relay_domains"),
        sender_domains=domains("sender_domains"),
        stamp_domains=domains("stamp_domains"),
        link_hosts=domains("link_hosts"),
        no_response_paths=table.strings("no_response_paths"),
        case_parameters=table.strings("case_parameters"),
        order_pattern=table.pattern("order_pattern"),
        order_keeps_dashes=table.get("order_keeps_dashes", bool),
        item_pattern=table.pattern("item_pattern"),
        name_suffixes=table.phrases("name_suffixes"),
        refused_addresses=frozenset(table.phrases("refused_addresses")),
        notification_header=table.get("notification_header", str).lower(),
        notification_kinds=_notification_kinds(table.table("notification_kinds")),
        senders=tuple(_sender(entry, name, wording) for entry in table.tables("senders")),
        on_behalf_local_parts=frozenset(table.table("on_behalf").phrases("local_parts")),
        on_behalf_phrases=words("on_behalf.phrases"),
        on_behalf_domain_phrases=words("on_behalf.domain_phrases"),
        on_behalf_beside_reason=words("on_behalf.beside_reason"),
        begin_markers=frozenset(words("markers.begin")),
        end_markers=frozenset(words("markers.end")),
        labels=labels,
        ref_pattern=_ref_pattern(label for label, field in labels.items() if field == "ref"),
        openings=words("frame.openings"),
        footers=words("frame.footers"),
        terminators=words("frame.terminators"),
        quantity_words=words("frame.quantity_words"),
        body_after_name=words("buyers.body_after"),
        subject_before_name=words("buyers.subject_before"),
        subject_stops=words("buyers.subject_stops"),
        deadlines=tuple(
            _deadline(unit, phrases)
            for unit in ("days", "hours", "date")
            if (phrases := words(f"deadlines.{unit}"))
        ),
        matters=tuple(_matter(entry, name, wording) for entry in table.tables("matters")),
        outcomes={each: words(f"outcomes.{each}") for each in ("won", "lost")},
        amount_labels=words("sums.amount"),
        reference_labels=words("sums.reference"),
    )


def _kind(value: object, where: str) -> MailKind:
    try:
        return MailKind(str(value))
    except ValueError:
        raise RulesError(f"{where}: there is no kind of mail called {value!r}") from None


def _notification_kinds(table: Table) -> Mapping[str, MailKind]:
    return {name: _kind(table.get(name, str), f"{table.where} {name}") for name in table.data}


def _sender(table: Table, marketplace: str, wording: Wording) -> SenderRule:
    name = table.get("name", str)
    rule = SenderRule(
        name=name,
        kind=_kind(table.get("kind", str), f"{table.where} kind"),
        local_parts=frozenset(table.phrases("local_parts")),
        subjects=wording.of(f"{marketplace}.senders.{name}.subjects"),
        phrases=wording.of(f"{marketplace}.senders.{name}.phrases"),
        why=table.get("why", str),
    )
    if table.get("worded", bool) and not (rule.subjects or rule.phrases):
        raise RulesError(f"{table.where}: {name} is worded, and no language has words for it")
    if not (rule.local_parts or rule.subjects or rule.phrases):
        raise RulesError(f"{table.where}: {name} has neither local_parts nor words and fits every mail")
    return rule


def _matter(table: Table, marketplace: str, wording: Wording) -> MatterRule:
    name = table.get("name", str)
    rule = MatterRule(
        name=name,
        type=table.get("type", str),
        step=table.get("step", str),
        kinds=frozenset(_kind(each, f"{table.where} kinds") for each in table.strings("kinds")),
        local_parts=frozenset(table.phrases("local_parts", optional=True)),
        notifications=frozenset(table.strings("notifications", optional=True)),
        phrases=wording.of(f"{marketplace}.matters.{name}.phrases"),
    )
    if rule.step not in STEPS:
        raise RulesError(f"{table.where}: step must be one of {', '.join(STEPS)}, not {rule.step!r}")
    if table.get("worded", bool) and not rule.phrases:
        raise RulesError(f"{table.where}: {name} is worded, and no language has words for it")
    return rule


def _labels(marketplace: str, wording: Wording) -> Mapping[str, str]:
    labels: dict[str, str] = {}
    for field in FIELDS:
        path = f"{marketplace}.labels.{field}"
        for label in wording.of(path):
            if label in labels:
                where = wording.found[path][label]
                raise RulesError(f"{where}: {label!r} stands for {labels[label]} and {field}")
            labels[label] = field
    return labels


def _ref_pattern(labels: Iterable[str]) -> re.Pattern[str]:
    choices = "|".join(re.escape(label).replace(r"\ ", r"\s?") for label in labels)
    if not choices:
        return NEVER
    return re.compile(rf"(?:{choices})\s?:\s{{0,5}}([0-9a-f]{{32}})(?![0-9a-z])", re.IGNORECASE)


def _deadline(unit: str, phrases: Iterable[str]) -> DeadlineRule:
    # Longest first, so that a phrase never hides a longer one that starts alike.
    choices = "|".join(
        re.escape(phrase).replace(r"\{n\}", "([0-9]{1,3})").replace(r"\ ", r"\s+")
        for phrase in sorted(phrases, key=len, reverse=True)
    )
    return DeadlineRule(unit=unit, pattern=re.compile(choices, re.IGNORECASE))


def _kind_words(table: Table) -> Mapping[str, KindWords]:
    words = {}
    for name in (*MailKind, "unreadable"):
        entry = table.table(str(name))
        words[str(name)] = KindWords(
            mark=entry.get("mark", str, optional=True),
            guess=entry.get("guess", str),
            choice=entry.get("choice", str, optional=True),
            filing=entry.get("filing", int, optional=True),
            alarming=entry.get("alarming", bool, optional=True),
        )
    return words
