"""What can go wrong when talking to a marketplace's API; each error says whether trying again helps.

ApiError
├── Temporary            try again later: 5xx, time-out, cut connection, HTML in place of JSON
│   ├── Throttled        429; `retry_after` seconds
│   ├── CircuitOpen      we have stopped asking for a while
│   └── NotReady         a report is still being made; `pending` names it
├── Unsettled            the request left, and nobody can say whether it was carried out
└── Permanent            trying again changes nothing until a person acts
    ├── AuthRevoked      the key is refused
    │   └── ConsentRevoked   the seller, or the marketplace, has taken the consent back
    ├── ScopeMissing     the key may not do this (403)
    ├── NotFound         no such order in this account
    └── Refused          the request itself was refused (4xx), with the marketplace's words
"""


class ApiError(Exception):
    """A call did not succeed; the message is for people and names neither buyer nor secret."""

    def __init__(self, message: str, *, request_id: str = "", retry_after: float = 0, code: str = "") -> None:
        super().__init__(message)
        self.request_id = request_id
        self.code = code  # the marketplace's own name for the error, where it gave one
        self.retry_after = retry_after  # seconds; 0 where the marketplace did not say


class Temporary(ApiError):
    """Trying again later may help."""


class Throttled(Temporary):
    """The marketplace, or our own bucket, asks for a pause of `retry_after` seconds."""


class CircuitOpen(Temporary):
    """The API failed several times in a row; we ask again in `retry_after` seconds."""


class NotReady(Temporary):
    """A report is still being made; `pending` is what to ask for next time."""

    def __init__(self, message: str, *, pending: str, retry_after: float = 0) -> None:
        super().__init__(message, retry_after=retry_after)
        self.pending = pending


class Unsettled(ApiError):
    """A write was cut off after it had left: it may or may not have been carried out; never repeat it."""


class Permanent(ApiError):
    """Trying again changes nothing until a person acts."""


class AuthRevoked(Permanent):
    """The account's consent or key is no longer accepted."""


class ConsentRevoked(AuthRevoked):
    """Whoever gave the consent has taken it back: a new key does not help, only a new consent does."""


class ScopeMissing(Permanent):
    """The key may not do this."""


class NotFound(Permanent):
    """The account has no such thing."""


class Refused(Permanent):
    """The marketplace refused the request, in its own words."""
