"""Browsers of the members, shared with the tests of the pages."""

from tests.web.conftest import alice

__all__ = ["alice"]
