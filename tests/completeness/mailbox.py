"""Old mail in a mailbox, and what we have of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import format_datetime

from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import intake
from marketplaces import backfilling, backfills, polling
from marketplaces.models import MAIL, Backfill, InboundRaw, SellerAccount
from tests.simulator_client import Control
from tests.world import walmart_mail


def relay_of(number: int) -> str:
    """The alias of the n-th buyer."""
    return f"{number:032x}"


def old_mail(account: SellerAccount, number: int, at: datetime, **more: str) -> bytes:
    """A buyer's mail of that moment, about an order of its own."""
    given = {"order": f"2000{number:011d}", "relay": relay_of(number), "text": f"Question {number}"}
    return walmart_mail(account, sent_at=at, **{**given, **more})


def answer_to(account: SellerAccount, number: int, at: datetime) -> bytes:
    """The seller's answer to that buyer, as it lies in Sent."""
    lines = (
        f"From: {account.sender_address}",
        f"To: {relay_of(number)}@relay.walmart.com",
        "Subject: Re: Question about your order",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <answer-{number}@acme.example>",
        "",
        f"Answer {number}",
        "",
    )
    return "\r\n".join(lines).encode()


def fill(control: Control, account: SellerAccount, ages: Iterable[timedelta]) -> list[int]:
    """A buyer's mail of each age; the UIDs."""
    now = timezone.now()
    return [
        control.mail(account.sender_address, old_mail(account, number, now - age), at=(now - age).isoformat())
        for number, age in enumerate(ages)
    ]


def ask(account: SellerAccount, *, days: float) -> Backfill:
    """History of so many days is asked for; the mailbox's."""
    now = timezone.now()
    with tenant_tx(account.tenant_id):
        backfills.begin(account, since=now - timedelta(days=days), by=None, now=now)
        return Backfill.objects.get(account=account, stream=MAIL, state__in=("waiting", "running"))


def fetch(backfill: Backfill) -> Backfill:
    """Its parts are read until it ends or waits; the row afterwards."""
    tenant_id = backfill.tenant_id

    def arrived(raw_ids: list[int]) -> None:
        intake.read_many(raw_ids, tenant_id=tenant_id)

    while True:
        backfilling.read_mail(backfill.pk, tenant_id=tenant_id, now=timezone.now(), arrived=arrived)
        with tenant_tx(tenant_id):
            backfill = Backfill.objects.select_related("account__tenant").get(pk=backfill.pk)
        if backfill.next_at is None or backfill.next_at > timezone.now():
            return backfill


def poll(account: SellerAccount) -> int:
    """The mailbox is polled, now."""
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(next_poll_at=timezone.now())
    return polling.poll(
        account.pk,
        tenant_id=account.tenant_id,
        now=timezone.now(),
        arrived=lambda raw_ids: intake.read_many(raw_ids, tenant_id=account.tenant_id),
    )


def uids_here(account: SellerAccount, folder: str = "inbox") -> list[int]:
    """The UIDs in our archive, each as often as it is there."""
    with tenant_tx(account.tenant_id):
        keys = InboundRaw.objects.filter(account=account, folder=folder).values_list("source_key", flat=True)
        return sorted(int(key.rpartition(":")[2]) for key in keys)
