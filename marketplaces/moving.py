"""What an account's move to another mailbox means: nothing that is known of the former holds for it."""

from datetime import datetime

from django.db.models import F

from marketplaces import backfills
from marketplaces.models import MailFolder, SellerAccount


def move(account: SellerAccount, *, host: str, user: str, now: datetime) -> bool:
    """Begin anew if this is another mailbox, inside the caller's transaction; the caller stores where it is.

    Whether it is one. What came from the former stays; what lies in both is recognised when it is read.
    """
    row = SellerAccount.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
    if row is None or not row.imap_host:
        return False
    if (row.imap_host.lower(), row.imap_user.lower()) == (host.lower(), user.lower()):
        return False
    SellerAccount.objects.filter(pk=row.pk).update(mailbox_generation=F("mailbox_generation") + 1)
    account.refresh_from_db(fields=["mailbox_generation"])
    MailFolder.objects.filter(account=row).delete()
    backfills.begin_mail_again(row, why="The account has another mailbox.", now=now)
    return True
