"""The rows of seller accounts: what they sign in with, what was read of them and how it went."""

from marketplaces.models.account import Credential, Health, MailSecurity, MailSignIn, SellerAccount
from marketplaces.models.api import ApiBucket, ApiCircuit, ApiStream, ApiToken, TokenPurpose
from marketplaces.models.connecting import (
    CheckName,
    CheckState,
    ConnectionCheck,
    ConnectionTrial,
    TrialKind,
    TrialState,
)
from marketplaces.models.mail import FolderRole, InboundRaw, MailFolder, RawState

__all__ = [
    "ApiBucket",
    "ApiCircuit",
    "ApiStream",
    "ApiToken",
    "CheckName",
    "CheckState",
    "ConnectionCheck",
    "ConnectionTrial",
    "Credential",
    "FolderRole",
    "Health",
    "InboundRaw",
    "MailFolder",
    "MailSecurity",
    "MailSignIn",
    "RawState",
    "SellerAccount",
    "TokenPurpose",
    "TrialKind",
    "TrialState",
]
