"""A lead changes the hours and a policy in a real browser, and the queue sorts itself anew."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.test_main_job import row, tell

LEAD = "jo@northfold.example"


def open_policies(page: Page) -> None:
    page.locator(".rail").get_by_role("link", name="Policies").click()
    expect(page.get_by_role("heading", name="Policies", exact=True)).to_be_visible()


def test_a_lead_sets_hours_and_a_policy_and_sees_what_moves(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary policy: where is my lamp?")
    agent, lead = sign_in(), sign_in(LEAD)
    expect(row(agent, "Canary policy")).not_to_have_attribute("data-face", "late")
    before = agent.locator("#queue [data-row]").all_inner_texts()

    open_policies(lead)
    lead.get_by_role("link", name="Change the business hours").click()
    lead.get_by_label("Monday").fill("09:00-12:30, 12:00-17:00")
    lead.get_by_role("button", name="Show what this moves").click()
    expect(lead.get_by_role("alert")).to_contain_text("Monday: 09:00-12:30 and 12:00-17:00 overlap.")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        lead.get_by_label(day).fill("09:00-12:30, 13:30-17:00")
    lead.get_by_label(re.compile("Holidays")).fill("2026-12-25 Christmas Day")
    lead.get_by_role("button", name="Show what this moves").click()
    expect(lead.locator("#policy-moves")).to_contain_text("13:30-17:00; Sat-Sun closed")
    lead.get_by_role("button", name="Save").click()
    expect(lead.locator(".policy-hours")).to_contain_text("Christmas Day")

    lead.get_by_role("link", name="Change: Answer the buyer, walmart").click()
    lead.get_by_label(re.compile("Deadline, hours")).fill("4")
    lead.get_by_label(re.compile("Our target")).fill("2")
    lead.get_by_role("button", name="Show what this moves").click()
    moved = lead.locator("#policy-moves [data-moved]")
    expect(moved).to_be_visible()
    count = int(moved.get_attribute("data-moved") or "0")
    assert count > 0
    lead.get_by_role("button", name="Save").click()
    expect(lead.locator("#policy-progress")).to_contain_text(f"{count} moved.")
    expect(lead.locator(".audit")).to_contain_text("48 h, no target")

    # The agent touches nothing: the list has heard of it.
    expect(row(agent, "Canary policy")).to_have_attribute("data-face", "late")
    assert agent.locator("#queue [data-row]").all_inner_texts() != before
    row(agent, "Canary policy").click()
    expect(agent.locator("#clocks")).to_contain_text("Walmart 4 h, our rule")
    expect(agent.locator("#clocks")).to_contain_text("Our target 2 h")
    # The other tests of this stack find the marketplace's own promise.
    open_policies(lead)
    lead.get_by_role("link", name="Change: Answer the buyer, walmart").click()
    lead.get_by_role("button", name="Go back to Walmart 48 h").click()
    expect(lead.locator("#policy-progress")).to_contain_text(f"{count} moved.")
