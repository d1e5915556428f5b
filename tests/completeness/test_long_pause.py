"""An account that was not read for longer than a renumbered folder is read back."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import Message
from marketplaces.models import MailFolder, SellerAccount
from tests.completeness.mailbox import old_mail, poll
from tests.simulator_client import SimulatorProcess


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


@pytest.mark.parametrize("before", [[1], []], ids=["renumbered", "empty"])
def test_what_came_in_during_a_long_pause_is_not_lost(
    account: SellerAccount, provider: SimulatorProcess, before: list[int]
) -> None:
    def put(number: int, at: datetime) -> None:
        mail = old_mail(account, number, at)
        provider.control.mail(account.sender_address, mail, at=at.isoformat())

    with tenant_tx(account.tenant_id):
        SellerAccount.objects.update(clocks_from=days_ago(90))
    for number in before:
        put(number, days_ago(50))
    assert poll(account) == len(before)
    with tenant_tx(account.tenant_id):
        MailFolder.objects.update(last_ok_at=days_ago(45), audited_at=days_ago(45))
    put(2, days_ago(40))
    if before:
        provider.control.new_uidvalidity(account.sender_address)
    poll(account)
    with tenant_tx(account.tenant_id):
        found = sorted(Message.objects.values_list("text", flat=True))
    assert found == [f"Question {number}" for number in (*before, 2)]
