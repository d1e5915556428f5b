"""The policies page and the warnings page, as a lead's browser meets them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry
from accounts.tenancy import tenant_tx
from inbox import warning
from inbox.models import BusinessHours, Conversation, Deadline, Notice, Recomputation, SlaPolicy
from inbox.recomputing import recompute
from marketplaces import seeing
from tests.web.conftest import Browser, browser_of
from tests.web.test_budgets import at_most
from tests.world import World, conversation_of

FORM = {
    "marketplace": "walmart",
    "kind": "reply",
    "account": "",
    "allowance": "24",
    "target": "8",
    "warn": "",
    "told": "assignee",
    "reach": "running",
}
HOURS = {"zone": "Europe/Berlin", "holidays": "2026-12-25 Christmas Day"} | {
    f"day{number}": "09:00-12:30, 13:30-17:00" if number < 5 else "" for number in range(7)
}


@pytest.fixture
def leo(world: World) -> Browser:
    """The browser of acme's lead."""
    return browser_of(world.leo)


def stored(world: World) -> int:
    with tenant_tx(world.acme.pk):
        counts = (
            SlaPolicy.objects.filter(saved_at__isnull=False),
            BusinessHours.objects,
            Recomputation.objects,
        )
        return sum(rows.count() for rows in counts) + AuditEntry.objects.count()


def test_every_promise_is_listed_with_where_it_comes_from(world: World, leo: Browser) -> None:
    page = leo.get("/t/acme/policies/").content.decode()
    assert "Marketplace Learn, Customer Care Policy" in page
    assert "Answer an A-to-z claim" in page
    assert "Amazon refund 4 days" in page
    assert "Amazon refund 2 days" not in page
    assert "Nobody has changed anything yet" in page


@pytest.mark.parametrize("htmx", [False, True])
def test_the_preview_shows_what_moves_and_stores_nothing(world: World, leo: Browser, htmx: bool) -> None:
    now = timezone.now()
    conversation_of(world.walmart, sent_at=now - timedelta(hours=30))
    conversation_of(world.walmart, relay="a" * 32, order="200012345678901", sent_at=now - timedelta(hours=23))
    answer = leo.post("/t/acme/policies/preview/", FORM, htmx=htmx)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'data-moved="2"' in text
    assert 'href="/t/acme/c/1/"' in text
    assert "<h2>What this moves</h2>" in text
    assert ("<html" in text) is not htmx
    assert 'value="24"' in text or htmx
    assert stored(world) == 0


@pytest.mark.parametrize("htmx", [False, True])
def test_saving_stores_a_version_and_asks_for_the_recomputation(
    world: World, leo: Browser, htmx: bool
) -> None:
    answer = leo.post("/t/acme/policies/", FORM, htmx=htmx)
    assert (answer.status_code, answer["Location"]) == (303, "/t/acme/policies/")
    page = leo.get("/t/acme/policies/").content.decode()
    assert "being brought in line" in page
    assert 'hx-get="/t/acme/policies/progress/"' in page
    assert "Leo Lang: Walmart: Answer the buyer, 48 h, no target" in page
    with tenant_tx(world.acme.pk):
        row = SlaPolicy.objects.get(saved_at__isnull=False)
    assert (row.allowance_minutes, row.target_minutes, row.saved_by_id) == (1440, 480, world.leo.pk)


def test_what_was_changed_is_named_as_the_list_names_it(world: World, leo: Browser) -> None:
    leo.post("/t/acme/policies/", FORM | {"kind": "return_dispute", "allowance": "240"})
    with tenant_tx(world.acme.pk):
        for subject in ("Amazon: return_received", "Lumen US: item_not_received"):
            audit.record(
                tenant_id=world.acme.pk,
                by=world.leo,
                action="policy_saved",
                subject=subject,
                details={"before": "48 h", "after": "24 h"},
                now=timezone.now(),
            )
    page = leo.get("/t/acme/policies/").content.decode()
    said = page[page.index(">Changes<") :]
    assert "Leo Lang: Walmart: File a dispute of a return, 45 days" in said
    # Entries of before bear the kind: each is shown as its marketplace calls it.
    assert "Leo Lang: Amazon: Refund a return that is here, 48 h" in said
    assert "Leo Lang: Lumen US: Dispute a failed delivery refund, 48 h" in said
    assert not re.search(r"\w_\w", " ".join(re.findall(">([^<]+)<", said)))


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("address", ["/t/acme/policies/", "/t/acme/policies/preview/"])
@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"allowance": "72"}, 409, "The marketplace allows 48 h; with 3 days its deadline passes"),
        ({"allowance": "two days"}, 422, "Write hours as a number, such as 24 or 1.5."),
        ({"allowance": "-1"}, 422, "At least"),
        ({"allowance": "NaN"}, 422, "Write hours as a number"),
        ({"warn": "1500"}, 409, "Warn less than 24 h before"),
        ({"told": "everybody"}, 422, "Choose one of those offered."),
        ({"kind": "no_such_kind"}, 404, ""),
        ({"account": "999999"}, 404, ""),
    ],
)
def test_what_makes_no_sense_is_refused_and_what_was_typed_stays(
    world: World, leo: Browser, address: str, htmx: bool, change: dict[str, str], status: int, words: str
) -> None:
    answer = leo.post(address, FORM | change, htmx=htmx)
    preview = address.endswith("preview/")
    # The preview's part has no form to find the kind for: it says so in words.
    assert answer.status_code == status or (preview and htmx and answer.status_code == 409)
    assert words in answer.content.decode()
    if status != 404 and not (preview and htmx):
        assert f'value="{change.get("allowance", "24")}"' in answer.content.decode()
    assert stored(world) == 0


