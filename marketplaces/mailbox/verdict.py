"""What the receiving server found out about a mail's sender (RFC 8601).

Anybody can write an Authentication-Results line into a mail; only the topmost one of a server we know counts.
With no server known, the topmost line counts if it stands above every Received line: then the last server
that took the mail wrote it. What it says of some other domain proves nothing about the marketplace's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from marketplaces.mailbox.headers import Headers
from marketplaces.mailbox.parsed import Verdict
from marketplaces.mailbox.rules import MarketplaceRules

RESULT = re.compile(r"^([a-z0-9.-]+)\s*=\s*([a-z]+)", re.IGNORECASE)
PROPERTY = re.compile(r"\b(header\.from|header\.d|header\.i)\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One method's result and the domain it is about."""

    method: str
    result: str
    domain: str


def verdict(
    headers: Headers, from_domain: str, authserv_ids: Sequence[str], rules: MarketplaceRules
) -> Verdict:
    """Return PASS only for a marketplace's own domain proved by DMARC or aligned DKIM, FAIL if refuted."""
    findings = _findings(_trusted_line(headers, authserv_ids))
    dmarc = [each for each in findings if each.method == "dmarc"]
    dkim = [each for each in findings if each.method == "dkim" and _aligned(each.domain, from_domain)]
    if any(each.result == "fail" for each in dmarc):
        return Verdict.FAIL
    ours = rules.is_sender(from_domain)
    # No marketplace writes two From lines (RFC 5322, 3.6): the server may have looked at the other one.
    if ours and len(headers.all("from")) > 1:
        return Verdict.FAIL
    dmarc = [each for each in dmarc if _aligned(each.domain, from_domain)]
    if ours and any(each.result == "pass" for each in dmarc):
        return Verdict.PASS
    if ours and any(each.result == "pass" and each.domain and rules.is_sender(each.domain) for each in dkim):
        return Verdict.PASS
    passed = any(each.result == "pass" for each in dmarc + dkim)
    failed = any(each.result == "fail" for each in dkim)
    refused = any(each.method == "spf" and each.result == "fail" for each in findings)
    return Verdict.FAIL if not passed and (failed or refused) else Verdict.NONE


def _trusted_line(headers: Headers, authserv_ids: Sequence[str]) -> str:
    known = {each.strip().lower() for each in authserv_ids}
    if known:
        for line in headers.all("authentication-results"):
            if _authserv_id(line) in known:
                return line
        return ""
    for name, _ in headers.lines:
        if name == "received":
            return ""
        if name == "authentication-results":
            return headers.first(name) if headers.has("received") else ""
    return ""


def _authserv_id(line: str) -> str:
    first = _without_comments(line).partition(";")[0].split()
    return first[0].lower() if first else ""


def _findings(line: str) -> list[Finding]:
    found: list[Finding] = []
    for item in _without_comments(line).split(";")[1:100]:
        match = RESULT.match(item.strip())
        if match is None:
            continue
        about = {name.lower(): value for name, value in PROPERTY.findall(item)}
        domain = (
            about.get("header.from") or about.get("header.d") or about.get("header.i", "").rpartition("@")[2]
        )
        found.append(
            Finding(match.group(1).lower(), match.group(2).lower(), domain.lower().rpartition("@")[2])
        )
    return found


def _aligned(domain: str, from_domain: str) -> bool:
    """Say whether one is the other or lies below it; nothing stated is taken as meant for the sender."""
    return (
        not domain
        or domain == from_domain
        or from_domain.endswith(f".{domain}")
        or domain.endswith(f".{from_domain}")
    )


def _without_comments(line: str) -> str:
    kept: list[str] = []
    depth = 0
    for character in line[:20_000]:
        if character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)
