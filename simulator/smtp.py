"""The SMTP submission server: aiosmtpd on one port, with the relay's rules and a fault at every step."""

import asyncio
import base64
import logging
import re
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from simulator.accounts import Accounts, SellerAccount
from simulator.consent import Consent
from simulator.eventlog import EventLog
from simulator.faults import Faults
from simulator.mailboxes import header
from simulator.relay import Refusal, Relay

_SIZE_LIMIT = 40 * 1024 * 1024
# A held session must wait for its release, not for the server's patience.
_PATIENCE = 3600.0

# aiosmtpd warns about its own login attribute on every login.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class SmtpServer:
    """Listens for SMTP; made by `start`."""

    def __init__(
        self, accounts: Accounts, relay: Relay, faults: Faults, log: EventLog, consent: Consent
    ) -> None:
        self.accounts, self.relay, self.faults, self.log = accounts, relay, faults, log
        self.consent = consent
        self._following: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> asyncio.Server:
        """Listen; port 0 takes a free one."""
        return await asyncio.get_running_loop().create_server(lambda: _Submission(self), host, port)

    def verify(self, login: bytes, password: bytes) -> SellerAccount | None:
        """The account with that login, if the password is right."""
        account = self.accounts.get(login.decode(errors="replace"))
        right = account is not None and account.password.encode() == password
        name = login.decode(errors="replace") if account is None else account.address
        self.log.add("login" if right else "login_failed", account=name, protocol="smtp")
        return account if right else None

    def admit(self, login: str, token: str) -> SellerAccount | None:
        """The account whose mailbox an access token opens, if it is the one that is named."""
        account = self.accounts.get(login)
        right = account is not None and self.consent.opens(account.address, token)
        name = login if account is None else account.address
        self.log.add("login" if right else "login_failed", account=name, protocol="smtp")
        return account if right else None

    def accept(self, account: SellerAccount, mail_from: str, rcpts: list[str], raw: bytes) -> None:
        """Take a mail, and let what follows from it happen on its own."""
        self.relay.accept(account, mail_from, rcpts, raw)
        task = asyncio.create_task(self.relay.follow_up(account, rcpts, raw))
        self._following.add(task)
        task.add_done_callback(self._following.discard)


