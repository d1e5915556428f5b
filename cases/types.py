"""The types of cases, read once from types.toml; pure. A mistake in it is a sentence naming the place."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from inbox.promises import kinds_by_reply, promises
from marketplaces.types import FACTS, MARKETS, Marketplace
from orders.seller_sites import page_of, site_of

PATH = Path(__file__).with_name("types.toml")
# The life of a case, in the marketplaces' own order.
STAGES = ("buyer", "seller", "escalated", "review", "decided", "follow_up", "lesson")
# Where the seller must act.
SELLERS = ("seller", "escalated")
TYPE_KEYS = {"key", "title", "label", "marketplaces", "opened_by", "evidence", "stage"}
TEXTS = ("text", "text_lost", "text_not_lost")
STAGE_KEYS = {"stage", "promise", *TEXTS, "links", "when_lost"}
# Outcomes in which something went against the seller.
LOST = ("lost", "partly")
LONGEST = {"key": 40, "label": 60, "title": 100}


class TypesError(Exception):
    """The file of case types is wrong; the message says where."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of a checklist."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the marketplace's site for sellers; `path` is below the site, empty for the order's page."""

    key: str
    title: str
    marketplaces: tuple[str, ...]
    path: str

    def address(self, market: str, *, order: str, reference: str) -> str:
        """The page at a market's site; empty where what it needs is unknown, or for another marketplace."""
        if MARKETS[market].marketplace not in self.marketplaces:
            return ""
        if not self.path:
            return page_of(market, order) if order else ""
        if ("{order}" in self.path and not order) or ("{reference}" in self.path and not reference):
            return ""
        named = {"order": quote(order, safe=""), "reference": quote(reference, safe="")}
        return site_of(market) + self.path.format(**named)


@dataclass(frozen=True, slots=True)
class StageFacts:
    """What a type does in a stage; with `when_lost` its clock runs only where the decision was against us.

    `text` is said while no outcome is known, and of any outcome where the stage has no words for it.
    """

    stage: str
    promise: str
    text: str
    links: tuple[Link, ...]
    when_lost: bool = False
    text_lost: str = ""
    text_not_lost: str = ""

    def said(self, market: str, outcome: str = "") -> str:
        """What to do now, with the names of the market's marketplace and of its site for sellers."""
        of_outcome = (self.text_lost if outcome in LOST else self.text_not_lost) if outcome else ""
        facts = FACTS[MARKETS[market].marketplace]
        return (of_outcome or self.text).format(site=facts.seller_site, marketplace=facts.name)


@dataclass(frozen=True, slots=True)
class CaseType:
    """A type of case as the file describes it."""

    key: str
    title: str
    label: str
    marketplaces: tuple[str, ...]
    opened_by: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    stages: tuple[StageFacts, ...]

    @property
    def first(self) -> StageFacts:
        """The stage it begins in."""
        return self.stages[0]

    @property
    def by_reply(self) -> bool:
        """Whether a reply to its mail does what is asked."""
        return any(stage.promise in kinds_by_reply() for stage in self.stages if stage.promise)

    @property
    def appeals(self) -> bool:
        """Whether a lost decision can be appealed against."""
        return any(stage.when_lost for stage in self.stages)

    @property
    def after_acting(self) -> str:
        """The stage that follows when the seller has done what was asked."""
        return next(name for name in ("review", "buyer", "decided") if self.has(name))

    def has(self, stage: str) -> bool:
        """Whether its life has this stage."""
        return any(each.stage == stage for each in self.stages)

    def facts(self, stage: str) -> StageFacts:
        """What it does in a stage; an empty entry for one it does not have by itself (an escalation, say)."""
        return next((each for each in self.stages if each.stage == stage), StageFacts(stage, "", "", ()))

    def in_order(self) -> tuple[str, ...]:
        """Its stages in the order of their picture."""
        return tuple(stage for stage in STAGES if self.has(stage))


@cache
def types() -> Mapping[str, CaseType]:
    """Every type by its key, in the file's order; raises TypesError."""
    return read(PATH.read_text("utf-8"))


def type_of(key: str) -> CaseType:
    """The type of that key; one the file no longer has is shown by its bare name, and can be finished."""
    known = types().get(key)
    if known is not None:
        return known
    decided = StageFacts("decided", "", "", ())
    name = key.replace("_", " ").capitalize()
    return CaseType(key, name, name, tuple(Marketplace), (), (), (decided,))


