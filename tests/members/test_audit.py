"""The record of what was changed is written with the change, and nobody can rewrite it."""

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry
from accounts.tenancy import tenant_tx
from tests.world import World


def test_an_entry_says_who_did_what_and_stays(world: World) -> None:
    with tenant_tx(world.acme.pk):
        audit.record(
            tenant_id=world.acme.pk,
            by=world.ada,
            action="account_paused",
            subject="seller account 4",
            details={"reason": "holidays"},
            now=timezone.now(),
        )
    with tenant_tx(world.acme.pk):
        (entry,) = AuditEntry.objects.all()
        assert (entry.actor_id, entry.action, entry.details) == (
            world.ada.pk,
            "account_paused",
            {"reason": "holidays"},
        )
    for statement in ("UPDATE accounts_auditentry SET action = 'x'", "DELETE FROM accounts_auditentry"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            tenant_tx(world.acme.pk),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_what_is_rolled_back_was_never_done(world: World) -> None:
    with pytest.raises(ZeroDivisionError), tenant_tx(world.acme.pk):
        audit.record(tenant_id=world.acme.pk, by=None, action="x", subject="y", now=timezone.now())
        _ = 1 / 0
    with tenant_tx(world.acme.pk):
        assert not AuditEntry.objects.exists()
