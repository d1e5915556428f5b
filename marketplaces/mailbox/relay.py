"""The frames that marketplaces put around a buyer's words: where the words are, and what the frame says.

Nothing is searched with a pattern that can look back: runs of dashes and lines are found first, in one pass,
and only what stands between them is compared with the phrases of the rules.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from marketplaces.mailbox.html import HtmlText
from marketplaces.mailbox.rules import MarketplaceRules, folded

DASHES = re.compile("[-–—]{3,}")
LONGEST_MARKER = 80
LONGEST_LABEL = 40
LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the buyer's words stand in a text; when `closed`, what follows them is surely the frame's."""

    start: int
    end: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A "Label: value" line; `start` and `end` are its offsets, `value_start` where its value begins."""

    name: str
    value: str
    start: int
    value_start: int
    end: int


@dataclass(slots=True)
class Labels:
    """The labelled lines of a text."""

    found: list[Label] = field(default_factory=list)

    def first(self, name: str, *, outside: Frame | None = None) -> str:
        """Return the first value of that name, not looking inside of the buyer's words."""
        for label in self.found:
            inside = outside is not None and outside.start <= label.start < outside.end
            if label.name == name and label.value and not inside:
                return label.value
        return ""


def find_frame(sources: Sequence[HtmlText], rules: MarketplaceRules) -> tuple[HtmlText, Frame] | None:
    """Return where the buyer's words stand, by the surest sign in any form of the mail, if any."""
    for finder in (_by_markers, _by_styled_block, _by_message_label, _by_unknown_markers):
        for source in sources:
            frame = finder(source, rules)
            if frame is not None and source.text[frame.start : frame.end].strip(" \n-"):
                return source, frame
    return None


def has_known_frame(sources: Sequence[HtmlText], rules: MarketplaceRules) -> bool:
    """Say whether a known opening and a known closing marker stand in a form of the mail."""
    frames = [_by_markers(source, rules) for source in sources]
    return any(frame is not None and frame.closed and frame.start > 0 for frame in frames)


def details_frame(text: str, found: "Labels", rules: MarketplaceRules) -> Frame | None:
    """Return where the free words of a customer service mail stand: from its details label to the footer."""
    label = next((each for each in found.found if each.name == "details"), None)
    if label is None:
        return None
    return Frame(label.value_start, footer(text, label.value_start, rules), closed=False)


def trimmed(text: str, rules: MarketplaceRules) -> str:
    """Return the text without the known lines of a frame that lost its markers."""
    start = _after_opening(text, len(text), rules)
    return text[start : footer(text, start, rules)].strip("\n")


def labels(text: str, rules: MarketplaceRules) -> Labels:
    """Return every line that starts with a known label, top to bottom."""
    found = Labels()
    for start, line in _lines(text):
        head, colon, value = line[: LONGEST_LABEL + LONGEST_VALUE].partition(":")
        if not colon or len(head) > LONGEST_LABEL:
            continue
        label = folded(head.strip("*•- \t"))
        name = rules.labels.get(label)
        if name is not None:
            found.found.append(
                Label(name, value.strip(" *\t"), start, start + len(head) + 1, start + len(line))
            )
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


def _is_frame_line(line: str, rules: MarketplaceRules) -> bool:
    if len(line) > 400:
        return False
    bare = folded(line)
    if rules.item_pattern.search(line) or any(opening in bare for opening in rules.openings):
        return True
    if rules.order_pattern.search(line):
        head = folded(rules.order_pattern.sub("", line)).strip(" :#")
        return not head or head in rules.labels or f"{head}:" in rules.labels
    label, colon, _ = bare.partition(":")
    return bool(colon) and rules.labels.get(label.strip("* ")) in ("order", "item", "item_id", "sku")


