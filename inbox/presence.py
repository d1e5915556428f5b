"""Who is at a conversation: said by browsers every few seconds, passed on, and stored nowhere."""

from accounts.announcing import announce
from accounts.models import Membership

# What a tab may say of its person; "gone" is its last word.
DOINGS = ("viewing", "replying", "noting", "away", "gone")


def tell(number: int, *, account_id: int, by: Membership, doing: str, tab: str) -> None:
    """Let the others who see its account know what this member does at a conversation."""
    announce(
        by.tenant_id,
        "presence",
        number=number,
        account=account_id,
        member=by.pk,
        name=by.user.name,
        initials=by.initials,
        doing=doing,
        tab=tab,
    )
