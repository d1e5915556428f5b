"""The rows of seller accounts: what they sign in with, what was read of them and how it went."""

from marketplaces.models.account import Credential, Health, MailSecurity, MailSignIn, SellerAccount
from marketplaces.models.api import ApiBucket, ApiCircuit, ApiStream, ApiToken
from marketplaces.models.hooks import HookEvent, HookState, HookSubscription
from marketplaces.models.mail import FolderRole, InboundRaw, MailFolder, RawState
from marketplaces.models.performance import PerformanceFigure, ResponseReport

__all__ = [
    "ApiBucket",
    "ApiCircuit",
    "ApiStream",
    "ApiToken",
    "Credential",
    "FolderRole",
    "Health",
    "HookEvent",
    "HookState",
    "HookSubscription",
    "InboundRaw",
    "MailFolder",
    "MailSecurity",
    "MailSignIn",
    "PerformanceFigure",
    "RawState",
    "ResponseReport",
    "SellerAccount",
]
