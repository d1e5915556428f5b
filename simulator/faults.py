"""What goes wrong on demand: replies, cut connections and sessions that hang at a chosen point."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulator.mistakes import Mistake

POINTS = (
    "smtp.connect",
    "smtp.auth",
    "smtp.mail",
    "smtp.rcpt",
    "smtp.data",
    "smtp.after_dot",
    "smtp.after_accept",
    "imap.login",
    "api.token",
    "api.orders",
    "api.order",
    "api.returns",
    "api.catalog",
    "api.messaging",
    "api.reports",
    "api.mcf",
    "api.sellers",
    "api.insights",
    "api.webhooks",
    "api.finances",
    "api.image",
    "api.any",
    "hook.delivery",
)
MAIL_ACTIONS = ("hold", "close", "reply")
API_ACTIONS = (
    "throttle",
    "server_error",
    "html",
    "expired",
    "forbidden",
    "slow",
    "late",
    "cut",
    "repeat",
    "garble",
    "foreign",
    "skew",
)
HOOK_ACTIONS = ("twice", "late", "forged", "garbled")
_FARTHEST_SKEW = 7 * 24 * 3600
GARBLES = ("unknown_enum", "missing_field", "wrong_type")


@dataclass
class Fault:
    """One thing to go wrong, a number of times."""

    number: int
    point: str
    action: str
    account: str
    reply: str
    match: str
    times: int
    status: int = 0
    seconds: float = 0
    how: str = ""


class Faults:
    """The faults that wait for a session to meet them, and the sessions held by one."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._count = 0
        self._gate = asyncio.Event()
        self.held = 0

    def add(self, facts: Mapping[str, Any]) -> Fault:
        """Set a fault; raises Mistake when it makes no sense."""
        kind = str(facts.get("point")).partition(".")[0]
        own = {"api": {"status", "seconds", "how"}, "hook": {"seconds"}}.get(kind, {"reply"})
        unknown = set(facts) - {"point", "action", "account", "match", "times", *own}
        if unknown:
            raise Mistake(f"A fault has no {', '.join(sorted(unknown))}.")
        if facts.get("point") not in POINTS:
            raise Mistake(f"A fault needs a point, one of: {', '.join(POINTS)}.")
        action = facts.get("action")
        known = {"api": API_ACTIONS, "hook": HOOK_ACTIONS}.get(kind, MAIL_ACTIONS)
        if action not in known:
            raise Mistake(f"A fault needs an action, one of: {', '.join(known)}.")
        reply = str(facts.get("reply") or "")
        smtp = facts["point"].startswith("smtp.")
        if action == "reply" and not reply:
            raise Mistake('The action "reply" needs a reply, such as "451 4.3.0 try later".')
        if action == "reply" and smtp and not (reply[:3].isdigit() and reply[3:4] in ("", " ")):
            raise Mistake("An SMTP reply starts with three digits and a space.")
        times = facts.get("times", 1)
        if not isinstance(times, int) or times < 1:
            raise Mistake("times is a number from 1.")
        self._count += 1
        fault = Fault(
            number=self._count,
            point=facts["point"],
            action=str(action),
            account=str(facts.get("account") or "").lower(),
            reply=reply,
            match=str(facts.get("match") or "").lower(),
            times=times,
            **_of_an_api(facts),
        )
        self._waiting.append(fault)
        return fault

    def take(self, point: str, account: str, texts: tuple[str, ...] = ()) -> Fault | None:
        """The fault a session meets at this point, used up by one.

        `texts` are what its `match` may be found in: recipients, and the Message-ID once it is known.
        """
        for fault in self._waiting:
            meant = fault.point == point or (fault.point == "api.any" and point.startswith("api."))
            if not meant or fault.account not in ("", account):
                continue
            if fault.match and not any(fault.match in text.lower() for text in texts):
                continue
            fault.times -= 1
            if fault.times == 0:
                self._waiting.remove(fault)
            return fault
        return None

    async def hold(self) -> None:
        """Wait here until everything held is released."""
        self.held += 1
        try:
            await self._gate.wait()
        finally:
            self.held -= 1

    def release(self) -> int:
        """Let everything held continue; returns how many there were."""
        count = self.held
        gate, self._gate = self._gate, asyncio.Event()
        gate.set()
        return count

    def clear(self) -> None:
        """Forget all faults that nobody met yet; what is held stays held."""
        self._waiting.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The faults that still wait."""
        return [asdict(fault) for fault in self._waiting]


def _of_an_api(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What only a fault of an API has."""
    status, seconds, how = facts.get("status", 0), facts.get("seconds", 0), facts.get("how", "")
    statuses = (0, 200, 500, 502, 503, 504) if facts["action"] == "html" else (0, 500, 502, 503, 504)
    if status not in statuses:
        raise Mistake(f"status is one of: {', '.join(map(str, statuses[1:]))}.")
    least, most = (-_FARTHEST_SKEW, _FARTHEST_SKEW) if facts["action"] == "skew" else (0, 600)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not least <= seconds <= most:
        raise Mistake(
            f"seconds is a number from {least} to {most}; slow and late hold with 0 until released."
        )
    if how not in ("", *GARBLES):
        raise Mistake(f"how is one of: {', '.join(GARBLES)}.")
    return {"status": status, "seconds": seconds, "how": how}
