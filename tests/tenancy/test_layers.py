"""Each layer of the isolation holds when the other one is gone."""

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django_scopes import ScopeError, scopes_disabled

from accounts.models import Tenant
from accounts.tenancy import TenantModel, TenantSwitch, tenant_tx
from inbox.models import Conversation, Message, Note
from marketplaces import credentials
from marketplaces.models import Credential, SellerAccount
from tests.world import World, arrive, conversation_of, walmart_mail

TENANT_MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]


@pytest.mark.parametrize("model", TENANT_MODELS)
def test_without_a_tenant_python_refuses(model: type[TenantModel]) -> None:
    for manager in (model.objects, model._default_manager):
        with pytest.raises(ScopeError):
            list(manager.all())


def test_without_a_tenant_the_database_refuses_on_a_fresh_and_on_a_used_connection(world: World) -> None:
    conversation_of(world.walmart)  # the policy of an empty table need not be asked
    connection.close()
    with scopes_disabled(), pytest.raises(DatabaseError, match=r"app\.tenant_id"):
        list(Conversation.objects.all())
    with tenant_tx(world.acme.pk):
        list(Conversation.objects.all())
    with scopes_disabled(), pytest.raises(DatabaseError, match="bigint"):
        list(Conversation.objects.all())


def test_the_database_alone_shows_one_tenant(world: World) -> None:
    conversation_of(world.walmart)
    arrive(world.foreign, b"From: x@y.example\r\nSubject: theirs\r\n\r\ntheirs\r\n")
    with tenant_tx(world.globex.pk), scopes_disabled():
        assert {row.tenant_id for row in Conversation.objects.all()} == {world.globex.pk}
        assert {row.tenant_id for row in SellerAccount.objects.all()} == {world.globex.pk}


def test_python_alone_shows_one_tenant(world: World) -> None:
    with tenant_tx(world.acme.pk):
        statement = str(Conversation.objects.all().query)
    assert f'"tenant_id" = {world.acme.pk}' in statement


def test_writing_another_tenants_row_is_refused(world: World) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), tenant_tx(world.globex.pk):
        conversation = Conversation(account=world.foreign, number=1, kind="buyer", tenant=world.acme)
        conversation.last_message_at = conversation.expires_at = world.foreign.clocks_from
        conversation.save()


def test_pointing_at_another_tenants_row_is_refused(world: World) -> None:
    theirs = conversation_of(world.walmart)
    with pytest.raises(IntegrityError, match="tenant_fk"), tenant_tx(world.globex.pk):
        Note.objects.create(
            tenant=world.globex,
            conversation_id=theirs.pk,
            author=world.gus,
            body="x",
            expires_at=theirs.expires_at,
        )


def test_updating_and_deleting_across_tenants_touches_nothing(world: World) -> None:
    theirs = conversation_of(world.walmart)
    with tenant_tx(world.globex.pk), scopes_disabled():
        assert Conversation.objects.filter(pk=theirs.pk).update(subject="stolen") == 0
        assert Message.objects.filter(conversation=theirs.pk)._raw_delete("default") == 0


def test_moving_a_row_to_another_tenant_is_refused(world: World) -> None:
    ours = conversation_of(world.walmart)
    with pytest.raises(DatabaseError), tenant_tx(world.acme.pk), scopes_disabled():
        Conversation.objects.filter(pk=ours.pk).update(tenant=world.globex)


def test_a_switch_inside_a_tenants_transaction_is_refused(world: World) -> None:
    with pytest.raises(TenantSwitch), tenant_tx(world.acme.pk), tenant_tx(world.globex.pk):
        pass


def test_a_loop_over_tenants_inside_one_transaction_is_refused(world: World) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        for tenant in Tenant.objects.all():
            with tenant_tx(tenant.pk):
                pass


def test_nothing_of_a_tenant_is_left_on_the_connection(world: World) -> None:
    with tenant_tx(world.acme.pk):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant_id', true)")
        assert cursor.fetchone() == ("",)


def test_a_credential_opens_only_for_its_own_tenant_account_and_field(world: World) -> None:
    with tenant_tx(world.acme.pk):
        assert credentials.secret_of(world.walmart, "imap_password") == "mailbox secret"
        sealed = Credential.objects.get(account=world.walmart, field="imap_password").sealed
        assert b"mailbox secret" not in bytes(sealed)
        # The same bytes under another account, and under another field of the same account.
        Credential.objects.filter(account=world.amazon).update(sealed=sealed)
        Credential.objects.filter(account=world.walmart, field="smtp_password").update(sealed=sealed)
        for account, field in ((world.amazon, "imap_password"), (world.walmart, "smtp_password")):
            with pytest.raises(credentials.CredentialFault, match="does not open"):
                credentials.secret_of(account, field)


def test_two_tenants_with_the_same_buyer_order_and_message_id_share_nothing(world: World) -> None:
    order, message_id = "200011874402913", "<same@relay.walmart.com>"
    ours, theirs = (
        arrive(account, walmart_mail(account, order=order, message_id=message_id))
        for account in (world.walmart, world.foreign)
    )
    assert ours is not None
    assert theirs is not None
    assert ours.conversation.tenant_id != theirs.conversation.tenant_id
    assert ours.conversation.number == theirs.conversation.number == 1
