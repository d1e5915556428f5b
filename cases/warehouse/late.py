"""The warehouse lets its moment pass: the agents have the turn again, and the leads are told."""

from datetime import datetime

import structlog

from accounts.tenancy import tenant_tx
from cases.models import CheckState, WarehouseCheck
from cases.talks import subject_of
from cases.warehouse import standing
from inbox import alarm_mail, events
from inbox.models import Conversation
from marketplaces import outbox

log = structlog.get_logger(__name__)

LATE = """
    SELECT tenant_id, id FROM cases_warehousecheck WHERE tenant_id = t.id AND state = 'open'
    AND escalated_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT %s
"""


def due() -> list[tuple[int, int]]:
    """(tenant, check) of what is late and nobody was told of, in all tenants."""
    return [(tenant_id, check_id) for tenant_id, check_id in outbox.in_every_tenant(LATE, outbox.BATCH)]


def escalate(
    check_id: int, *, tenant_id: int, now: datetime, send: alarm_mail.Send = alarm_mail.send
) -> bool:
    """Tell once that the warehouse is late; a closed conversation is opened again for it.

    False where there is nothing to tell: it was answered, withdrawn or told meanwhile, or is not late.
    """
    with tenant_tx(tenant_id):
        late = WarehouseCheck.objects.filter(
            pk=check_id, state=CheckState.OPEN, escalated_at__isnull=True, due_at__lte=now
        )
        check = late.select_related("order").first()
        if check is None:
            return False
        held = Conversation.objects.select_for_update(of=("self",), no_key=True)
        check.conversation = held.select_related("account__tenant").get(pk=check.conversation_id)
        # A conversation whose texts are gone has withdrawn its checks under the same lock.
        if not late.update(escalated_at=now):
            return False
        events.record(check.conversation, "check_late", at=now, check=check.pk)
        standing.tell(check)
        standing.hand_over(check.conversation, now=now)
        _tell(check, send, now=now)
    log.info("the warehouse is late", check=check_id, tenant=tenant_id)
    return True


def _tell(check: WarehouseCheck, send: alarm_mail.Send, *, now: datetime) -> None:
    """Mail whoever leads and sees the account; nothing in it is the buyer's, nor the question's words."""
    talk = check.conversation
    about = subject_of(talk, check.order)
    link = alarm_mail.link(talk.account.tenant, "conversation", number=talk.number)
    text = (
        f"The warehouse was asked about {about} of {talk.account.name} and has not answered in time."
        f" The buyer's clock runs on.\n\n{link}\n"
    )
    for member in alarm_mail.told(check.tenant_id, check.account_id):
        key = f"check:{check.pk}:late:{member.pk}"
        send(member.user.email, f"The warehouse is late: {about}", text, key, now)
