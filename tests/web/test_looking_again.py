"""A page that looks again leaves alone what somebody is doing on it, and loses no row."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Route, expect

from accounts.tenancy import tenant_tx
from cases.models import Case
from inbox import actions
from inbox.models import Conversation, Deadline, Outcome
from marketplaces import backfills
from tests.cases.case_rows import case_on
from tests.web.conftest import Waiting, sign_in
from tests.world import World, arrive, walmart_mail

pytestmark = pytest.mark.browser


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
