"""The lead's board in a real browser: every number opens its list, and it keeps itself true meanwhile."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.test_main_job import tell
from tests.conftest import PATIENCE_MS

LEAD = "jo@northfold.example"
COUNTED = ("late", "under_2h", "under_8h", "unassigned_today")
QUEUE_ROW = "#queue [data-row]"
Board = Callable[..., Page]


@pytest.fixture
def board(sign_in: SignIn) -> Board:
    """The board as the lead opens it."""

    def open_it(**options: Any) -> Page:
        page = sign_in(LEAD, **options)
        page.goto(page.url.split("/queue/")[0] + "/board/")
        return page

    return open_it


def rows(page: Page) -> Locator:
    return page.locator(QUEUE_ROW)


def number(place: Locator) -> int:
    return int(re.sub(r"\D", "", place.inner_text()))


def opens_as_many(page: Page, figure: Locator, place: str = "queue", row: str = QUEUE_ROW) -> None:
    """Open a number's list and count its rows; mail that came in between is counted again."""
    for last in (False, False, False, True):
        count = number(figure)
        figure.click()
        page.wait_for_url(f"**/{place}/**")
        try:
            expect(page.locator(row)).to_have_count(count, timeout=5000)
            return
        except AssertionError:
            if last:
                raise
        page.go_back()
        page.reload()


def test_the_lead_opens_each_number_and_finds_as_many_rows(board: Board) -> None:
    page = board()
    for key in COUNTED:
        opens_as_many(page, page.locator(f"#now-{key}"))
        expect(page.locator(".narrowings")).to_contain_text("due" if key != "late" else "late")
        page.go_back()
    page.locator("#now-oldest").click()
    page.wait_for_url("**/c/**")
    page.go_back()
    for link in page.locator(".people tbody a.link").all():
        opens_as_many(page, link)
        page.go_back()
    # The hour that runs, where anything is due in it, leaves out what is late in it.
    page.locator(".board-plot.is-wide a").first.click()
    expect(rows(page).first).to_be_visible()
    expect(page.locator("#queue [data-face=late]")).to_have_count(0)
    page.go_back()
    page.locator(".board-plot.is-wide a").last.click()
    expect(page.locator(".narrowings")).to_contain_text(re.compile(r"due \w{3} \d\d:00 to \d\d:00"))
    expect(rows(page).first).to_be_visible()


def test_the_lead_opens_each_number_of_cases_and_finds_as_many(board: Board) -> None:
    page = board()
    links = page.locator(".cases tbody a.link")
    expect(links.first).to_be_visible()
    for at in range(links.count()):
        opens_as_many(page, links.nth(at), "cases", ".case-row")
        page.go_back()
    # Cases come in meanwhile: then the sum is another one, and is taken again.
    for last in (False, False, False, True):
        page.reload()
        open_now = page.locator(".cases tbody a[aria-label*='open now']")
        total = sum(number(each) for each in open_now.all())
        page.get_by_role("link", name="Open cases").click()
        page.wait_for_url("**/cases/**")
        rows_shown = page.locator(".case-row")
        try:
            expect(rows_shown).to_have_count(total, timeout=PATIENCE_MS if last else 5000)
            break
        except AssertionError:
            if last:
                raise
        page.go_back()


def test_the_board_reads_itself_again_and_keeps_focus_and_what_is_open(stack: Stack, board: Board) -> None:
    page = board()
    figure = page.locator("#now-under_2h")
    before = number(figure)
    page.locator("#load-table summary").click()
    expect(page.locator("#load-table table")).to_be_visible()
    sorts = page.locator("#sort-late")
    sorts.focus()
    scrolled = page.evaluate("document.querySelector('.board').scrollTop")
    tell(stack, "Lumen US", "Canary board: is it late?")
    expect(figure).to_have_text(str(before + 1))
    expect(sorts).to_be_focused()
    expect(page.locator("#load-table table")).to_be_visible()
    assert page.evaluate("document.querySelector('.board').scrollTop") == scrolled
    # A link in a tip, which is shown by the focus alone.
    link = page.locator("#tip-under_2h a")
    page.locator("#define-under_2h").focus()
    link.focus()
    tell(stack, "Lumen US", "Canary board: and this one?")
    expect(figure).to_have_text(str(before + 2))
    expect(link).to_be_focused()


def test_a_change_of_the_narrowing_is_in_the_address_and_back_takes_it_away(board: Board) -> None:
    page = board()
    page.get_by_label("Period", exact=True).select_option("7")
    page.wait_for_url("**/board/?*days=7*")
    expect(page.locator(".board-narrowed")).to_contain_text("Last 7 days")
    page.locator("#sort-open").click()
    page.wait_for_url("**sort=-open**")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Open")
    # The order is kept when the narrowing changes.
    page.get_by_label("Account", exact=True).select_option(label="CedarKids")
    page.wait_for_url("**account=**")
    assert "sort=-open" in page.url
    page.go_back()
    page.wait_for_url("**/board/?days=7&sort=-open")
    expect(page.get_by_label("Period", exact=True)).to_have_value("7")
    page.get_by_role("link", name="Show all").click()
    page.wait_for_url("**/board/")


