"""What goes wrong on demand: replies, cut connections and sessions that hang at a chosen point."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

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
)


@dataclass
class Fault:
    """One thing to go wrong, a number of times."""

    number: int
    point: str
    action: Literal["hold", "close", "reply"]
    account: str
    reply: str
    match: str
    times: int


class Faults:
    """The faults that wait for a session to meet them, and the sessions held by one."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._count = 0
        self._gate = asyncio.Event()
        self.held = 0

    def add(self, facts: Mapping[str, Any]) -> Fault:
        """Set a fault; raises Mistake when it makes no sense."""
        unknown = set(facts) - {"point", "action", "account", "reply", "match", "times"}
        if unknown:
            raise Mistake(f"A fault has no {', '.join(sorted(unknown))}.")
        if facts.get("point") not in POINTS:
            raise Mistake(f"A fault needs a point, one of: {', '.join(POINTS)}.")
        action = facts.get("action")
        if action not in ("hold", "close", "reply"):
            raise Mistake("A fault needs an action, one of: hold, close, reply.")
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
            action=action,
            account=str(facts.get("account") or "").lower(),
            reply=reply,
            match=str(facts.get("match") or "").lower(),
            times=times,
        )
        self._waiting.append(fault)
        return fault

    def take(self, point: str, account: str, texts: tuple[str, ...] = ()) -> Fault | None:
        """The fault a session meets at this point, used up by one.

        `texts` are what its `match` may be found in: recipients, and the Message-ID once it is known.
        """
        for fault in self._waiting:
            if fault.point != point or fault.account not in ("", account):
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
