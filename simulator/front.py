"""One HTTP port for everything: the control API, both marketplaces' APIs, the items' pictures."""

from collections.abc import Awaitable, Callable

from simulator.amazon_api.api import AmazonApi
from simulator.consent import Consent
from simulator.control import Control
from simulator.http import Request, Response
from simulator.pictures.door import ImageDoor
from simulator.walmart_api.api import WalmartApi

Answerer = Callable[[Request], Awaitable[Response]]


class Front:
    """Sends a request to whoever answers such paths."""

    def __init__(
        self, control: Control, walmart: WalmartApi, amazon: AmazonApi, images: ImageDoor, consent: Consent
    ) -> None:
        self._doors: tuple[tuple[str, Answerer], ...] = (
            ("/control/", control.answer),
            ("/v3/", walmart.answer),
            ("/images/", images.answer),
            ("/consent/", consent.answer),
            ("/apps/authorize/", consent.answer),
            # Amazon has many; what nobody knows gets an answer in its form.
            ("/", amazon.answer),
        )

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        return await next(door for start, door in self._doors if request.path.startswith(start))(request)
