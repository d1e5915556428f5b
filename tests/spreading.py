"""Which tests run in one process of the suite, one after another: they share what is slow to bring up."""

from xdist.scheduler import LoadScopeScheduling

# By the beginnings of their paths: xdist 3.8 writes its groups where pytest 9.2 does not look.
# Without this each process would start a stack, a web process, a benchmark, or fill large tables.
TOGETHER = {
    "tests/browser/": "stack",
    "tests/flows/test_fault_run.py": "stack",
    "tests/web/test_browser.py": "web",
    "tests/web/test_looking_again.py": "web",
    "tests/orders/faces/test_browser.py": "web",
    "tests/bench/test_bench.py": "bench",
    "tests/bench/test_plans.py": "plans",
    "tests/reports/test_plans.py": "plans of reports",
    "tests/contracts/test_simulator_answers.py": "answers",
}


class Spread(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a process all tests of a name in TOGETHER, and any other test to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((name for path, name in TOGETHER.items() if nodeid.startswith(path)), nodeid)
