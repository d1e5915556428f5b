"""What people wrote about a case goes with its conversation; the case stays."""

from datetime import timedelta

import psycopg
from django.utils import timezone

from accounts.tenancy import tenant_tx
from cases import acts
from cases.acts import Wanted
from cases.models import Case, CaseOutcome, CaseStage, Decider, Stage
from cases.opening import Decision
from inbox import purging
from inbox.models import Conversation
from tests.cases.rows import fresh, only_case, stages_of
from tests.retention.test_purging import CANARY, tables_with
from tests.world import World, conversation_of

Superuser = psycopg.Connection[tuple[object, ...]]


def test_notes_and_lessons_of_cases_go_and_what_came_of_them_stays(
    world: World, superuser: Superuser
) -> None:
    talk, now = conversation_of(world.walmart), timezone.now()
    with tenant_tx(world.acme.pk):
        made = acts.open_by_hand(fresh(talk), Wanted("return_dispute"), by=world.alice, now=now)
        case = Case.objects.select_related("conversation__account", "order", "deadline").get(pk=made.pk)
        acts.done_there(case, by=world.alice, note=f"Filed for {CANARY}.", now=now)
        assert CaseStage.objects.get(left_at__isnull=True).why == f"Filed for {CANARY}."
        won = Decision(CaseOutcome.WON, Decider.MARKETPLACE)
        acts.record_decision(case, won, by=world.alice, now=now)
        acts.write_lesson(case, f"Ask {CANARY} for photos.", by=world.alice, now=now)
    assert tables_with(superuser, CANARY) == {"cases_case", "cases_casestage"}
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(expires_at=now - timedelta(hours=1))
    purging.purge(world.globex.pk, now=now)
    assert only_case(world.walmart).lesson
    purging.purge(world.acme.pk, now=now)
    assert tables_with(superuser, CANARY) == set()
    kept = only_case(world.walmart)
    assert (kept.outcome, kept.stage) == (CaseOutcome.WON, Stage.LESSON)
    assert stages_of(kept) == ["seller", "review", "decided", "lesson"]
