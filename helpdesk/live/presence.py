"""Who is at which conversation, kept in memory from what browsers say every few seconds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# A browser speaks every 10 s, while somebody types every 3 s; whoever falls silent is let go of.
DROP_SECONDS = 25.0
TYPING_SECONDS = 8.0
MOST_TABS = 20
GONE = "gone"
# The strongest of what a person's tabs say is shown.
STRENGTH = {"away": 0, "viewing": 1, "noting": 2, "replying": 3}
TYPING = ("noting", "replying")

Place = tuple[int, int, int]  # tenant, conversation's number, member


@dataclass(slots=True)
class _Tab:
    doing: str
    heard_at: float


@dataclass(slots=True)
class _Person:
    name: str
    initials: str
    account: int  # of the conversation; 0: not said
    tabs: dict[str, _Tab] = field(default_factory=dict)
    doing: str = GONE
    since: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a member does at a conversation from now on."""

    tenant_id: int
    number: int
    member: int
    name: str
    initials: str
    account: int
    doing: str
    since: str

    def event(self) -> dict[str, Any]:
        """The same for a browser."""
        return {
            "conversation": self.number,
            "member": self.member,
            "name": self.name,
            "initials": self.initials,
            "doing": self.doing,
            "since": self.since,
        }


class Presence:
    """Everybody's presence; moments for silence are monotonic seconds, those shown are UTC."""

    def __init__(self) -> None:
        self._people: dict[Place, _Person] = {}

    def hear(self, tenant_id: int, ids: dict[str, int | str], *, at: float, now: datetime) -> Change | None:
        """Take in what one tab says; returns what others see change. Raises KeyError, ValueError."""
        place = (tenant_id, int(ids["number"]), int(ids["member"]))
        doing, tab = str(ids["doing"]), str(ids["tab"])
        if doing not in STRENGTH and doing != GONE:
            raise ValueError(doing)
        person = self._people.setdefault(place, _person(ids))
        person.tabs.pop(tab, None)
        if doing != GONE:
            person.tabs[tab] = _Tab(doing, at)
            if len(person.tabs) > MOST_TABS:
                del person.tabs[next(iter(person.tabs))]
        return self._settle(place, person, now)

    def let_go(self, *, at: float, now: datetime) -> list[Change]:
        """What has changed because browsers fell silent."""
        changes = []
        for place, person in list(self._people.items()):
            for tab, said in list(person.tabs.items()):
                if at - said.heard_at > DROP_SECONDS:
                    del person.tabs[tab]
                elif said.doing in TYPING and at - said.heard_at > TYPING_SECONDS:
                    said.doing = "viewing"
            if change := self._settle(place, person, now):
                changes.append(change)
        return changes

    def of_tenant(self, tenant_id: int) -> list[Change]:
        """Everybody who is somewhere in the tenant."""
        return [self._shown(place, person) for place, person in self._people.items() if place[0] == tenant_id]

    def _settle(self, place: Place, person: _Person, now: datetime) -> Change | None:
        doing = max((tab.doing for tab in person.tabs.values()), key=STRENGTH.__getitem__, default=GONE)
        if not person.tabs:
            del self._people[place]
        if doing == person.doing:
            return None
        person.doing, person.since = doing, now.isoformat()
        return self._shown(place, person)

    def _shown(self, place: Place, person: _Person) -> Change:
        return Change(*place, person.name, person.initials, person.account, person.doing, person.since)


def _person(ids: dict[str, int | str]) -> _Person:
    return _Person(str(ids["name"]), str(ids["initials"]), int(ids.get("account", 0)))
