"""Where well-known mail providers have their servers, so that an admin need not look it up; pure.

From the providers' own help pages. Port 993 and 465 are TLS from the first byte, 587 begins with STARTTLS.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailHosts:
    """A provider's servers."""

    imap_host: str
    smtp_host: str
    imap_port: int = 993
    imap_security: str = "tls"
    smtp_port: int = 465
    smtp_security: str = "tls"


GMAIL = MailHosts("imap.gmail.com", "smtp.gmail.com")
MICROSOFT = MailHosts("outlook.office365.com", "smtp.office365.com", smtp_port=587, smtp_security="starttls")
KNOWN = {
    "gmail.com": GMAIL,
    "googlemail.com": GMAIL,
    "outlook.com": MICROSOFT,
    "hotmail.com": MICROSOFT,
    "live.com": MICROSOFT,
    "yahoo.com": MailHosts("imap.mail.yahoo.com", "smtp.mail.yahoo.com"),
    "icloud.com": MailHosts("imap.mail.me.com", "smtp.mail.me.com", smtp_port=587, smtp_security="starttls"),
    "fastmail.com": MailHosts("imap.fastmail.com", "smtp.fastmail.com"),
    "zoho.com": MailHosts("imap.zoho.com", "smtp.zoho.com"),
    "gmx.net": MailHosts("imap.gmx.net", "mail.gmx.net"),
    "gmx.de": MailHosts("imap.gmx.net", "mail.gmx.net"),
    "web.de": MailHosts("imap.web.de", "smtp.web.de", smtp_port=587, smtp_security="starttls"),
}


def guess(address: str) -> MailHosts:
    """The servers of an address's provider; for a domain nobody knows, the names most providers use."""
    domain = address.rpartition("@")[2].lower()
    return KNOWN.get(domain) or MailHosts(f"imap.{domain}", f"smtp.{domain}")
