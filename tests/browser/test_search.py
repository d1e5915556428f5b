"""Tags and search at the keyboard, in a real browser."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.test_main_job import open_row, row, tell


def found(page: Page) -> Locator:
    return page.locator("#found")


def test_t_tags_the_open_conversation_and_a_row(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary tagged: where is it?")
    page = sign_in()
    expect(row(page, "Canary tagged")).to_be_visible()
    open_row(page, "Canary tagged")
    page.keyboard.press("t")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("Fragile goods")
    page.keyboard.press("Enter")
    expect(page.locator("#talk-tags")).to_contain_text("Fragile goods")
    expect(row(page, "Canary tagged").locator(".tag")).to_have_text("Fragile goods")
    # Typed before the tags have come: no letter of it may close or answer anything.
    page.keyboard.press("t")
    page.keyboard.type("fragile")
    expect(page.get_by_role("dialog").locator("input[name=name]")).to_have_value("fragile")
    page.keyboard.press("Enter")
    expect(page.locator("#talk-tags .tag")).to_have_count(0)

    tell(stack, "Lumen US", "Canary second: where is it?")
    expect(row(page, "Canary second")).to_be_visible()
    row(page, "Canary second").focus()
    page.keyboard.press("t")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("frag")
    page.keyboard.press("Enter")
    expect(row(page, "Canary second").locator(".tag")).to_have_text("Fragile goods")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".rail").get_by_role("link", name="Fragile goods").click()
    page.wait_for_url("**tag=**")
    expect(page.locator("#queue [data-row]")).to_have_count(1)
    open_row(page, "Canary second")
    assert "tag=" in page.url


def test_slash_searches_while_typing_and_escape_brings_the_list_back(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "CedarKids", "Canary sought: the zeppelin leaks")
    page = sign_in()
    expect(row(page, "Canary sought")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("zeppel")
    expect(found(page).locator("mark")).to_have_text("zeppelin")
    expect(page.locator("#queue")).not_to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#queue")).to_be_visible()
    expect(found(page)).not_to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type("zeppelin")
    expect(found(page).locator("mark")).to_have_text("zeppelin")
    page.keyboard.press("Enter")
    expect(found(page).locator("[data-row]").first).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/**")
    expect(page.locator("#conversation")).to_contain_text("zeppelin leaks")
    expect(found(page)).to_be_visible()


def test_a_page_without_a_list_leads_to_search(sign_in: SignIn) -> None:
    page = sign_in()
    page.locator(".rail").get_by_role("link", name="Accounts").click()
    page.wait_for_url("**/accounts/")
    page.keyboard.press("/")
    page.wait_for_url("**/search/")
    page.keyboard.press("/")
    page.keyboard.type("no such thing anywhere")
    expect(found(page)).to_contain_text("Nothing found.")


def test_tags_and_search_work_without_javascript(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary scriptless: my walrus is lost")
    watching = sign_in("jo@northfold.example")
    expect(row(watching, "Canary scriptless")).to_be_visible()
    page = sign_in(java_script_enabled=False)
    page.get_by_role("searchbox").fill("walrus lost")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/search/?q=walrus+lost")
    expect(found(page).locator("mark").first).to_have_text("walrus")
    found(page).locator("[data-row]").first.click()
    page.get_by_role("link", name="Tags", exact=True).click()
    page.get_by_label("Find a tag or name a new one").fill("Quiet tag")
    page.get_by_role("button", name="Put it on").click()
    expect(page.locator("#talk-tags")).to_contain_text("Quiet tag")
