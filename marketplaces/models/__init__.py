"""The rows of seller accounts: what they sign in with, what was read of them and how it went."""

from marketplaces.models.access import AccountAccess
from marketplaces.models.account import Credential, Health, MailSecurity, MailSignIn, SellerAccount
from marketplaces.models.api import ApiBucket, ApiCircuit, ApiStream, ApiToken
from marketplaces.models.mail import FolderRole, InboundRaw, MailFolder, RawState

__all__ = [
    "AccountAccess",
    "ApiBucket",
    "ApiCircuit",
    "ApiStream",
    "ApiToken",
    "Credential",
    "FolderRole",
    "Health",
    "InboundRaw",
    "MailFolder",
    "MailSecurity",
    "MailSignIn",
    "RawState",
    "SellerAccount",
]
