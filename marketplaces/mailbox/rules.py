"""The rules by which mail is read, as values; `rulebook` reads them from the files in `rules/`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from marketplaces.mailbox.parsed import MailKind


@dataclass(frozen=True, slots=True)
class SenderRule:
    """Mail from these local parts (any if none), whose subject or text says one of these, is of this kind."""

    name: str
    kind: MailKind
    local_parts: frozenset[str]
    subjects: tuple[str, ...]
    phrases: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class MatterRule:
    """Mail of these kinds, from these local parts or so marked, that says one of these is about this case."""

    name: str
    type: str
    step: str
    kinds: frozenset[MailKind]
    local_parts: frozenset[str]
    notifications: frozenset[str]
    phrases: tuple[str, ...]


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
    official_domains: frozenset[str]
    complaint_local_parts: frozenset[str]
    complaint_subjects: tuple[str, ...]
    originals: frozenset[str]
    wrote_starts: tuple[str, ...]
    wrote_ends: tuple[str, ...]
    head_labels: frozenset[str]
    months: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MarketplaceRules:
    """How one marketplace writes to its sellers."""

    marketplace: str
    relay_domains: frozenset[str]
    sender_domains: frozenset[str]
    stamp_domains: frozenset[str]
    link_hosts: frozenset[str]
    no_response_paths: tuple[str, ...]
    case_parameters: tuple[str, ...]
    order_pattern: re.Pattern[str]
    order_keeps_dashes: bool
    item_pattern: re.Pattern[str]
    name_suffixes: tuple[str, ...]
    refused_addresses: frozenset[str]
    notification_header: str
    notification_kinds: Mapping[str, MailKind]
    senders: tuple[SenderRule, ...]
    on_behalf_local_parts: frozenset[str]
    on_behalf_phrases: tuple[str, ...]
    on_behalf_domain_phrases: tuple[str, ...]
    on_behalf_beside_reason: tuple[str, ...]
    begin_markers: frozenset[str]
    end_markers: frozenset[str]
    labels: Mapping[str, str]
    ref_pattern: re.Pattern[str]
    openings: tuple[str, ...]
    footers: tuple[str, ...]
    terminators: tuple[str, ...]
    quantity_words: tuple[str, ...]
    body_after_name: tuple[str, ...]
    subject_before_name: tuple[str, ...]
    subject_stops: tuple[str, ...]
    deadlines: tuple[DeadlineRule, ...]
    matters: tuple[MatterRule, ...]
    outcomes: Mapping[str, tuple[str, ...]]  # phrases by won and lost
    amount_labels: tuple[str, ...]
    reference_labels: tuple[str, ...]

    def labelled(self, name: str) -> tuple[str, ...]:
        """The labels that stand for a field."""
        return tuple(label for label, field in self.labels.items() if field == name)

    def is_relay(self, domain: str) -> bool:
        """Say whether buyers' aliases live at this domain."""
        return domain in self.relay_domains

    def is_sender(self, domain: str) -> bool:
        """Say whether the domain or a parent of it is the marketplace's own."""
        return under(domain, self.sender_domains)


@dataclass(frozen=True, slots=True)
class KindWords:
    """What the screen calls a kind of mail; `filing` is its place among a person's choices, or 0."""

    mark: str
    guess: str
    choice: str
    filing: int
    alarming: bool


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules; `mark` changes with every byte of their files and is stored with what was read by them."""

    mark: str
    versions: Mapping[str, int]
    shared: SharedRules
    marketplaces: Mapping[str, MarketplaceRules]
    kinds: Mapping[str, KindWords]


def folded(text: str) -> str:
    """Return text as phrases are compared: case folded, every stretch of white space one blank."""
    return " ".join(text.casefold().split())


def under(domain: str, parents: Iterable[str]) -> bool:
    """Say whether a domain is one of these or below one of them."""
    return any(domain == parent or domain.endswith(f".{parent}") for parent in parents)
