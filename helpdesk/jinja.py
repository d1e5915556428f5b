"""The Jinja2 environment every page is rendered with."""

import hashlib
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import reverse
from django_htmx.jinja import htmx_script
from jinja2 import Environment, StrictUndefined

from accounts.access import may
from helpdesk import display


@cache
def versioned_static(path: str) -> str:
    """The address of a static file with its content's fingerprint, so that browsers may keep it."""
    found = finders.find(path)
    if not isinstance(found, str):
        raise FileNotFoundError(f"no static file {path!r}")
    with open(found, "rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()[:10]
    return f"{static(path)}?v={fingerprint}"


@lru_cache(maxsize=10_000)
def url(name: str, **kwargs: Any) -> str:
    """Django's reverse() with keywords; remembered, because a list names a hundred addresses each time."""
    return reverse(name, kwargs=kwargs)


def environment(**options: Any) -> Environment:
    """Build the environment: strict about misspelt names, with our filters and functions."""
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    options.update(undefined=StrictUndefined, auto_reload=settings.DEBUG)
    env = Environment(**options)  # noqa: S701 - Django's backend turns autoescape on
    env.globals.update(static=versioned_static, url=url, htmx_script=htmx_script, icon=display.icon, may=may)
    env.filters.update(display.FILTERS)
    return env
