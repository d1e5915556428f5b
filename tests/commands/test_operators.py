"""The commands an operator sets a real installation up with."""

from io import StringIO

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, Membership, Role, Tenant
from accounts.tenancy import tenant_tx
from inbox.models import SlaPolicy
from marketplaces import credentials
from marketplaces.models import ApiStream, Credential, Health, SellerAccount
from tests.world import World

ACCOUNT = (
    *("add_account", "--tenant", "acme", "--name", "CedarKids", "--market", "walmart-us"),
    *("--sender", "help@cedarkids.example", "--imap-host", "127.0.0.1", "--smtp-host", "127.0.0.1"),
)


def create_tenant(slug: str = "northfold") -> str:
    out = StringIO()
    call_command(
        *("create_tenant", slug, "--name", "Northfold Goods", "--time-zone", "Europe/Berlin"),
        *("--admin-email", "Sam@Northfold.example", "--admin-name", "Sam Keller"),
        stdout=out,
    )
    return out.getvalue()


def test_the_first_tenant_has_an_admin_and_its_policies(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "a long enough phrase")
    assert "/t/northfold/" in create_tenant()
    tenant = Tenant.objects.get()
    assert Membership.objects.get().role == Role.ADMIN
    with tenant_tx(tenant.pk):
        assert set(SlaPolicy.objects.values_list("marketplace", "allowance_minutes")) == {
            ("walmart", 48 * 60),
            ("amazon", 24 * 60),
        }
    user = authenticate(email="sam@northfold.example", password="a long enough phrase")
    assert user is not None
    assert user.password.startswith("argon2")


@pytest.mark.parametrize("password", ["short", "sam@northfold.example"])
def test_a_weak_password_leaves_nothing_behind(
    db: None, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    with pytest.raises(CommandError, match="password"):
        create_tenant()
    assert not Tenant.objects.exists()


def test_a_slug_is_taken_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "a long enough phrase")
    with pytest.raises(CommandError, match="already is an organization acme"):
        create_tenant("acme")


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "canary-in")
    monkeypatch.setenv("SMTP_PASSWORD", "canary-out")


def test_an_account_is_connected_with_sealed_passwords(
    world: World, passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOW_PRIVATE_HOSTS", True)
    out = StringIO()
    call_command(*ACCOUNT, stdout=out)
    assert "canary" not in out.getvalue()
    with tenant_tx(world.acme.pk):
        account = SellerAccount.objects.get(name="CedarKids")
        assert account.next_poll_at is not None
        assert credentials.secret_of(account, "smtp_password") == "canary-out"
        assert all(b"canary" not in bytes(row.sealed) for row in Credential.objects.all())


def test_a_private_host_needs_the_operators_setting(world: World, passwords: None) -> None:
    with pytest.raises(CommandError, match="private network"):
        call_command(*ACCOUNT)


def test_a_password_with_a_space_around_it_is_refused(
    world: World, passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOW_PRIVATE_HOSTS", True)
    monkeypatch.setenv("IMAP_PASSWORD", "copied ")
    with pytest.raises(CommandError, match="begins or ends with a space"):
        call_command(*ACCOUNT)
    with tenant_tx(world.acme.pk):
        assert not SellerAccount.objects.filter(name="CedarKids").exists()


def test_connecting_again_mends_a_refused_account(
    world: World, passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOW_PRIVATE_HOSTS", True)
    call_command(*ACCOUNT, stdout=StringIO())
    with tenant_tx(world.acme.pk):
        SellerAccount.objects.filter(name="CedarKids").update(health=Health.AUTH_FAILED, next_poll_at=None)
    call_command(*ACCOUNT, stdout=StringIO())
    with tenant_tx(world.acme.pk):
        account = SellerAccount.objects.get(name="CedarKids")
        assert account.health == Health.OK
        assert account.next_poll_at is not None


def test_the_key_to_the_api_is_given_with_the_account(
    world: World, passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOW_PRIVATE_HOSTS", True)
    call_command(*ACCOUNT, stdout=StringIO())
    with tenant_tx(world.acme.pk):
        account = SellerAccount.objects.get(name="CedarKids")
        assert not ApiStream.objects.exists()
    monkeypatch.setenv("API_CLIENT_ID", "an id")
    monkeypatch.setenv("API_CLIENT_SECRET", "a secret")
    call_command(*ACCOUNT, "--api", stdout=StringIO())
    with tenant_tx(world.acme.pk):
        assert credentials.secret_of(account, "api_client_secret") == "a secret"
        assert sorted(ApiStream.objects.values_list("name", flat=True)) == [
            "orders",
            "performance",
            "returns",
        ]


def test_a_missing_part_of_the_key_is_named_and_nothing_is_stored(
    world: World, passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOW_PRIVATE_HOSTS", True)
    monkeypatch.setenv("API_CLIENT_ID", "an id")
    monkeypatch.setenv("API_CLIENT_SECRET", "")
    with pytest.raises(CommandError, match="No api client secret"):
        call_command(*ACCOUNT, "--api", stdout=StringIO())
    with tenant_tx(world.acme.pk):
        assert not SellerAccount.objects.filter(name="CedarKids").exists()


def test_whoever_an_operator_adds_is_in_the_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBER_PASSWORD", "a long enough phrase")
    Membership.objects.filter(pk=world.alice.pk).update(restricted=True)
    add = ("add_member", "--tenant", "acme", "--name", "x", "--email", world.alice.user.email)
    call_command(*add, "--role", "admin", stdout=StringIO())
    world.alice.refresh_from_db()
    # An admin sees every account.
    assert (world.alice.role, world.alice.restricted) == (Role.ADMIN, False)
    with tenant_tx(world.acme.pk):
        entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.action, entry.details) == (None, "member_added", {"role": "admin"})
