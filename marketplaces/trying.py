"""Try what an admin has entered before anything of the account is changed.

A page stores the settings as a trial and their secrets sealed under names of their own; a worker tries them
at the marketplace or the mail server. What works becomes the account's; what does not is deleted, with a
sentence left that says why. A trial that meets a passing fault is tried again by itself for a while.
"""

import copy
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from accounts import audit
from accounts.announcing import announce
from accounts.models import Membership
from accounts.tenancy import tenant_tx
from marketplaces import (
    backfills,
    checking,
    credentials,
    disconnecting,
    health,
    keys,
    mail_consent,
    mail_login,
    moving,
    registry,
    remedies,
    tokens,
)
from marketplaces.errors import ApiError, Temporary
from marketplaces.hosts import ForbiddenHost, check_host
from marketplaces.mailbox import imap, reasons, smtp
from marketplaces.models import (
    CheckName,
    ConnectionTrial,
    Credential,
    Health,
    MailSignIn,
    SellerAccount,
    TokenPurpose,
    TrialKind,
    TrialState,
)
from marketplaces.remedies import Remedy

log = structlog.get_logger(__name__)

PREFIX = "trial:"
CODE = "consent_code"
MAIL_CODE = "mail_consent_code"
CLAIM = timedelta(seconds=90)
AGAIN = timedelta(seconds=20)
# New rights and a mail server that rests may take this long; then a person looks again.
LONGEST = timedelta(minutes=20)
MAIL_SETTINGS = (
    *("mail_sign_in", "sender_address", "authserv_id"),
    *("imap_host", "imap_port", "imap_security", "imap_user"),
    *("smtp_host", "smtp_port", "smtp_security", "smtp_user"),
)
MAIL_SECRETS = (*credentials.MAILBOX_FIELDS, mail_login.REFRESH_TOKEN)


def begin(
    account: SellerAccount,
    kind: TrialKind,
    *,
    settings: Mapping[str, object],
    secrets: Mapping[str, str],
    by: Membership,
    now: datetime,
    by_consent: bool = False,
) -> ConnectionTrial:
    """Have these settings tried, in place of any tried before, inside the caller's transaction.

    `by_consent`: only once the owner has been asked and comes back with a code (`consented`).
    """
    _forget_secrets(account, kind)
    for field, value in secrets.items():
        credentials.seal(account, PREFIX + field, value)
    trial, _ = ConnectionTrial.objects.update_or_create(
        tenant_id=account.tenant_id,
        account=account,
        kind=kind,
        defaults={
            "settings": dict(settings),
            "asked_by": by,
            "state": TrialState.CONSENT if by_consent else TrialState.RUNNING,
            "words": "",
            "fix": "",
            "began_at": now,
            "next_at": None if by_consent else now,
        },
    )
    return trial


def consented(trial: ConnectionTrial, *, code: str, settings: Mapping[str, object], now: datetime) -> None:
    """The owner has come back with a code: try it, inside the caller's transaction."""
    field = CODE if trial.kind == TrialKind.KEY else MAIL_CODE
    credentials.seal(trial.account, PREFIX + field, code)
    trial.settings = {**trial.settings, **settings}
    trial.state, trial.words, trial.fix = TrialState.RUNNING, "", ""
    trial.began_at = trial.next_at = now
    trial.save(update_fields=["settings", "state", "words", "fix", "began_at", "next_at"])


def refused(trial: ConnectionTrial, remedy: Remedy) -> None:
    """The owner said no, inside the caller's transaction."""
    _forget_secrets(trial.account, TrialKind(trial.kind))
    trial.state, trial.words, trial.fix = TrialState.FAILED, remedy.words, remedy.fix
    trial.save(update_fields=["state", "words", "fix"])


