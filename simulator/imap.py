"""The IMAP server: pymap on one port, with the sellers' passwords and the faults at login."""

import asyncio
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import datetime

from proxyprotocol.sock import SocketInfo
from proxyprotocol.version import ProxyProtocolVersion
from pymap.concurrent import Subsystem
from pymap.context import connection_exit, socket_info
from pymap.exceptions import InvalidAuth, NotAllowedError, ResponseError
from pymap.imap import IMAPConnection
from pymap.imap.state import ConnectionState
from pymap.interfaces.login import IdentityInterface, LoginInterface
from pymap.interfaces.token import TokensInterface
from pymap.parsing.response import ResponseNo
from pymap.token import AllTokens
from pymap.user import UserMetadata
from pysasl.creds.external import ExternalCredentials, ExternalVerificationRequired
from pysasl.creds.server import ServerCredentials
from pysasl.hashing import Cleartext

from simulator.accounts import Accounts
from simulator.consent import Consent
from simulator.eventlog import EventLog
from simulator.faults import Faults
from simulator.folders import MailboxConfig, MailboxSession
from simulator.mailboxes import Mailboxes


class _Refused(ResponseError):
    """A login answered with NO and the words of a fault."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._words = words

    def get_response(self, tag: bytes) -> ResponseNo:
        return ResponseNo(tag, self._words.encode())


class _Identity(IdentityInterface):
    """A mailbox owner who proved the password."""

    def __init__(self, name: str, login: "_Login") -> None:
        self._name, self._login = name, login

    @property
    def name(self) -> str:
        return self._name

    @property
    def roles(self) -> frozenset[str]:
        return frozenset()

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator[MailboxSession]:
        yield MailboxSession(self._name, self._login.config, self._login.mailboxes.of(self._name))

    # Accounts are managed by the control API only.

    async def new_token(self, *, expiration: datetime | None = None) -> None:
        return None

    async def get(self) -> UserMetadata:
        raise NotAllowedError

    async def set(self, metadata: UserMetadata) -> None:
        raise NotAllowedError

    async def delete(self) -> None:
        raise NotAllowedError


class _Login(LoginInterface):
    """Checks mailbox passwords as they are at this moment."""

    def __init__(
        self,
        config: MailboxConfig,
        accounts: Accounts,
        mailboxes: Mailboxes,
        faults: Faults,
        log: EventLog,
        consent: Consent,
    ) -> None:
        self.config, self.mailboxes, self._consent = config, mailboxes, consent
        self._accounts, self._faults, self._log = accounts, faults, log
        self._tokens = AllTokens(config)

    @property
    def tokens(self) -> TokensInterface:
        return self._tokens

    async def authenticate(self, credentials: ServerCredentials) -> _Identity:
        token = _token_in(credentials)
        login = credentials.authcid if token is None else credentials.authzid
        account = self._accounts.get(login)
        name = login if account is None else account.address
        await self._meet_fault(name)
        if token is not None:
            if account is None or not self._consent.opens(name, token):
                self._log.add("login_failed", account=name, protocol="imap")
                raise InvalidAuth()
            self._log.add("login", account=name, protocol="imap", by="token")
            return _Identity(name, self)
        user = None
        if account is not None:
            # Compared as typed: some clients send the address in capitals.
            user = UserMetadata(self.config, credentials.authcid, password=account.password)
        if account is None or not credentials.verify(user):
            self._log.add("login_failed", account=name, protocol="imap")
            raise InvalidAuth()
        self._log.add("login", account=name, protocol="imap")
        return _Identity(name, self)

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> IdentityInterface:
        if authzid.strip().lower() != authenticated.name:
            raise InvalidAuth()
        return authenticated

    async def _meet_fault(self, account: str) -> None:
        fault = self._faults.take("imap.login", account)
        if fault is None:
            return
        if fault.action == "hold":
            self._log.add("held", account=account, point="imap.login")
            await self._faults.hold()
            self._log.add("released", account=account, point="imap.login")
        elif fault.action == "close":
            self._log.add("cut", account=account, point="imap.login")
            raise ConnectionAbortedError
        else:
            self._log.add("refused", account=account, point="imap.login", reply=fault.reply)
            raise _Refused(fault.reply)


def _token_in(credentials: ServerCredentials) -> str | None:
    """The access token of AUTHENTICATE XOAUTH2; None for a password."""
    if not isinstance(credentials, ExternalCredentials):
        return None
    try:
        credentials.verify(None)
    except ExternalVerificationRequired as needed:
        return needed.token or ""


class ImapServer:
    """Listens for IMAP; made by `start`."""

    def __init__(
        self, accounts: Accounts, mailboxes: Mailboxes, faults: Faults, log: EventLog, consent: Consent
    ) -> None:
        self._config = MailboxConfig(
            Namespace(proxy_protocol=None),
            host="127.0.0.1",
            port=0,
            tls_enabled=False,
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
            invalid_user_sleep=0,
            reject_dnsbl=False,
            proxy_protocol=ProxyProtocolVersion.get(None),
        )
        self._login = _Login(self._config, accounts, mailboxes, faults, log, consent)
        self._connections: dict[ConnectionState, asyncio.Task[None] | None] = {}
        mailboxes.on_renumbered(self._disconnect)

    async def start(self, host: str, port: int) -> asyncio.Server:
        """Listen; port 0 takes a free one."""
        return await asyncio.start_server(self._serve, host, port, limit=2**20)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        about = SocketInfo.get(writer, None)
        socket_info.set(about)
        connection = IMAPConnection(self._config.commands, self._config, reader, writer, about)
        state = ConnectionState(self._login, self._config)
        self._connections[state] = asyncio.current_task()
        try:
            # A client that leaves in the middle of a command is nothing to report, nor is the program's end.
            with suppress(ConnectionError, asyncio.CancelledError):
                async with AsyncExitStack() as stack:
                    connection_exit.set(stack)
                    stack.enter_context(closing(connection))
                    await connection.run(state)
        finally:
            del self._connections[state]

    def _disconnect(self, account: str) -> None:
        """End the sessions of a mailbox, as a provider does after it rebuilt a folder."""
        for state, task in self._connections.items():
            if task is not None and state._session is not None and state._session.owner == account:
                task.cancel()
