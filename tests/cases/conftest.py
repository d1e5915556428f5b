"""The browsers and the conversation that the tests of cases share with the pages' own."""

from tests.web.conftest import address, alice, talk

__all__ = ["address", "alice", "talk"]
