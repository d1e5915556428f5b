"""An agent asks, the warehouse answers on a phone, and the buyer has the answer: two people, two browsers."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.test_main_job import open_row, row, tell
from tests.browser.test_two_agents import live
from tests.web.rows import PNG

AGENT, WAREHOUSE, LEAD = "ana@northfold.example", "wes@northfold.example", "jo@northfold.example"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PREPARED = "Your order left with {carrier}, tracking number {tracking}."
FILLED = "Your order left with UPS, tracking number 1Z999AA10123456784."


def ask(page: Page, question: str, prepared: str = "") -> None:
    """Ask at the keyboard."""
    page.keyboard.press("w")
    field = page.get_by_label("Or ask in your own words")
    expect(field).to_be_focused()
    field.fill(question)
    if prepared:
        page.get_by_text("Prepare the reply").click()
        page.get_by_label("Prepared reply to the buyer").fill(prepared)
        field.focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".check-card.is-open")).to_contain_text(question)
    # What one writes in is kept, and shows one side of itself still.
    expect(page.get_by_role("radio", name="Reply")).to_be_checked()
    expect(page.locator("#note-body")).to_be_hidden()


def answer(board: Page, question: str, *, photo: Path | None = None, note: str = "") -> None:
    """Answer with one thumb: shipped, with a tracking number."""
    board.locator(".check-row", has_text=question).tap()
    expect(board.locator(".check-question")).to_have_text(question)
    board.get_by_text("Shipped", exact=True).tap()
    board.get_by_label("Carrier").fill("UPS")
    board.get_by_label("Tracking number").fill("1Z999AA10123456784")
    if photo:
        board.get_by_label("Photo").set_input_files(photo)
    if note:
        board.get_by_role("textbox", name=re.compile("^Note")).fill(note)
    board.get_by_role("button", name="Send the answer").tap()
    expect(board.locator(".warehouse-done")).to_have_text("Your answer is with the agent.")


def test_from_the_question_to_the_answered_buyer(stack: Stack, sign_in: SignIn, tmp_path: Path) -> None:
    story = tell(stack, "Lumen US", "Canary shelf: was it ever sent?")
    agent, board = live(sign_in(AGENT)), live(sign_in(WAREHOUSE, **PHONE))
    assert board.url.endswith("/t/northfold/warehouse/")
    open_row(agent, "Canary shelf")
    due = agent.locator("#clocks [data-due]").first.get_attribute("data-due")

    ask(agent, "Did the canary lamp leave?", PREPARED)
    expect(agent.locator("#talk-tags")).to_contain_text("Warehouse check")
    expect(
        agent.locator("#rail-lists a", has_text="Waiting on warehouse").locator(".count")
    ).not_to_be_empty()
    # It stands on the board at once, and the buyer's clock on both screens.
    asked = board.locator(".check-row", has_text="Did the canary lamp leave?")
    expect(asked).to_be_visible()
    expect(board.locator(".tabs [aria-current]")).to_have_text(
        re.compile(f"To answer {board.locator('.check-row').count()}$")
    )
    expect(asked.locator(".time-left")).to_have_attribute("data-due", str(due))
    expect(agent.locator("#clocks [data-due]").first).to_have_attribute("data-due", str(due))
    expect(row(agent, "Canary shelf").locator("[data-due]")).to_have_attribute("data-due", str(due))

    shelf = tmp_path / "shelf.png"
    shelf.write_bytes(PNG)
    asked.tap()
    expect(board.locator(".check-clocks .time-left")).to_have_attribute("data-due", str(due))
    buttons = board.locator(".check-answers label, .check-send, .check-camera")
    assert all(box["height"] >= 44 for each in buttons.all() if (box := each.bounding_box()))
    assert board.evaluate("document.documentElement.scrollWidth") <= 390
    board.go_back()
    answer(board, "Did the canary lamp leave?", photo=shelf)
    expect(asked).to_have_count(0)

    # And in the conversation, without looking again.
    card = agent.locator(".check-card.is-waiting")
    expect(card).to_contain_text("Shipped")
    expect(card).to_contain_text(FILLED)
    expect(agent.locator("#timeline")).to_contain_text("Wes Hall answered for the warehouse: Shipped")
    photo = card.get_by_alt_text("Photo from the warehouse")
    expect(photo).to_be_visible()
    assert photo.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 1
    expect(agent.locator("#talk-tags")).not_to_contain_text("Warehouse check")
    expect(agent.locator("#clocks [data-due]").first).to_have_attribute("data-due", str(due))

    before = stack.control.last()
    agent.keyboard.press("s")
    expect(agent.locator(".toast", has_text="leaves in")).to_be_visible()
    accepted = stack.control.wait_for("accepted", after=before, wait=40, rcpt=story["relay_address"])
    assert accepted["account"] == stack.account("Lumen US")["address"]
    (received,) = stack.control.buyer(story["relay_address"])
    assert FILLED in received["text"]
    expect(agent.locator("#clocks")).to_contain_text("No clock is running")


def test_a_message_that_comes_in_stops_the_prepared_reply(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "Lumen US", "Canary stop: was it sent?")
    agent, board = live(sign_in(AGENT)), live(sign_in(WAREHOUSE, **PHONE))
    open_row(agent, "Canary stop")
    ask(agent, "Did the second canary leave?", PREPARED)
    answer(board, "Did the second canary leave?", note="Left on Monday.")
    send = agent.get_by_role("button", name=re.compile("^Send this reply"))
    expect(send).to_be_visible()
    form = agent.locator(".check-card.is-waiting form", has=send)
    # The page has not heard of it yet: what it has seen is older than the message.
    old = form.locator("[name=seen_message_id]").get_attribute("value")
    stack.control.reply(story["story_id"], "Never mind, cancel it!", age_minutes=1)
    expect(agent.locator("#timeline")).to_contain_text("cancel it!")
    expect(form.locator("[name=seen_message_id]")).not_to_have_value(str(old))
    form.locator("[name=seen_message_id]").evaluate("(field, old) => { field.value = old; }", old)
    send.click()
    expect(agent.locator("[data-moved]")).to_contain_text("A new message came in while you wrote")
    expect(agent.locator("#reply-body")).to_have_value(FILLED)
    assert stack.control.buyer(story["relay_address"]) == []


def test_where_the_lead_allows_it_a_tracking_update_leaves_by_itself(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "CedarKids", "Canary alone: where is it?")
    lead, agent, board = live(sign_in(LEAD)), live(sign_in(AGENT)), live(sign_in(WAREHOUSE, **PHONE))
    lead.locator("#rail-lists a[href='/t/northfold/warehouse/']").click()
    lead.get_by_role("button", name="Let them leave by themselves").click()
    expect(lead.get_by_role("button", name="Let them wait")).to_be_visible()
    open_row(agent, "Canary alone")
    ask(agent, "Did the third canary leave?", PREPARED)
    before = stack.control.last()
    answer(board, "Did the third canary leave?")
    expect(agent.locator("#timeline")).to_contain_text("The prepared reply leaves by itself")
    stack.control.wait_for("accepted", after=before, wait=40, rcpt=story["relay_address"])
    (received,) = stack.control.buyer(story["relay_address"])
    assert FILLED in received["text"]
    lead.get_by_role("button", name="Let them wait").click()
    expect(lead.get_by_role("button", name="Let them leave by themselves")).to_be_visible()


def test_asking_and_answering_work_without_javascript(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary paperless shelf: where is it?")
    watching = live(sign_in(LEAD))
    expect(row(watching, "Canary paperless shelf")).to_be_visible()
    agent = sign_in(AGENT, java_script_enabled=False)
    row(agent, "Canary paperless shelf").first.click()
    agent.get_by_role("link", name="Ask the warehouse").click()
    agent.get_by_role("button", name="Photo of what is on the shelf").click()
    expect(agent.locator("#timeline")).to_contain_text("Ana Ruiz asked the warehouse")
    board = sign_in(WAREHOUSE, java_script_enabled=False)
    board.locator(".check-row", has_text="Photo of what is on the shelf").first.click()
    board.get_by_text("See the note").click()
    board.get_by_role("button", name="Send the answer").click()
    expect(board.get_by_role("alert")).to_contain_text("Write a note that says what you found.")
    board.get_by_text("Out of stock").click()
    board.get_by_role("button", name="Send the answer").click()
    expect(board.locator(".warehouse-done")).to_be_visible()
    agent.reload()
    expect(agent.locator("#timeline")).to_contain_text("Wes Hall answered for the warehouse: Out of stock")