def read(text: str) -> Mapping[str, CaseType]:
    """Read and check the file's text; raises TypesError for the first mistake."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TypesError(f"types.toml cannot be read: {error}") from error
    _only(data, {"version", "links", "evidence", "type"}, "types.toml")
    links = {key: _link(key, entry) for key, entry in data.get("links", {}).items()}
    titles = data.get("evidence", {})
    found: dict[str, CaseType] = {}
    for entry in data.get("type", []):
        made = _type(entry, links, titles)
        if made.key in found:
            raise TypesError(f"types.toml: {made.key} stands twice")
        found[made.key] = made
    return found


def _type(entry: dict[str, Any], links: Mapping[str, Link], titles: Mapping[str, str]) -> CaseType:
    where = f"types.toml: {entry.get('key', 'a type without a key')}"
    _only(entry, TYPE_KEYS, where)
    for name in (*LONGEST, "marketplaces", "opened_by", "evidence", "stage"):
        if not entry.get(name):
            raise TypesError(f"{where}: {name} is missing")
    for name, longest in LONGEST.items():
        if len(entry[name]) > longest:
            raise TypesError(f"{where}: {name} is longer than {longest} characters")
    for name in entry["marketplaces"]:
        if name not in FACTS:
            raise TypesError(f"{where}: there is no marketplace called {name}")
    for name in entry["evidence"]:
        if name not in titles:
            raise TypesError(f"{where}: the evidence {name} has no title")
    stages = tuple(_stage(stage, entry["marketplaces"], links, where) for stage in entry["stage"])
    names = [stage.stage for stage in stages]
    if len(set(names)) != len(names) or "decided" not in names:
        raise TypesError(f"{where}: each stage stands once, and one of them is decided")
    return CaseType(
        key=entry["key"],
        title=entry["title"],
        label=entry["label"],
        marketplaces=tuple(entry["marketplaces"]),
        opened_by=tuple(entry["opened_by"]),
        evidence=tuple(Evidence(key, titles[key]) for key in entry["evidence"]),
        stages=stages,
    )


def _stage(entry: dict[str, Any], at: list[str], links: Mapping[str, Link], where: str) -> StageFacts:
    name = entry.get("stage", "")
    if name not in STAGES:
        raise TypesError(f"{where}: there is no stage called {name!r}")
    where = f"{where}, {name}"
    _only(entry, STAGE_KEYS, where)
    if not entry.get("text"):
        raise TypesError(f"{where}: text is missing")
    if bool(entry.get("text_lost")) != bool(entry.get("text_not_lost")):
        raise TypesError(f"{where}: text_lost and text_not_lost stand together")
    if entry.get("when_lost") and not entry.get("text_lost"):
        raise TypesError(f"{where}: text_lost is missing, what to do once it is lost")
    for text in TEXTS:
        _check_names(entry.get(text, ""), f"{where}: {text}")
    promise = entry.get("promise", "")
    kept = {(each.marketplace, each.kind) for each in promises()}
    for marketplace in at if promise else ():
        if (marketplace, promise) not in kept:
            raise TypesError(f"{where}: {marketplace} promises no {promise}")
    for link in entry.get("links", []):
        if link not in links:
            raise TypesError(f"{where}: there is no link called {link}")
    return StageFacts(
        stage=name,
        promise=promise,
        text=entry["text"],
        links=tuple(links[link] for link in entry.get("links", [])),
        when_lost=bool(entry.get("when_lost", False)),
        text_lost=entry.get("text_lost", ""),
        text_not_lost=entry.get("text_not_lost", ""),
    )


def _check_names(text: str, where: str) -> None:
    """Refuse a name in braces that nothing fills: a person would meet it as a page that does not open."""
    try:
        text.format(site="", marketplace="")
    except (KeyError, ValueError, IndexError) as error:
        raise TypesError(f"{where}: only {{site}} and {{marketplace}} are filled in") from error


def _link(key: str, entry: dict[str, Any]) -> Link:
    _only(entry, {"title", "marketplaces", "path"}, f"types.toml: link {key}")
    return Link(key, entry["title"], tuple(entry["marketplaces"]), entry["path"])


def _only(entry: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(entry) - known):
        raise TypesError(f"{where}: unknown key {', '.join(unknown)}")
