"""Mail that says a delivery failed: the standard report (RFC 3464) and the forms that never heard of it."""

import re
from collections.abc import Iterable

from marketplaces.mailbox.charsets import one_line
from marketplaces.mailbox.headers import addresses, message_ids, words
from marketplaces.mailbox.mime import MimeMail, read_headers
from marketplaces.mailbox.parsed import BouncedMail
from marketplaces.mailbox.rules import SharedRules, folded

MAX_REASON = 500
MAX_EXCERPT = 2000
STATUS = re.compile(r"(?<![0-9.])([245])\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")
# No part of a Message-ID or an address, and no beginning of one of Amazon's order numbers (402-1234567-…).
REPLY_CODE = re.compile(r"(?<![\w.+-])([45])[0-9]{2}(?!-[0-9]{7}-)[ -]")
QUOTED_ID = re.compile(r"message-id:\s{0,80}(<[^<>\s]{1,998}>)", re.IGNORECASE)
ANGLE_ADDRESS = re.compile(r"<(?:mailto:)?([^<>\s@]{1,100}@[^<>\s@]{1,255})>")
FIRST_BODY = 10_000


def is_bounce(mail: MimeMail, from_local: str, subject: str, text: str, shared: SharedRules) -> bool:
    """Say whether a mail reports a failed or delayed delivery."""
    if mail.reports:
        return any(_field(report, "action") in ("failed", "delayed", "") for report in mail.reports)
    return_path = mail.headers.first("return-path").strip()
    by_machine = (
        from_local in shared.bounce_senders or return_path == "<>" or mail.headers.has("x-failed-recipients")
    )
    if not by_machine:
        return False
    if mail.headers.has("x-failed-recipients"):
        return True
    return folded(subject).startswith(shared.bounce_subjects) or says_bounced(text, shared)


def says_bounced(text: str, shared: SharedRules) -> bool:
    """Say whether the body opens with the words of a failed delivery."""
    body = folded(text[:FIRST_BODY]).replace("’", "'")
    return any(phrase in body for phrase in shared.bounce_bodies)


def read_bounce(mail: MimeMail, subject: str, text: str, shared: SharedRules) -> BouncedMail:
    """Return what can be learnt about the mail that came back, wherever it stands."""
    report = "\n".join(mail.reports)
    ids = list(_returned_ids(mail.returned))
    ids += QUOTED_ID.findall(text[: FIRST_BODY * 10])
    for name in ("in-reply-to", "references"):
        ids += message_ids(mail.headers.first(name))
    reason = one_line(_field(report, "diagnostic-code", keep_case=True).partition(";")[2], MAX_REASON)
    reason = reason or _spoken_reason(text)
    return BouncedMail(
        message_ids=tuple(dict.fromkeys(ids))[:20],
        recipient=_recipient(mail, report, text),
        reason=reason or one_line(subject, MAX_REASON),
        permanent=_permanent(report, reason, subject, shared),
        text_excerpt=text.strip()[:MAX_EXCERPT],
    )


def _returned_ids(returned: Iterable[bytes]) -> Iterable[str]:
    for raw in returned:
        headers, _ = read_headers(raw, 0, min(len(raw), 500_000))
        yield from message_ids(headers.first("message-id"))


def _field(report: str, name: str, *, keep_case: bool = False) -> str:
    """Return a field of a delivery-status text, its continuation lines joined."""
    value = ""
    for line in report.split("\n")[:2000]:
        head, colon, rest = line.partition(":")
        if value and line[:1] in (" ", "\t"):
            value += " " + line.strip()
        elif value:
            break
        elif colon and head.strip().lower() == name:
            value = rest.strip()
    return value if keep_case else value.lower()


def _recipient(mail: MimeMail, report: str, text: str) -> str:
    for name in ("original-recipient", "final-recipient"):
        found = addresses(_field(report, name, keep_case=True).rpartition(";")[2])
        if found:
            return found[0].address
    found = addresses(mail.headers.first("x-failed-recipients"))
    if found:
        return found[0].address
    match = ANGLE_ADDRESS.search(text[:FIRST_BODY])
    if match:
        return match.group(1)
    for raw in mail.returned:
        headers, _ = read_headers(raw, 0, min(len(raw), 500_000))
        found = addresses(headers.first("to"))
        if found:
            return found[0].address
    return ""


def _spoken_reason(text: str) -> str:
    """Return the line that carries a status code, else the first sentence that is more than a greeting."""
    lines = [line.strip() for line in text[:FIRST_BODY].split("\n")]
    for line in lines:
        if STATUS.search(line) or REPLY_CODE.search(line):
            return one_line(line, MAX_REASON)
    for line in lines:
        if len(line) > 30:
            return one_line(line, MAX_REASON)
    return ""


def _permanent(report: str, reason: str, subject: str, shared: SharedRules) -> bool:
    action = _field(report, "action")
    if action:
        return action != "delayed"
    status = STATUS.search(_field(report, "status")) or STATUS.search(reason) or REPLY_CODE.search(reason)
    if status:
        return status.group(1) != "4"
    opening = folded(words(subject))
    return not any(phrase in opening for phrase in shared.bounce_delayed)
