"""What only a real browser shows: keys, text that is kept, pages that fit, a policy nothing breaks."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from inbox import sla
from tests.web.conftest import Waiting
from tests.web.rows import file_in, only_message
from tests.world import World, arrive, walmart_mail

pytestmark = pytest.mark.browser


def test_a_reply_by_keys_alone(context: BrowserContext, waiting: Waiting) -> None:
    first, second = waiting(1), waiting(3)
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    for key in ("j", "j", "k", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#conversation")).to_have_attribute("data-number", str(first.number))
    expect(page.locator("[data-row][aria-current]")).to_have_attribute("data-row", str(first.number))
    page.keyboard.press("r")
    page.keyboard.type("It left yesterday, jkl.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Reply to Buyer No 1 leaves in")
    page.locator(".toast button").click()
    expect(page.locator("#reply-body")).to_have_value("It left yesterday, jkl.")
    expect(page.locator(".toast")).to_have_count(0)
    page.locator("#reply-body").press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(f"**/c/{second.number}/")
    page.keyboard.press("m")
    expect(page.get_by_text("Assigned to you")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_role("alert")).to_contain_text("The clock is running.")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    page.wait_for_url("**/queue/all/")
    expect(page.locator(f"[data-row='{second.number}']")).to_be_focused()
    expect(page).to_have_title("Due soon (2) - Acme")


def test_text_is_kept_while_one_looks_elsewhere(context: BrowserContext, waiting: Waiting) -> None:
    first, second = waiting(1), waiting(3)
    page = context.new_page()
    page.goto(f"/t/acme/c/{first.number}/")
    page.fill("#reply-body", "Half a sent")
    page.click(f"[data-row='{second.number}']")
    page.wait_for_url(f"**/c/{second.number}/")
    expect(page.locator("#reply-body")).to_have_value("")
    page.click(f"[data-row='{first.number}']")
    expect(page.locator("#reply-body")).to_have_value("Half a sent")
    page.click(".composer-tabs label:has-text('Note')")
    page.fill("#note-body", "For the team")
    page.press("#note-body", "Control+Enter")
    expect(page.locator(".is-note")).to_contain_text("For the team")
    expect(page.locator("#reply-body")).to_have_value("Half a sent")
    expect(page.locator("#note-body")).to_have_value("")


def test_back_keeps_what_was_typed_and_asks_nothing(context: BrowserContext, waiting: Waiting) -> None:
    first, second = waiting(1), waiting(3)
    page = context.new_page()
    page.on("dialog", lambda dialog: pytest.fail(f"The page asked before Back: {dialog.type}"))
    page.goto(f"/t/acme/c/{first.number}/")
    page.fill("#reply-body", "Half a sent")
    page.click(f"[data-row='{second.number}']")
    page.wait_for_url(f"**/c/{second.number}/")
    page.go_back()
    expect(page.locator("#conversation")).to_have_attribute("data-number", str(first.number))
    expect(page.locator("#reply-body")).to_have_value("Half a sent")


def test_the_way_to_more_stands_once_and_at_the_end(context: BrowserContext, waiting: Waiting) -> None:
    for number in range(60):
        waiting(2 + number / 2)
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    more = page.get_by_role("link", name="Show more")
    expect(more).to_have_count(1)
    more.click()
    expect(page.locator("[data-row]")).to_have_count(60)
    expect(more).to_have_count(0)


def test_a_draft_that_was_changed_stays_changed(context: BrowserContext, waiting: Waiting) -> None:
    page = context.new_page()
    page.goto(f"/t/acme/c/{waiting(1).number}/")
    text = page.locator("#reply-body")
    text.fill("First words")
    text.press("Control+Enter")
    expect(text).to_have_value("")
    text.fill("Second words")
    page.locator(".leaving button").click()
    expect(text).to_have_value("First words\n\nSecond words")
    text.fill("First words, changed")
    text.press("Escape")
    page.keyboard.press("m")
    expect(page.get_by_text("Assigned to you")).to_be_visible()
    expect(text).to_have_value("First words, changed")


def test_back_shows_the_list_on_a_phone(context: BrowserContext, waiting: Waiting) -> None:
    talk = waiting(5)
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/t/acme/queue/all/")
    row = page.locator(f"[data-row='{talk.number}']")
    row.click()
    expect(row).to_be_hidden()
    expect(page.locator("#reply-body")).to_be_visible()
    page.go_back()
    expect(row).to_be_visible()
    page.locator(".opens-rail").click()
    expect(page.get_by_role("link", name="Waiting on buyer")).to_be_visible()


def test_the_browser_says_time_left_as_the_server_does(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    seconds = [
        0,
        59,
        60,
        7199,
        7200,
        14399,
        14400,
        28799,
        28800,
        35999,
        36000,
        172799,
        172800,
        176400,
        400000,
    ]
    ticker = """async (all) => {
        const {duration, face} = await import("/static/js/time-left.js");
        return all.map((left) => [duration(Math.abs(left)), face(left)]);
    }"""
    wanted, asked = [], []
    now = timezone.now()
    for left in [*seconds, *(-value for value in seconds if value)]:
        said = sla.time_left(now + timedelta(seconds=left), now)
        wanted.append([said.text.removeprefix("Late "), str(said.face)])
        asked.append(left)
    assert page.evaluate(ticker, asked) == wanted


def test_a_formatted_mail_shows_its_picture_and_runs_nothing(
    context: BrowserContext, waiting: Waiting, faults: list[str]
) -> None:
    talk = waiting(5)
    evil = '<p>Hi</p><img src="cid:x@y"><script>top.hacked = 1</script><img src="http://127.0.0.1:9/x.png">'
    file_in(only_message(talk, html=evil), content_id="x@y", inline=True)
    page = context.new_page()
    page.goto(f"/t/acme/c/{talk.number}/")
    expect(page.locator("iframe")).to_have_count(0)
    assert faults == []
    page.click("summary:has-text('show formatted')")
    picture = page.frame_locator("iframe.formatted").locator("img").first
    expect(picture).to_have_js_property("naturalWidth", 1)
    assert page.evaluate("window.hacked") is None
    # The script and the picture from outside were stopped, and the browser says so.
    assert {fault.split()[0] for fault in faults} <= {"Blocked", "Loading", "Refused"}
    assert len(faults) >= 2
    faults.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_every_page_fits_its_window(
    context: BrowserContext, world: World, waiting: Waiting, width: int, scheme: Any
) -> None:
    talk = waiting(1)
    arrive(world.walmart, walmart_mail(world.walmart, relay=f"{1:032x}", text="Word" * 200))
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    for path in (
        "queue/all/",
        f"c/{talk.number}/",
        f"c/{talk.number}/assignment/",
        "accounts/",
        "queue/mine/",
    ):
        page.goto(f"/t/acme/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
