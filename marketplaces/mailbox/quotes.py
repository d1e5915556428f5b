"""Telling a writer's new words from the mail that is quoted below them.

Line by line, each line looked at a fixed number of times: the known libraries for this need seconds for a few
kilobytes of hostile text. Only a quotation at the end is folded; answers written between quoted lines stay
with the lines they answer.
"""

from collections.abc import Sequence

from marketplaces.mailbox.rules import SharedRules, folded

LONGEST_HEAD = 300  # characters of a line that may still announce a quotation
HEAD_LINES = 3


def fold_quote(text: str, shared: SharedRules) -> str:
    """Return the text without the quotation at its end; all of it where nothing else would be left."""
    lines = text.split("\n")
    end = _divider(lines, shared)
    if end is None:
        end = _trailing_quote(lines, shared)
    kept = "\n".join(lines[:end]).strip("\n")
    return kept if kept.strip() else text.strip("\n")


def quote_offset(text: str, shared: SharedRules) -> int | None:
    """Return the offset of the first line that says that an earlier mail follows."""
    lines = text.split("\n")
    divider = _divider(lines, shared)
    return None if divider is None else sum(len(line) + 1 for line in lines[:divider])


def _divider(lines: Sequence[str], shared: SharedRules) -> int | None:
    """Return the first line after which all is an earlier mail that has no marks of its own."""
    last_quoted = max(
        (index for index, line in enumerate(lines) if line.lstrip().startswith(">")), default=-1
    )
    for index, line in enumerate(lines):
        if len(line) > LONGEST_HEAD or line.startswith(">") or not line.strip():
            continue
        if _says_original(line, shared) or _starts_head(lines, index, shared):
            return index
        if index > last_quoted and _ends_attribution(line, shared):
            start = _attribution_start(lines, index, shared)
            if start is not None:
                return start
    return None


def _trailing_quote(lines: Sequence[str], shared: SharedRules) -> int:
    """Return where the run of quoted lines at the end begins, with the line that announces it."""
    end = len(lines)
    quoted = False
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        quoted = quoted or bool(lines[end - 1].strip())
        end -= 1
    if not quoted:
        return len(lines)
    if end and len(lines[end - 1]) <= LONGEST_HEAD and _ends_attribution(lines[end - 1], shared):
        start = _attribution_start(lines, end - 1, shared)
        return end - 1 if start is None else start
    return end


def _says_original(line: str, shared: SharedRules) -> bool:
    bare = line.strip()
    if bare[:1] not in "-–—_*":
        return False
    return folded(bare.strip("-–—_* \t:")) in shared.originals


def _starts_head(lines: Sequence[str], index: int, shared: SharedRules) -> bool:
    """Say whether three different header lines ("From:", "Sent:", "To:") stand here."""
    seen: set[str] = set()
    for line in lines[index : index + 2 * HEAD_LINES]:
        if not line.strip():
            continue  # made of paragraphs in HTML
        label, colon, _ = line[:LONGEST_HEAD].partition(":")
        name = folded(label.strip("*> \t")) if colon else ""
        if name not in shared.head_labels:
            break
        seen.add(name)
    return len(seen) >= HEAD_LINES


def _ends_attribution(line: str, shared: SharedRules) -> bool:
    return folded(line).endswith(shared.wrote_ends)


def _attribution_start(lines: Sequence[str], index: int, shared: SharedRules) -> int | None:
    """Return the first of the up to three lines of "On <date>, <name> wrote:", if it is one."""
    for back in range(HEAD_LINES):
        at = index - back
        if at < 0 or len(lines[at]) > LONGEST_HEAD or (back and not lines[at].strip()):
            break
        if f"{lines[at].lstrip().casefold()} ".startswith(shared.wrote_starts):
            return at
    own = lines[index]
    has_date_or_address = "@" in own or any(character.isdigit() for character in own)
    return index if has_date_or_address else None
