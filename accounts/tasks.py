"""The bells that send mail of the helpdesk's own."""

from celery import shared_task
from django.utils import timezone

from accounts import mails
from accounts.tenant_task import TenantTask

BELL_EXPIRES_SECONDS = 30


@shared_task
def ring_due_mails() -> None:
    """Ask for every mail that is due to be sent."""
    for tenant_id, mail_id in mails.due():
        send_mail.apply_async((mail_id,), {"tenant_id": tenant_id}, expires=BELL_EXPIRES_SECONDS)


@shared_task(base=TenantTask)
def send_mail(mail_id: int, *, tenant_id: int) -> None:
    """Send a mail that is due."""
    mails.send(mail_id, tenant_id=tenant_id, now=timezone.now())
