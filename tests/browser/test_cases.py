"""Cases as an agent works on them, on the whole running stack."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.browser.conftest import SignIn, Stack


def tell(stack: Stack, story: str, account: str, **how: Any) -> dict[str, Any]:
    """Have something happen at the marketplace."""
    return stack.control.story(story, stack.account(account)["address"], **how)


def order_of(story: dict[str, Any]) -> str:
    """The number of the order a story is about."""
    return str(story["order_id"])


def open_case(page: Page, order: str) -> Locator:
    """Go to the cases by their key, open the conversation about this order, and return its case's panel."""
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/queue/cases/")
    expect(page.locator("#queue .case-mark").first).to_be_visible()
    base = page.url.partition("/queue/")[0]
    page.goto(f"{base}/cases/")
    page.locator("a.case-row", has_text=order).first.click()
    page.wait_for_url("**/c/**")
    panel = page.locator("#panel .case-slot")
    expect(panel.locator(".case").first).to_be_visible()
    return panel


def leave_note(page: Page, address: str, words: str) -> None:
    """Write for the team into the conversation at that address."""
    if page.url != address:
        page.goto(address)
    page.locator("#composer label", has=page.locator("[value=note]")).click()
    page.locator("#note-body").fill(words)
    page.get_by_role("button", name=re.compile("^Add note")).click()


def test_an_a_to_z_claim_from_mail_over_evidence_to_decision(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "a_to_z_claim", "Lumen DE", age_minutes=60, seed=4401)
    page = sign_in()
    row = page.locator("#queue .row.is-case", has_text="A-to-z claim")
    expect(row.first).to_be_visible()
    expect(page.locator("#queue")).to_contain_text("A-to-z claim")
    base = page.url.partition("/queue/")[0]
    expect(page.locator("#rail-lists [data-go=c] .count")).not_to_be_empty()

    listed = page.locator("a.case-row", has_text=order_of(story))
    _look_until(page, f"{base}/cases/?type=atoz_claim", listed)
    panel = open_case(page, order_of(story))
    expect(panel).to_contain_text("Represent your side at Seller Central")
    expect(panel.locator("[data-standing=now]")).to_have_text("Your turn")
    expect(page.locator("#clocks")).to_contain_text("Answer an A-to-z claim")
    expect(page.locator("#clocks")).to_contain_text("as the marketplace says")
    link = panel.get_by_role("link", name=re.compile("^The order"))
    expect(link).to_have_attribute("href", re.compile(f"sellercentral.amazon.de/.*{order_of(story)}"))

    page.get_by_role("button", name=re.compile("^Close e")).click()
    expect(page.locator("#conversation [role=alert]")).to_contain_text("The case “A-to-z claim” needs you")

    # What is being written stays when something else comes into the conversation.
    panel.get_by_label("What you did there").fill("Sent the delivery scan.")
    evidence = panel.locator(".evidence")
    # Playwright's own would wait for it to stand still, and what is read once seen takes its place.
    evidence.evaluate("section => section.scrollIntoView()")
    assert page.evaluate("document.body.scrollTop + document.scrollingElement.scrollTop") == 0
    panel.get_by_text("Add evidence").click()
    panel.get_by_label("What you know").fill("Signed for by a neighbour.")
    leave_note(sign_in("ana@northfold.example"), page.url, "Asked the carrier.")
    expect(page.locator("#timeline")).to_contain_text("Asked the carrier.")
    leave_note(page, page.url, "It was signed for.")
    expect(page.locator("#timeline")).to_contain_text("It was signed for.")
    expect(panel.get_by_label("What you know")).to_have_value("Signed for by a neighbour.")
    panel.get_by_role("button", name="Add", exact=True).click()
    expect(evidence.locator(".evidence-added")).to_contain_text("Signed for by a neighbour.")
    panel.get_by_role("button", name="Done there").click()
    expect(panel.locator("[data-standing=now]")).to_have_text("Under review")
    expect(panel.locator(".case-history")).to_contain_text("Sent the delivery scan.")
    expect(page.locator("#clocks")).to_contain_text("No clock is running")

    evidence.evaluate("section => section.scrollIntoView()")
    # Amazon's notice alone is here: nothing that buyer or seller wrote.
    expect(evidence.locator("[data-here=yes]", has_text="The marketplace's own mail")).to_be_visible()
    expect(evidence.locator("[data-here=yes]", has_text="Everything buyer and seller")).to_have_count(0)
    panel.get_by_text("Add evidence").click()
    panel.get_by_label("What you know").fill("The neighbour is called Moss.")
    panel.get_by_label("File").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"Moss"})
    panel.get_by_role("button", name="Add", exact=True).click()
    expect(evidence.get_by_role("alert")).to_contain_text("Only these can be added")
    evidence.get_by_role("button", name="Make the evidence pack").click()
    expect(evidence.locator(".pack")).to_be_visible()
    ready = evidence.get_by_role("link", name=re.compile("^Evidence pack"))
    expect(ready).to_be_visible()
    expect(panel.get_by_label("What you know")).to_have_value("The neighbour is called Moss.")
    with page.expect_download() as download:
        ready.click()
    words = " ".join(sheet.extract_text() for sheet in PdfReader(download.value.path()).pages)
    assert "A-to-z claim" in words
    assert order_of(story) in words
    assert "Message-ID" in words

    panel.get_by_text("Record the decision").click()
    panel.get_by_label("Outcome").select_option("won")
    panel.get_by_role("button", name="Record it").click()
    expect(panel.locator("[data-standing=now]")).to_have_text("Decided")
    expect(panel.locator("h3 .badge")).to_have_text("Won")

    panel.get_by_label("Lesson").fill("Ship with a signature.")
    panel.get_by_role("button", name="Finish the case").click()
    expect(page.locator("#conversation")).to_contain_text("finished the case")
    page.goto(f"{base}/cases/?tab=decided")
    expect(page.locator("a.case-row", has_text=order_of(story))).to_contain_text("Won")


