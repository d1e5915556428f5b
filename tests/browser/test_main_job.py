"""From a buyer's mail to an answered buyer, as an agent does it, on the whole running stack."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn, Stack

ACCOUNTS = ("Lumen US", "CedarKids", "Lumen DE", "Tarn UK")


def tell(stack: Stack, account: str, text: str, *, age_minutes: float = 47 * 60 + 30) -> dict[str, Any]:
    """A buyer's mail with words of its own, due in half an hour on Walmart."""
    address = stack.account(account)["address"]
    story = stack.control.story(
        "where_is_my_order", address, age_minutes=age_minutes, seed=abs(hash(text)) % 10_000
    )
    stack.control.reply(story["story_id"], text, age_minutes=age_minutes - 1)
    return story


def row(page: Page, words: str) -> Locator:
    """The row of the list whose second line begins with these words."""
    return page.locator("#queue a", has_text=words)


def open_row(page: Page, words: str) -> None:
    row(page, words).first.click()
    page.wait_for_url("**/c/**")
    expect(page.locator("#conversation")).to_contain_text(words)


def send(page: Page, text: str) -> None:
    page.locator("#reply-body").fill(text)
    page.get_by_role("button", name=re.compile("^Send Ctrl")).click()
    expect(page.locator(".toast", has_text="leaves in")).to_be_visible()


def test_all_accounts_stand_in_one_queue_ordered_by_time_left(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in()
    queue = page.locator("#queue")
    for name in ACCOUNTS:
        expect(queue.get_by_text(name).first).to_be_visible()
    dues = page.locator("#queue [data-row]:not([data-face=settle]) [data-due]").evaluate_all(
        "all => all.map(one => one.dataset.due)"
    )
    assert len(dues) > 20
    assert dues == sorted(dues)
    expect(queue).not_to_contain_text("Brightwater")


def test_a_buyer_asks_an_agent_answers_and_the_buyer_writes_again(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "Lumen US", "Canary one: is my lamp lost?")
    page = sign_in()
    expect(row(page, "Canary one")).to_be_visible()
    open_row(page, "Canary one")
    expect(page.locator("#clocks")).to_contain_text("Walmart 48 h")
    expect(page.locator("#conversation")).to_contain_text("starts the Walmart clock")
    before = stack.control.last()

    send(page, "Your lamp is on its way and arrives on Friday.")
    accepted = stack.control.wait_for("accepted", after=before, wait=40, rcpt=story["relay_address"])
    assert accepted["account"] == stack.account("Lumen US")["address"]
    assert accepted["mail_from"] == stack.account("Lumen US")["address"]
    (received,) = stack.control.buyer(story["relay_address"])
    assert "arrives on Friday" in received["text"]

    expect(page.locator("#clocks")).to_contain_text("No clock is running")
    expect(row(page, "Canary one")).to_have_count(0)

    stack.control.reply(story["story_id"], "Canary two: Friday is too late!", age_minutes=1)
    expect(row(page, "Canary two")).to_be_visible()
    open_row(page, "Canary two")
    expect(page.locator("#clocks")).to_contain_text("47 h")
    assert len(stack.control.buyer(story["relay_address"])) == 1


@pytest.mark.parametrize(
    ("account", "outcome"), [("Lumen US", "bounce"), ("Lumen DE", "amazon_undeliverable")]
)
def test_a_reply_that_bounces_comes_back_with_the_old_clock(
    stack: Stack, sign_in: SignIn, account: str, outcome: str
) -> None:
    age = 47 * 60 if account == "Lumen US" else 23 * 60
    words = f"Canary {outcome}: nothing came"
    story = tell(stack, account, words, age_minutes=age)
    page = sign_in()
    expect(row(page, words)).to_be_visible()
    open_row(page, words)
    due = page.locator("#clocks [data-due]").first.get_attribute("data-due")
    stack.control.outcome(outcome, relay_address=story["relay_address"])
    before = stack.control.last()
    send(page, "It left our house yesterday.")
    stack.control.wait_for("accepted", after=before, wait=40, rcpt=story["relay_address"])
    expect(page.locator("#conversation")).to_contain_text("did not reach the buyer")
    expect(page.locator("#clocks [data-due]").first).to_have_attribute("data-due", str(due))
    expect(row(page, words)).to_be_visible()


def test_undo_gives_the_text_back_and_nothing_leaves(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "CedarKids", "Canary undo: where is it?")
    page = sign_in("ana@northfold.example")
    expect(row(page, "Canary undo")).to_be_visible()
    open_row(page, "Canary undo")
    send(page, "Too early to say.")
    page.locator(".toast", has_text="leaves in").get_by_role("button", name="Undo").click()
    expect(page.locator("#reply-body")).to_have_value("Too early to say.")
    expect(page.locator("#conversation")).to_contain_text("took the reply back")
    assert stack.control.buyer(story["relay_address"]) == []


def test_the_guard_blocks_a_foreign_link_and_keeps_the_text(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "CedarKids", "Canary guard: where is it?")
    page = sign_in("ana@northfold.example")
    open_row(page, "Canary guard")
    page.locator("#reply-body").fill("Track it at lumen.example/track please")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".finding")).to_contain_text("Blocked: link outside Walmart")
    expect(page.locator("#reply-body")).to_have_value("Track it at lumen.example/track please")


def test_a_day_at_the_keyboard(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary keys: where is it?")
    page = sign_in("jo@northfold.example")
    expect(row(page, "Canary keys")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/**")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    page.wait_for_url("**/queue/**")
    open_row(page, "Canary keys")
    page.keyboard.press("m")
    expect(page.locator("#conversation")).to_contain_text("Jo Park assigned it to Jo Park")
    page.keyboard.press("n")
    page.keyboard.type("Carrier lost it, refund is fine.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#conversation")).to_contain_text("Carrier lost it, refund is fine.")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("We refund you today.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast", has_text="leaves in")).to_be_visible()


def test_it_works_without_javascript(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "Lumen US", "Canary plain: where is it?")
    watching = sign_in("jo@northfold.example")
    expect(row(watching, "Canary plain")).to_be_visible()
    page = sign_in(java_script_enabled=False)
    row(page, "Canary plain").first.click()
    expect(page.locator("#conversation")).to_contain_text("Canary plain")
    before = stack.control.last()
    page.locator("#reply-body").fill("It left this morning.")
    page.get_by_role("button", name=re.compile("^Send Ctrl")).click()
    expect(page.locator("#conversation")).to_contain_text("It left this morning.")
    stack.control.wait_for("accepted", after=before, wait=40, rcpt=story["relay_address"])


def test_each_tenant_sees_its_own(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in("priya@brightwater.example")
    expect(page.locator("#queue").get_by_text("Brightwater").first).to_be_visible()
    for name in ACCOUNTS:
        expect(page.locator("body")).not_to_contain_text(name)
    answer = page.request.get(f"{stack.facts['url']}/t/northfold/queue/all/")
    assert answer.status == 404
    assert "Northfold" not in answer.text()
