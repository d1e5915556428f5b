"""Do work in a few threads of this process, for the time nobody answers the bell."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

import structlog
from django.db import close_old_connections, connections

log = structlog.get_logger(__name__)


class InProcess:
    """A few daemon threads and a queue of row ids; an id that waits or runs is not taken twice."""

    def __init__(self, work: Callable[[int, int], object], *, threads: int) -> None:
        """`work` is called with (tenant_id, row_id)."""
        self._work, self._threads = work, threads
        self._queue: SimpleQueue[tuple[int, int]] = SimpleQueue()
        self._taken: set[tuple[int, int]] = set()
        self._lock = threading.Lock()
        self._started = 0

    def add(self, tenant_id: int, row_id: int) -> None:
        """Have a row seen to as soon as a thread is free."""
        with self._lock:
            if (tenant_id, row_id) in self._taken:
                return
            self._taken.add((tenant_id, row_id))
            if self._started < min(self._threads, len(self._taken)):
                self._started += 1
                # A daemon: whatever it does may be cut off at any point, here as in a worker.
                threading.Thread(target=self._run, daemon=True, name="in-process").start()
        self._queue.put((tenant_id, row_id))

    @property
    def busy(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self._taken)

    def settle(self, seconds: float) -> bool:
        """Wait until nothing waits or runs, at most that long; says whether it came to that."""
        until = time.monotonic() + seconds
        while self.busy and time.monotonic() < until:
            time.sleep(0.01)
        return not self.busy

    def _run(self) -> None:
        while True:
            job = self._queue.get()
            try:
                close_old_connections()
                self._work(*job)
            except Exception as error:
                log.warning("work in the sweeper failed", row=job[1], fault=type(error).__name__)
                connections.close_all()
            finally:
                with self._lock:
                    self._taken.discard(job)
