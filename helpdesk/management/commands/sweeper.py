"""`manage.py sweeper`: the process that nothing else has to ring."""

import os
import signal
import threading
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand

from helpdesk import alive
from helpdesk.celery import app
from inbox.sweep import Sweeper

log = structlog.get_logger(__name__)

# Whatever it is in the middle of can be cut off like a worker; nobody should have to wait for a socket.
LAST_SECONDS = 0.8


class Command(BaseCommand):
    """Sweeps until it is told to stop."""

    help = (
        "See that due replies leave, unread mail is read, expired leases end and breaches are recorded. "
        "Run at least one; several share the work."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep; SIGTERM and Ctrl-C end it within a second."""
        stop = threading.Event()

        def end(signum: int, frame: FrameType | None) -> None:
            stop.set()
            last = threading.Timer(LAST_SECONDS, os._exit, (0,))
            last.daemon = True
            last.start()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        app.set_default()  # the broker that bells are rung through, in every thread
        log.info("sweeping", every_seconds=settings.SWEEP_SECONDS)
        sweeper = Sweeper()
        sweeper.run(stop, every=settings.SWEEP_SECONDS, turn=lambda: alive.touch("sweeper"))
        sweeper.replies.settle(LAST_SECONDS)
