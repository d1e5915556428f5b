"""GET /images/<sku>.png: what the links in both marketplaces' answers lead to."""

from typing import Any

from simulator.accounts import SellerAccount
from simulator.api import Api, Call, Operation, Refused, Surroundings
from simulator.http import Response
from simulator.pictures.drawings import picture


class ImageDoor(Api):
    """Serves the pictures to anybody."""

    marketplace = "images"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        path = r"/images/([^/]+)\.png"
        self.operations = (
            Operation("image", "GET", path, "api.image", 50, 500, self._image, needs_token=False),
        )

    def who(self, call: Call) -> tuple[SellerAccount, ...]:
        """Nobody is asked."""
        return ()

    def refusal(self, call: Call, refused: Refused) -> Response:
        """A plain page."""
        return Response(refused.status, refused.message.encode(), "text/plain; charset=utf-8")

    def throttled(self, call: Call) -> Response:
        """429."""
        return self.refusal(call, Refused(429, "", "Too many requests."))

    def expired(self, call: Call) -> Refused:
        """403, as a link that has run out."""
        return Refused(403, "", "The link has expired.")

    def forbidden(self, call: Call) -> Refused:
        """403."""
        return Refused(403, "", "Access denied.")

    def garbled(self, body: Any, how: str) -> Any:
        """There is nothing in a picture that could be garbled."""
        return body

    def stamped(self, call: Call, response: Response) -> Response:
        """Pictures carry nothing."""
        return response

    def _image(self, call: Call) -> Response:
        found = picture(call.parts[0])
        if found is None:
            raise Refused(404, "", "There is no such picture.")
        return Response(200, found, "image/png")