def test_a_neighbours_account_is_not_there(world: World, leo: Browser) -> None:
    foreign = FORM | {"marketplace": "amazon", "account": str(world.foreign.pk), "allowance": "12"}
    for address in ("policies/", "policies/preview/", "policies/withdrawal/"):
        assert leo.post(f"/t/acme/{address}", foreign).status_code == 404
    query = f"?marketplace=amazon&kind=reply&account={world.foreign.pk}"
    assert leo.get(f"/t/acme/policies/form/{query}").status_code == 404


def test_an_account_of_its_own_goes_back_to_what_holds_for_all(world: World, leo: Browser) -> None:
    own = FORM | {"account": str(world.walmart.pk)}
    assert leo.post("/t/acme/policies/", own).status_code == 303
    assert 'class="policy-own"' in leo.get("/t/acme/policies/").content.decode()
    place = {key: own[key] for key in ("marketplace", "kind", "account")}
    assert leo.post("/t/acme/policies/withdrawal/", place).status_code == 303
    assert 'class="policy-own"' not in leo.get("/t/acme/policies/").content.decode()
    assert leo.post("/t/acme/policies/withdrawal/", place | {"marketplace": "nowhere"}).status_code == 422


@pytest.mark.parametrize("htmx", [False, True])
def test_hours_are_shown_before_they_are_saved(world: World, leo: Browser, htmx: bool) -> None:
    answer = leo.post("/t/acme/policies/hours/preview/", HOURS, htmx=htmx)
    assert answer.status_code == 200
    assert "Mon-Fri 09:00-12:30, 13:30-17:00; Sat-Sun closed" in answer.content.decode()
    assert stored(world) == 0
    assert leo.post("/t/acme/policies/hours/", HOURS, htmx=htmx).status_code == 303
    page = leo.get("/t/acme/policies/").content.decode()
    assert "Christmas Day 25 Dec 2026" in page
    assert "13:30-17:00" in leo.get("/t/acme/policies/hours/").content.decode()
    again = leo.post("/t/acme/policies/hours/", HOURS, htmx=htmx)
    assert (again.status_code, "Nothing would change" in again.content.decode()) == (409, True)


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("address", ["/t/acme/policies/hours/", "/t/acme/policies/hours/preview/"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"day0": "09:00-13:00, 12:00-17:00"}, "Monday: 09:00-13:00 and 12:00-17:00 overlap."),
        ({"day4": "17:00-09:00"}, "Friday: 17:00-09:00 ends before it begins."),
        ({"day6": "18:00-24:00"}, "Sunday: “18:00-24:00” names no time of a day"),
        ({f"day{number}": "" for number in range(7)}, "The week is empty"),
        ({"holidays": "Christmas"}, "is no holiday"),
        ({"zone": "Mars/Olympus"}, "Choose one of the time zones."),
        ({"zone": ""}, "Choose a time zone."),
    ],
)
def test_hours_that_make_no_sense_are_refused_whole(
    world: World, leo: Browser, address: str, htmx: bool, change: dict[str, str], words: str
) -> None:
    answer = leo.post(address, HOURS | change, htmx=htmx)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert stored(world) == 0


def test_the_conversation_shows_our_target_beside_the_marketplaces_clock(world: World, leo: Browser) -> None:
    talk = conversation_of(world.walmart)
    assert leo.post("/t/acme/policies/", FORM | {"allowance": "48"}).status_code == 303
    recompute(world.acme.pk, now=timezone.now())
    page = leo.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert 'Walmart 48 h, <span class="clock-due">due' in page
    assert "Our target 8 h, by" in page
    assert "; our target " in leo.get("/t/acme/queue/all/").content.decode()


