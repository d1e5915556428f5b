"""What was asked and found goes when its time has come, with its photo; who and when stays."""

from datetime import timedelta

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.tenancy import tenant_tx
from cases.models import CheckState, WarehouseCheck
from inbox import purging
from inbox.models import Conversation
from tests.cases.checks import answer, ask, fresh, photo
from tests.retention.test_purging import tables_with
from tests.web.conftest import Browser
from tests.web.rows import PNG
from tests.world import World

Superuser = psycopg.Connection[tuple[object, ...]]
CANARY = "Quickenbush"
HOUR = timedelta(hours=1)


@pytest.fixture
def full(world: World, talk: Conversation) -> WarehouseCheck:
    """An answered check; every text of it sings."""
    check = ask(talk, world.alice, f"Is {CANARY}'s lamp there?", prepared_reply=f"Dear {CANARY}: {{note}}")
    return answer(check, world.wendy, "other", note=f"{CANARY}'s name is on it", photo=photo())


def test_texts_and_photo_go_and_the_facts_stay(
    world: World, full: WarehouseCheck, superuser: Superuser, alice: Browser
) -> None:
    end = full.expires_at + timedelta(seconds=1)
    assert "warehouse checks" not in purging.purge(world.acme.pk, now=full.expires_at - HOUR)
    assert tables_with(superuser, CANARY) == {"cases_warehousecheck"}
    with tenant_tx(world.acme.pk):
        WarehouseCheck.objects.filter(pk=full.pk).update(expires_at=end - 2 * HOUR)
    assert purging.due(world.acme.pk, now=end - HOUR)["warehouse checks"] == 1
    assert purging.purge(world.acme.pk, now=end - HOUR)["warehouse checks"] == 1
    assert tables_with(superuser, CANARY) == set()
    assert default_storage.exists(full.photo_path)
    purging.purge(world.acme.pk, now=end)
    assert not default_storage.exists(full.photo_path)
    after = fresh(full)
    assert (after.state, after.answer, after.photo_path) == (CheckState.ANSWERED, "other", "")
    assert after.answered_by_id == world.wendy.pk
    assert purging.due(world.acme.pk, now=end)["warehouse checks"] == 0
    page = alice.get(f"/t/acme/c/{after.conversation.number}/checks/", htmx=True).content.decode()
    assert "The texts were deleted." in page
    assert alice.get(f"/t/acme/warehouse/{full.pk}/photo/").status_code == 404


def test_they_go_with_their_conversation_whatever_their_own_moment_is(
    world: World, full: WarehouseCheck, superuser: Superuser
) -> None:
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(expires_at=now - HOUR)
    purging.purge(world.acme.pk, now=now)
    assert fresh(full).purged_at == now
    assert tables_with(superuser, CANARY) == set()


def test_an_open_question_without_its_words_can_be_answered_no_more(world: World, talk: Conversation) -> None:
    check = ask(talk, world.alice)
    purging.purge(world.acme.pk, now=check.expires_at)
    assert fresh(check).state == CheckState.WITHDRAWN
    assert fresh(check).question == ""


def test_a_neighbours_checks_stay(world: World, full: WarehouseCheck) -> None:
    purging.purge(world.globex.pk, now=full.expires_at + HOUR)
    assert fresh(full).note


def test_the_same_picture_in_two_answers_is_two_files(world: World, talk: Conversation) -> None:
    one, two = (
        answer(ask(talk, world.alice, words), world.wendy, photo=photo(PNG)) for words in ("One?", "Two?")
    )
    assert one.photo_path != two.photo_path
