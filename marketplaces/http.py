"""The one `request()` every call to a marketplace's API goes through.

It keeps to the account's rate buckets and circuit breaker, tells errors apart, and logs who asked for what
and how it went: the operation's name, never an address, a header or a body.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar

import httpx
import structlog
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from marketplaces import breaker, buckets, transport
from marketplaces.buckets import Budget, Rate
from marketplaces.errors import (
    ApiError,
    AuthRevoked,
    NotFound,
    Refused,
    ScopeMissing,
    Temporary,
    Throttled,
    Unsettled,
)
from marketplaces.models import SellerAccount
from marketplaces.tokens import TokenAuth
from marketplaces.wire import decoded

log = structlog.get_logger(__name__)

Kind = TypeVar("Kind")
# Somebody in front of a screen waits this long for a token of the bucket; a task never does.
LONGEST_PATIENCE_SECONDS = 2.0
# 4xx that pass by themselves.
PASSING = (408, 421, 423, 425)


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as the marketplace names it."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: decoded JSON with exact numbers (None where there was no body).

    `content` is the body of a file that was asked for. `server_time` is what the marketplace's clock said,
    `clock_ahead` how far that is ahead of ours.
    """

    status: int
    data: Any
    request_id: str
    content: bytes = b""
    server_time: datetime | None = None
    clock_ahead: timedelta | None = None


class Dialect(Protocol):
    """What differs between the marketplaces' ways of saying things."""

    name: str

    def headers(self, now: datetime) -> dict[str, str]:
        """Headers of every request, with a number of our own for it where the marketplace wants one."""
        ...

    def request_id(self, sent: Mapping[str, str], response: httpx.Response | None) -> str:
        """The number under which the marketplace's support finds the request."""
        ...

    def fault(self, content: bytes) -> Fault | None:
        """The error in an answer's body; None when the body is not the API's own."""
        ...

    def budget(self, headers: Mapping[str, str], now: datetime) -> Budget:
        """What the headers say of the operation's bucket."""
        ...


