"""The day of a follow-up has come: its conversation must be seen again, and whoever chose the day is told."""

from datetime import datetime

import structlog

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from cases import life
from cases.models import Case, CaseStage, Stage
from cases.talks import subject_of
from cases.types import type_of
from inbox import alarm_mail, events
from inbox.models import Conversation
from marketplaces import outbox, seeing

log = structlog.get_logger(__name__)

DUE = """
    SELECT tenant_id, id FROM cases_case WHERE tenant_id = t.id AND remind_at <= now()
    ORDER BY remind_at LIMIT %s
"""


def due() -> list[tuple[int, int]]:
    """(tenant, case) of what nobody was told of yet, in all tenants."""
    return [(tenant_id, case_id) for tenant_id, case_id in outbox.in_every_tenant(DUE, outbox.BATCH)]


def remind(case_id: int, *, tenant_id: int, now: datetime, send: alarm_mail.Send = alarm_mail.send) -> bool:
    """Tell once that a case is to be followed up; False where it is not, or somebody was told meanwhile."""
    with tenant_tx(tenant_id):
        rows = Case.objects.filter(pk=case_id, remind_at__lte=now)
        found = rows.values_list("conversation_id", flat=True).first()
        if found is None:
            return False
        held = Conversation.objects.select_for_update(of=("self",), no_key=True)
        conversation = held.select_related("account__tenant").get(pk=found)
        case = rows.select_related("order").first()
        if case is None:
            return False
        rows.update(remind_at=None)
        if case.stage != Stage.FOLLOW_UP or case.closed_at is not None:
            return False
        events.record(conversation, "case_follow_up", at=now, case=case.pk, what=type_of(case.type).title)
        life.call(conversation)
        life.tell(conversation)
        _tell(case, conversation, send, now=now)
    log.info("a case is to be followed up", case=case_id, tenant=tenant_id)
    return True


def _tell(case: Case, conversation: Conversation, send: alarm_mail.Send, *, now: datetime) -> None:
    """Mail whoever chose the day, or the leads where they cannot see to it; nothing in it is the buyer's."""
    account, title = conversation.account, type_of(case.type).title
    about = subject_of(conversation, case.order)
    link = alarm_mail.link(account.tenant, "conversation", number=conversation.number)
    text = f"The case “{title}” about {about} of {account.name} is to be followed up now.\n\n{link}\n"
    for member in _chose(case) or alarm_mail.told(case.tenant_id, account.pk):
        key = f"case:{case.pk}:follow-up:{case.follow_up_at:%Y%m%d%H%M}:{member.pk}"
        send(member.user.email, f"To follow up: {title}, {about}", text, key, now)


def _chose(case: Case) -> list[Membership]:
    stays = CaseStage.objects.filter(case=case, stage=Stage.FOLLOW_UP, left_at__isnull=True)
    able = Membership.objects.filter(
        seeing.who_see(case.account_id), pk__in=stays.values("by"), is_active=True, user__is_active=True
    )
    return list(able.select_related("user"))
