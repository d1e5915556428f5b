"""The figures and their recount are read by index, at a size where the planner has a choice."""

from collections.abc import Callable
from datetime import timedelta

import psycopg

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from bench.rows import moment_now
from inbox.models import Deadline
from reports import rolling
from reports.figures.cases import case_figures
from reports.figures.causes import causes
from reports.figures.load import load
from reports.figures.periods import period
from reports.figures.present import now_figures
from reports.figures.rates import rates
from reports.figures.speed import speeds
from reports.hours import whole_hour
from reports.shapes import Narrowed
from tests.bench.test_plans import agent, plans

__all__ = ["agent"]
ALL, ZONE = Narrowed(), "Europe/Berlin"
RAW = (
    *("inbox_conversation", "inbox_deadline", "inbox_event", "inbox_message", "inbox_outboundreply"),
    "reports_hourfigures",
)


def scanned(agent: Membership, read: Callable[[], object]) -> set[str]:
    """The big tables that are read from end to end."""
    return {
        str(node["Relation Name"])
        for node in plans(agent, read)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in RAW
    }


def test_ninety_days_are_read_by_index(
    agent: Membership, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    now = moment_now()
    rolling.roll_all(agent.tenant_id)
    superuser.execute("VACUUM ANALYZE")
    span = period(90, now, ZONE)
    figures: dict[str, Callable[[], object]] = {
        "now": lambda: now_figures(now=now, zone=ZONE, narrowed=ALL),
        "load": lambda: load(now=now, zone=ZONE, narrowed=ALL),
        "rates": lambda: rates(now=now, zone=ZONE, narrowed=ALL),
        "causes": lambda: causes(span, ALL),
        "speed": lambda: speeds(span, now, ALL),
        "cases": lambda: case_figures(span, ALL),
    }
    # Of 90 days all hours are read, and hundreds of the 2,000 conversations here are open.
    allowed = {"speed": {"reports_hourfigures", "inbox_conversation"}}
    for name, figure in figures.items():
        found = scanned(agent, figure)
        assert found <= allowed.get(name, {"reports_hourfigures"}), (name, found)


def test_an_hour_is_counted_again_by_index(agent: Membership) -> None:
    with tenant_tx(agent.tenant_id):
        deadline = Deadline.objects.select_related("conversation").order_by("started_at")[100]
    hour = whole_hour(deadline.started_at)
    hours = [(deadline.conversation.account_id, hour + timedelta(hours=more)) for more in range(3)]
    assert scanned(agent, lambda: rolling.counted(hours)) == set()
