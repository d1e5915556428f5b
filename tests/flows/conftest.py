"""The shops, the accounts and the people of other tests, for whole ways through the product."""

from tests.marketplaces.conftest import amazon, control, shops, walmart
from tests.web.conftest import alice

__all__ = ["alice", "amazon", "control", "shops", "walmart"]
