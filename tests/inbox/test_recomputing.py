"""A changed policy moves running clocks many at a time, and every row stands where it would by itself."""

from datetime import timedelta

from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import standing
from inbox.models import Conversation, SlaPolicy
from inbox.recomputing import recompute
from tests.web.rows import reply_in
from tests.world import World, arrive, conversation_of, walmart_mail


def test_a_changed_policy_leaves_every_row_where_it_would_stand_by_itself(world: World) -> None:
    plain, twice, failed = (
        conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}")
        for number in range(3)
    )
    arrive(world.walmart, walmart_mail(world.walmart, relay=f"{1:032x}", order=f"2000{1:011d}"))
    reply_in(failed, world.leo, "failed")
    with tenant_tx(world.acme.pk):
        standing.refresh(failed)
        before = dict(Conversation.objects.values_list("pk", "due_at"))
        SlaPolicy.objects.filter(marketplace="walmart").update(allowance_minutes=24 * 60)
    assert recompute(world.acme.pk, now=timezone.now()) == 4
    with tenant_tx(world.acme.pk):
        rows = {row.pk: row for row in Conversation.objects.all()}
        for pk, due_at in before.items():
            assert due_at is not None
            assert rows[pk].due_at == due_at - timedelta(hours=24)
        assert rows[plain.pk].queue_at == rows[plain.pk].due_at
        assert rows[twice.pk].queue_at == rows[twice.pk].due_at
        assert rows[failed.pk].queue_at == standing.ON_TOP
        assert not any(standing.refresh(row) for row in rows.values())
