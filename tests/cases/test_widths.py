"""What of cases and their clocks is read on a phone, a small and a large screen."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from inbox.models import Conversation
from tests.web.conftest import Browser, alice, context, faults, site, talk

__all__ = ["alice", "context", "faults", "site", "talk"]  # fixtures
pytestmark = pytest.mark.browser
WIDTHS = pytest.mark.parametrize("width", [390, 1024, 1280, 1440])
CUT = """[...document.querySelectorAll('.clock')].flatMap(clock => {
  const room = clock.getBoundingClientRect();
  return [...clock.querySelectorAll('time, b, p')].filter(one => {
    const box = one.getBoundingClientRect();
    return !box.width || box.left < room.left || box.right > Math.min(room.right, innerWidth)
      || one.matches('p') && one.scrollWidth > one.clientWidth;
  }).map(one => one.textContent);
})"""
OVER_EACH_OTHER = """row => {
  const boxes = [...row.children].map(one => one.getBoundingClientRect()).filter(box => box.width);
  return boxes.filter((one, index) => boxes.slice(index + 1).some(other => one.left < other.right
    && other.left < one.right && one.top < other.bottom && other.top < one.bottom)).length;
}"""


@pytest.fixture
def disputed(alice: Browser, talk: Conversation) -> Conversation:
    """A conversation whose buyer waits, and in which a return is disputed for 64 dollars."""
    answer = alice.post(
        f"/t/acme/c/{talk.number}/cases/",
        {"type": "return_dispute", "reference": "", "amount": "64.00", "due_at": ""},
    )
    assert answer.status_code == 303
    return talk


def opened(context: BrowserContext, width: int, address: str) -> Page:
    """A page of acme in a window of that width."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"/t/acme/{address}")
    return page


@WIDTHS
def test_two_clocks_are_both_read_whole(context: BrowserContext, disputed: Conversation, width: int) -> None:
    page = opened(context, width, f"c/{disputed.number}/")
    clocks = page.locator("#clocks .clock")
    expect(clocks).to_have_count(2)
    expect(clocks.first).to_contain_text("Answer the buyer, Walmart 48 h, due")
    expect(clocks.last).to_contain_text("File a dispute of a return, Walmart dispute 45 days, due")
    assert page.evaluate(CUT) == []


@WIDTHS
def test_a_case_says_whose_it_is_and_what_is_at_stake(
    context: BrowserContext, disputed: Conversation, width: int
) -> None:
    page = opened(context, width, "cases/")
    row = page.locator(f"a.case-row[data-row='{disputed.number}']")
    expect(row.get_by_text("Lumen US")).to_be_visible()
    expect(row.get_by_text("64.00")).to_be_visible()
    assert row.evaluate(OVER_EACH_OTHER) == 0
