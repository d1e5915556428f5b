# ruff: noqa: E501 - a line of the tables is one message
"""A month of two seller accounts, small enough to be counted by hand."""

from datetime import UTC, datetime

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from inbox import standing
from inbox.models import Conversation, Deadline
from tests.reports.rows import Desk
from tests.world import World

NOW = datetime(2026, 3, 31, 20, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
# Every line is a buyer's message in a conversation of its own; moments are UTC. W has 48 hours, A has 24.
# "by" answered it at "answered"; "who, since" was made responsible. The words at the end say what else
# happened, and after the arrow how it stands: in time, late (with the cause), running, not counted.
MESSAGES = """
 no | acc | received     | answered     | by    | who, since         | what else                              -> how it stands
 12 | W   | 02-28 22:59  | 03-01 08:00  | alice |                    |                                        -> in time, before March in Berlin
 13 | W   | 03-01 10:00  | 03-01 11:00  | alice |                    |                                        -> in time
  1 | W   | 03-02 09:00  | 03-02 11:00  | alice | alice, 03-02 09:30 | closed alice 03-02 12:00               -> in time
  2 | W   | 03-02 22:30  | 03-04 21:30  | leo   |                    | closed leo 03-05 10:00, reopened 03-06 10:00, closed leo 03-06 12:00 -> in time
  3 | W   | 03-05 08:00  | 03-07 09:00  | alice | alice, 03-05 09:00 | closed leo 03-07 10:00                 -> late: idle
  4 | W   | 03-08 10:00  | 03-11 10:00  | leo   |                    |                                        -> late: nobody_assigned
  5 | W   | 03-10 10:00  | 03-12 15:00  | alice | alice, 03-10 10:30 | bounced alice 03-10 12:00 03-12 09:00  -> late: bounced
  6 | W   | 03-13 10:00  | 03-15 11:00  | leo   | leo, 03-14 00:30   | arrived 03-14 00:00                    -> late: late_from_sync
  7 | W   | 03-16 10:00  | 03-18 13:00  | alice | alice, 03-16 11:00 | warehouse 03-17 10:00 03-18 12:00      -> late: warehouse
  8 | W   | 03-20 10:00  |              |       | leo, 03-20 11:00   |                                        -> late: idle
  9 | W   | 03-21 10:00  |              |       |                    | elsewhere 03-21 15:00, returned 03-22 09:00 -> in time
 10 | W   | 03-22 10:00  |              |       |                    | not_buyer_message alice 03-22 11:00    -> not counted
 30 | W   | 03-29 21:00  |              |       | alice, 03-30 08:00 |                                        -> running
 32 | W   | 03-29 23:00  |              |       |                    |                                        -> running
 11 | W   | 03-30 12:00  |              |       |                    |                                        -> running
 27 | A   | 01-10 08:00  | 01-10 09:00  | leo   |                    |                                        -> in time
 28 | A   | 01-12 08:00  |              |       |                    |                                        -> late: nobody_assigned
 29 | A   | 02-10 08:00  | 02-12 08:00  | leo   | leo, 02-10 09:00   |                                        -> late: idle
 21 | A   | 03-03 08:00  | 03-03 10:00  | leo   |                    |                                        -> in time
 22 | A   | 03-10 08:00  |              |       |                    | no_response_needed alice 03-10 09:00   -> not counted
 23 | A   | 03-25 08:00  | 03-26 09:00  | alice | alice, 03-25 08:30 |                                        -> late: idle
 24 | A   | 03-26 08:00  | 03-26 09:00  | alice |                    | closed alice 03-26 10:00, returned 03-27 09:00 -> in time
 25 | A   | 03-29 00:30  | 03-29 23:30  | leo   |                    |                                        -> in time
 31 | A   | 03-30 21:30  |              |       |                    |                                        -> running
 26 | A   | 03-31 10:00  |              |       |                    |                                        -> running
"""
CASES = """
 type           | opened      | amount | currency | decided     | outcome | paid
 chargeback     | 03-04 10:00 | 80     | EUR      | 03-20 10:00 | won     |
 atoz_claim     | 03-06 10:00 | 50     | EUR      | 03-25 10:00 | lost    | 50
 atoz_claim     | 03-10 10:00 | 40     | EUR      | 03-28 10:00 | partly  | 15
 walmart_refund | 02-20 10:00 | 30     | USD      | 03-02 10:00 | lost    | 30
 chargeback     | 03-30 10:00 | 20     | EUR      |             |         |
"""


def moment(words: str) -> datetime:
    """A moment of the year, as the tables write it."""
    return datetime.strptime(f"2026-{words.strip()}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def table(text: str) -> list[list[str]]:
    """The cells of a table's lines, without its head."""
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()[1:]]


def write_march(world: World) -> dict[int, int]:
    """Write the month down; the numbers of the conversations by that of their line."""
    people = {"alice": world.alice, "leo": world.leo}
    desks = {"W": Desk(world.walmart), "A": Desk(world.amazon)}
    numbers = {}
    with tenant_tx(world.acme.pk):
        for no, account, received, answered, by, who, rest in table(MESSAGES):
            desk, at = desks[account], moment(received)
            talk = desk.conversation(at)
            numbers[int(no)] = talk.number
            words = [part.split() for part in rest.partition("->")[0].strip().split(", ") if part.strip()]
            arrived = next((f"{each[1]} {each[2]}" for each in words if each[0] == "arrived"), received)
            deadline = desk.message(talk, at, arrived_at=moment(arrived))
            if who:
                name, since = who.split(", ")
                desk.assign(talk, people[name], moment(since))
            for word, *more in words:
                if word == "bounced":
                    reply = desk.answer(deadline, people[more[0]], moment(" ".join(more[1:3])))
                    desk.bounce(reply, moment(" ".join(more[3:])))
            if answered:
                desk.answer(deadline, people[by], moment(answered))
            elif deadline.due_at < NOW and not any(
                word[0] in ("elsewhere", "not_buyer_message", "no_response_needed") for word in words
            ):
                desk.breach(deadline)
            for word, *more in words:
                _happen(desk, talk, deadline, word, more, people)
            case_talk = talk
        for type_, opened, amount, currency, decided, outcome, paid in table(CASES):
            desks["A" if currency == "EUR" else "W"].case(
                case_talk,
                type_,
                moment(opened),
                amount=amount,
                currency=currency,
                decided_at=moment(decided) if decided else None,
                outcome=outcome,
                paid=paid or None,
            )
        for talk in Conversation.objects.all():
            standing.refresh(talk)
    return numbers


def _happen(
    desk: Desk,
    talk: Conversation,
    deadline: Deadline,
    word: str,
    more: list[str],
    people: dict[str, Membership],
) -> None:
    at = moment(" ".join(more[-2:]))
    match word:
        case "closed":
            desk.close(talk, at, people[more[0]])
        case "reopened":
            desk.reopen(talk, at, word)
        case "returned" if Conversation.objects.get(pk=talk.pk).state == "closed":
            desk.reopen(talk, at, word)
        case "returned":
            desk.event(talk, word, at)
        case "elsewhere":
            desk.stop(deadline, at, "answered_elsewhere")
            Conversation.objects.filter(pk=talk.pk).update(state="waiting_buyer")
        case "not_buyer_message" | "no_response_needed":
            desk.stop(deadline, at, word, stopped_by=people[more[0]])
            desk.close(talk, at, people[more[0]], f"settled_{word}")
        case "warehouse":
            asked = moment(" ".join(more[:2]))
            desk.check(talk, people["alice"], asked, answered_at=at)