class Api:
    """One seller account's way to one API host."""

    def __init__(
        self,
        account: SellerAccount,
        *,
        host: str,
        auth: TokenAuth,
        dialect: Dialect,
        rates: Mapping[str, Rate],
        interactive: bool,
    ) -> None:
        self.account, self.host, self.auth, self.dialect = account, host.rstrip("/"), auth, dialect
        self.rates, self.interactive = rates, interactive
        self.client = transport.client()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def request(
        self,
        operation: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        raw_query: str = "",
        body: object = None,
        once: bool = False,
        file: bool = False,
    ) -> Answer:
        """Call an operation; `raw_query` goes out as it is; `file` asks for bytes in place of JSON.

        `once` marks a write that must not be repeated: when it is cut off after it has left, Unsettled is
        raised in place of Temporary. Raises ApiError.
        """
        if connection.in_atomic_block:
            raise RuntimeError("A marketplace was called inside a transaction.")
        now = timezone.now()
        probe = breaker.enter(self.account, self.dialect.name, now=now)
        try:
            self._wait_for_turn(operation)
            built = self._built(method, path, query, raw_query, body, now)
            if file:
                built.headers["Accept"] = "application/octet-stream"
            answer = self._send(operation, built, once=once, file=file)
        except ApiError as error:
            with _even_if_untold(once):
                self._note(error, probe=probe)
            raise
        except BaseException:
            self._note(None, probe=probe)
            raise
        with _even_if_untold(once):
            breaker.answered(self.account, self.dialect.name)
        return answer

    def _wait_for_turn(self, operation: str) -> None:
        """Take a token of the operation's bucket, or raise Throttled at once (a person waits a moment)."""
        rate = self.rates[operation]
        for patience in (LONGEST_PATIENCE_SECONDS, 0.0):
            wait = buckets.take(
                self.account, operation, rate, now=timezone.now(), interactive=self.interactive
            )
            if not wait:
                return
            if not self.interactive or wait > patience:
                break
            time.sleep(wait)
        raise Throttled("The marketplace's limit for this call is used up for the moment.", retry_after=wait)

    def _built(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        raw_query: str,
        body: object,
        now: datetime,
    ) -> httpx.Request:
        url = httpx.URL(self.host + path)
        if raw_query:
            # A marketplace's own cursor: to be sent back to the byte.
            url = url.copy_with(raw_path=path.encode() + b"?" + raw_query.removeprefix("?").encode())
        return self.client.build_request(
            method, url, params=dict(query) if query else None, json=body, headers=self.dialect.headers(now)
        )

    def _send(self, operation: str, built: httpx.Request, *, once: bool, file: bool) -> Answer:
        began, began_at = time.monotonic(), timezone.now()
        status: int | str = "none"
        request_id = self.dialect.request_id(built.headers, None)
        try:
            response = self.client.send(built, auth=self.auth)
            status, request_id = response.status_code, self.dialect.request_id(built.headers, response)
            answer = self._read(operation, response, request_id, once=once, file=file)
            return replace(answer, **_clock(response, began_at, timezone.now()))
        except httpx.HTTPError as error:
            status = type(error).__name__
            # The token's request goes the same way: when that one is cut, ours has not left.
            left = _request_of(error) is built and not isinstance(error, transport.NOT_SENT)
            if once and left:
                raise Unsettled("The connection broke after the request had left.") from error
            raise Temporary(_cut_words(error), request_id=request_id) from error
        finally:
            log.info(
                "api call",
                account=self.account.pk,
                api=self.dialect.name,
                operation=operation,
                method=built.method,
                status=status,
                milliseconds=round((time.monotonic() - began) * 1000),
                request_id=request_id,
            )

    def _read(
        self, operation: str, response: httpx.Response, request_id: str, *, once: bool, file: bool
    ) -> Answer:
        """The answer's JSON, or the error it stands for; tells the bucket what the headers say."""
        now, status = timezone.now(), response.status_code
        budget = self.dialect.budget(response.headers, now)
        if status == 429:
            wait = buckets.refused(self.account, operation, self.rates[operation], budget, now=now)
            raise Throttled("The marketplace asks for a pause.", request_id=request_id, retry_after=wait)
        with _even_if_untold(once):
            buckets.answered(self.account, operation, self.rates[operation], budget, now=now)
        if response.is_success:
            if file:
                return Answer(status, None, request_id, response.content)
            if once or not response.content:
                # A write has been taken, whatever is said about it; a read must have said something.
                return Answer(status, decoded(response.content), request_id)
            data = decoded(response.content)
            if data is None:
                raise Temporary("The answer is not what this API answers with.", request_id=request_id)
            return Answer(status, data, request_id)
        raise self._refusal(response, request_id, once=once)

    def _refusal(self, response: httpx.Response, request_id: str, *, once: bool) -> ApiError:
        status, fault = response.status_code, self.dialect.fault(response.content)
        if status >= 500 and once:
            return Unsettled(f"The API failed ({status}) at a request that had left.", request_id=request_id)
        if status >= 500 or status in PASSING or not response.is_client_error:
            return Temporary(f"The API answered with {status}.", request_id=request_id)
        if status == 401:
            return AuthRevoked("The API does not accept the account's key.", request_id=request_id)
        if fault is None:
            # A gateway's page, not the API's own words: whoever wrote it knows nothing of our request.
            return Temporary(f"The API answered with {status} and a foreign page.", request_id=request_id)
        kind: type[ApiError] = {403: ScopeMissing, 404: NotFound}.get(status, Refused)
        return kind(fault.words or f"The API answered with {status}.", request_id=request_id, code=fault.code)

    def _note(self, error: ApiError | None, *, probe: bool) -> None:
        """Tell the breaker how the request went; errors in the API's own form are signs of life."""
        if type(error) in (Temporary, Unsettled):
            breaker.failed(self.account, self.dialect.name, probe=probe, now=timezone.now())
        elif error is not None and error.request_id:
            breaker.answered(self.account, self.dialect.name)
        elif probe:
            breaker.given_up(self.account, self.dialect.name)


@contextmanager
def _even_if_untold(once: bool) -> Iterator[None]:
    """What became of a write counts, also where the database is too far away to hear how the API did.

    An error of the database would say that nothing has left, and the write would be repeated.
    """
    try:
        yield
    except DatabaseError as error:
        if not once:
            raise
        log.warning("could not note how the api answered", fault=type(error).__name__)


def expect(value: Any, kind: type[Kind], what: str) -> Kind:
    """The value, if it is what the API promises; else Temporary, so that nothing looks like an empty list."""
    if not isinstance(value, kind):
        raise Temporary(f"The answer has no {what}.")
    return value


def _clock(response: httpx.Response, began_at: datetime, ended_at: datetime) -> dict[str, Any]:
    """What the answer's Date says, and how far it is ahead of the middle of our waiting."""
    try:
        said = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError):
        return {}
    # Date has whole seconds, cut off: half of one is what it lags behind on average.
    said = (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    middle = began_at + (ended_at - began_at) / 2
    return {"server_time": said, "clock_ahead": said + timedelta(seconds=0.5) - middle}


def _request_of(error: httpx.HTTPError) -> httpx.Request | None:
    try:
        return error.request
    except RuntimeError:  # httpx raises it for an error that belongs to no request
        return None


def _cut_words(error: httpx.HTTPError) -> str:
    if isinstance(error, transport.TooMuch):
        return str(error)
    if isinstance(error, httpx.TimeoutException):
        return "The API did not answer in time."
    if isinstance(error, transport.NOT_SENT):
        return "The API cannot be reached."
    return "The connection to the API broke."
