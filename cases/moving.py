"""What hangs on a conversation goes along when newer rules move its only mail to another one."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from cases import life
from cases.models import Case, CaseStage, CheckState, WarehouseCheck
from cases.warehouse import standing
from inbox.models import Conversation, Deadline
from inbox.signals import conversation_emptied


@receiver(conversation_emptied)
def follow_the_mail(
    sender: type[Conversation], *, emptied: Conversation, target: Conversation, **kwargs: Any
) -> None:
    """Hang cases with their clocks, and checks, on the conversation that has the mail now."""
    if target.order_id is not None:
        # By its order the marketplace's data find a case: without it they would open another.
        for model in (Case, WarehouseCheck):
            model.objects.filter(conversation=emptied, order__isnull=True).update(order=target.order_id)
    asked = WarehouseCheck.objects.filter(conversation=emptied, state=CheckState.OPEN)
    late = [check.escalated_at is not None for check in asked]
    WarehouseCheck.objects.filter(conversation=emptied).update(conversation=target)
    if late:
        now = timezone.now()
        standing.come_back(emptied, by=None, now=now)
        for name in (standing.ASKED, standing.LATE) if any(late) else (standing.ASKED,):
            standing.mark(target, name, by=None, now=now)
    clocks = CaseStage.objects.filter(case__conversation=emptied, deadline__isnull=False)
    Deadline.objects.filter(pk__in=list(clocks.values_list("deadline", flat=True))).update(
        conversation=target
    )
    if Case.objects.filter(conversation=emptied).update(conversation=target):
        life.tell(emptied)
        life.tell(target)
