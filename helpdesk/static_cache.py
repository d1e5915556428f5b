"""How long browsers keep static files."""

from wsgiref.headers import Headers


def add_headers(headers: Headers, path: str, url: str) -> None:
    """Pages name files with their fingerprint, so they may stay; scripts import each other without it."""
    headers["Cache-Control"] = "no-cache" if url.endswith(".js") else "public, max-age=31536000, immutable"
