"""The simulator's shops for the tests of reading orders."""

from tests.marketplaces.conftest import amazon, control, shops, walmart

__all__ = ["amazon", "control", "shops", "walmart"]
