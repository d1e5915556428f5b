"""What both marketplaces' APIs have in common: operations, callers, faults, limits and the log."""

import asyncio
import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from simulator import clock
from simulator.accounts import SellerAccount
from simulator.eventlog import EventLog
from simulator.faults import Fault, Faults
from simulator.http import Request, Response
from simulator.limits import Bucket, Limits
from simulator.mistakes import Mistake


class Refused(Exception):
    """The API says no: an HTTP status, the marketplace's own error code, and a sentence."""

    def __init__(self, status: int, code: str, message: str, *, details: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details


@dataclass(frozen=True)
class Operation:
    """One operation: where it is, its fault point, how often it may be called (a second, at once)."""

    name: str
    method: str
    path: str
    point: str
    rate: float
    burst: int
    answer: Callable[["Call"], Response]
    needs_token: bool = True

    @property
    def scope(self) -> str:
        """The resource whose scope or role it needs."""
        return {"order": "orders"}.get(self.point.removeprefix("api."), self.point.removeprefix("api."))

    def match(self, request: Request) -> re.Match[str] | None:
        """The path's parts if this operation is meant."""
        return re.fullmatch(self.path, request.path) if request.method == self.method else None


def _nothing(call: "Call") -> Response:
    raise Refused(404, "NOT_FOUND", f"There is no {call.request.method} {call.request.path}.")


# What a request means until its operation is found.
NOWHERE = Operation("", "", "", "api.any", 1, 1, _nothing)


@dataclass
class Call:
    """One request while it is answered; `account` is who asks, once that is known.

    `repeat` and `foreign` are faults the operation itself has to commit.
    """

    request: Request
    request_id: str
    operation: Operation = NOWHERE
    parts: tuple[str, ...] = ()
    accounts: tuple[SellerAccount, ...] = ()
    fault: Fault | None = None
    bucket: Bucket = field(default_factory=lambda: Bucket(1, 1))
    repeat: bool = False
    foreign: bool = False
    skew: float = 0

    @property
    def account(self) -> SellerAccount:
        """The seller account that asks: the first one, where a token opens several."""
        return self.accounts[0]

    @property
    def address(self) -> str:
        """The account's address, empty where nobody is asked who they are."""
        return self.accounts[0].address if self.accounts else ""


@dataclass
class Surroundings:
    """What every API needs from the rest of the simulator."""

    faults: Faults
    limits: Limits
    log: EventLog


class Api:
    """Answers one marketplace's requests; the dialect is the subclass's."""

    marketplace = ""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.operations: Sequence[Operation] = ()

    def who(self, call: Call) -> tuple[SellerAccount, ...]:
        """The accounts a call may read; raises Refused when it may read none."""
        raise NotImplementedError

    def refusal(self, call: Call, refused: Refused) -> Response:
        """A refusal in the marketplace's form."""
        raise NotImplementedError

    def throttled(self, call: Call) -> Response:
        """The answer to a call that came too early."""
        raise NotImplementedError

    def expired(self, call: Call) -> Refused:
        """The refusal of a token that has run out; forgets the token."""
        raise NotImplementedError

    def forbidden(self, call: Call) -> Refused:
        """The refusal of a call the token has no right to."""
        raise NotImplementedError

    def garbled(self, body: Any, how: str) -> Any:
        """An answer with something wrong in one of its orders."""
        raise NotImplementedError

    def stamped(self, call: Call, response: Response) -> Response:
        """The answer with the headers every answer carries."""
        raise NotImplementedError

    async def answer(self, request: Request) -> Response:
        """Answer one request, log it, and be as faulty as ordered."""
        call = Call(request, str(uuid.uuid4()))
        try:
            response = await self._answered(call)
        except Refused as refused:
            response = self.refusal(call, refused)
        except Mistake as mistake:
            response = self.refusal(call, Refused(400, "", str(mistake)))
        response = self.stamped(call, response)
        date = format_datetime(clock.now() + timedelta(seconds=call.skew), usegmt=True)
        response = replace(response, headers={"Date": date, **response.headers})
        self._around.log.add(
            "api",
            account=call.address,
            marketplace=self.marketplace,
            operation=call.operation.name,
            method=request.method,
            path=request.path,
            query=request.raw_query,
            status=response.status,
            request_id=call.request_id,
            fault=call.fault.action if call.fault else "",
        )
        return response

    async def _answered(self, call: Call) -> Response:
        for operation in self.operations:
            found = operation.match(call.request)
            if found:
                call.operation, call.parts = operation, found.groups()
                break
        else:
            return call.operation.answer(call)
        call.accounts = self.who(call)
        if call.accounts and call.account.api.scopes.get(operation.scope) == "no_access":
            raise self.forbidden(call)
        address = call.address
        call.bucket = self._around.limits.bucket(operation.name, address, operation.rate, operation.burst)
        texts = (f"{call.request.path}?{call.request.raw_query}",)
        call.fault = self._around.faults.take(operation.point, address, texts)
        if call.fault is not None:
            early = await self._meet(call, call.fault)
            if early is not None:
                return early
        if self._around.limits.on and not call.bucket.take():
            return self.throttled(call)
        response = operation.answer(call)
        if call.fault is not None and call.fault.action == "late":
            await self._hold(call, call.fault)
        if call.fault is not None and response.status < 400:
            response = self._spoiled(response, call.fault)
        return response

    async def _meet(self, call: Call, fault: Fault) -> Response | None:
        """Commit a fault that stands before the answer; None when there is to be an answer."""
        if fault.action == "throttle":
            return self.throttled(call)
        if fault.action == "expired":
            raise self.expired(call)
        if fault.action == "forbidden":
            raise self.forbidden(call)
        if fault.action == "server_error":
            status = fault.status or 503
            raise Refused(status, "", "We encountered an internal error. Please try again.")
        if fault.action == "html":
            page = b"<html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"
            return Response(fault.status or 503, page, "text/html; charset=utf-8")
        if fault.action == "skew":
            call.skew = fault.seconds
        if fault.action == "slow":
            await self._hold(call, fault)
        call.repeat, call.foreign = fault.action == "repeat", fault.action == "foreign"
        return None

    async def _hold(self, call: Call, fault: Fault) -> None:
        self._around.log.add("held", account=call.address, point=fault.point)
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        else:
            await self._around.faults.hold()
        self._around.log.add("released", account=call.address, point=fault.point)

    def _spoiled(self, response: Response, fault: Fault) -> Response:
        if fault.action == "cut":
            return replace(response, cut=True)
        if fault.action == "garble":
            if response.content_type != "application/json":
                return replace(response, body=response.body[: len(response.body) // 2])
            body = self.garbled(json.loads(response.body), fault.how or "unknown_enum")
            return replace(response, body=json.dumps(body).encode())
        return response
