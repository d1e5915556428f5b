"""What only a real browser shows: keys, text that is kept, rows that stand still, a policy nothing breaks."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from pytest_django import Settings

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from cases.models import Case
from inbox import actions, sla
from inbox.models import Conversation, Deadline, Outcome
from marketplaces import backfills
from tests.cases.case_rows import case_on
from tests.conftest import PATIENCE_MS, REFUSALS, Web
from tests.web.conftest import browser_of
from tests.web.rows import file_in, only_message
from tests.world import World, arrive, conversation_of, walmart_mail

pytestmark = pytest.mark.browser


@pytest.fixture
def site(world: World, web: Web, settings: Settings) -> str:
    """The address of a web process that serves this test's world."""
    settings.MEDIA_ROOT = str(web.files)
    return web.address


@pytest.fixture
def faults() -> list[str]:
    """What the pages complained about in their consoles."""
    return []


def sign_in(context: BrowserContext, who: Membership, site: str) -> None:
    """What the browser asks for is asked by this member from now on."""
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": browser_of(who).cookies[name].value, "url": site}])


@pytest.fixture
def context(browser: Browser, site: str, world: World, faults: list[str]) -> Iterator[BrowserContext]:
    """A signed-in browser; the test fails when any page wrote an error to its console."""
    context = browser.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    # No live process runs here: the stream never begins, and pages look by themselves.
    context.route("**/live/**", lambda route: None)

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None
        )

    context.on("page", listen)
    sign_in(context, world.alice, site)
    yield context
    context.close()
    assert [fault for fault in faults if not any(word in fault for word in REFUSALS)] == []


@pytest.fixture
def waiting(world: World) -> Callable[[float], Conversation]:
    """A conversation with so many hours left."""
    count = iter(range(1, 100))

    def make(hours: float) -> Conversation:
        number = next(count)
        sent = timezone.now() - timedelta(hours=48 - hours)
        return conversation_of(
            world.walmart,
            relay=f"{number:032x}",
            order=f"2000{number:011d}",
            sent_at=sent,
            buyer=f"Buyer No {number}",
        )

    return make


Waiting = Callable[[float], Conversation]


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


def test_no_row_falls_out_of_a_longer_list_that_is_read_again(
    context: BrowserContext, waiting: Waiting
) -> None:
    for number in range(60):
        waiting(2 + number / 2)
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("[data-row]")).to_have_count(60)
    urgent = waiting(0.5)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('queue:refresh'))")
    expect(page.locator("[data-row]").first).to_have_attribute("data-row", str(urgent.number))
    expect(page.locator("[data-row]")).to_have_count(60)
    # And again: the list is in one piece now.
    with page.expect_response("**/rows/*"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('queue:refresh'))")
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("[data-row]")).to_have_count(61)
    shown = page.locator("[data-row]").evaluate_all("rows => rows.map(row => row.dataset.row)")
    assert len(set(shown)) == 61


def test_a_row_opened_while_an_act_is_answered_is_opened(context: BrowserContext, waiting: Waiting) -> None:
    first, second = waiting(1), waiting(3)
    page = context.new_page()
    page.goto(f"/t/acme/c/{first.number}/")
    held: dict[str, Route] = {}
    page.route("**/assignment/*", lambda route: held.update(act=route))
    page.route(f"**/c/{second.number}/*", lambda route: held.update(row=route))
    page.keyboard.press("m")
    with page.expect_request(f"**/c/{second.number}/*"):
        page.click(f"[data-row='{second.number}']")
    with page.expect_event("requestfinished", lambda request: "/assignment/" in request.url):
        held["act"].continue_()
    expect(page.get_by_text("Assigned to you")).to_be_visible()
    held["row"].continue_()
    expect(page.locator("#conversation")).to_have_attribute("data-number", str(second.number))


def test_what_was_unfolded_stays_so_when_it_is_read_again(
    context: BrowserContext, world: World, waiting: Waiting
) -> None:
    talk = waiting(1)
    page = context.new_page()
    page.goto(f"/t/acme/c/{talk.number}/")
    page.get_by_text("show earlier text").click()
    earlier = page.locator(".said-foot .fold .text")
    expect(earlier).to_be_visible()
    again = walmart_mail(
        world.walmart, relay=f"{1:032x}", order=f"2000{1:011d}", buyer="Buyer No 1", text="And another thing."
    )
    arrive(world.walmart, again)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('timeline:refresh'))")
    expect(page.locator("#timeline")).to_contain_text("And another thing.")
    expect(earlier.first).to_be_visible()


def test_a_head_in_use_is_right_soon_after(context: BrowserContext, world: World, waiting: Waiting) -> None:
    talk = waiting(1)
    page = context.new_page()
    page.goto(f"/t/acme/c/{talk.number}/")
    head = page.locator("#talk-acts")
    head.get_by_role("button").first.focus()
    now = timezone.now()
    with tenant_tx(talk.tenant_id):
        row = Conversation.objects.get(pk=talk.pk)
        actions.assign(row, assignee=world.leo, by=world.leo, now=now)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('timeline:refresh'))")
    expect(page.locator("#timeline")).to_contain_text("Leo")
    page.locator("#reply-body").focus()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('timeline:refresh'))")
    expect(head).to_contain_text("LL")


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


def test_the_focused_row_stands_still_while_the_rest_moves(context: BrowserContext, waiting: Waiting) -> None:
    rows = [waiting(20 + number) for number in range(4)]
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    row = page.locator(f"[data-row='{rows[2].number}']")
    row.focus()
    before = row.bounding_box()
    urgent = waiting(1)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('queue:refresh'))")
    expect(page.locator(f"[data-row='{urgent.number}']")).to_be_attached()
    expect(page.locator("[data-announcer]")).to_have_text("1 became urgent")
    expect(row).to_be_focused()
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1.5


