"""The search page, the part that stands in place of a list, and what they cost."""

import pytest

from accounts.tenancy import tenant_tx
from inbox import tagging
from tests.orders.rows import make_order
from tests.web.conftest import Browser, browser_of
from tests.web.test_budgets import at_most
from tests.world import World, conversation_of


def test_the_page_and_its_part_show_the_same(world: World, alice: Browser) -> None:
    talk = conversation_of(world.walmart, text="a shattered shade & <b>bulb</b>", order="200011874402913")
    with tenant_tx(world.acme.pk):
        tagging.put(talk, tagging.named("damaged"), by=world.alice, now=talk.created_at)
    page = alice.get("/t/acme/search/", {"q": "shattered"}).content.decode()
    part = alice.get("/t/acme/search/", {"q": "shattered"}, htmx=True).content.decode()
    assert "<html" in page
    assert "<html" not in part
    for text in (page, part):
        assert f'href="/t/acme/c/{talk.number}/"' in text
        assert "<mark>shattered</mark>" in text
        assert "shade &amp; " in text
        assert "<b>bulb" not in text
        assert "Open · 200011874402913" in text
        assert 'title="Tag: damaged"' in text
    assert 'value="shattered"' in page


def test_an_order_links_to_its_page(world: World, alice: Browser) -> None:
    order = make_order(world.amazon, external_id="114-3941689-8772232")
    page = alice.get("/t/acme/search/?q=8772232").content.decode()
    assert f'href="/t/acme/orders/{order.pk}/"' in page
    assert "Orders nobody has written about" in page


def test_nothing_found_says_what_can_be_and_what_hid_it(world: World, alice: Browser) -> None:
    conversation_of(world.walmart, text="a shattered shade")
    assert "Nothing found." in alice.get("/t/acme/search/?q=absent").content.decode()
    hidden = alice.get("/t/acme/search/", {"q": "shattered in:closed"}).content.decode()
    assert "Nothing with in:closed." in hidden
    assert "You can search for words of messages" in hidden


def test_more_is_a_second_page(world: World, alice: Browser) -> None:
    for number in range(21):
        conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", text="alike words")
    page = alice.get("/t/acme/search/?q=alike+words").content.decode()
    assert "/t/acme/search/?q=alike+words&amp;page=2" in page
    more = alice.get("/t/acme/search/?q=alike+words&page=2", htmx=True).content.decode()
    assert more.count('class="row found-row"') == 1
    assert "That was all" in more


def test_the_warehouse_sees_no_words_of_buyers(world: World) -> None:
    conversation_of(world.walmart, text="a shattered shade", order="200011874402913")
    wendy = browser_of(world.wendy)
    assert "shade" not in wendy.get("/t/acme/search/?q=shattered").content.decode()
    page = wendy.get("/t/acme/search/?q=200011874402913").content.decode()
    assert "/t/acme/orders/" in page
    assert "/t/acme/c/" not in page


@pytest.mark.parametrize("typed", ["alike", "absent in:closed", "200000000000007"])
def test_a_search_stays_within_its_budget(world: World, alice: Browser, typed: str) -> None:
    for number in range(25):
        conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", text="alike words")
    with at_most(6):
        assert alice.get("/t/acme/search/", {"q": typed}).status_code == 200
    with at_most(5):
        assert alice.get("/t/acme/search/", {"q": typed}, htmx=True).status_code == 200
