"""Run the live checks of a connection and keep what they find, a row for each.

The key's checks run one after the other in one task, the mailbox's in another; a test mail on its way is
looked for again every few seconds by its own row. Everything may be asked for again at any time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from accounts.announcing import announce
from accounts.tenancy import tenant_tx
from marketplaces.checks import api, mail
from marketplaces.checks.findings import Finding
from marketplaces.models import CheckName, CheckState, ConnectionCheck, SellerAccount

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=90)
LOOK_AGAIN = timedelta(seconds=1)
# Which row rings for which checks.
LEADERS = {CheckName.TOKEN: api.NAMES, CheckName.MAILBOX: mail.NAMES}
# What must be well before an account is read and sends.
COMPULSORY = (CheckName.TOKEN, CheckName.MAILBOX)


def ask(account: SellerAccount, leaders: Iterable[CheckName], *, now: datetime) -> None:
    """Have these groups of checks run (again), inside the caller's transaction."""
    for leader in leaders:
        for name in LEADERS[leader]:
            ConnectionCheck.objects.update_or_create(
                tenant_id=account.tenant_id,
                account=account,
                name=name,
                defaults={
                    "state": CheckState.RUNNING,
                    "words": "",
                    "fix": "",
                    "milliseconds": None,
                    "probe": "",
                    "probe_sent_at": None,
                    "probe_before": {},
                    "asked_at": now,
                    "finished_at": None,
                    "next_at": now if name == leader else None,
                },
            )


def leader_of(name: CheckName) -> CheckName:
    """The check that has to run again for this one to be looked at."""
    return next(leader for leader, names in LEADERS.items() if name in names)


def run(check_id: int, *, tenant_id: int, now: datetime) -> None:
    """Run what a due row rings for; outside of any transaction. Safe to call twice."""
    with tenant_tx(tenant_id):
        if not ConnectionCheck.objects.filter(pk=check_id, next_at__lte=now).update(next_at=now + CLAIM):
            return
        check = ConnectionCheck.objects.select_related("account__tenant").get(pk=check_id)
    account = check.account
    if check.name == CheckName.TOKEN:
        for finding in api.look(account):
            _keep(check, finding)
    elif check.name == CheckName.MAILBOX:
        sendable = False
        for finding in mail.look(account):
            sendable = finding.name == CheckName.SENDER and finding.state == CheckState.PASSED
            _keep(check, finding)
        for name in mail.PROBES if sendable else ():
            _send(check, name)
    else:
        _look_for(check, now=now)
    with tenant_tx(tenant_id):
        same = ConnectionCheck.objects.filter(pk=check_id, asked_at=check.asked_at)
        same.filter(next_at=now + CLAIM).update(next_at=None)
        announce(tenant_id, "account", account=account.pk)
    log.info("connection checked", account=account.pk, check=check.name)


def _send(check: ConnectionCheck, name: CheckName) -> None:
    now = timezone.now()
    sent = mail.send(check.account, name, now=now)
    if isinstance(sent, Finding):
        _keep(check, sent)
        return
    with tenant_tx(check.tenant_id):
        row = ConnectionCheck.objects.filter(account=check.account, name=name, asked_at=check.asked_at)
        row.update(
            probe=sent.message_id, probe_sent_at=now, probe_before=sent.before, next_at=now + LOOK_AGAIN
        )


def _look_for(check: ConnectionCheck, *, now: datetime) -> None:
    finding = mail.found(check.account, check, now=timezone.now())
    if finding is not None:
        _keep(check, finding)
        return
    with tenant_tx(check.tenant_id):
        same = ConnectionCheck.objects.filter(pk=check.pk, asked_at=check.asked_at)
        same.update(next_at=now + LOOK_AGAIN)


def _keep(check: ConnectionCheck, finding: Finding) -> None:
    """Write a finding down, unless the check has been asked for again in the meantime."""
    now = timezone.now()
    with tenant_tx(check.tenant_id):
        row = ConnectionCheck.objects.filter(
            account=check.account, name=finding.name, asked_at=check.asked_at
        )
        row.update(
            state=finding.state,
            words=finding.words[:500],
            fix=finding.fix[:500],
            milliseconds=finding.milliseconds,
            finished_at=now,
        )
        announce(check.tenant_id, "account", account=check.account_id)