def _between_dashes(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, words) of what stands between two runs of dashes and may be a marker."""
    before: re.Match[str] | None = None
    for run in DASHES.finditer(text):
        if before is not None and run.start() - before.end() <= LONGEST_MARKER:
            yield before.start(), run.end(), text[before.end() : run.start()]
        before = run


def _is_marker(words: str, known: frozenset[str]) -> bool:
    halves = [folded(half).strip(" :*") for half in words.split("/")]
    return any(half in known for half in halves)


def _is_quoted(text: str, at: int) -> bool:
    line = text.rfind("\n", max(0, at - LONGEST_MARKER), at) + 1
    return text.startswith(">", line) and (line > 0 or at <= LONGEST_MARKER)


def _by_markers(source: HtmlText, rules: MarketplaceRules) -> Frame | None:
    """From the first opening marker to the last closing one: what a buyer types lies between."""
    text = source.text
    begin: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    for start, stop, words in _between_dashes(text):
        if begin is None and _is_marker(words, rules.begin_markers):
            begin = None if _is_quoted(text, start) else (start, stop)
        elif _is_marker(words, rules.end_markers) and not _is_quoted(text, start):
            end = (start, stop)
    if begin is not None and end is not None and end[0] >= begin[1]:
        return Frame(begin[1], end[0], closed=True)
    if begin is not None:
        return Frame(begin[1], footer(text, begin[1], rules), closed=False)
    if end is not None:
        return Frame(_after_opening(text, end[0], rules), end[0], closed=True)
    return None


def _by_styled_block(source: HtmlText, _: MarketplaceRules) -> Frame | None:
    if source.words is None or not source.text[slice(*source.words)].strip():
        return None
    return Frame(*source.words, closed=True)


def _by_unknown_markers(source: HtmlText, rules: MarketplaceRules) -> Frame | None:
    """Two lines of dashes, words, dashes frame a message in whatever language they are in."""
    text = source.text
    if not rules.begin_markers:
        return None
    framing = [
        (start, stop)
        for start, stop, words in _between_dashes(text)
        if "\n" not in words
        and any(character.isalpha() for character in words)
        and (start == 0 or text[start - 1] == "\n")
        and text[stop : stop + 1] in ("\n", "")
    ]
    if len(framing) < 2 or not text[framing[0][1] : framing[-1][0]].strip():
        return None
    return Frame(framing[0][1], framing[-1][0], closed=True)


def _by_message_label(source: HtmlText, rules: MarketplaceRules) -> Frame | None:
    """From "Message:" to the closing note, less the labelled lines that stand between the two."""
    text = source.text
    found = labels(text, rules)
    message = next((label for label in found.found if label.name == "message"), None)
    if message is None:
        return _by_inline_label(text, rules)
    end = footer(text, message.value_start, rules)
    above = {label.name for label in found.found if label.start < message.start}
    head = text[: message.start]
    if (
        len(found.found) == 1
        and head.strip()
        and not any(phrase in folded(head) for phrase in rules.openings)
    ):
        return None  # a buyer can write "Message:" too
    # At the very end a label the frame has not had yet is the frame's; one in the middle is the buyer's.
    for label in reversed([each for each in found.found if message.start < each.start and each.end <= end]):
        if label.name in above or text[label.end : end].strip():
            break
        end = label.start
    return Frame(message.value_start, end, closed=end < len(text))


def _by_inline_label(text: str, rules: MarketplaceRules) -> Frame | None:
    """The same frame with all its lines run together."""
    labels = "|".join(re.escape(label) for label in rules.labelled("message"))
    message = re.search(rf"\s(?:{labels})\s?:", text, re.IGNORECASE) if labels else None
    if message is None:
        return None
    before = folded(text[: message.start()])
    if not any(f"{label}:" in before for label, name in rules.labels.items() if name != "message"):
        return None
    start = message.end()
    ends = [
        match.start()
        for phrase in rules.terminators + rules.footers
        if (match := re.compile(re.escape(phrase), re.IGNORECASE).search(text, start))
    ]
    end = min(ends, default=len(text))
    return Frame(start, end, closed=end < len(text))


def footer(text: str, start: int, rules: MarketplaceRules) -> int:
    """Return where the frame goes on below the words: a closing phrase at the start of a line."""
    for offset, line in _lines(text[start:]):
        said = folded(line[:200])
        # With its stars where a rule names them, else whatever stars stand before the words.
        if any(each.startswith(rules.terminators + rules.footers) for each in (said, said.lstrip("* _"))):
            return start + offset
    return len(text)


def _after_opening(text: str, end: int, rules: MarketplaceRules) -> int:
    """Return where the words begin when no marker says so: after the frame's known lines at the top."""
    start = 0
    for offset, line in _lines(text[:end]):
        if _is_frame_line(line, rules):
            start = offset + len(line)
        elif line.strip():
            break
    return start
