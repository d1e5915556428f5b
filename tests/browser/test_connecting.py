"""An admin connects both marketplaces through the wizard, alone, and sees their traffic."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack

ADMIN = "sam@northfold.example"
LONGER_MS = 180_000


def open_shop(stack: Stack, marketplace: str, market: str, name: str) -> dict[str, Any]:
    """A seller at the simulated marketplace with an order and a buyer who has asked something."""
    address = f"{name.lower().replace(' ', '.')}@northfold.example"
    shop = stack.control.open_account(
        address, marketplace=marketplace, market=market, name=name, password="a mailbox's password"
    )
    stack.control.place_orders(address, 2)
    return shop


def begin(page: Page, stack: Stack, shop: dict[str, Any], *, market: str) -> None:
    """From the list of accounts to the key's step."""
    page.goto(f"{stack.facts['url']}/t/northfold/accounts/")
    page.locator(".connect-tiles a", has_text=shop["marketplace"].title()).click()
    page.get_by_label("Short name").fill(shop["name"])
    page.get_by_label("Market", exact=False).first.select_option(market)
    page.locator("#id_sender_address").fill(shop["address"])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/key/")


def finish(page: Page, stack: Stack, shop: dict[str, Any]) -> None:
    """All checks pass; finish, and see what a buyer writes from then on, with a running clock."""
    expect(page.get_by_text("10 of 10 pass.")).to_be_visible(timeout=LONGER_MS)
    # None of them hides in a part that scrolls by itself.
    expect(page.locator(".checks > li")).to_have_count(10)
    assert page.locator(".checks").evaluate("list => list.scrollHeight <= list.clientHeight")
    page.get_by_label("7 days").check()
    page.get_by_role("button", name="Finish", exact=True).click()
    expect(page.get_by_role("heading", name=shop["name"])).to_be_visible()
    expect(page.locator("#backfill-mail")).to_contain_text("Complete", timeout=LONGER_MS)
    told = stack.control.story("where_is_my_order", shop["address"], age_minutes=0)
    page.goto(f"{stack.facts['url']}/t/northfold/queue/all/")
    row = page.locator(".row", has_text=told["buyer_name"]).filter(has_text=shop["name"]).first
    expect(row).to_be_visible(timeout=LONGER_MS)
    expect(page.locator("#rail-lists", has_text=shop["name"])).to_be_visible()


def test_walmart_is_connected_by_key_and_password(stack: Stack, sign_in: SignIn) -> None:
    shop = open_shop(stack, "walmart", "us", "Fern US")
    page = sign_in(ADMIN)
    begin(page, stack, shop, market="walmart-us")
    page.get_by_label("Client ID").fill(shop["api"]["client_id"])
    page.get_by_label("Client secret").fill(f"{shop['api']['client_secret']} ")
    page.get_by_role("button", name="Try the key").click()
    expect(page.get_by_text("ends with a space")).to_be_visible()
    page.get_by_label("Client ID").fill(shop["api"]["client_id"])
    page.get_by_label("Client secret").fill(shop["api"]["client_secret"])
    page.get_by_role("button", name="Try the key").click()
    page.wait_for_url("**/mailbox/")
    page.locator("#id_imap_password").fill("a mailbox's password")
    for kind in ("imap", "smtp"):
        page.locator(f"#id_{kind}_host").fill(stack.facts["simulator"][f"{kind}_host"])
        page.locator(f"#id_{kind}_port").fill(str(stack.facts["simulator"][f"{kind}_port"]))
        page.locator(f"#id_{kind}_security").select_option("plain")
    page.get_by_role("button", name="Try the mailbox").click()
    page.wait_for_url("**/checks/")
    expect(page.get_by_text("Customer service contact")).to_be_visible()
    finish(page, stack, shop)


def test_amazon_is_connected_by_consent_alone(stack: Stack, sign_in: SignIn) -> None:
    shop = open_shop(stack, "amazon", "fr", "Fern FR")
    page = sign_in(ADMIN)
    begin(page, stack, shop, market="amazon-fr")
    page.get_by_role("button", name="Ask for consent").click()
    page.get_by_role("link", name="Open Seller Central").click()
    page.get_by_label(shop["address"]).check()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/mailbox/")
    page.get_by_label("Google").check()
    page.get_by_role("button", name="Try the mailbox").click()
    page.get_by_role("link", name="Open Google").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/checks/")
    expect(page.get_by_text("Approved sender")).to_be_visible()
    finish(page, stack, shop)
