"""A worker's standing with the database: its row, its lease, whether it drains, what proves it."""

from __future__ import annotations

import hashlib
import logging
import os
import random
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from django.conf import settings
from uuid_utils.compat import uuid4

from apps.tenants.audit import SYSTEM
from apps.tenants.crash import point
from apps.workers import transitions as workers
from apps.workers.status import WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.tasks.engines.definition import Engine
    from apps.workers.models import Worker

logger = logging.getLogger(__name__)

UNHEALTHY_AFTER = 3
STUCK_AFTER = 6
"""So many canaries that were sent and did not come back."""


class Every:
    """Says when a duty is due again; jitter keeps many workers from acting at once."""

    def __init__(self, seconds: float, jitter: float = 0.0) -> None:
        self._seconds = seconds
        self._jitter = jitter
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time; the next time counts from now."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds + random.uniform(0, self._jitter)  # noqa: S311
        return True


class Canary:
    """A message to ourselves through our own queue: it comes back if this process consumes.

    Only what the broker took counts: while it is away nothing is known, and nobody is at fault.
    """

    def __init__(self, send: Callable[[], bool] | None) -> None:
        self._send = send
        self._sent = 0
        self.came_back_at: float | None = None

    @property
    def unhealthy(self) -> bool:
        return self._sent >= UNHEALTHY_AFTER

    @property
    def stuck(self) -> bool:
        return self._sent >= STUCK_AFTER

    def let_fly(self) -> None:
        """Send another."""
        if self._send is not None and self._send():
            self._sent += 1

    def came_back(self) -> None:
        """One arrived: so does everything."""
        self._sent = 0
        self.came_back_at = time.monotonic()


class Presence:
    """Keeps the worker's row. Times are `time.monotonic()`."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        name: str,
        node: str,
        send_canary: Callable[[], bool] | None = None,
    ) -> None:
        self.worker: Worker | None = None
        self._former: Worker | None = None
        self.draining = False
        self.canary = Canary(send_canary)
        self._name = name
        self._node = node
        self._engines = {
            engine_id: {
                "slots": engine.concurrency,
                "hash": definition_hash(engine),
                "gpus": engine.gpus,
                "gpu_memory_mb": engine.gpu_memory_mb,
            }
            for engine_id, engine in engines.items()
        }
        self._slots = sum(engine.concurrency for engine in engines.values())
        self._lease = float(settings.CONSOLE_LEASE_SECONDS)
        self._renewed_at = time.monotonic()
        self._renew = Every(self._lease / 3)
        self._claimed_at: float | None = None
        self._finished_at: float | None = None

    @property
    def silent(self) -> bool:
        """Whether the lease is nearly over and could not be renewed."""
        return time.monotonic() - self._renewed_at > self._lease * 2 / 3

    @property
    def declines(self) -> bool:
        """Whether to claim nothing: told to drain, or stopped in time since the last renewal, so
        that what is claimed now would belong to a worker that is offline already.
        """
        return self.draining or self.silent

    def note(self, *, claimed: bool = False, finished: bool = False) -> None:
        """Work went through our hands."""
        if claimed:
            self._claimed_at = time.monotonic()
        if finished:
            self._finished_at = time.monotonic()

    def keep(self, *, busy: bool, stale: int) -> bool:
        """Register, or renew when it is time; `False` when we had been declared offline.

        What was in hand then is no longer ours; the next call registers anew.
        """
        if self.worker is None:
            point("register.before")
            self._register()
            point("register.after")
            return True
        if not self._renew.due():
            return True
        began = time.monotonic()
        self.canary.let_fly()
        if not workers.renew(self.worker.id, self._lease, self._proof(busy=busy, stale=stale)):
            logger.warning("worker_declared_offline", extra={"worker": self._name})
            self._former, self.worker = self.worker, None
            return False
        self._renewed_at = began
        return True

    def look(self) -> bool:
        """See whether we are to drain; returns whether that changed."""
        assert self.worker is not None  # noqa: S101
        draining = workers.is_draining(self.worker.id)
        changed, self.draining = draining != self.draining, draining
        return changed

    def leave(self) -> None:
        """Say that nothing is held any more."""
        if self.worker is not None:
            workers.stop(self.worker.id)

    def _register(self) -> None:
        began = time.monotonic()
        self.worker = workers.register(
            name=self._name,
            node=self._node,
            boot_id=uuid4(),
            pid=os.getpid(),
            engines=self._engines,
            slots=self._slots,
            lease_seconds=self._lease,
        )
        if self._former is not None and workers.is_draining(self._former.id):
            # It is the same process, whatever its row is called.
            workers.drain(self.worker.id, SYSTEM)
        self.draining = workers.is_draining(self.worker.id)
        self._renewed_at = began
        self._renew.due()
        self.canary.let_fly()

    def _proof(self, *, busy: bool, stale: int) -> workers.Proof:
        status = WorkerStatus.BUSY if busy else WorkerStatus.READY
        if self.canary.unhealthy:
            status = WorkerStatus.UNHEALTHY
        if self.draining:
            status = WorkerStatus.DRAINING
        return workers.Proof(
            status,
            _ago(self._claimed_at),
            _ago(self._finished_at),
            _ago(self.canary.came_back_at),
            stale,
        )


def definition_hash(engine: Engine) -> str:
    """Over everything that makes an engine what it is: workers of one engine should agree."""
    facts = asdict(replace(engine, folder=Path(engine.folder.name)))
    text = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()[:16]


def _ago(moment: float | None) -> float | None:
    return None if moment is None else time.monotonic() - moment
