"""What speaks for the seller in a case, as plain values; pure. Moments are UTC."""

from dataclasses import dataclass, field
from datetime import datetime

# The parts of a pack, in their order, and the lines of a checklist they answer.
TITLES: dict[str, str] = {
    "case": "The case",
    "policy_text": "What the marketplace wrote",
    "order": "Order",
    "shipment": "Shipments",
    "tracking": "Tracking",
    "delivery_scan": "Delivery",
    "return": "Returns",
    "return_scan": "The way back",
    "refund": "Refunds",
    "warehouse": "Warehouse",
    "thread": "Correspondence",
    "photos": "Pictures and files",
    "other": "Added by hand",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from: `key` tells sources apart, `words` lead a reader back to it."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is so, since when, and who says so; `body` is a text quoted in full.

    What only tells that something is missing stands in a pack and proves nothing on a checklist.
    """

    text: str
    source: Source
    at: datetime | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    proves: bool = True


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that belongs into a pack; `path` is its place in the file storage."""

    name: str
    content_type: str
    size: int
    path: str
    source: Source
    key: str = "photos"


@dataclass(slots=True)
class Dossier:
    """Everything gathered: statements by part, and files."""

    title: str
    subtitle: str
    statements: dict[str, list[Statement]] = field(default_factory=dict)
    files: list[StoredFile] = field(default_factory=list)

    def add(self, key: str, statement: Statement) -> None:
        """Put a statement into its part."""
        self.statements.setdefault(key, []).append(statement)

    @property
    def parts(self) -> list[tuple[str, str, list[Statement]]]:
        """(key, title, statements) of every part that has something to say, in order."""
        return [(key, title, self.statements[key]) for key, title in TITLES.items() if key in self.statements]

    def sources(self) -> dict[str, int]:
        """The number each source is cited by, in the order in which a reader meets them."""
        met = [each.source.key for _, _, part in self.parts for each in part]
        met += [each.source.key for each in self.files]
        return {key: number for number, key in enumerate(dict.fromkeys(met), start=1)}

    def source_list(self) -> list[Source]:
        """The sources themselves, in the order of their numbers."""
        known = {each.source.key: each.source for _, _, part in self.parts for each in part}
        known |= {each.source.key: each.source for each in self.files}
        return [known[key] for key in self.sources()]


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing a case of this type should be able to show; `found` says what of it is here, or why not."""

    key: str
    title: str
    count: int
    found: str

    @property
    def is_here(self) -> bool:
        """Whether there is anything to show."""
        return self.count > 0


def checklist(dossier: Dossier, wanted: list[tuple[str, str]]) -> list[ChecklistItem]:
    """Compare what a type of case wants, as (key, title), with what is here."""
    items = []
    for key, title in wanted:
        statements = dossier.statements.get(key, [])
        files = [each for each in dossier.files if each.key == key]
        proofs = [each.text for each in statements if each.proves] + [each.name for each in files]
        words = proofs or [each.text for each in statements] or [""]
        items.append(ChecklistItem(key, title, len(proofs), words[0]))
    return items
