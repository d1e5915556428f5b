"""How to get into a seller account's mailbox and its SMTP server, by password or by consent.

A consent's token may have to be fetched first: to be called outside of any transaction.
"""

import httpx
from django.db import connection

from accounts.tenancy import tenant_tx
from marketplaces import credentials, mail_consent, tokens, transport
from marketplaces.errors import ApiError, AuthRevoked, Refused
from marketplaces.mailbox.imap import ConsentGone, MailboxFault, MailboxLogin, SignInRefused
from marketplaces.mailbox.reasons import Reason
from marketplaces.mailbox.smtp import SmtpServer
from marketplaces.models import MailSignIn, SellerAccount

REFRESH_TOKEN = "mail_refresh_token"  # noqa: S105 - the name of a field


def imap_login(account: SellerAccount, *, trial: str = "") -> MailboxLogin:
    """The account's way into its mailbox; raises CredentialFault and MailboxFault.

    `trial` begins the names of secrets that are only being tried; their token is kept nowhere.
    """
    password, token = _secret(account, "imap_password", trial)
    return MailboxLogin(
        host=account.imap_host,
        port=account.imap_port,
        security=account.imap_security,
        user=account.imap_user,
        password=password,
        token=token,
    )


def smtp_server(account: SellerAccount, *, trial: str = "") -> SmtpServer:
    """The account's way of sending; raises as `imap_login` does."""
    password, token = _secret(account, "smtp_password", trial)
    return SmtpServer(
        host=account.smtp_host,
        port=account.smtp_port,
        security=account.smtp_security,
        user=account.smtp_user,
        password=password,
        token=token,
    )


def _secret(account: SellerAccount, field: str, trial: str) -> tuple[str, str]:
    """The password, or the token."""
    by_password = account.mail_sign_in == MailSignIn.PASSWORD
    with tenant_tx(account.tenant_id):
        secret = credentials.secret_of(account, trial + (field if by_password else REFRESH_TOKEN))
    if by_password:
        return secret, ""
    if connection.in_atomic_block:
        raise RuntimeError("A mail provider would be called inside a transaction.")
    provider = mail_consent.providers().get(account.mail_sign_in)
    if provider is None:
        raise MailboxFault("The operator of this installation no longer offers this sign-in.", Reason.CONSENT)
    auth = mail_consent.MailAuth(account, provider=provider, refresh_token=secret)
    try:
        with transport.client() as client:
            return "", tokens.tried(auth, client).token if trial else tokens.current(auth, client)
    except AuthRevoked as fault:
        raise ConsentGone(str(fault), Reason.CONSENT) from fault
    except Refused as fault:
        raise SignInRefused(str(fault), Reason.CONSENT) from fault
    except (ApiError, httpx.HTTPError) as fault:
        said = str(fault) if isinstance(fault, ApiError) else f"{provider.title} cannot be reached."
        raise MailboxFault(said, Reason.UNREACHABLE) from fault