def test_a_complaint_has_one_hour_and_stands_on_top(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "bbb_complaint", "CedarKids", age_minutes=5, seed=4402)
    page = sign_in()
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/queue/cases/")
    row = page.locator("#queue .row", has_text="BBB/AG complaint").filter(has_text="CedarKids")
    expect(row).to_be_visible()
    dues = page.locator("#queue [data-row] [data-due]").evaluate_all("all => all.map(one => one.dataset.due)")
    assert dues == sorted(dues)
    row.click()
    page.wait_for_url("**/c/**")
    expect(page.locator("#clocks")).to_contain_text("Answer a BBB or attorney-general complaint")
    expect(page.locator("#clocks")).to_contain_text("Walmart complaint 1 h")
    page.locator("#reply-body").fill("We are sorry. We refund the lamp today and send a new one.")
    page.get_by_role("button", name=re.compile("^Send Ctrl")).click()
    expect(page.locator("#clocks")).to_contain_text("No clock is running")
    expect(page.locator("#panel .case-slot [data-standing=now]")).to_have_text("Under review")


def test_a_return_that_arrived_is_counted_down(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in()
    row = page.locator("a.case-row", has_text="Return received").filter(has_text="Lumen US")
    row = row.filter(has_text=re.compile(r"4\d h"))
    _look_until(page, f"{page.url.partition('/queue/')[0]}/cases/?type=return_received", row)
    expect(row.first.locator("[data-due]")).to_contain_text(re.compile(r"4\d h"))
    row.first.click()
    page.wait_for_url("**/c/**")
    panel = page.locator("#panel .case-slot")
    expect(panel).to_contain_text("Look at what came back. Refund it at Seller Center")
    expect(page.locator("#clocks")).to_contain_text("Refund or dispute a return that is here")
    expect(page.locator("#clocks")).to_contain_text("Walmart return 48 h")
    panel.get_by_label("What you did there").fill("Disputed: not our item.")
    panel.get_by_role("button", name="Done there").click()
    expect(panel.locator("[data-standing=now]")).to_have_text("Under review")
    expect(page.locator("#clocks")).to_contain_text("No clock is running")


def _look_until(page: Page, address: str, row: Locator) -> None:
    """Open the list again until the row is there: these pages do not look again by themselves."""
    for _ in range(60):
        page.goto(address)
        if row.count():
            return
        page.wait_for_timeout(1000)
    expect(row).not_to_have_count(0)
