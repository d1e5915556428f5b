"""A worker dies again and again in the middle of a history, and in the end all of it is here, once.

HELPDESK_BACKFILL_MAILS names how many mails there are; the figures of a large run are printed.
"""

import os
import sys
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from helpdesk.embedded.children import start
from inbox.models import Conversation, Deadline, Message
from marketplaces.models import Backfill, BackfillState, InboundRaw, SellerAccount
from tests.completeness.mailbox import answer_to, ask, old_mail
from tests.flows.stack import Superuser
from tests.outbox.processes import ROOT, environment, kill, running, start_sweeper, start_worker, until
from tests.simulator_client import SimulatorProcess

MAILS = int(os.environ.get("HELPDESK_BACKFILL_MAILS", "600"))
DAYS, KILLS, SEED = 90, 3, 20261125
PATIENCE = 120 + MAILS / 10  # seconds


@pytest.mark.stack
def test_a_worker_killed_in_the_middle_of_a_history_loses_and_doubles_nothing(
    account: SellerAccount,
    provider: SimulatorProcess,
    process_env: dict[str, str],
    superuser: Superuser,
    tmp_path: Path,
) -> None:
    rng, now, control = Random(SEED), timezone.now(), provider.control
    for number in range(MAILS):
        at = now - timedelta(days=DAYS) * rng.random()
        folder = "Sent" if number % 10 == 9 else "Spam" if number % 50 == 7 else "INBOX"
        # Every tenth is the answer to the buyer before.
        content = answer_to(account, number - 1, at) if folder == "Sent" else old_mail(account, number, at)
        control.mail(account.sender_address, content, folder=folder, at=at.isoformat())
    row, began = ask(account, days=DAYS), time.monotonic()
    env = environment(process_env)
    beat = [sys.executable, "-m", "celery", "-A", "helpdesk.celery", "beat", "--loglevel=ERROR"]
    bell = start("beat", beat, log=tmp_path / "beat.log", env=env, cwd=ROOT)
    with running(bell, start_worker(env, tmp_path)) as alive:
        for dies in range(1, KILLS + 1):
            enough = MAILS * dies // (KILLS + 2)
            until(partial(has_stored, account, enough), seconds=PATIENCE, what="some mail")
            kill(alive.pop())
            # Nobody renews the dead one's claim; a minute of waiting for that is not what is tested.
            superuser.execute("UPDATE marketplaces_backfill SET next_at = now() WHERE next_at > now()")
            print(f"killed with {stored(account)} of {MAILS} mails stored", file=sys.stderr)
            alive.append(start_worker(env, tmp_path))
        until(lambda: again(row).state == BackfillState.DONE, seconds=PATIENCE, what="the end of the history")
        # What a dead worker has stored and not read is read as the sweeper would have it.
        superuser.execute("UPDATE marketplaces_inboundraw SET stored_at = stored_at - interval '1 min'")
        alive.append(start_sweeper(env, tmp_path))
        until(lambda: unread(account) == 0, seconds=PATIENCE, what="everything read")
    took = time.monotonic() - began
    placed = {
        (event["folder"].lower(), event["uid"], event["sha256"])
        for event in control.log(kind="placed", account=account.sender_address)
    }
    kept, messages = here(account)
    print(
        f"{MAILS} mails over {DAYS} days, {KILLS} kills: complete in {took:.0f} s"
        f" ({MAILS / took:.0f} a second); {len(placed - set(kept))} missing,"
        f" {sum(kept.values()) - len(kept)} twice",
        file=sys.stderr,
    )
    assert set(kept) == placed
    assert set(kept.values()) == {1}
    assert (again(row).done, again(row).estimated) == (MAILS, MAILS)
    assert set(messages.values()) == {1}
    # A stray answer, to a buyer whose mail lies later, is in the archive and in no conversation.
    buyers = sum(1 for number in range(MAILS) if number % 10 != 9)
    assert sum(1 for name in messages if "answer-" not in name) == buyers
    with tenant_tx(account.tenant_id):
        assert Conversation.objects.count() == buyers
        assert set(Conversation.objects.values_list("state", "queue_at")) == {("closed", None)}
        assert not Deadline.objects.exists()


def stored(account: SellerAccount) -> int:
    with tenant_tx(account.tenant_id):
        return InboundRaw.objects.count()


def has_stored(account: SellerAccount, enough: int) -> bool:
    return stored(account) > enough


def unread(account: SellerAccount) -> int:
    with tenant_tx(account.tenant_id):
        return InboundRaw.objects.filter(state="new").count()


def again(row: Backfill) -> Backfill:
    with tenant_tx(row.tenant_id):
        return Backfill.objects.get(pk=row.pk)


def here(account: SellerAccount) -> tuple[Counter[tuple[str, int, str]], Counter[str]]:
    """How often each mail, by folder, UID and content, is in the archive; and each Message-ID a message."""
    with tenant_tx(account.tenant_id):
        rows = InboundRaw.objects.values_list("folder", "source_key", "sha256")
        kept = Counter((folder, int(key.rpartition(":")[2]), bytes(sha).hex()) for folder, key, sha in rows)
        return kept, Counter(Message.objects.values_list("message_id", flat=True))
