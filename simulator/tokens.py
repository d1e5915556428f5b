"""Access tokens given out; they do not survive a restart, like those of any server that forgets."""

import secrets
import time


class Tokens:
    """Which accounts a token opens, and until when."""

    def __init__(self, prefix: str, life_seconds: int) -> None:
        self.life_seconds = life_seconds
        self._prefix = prefix
        self._known: dict[str, tuple[tuple[str, ...], float]] = {}

    def issue(self, addresses: tuple[str, ...]) -> str:
        """A new token for these accounts."""
        now = time.time()
        self._known = {token: held for token, held in self._known.items() if held[1] > now - 3600}
        token = f"{self._prefix}{secrets.token_urlsafe(96)}"
        self._known[token] = (addresses, now + self.life_seconds)
        return token

    def opens(self, token: str) -> tuple[str, ...]:
        """The accounts a token opens now; none when it is unknown or has run out."""
        addresses, until = self._known.get(token, ((), 0.0))
        return addresses if time.time() < until else ()

    def until(self, token: str) -> float:
        """When a known token runs out, in seconds since 1970."""
        return self._known[token][1]

    def forget(self, token: str) -> None:
        """Call a token expired from now on."""
        self._known.pop(token, None)
