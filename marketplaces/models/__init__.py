"""The rows of seller accounts: what they sign in with, what was read of them and how it went."""

from marketplaces.models.access import AccountAccess
from marketplaces.models.account import CONNECTED, Credential, Health, MailSecurity, MailSignIn, SellerAccount
from marketplaces.models.api import ApiBucket, ApiCircuit, ApiStream, ApiToken, TokenPurpose
from marketplaces.models.backfill import MAIL, UNDER_WAY, Backfill, BackfillEstimate, BackfillState
from marketplaces.models.connecting import (
    CheckName,
    CheckState,
    ConnectionCheck,
    ConnectionTrial,
    TrialKind,
    TrialState,
)
from marketplaces.models.hooks import HookEvent, HookState, HookSubscription
from marketplaces.models.mail import FolderRole, InboundRaw, MailFolder, RawState
from marketplaces.models.performance import PerformanceFigure, ResponseReport
from marketplaces.models.watch import (
    AccountAlarm,
    AccountFault,
    AlarmKind,
    AuditPart,
    AuditResult,
    AuditState,
)

__all__ = [
    "CONNECTED",
    "MAIL",
    "UNDER_WAY",
    "AccountAccess",
    "AccountAlarm",
    "AccountFault",
    "AlarmKind",
    "ApiBucket",
    "ApiCircuit",
    "ApiStream",
    "ApiToken",
    "AuditPart",
    "AuditResult",
    "AuditState",
    "Backfill",
    "BackfillEstimate",
    "BackfillState",
    "CheckName",
    "CheckState",
    "ConnectionCheck",
    "ConnectionTrial",
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
    "TokenPurpose",
    "TrialKind",
    "TrialState",
]
