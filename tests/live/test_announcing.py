"""Announcing never harms what it announces: a broker that is away costs one try and no error."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_django import Settings

from accounts.announcing import announce
from accounts.tenancy import tenant_tx
from tests.world import World


@contextmanager
def mute_broker() -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that takes connections and never answers; its URL, and the connections it has had."""
    had: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    had.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", had
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for connection in had:
                connection.close()


def test_a_mute_broker_is_tried_once_and_then_left_alone(world: World, settings: Settings) -> None:
    with mute_broker() as (settings.REDIS_URL, had):
        for number in range(20):
            with tenant_tx(world.acme.pk):
                announce(world.acme.pk, "conversation", number=number)
        assert len(had) == 1


def test_a_broker_that_is_not_there_is_no_error_and_no_data_is_logged(
    world: World, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    announce(world.acme.pk, "presence", name="Canary Person", number=1)
    assert "Canary" not in caplog.text
