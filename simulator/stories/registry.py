"""The list of stories."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.folders import INBOX
from simulator.stories.telling import Telling

Teller = Callable[[Telling], None]


@dataclass(frozen=True)
class Story:
    """A story that can be told, and how it is told when nothing is said about it."""

    name: str
    summary: str
    tell: Teller
    marketplaces: tuple[str, ...]
    age_minutes: int
    folder: str


STORIES: dict[str, Story] = {}


def story(
    summary: str,
    *,
    marketplaces: tuple[str, ...] = ("walmart", "amazon"),
    age_minutes: int = 60,
    folder: str = INBOX,
) -> Callable[[Teller], Teller]:
    """Enter a function as a story under its own name."""

    def enter(tell: Teller) -> Teller:
        STORIES[tell.__name__] = Story(tell.__name__, summary, tell, marketplaces, age_minutes, folder)
        return tell

    return enter
