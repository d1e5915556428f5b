
import cProfile, pstats, sys, time
from datetime import timedelta
from random import Random
from tests.completeness.mailbox import *
from tests.completeness.mailbox import fill, ask, fetch
def test_prof(account, provider):
    rng = Random(1)
    fill(provider.control, account, [timedelta(days=90)*rng.random() for _ in range(600)])
    row = ask(account, days=90)
    pr = cProfile.Profile(); t=time.monotonic(); pr.enable()
    fetch(row)
    pr.disable(); print("took", time.monotonic()-t, file=sys.stderr)
    pstats.Stats(pr, stream=sys.stderr).sort_stats("cumtime").print_stats(45)
