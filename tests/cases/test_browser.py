"""What only a real browser shows of cases: where a row of their list leads, and when a refusal goes."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from cases.models import Case
from tests.cases import mails
from tests.cases.case_rows import case_on
from tests.cases.rows import only_case
from tests.world import World, arrive

pytestmark = pytest.mark.browser


@pytest.fixture
def claim(world: World) -> Case:
    """An A-to-z claim with a clock, on a conversation with an older and a newer case without one."""
    arrive(world.amazon, mails.claim(world.amazon))
    case = only_case(world.amazon)
    for days in (-3, 3):
        case_on(case.conversation, type="safe_t", opened_at=timezone.now() + timedelta(days=days))
    return case


def seen(page: Page, case_id: int) -> bool:
    """Whether the case's head stands in the upper part of the panel."""
    box = page.locator(f"#case-title-{case_id}").bounding_box()
    return box is not None and 0 <= box["y"] < 450


@pytest.mark.parametrize("width", [1440, 1000])
def test_a_row_leads_to_its_case_and_the_conversation_stays_at_its_end(
    context: BrowserContext, claim: Case, width: int
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/t/acme/cases/")
    row = page.locator("a.case-row", has_text="SAFE-T").last
    case_id = int(str(row.get_attribute("href")).rpartition("-")[2])
    row.click()
    here = page.locator(f"#case-{case_id}")
    expect(here).to_have_attribute("aria-current", "true")
    expect(page.locator("#panel .case[aria-current]")).to_have_count(1)
    expect(here).to_be_in_viewport()
    assert seen(page, case_id)
    assert not seen(page, claim.pk)
    assert page.evaluate("document.scrollingElement.scrollTop") == 0
    box = page.locator("[data-open-at-end]")
    assert box.evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight") < 40


def test_a_refusal_goes_with_the_next_act_that_succeeds(context: BrowserContext, claim: Case) -> None:
    page = context.new_page()
    page.goto(f"/t/acme/c/{claim.conversation.number}/")
    case = page.locator(f"#case-{claim.pk}")
    case.get_by_text("Move on").click()
    case.locator("[name=due_at]").fill("2020-01-01T10:00")
    case.get_by_role("button", name="Move it").click()
    told = page.get_by_text("That moment has passed")
    expect(told).to_be_visible()
    # What is only read again leaves it.
    case.locator(".evidence").evaluate("section => section.scrollIntoView()")
    case.get_by_text("Add evidence").click()
    expect(told).to_be_visible()
    case.get_by_label("What you know").fill("Signed for by a neighbour.")
    case.get_by_role("button", name="Add", exact=True).click()
    expect(case.locator(".evidence-added")).to_contain_text("Signed for by a neighbour.")
    expect(told).to_have_count(0)