def run(trial_id: int, *, tenant_id: int, now: datetime) -> None:
    """Try once, if it is due; to be called outside of any transaction. Safe to call twice."""
    with tenant_tx(tenant_id):
        due = ConnectionTrial.objects.filter(pk=trial_id, state=TrialState.RUNNING, next_at__lte=now)
        if not due.update(next_at=now + CLAIM):
            return
        trial = ConnectionTrial.objects.select_related("account__tenant", "asked_by").get(pk=trial_id)
    attempt = {TrialKind.KEY: _try_key, TrialKind.MAILBOX: _try_mailbox}[TrialKind(trial.kind)]
    remedy = attempt(trial)
    with tenant_tx(tenant_id):
        held = ConnectionTrial.objects.select_for_update().filter(
            pk=trial_id, began_at=trial.began_at, state=TrialState.RUNNING
        )
        if not held.exists():
            return  # somebody has entered something else in the meantime
        _settle(trial, remedy, now=now)
        announce(tenant_id, "account", account=trial.account_id)


def _settle(trial: ConnectionTrial, remedy: Remedy | None, *, now: datetime) -> None:
    trial.next_at = None
    if remedy is None:
        _take_over(trial, now=now)
        leader = CheckName.TOKEN if trial.kind == TrialKind.KEY else CheckName.MAILBOX
        checking.ask(trial.account, [leader], now=now)
        backfills.ask_for_estimate(trial.account, now=now)
        trial.state, trial.words, trial.fix = TrialState.PASSED, "", ""
    else:
        trial.words, trial.fix = remedy.words[:500], remedy.fix[:500]
        if remedy.passes and now - trial.began_at < LONGEST:
            trial.next_at = now + AGAIN
        else:
            trial.state = TrialState.FAILED
    if trial.state != TrialState.RUNNING:
        _forget_secrets(trial.account, TrialKind(trial.kind))
    trial.save(update_fields=["settings", "state", "words", "fix", "next_at"])
    log.info("connection tried", account=trial.account_id, kind=trial.kind, state=trial.state)


def _try_key(trial: ConnectionTrial) -> Remedy | None:
    """Whether an access token is given; a consent's code is turned into a lasting token first."""
    account = trial.account
    try:
        with tenant_tx(account.tenant_id):
            secrets = _secrets_of(account, (*credentials.API_FIELDS[account.marketplace], CODE))
        if CODE in secrets:
            where = str(trial.settings["redirect_uri"])
            code = secrets.pop(CODE)
            secrets["refresh_token"] = registry.redeemed_consent(secrets, code=code, redirect_uri=where)
            _keep_instead_of_code(account, CODE, "refresh_token", secrets["refresh_token"])
        registry.sign_in(account, secrets)
    except credentials.CredentialFault as fault:
        return Remedy(str(fault), "Enter the key once more.")
    except ApiError as fault:
        return remedies.of_key(account, fault)
    return None


def _try_mailbox(trial: ConnectionTrial) -> Remedy | None:
    """Whether the mailbox opens, and the sending server lets us in."""
    account = _with_settings(trial)
    sending = False
    try:
        for host in (account.imap_host, account.smtp_host):
            sending = host == account.smtp_host != account.imap_host
            check_host(host)
        sending = False
        if twin := _reads_it_already(account):
            return remedies.of_twin(twin)
        if remedy := _redeem_mail(trial, account):
            return remedy
        with imap.mailbox(mail_login.imap_login(account, trial=PREFIX)) as client:
            imap.open_folder(client, "INBOX")
        sending = True
        server = mail_login.smtp_server(account, trial=PREFIX)
        smtp.knock(server, sender=account.sender_address, recipient=account.sender_address)
    except (ForbiddenHost, OSError, UnicodeError) as fault:
        return remedies.of_mailbox(account, reasons.of_error(fault), "", sending=sending)
    except (imap.MailboxFault, smtp.SendingFault) as fault:
        return remedies.of_mailbox(account, fault.reason, str(fault), sending=sending)
    except credentials.CredentialFault as fault:
        return Remedy(str(fault), "Enter the password once more.")
    return None


def _reads_it_already(account: SellerAccount) -> SellerAccount | None:
    """Another account of the marketplace with this mailbox: each message would begin two clocks."""
    with tenant_tx(account.tenant_id):
        same = SellerAccount.objects.filter(
            imap_host__iexact=account.imap_host,
            imap_user__iexact=account.imap_user,
            disconnected_at__isnull=True,
        )
        twins = list(same.exclude(pk=account.pk).order_by("pk"))
    return next((twin for twin in twins if twin.marketplace is account.marketplace), None)


