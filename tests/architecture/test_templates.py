"""Templates: they include downwards only, run nothing inline, and none of them is left over."""

import re

import pytest

from tests.architecture.sources import APPS, python_files, strings_in, template_files

FILES = template_files()
REFERENCE = re.compile(r"{%-?\s*(?:include|extends|import|from)\s+(.+?)\s*(?:import\b.*?)?-?%}")
LITERAL = re.compile(r"""["']([^"']+)["']""")
# Found by name by Django and allauth, not by code of ours.
FOUND_BY_NAME = {
    "403.html",
    "403_csrf.html",
    "404.html",
    "429.html",
    "account/account_inactive.html",
    "account/login.html",
    "account/logout.html",
}
# Names that a template puts together, and all they can come to.
PUT_TOGETHER = {
    '"inbox/_" ~ item.type ~ ".html"': {
        f"inbox/_{each}.html" for each in ("message", "reply", "note", "event")
    }
}
# Outside of the apps' folders: what every page stands in, and the frame with the inbox's rail in it.
RANK = {"base.html": -1, "entry.html": -1, "components.html": -1, "fields.html": -1, "account": 0} | {
    app: rank for rank, app in enumerate(APPS)
}
RANK["frame.html"] = RANK["inbox"]
# HTML that is written as it is: the sanitised mail, in a frame that can do nothing.
TRUSTED = {"inbox/message_body.html"}
# What it is, the pattern that finds it, and one that must be found.
INLINE = {
    "an inline style": (r"<[^>]*\sstyle\s*=", '<p class="a" style="color: red">'),
    "a style element": (r"<style\b", "<style>p {}</style>"),
    "an inline script": (r"<script\b(?![^>]*\ssrc=)|<script\b[^>]*>[^<\s]", "<script>go()</script>"),
    "an on... handler": (r"<[^>]*\son[a-z]+\s*=", '<a href="/" onclick="go()">'),
    "an hx-on handler": (r"\bhx-on\b", '<a hx-on:click="go()">'),
    "a javascript: address": (r"javascript:", '<a href="javascript:go()">'),
    "a computed htmx value": (
        r"hx-(vals|headers)\s*=\s*[\"']?\s*js:|\bhx-vars\b",
        "<a hx-vals='js:{}'>",
    ),
    "an htmx trigger filter": (r"hx-trigger\s*=\s*[\"'][^\"'{]*\[", '<a hx-trigger="click[go()]">'),
    "an address elsewhere": (
        r"\b(src|href|action|hx-(get|post|put|patch|delete))\s*=\s*[\"']?(https?:)?//",
        '<img src="//elsewhere.example/a.png">',
    ),
}


def referred_to(text: str) -> set[str]:
    """The templates one includes, extends or imports; raises KeyError for a name put together elsewhere."""
    names: set[str] = set()
    for match in REFERENCE.finditer(text):
        literal = LITERAL.fullmatch(match[1])
        names |= {literal[1]} if literal else PUT_TOGETHER[match[1]]
    return names


def rank(name: str) -> int:
    """How high a template's app stands; pages of errors stand above all, because nothing includes them."""
    return RANK.get(name.partition("/")[0], len(APPS))


def test_a_template_includes_nothing_of_a_higher_app() -> None:
    for name, text in FILES.items():
        for other in referred_to(text):
            assert other in FILES, f"{name} refers to {other}"
            assert rank(other) <= rank(name), f"{name} refers to {other}"


@pytest.mark.parametrize("what", INLINE)
def test_no_template_holds(what: str) -> None:
    pattern, example = INLINE[what]
    forbidden = re.compile(pattern, re.I)
    assert forbidden.search(example)
    bare = {name: re.sub(r"{#.*?#}", "", text, flags=re.S) for name, text in FILES.items()}
    assert [name for name, text in bare.items() if forbidden.search(text)] == []


def test_only_sanitised_mail_is_written_without_escaping() -> None:
    unescaped = re.compile(r"\|\s*safe\b|\bMarkup\b|{%-?\s*autoescape\b")
    assert {name for name, text in FILES.items() if unescaped.search(text)} == TRUSTED


def test_every_template_is_rendered_included_or_extended() -> None:
    rendered = {
        string for path in python_files(*APPS) for string in strings_in(path) if string.endswith(".html")
    }
    assert rendered <= set(FILES)
    reached: set[str] = set()
    next_up = rendered | FOUND_BY_NAME
    while next_up:
        reached |= next_up
        next_up = set().union(*(referred_to(FILES[name]) for name in next_up)) - reached
    assert set(FILES) - reached == set()