def test_the_list_costs_the_same_whatever_was_saved(world: World, leo: Browser) -> None:
    for hours in ("40", "36", "32"):
        leo.post("/t/acme/policies/", FORM | {"allowance": hours})
    with at_most(12):
        assert leo.get("/t/acme/policies/").status_code == 200


def warned(world: World) -> Any:
    talk = conversation_of(world.walmart, sent_at=timezone.now() - timedelta(hours=46))
    with tenant_tx(world.acme.pk):
        ids = list(Deadline.objects.values_list("pk", flat=True))
    warning.tell(ids, tenant_id=world.acme.pk, now=timezone.now())
    return talk


@pytest.mark.parametrize("htmx", [False, True])
def test_whoever_was_away_finds_the_warning_and_says_that_it_was_seen(
    world: World, leo: Browser, htmx: bool
) -> None:
    talk = warned(world)
    page = leo.get("/t/acme/warnings/").content.decode()
    assert f'href="/t/acme/c/{talk.number}/"' in page
    assert 'data-warnings="1"' in page
    assert "is due soon: Walmart 48 h" in page
    assert leo.post("/t/acme/warnings/seen/", htmx=htmx).status_code == 303
    page = leo.get("/t/acme/warnings/").content.decode()
    assert 'data-warnings=""' in page
    assert "is due soon: Walmart 48 h" in page
    assert "is-new" not in page


def words(page: str) -> str:
    """What a person reads of it."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split()).replace(" ,", ",")


def test_a_warning_says_whom_and_what_it_is_about_for_as_long_as_that_is_kept(
    world: World, leo: Browser
) -> None:
    talk = warned(world)
    page = words(leo.get("/t/acme/warnings/").content.decode())
    assert f"#{talk.number} is due soon: Walmart 48 h Denise Kowalczyk, Question about your order" in page
    assert "W Lumen US, due" in page
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(subject="")
    page = words(leo.get("/t/acme/warnings/").content.decode())
    assert "Denise Kowalczyk, order 200011874402913" in page
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(buyer_name="", order=None, purged_at=timezone.now())
    page = words(leo.get("/t/acme/warnings/").content.decode())
    assert f"#{talk.number} is due soon: Walmart 48 h Unknown sender W Lumen US, due" in page


def test_whoever_no_longer_sees_the_account_reads_no_name_in_its_warnings(world: World, leo: Browser) -> None:
    warned(world)
    with tenant_tx(world.acme.pk):
        seeing.choose(world.leo, [world.amazon], by=world.ada, now=timezone.now())
    page = leo.get("/t/acme/warnings/").content.decode()
    assert "No warnings." in page
    assert "Denise" not in page


def test_warnings_cost_the_same_however_many_there_are(world: World, leo: Browser) -> None:
    warned(world)
    with at_most(9) as few:
        leo.get("/t/acme/warnings/")
    for number in range(3):
        conversation_of(
            world.walmart,
            relay=f"{number:032x}",
            order=f"2000{number:011d}",
            sent_at=timezone.now() - timedelta(hours=46),
        )
    with tenant_tx(world.acme.pk):
        ids = list(Deadline.objects.values_list("pk", flat=True))
    warning.tell(ids, tenant_id=world.acme.pk, now=timezone.now())
    with at_most(len(few)):
        page = leo.get("/t/acme/warnings/").content.decode()
    assert page.count("warning-about") == 4


def test_the_examples_of_a_preview_say_whom_they_are_about(world: World, leo: Browser) -> None:
    conversation_of(world.walmart, sent_at=timezone.now() - timedelta(hours=30))
    page = words(leo.post("/t/acme/policies/preview/", FORM, htmx=True).content.decode())
    assert "#1 Denise Kowalczyk, Question about your order Lumen US" in page
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(buyer_name="", subject="")
    page = words(leo.post("/t/acme/policies/preview/", FORM, htmx=True).content.decode())
    assert "#1 Unknown sender, order 200011874402913 Lumen US" in page


def test_another_members_warnings_are_not_shown_and_stay_new(world: World, alice: Browser) -> None:
    warned(world)
    assert "No warnings." in alice.get("/t/acme/warnings/").content.decode()
    alice.post("/t/acme/warnings/seen/")
    with tenant_tx(world.acme.pk):
        assert Notice.objects.get().seen_at is None


def test_a_page_that_was_not_given_out_leads_to_the_first(world: World, leo: Browser) -> None:
    assert leo.get("/t/acme/warnings/?after=nonsense")["Location"] == "/t/acme/warnings/"
