"""Whatever is typed, the answer is a page: a result or a sentence, never a fault."""

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tenancy import tenant_tx
from inbox.searching import parse, search
from tests.search.conftest import Search
from tests.web.conftest import Browser
from tests.world import World, conversation_of

ODD = [
    *(
        "",
        " ",
        "a",
        "'",
        '"',
        "\x00",
        "a\x00b",
        "& | ! <-> :*",
        "!!!",
        "'a' & ",
        "a:*",
        "\\",
        "%",
        "()(",
        "<->",
    ),
    *(
        "a" * 10_000,
        "word " * 2_000,
        "\ue000\ue001x",
        "²",
        "½",
        "ŉa",
        "é" * 150,
        "\u202e abc",
        "in:",
        "account:",
    ),
    *(
        "in:closed",
        'account:"',
        "1e5",
        "-5",
        "3.14",
        "http://a.b/c?d=e",
        "a@b.c",
        "١٢٣٤٥",
        "日本語",
        "x" * 199,
    ),
    *("00000", "5" * 199, "in:closed in:open in:closed", "��", "\ud800".encode(errors="replace").decode()),
]


@pytest.mark.parametrize("typed", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_odd_words_are_answered(alice: Browser, typed: str, htmx: bool) -> None:
    for page in ("1", "2", "9", "x"):
        response = alice.get("/t/acme/search/", {"q": typed, "page": page}, htmx=htmx)
        assert response.status_code == 200


def test_too_little_and_too_much_are_told(find: Search) -> None:
    assert "two letters" in find("a").query.complaint
    assert "200 characters" in find("x" * 201).query.complaint
    assert find("").query.complaint == ""


SIGNS = st.text(st.sampled_from("ab19 '\"&|!()<->:*\\%_.,-/@#é²ŉ½\x00\ue000İ語"), max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.one_of(SIGNS, st.text(max_size=60)))
def test_nothing_that_can_be_typed_is_a_fault(world: World, typed: str) -> None:
    with tenant_tx(world.acme.pk):
        search(parse(typed), membership=world.alice, now=timezone.now())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("ab19 '\"&|!()<->:*\\%_.,-/@#é²ŉ½İ語\n"), max_size=80))
def test_nothing_a_buyer_writes_stops_a_mail(world: World, text: str) -> None:
    talk = conversation_of(world.walmart, text=f"{text} landmark", order="200011874402913")
    with tenant_tx(world.acme.pk):
        results = search(parse("landmark"), membership=world.alice, now=timezone.now())
    assert talk.number in [found.row.number for found in results.conversations if found.row]
