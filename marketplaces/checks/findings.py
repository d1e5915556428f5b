"""What a check found; pure."""

from dataclasses import dataclass

from marketplaces.models import CheckName, CheckState
from marketplaces.remedies import Remedy


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one check in words, with what to do where it failed."""

    name: CheckName
    state: CheckState
    words: str = ""
    fix: str = ""
    milliseconds: int | None = None


def passed(name: CheckName, words: str, *, milliseconds: int | None = None) -> Finding:
    """The check found what it looked for."""
    return Finding(name, CheckState.PASSED, words, milliseconds=milliseconds)


def failed(name: CheckName, remedy: Remedy) -> Finding:
    """The check found what a person must mend."""
    return Finding(name, CheckState.FAILED, remedy.words, remedy.fix)


def waiting(first: CheckName, *names: CheckName) -> list[Finding]:
    """These cannot be looked at before another has passed."""
    return [Finding(name, CheckState.WAITING, f"Comes after “{first.label}”.") for name in names]
