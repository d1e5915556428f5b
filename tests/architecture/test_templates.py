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
# Outside of the apps' folders: what every page stands in, and the frame with the inbox's rail in it.
RANK = {"base.html": -1, "entry.html": -1, "components.html": -1, "account": 0} | {
    app: rank for rank, app in enumerate(APPS)
}
RANK["frame.html"] = RANK["inbox"]
# HTML that is written as it is: the sanitised mail, in a frame that can do nothing.
TRUSTED = {"inbox/message_body.html"}
INLINE = {
    "an inline style": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline script": r"<script\b(?![^>]*\ssrc=)|<script\b[^>]*>[^<\s]",
    "an on... handler": r"<[^>]*\son[a-z]+\s*=",
    "an hx-on handler": r"\bhx-on\b",
    "a javascript: address": r"javascript:",
    "a computed htmx value": r"hx-(vals|headers|vars)\s*=\s*[\"']?\s*(js:|javascript:)|\bhx-vars\b",
    "an htmx trigger filter": r"hx-trigger\s*=\s*\"[^\"{]*\[",
    "an address elsewhere": r"(src|href|action|hx-(get|post|put|patch|delete))\s*=\s*[\"'](https?:)?//",
}


def referred_to(text: str) -> set[str]:
    """The templates one includes, extends or imports; a name put together stands for all it may name."""
    names: set[str] = set()
    for match in REFERENCE.finditer(text):
        pieces = LITERAL.split(match[1])
        if len(pieces) == 3:
            names.add(pieces[1])
        else:
            made_of = ".+".join(re.escape(piece) for piece in pieces[1::2])
            names |= {name for name in FILES if re.fullmatch(made_of, name)}
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
    bare = {name: re.sub(r"{#.*?#}", "", text, flags=re.S) for name, text in FILES.items()}
    assert [name for name, text in bare.items() if re.search(INLINE[what], text, re.I)] == []


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
