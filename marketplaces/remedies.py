"""What stands in the way of connecting an account, and what to do about it, in words for the admin."""

from dataclasses import dataclass

from marketplaces.errors import ApiError, AuthRevoked, NotFound, Refused, ScopeMissing, Temporary
from marketplaces.mailbox.reasons import Reason
from marketplaces.models import MailSignIn, SellerAccount
from marketplaces.types import Marketplace

LONGEST_SAID = 240


@dataclass(frozen=True, slots=True)
class Remedy:
    """What was found, and what to do; `passes` where it may pass by itself."""

    words: str
    fix: str
    passes: bool = False


def of_key(account: SellerAccount, fault: ApiError) -> Remedy:
    """Why no access token was given."""
    name, site = account.facts.name, account.facts.seller_site
    if isinstance(fault, Temporary):
        return Remedy(
            f"{name} does not answer as it should just now: {fault}",
            "Nothing is wrong with your key so far.",
            passes=True,
        )
    if account.marketplace is Marketplace.WALMART:
        fix = (
            f"Open {site}, Settings, API keys, and copy Client ID and Client Secret once more. "
            "A secret shown there before a reset is no longer good, and a sandbox key does not work here."
        )
    elif isinstance(fault, AuthRevoked) and fault.code != "invalid_client":
        fix = (
            f"Authorise the application again in {site}, Apps and Services, Manage Your Apps, "
            "and give the new consent or refresh token here."
        )
    else:
        fix = (
            "Compare client id and client secret with the application's page in the Solution Provider Portal."
        )
    return Remedy(str(fault), fix)


def of_twin(twin: SellerAccount) -> Remedy:
    """Why a mailbox is not read twice."""
    return Remedy(
        f"{twin.name} reads this mailbox already.",
        f"Every message would come in twice. Give this account a mailbox of its own, and have "
        f"{twin.facts.name} send its messages there.",
    )


def of_rights(account: SellerAccount, missing: tuple[str, ...]) -> Remedy:
    """What the key may not do."""
    listed = ", ".join(missing)
    if account.marketplace is Marketplace.WALMART:
        fix = (
            "Give the key these rights in Seller Center, Settings, API keys. "
            "New rights take up to 20 minutes to hold."
        )
    else:
        fix = (
            "Add the roles for orders, returns and buyer communication to the application, "
            "then let the seller authorise it again."
        )
    return Remedy(f"The key may not: {listed}.", fix)


def of_call(account: SellerAccount, fault: ApiError, what: str) -> Remedy:
    """Why a reading with a good key did not succeed."""
    if isinstance(fault, NotFound | Refused):
        return Remedy(f"{what}: {fault}", "Send this sentence to your operator.")
    if isinstance(fault, ScopeMissing):
        return of_rights(account, (what[:1].lower() + what[1:],))
    return Remedy(
        f"{what} did not succeed: {fault}", "Nothing for you to do: check again in a minute.", passes=True
    )


def of_mailbox(account: SellerAccount, reason: Reason, said: str, *, sending: bool = False) -> Remedy:
    """Why the mailbox, or the server that sends for it, cannot be used."""
    host = account.smtp_host if sending else account.imap_host
    port = account.smtp_port if sending else account.imap_port
    which = "sending server" if sending else "mailbox"
    provider = MailSignIn(account.mail_sign_in).label
    found: dict[Reason, tuple[str, str]] = {
        Reason.PRIVATE: (
            f"{host} leads into a private network.",
            "Give the mail server's public name. Only the operator of this installation can allow "
            "private networks.",
        ),
        Reason.NO_HOST: (f"There is no host {host}.", "Check the spelling of the server's name."),
        Reason.UNREACHABLE: (
            f"{host} does not answer on port {port}.",
            "Check server and port, and whether the provider has to allow IMAP or SMTP first.",
        ),
        Reason.CERTIFICATE: (
            f"The certificate of {host} cannot be trusted.",
            "Use the name the certificate was made for, or have the provider renew it. "
            "Passwords are never sent over such a connection.",
        ),
        Reason.NO_TLS: (
            f"{host} does not speak TLS on port {port}.",
            "Choose STARTTLS, or the port the provider names for TLS (993 for IMAP, 465 for SMTP).",
        ),
        Reason.APP_PASSWORD: (
            f"The {which} wants an app password, not the one you sign in with.",
            "Make an app password in the security settings of the mail account and paste it here, "
            "or sign in with the provider instead.",
        ),
        Reason.NO_PASSWORDS: (
            f"The {which} no longer takes passwords from programs.",
            "Choose Google or Microsoft 365 as sign-in, or switch on sign-in by password at the provider.",
        ),
        Reason.CONSENT: (
            f"{provider} does not let the helpdesk into this mailbox.",
            f"Sign in at {provider} again, as {account.imap_user}.",
        ),
        Reason.REFUSED: (
            f"The {which} refuses user and password.",
            f"Type both again. The user is often the whole address; here it is {_user(account, sending)}.",
        ),
        Reason.SENDER: (
            f"{host} does not take mail from {account.sender_address}.",
            "Use the server of the mailbox that owns this address, or allow the address there as sender.",
        ),
    }
    words, fix = found.get(reason, (f"The {which} could not be used.", "Check the settings, then try again."))
    told = reason in (Reason.REFUSED, Reason.SENDER, Reason.OTHER, Reason.CONSENT)
    if told and said:
        words = f"{words} It says: “{said[:LONGEST_SAID]}”"
    return Remedy(words, fix, passes=reason is Reason.UNREACHABLE)


def _user(account: SellerAccount, sending: bool) -> str:
    return account.smtp_user if sending else account.imap_user
