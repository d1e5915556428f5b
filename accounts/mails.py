"""Mail of the helpdesk's own: a row is the only truth about whether it left, and a task sends it.

A mail is claimed by moving its next moment, so two workers never send it at once, and one that dies while at
it holds it up for the length of a lease. Should a worker die between the server's yes and the commit, the
mail leaves again under the same Message-ID.
"""

from datetime import datetime, timedelta
from smtplib import SMTPAuthenticationError, SMTPException, SMTPRecipientsRefused, SMTPResponseException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connections

from accounts.models import MailState, SystemMail
from accounts.tenancy import tenant_tx

log = structlog.get_logger(__name__)

SMTP = "django.core.mail.backends.smtp.EmailBackend"
LEASE = timedelta(minutes=5)
# After each failure; one more after the last of them, and the mail is given up: a day and a half in all.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 720))
MOST_AT_ONCE = 100
# One look for all tenants that uses the index of each.
DUE = """
    SELECT due.* FROM accounts_tenant t CROSS JOIN LATERAL (
        SELECT tenant_id, id FROM accounts_systemmail
        WHERE tenant_id = t.id AND state = 'queued' AND next_at <= now() ORDER BY next_at LIMIT %s
    ) due
"""


def can_send() -> bool:
    """Whether the operator has named a server; without one mail waits."""
    return bool(settings.EMAIL_HOST)


def enqueue(tenant_id: int, *, to: str, subject: str, text: str, key: str, now: datetime) -> SystemMail:
    """Have a mail sent when the caller's transaction of the tenant is committed.

    `key` says what it is about: a second mail with the same key is not stored, and the first is returned.
    """
    mail, _ = SystemMail.objects.get_or_create(
        tenant_id=tenant_id,
        key=key,
        defaults={
            "to_address": to,
            "subject": " ".join(subject.split())[:200],
            "text": text,
            "next_at": now,
            "created_at": now,
        },
    )
    return mail


def due() -> list[tuple[int, int]]:
    """(tenant, mail) of what is to leave now, in all tenants."""
    if not can_send():
        return []
    with connections["sweep"].cursor() as cursor:
        cursor.execute(DUE, [MOST_AT_ONCE])
        return list(cursor.fetchall())


def send(mail_id: int, *, tenant_id: int, now: datetime) -> None:
    """Send a mail if it is due and nobody else is at it, and write down how that ended."""
    if not can_send():
        return
    leased_until = now + LEASE
    with tenant_tx(tenant_id):
        waiting = SystemMail.objects.filter(pk=mail_id, state=MailState.QUEUED, next_at__lte=now)
        if not waiting.update(next_at=leased_until):
            return
        mail = SystemMail.objects.get(pk=mail_id)
    error, hopeless = _hand_over(mail)
    with tenant_tx(tenant_id):
        # Whoever came after the lease has ended writes down how it went for them.
        ours = SystemMail.objects.filter(pk=mail_id, state=MailState.QUEUED, next_at=leased_until)
        if not error:
            ours.update(
                state=MailState.SENT, sent_at=now, attempts=mail.attempts + 1, text="", error="", next_at=now
            )
        elif hopeless or mail.attempts >= len(PAUSES):
            ours.update(state=MailState.FAILED, attempts=mail.attempts + 1, text="", error=error, next_at=now)
            log.warning("a mail was given up", mail=mail_id, tenant=tenant_id)
        else:
            pause = PAUSES[mail.attempts]
            ours.update(attempts=mail.attempts + 1, error=error, next_at=now + pause)


def message_id(mail: SystemMail) -> str:
    """The mail's Message-ID, the same at every try."""
    return f"<mail.{mail.tenant_id}.{mail.pk}.{mail.created_at:%Y%m%d%H%M%S}@{settings.MESSAGE_ID_DOMAIN}>"


def _hand_over(mail: SystemMail) -> tuple[str, bool]:
    """What went wrong, and whether trying again is hopeless; ("", False) when the server took it."""
    connection = get_connection(SMTP)
    message = EmailMessage(
        subject=mail.subject,
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to_address],
        headers={"Message-ID": message_id(mail), "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    try:
        message.send()
    except SMTPRecipientsRefused as refused:
        code, said = next(iter(refused.recipients.values()))
        return _words(code, said), 500 <= code < 600
    # Whatever else is refused the operator can mend, so the mail waits for that.
    except SMTPAuthenticationError:
        return "The mail server did not let the helpdesk sign in.", False
    except SMTPResponseException as refused:
        return _words(refused.smtp_code, refused.smtp_error), False
    except (SMTPException, OSError, ValueError) as error:
        return f"The mail server could not be reached ({type(error).__name__}).", False
    finally:
        # A refused sign-in leaves it open.
        connection.close()
    return "", False


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"The mail server said: {code} {' '.join(text.split())}"[:300]