def test_a_list_read_again_leaves_the_row_that_is_being_opened(
    context: BrowserContext, waiting: Waiting
) -> None:
    opened, moving = waiting(1), waiting(3)
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    held: list[Route] = []
    page.route(f"**/c/{opened.number}/", lambda route: held.append(route))
    with page.expect_request(f"**/c/{opened.number}/"):
        page.click(f"[data-row='{opened.number}']")
    due_at = timezone.now() + timedelta(minutes=10)
    with tenant_tx(moving.tenant_id):
        Conversation.objects.filter(pk=moving.pk).update(queue_at=due_at, due_at=due_at)
    with page.expect_response("**/rows/"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('queue:refresh'))")
    assert page.locator("[data-row]").first.get_attribute("data-row") == str(opened.number)
    held[0].continue_()
    expect(page.locator("#conversation")).to_have_attribute("data-number", str(opened.number))
    # What the list had to pass by is on the page all the same.
    expect(page.locator("[data-row]").first).to_have_attribute("data-row", str(moving.number))


def test_a_list_read_again_under_a_pressed_button_waits_for_the_click(
    context: BrowserContext, waiting: Waiting
) -> None:
    opened = waiting(1)
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    page.locator(f"[data-row='{opened.number}']").hover()
    urgent = waiting(0.5)
    page.mouse.down()
    with page.expect_event("requestfinished", lambda request: "/rows/" in request.url):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('queue:refresh'))")
    page.mouse.up()
    expect(page.locator("#conversation")).to_have_attribute("data-number", str(opened.number))
    expect(page.locator("[data-row]").first).to_have_attribute("data-row", str(urgent.number))


def test_what_is_written_about_a_case_outlasts_a_change_of_it(
    context: BrowserContext, waiting: Waiting
) -> None:
    case = case_on(waiting(5))
    page = context.new_page()
    page.goto(f"/t/acme/c/{case.conversation.number}/")
    panel = page.locator("#panel .case-slot")
    panel.get_by_label("What you did there").fill("Sent the scan.")
    panel.get_by_text("Add evidence").click()
    panel.get_by_label("What you know").fill("A neighbour signed.")
    with tenant_tx(case.tenant_id):
        Case.objects.filter(pk=case.pk).update(amount=57, currency="USD")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('timeline:refresh'))")
    expect(panel).to_contain_text("57.00 USD")
    expect(panel.get_by_label("What you did there")).to_have_value("Sent the scan.")
    expect(panel.get_by_label("What you know")).to_have_value("A neighbour signed.")
    panel.get_by_role("button", name="Done there").click()
    expect(panel.locator("[data-standing=now]")).to_have_text("Under review")
    expect(panel.get_by_label("What you did there")).to_have_count(0)
    expect(panel.get_by_label("What you know")).to_have_value("A neighbour signed.")


def test_history_being_fetched_leaves_the_rest_of_the_accounts_page(
    context: BrowserContext, site: str, world: World
) -> None:
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        backfills.begin(world.walmart, since=now - timedelta(days=7), by=world.ada, now=now)
    sign_in(context, world.ada, site)
    page = context.new_page()
    page.goto(f"/t/acme/accounts/{world.walmart.pk}/")
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/history/")):
        pass
    expect(page.get_by_role("heading", name="What is read")).to_be_visible()
    page.locator("#backfill-mail").get_by_role("button", name="Stop").click()
    expect(page.locator("#backfill-mail")).to_contain_text("Stopped")
    expect(page.get_by_role("heading", name="What is read")).to_be_visible()


def test_a_look_at_what_has_gone_meanwhile_is_dropped(
    context: BrowserContext, world: World, waiting: Waiting
) -> None:
    talk = waiting(1)
    page = context.new_page()
    page.goto(f"/t/acme/c/{talk.number}/")
    held: list[Route] = []
    page.route("**/timeline/?*", lambda route: held.append(route))
    arrive(world.walmart, walmart_mail(world.walmart, relay=f"{1:032x}", text="And another thing."))
    with page.expect_request("**/timeline/?*"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('timeline:refresh'))")
    page.click(".composer-tabs label:has-text('Note')")
    page.fill("#note-body", "For the team")
    page.press("#note-body", "Control+Enter")
    expect(page.locator(".is-note")).to_contain_text("For the team")
    with page.expect_event("requestfinished", lambda request: "/timeline/" in request.url):
        held[0].continue_()
    # It would write an error to the console, which the fixture looks at.
    page.evaluate("new Promise(done => setTimeout(done))")
    expect(page.locator(".is-note")).to_contain_text("For the team")


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


def test_without_a_stream_the_page_looks_by_itself(context: BrowserContext, waiting: Waiting) -> None:
    page = context.new_page()
    page.goto("/t/acme/queue/all/")
    late = waiting(5)
    expect(page.locator(f"[data-row='{late.number}']")).to_be_visible()


def test_the_clocks_follow_a_change_of_the_timeline(context: BrowserContext, waiting: Waiting) -> None:
    talk = waiting(1)
    page = context.new_page()
    page.goto(f"/t/acme/c/{talk.number}/")
    expect(page.locator("#clocks")).to_contain_text("Walmart 48 h")
    with tenant_tx(talk.tenant_id):
        Deadline.objects.update(stopped_at=timezone.now(), outcome=Outcome.ANSWERED_ELSEWHERE)
    expect(page.locator("#clocks")).to_contain_text("No clock is running")
    expect(page.locator("#clocks")).to_have_count(1)