def _redeem_mail(trial: ConnectionTrial, account: SellerAccount) -> Remedy | None:
    with tenant_tx(account.tenant_id):
        code = _secrets_of(account, (MAIL_CODE,)).get(MAIL_CODE)
    if code is None:
        return None
    provider = mail_consent.providers()[account.mail_sign_in]
    try:
        token = mail_consent.redeemed(provider, code=code, redirect_uri=str(trial.settings["redirect_uri"]))
    except ApiError as fault:
        fix = f"Sign in at {provider.title} again."
        return Remedy(str(fault), fix, passes=isinstance(fault, Temporary))
    _keep_instead_of_code(account, MAIL_CODE, mail_login.REFRESH_TOKEN, token)
    return None


def _with_settings(trial: ConnectionTrial) -> SellerAccount:
    """The account as it would be, not saved."""
    account = copy.copy(trial.account)
    for field in MAIL_SETTINGS:
        if field in trial.settings:
            setattr(account, field, trial.settings[field])
    return account


def _take_over(trial: ConnectionTrial, *, now: datetime) -> None:
    """What was tried becomes the account's."""
    account = trial.account
    audit.record(
        tenant_id=trial.tenant_id,
        by=trial.asked_by,
        action="account_key_changed" if trial.kind == TrialKind.KEY else "account_mailbox_changed",
        subject=f"seller account {account.name}",
        now=now,
    )
    if trial.kind == TrialKind.KEY:
        secrets = _secrets_of(account, credentials.API_FIELDS[account.marketplace])
        if seller_id := trial.settings.get("seller_id"):
            SellerAccount.objects.filter(pk=account.pk).update(seller_id=str(seller_id))
        keys.store(account, secrets, now=now)
        return
    for field, value in _secrets_of(account, MAIL_SECRETS).items():
        credentials.seal(account, field, value)
    changed = {field: trial.settings[field] for field in MAIL_SETTINGS if field in trial.settings}
    host, user = (str(changed.get(name, getattr(account, name))) for name in ("imap_host", "imap_user"))
    moving.move(account, host=host, user=user, now=now)
    SellerAccount.objects.filter(pk=account.pk).update(**changed)
    unused: tuple[str, ...] = credentials.MAILBOX_FIELDS
    if changed.get("mail_sign_in", account.mail_sign_in) == MailSignIn.PASSWORD:
        unused = (mail_login.REFRESH_TOKEN,)
    Credential.objects.filter(account=account, field__in=unused).delete()
    tokens.forget(account, purpose=TokenPurpose.MAIL)
    account.refresh_from_db()
    if account.disconnected_at is not None:
        disconnecting.reconnect(account, now=now)
    elif account.connecting_since is None and account.health != Health.PAUSED:
        health.mended(account, now=now)


def _secrets_of(account: SellerAccount, fields: tuple[str, ...]) -> dict[str, str]:
    stored = Credential.objects.filter(account=account, field__in=[PREFIX + field for field in fields])
    return {
        row.field.removeprefix(PREFIX): credentials.opened(account, row.field, row.key_id, bytes(row.sealed))
        for row in stored
    }


def _keep_instead_of_code(account: SellerAccount, code_field: str, field: str, value: str) -> None:
    """A code is good once: what it was exchanged for is kept at once, whatever comes after."""
    with tenant_tx(account.tenant_id):
        credentials.seal(account, PREFIX + field, value)
        Credential.objects.filter(account=account, field=PREFIX + code_field).delete()


def _forget_secrets(account: SellerAccount, kind: TrialKind) -> None:
    names = {
        TrialKind.KEY: (*credentials.API_FIELDS[account.marketplace], CODE),
        TrialKind.MAILBOX: (*MAIL_SECRETS, MAIL_CODE),
    }[kind]
    Credential.objects.filter(account=account, field__in=[PREFIX + name for name in names]).delete()