def test_a_figure_is_explained_to_the_keyboard_and_escape_takes_it_away(board: Board) -> None:
    page = board()
    tip = page.locator("#tip-late")
    expect(tip).to_be_hidden()
    page.locator("#define-late").focus()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("whose clock still runs")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.locator("#define-under_2h").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#tip-under_2h a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/board/definitions/#under_2h")
    expect(page.locator("#under_2h")).to_be_in_viewport()


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_every_explanation_lies_inside_the_window(board: Board, width: int) -> None:
    page = board(viewport={"width": width, "height": 844})
    # Where tables are told row by row they have no heads, so nothing in these is pressed.
    signs = page.locator(".define button" if width >= 900 else ".define:not(thead *) button").all()
    assert len(signs) > 10
    for sign in signs:
        sign.focus()
        tip = page.locator(f"#{sign.get_attribute('aria-describedby')}")
        expect(tip).to_be_visible()
        expect(tip).to_be_in_viewport(ratio=1)


def test_signs_of_explanations_go_under_the_head(board: Board) -> None:
    page = board(viewport={"width": 1440, "height": 500})
    sign = page.locator("#define-response_rate")
    # What lies at the middle of the sign when it has been scrolled to the middle of the head.
    found = sign.evaluate(
        """sign => {
          const board = document.querySelector('.board');
          const middle = box => (box.top + box.bottom) / 2;
          const head = board.querySelector('header').getBoundingClientRect();
          board.scrollTop += middle(sign.getBoundingClientRect()) - middle(head);
          const box = sign.getBoundingClientRect();
          const seen = document.elementFromPoint((box.left + box.right) / 2, middle(box));
          return [Math.round(middle(box) - middle(head)), Boolean(seen.closest('header'))];
        }"""
    )
    assert found == [0, True]


@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_of_the_board_lies_beside_the_screen(board: Board, width: int, scheme: str) -> None:
    page = board(viewport={"width": width, "height": 900}, color_scheme=scheme)
    wide, shown = page.evaluate(
        "[document.querySelector('.board').scrollWidth, document.querySelector('.board').clientWidth]"
    )
    assert wide <= shown
    plot = "narrow" if width < 700 else "wide"
    expect(page.locator(f".board-plot.is-{plot}")).to_be_visible()
    # Words in a picture are as large as those beside it.
    page.wait_for_function(
        "words => { const found = document.querySelector(words);"
        " return found && found.getBoundingClientRect().height >= 10; }",
        arg=f".board-plot.is-{plot} text",
    )


def test_without_scripts_the_board_is_narrowed_by_a_button(board: Board) -> None:
    page = board(java_script_enabled=False)
    page.get_by_label("Period", exact=True).select_option("90")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**days=90**")
    expect(page.locator(".board-narrowed")).to_contain_text("Last 90 days")


def test_on_paper_the_board_is_black_on_white_with_its_tables_open(board: Board) -> None:
    page = board(color_scheme="dark")
    expect(page.locator("#load-table table")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("#load-table table")).to_be_visible()
    expect(page.locator("#rail")).to_be_hidden()
    expect(page.locator(".board-filters")).to_be_hidden()
    expect(page.locator(".board-by")).to_be_hidden()
    expect(page.locator(".skip")).to_be_hidden()
    expect(page.locator("body")).to_have_css("color", "rgb(0, 0, 0)")
    expect(page.locator(".board")).to_have_css("background-color", "rgb(255, 255, 255)")
    # All of it is on the paper, not what a screen would show of it.
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height > page.locator("#people-head").evaluate("e => e.getBoundingClientRect().bottom")


def test_a_sheet_of_paper_shows_tables_and_their_colours(board: Board) -> None:
    page = board()
    page.emulate_media(media="print")
    # A4 upright within its margins, in which a screen would be a phone.
    page.set_viewport_size({"width": 718, "height": 1047})
    for table in ("rates", "causes", "people", "cases"):
        expect(page.locator(f".board-table.{table}")).to_have_css("display", "table")
        wide = page.locator(f".board-table.{table}").evaluate("e => e.getBoundingClientRect().right")
        assert wide <= 718
    for coloured in (".rates .tile", ".board-key"):
        expect(page.locator(coloured).first).to_have_css("print-color-adjust", "exact")
    # A long part may go on over the page; only what is small is kept in one piece.
    expect(page.locator(".board .block").first).to_have_css("break-inside", "auto")
    expect(page.locator(".people tbody tr").first).to_have_css("break-inside", "avoid")
