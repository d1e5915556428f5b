"""Two agents at one inbox, with nothing but the live stream to tell them of each other."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.test_main_job import open_row, row, send, tell

MARCO, ANA = "marco@northfold.example", "ana@northfold.example"
BANNER = "Live updates paused, retrying"


# What is planned to be read is read at once with any news, so after this read nothing is planned.
READ = """() => new Promise((done) => {
  document.body.addEventListener("queue:refresh", () => done(), { once: true });
  document.dispatchEvent(new CustomEvent("live:account", { detail: {} }));
})"""


def live(page: Page) -> Page:
    """The page, once its stream runs and it has read what it may have missed."""
    expect(page.locator("body[data-live-state=up]")).to_be_attached()
    page.evaluate(READ)
    page.wait_for_load_state("networkidle")
    return page


COUNT = """() => {
  window.news = 0;
  for (const name of ["conversation", "account", "hello", "resumed", "resync"])
    document.addEventListener(`live:${name}`, () => { window.news += 1; });
}"""


@contextmanager
def requests_of(page: Page) -> Iterator[list[str]]:
    """The paths in a tenant that a page asks for meanwhile; fails for more looks at the list than news."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.partition("/t/")[2])

    page.evaluate(COUNT)
    page.on("request", note)
    yield asked
    looks = len([path for path in asked if path.endswith("/rows/")])
    assert looks <= page.evaluate("window.news")
    page.remove_listener("request", note)


def type_reply(page: Page, text: str) -> None:
    """Type at the keyboard, so that it counts as typing."""
    page.locator("#reply-body").click()
    page.locator("#reply-body").press_sequentially(text)


def test_new_mail_stands_in_both_browsers_because_the_stream_says_so(stack: Stack, sign_in: SignIn) -> None:
    marco, ana = live(sign_in(MARCO)), live(sign_in(ANA))
    with requests_of(marco) as marcos, requests_of(ana) as anas:
        tell(stack, "Lumen US", "Canary live: is it lost?")
        for page in (marco, ana):
            expect(row(page, "Canary live")).to_be_visible()
    for asked in (marcos, anas):
        assert asked
        # The row may bring the picture of its item.
        pages = {path for path in asked if path and not path.endswith("/picture/")}
        assert pages == {"northfold/queue/all/rows/"}


def test_without_news_a_page_asks_for_nothing(stack: Stack, sign_in: SignIn) -> None:
    page = live(sign_in(MARCO))
    with requests_of(page), page.expect_event("console"):
        # Longer than the look every 10 s of a page without its stream.
        page.evaluate("setTimeout(() => console.log('12 s later'), 12000)")


