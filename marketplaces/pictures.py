"""Fetch an item's picture from where the marketplace keeps it, and nothing else from nowhere else."""

import httpx

from marketplaces import transport
from marketplaces.errors import NotFound, Refused, Temporary
from marketplaces.hosts import ForbiddenHost

LARGEST_PICTURE = 2 * 2**20
MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")


def fetch(url: str, *, api_host: str, suffixes: list[str]) -> bytes:
    """A picture as PNG, JPEG, GIF or WebP of at most 2 MB; raises ApiError.

    The host must be the API's own (the operator named it) or end in one of `suffixes`, by https.
    """
    content = download(url, api_host=api_host, suffixes=suffixes, largest=LARGEST_PICTURE)
    webp = content.startswith(b"RIFF") and content[8:12] == b"WEBP"
    if not webp and not content.startswith(MAGIC):
        raise Refused("What lies there is no picture.")
    return content


def download(url: str, *, api_host: str, suffixes: list[str], largest: int) -> bytes:
    """The bytes behind an address a marketplace gave us, without telling it who asks; raises ApiError."""
    own = _is_own(url, api_host)
    if not own and not _is_allowed(url, suffixes):
        raise Refused("The address leads to a host that is not the marketplace's.")
    try:
        with transport.client(largest=largest, guarded=not own) as client:
            response = client.get(url)
    except ForbiddenHost as error:
        raise Refused("The address leads into a private network.") from error
    except transport.TooLarge as error:
        raise Refused("The file is too large.") from error
    except httpx.HTTPError as error:
        raise Temporary("The file could not be fetched.") from error
    if response.status_code in (403, 404, 410):
        raise NotFound("The file is no longer there.")
    if response.status_code != 200:
        raise Temporary(f"Asked for a file, its host answered with {response.status_code}.")
    return response.content


def _is_own(url: str, api_host: str) -> bool:
    return _origin(url) is not None and _origin(url) == _origin(api_host)


def _is_allowed(url: str, suffixes: list[str]) -> bool:
    origin = _origin(url)
    if origin is None or origin[0] != "https" or origin[2] != 443:
        return False
    return any(origin[1] == each or origin[1].endswith(f".{each}") for each in suffixes)


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port as the client itself will read them; None for what is no plain web address."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    if found.scheme not in ("http", "https") or not found.host or found.userinfo:
        return None
    host = found.raw_host.decode("ascii").lower().rstrip(".")
    return found.scheme, host, found.port or (443 if found.scheme == "https" else 80)
