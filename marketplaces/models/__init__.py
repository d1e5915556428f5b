"""The rows of seller accounts: what they sign in with, what was read of them and how it went."""

from marketplaces.models.account import CONNECTED, Credential, Health, MailSecurity, MailSignIn, SellerAccount
from marketplaces.models.api import ApiBucket, ApiCircuit, ApiStream, ApiToken
from marketplaces.models.mail import FolderRole, InboundRaw, MailFolder, RawState

__all__ = [
    "CONNECTED",
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