def test_what_the_other_does_moves_the_row_and_leaves_ones_text_alone(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary acts: where is it?")
    marco, ana = live(sign_in(MARCO)), live(sign_in(ANA))
    for page in (marco, ana):
        open_row(page, "Canary acts")
    type_reply(marco, "I look after")
    ana.keyboard.press("m")
    expect(row(marco, "Canary acts").locator(".people [title='Ana Ruiz']")).to_be_visible()
    expect(marco.locator("#talk-standing")).to_have_text("Assigned to Ana Ruiz")
    expect(marco.locator("#timeline")).to_contain_text("Ana Ruiz assigned it to Ana Ruiz")
    ana.get_by_label("More acts").click()
    ana.get_by_role("button", name="Answered elsewhere").click()
    expect(row(marco, "Canary acts")).to_have_count(0)
    expect(marco.locator("#talk-standing")).to_have_text("Closed")
    expect(marco.locator("#talk-acts").get_by_role("button", name="Reopen")).to_be_visible()
    expect(marco.locator("#reply-body")).to_have_value("I look after")
    expect(marco.locator("#reply-body")).to_be_focused()
    marco.keyboard.press("Control+Enter")
    expect(marco.locator("[data-moved]")).to_contain_text("answered elsewhere")


def test_each_sees_the_other_look_write_and_leave(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "CedarKids", "Canary presence: where is it?")
    marco, ana = live(sign_in(MARCO)), live(sign_in(ANA))
    open_row(ana, "Canary presence")
    mark = row(marco, "Canary presence").locator(".is-present")
    expect(mark).to_have_attribute("title", "Ana Ruiz is looking at this")
    open_row(marco, "Canary presence")
    expect(marco.locator("[data-present] .is-present")).to_have_count(1)
    expect(marco.locator("[data-writing]")).to_be_hidden()
    # Nobody is shown to themselves, in no browser of theirs.
    also_ana = live(sign_in(ANA))
    expect(row(also_ana, "Canary presence").locator(".is-present")).to_have_attribute(
        "title", "Marco Lindt is looking at this"
    )
    type_reply(ana, "Good morning")
    bar = marco.locator("[data-writing]")
    expect(bar).to_contain_text("Ana Ruiz is writing a reply")
    expect(mark).to_have_attribute("data-doing", "replying")
    type_reply(marco, "Half a sen")
    bar.get_by_role("button", name="Take over").click()
    expect(marco.locator("#talk-standing")).to_have_text("Assigned to you")
    expect(marco.locator("#reply-body")).to_have_value("Half a sen")
    type_reply(ana, " to you")
    bar.get_by_role("button", name="Leave a note").click()
    expect(marco.locator("#note-body")).to_be_focused()
    expect(bar).to_be_hidden()  # she has stopped typing
    ana.keyboard.press("Escape")
    ana.goto(f"{stack.facts['url']}/t/northfold/accounts/")
    expect(marco.locator("[data-present] .is-present")).to_have_count(0)
    expect(mark).to_have_count(0)


def test_a_draft_is_there_in_another_browser_until_it_is_sent(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary draft: where is it?")
    here = live(sign_in(ANA))
    open_row(here, "Canary draft")
    with here.expect_response("**/draft/") as saved:
        type_reply(here, "Your lamp is")
    assert saved.value.status == 204
    there = live(sign_in(ANA))
    open_row(there, "Canary draft")
    expect(there.locator("#reply-body")).to_have_value("Your lamp is")
    # What is typed last is saved when the tab goes, and never asks whether to leave.
    type_reply(here, " on its way")
    here.goto(f"{stack.facts['url']}/t/northfold/accounts/")
    here.go_back()
    expect(here.locator("#reply-body")).to_have_value("Your lamp is on its way")
    send(here, "Your lamp is on its way.")
    expect(here.locator("#reply-body")).to_have_value("")
    there.reload()
    expect(there.locator("#timeline")).to_contain_text("Your lamp is on its way.")
    expect(there.locator("#reply-body")).to_have_value("")


def test_a_message_that_comes_while_one_writes_stops_the_reply(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "Lumen US", "Canary moved: where is it?")
    page = live(sign_in(ANA))
    open_row(page, "Canary moved")
    type_reply(page, "It arrives on Friday.")
    stack.control.reply(story["story_id"], "Never mind, please cancel it!", age_minutes=1)
    expect(page.locator("#timeline")).to_contain_text("please cancel it")
    expect(page.locator("#reply-body")).to_have_value("It arrives on Friday.")
    page.keyboard.press("Control+Enter")
    moved = page.locator("[data-moved]")
    expect(moved).to_contain_text("A new message came in while you wrote")
    expect(moved.locator("blockquote")).to_contain_text("please cancel it")
    expect(moved.get_by_role("link", name="Review")).to_be_focused()
    expect(page.locator("#reply-body")).to_have_value("It arrives on Friday.")
    moved.get_by_role("link", name="Review").click()
    expect(moved).to_have_count(0)
    page.locator("#reply-body").fill("We cancel it.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast", has_text="leaves in")).to_be_visible()
    expect(page.locator("#timeline")).not_to_contain_text("It arrives on Friday.")


def test_what_was_stopped_can_be_thrown_away_or_sent_all_the_same(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "Lumen US", "Canary anyway: where is it?")
    page = live(sign_in(ANA))
    open_row(page, "Canary anyway")
    for round_, button in enumerate(("Discard", "Send anyway")):
        type_reply(page, f"Answer {round_}")
        stack.control.reply(story["story_id"], f"One more thing {round_}", age_minutes=1)
        expect(page.locator("#timeline")).to_contain_text(f"One more thing {round_}")
        page.keyboard.press("Control+Enter")
        page.locator("[data-moved]").get_by_role("button", name=button).click()
        expect(page.locator("[data-moved]")).to_have_count(0)
        expect(page.locator("#reply-body")).to_have_value("")
    expect(page.locator("#timeline")).to_contain_text("Answer 1")
    expect(page.locator("#timeline")).not_to_contain_text("Answer 0")


def test_of_two_who_press_send_at_once_one_reply_leaves(stack: Stack, sign_in: SignIn) -> None:
    story = tell(stack, "Lumen US", "Canary race: where is it?")
    marco, ana = live(sign_in(MARCO)), live(sign_in(ANA))
    pages = {"Marco Lindt": marco, "Ana Ruiz": ana}
    for name, page in pages.items():
        open_row(page, "Canary race")
        page.locator("#reply-body").fill(f"{name} answers.")
    before = stack.control.last()
    press = "() => { document.querySelector('[data-ctrl-enter]').click(); }"
    for page in pages.values():
        page.evaluate(press)
    stopped = [name for name, page in pages.items() if _is_stopped(page)]
    assert len(stopped) == 1
    (loser,) = stopped
    (winner,) = set(pages) - set(stopped)
    expect(pages[loser].locator("[data-moved] blockquote")).to_contain_text(f"{winner} answers.")
    expect(pages[loser].locator("#reply-body")).to_have_value(f"{loser} answers.")
    stack.control.wait_for("accepted", after=before, wait=40, rcpt=story["relay_address"])
    (received,) = stack.control.buyer(story["relay_address"])
    assert f"{winner} answers." in received["text"]


def test_the_live_process_is_killed_and_pages_catch_up(stack: Stack, sign_in: SignIn) -> None:
    page = live(sign_in(MARCO, outage=True))
    for process in range(3):
        os.killpg(stack.process("helpdesk.live"), signal.SIGKILL)
        expect(page.locator("[data-live-banner]")).to_have_text(BANNER)
        tell(stack, "Lumen US", f"Canary killed {process}: where is it?")
        expect(row(page, f"Canary killed {process}")).to_be_visible()
        expect(page.locator("[data-live-banner]")).to_have_text("")


def test_the_broker_is_killed_and_pages_catch_up(stack: Stack, sign_in: SignIn) -> None:
    page = live(sign_in(MARCO, outage=True))
    valkey = stack.process("valkey-server")
    os.kill(valkey, signal.SIGSTOP)
    expect(page.locator("[data-live-banner]")).to_have_text(BANNER)
    # The mail comes in although nobody can be told.
    tell(stack, "Lumen US", "Canary mute: where is it?")
    os.kill(valkey, signal.SIGKILL)
    expect(page.locator("[data-live-banner]")).to_have_text("")
    expect(row(page, "Canary mute")).to_be_visible()


def test_eight_tabs_of_one_browser_all_work(stack: Stack, sign_in: SignIn) -> None:
    tell(stack, "Lumen US", "Canary tabs: where is it?")
    first = live(sign_in(ANA))
    expect(row(first, "Canary tabs")).to_be_visible()
    tabs = [first]
    for _ in range(7):
        tab = first.context.new_page()
        tab.goto(f"{stack.facts['url']}/t/northfold/queue/all/")
        tabs.append(tab)
    for tab in tabs:
        tab.bring_to_front()
        live(tab)
        open_row(tab, "Canary tabs")
    streams = [
        tab.evaluate("performance.getEntriesByType('resource').filter(e => e.name.includes('/live/')).length")
        for tab in tabs
    ]
    tabs.remove(first)
    # Whichever tab listened, another one takes its place.
    first.close()
    tell(stack, "Lumen US", "Canary heir: where is it?")
    for tab in tabs:
        tab.bring_to_front()
        expect(row(tab, "Canary heir")).to_be_visible()
    assert sum(streams) <= 1


def _is_stopped(page: Page) -> bool:
    """Wait for the answer to "send"; whether it was stopped."""
    either = page.locator("[data-moved]").or_(page.locator(".toast", has_text=re.compile("leaves in")))
    expect(either.first).to_be_visible()
    return page.locator("[data-moved]").count() == 1
