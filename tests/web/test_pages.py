"""Each page shows what it is for, to whoever may see it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role
from accounts.tenancy import tenant_tx
from inbox.models import Conversation, Outcome
from marketplaces.models import FolderRole, Health, MailFolder
from tests.web.conftest import Browser, browser_of
from tests.web.rows import only_message, reply_in
from tests.world import PASSWORD, SEEN_ALL, World, arrive, conversation_of, make_member, walmart_mail

Address = Callable[[str], str]
ROBBERY = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_the_queue_shows_who_waits_and_how_long(alice: Browser, world: World) -> None:
    sent = timezone.now() - timedelta(hours=47, minutes=20)
    talk = conversation_of(world.walmart, sent_at=sent, text="Is the lamp lost?")
    page = text(alice.get("/t/acme/queue/all/"))
    assert "<title>Due soon (1) - Acme</title>" in page
    assert f'data-row="{talk.number}"' in page
    assert "Denise Kowalczyk" in page
    assert "Is the lamp lost?" in page
    assert "Due within 2 h" in page
    assert 'data-face="critical"' in page
    assert "Nobody assigned" in page


def test_the_list_is_read_again_without_the_page_around_it(alice: Browser, talk: Conversation) -> None:
    part = text(alice.get("/t/acme/queue/all/rows/", htmx=True))
    assert part.lstrip().startswith('<div id="queue"')
    assert 'id="rail-lists" hx-swap-oob="true"' in part
    assert "<html" not in part


def test_more_rows_come_with_and_without_htmx(alice: Browser, world: World) -> None:
    for number in range(52):
        conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}")
    first = text(alice.get("/t/acme/queue/all/"))
    assert first.count("data-row=") == 50
    cursor = first.partition('href="?after=')[2].partition('"')[0]
    assert text(alice.get(f"/t/acme/queue/all/?after={cursor}")).count("data-row=") == 2
    part = text(alice.get(f"/t/acme/queue/all/more/?after={cursor}&under=later", htmx=True))
    assert part.count("data-row=") == 2
    assert "<h2" not in part


@pytest.mark.parametrize("path", ["queue/everything/", "queue/all/?after=!!", "queue/all/rows/?after=YWJj"])
def test_a_list_that_does_not_exist_is_not_found(alice: Browser, path: str) -> None:
    assert alice.get(f"/t/acme/{path}").status_code == 404


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("mine", "Nothing is assigned to you."),
        ("closed", "Nothing has been closed yet."),
        ("waiting", "Go to Due soon"),
    ],
)
def test_an_empty_list_says_why(alice: Browser, view: str, words: str) -> None:
    assert words in text(alice.get(f"/t/acme/queue/{view}/"))


def test_a_tenant_without_accounts_is_told_what_comes_first(world: World) -> None:
    with tenant_tx(world.globex.pk):
        world.foreign.delete()
    page = text(browser_of(world.gus).get("/t/globex/queue/all/"))
    assert "No seller account is connected yet." in page


def test_a_channel_that_is_behind_is_said_where_it_matters(
    alice: Browser, world: World, address: Address
) -> None:
    with tenant_tx(world.acme.pk):
        world.walmart.health = Health.AUTH_FAILED
        world.walmart.health_reason = "The mailbox refused the password."
        world.walmart.save()
    for path in ("/t/acme/queue/all/", address("")):
        page = text(alice.get(path))
        assert "messages may be missing" in page
        assert "The mailbox refused the password." in page
    assert "Sign-in refused" in text(alice.get("/t/acme/accounts/"))


def test_a_conversation_is_a_page_of_its_own(alice: Browser, address: Address, talk: Conversation) -> None:
    page = text(alice.get(address("")))
    assert f"<title>Denise Kowalczyk, conversation {talk.number} - Acme</title>" in page
    assert "Where is my order?" in page
    assert "starts the Walmart clock" in page
    assert 'Walmart 48 h, <span class="clock-due">due' in page
    assert "since the message of" in page
    assert "America/Los_Angeles" in page
    assert "from care.lumen-us@acme.example, by Walmart relay" in page
    assert 'hx-trigger="load, poll' in page


def test_the_buyers_first_words_head_a_conversation_and_its_subject_stands_beside_it(
    alice: Browser, address: Address, talk: Conversation
) -> None:
    page = text(alice.get(address("")))
    heading = page[page.index('<h1 class="cut"') :].partition("</h1>")[0]
    assert "Where is my order?" in heading
    assert 'title="Question about your order"' in heading
    assert '<dt>Subject</dt><dd class="quiet" dir="auto">Question about your order</dd>' in page


def test_opening_a_conversation_from_the_list_brings_only_its_pane(alice: Browser, address: Address) -> None:
    response = alice.get(address(""), htmx=True)
    assert "<html" not in text(response)
    assert '<section class="pane talk" id="conversation"' in text(response)
    assert "HX-Request" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


def test_going_back_gets_the_whole_page(alice: Browser, address: Address) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    response = alice.get(address(""), headers=headers)
    assert "<html" in text(response)


def test_nothing_a_buyer_writes_becomes_markup(alice: Browser, world: World) -> None:
    talk = conversation_of(world.walmart, text=ROBBERY, buyer="Mallory")
    with tenant_tx(world.acme.pk):
        Conversation.objects.filter(pk=talk.pk).update(buyer_name=ROBBERY, subject=ROBBERY, preview=ROBBERY)
    only_message(talk, from_name=ROBBERY, full_text=f"{ROBBERY}\nmore", oddities=[ROBBERY], reason=ROBBERY)
    for path in (f"c/{talk.number}/", "queue/all/", f"c/{talk.number}/assignment/", "queue/all/rows/"):
        page = text(alice.get(f"/t/acme/{path}"))
        assert "<img src=x" not in page
        assert "<script>alert" not in page
    source = alice.get(f"/t/acme/c/{talk.number}/messages/{only_message(talk).pk}/source/")
    assert "<script>alert" not in text(source)


def test_no_page_has_styles_or_scripts_in_its_markup(alice: Browser, address: Address) -> None:
    for path in ("/t/acme/queue/all/", address(""), "/t/acme/accounts/", address("assignment/")):
        page = text(alice.get(path))
        assert " style=" not in page
        assert "<style" not in page
        assert "onclick" not in page
        assert "<script>" not in page


def test_the_states_of_a_reply_are_told_apart(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    now = timezone.now()
    reply_in(talk, world.leo, "sent", confirmed_at=now)
    reply_in(talk, world.leo, "failed", peer_answer="552 attachment type not accepted")
    reply_in(talk, world.leo, "unknown", peer_answer="closed after the last byte")
    reply_in(talk, world.leo, "sent", rejected_at=now, rejected_reason="550 no such relay address")
    reply_in(talk, world.alice, "queued", queued_at=now, next_at=now + timedelta(seconds=8))
    page = text(alice.get(address("")))
    assert ", delivered" in page
    assert "“552 attachment type not accepted”" in page
    assert "We do not know whether it left." in page
    assert "“550 no such relay address”" in page
    assert "The old clock runs again." in page
    assert "Leaves in" in page
    assert page.count('value="send_again"') == 3
    assert page.count('value="arrived"') == 1


def test_while_a_reply_is_on_its_way_the_timeline_looks_again(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    reply = reply_in(talk, world.alice, "leased")
    part = text(alice.get(address("timeline/"), htmx=True))
    assert 'data-poll="2"' in part
    assert "<textarea" not in part
    with tenant_tx(world.acme.pk):
        type(reply).objects.filter(pk=reply.pk).update(state="sent")
    response = alice.get(address("timeline/?moving=1"), htmx=True)
    assert 'data-poll="10"' in text(response)
    assert "queue:refresh" in response["HX-Trigger"]


def test_a_timeline_in_which_nothing_happened_is_not_sent_again(alice: Browser, address: Address) -> None:
    part = text(alice.get(address("timeline/"), htmx=True))
    mark = part.partition('"mark": "')[2].partition('"')[0]
    assert mark
    assert alice.get(address(f"timeline/?mark={mark}"), htmx=True).status_code == 204
    alice.post(address("notes/"), {"body": "Something new"})
    assert "Something new" in text(alice.get(address(f"timeline/?mark={mark}"), htmx=True))


def test_earlier_text_is_folded_with_its_number_of_lines(
    alice: Browser, talk: Conversation, address: Address
) -> None:
    only_message(talk, text="Thank you!", full_text="Thank you!\n\nOn Tuesday Lumen wrote:\n> one\n> two")
    assert "show earlier text (3 lines)" in text(alice.get(address("")))


def test_a_stopped_clock_says_how_and_whether_in_time(alice: Browser, world: World, address: Address) -> None:
    form = {"outcome": Outcome.ANSWERED_ELSEWHERE, "seen_message_id": SEEN_ALL}
    alice.post(address("settlement/"), form)
    page = text(alice.get(address("")))
    assert "No clock is running" in page
    assert "Answered elsewhere" in page
    assert "in time" in page


def test_the_accounts_page_shows_how_each_channel_is_read(alice: Browser, world: World) -> None:
    page = text(alice.get("/t/acme/accounts/"))
    for words in ("Accounts (2) - Acme", "Lumen US", "Lumen DE", "Healthy", "Last message"):
        assert words in page
    assert "Connect another" not in page  # an admin's


def test_the_page_of_an_account_says_what_is_read_and_how_it_sends(alice: Browser, world: World) -> None:
    with tenant_tx(world.acme.pk):
        for role, last in ((FolderRole.SPAM, 7), (FolderRole.INBOX, 1204)):
            MailFolder.objects.create(
                account=world.walmart,
                role=role,
                name=role.label,
                uidvalidity=1,
                last_uid=last,
                last_ok_at=timezone.now(),
            )
    page = text(alice.get(f"/t/acme/accounts/{world.walmart.pk}/"))
    for words in (
        "Walmart US",
        "care.lumen-us@acme.example",
        "Inbox to mail 1,204, Spam to mail 7, no folder Sent found",
        "The first comparison is made",
    ):
        assert words in page
    assert "Rotate key" not in page  # an admin's


def test_unrecognised_mail_stands_aside_and_offers_to_be_filed(alice: Browser, world: World) -> None:
    message = arrive(world.walmart, b"From: shop@spam.example\r\nSubject: Sale\r\n\r\nBuy our mailboxes\r\n")
    assert message is not None
    page = text(alice.get(f"/t/acme/c/{message.conversation.number}/?view=unrecognised"))
    assert "File as…" in page
    assert "Looks like none of the marketplace&#39;s mails: it names no order" in page
    assert "#note-body" in page
    assert "#reply-body" not in page
    assert "Sale" in text(alice.get("/t/acme/queue/unrecognised/"))


def test_one_organization_is_entered_at_once(alice: Browser) -> None:
    response = alice.get("/", follow=True)
    assert response.redirect_chain[-1][0] == "/t/acme/queue/all/"


def test_two_organizations_are_offered(alice: Browser, world: World) -> None:
    world.globex.name = "Globex <b>"
    world.globex.save()
    other = make_member(world.globex, "Other Person", Role.AGENT)
    other.user, world.gus.user = world.alice.user, other.user
    other.save()
    page = text(alice.get("/"))
    assert 'href="/t/acme/"' in page
    assert 'href="/t/globex/"' in page
    assert "Globex &lt;b&gt;" in page


def test_the_warehouse_begins_at_its_board(world: World) -> None:
    response = browser_of(world.wendy).get("/", follow=True)
    assert response.redirect_chain[-1][0] == "/t/acme/warehouse/"
    assert "Nothing waits for the warehouse." in text(response)


def test_a_person_without_a_place_is_told_so(world: World) -> None:
    assert "You are in no organization" in text(browser_of(world.sam).get("/"))


def test_signing_in_and_out(world: World) -> None:
    browser = Browser()
    response = browser.get("/t/acme/queue/mine/")
    assert response.status_code == 302
    wrong = browser.post("/login/", {"login": "alice.archer@acme.example", "password": "no"})
    assert 'role="alert"' in text(wrong)
    assert "alice.archer@acme.example" in text(wrong)
    form = {"login": "alice.archer@acme.example", "password": PASSWORD, "next": "/t/acme/queue/mine/"}
    assert browser.post("/login/", form)["Location"] == "/t/acme/queue/mine/"
    assert "Sign out?" in text(browser.get("/logout/"))
    assert browser.post("/logout/")["Location"] == "/login/"
    assert browser.get("/")["Location"].startswith("/login/")


def test_a_part_asked_for_after_the_session_ended_reloads_the_page(world: World) -> None:
    browser = Browser()
    response = browser.get(browser.get("/t/acme/queue/all/rows/", htmx=True)["Location"], htmx=True)
    assert response["HX-Refresh"] == "true"


def test_the_account_pages_are_ours(world: World) -> None:
    signed_in = browser_of(world.alice)
    for browser, path in ((Browser(), "/login/"), (signed_in, "/logout/"), (Browser(), "/inactive/")):
        response = browser.get(path)
        assert response.status_code == 200
        assert "css/tokens.css" in text(response)
    for path in ("/signup/", "/password/reset/", "/email/", "/accounts/login/"):
        assert Browser().get(path).status_code == 404


def test_errors_are_pages_of_ours(world: World) -> None:
    strict = Browser(enforce_csrf_checks=True)
    refused = strict.post("/login/", {"login": "a@b.example", "password": "x"})
    assert refused.status_code == 403
    assert "This page was open too long" in text(refused)
    nowhere = browser_of(world.sam).get("/t/acme/queue/all/")
    assert nowhere.status_code == 404
    assert "Nothing here" in text(nowhere)
    assert "Not for your role" in text(browser_of(world.wendy).get("/t/acme/queue/all/"))


def test_a_walmart_mail_shows_the_line_that_is_due(alice: Browser, world: World) -> None:
    message = arrive(world.walmart, walmart_mail(world.walmart, sent_at=timezone.now() - timedelta(hours=50)))
    assert message is not None
    page = text(alice.get(f"/t/acme/c/{message.conversation.number}/"))
    assert "was due" in page
    assert 'data-face="late"' in page
