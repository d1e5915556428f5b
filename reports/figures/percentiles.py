"""The value that so many of a list do not exceed; pure."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

MEDIAN = Fraction(1, 2)
P90 = Fraction(9, 10)


def disc(values: Sequence[int], share: Fraction) -> int | None:
    """The first value, in order, that at least this share of all values does not exceed; None of nothing.

    The same as PostgreSQL's percentile_disc.
    """
    if not values:
        return None
    return sorted(values)[max(ceil(share * len(values)), 1) - 1]
