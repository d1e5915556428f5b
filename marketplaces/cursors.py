"""How far a folder is read, and the key by which one of its mails is known in the archive.

A UID is unique together with UIDVALIDITY only within one folder of one mailbox (RFC 9051, 2.3.1.1), and some
servers give every folder the same UIDVALIDITY. So the key names mailbox and folder once there was another.
"""

import hashlib

import structlog

from accounts.tenancy import tenant_tx
from marketplaces.models import MailFolder, SellerAccount

log = structlog.get_logger(__name__)


def source_key(account: SellerAccount, folder: MailFolder, uid: int) -> str:
    """A mail's key in the archive; `account` as it was when its mailbox was signed in to."""
    place = folder.role
    if account.mailbox_generation:
        place += f"@{account.mailbox_generation}"
    if folder.first_name and folder.first_name != folder.name:
        place += f"/{hashlib.sha256(folder.name.encode()).hexdigest()[:12]}"
    return f"{place}:{folder.uidvalidity}:{uid}"


def open_cursor(account: SellerAccount, *, role: str, name: str, uidvalidity: int) -> MailFolder | None:
    """The folder's cursor, set back to the beginning where the server has renumbered or named another.

    None when the account has been given another mailbox since it was signed in to.
    """
    with tenant_tx(account.tenant_id):
        # Held, so that no change of mailbox comes between.
        now = SellerAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        if now.mailbox_generation != account.mailbox_generation:
            return None
        folder, _ = MailFolder.objects.get_or_create(
            tenant_id=account.tenant_id, account=account, role=role, defaults={"name": name}
        )
        if folder.uidvalidity != uidvalidity or folder.name != name:
            if folder.uidvalidity is not None:
                log.warning("folder renumbered, reading it again", account=account.pk, folder=role)
            if folder.name != name:
                # Another folder, or this one under another name: nothing proves that any of it is here.
                folder.first_name = folder.first_name or folder.name
                folder.name, folder.last_ok_at = name, None
            folder.uidvalidity, folder.last_uid, folder.audited_at = uidvalidity, 0, None
            folder.save()
        return folder


def move_cursor(folder: MailFolder, uid: int) -> None:
    """Move the cursor forward, never back: another worker may be further."""
    same = MailFolder.objects.filter(pk=folder.pk, name=folder.name, uidvalidity=folder.uidvalidity)
    same.filter(last_uid__lt=uid).update(last_uid=uid)
