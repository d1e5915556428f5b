"""Interim."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaseType:
    """Interim."""

    title: str
    evidence: tuple[tuple[str, str], ...]


def case_type(key: str) -> CaseType:
    """Interim."""
    return CaseType(
        "A-to-z claim",
        (("thread", "The correspondence"), ("delivery_scan", "Proof of delivery"), ("photos", "Pictures")),
    )