class _Hooks:
    """The steps of a session in which the relay has a say; aiosmtpd finds them by name."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_MAIL(
        self, smtp: "_Submission", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> Any:
        if smtp.account is None:
            return "530 5.7.0 Authentication required"
        reply = await smtp.meet("smtp.mail")
        return MISSING if reply is None else smtp.refuse(Refusal(reply), mail_from=address)

    async def handle_RCPT(
        self, smtp: "_Submission", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> Any:
        reply = await smtp.meet("smtp.rcpt", address)
        sender = envelope.mail_from or ""
        refusal = self._server.relay.check_recipient(smtp.seller(), sender, address)
        if reply is not None:
            refusal = Refusal(reply)
        return MISSING if refusal is None else smtp.refuse(refusal, mail_from=sender, rcpt=address)

    async def handle_DATA(self, smtp: "_Submission", session: Session, envelope: Envelope) -> str:
        account = smtp.seller()
        raw, sender, rcpts = envelope.original_content or b"", envelope.mail_from or "", envelope.rcpt_tos
        message_id = header(raw, "Message-ID")
        about = {"message_id": message_id, "mail_from": sender, "rcpt": ", ".join(rcpts)}
        refusal = self._server.relay.check_message(account, rcpts, raw)
        if refusal is not None:
            return smtp.refuse(refusal, **about)
        fault = self._server.faults.take("smtp.after_dot", account.address, (*rcpts, message_id))
        if fault is not None and fault.action == "reply" and fault.reply[0] in "45":
            return smtp.refuse(Refusal(fault.reply), **about)
        self._server.accept(account, sender, list(rcpts), raw)
        smtp.accepted = (*rcpts, message_id)
        if fault is not None and fault.action == "reply":
            return fault.reply
        if fault is not None:
            await smtp.suffer("smtp.after_dot", fault.action, message_id)
        return "250 2.0.0 Ok: queued"


class _Submission(SMTP):
    """One client's connection."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self.account: SellerAccount | None = None
        self.accepted: tuple[str, ...] = ()
        super().__init__(
            _Hooks(server),
            hostname="smtp.simulator",
            ident="ESMTP",
            data_size_limit=_SIZE_LIMIT,
            timeout=_PATIENCE,
            auth_require_tls=False,
            # Clients try the next mechanism when one fails: with one only, a fault at login is met once.
            auth_exclude_mechanism=["LOGIN"],
            authenticator=self._check_login,
        )

    def seller(self) -> SellerAccount:
        """The account that logged in, for the steps that come only after that."""
        if self.account is None:
            raise RuntimeError("Nobody has logged in.")
        return self.account

    async def meet(self, point: str, *texts: str) -> str | None:
        """Pass a point where a fault may wait; returns the reply it wants sent, if any."""
        fault = self._server.faults.take(point, self.account.address if self.account else "", texts)
        if fault is None:
            return None
        if fault.action == "reply":
            return fault.reply
        await self.suffer(point, fault.action, texts[-1] if point == "smtp.after_accept" else "")
        return None

    async def suffer(self, point: str, action: str, message_id: str) -> None:
        """Hang until released, or lose the connection; a client that leaves meanwhile ends the session."""
        if action == "close":
            self._note("cut", point, message_id)
            raise asyncio.CancelledError
        self._note("held", point, message_id)
        try:
            await self._server.faults.hold()
        except asyncio.CancelledError:
            self._note("abandoned", point, message_id)
            raise
        self._note("released", point, message_id)

    def _note(self, kind: str, point: str, message_id: str) -> None:
        account = self.account.address if self.account else ""
        self._server.log.add(kind, account=account, message_id=message_id, point=point)

    def refuse(self, refusal: Refusal, *, mail_from: str = "", rcpt: str = "", message_id: str = "") -> str:
        """Write a refusal to the log and return the reply to send."""
        self._server.log.add(
            "refused",
            account=self.account.address if self.account else "",
            message_id=message_id,
            mail_from=mail_from,
            rcpt=rcpt,
            reply_code=refusal.code,
            reply=refusal.reply,
        )
        return refusal.reply

    async def _handle_client(self) -> None:
        try:
            reply = await self.meet("smtp.connect")
            if reply is not None:
                await self.push(self.refuse(Refusal(reply)))
        except asyncio.CancelledError:
            self._writer.close()
            raise
        if reply is not None:
            self._writer.close()
            return
        await super()._handle_client()

    def _check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        account = self._server.verify(data.login, data.password)
        if account is None:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=account)

    async def auth_PLAIN(self, _: Any, args: list[str]) -> AuthResult:
        result = await super().auth_PLAIN(_, args)
        account: SellerAccount | None = result.auth_data
        return await self._let_in(account) if result.success and account else result

    async def auth_XOAUTH2(self, _: Any, args: list[str]) -> AuthResult:
        try:
            said = base64.b64decode(args[1], validate=True).decode()
        except (IndexError, ValueError):
            return AuthResult(success=False, handled=False)
        found = re.fullmatch("user=(.*?)\x01auth=Bearer (.*?)\x01\x01", said)
        account = self._server.admit(found[1], found[2]) if found else None
        if account is None:
            return AuthResult(success=False, handled=False)
        return await self._let_in(account)

    async def _let_in(self, account: SellerAccount) -> AuthResult:
        self.account = account
        reply = await self.meet("smtp.auth")
        if reply is None:
            return AuthResult(success=True, auth_data=account)
        self.refuse(Refusal(reply))
        self.account = None
        return AuthResult(success=False, handled=False, message=reply)

    async def smtp_DATA(self, arg: str) -> None:
        rcpts = self.envelope.rcpt_tos if self.envelope else []
        if rcpts and not arg:
            reply = await self.meet("smtp.data", *rcpts)
            if reply is not None:
                await self.push(self.refuse(Refusal(reply), rcpt=", ".join(rcpts)))
                return
        self.accepted = ()
        await super().smtp_DATA(arg)
        if self.accepted:
            reply = await self.meet("smtp.after_accept", *self.accepted)
            if reply is not None:
                await self.push(reply)
