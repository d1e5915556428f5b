"""When the warehouse must have answered, as a table of named cases."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.warehouse.due import due_at

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("buyer_waits", "warehouse_has"),
    [
        pytest.param(None, 8 * HOUR, id="no clock runs"),
        pytest.param(47 * HOUR, 8 * HOUR, id="far away: a working day"),
        pytest.param(10 * HOUR + 40 * MINUTE, 8 * HOUR, id="three quarters are just eight hours"),
        pytest.param(8 * HOUR, 6 * HOUR, id="a quarter is kept for the agent"),
        pytest.param(2 * HOUR, 90 * MINUTE, id="near"),
        pytest.param(40 * MINUTE, 30 * MINUTE, id="nearer than a walk to the shelf"),
        pytest.param(5 * MINUTE, 30 * MINUTE, id="nearly over"),
        pytest.param(-3 * HOUR, 30 * MINUTE, id="late already"),
    ],
)
def test_the_moment_leaves_the_agent_time(buyer_waits: timedelta | None, warehouse_has: timedelta) -> None:
    buyers_due = None if buyer_waits is None else NOW + buyer_waits
    assert due_at(NOW, buyers_due) == NOW + warehouse_has
