"""The board's tables as CSV: what a spreadsheet reads, as narrow as the page, and written down."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import tenant_tx
from reports import rolling
from reports.exports import TABLES, written
from tests.cases.case_rows import case_on
from tests.web.conftest import Browser, browser_of
from tests.world import World, conversation_of

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def leo(world: World) -> Browser:
    """The browser of acme's lead, with one conversation late and one due in an hour."""
    for number, hours in enumerate((-1, 1), 1):
        sent = NOW - timedelta(hours=48 - hours)
        conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", sent_at=sent)
    return browser_of(world.leo)


def table(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("key", list(TABLES))
def test_every_table_comes_as_a_file_with_its_columns(leo: Browser, key: str) -> None:
    response = leo.get(f"/t/acme/board/{key}.csv")
    assert table(response) is not None
    assert f'filename="board-{key}-' in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    header = response.content.decode("utf-8-sig").splitlines()[0]
    assert header == ",".join(TABLES[key].columns)


def test_the_file_holds_what_the_page_shows(leo: Browser) -> None:
    rows = {row["figure"]: row["conversations"] for row in table(leo.get("/t/acme/board/now.csv"))}
    assert rows == {
        "late": "1",
        "under_2h": "1",
        "under_8h": "1",
        "unassigned_today": rows["unassigned_today"],
    }
    hours = table(leo.get("/t/acme/board/load.csv"))
    assert len(hours) == 48
    assert sum(int(hour["deadlines"]) for hour in hours) == 1


def test_a_sum_that_the_page_does_not_know_is_an_empty_cell(leo: Browser, world: World) -> None:
    talk = conversation_of(world.walmart, relay="c" * 32, order="200099999999999")
    case_on(talk, type="escalation", opened_at=NOW)
    case_on(talk, type="return_dispute", opened_at=NOW, amount=Decimal("20.00"), currency="USD")
    rolling.roll_all(world.acme.pk)
    page = leo.get("/t/acme/board/").content.decode()
    assert page.count('<td data-label="At stake">–</td>') == 1
    sums = {
        row["currency"]: [row[name] for name in ("opened", "at_stake", "paid", "saved")]
        for row in table(leo.get("/t/acme/board/cases.csv"))
    }
    assert sums == {"": ["1", "", "", ""], "USD": ["1", "20.00", "0.00", "0.00"]}


def test_the_narrowings_of_the_page_hold_for_the_file(leo: Browser, world: World) -> None:
    rows = table(leo.get(f"/t/acme/board/now.csv?account={world.amazon.pk}"))
    assert {row["conversations"] for row in rows} == {"0"}
    people = table(leo.get("/t/acme/board/people.csv?by=account"))
    assert [row["name"] for row in people] == ["Lumen DE", "Lumen US"]
    assert [row["open"] for row in table(leo.get("/t/acme/board/people.csv?by=account&sort=-open"))] == [
        "2",
        "0",
    ]


def test_what_is_taken_out_is_written_down(leo: Browser, world: World) -> None:
    leo.get(f"/t/acme/board/rates.csv?days=90&account={world.walmart.pk}")
    with tenant_tx(world.acme.pk):
        entry = AuditEntry.objects.get(action="board_exported")
    assert (entry.actor_id, entry.subject) == (world.leo.pk, "board rates")
    assert entry.details == {"days": 90, "account": world.walmart.pk, "tag": 0, "by": "agent"}


def test_there_is_no_other_table(leo: Browser, world: World) -> None:
    assert leo.get("/t/acme/board/members.csv").status_code == 404
    with tenant_tx(world.acme.pk):
        assert not AuditEntry.objects.filter(action="board_exported").exists()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_a_spreadsheet_would_run_is_made_a_text(start: str) -> None:
    text = written(["name"], [[f"{start}1+1"]])
    ((cell,),) = list(csv.reader(io.StringIO(text[1:], newline="")))[1:]
    assert cell == f"'{start}1+1"


def test_numbers_moments_and_nothing_are_written_for_machines() -> None:
    at = datetime(2026, 3, 12, 14, tzinfo=UTC)
    text = written(["a"], [[Decimal("-0.0000001"), -3, at, None, 'two "words", so', "Łódź"]])
    assert text.splitlines()[1] == '-0.0000001,-3,2026-03-12T14:00:00Z,,"two ""words"", so",Łódź'
