"""Read cases as a test wants to see them."""

from accounts.tenancy import tenant_tx
from cases.models import Case, CaseStage
from inbox.models import Conversation, Deadline
from marketplaces.models import SellerAccount


def cases_of(account: SellerAccount) -> list[Case]:
    """The account's cases in the order they were opened, with their clocks and conversations."""
    with tenant_tx(account.tenant_id):
        rows = Case.objects.filter(account=account).select_related(
            "deadline", "conversation__account", "order", "mail"
        )
        return list(rows.order_by("pk"))


def only_case(account: SellerAccount) -> Case:
    """The account's one case."""
    (case,) = cases_of(account)
    return case


def clocks_of(conversation: Conversation) -> list[tuple[str, bool, str]]:
    """Each deadline's kind, whether it runs, and its outcome."""
    with tenant_tx(conversation.tenant_id):
        rows = Deadline.objects.filter(conversation=conversation).order_by("pk")
        return [(row.kind, row.stopped_at is None, row.outcome) for row in rows]


def stages_of(case: Case) -> list[str]:
    """The stages it has been in, in their order."""
    with tenant_tx(case.tenant_id):
        return [row.stage for row in CaseStage.objects.filter(case=case).order_by("entered_at", "pk")]


def fresh(conversation: Conversation) -> Conversation:
    """The row as it is now."""
    with tenant_tx(conversation.tenant_id):
        found: Conversation = Conversation.objects.select_related("account", "order").get(pk=conversation.pk)
        return found
