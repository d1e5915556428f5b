"""Mails that no marketplace sent: the mailbox provider's bounces, the seller's own mails, newsletters."""

from email.message import EmailMessage, Message, MIMEPart
from email.policy import SMTP
from random import Random

from simulator.accounts import SellerAccount
from simulator.shapes.body import body, name_boundaries
from simulator.shapes.transport import Draft


def bounce(account: SellerAccount, rcpt: str, returned: bytes, unique: str) -> Draft:
    """A delivery status notification (RFC 3464) with the headers of the mail that came back (RFC 6522)."""
    host = f"mx.{account.domain}"
    message = EmailMessage(policy=SMTP)
    message["Content-Type"] = 'multipart/report; report-type="delivery-status"'
    message["MIME-Version"] = "1.0"
    words = MIMEPart(policy=SMTP)
    words.set_content(
        f"This is the mail system at host {host}.\n\nI'm sorry to have to inform you that your message could "
        "not be "
        f"delivered to one or more recipients.\n\n<{rcpt}>: host relay said: 550 5.1.1 User unknown\n"
    )
    status = Message(policy=SMTP)
    status["Content-Type"] = "message/delivery-status"
    per_message, per_recipient = Message(policy=SMTP), Message(policy=SMTP)
    per_message["Reporting-MTA"] = f"dns; {host}"
    per_recipient["Final-Recipient"] = f"rfc822; {rcpt}"
    per_recipient["Action"] = "failed"
    per_recipient["Status"] = "5.1.1"
    per_recipient["Diagnostic-Code"] = "smtp; 550 5.1.1 User unknown"
    status.set_payload([per_message, per_recipient])
    headers = MIMEPart(policy=SMTP)
    returned_headers = (
        bytes(returned).replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("ascii", "replace")
    )
    headers.set_content(returned_headers.replace("�", "?") + "\n", subtype="rfc822-headers", cte="7bit")
    message.set_payload([words, status, headers])
    name_boundaries(message, Random(unique))
    return Draft(
        sender_name="Mail Delivery System",
        sender=f"MAILER-DAEMON@{host}",
        subject="Undelivered Mail Returned to Sender",
        message_id=f"<{unique}.dsn@{host}>",
        body=message,
        origin=host,
        envelope_from="",
        headers=[("Auto-Submitted", "auto-replied")],
    )


def own_reply(
    account: SellerAccount, relay: str, subject: str, text: str, in_reply_to: str, unique: str, sent_at: str
) -> bytes:
    """The seller's own mail as another mail client filed it in Sent."""
    message = EmailMessage(policy=SMTP)
    message["Date"] = sent_at
    message["From"] = account.registered_sender
    message["To"] = relay
    message["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    message["Message-ID"] = f"<{unique}.client@{account.domain}>"
    message["In-Reply-To"] = in_reply_to
    message["References"] = in_reply_to
    message.set_content(text)
    return message.as_bytes()


def newsletter(sender_name: str, domain: str, subject: str, text: str, unique: str) -> Draft:
    """Mail to many, with the headers lists use (RFC 2369)."""
    return Draft(
        sender_name=sender_name,
        sender=f"news@{domain}",
        subject=subject,
        message_id=f"<{unique}.news@{domain}>",
        body=body(
            "alternative", text, f"<html><body><h1>{subject}</h1><p>{text}</p></body></html>", Random(unique)
        ),
        origin=f"out.{domain}",
        envelope_from=f"bounce-{unique}@{domain}",
        headers=[("List-Unsubscribe", f"<https://{domain}/unsubscribe/{unique}>"), ("Precedence", "bulk")],
    )
