"""Tags: one word once, put on and taken off with a trace, shown on rows, and a list of what bears one."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import tagging
from inbox.actions import Refused
from inbox.models import Conversation, ConversationTag, Event, Tag
from inbox.queue import queue_page
from tests.web.conftest import Browser, browser_of
from tests.world import World, conversation_of

NOW = timezone.now()


@pytest.fixture
def talk(world: World) -> Conversation:
    return conversation_of(world.walmart)


@pytest.fixture
def browser(world: World) -> Browser:
    return browser_of(world.alice)


def tags_of(talk: Conversation) -> list[str]:
    with tenant_tx(talk.tenant_id):
        return sorted(each.tag.name for each in ConversationTag.objects.filter(conversation=talk))


def told(talk: Conversation) -> list[tuple[str, str]]:
    with tenant_tx(talk.tenant_id):
        found = Event.objects.filter(conversation=talk, kind__startswith="tag") | Event.objects.filter(
            conversation=talk, kind="untagged"
        )
        return [(each.kind, each.data["tag"]) for each in found.order_by("pk")]


def make(world: World, *names: str) -> list[Tag]:
    with tenant_tx(world.acme.pk):
        return [tagging.named(name) for name in names]


def test_a_tag_is_one_however_it_is_written(world: World) -> None:
    with tenant_tx(world.acme.pk):
        first = tagging.named("  Damaged   item ")
        assert first.name == "Damaged item"
        assert tagging.named("DAMAGED ITEM") == first
        assert tagging.named("Straße") == tagging.named("STRASSE")
        assert Tag.objects.count() == 2
    with tenant_tx(world.globex.pk):
        assert tagging.named("Damaged item").pk != first.pk


@pytest.mark.parametrize("name", ["", "  ", "\x00\n\t", "x" * 41])
def test_a_bad_name_is_refused_with_a_sentence(world: World, name: str) -> None:
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match=r"\.$"):
        tagging.named(name)


def test_putting_and_taking_leave_one_line_each(world: World, talk: Conversation) -> None:
    (tag,) = make(world, "damaged")
    with tenant_tx(world.acme.pk):
        for _ in range(2):
            tagging.put(talk, tag, by=world.alice, now=NOW)
        row = ConversationTag.objects.get(conversation=talk)
        assert (row.put_by_id, row.put_at) == (world.alice.pk, NOW)
        for _ in range(2):
            tagging.take(talk, tag, by=world.leo, now=NOW)
    assert tags_of(talk) == []
    assert told(talk) == [("tagged", "damaged"), ("untagged", "damaged")]


def test_a_conversation_holds_so_many_tags_and_no_more(world: World, talk: Conversation) -> None:
    tags = make(world, *(f"tag {number}" for number in range(tagging.MOST_ON_ONE + 1)))
    with tenant_tx(world.acme.pk):
        for tag in tags[:-1]:
            tagging.put(talk, tag, by=world.alice, now=NOW)
        with pytest.raises(Refused, match="Take one off first"):
            tagging.put(talk, tags[-1], by=world.alice, now=NOW)


def test_a_tenant_has_so_many_tags_and_no_more(world: World) -> None:
    make(world, *(f"tag {number}" for number in range(tagging.MOST_TAGS)))
    with tenant_tx(world.acme.pk):
        assert tagging.named("TAG 7").name == "tag 7"
        with pytest.raises(Refused, match="have a lead remove some"):
            tagging.named("one more")


def test_two_who_make_the_same_tag_at_once_get_one(world: World) -> None:
    make(world, "late")
    with tenant_tx(world.acme.pk), pytest.raises(Exception, match="inbox_tag_once"), transaction.atomic():
        Tag.objects.create(name="Late", key="late", colour="grey")


def test_a_tag_of_the_neighbour_cannot_be_put_on(world: World, talk: Conversation) -> None:
    with tenant_tx(world.globex.pk):
        foreign = tagging.named("theirs")
    with (
        tenant_tx(world.acme.pk),
        pytest.raises(Exception, match="inbox_conversationtag_tag_id_tenant_fk"),
        transaction.atomic(),
    ):
        tagging.put(talk, foreign, by=world.alice, now=NOW)


def test_merging_keeps_each_conversation_once(world: World) -> None:
    both, one, other = (
        conversation_of(world.walmart, relay=f"{n:032x}", order=f"20{n:013d}") for n in range(3)
    )
    broken, damaged = make(world, "broken", "damaged")
    with tenant_tx(world.acme.pk):
        for talk, tag in ((both, broken), (both, damaged), (one, broken), (other, damaged)):
            tagging.put(talk, tag, by=world.alice, now=NOW)
        tagging.merge(broken, into=damaged, by=world.leo, now=NOW)
        assert [tag.name for tag in Tag.objects.all()] == ["damaged"]
    assert [tags_of(talk) for talk in (both, one, other)] == [["damaged"]] * 3
    assert told(one)[-1] == ("tag_merged", "broken")
    assert told(other)[-1] == ("tagged", "damaged")


def test_a_removed_tag_leaves_every_conversation_and_its_word_in_their_history(
    world: World, talk: Conversation
) -> None:
    (tag,) = make(world, "damaged")
    with tenant_tx(world.acme.pk):
        tagging.put(talk, tag, by=world.alice, now=NOW)
        tagging.remove(tag, by=world.leo, now=NOW)
    assert tags_of(talk) == []
    assert told(talk) == [("tagged", "damaged"), ("tag_removed", "damaged")]


def test_a_renamed_tag_is_still_one_word_once(world: World) -> None:
    one, two = make(world, "one", "two")
    with tenant_tx(world.acme.pk):
        tagging.rename(one, name="ONE", colour="red")
        assert (one.name, one.colour) == ("ONE", "red")
        with pytest.raises(Refused, match="Merge the two"):
            tagging.rename(two, name="one")


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_an_agent_makes_a_tag_by_putting_it_on(
    world: World, browser: Browser, talk: Conversation, htmx: bool
) -> None:
    address = f"/t/acme/c/{talk.number}/tags/"
    response = browser.post(address, {"name": "Damaged"}, htmx=htmx)
    assert response.status_code == (200 if htmx else 303)
    assert tags_of(talk) == ["Damaged"]
    page = browser.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert 'title="Tag: Damaged"' in page
    assert "Alice Archer put the tag “Damaged” on it" in page
    with tenant_tx(world.acme.pk):
        tag = Tag.objects.get()
    browser.post(address, {"take": tag.pk}, htmx=htmx)
    assert tags_of(talk) == []


def test_tagging_from_the_list_asks_the_list_to_look_again(browser: Browser, talk: Conversation) -> None:
    response = browser.post(f"/t/acme/c/{talk.number}/tags/?from=list", {"name": "Damaged"}, htmx=True)
    assert response.status_code == 204
    assert {"queue:refresh", "sheet:done"} <= set(response["HX-Trigger"].replace('"', " ").split())
    assert 'title="Tag: Damaged"' in browser.get("/t/acme/queue/all/rows/", htmx=True).content.decode()


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_refusal_stands_in_the_picker(browser: Browser, talk: Conversation, htmx: bool) -> None:
    response = browser.post(f"/t/acme/c/{talk.number}/tags/", {"name": "x" * 50}, htmx=htmx)
    assert response.status_code == 409
    assert "40 characters at most" in response.content.decode()
    assert response.get("HX-Retarget") == ("#sheet" if htmx else None)
    assert tags_of(talk) == []


@pytest.mark.parametrize("body", [{"put": "x"}, {"put": "0"}, {"take": "9" * 30}])
def test_a_made_up_tag_is_refused(browser: Browser, talk: Conversation, body: dict[str, str]) -> None:
    assert browser.post(f"/t/acme/c/{talk.number}/tags/", body).status_code == 422


def test_a_row_shows_two_tags_and_how_many_more(world: World, browser: Browser, talk: Conversation) -> None:
    with tenant_tx(world.acme.pk):
        for name in ("a one", "b two", "c three", "d four"):
            tagging.put(talk, tagging.named(name), by=world.alice, now=NOW)
    page = browser.get("/t/acme/queue/all/rows/", htmx=True).content.decode()
    row = page[page.index(f'data-row="{talk.number}"') :]
    row = row[: row.index("</a>")]
    assert row.count('class="tag"') == 2
    assert 'title="c three, d four">+2' in row


def test_a_tag_narrows_every_list_and_the_way_back_remembers_it(
    world: World, browser: Browser, talk: Conversation
) -> None:
    plain = conversation_of(world.walmart, relay="f" * 32, order="200000000000001")
    (tag,) = make(world, "damaged")
    with tenant_tx(world.acme.pk):
        tagging.put(talk, tag, by=world.alice, now=NOW)
    assert browser.get(f"/t/acme/?tag={tag.pk}")["Location"] == f"/t/acme/queue/all/?tag={tag.pk}"
    page = browser.get(f"/t/acme/queue/all/?tag={tag.pk}").content.decode()
    assert f'data-row="{talk.number}"' in page
    assert f'data-row="{plain.number}"' not in page
    assert f"/t/acme/c/{talk.number}/?tag={tag.pk}" in page
    back = browser.get(f"/t/acme/c/{talk.number}/?tag={tag.pk}", htmx=True).content.decode()
    assert f'href="/t/acme/queue/all/?tag={tag.pk}"' in back
    empty = browser.get(f"/t/acme/queue/closed/?tag={tag.pk}").content.decode()
    assert "No conversation in Closed has this tag." in empty


@pytest.mark.parametrize("tag", ["0", "-1", "x", "9" * 40, "²", "99999999"])
def test_a_made_up_tag_in_an_address_is_no_fault(browser: Browser, talk: Conversation, tag: str) -> None:
    assert browser.get("/t/acme/queue/all/", {"tag": tag}).status_code == 200


def test_agents_see_the_tags_and_leads_keep_them(world: World, browser: Browser, talk: Conversation) -> None:
    one, two = make(world, "one", "two")
    with tenant_tx(world.acme.pk):
        tagging.put(talk, one, by=world.alice, now=NOW)
    page = browser.get("/t/acme/tags/").content.decode()
    assert "1 conversation<" in page
    assert "Merge into" not in page
    for act in ("", "merging/", "removal/"):
        assert browser.post(f"/t/acme/tags/{one.pk}/{act}").status_code == 403
    lead = browser_of(world.leo)
    assert "Merge into" in lead.get("/t/acme/tags/").content.decode()
    assert lead.post(f"/t/acme/tags/{one.pk}/", {"name": "two"}).status_code == 409
    assert lead.post(f"/t/acme/tags/{one.pk}/", {"name": "uno", "colour": "plaid"}).status_code == 422
    assert lead.post(f"/t/acme/tags/{one.pk}/", {"name": "uno", "colour": "pink"}).status_code == 303
    assert lead.post(f"/t/acme/tags/{one.pk}/merging/", {"into": two.pk}).status_code == 303
    assert tags_of(talk) == ["two"]
    assert lead.post(f"/t/acme/tags/{two.pk}/removal/").status_code == 303
    assert tags_of(talk) == []


def test_a_lead_cannot_touch_a_neighbours_tag(world: World) -> None:
    with tenant_tx(world.globex.pk):
        foreign = tagging.named("theirs")
    (ours,) = make(world, "ours")
    lead = browser_of(world.leo)
    for act, body in (("", {"name": "x"}), ("merging/", {"into": ours.pk}), ("removal/", {})):
        assert lead.post(f"/t/acme/tags/{foreign.pk}/{act}", body).status_code == 404
    assert lead.post(f"/t/acme/tags/{ours.pk}/merging/", {"into": foreign.pk}).status_code == 404
    with tenant_tx(world.globex.pk):
        assert Tag.objects.get().name == "theirs"


def test_counts_stop_at_a_hundred(world: World, fill: Callable[[int, dict[str, int]], None]) -> None:
    make(world, "often", "never")
    fill(150, {"often": 1})
    with tenant_tx(world.acme.pk):
        assert [(tag.name, tag.count) for tag in tagging.counted()] == [  # type: ignore[attr-defined]
            ("never", 0),
            ("often", 100),
        ]


@pytest.fixture
def fill(world: World, superuser: object) -> Callable[[int, dict[str, int]], None]:
    """Makes so many open conversations of acme and puts each tag on every so-manieth of them."""

    def fill(count: int, every: dict[str, int]) -> None:
        superuser.execute(  # type: ignore[attr-defined]
            "INSERT INTO inbox_conversation (tenant_id, number, account_id, kind, state, subject, buyer_name,"
            " preview, relay_address, relay_alias, case_ref, possibly_same_as, last_message_at,"
            " last_message_is_buyers, needs_settling, due_at, queue_at, created_at, expires_at)"
            " SELECT %(tenant)s, n, %(account)s, 'buyer', 'open', '', 'Buyer', '', '', '', '', '', now(),"
            " true, false, now() + n * interval '1 second', now() + n * interval '1 second', now(), now()"
            " FROM generate_series(1, %(count)s) n",
            {"tenant": world.acme.pk, "account": world.walmart.pk, "count": count},
        )
        # Or the keys of the tags below would be looked up as in a table that is empty still.
        superuser.execute("ANALYZE inbox_conversation")  # type: ignore[attr-defined]
        for name, step in every.items():
            superuser.execute(  # type: ignore[attr-defined]
                "INSERT INTO inbox_conversationtag (tenant_id, conversation_id, tag_id, put_at)"
                " SELECT c.tenant_id, c.id, t.id, now() FROM inbox_conversation c JOIN inbox_tag t"
                " ON t.tenant_id = c.tenant_id AND t.key = %(key)s"
                " WHERE c.tenant_id = %(tenant)s AND number %% %(step)s = 0",
                {"key": name, "tenant": world.acme.pk, "step": step},
            )
        superuser.execute("ANALYZE inbox_conversationtag, inbox_tag")  # type: ignore[attr-defined]

    return fill


@pytest.mark.parametrize("name", ["half", "rare"])
def test_the_list_of_a_tag_reads_pages_by_indexes(
    world: World, fill: Callable[[int, dict[str, int]], None], name: str
) -> None:
    tags = {tag.name: tag for tag in make(world, "half", "rare")}
    # So many that reading them all is clearly the longer way, whatever the planner takes a page to cost.
    fill(30_000, {"half": 2, "rare": 7_500})
    with tenant_tx(world.acme.pk):
        with CaptureQueriesContext(connection) as captured:
            page = queue_page("all", membership=world.alice, now=NOW, tag_id=tags[name].pk)
        *_, statement = captured.captured_queries
        assert len(captured) == 2
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
    assert len(page.rows) == (50 if name == "half" else 4)
    assert all(name in [tag.name for tag in row.tags] for row in page.rows)
    assert "Seq Scan on inbox_conversation" not in plan, plan
    # Pages of the index and of the rows shown; all 30 000 rows would be many times as many.
    (first, *_) = re.findall(r"shared hit=(\d+)", plan)
    assert int(first) < 3_000, plan


def test_pages_of_a_tag_follow_each_other(world: World, fill: Callable[[int, dict[str, int]], None]) -> None:
    (tag,) = make(world, "half")
    fill(30, {"half": 2})
    seen: list[int] = []
    after = ""
    with tenant_tx(world.acme.pk):
        while True:
            page = queue_page("all", membership=world.alice, now=NOW, after=after, limit=4, tag_id=tag.pk)
            seen += [row.number for row in page.rows]
            after = page.next_cursor
            if not after:
                break
    assert seen == list(range(2, 31, 2))


def test_what_is_due_first_stands_first_under_a_tag(world: World) -> None:
    later = conversation_of(world.walmart, relay="a" * 32, order="200000000000001")
    sooner = conversation_of(
        world.walmart, relay="b" * 32, order="200000000000002", sent_at=NOW - timedelta(hours=40)
    )
    (tag,) = make(world, "damaged")
    with tenant_tx(world.acme.pk):
        for talk in (later, sooner):
            tagging.put(talk, tag, by=world.alice, now=NOW)
        page = queue_page("all", membership=world.alice, now=NOW, tag_id=tag.pk)
    assert [row.number for row in page.rows] == [sooner.number, later.number]
