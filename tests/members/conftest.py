"""A mail server of the operator's, and the browsers of acme's people."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.simulator_client import Control, SimulatorProcess
from tests.web.conftest import Browser, browser_of
from tests.world import World

POST = "post@operator.example"


@pytest.fixture(scope="session")
def post_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One simulator for all tests here; its log is the referee of what was sent."""
    with SimulatorProcess(tmp_path_factory.mktemp("post") / "data", memory=True) as process:
        process.control.open_account(POST)
        yield process


@pytest.fixture
def post(post_process: SimulatorProcess, settings: Settings) -> Iterator[Control]:
    """The control of the server that the operator has named."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = post_process.smtp
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = POST, "secret"
    settings.DEFAULT_FROM_EMAIL = "Helpdesk <desk@operator.example>"
    settings.PUBLIC_URL = "https://desk.example"
    yield post_process.control
    post_process.control.clear_faults()


@pytest.fixture
def ada(world: World) -> Browser:
    """The browser of acme's admin."""
    return browser_of(world.ada)


@pytest.fixture
def alice(world: World) -> Browser:
    """The browser of acme's agent."""
    return browser_of(world.alice)
