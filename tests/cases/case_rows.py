"""Cases put there without the mail or the record that would open them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.tenancy import tenant_tx
from cases.models import Case, CaseSource, CaseStage, Stage
from inbox.models import Conversation


def case_on(talk: Conversation, **facts: Any) -> Case:
    """An A-to-z claim on a conversation, waiting for the seller since yesterday, unless told otherwise."""
    since = timezone.now() - timedelta(days=1)
    with tenant_tx(talk.tenant_id):
        talk = Conversation.objects.select_related("account", "order__account").get(pk=talk.pk)
        case: Case = Case.objects.create(
            conversation=talk,
            account=talk.account,
            **{
                "order": talk.order,
                "type": "atoz_claim",
                "stage": Stage.SELLER,
                "stage_since": since,
                "source": CaseSource.HAND,
                "source_key": f"hand:{uuid4()}",
                "opened_at": since,
                **facts,
            },
        )
        CaseStage.objects.create(case=case, stage=case.stage, entered_at=since, source=case.source)
    return case
