"""The benchmark runs from end to end; what it finds out about time is nobody's business here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.samples import RAW, Samples, table
from bench.stack import ROOT

CONVERSATIONS = 500
# What is asked of the web process, with the most statements it may take (search has budgets of its own).
PAGES = {
    "queue page": 6,
    "queue looked at again": 6,
    "queue, deep down": 6,
    "closed, deep down": 6,
    "conversation page": 8,
    "conversation pane": 7,
    "orders page": 6,
}
OTHERS = {"reply sent", "mails taken in, 1 process", "mails taken in, 2 processes", "deadlines moved"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a quick run printed and wrote."""
    folder = tmp_path_factory.mktemp("bench")
    command = (
        *(sys.executable, "-m", "bench", "--conversations", str(CONVERSATIONS), "--quick"),
        *("--folder", folder / "data", "--json", folder / "figures.json"),
    )
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    left = folder / "data"
    return {
        **json.loads((folder / "figures.json").read_text()),
        "printed": done.stdout,
        "left": left.exists(),
    }


@pytest.mark.stack
def test_a_quick_run_measures_everything_it_promises(told: dict[str, Any]) -> None:
    measured = {figure["what"]: figure for figure in told["figures"] if figure["connections"] == 1}
    measured |= {figure["what"]: figure for figure in told["figures"] if figure["what"] in OTHERS}
    assert {*PAGES, *(RAW + page for page in PAGES), RAW + "rail", *OTHERS} <= measured.keys()
    for figure in told["figures"]:
        assert figure["conversations"] == CONVERSATIONS
        assert figure["per_second"] > 0
        assert figure["p50_ms"] is None or 0 < figure["p50_ms"] <= figure["p95_ms"]
    for page, most in PAGES.items():
        assert 1 <= measured[RAW + page]["statements"] < measured[page]["statements"] <= most
        assert measured[page]["times_raw"] > 1, "a page cannot be quicker than its own statements"
    at_eight = {figure["what"] for figure in told["figures"] if figure["connections"] == 8}
    assert at_eight == {"queue page", "conversation page"}
    assert all(what in told["printed"] for what in measured)
    assert "PostgreSQL" in told["printed"]
    assert "fsync on" in told["printed"]


@pytest.mark.stack
def test_nothing_is_left_of_a_run_that_keeps_nothing(told: dict[str, Any]) -> None:
    assert not told["left"]


def test_figures_are_medians_with_their_ratios() -> None:
    samples = Samples()
    samples.add("page", 10, 1, [10.0, 20.0, 30.0], 0.06)
    samples.add("page", 100, 1, [22.0], 0.022)
    samples.add(RAW + "page", 10, 1, [4.0, 5.0, 6.0], 0.015)
    samples.add_rate("mails", 10, 2, 100, 0.5)
    small, large, raw, mails = samples.figures()
    assert (small.p50_ms, small.per_second, small.times_raw, small.times_smallest) == (20, 50, 4, None)
    assert (large.times_raw, large.times_smallest) == (None, 1.1)
    assert raw.what == "raw SQL, page"
    assert (mails.p50_ms, mails.per_second, mails.times_raw) == (None, 200, None)
    shown = table(samples.figures()).splitlines()
    assert len({len(line) for line in shown}) == 1
    assert shown[1].split()[-1] == "-"
