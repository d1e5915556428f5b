"""While the database is away every page says so, at once and without touching it."""

from collections.abc import Iterator

import pytest
from django.db import InterfaceError, OperationalError, connection

from helpdesk.outage import is_outage
from tests.web.conftest import Browser, browser_of
from tests.world import World


@pytest.fixture
def no_database(world: World) -> Iterator[World]:
    """The database's socket is gone, as after a crash of its server."""
    connection.close()
    there, connection.settings_dict["HOST"] = connection.settings_dict["HOST"], "/nonexistent"
    yield world
    connection.close()
    connection.settings_dict["HOST"] = there


@pytest.mark.parametrize("path", ["/", "/t/acme/queue/all/", "/t/acme/c/1/", "/t/acme/accounts/"])
def test_a_lost_database_is_a_plain_page_and_one_line(
    world: World, path: str, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    browser = browser_of(world.alice)
    browser.raise_request_exception = False
    request.getfixturevalue("no_database")
    capfd.readouterr()
    response = browser.get(path)
    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert b"The helpdesk is briefly away" in response.content
    lines = [line for line in capfd.readouterr().err.splitlines() if "outage" in line or "Traceback" in line]
    assert len(lines) <= 1


def test_signing_in_while_the_database_is_away(no_database: World) -> None:
    browser = Browser(raise_request_exception=False)
    assert browser.get("/login/").status_code == 200
    assert browser.post("/login/", {"login": "a@b.example", "password": "x"}).status_code == 503


def test_only_a_database_that_is_away_is_an_outage() -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    class ShutDown(Exception):
        sqlstate = "57P01"

    def caused_by(cause: Exception) -> OperationalError:
        error = OperationalError()
        error.__cause__ = cause
        return error

    assert is_outage(InterfaceError())
    assert is_outage(OperationalError())
    assert is_outage(caused_by(ShutDown()))
    assert not is_outage(caused_by(Deadlock()))
    assert not is_outage(ValueError())
